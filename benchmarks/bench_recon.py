# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Hold a finished reconnaissance against the simulator's truth: places of its pictures, time, what was found.

Where a run looked at several places, the one that shows an object better counts; debris counts once.

./wayscout recon --run runs/here
python benchmarks/bench_recon.py runs/here --world worlds/landing_gear [--rows rows.jsonl]
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
from bench_sites import judged, summary
from seeds import keep_row, kept_rows

from wayscout.geometry import Pose, PoseBuffer
from wayscout.report.site_folder import SiteRecord, read_sites
from wayscout.worlds.truth import load_truth
from wayscout_nodes.common import bodies

Array = npt.NDArray[np.float64]

SAME_PIECE = 0.5  # [m] apart, at most, are two looks at one piece of debris


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="run folder of a finished reconnaissance")
    parser.add_argument("--world", type=Path, required=True, help="world folder, with its truth")
    parser.add_argument("--rows", type=Path, help="file of JSON lines that gathers runs, and is summed up")
    given = parser.parse_args()
    sites, broken = read_sites(given.run / "site")
    for text in broken:
        print(text)
    report_flights(given.run)
    waited = landing_to_result(given.run) or [float("nan")]
    for seconds in waited:
        print(f"from landing to result {seconds:.1f} s of wall clock")
    for site in sites:
        print(f"'{site.name}', flight {site.facts['flight']}, computed in {site.facts['compute_s']:.1f} s")
        distance, angle = picture_errors(given.run, site)
        print(
            f"  {len(distance)} colour pictures: off by {rms(distance):.3f} m rms, {distance.max():.3f} m at "
            f"most; turned by {np.degrees(rms(angle)):.3f} deg rms, {np.degrees(angle.max()):.3f} deg at most"
        )
        report_objects(site)
    if sites:
        row = judged(findings_of(sites), load_truth(given.world))
        keep_row(given.rows, {"seed": given.run.name, "seconds": max(waited), **row})
    if given.rows is not None:
        rows = kept_rows(given.rows)
        summary(rows)
        waits = [row["seconds"] for row in rows]
        print(f"from landing to result: median {np.median(waits):.1f} s, worst {max(waits):.1f} s")


def report_flights(run: Path) -> None:
    """Print what each flight cost."""
    for flight in json.loads((run / "flights.json").read_text()):
        numbers = (
            f"{flight['duration_s']:.0f} s, {flight['distance_m']:.0f} m",
            f"{flight['max_height_m']:.1f} m high, {flight['max_speed_m_s']:.1f} m/s",
            f"{flight['pictures']} navigation and {flight.get('colour_pictures', 0)} colour pictures",
        )
        print(f"flight {flight['flight']} '{flight['name']}': {flight['outcome']}, {', '.join(numbers)}")


def landing_to_result(run: Path) -> list[float]:
    """Return the wall clock from each landing to the end of what was computed of its pictures [s]."""
    found, landed, done = [], None, 0.0
    for phase in [*json.loads((run / "timeline.json").read_text()), {"phase": "end"}]:
        if phase["phase"] == "mapping":
            done = phase["wall_end"]
            continue
        if landed is not None and done > landed:
            found.append(done - landed)
        landed = phase["wall_end"] if phase["phase"] == "flight" else None
    return found


def picture_errors(run: Path, site: SiteRecord) -> tuple[Array, Array]:
    """Return the (n,) distance [m] and angle [rad] between where pictures were taken and thought to be."""
    log = np.load(run / "truth.npz")
    true = PoseBuffer(span=1e9)
    for time, row in zip(log["time"], log["helicopter"], strict=True):
        true.add(float(time), Pose(row[:3], row[3:]))
    mount = bodies.fixed_offset("helicopter", "colour_optical")
    distance, angle = [], []
    for picture in site.entries("pictures"):
        found = Pose(np.array(picture["position"]), np.array(picture["orientation"]))
        view = true.lookup(float(picture["t"])) @ mount
        distance.append(float(np.linalg.norm(found.position - view.position)))
        cosine = 0.5 * (np.trace(found.rotation().T @ view.rotation()) - 1.0)
        angle.append(float(np.arccos(np.clip(cosine, -1.0, 1.0))))
    return np.array(distance), np.array(angle)


def report_objects(site: SiteRecord) -> None:
    """Print sizes and counts."""
    things: list[dict[str, Any]] = site.entries("objects")
    for thing in things:
        if thing["kind"] in ("parachute", "backshell"):
            share, sides = 100.0 * thing["seen_share"], len(thing["seen_from"])
            size = f"{thing['size']:.2f} +- {thing['size_sigma']:.2f} m"
            print(f"  {thing['kind']}: {size}, {share:.0f} % seen, from {sides} pictures")
    print(f"  {sum(t['kind'] == 'debris' for t in things)} pieces of debris, {site.facts['lines']} lines")


def findings_of(sites: list[SiteRecord]) -> Any:
    """Return what was found at all places together, as far as it is judged."""
    things: list[SimpleNamespace] = []
    for site in sites:
        for entry in site.entries("objects"):
            thing = SimpleNamespace(**{**entry, "marks": [SimpleNamespace(**m) for m in entry["marks"]]})
            if thing.kind != "debris" or not any(_same(thing, other) for other in things):
                things.append(thing)
    things.sort(key=lambda thing: -thing.seen_share)
    return SimpleNamespace(
        lines=max(site.facts["lines"] for site in sites),
        of=lambda kind: [thing for thing in things if thing.kind == kind],
    )


def _same(thing: SimpleNamespace, other: SimpleNamespace) -> bool:
    return other.kind == thing.kind and math.dist(thing.position[:2], other.position[:2]) < SAME_PIECE


def rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2))) if len(values) else float("nan")


if __name__ == "__main__":
    main()
