# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Hold a finished mission's ways against what was planned: flights, pictures, drive; truly and as believed.

ros2 launch wayscout_bringup mission.launch.py world:=gully run:=runs/there
./wayscout mission --world gully --run runs/here
python benchmarks/bench_tracking.py runs/there runs/here
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from bench_mapping import rms

from wayscout import config
from wayscout.flight.plan import FlightPlan, FlightWaypoint, HelicopterLimits
from wayscout.flight.trajectory import Trajectory, build
from wayscout.geometry import wrap_angle

Array = npt.NDArray[np.float64]

NEAR = 0.3  # [m] from its planned place within which a picture is to be taken
TURNED = 2.0  # [deg] the same of the heading
STEEP = (12.0, 15.0)  # [deg] tilts above which the drive is told apart
BASE = 0.5  # [m] of way over which the direction of travel is taken


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+", help="run folders of finished missions")
    for run in parser.parse_args().runs:
        print(run.name)
        truth = np.load(run / "truth.npz")
        flown = np.loadtxt(run / "flown.csv", delimiter=",", skiprows=1, ndmin=2)
        for entry in json.loads((run / "flights.json").read_text()):
            report_flight(entry, truth, flown)
        report_drive(run, truth)


def report_flight(entry: dict[str, Any], truth: Any, flown: Array) -> None:
    """Print how far a flight and its pictures were from the plan."""
    times = np.array(entry.get("picture_times_s", []))
    if len(times) == 0:
        print(f"  {entry['name']}: no pictures")
        return
    given = entry["plan"]
    plan = FlightPlan(entry["flight"], given["name"], tuple(FlightWaypoint(**w) for w in given["waypoints"]))
    path = build(plan, config.load("helicopter", HelicopterLimits))
    stations = [path.at(s) for s in path.pictures]
    places = np.array([place for place, *_ in stations])
    yaw = np.array([heading for _, heading, *_ in stations])
    believed = _at(times, flown[:, 0], flown[:, 1:3])
    taken = assign(places, believed)
    when = times[taken]
    true = _at(when, truth["time"], truth["helicopter"][:, :2])
    during = (truth["time"] >= when[0]) & (truth["time"] <= when[-1]) & truth["airborne"]
    off = across(truth["helicopter"][during, :2], path)
    known = (flown[:, 0] >= when[0]) & (flown[:, 0] <= when[-1])
    thought = across(flown[known, 1:3], path)
    print(
        f"  {entry['name']}, first to last of {len(stations)} planned pictures: from the planned way truly "
        f"{rms(off):.2f} m rms, {off.max():.2f} at most; as believed {rms(thought):.2f}, {thought.max():.2f}"
    )
    for word, here in (("truly", true), ("as believed", believed[taken])):
        gap = np.hypot(*(here - places).T)
        print(
            f"    pictures from their places {word}: {rms(gap):.2f} m rms, {gap.max():.2f} at most, "
            f"{100.0 * np.mean(gap <= NEAR):.0f} % within {NEAR} m"
        )
    turned = np.degrees(np.abs(wrap_angle(headings(when, truth) - yaw)))
    print(
        f"    their heading: {rms(turned):.2f} deg rms, {turned.max():.2f} at most, "
        f"{100.0 * np.mean(turned <= TURNED):.0f} % within {TURNED:g} deg"
    )


def report_drive(run: Path, truth: Any) -> None:
    """Print how far the rover was from the path that it followed."""
    track = np.loadtxt(run / "trajectory.csv", delimiter=",", skiprows=1, ndmin=2)
    if len(track) < 2:
        print("  the rover did not drive")
        return
    time, xy, tilt, believed = track[:, 0], track[:, 1:3], np.degrees(track[:, 5]), track[:, 7]
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    ahead = _at(way + 0.5 * BASE, way, xy) - _at(way - 0.5 * BASE, way, xy)
    length = np.hypot(*ahead.T)
    drives = length > 0.5 * BASE
    left = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1) / np.maximum(length, 1e-9)[:, None]
    error = _at(time, truth["time"], truth["rover"][:, :2]) - xy
    true = believed + (error * left).sum(axis=1)
    for word, part in (
        ("all of its way", drives),
        *((f"tilt over {t:g} deg", drives & (tilt > t)) for t in STEEP),
    ):
        if part.any():
            print(
                f"  rover across its path, {word} ({part.sum()} times): truly {rms(true[part]):.2f} m rms, "
                f"{np.abs(true[part]).max():.2f} at most; as believed {rms(believed[part]):.2f}, "
                f"{np.abs(believed[part]).max():.2f}"
            )


def assign(places: Array, taken: Array) -> npt.NDArray[np.int64]:
    """Return which picture belongs to each planned place: later places have later pictures.

    Args:
        places: (n, 2) planned, in order [m]. taken: (m, 2) where pictures were, in order [m]; m >= 1.

    Returns:
        (n,) indices into `taken`, never falling, with the least sum of distances.
    """
    gap = np.hypot(*(places[:, None] - taken[None]).transpose(2, 0, 1))
    best = np.empty_like(gap)
    before = np.zeros(len(taken))
    for i, row in enumerate(gap):
        best[i] = row + before
        before = np.minimum.accumulate(best[i])
    chosen = np.empty(len(places), dtype=np.int64)
    last = len(taken)
    for i in range(len(places) - 1, -1, -1):
        last = int(np.argmin(best[i, :last])) + 1
        chosen[i] = last - 1
    return chosen


def across(points: Array, path: Trajectory) -> Array:
    """Return the (n,) distances of points (n, 2) to the nearest place of a path [m]."""
    begin, step = path.xy[:-1], np.diff(path.xy, axis=0)
    size = np.maximum((step**2).sum(axis=1), 1e-12)
    share = (((points[:, None] - begin) * step).sum(axis=2) / size).clip(0.0, 1.0)
    nearest = begin + share[..., None] * step
    return np.asarray(np.hypot(*(points[:, None] - nearest).transpose(2, 0, 1)).min(axis=1))


def headings(times: Array, truth: Any) -> Array:
    """Return the helicopter's true headings [rad] at times [s]."""
    x, y, z, w = truth["helicopter"][:, 3:7].T
    yaw = np.unwrap(np.arctan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z)))
    return np.asarray(np.interp(times, truth["time"], yaw))


def _at(where: Array, known: Array, values: Array) -> Array:
    return np.stack([np.interp(where, known, column) for column in values.T], axis=1)


if __name__ == "__main__":
    main()
