# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Hold a finished mission against the simulator's truth: decision, map, localisation, drive, time.

./wayscout mission --world gully --run runs/here
python benchmarks/bench_mission.py runs/here --world worlds/gully
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
from bench_mapping import floors, report_elevation, report_rocks, report_sand, rms, true_surface

from wayscout import raster
from wayscout.grid import Grid
from wayscout.terrain.rocks import find_rocks
from wayscout.worlds.truth import Truth, load_truth

Array = npt.NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="run folder of a finished mission")
    parser.add_argument("--world", type=Path, required=True, help="world folder, with its truth")
    given = parser.parse_args()
    truth = load_truth(given.world)
    result = json.loads((given.run / "result.json").read_text())
    best = truth.facts.get("best", "unknown")
    print(f"outcome {result['outcome']}, channel {result['channel']}, best in truth {best}")
    report_time(given.run, result["wall_s"])
    report_flights(given.run)
    report_drive(given.run)
    report_map(given.run / "map", truth)


def report_time(run: Path, wall: float) -> None:
    """Print wall clock and real-time factor by phase."""
    phases: dict[str, list[float]] = {}
    for entry in json.loads((run / "timeline.json").read_text()):
        total = phases.setdefault(entry["phase"], [0.0, 0.0])
        total[0] += entry["wall_end"] - entry["wall_start"]
        total[1] += entry["sim_end"] - entry["sim_start"]
    print(f"wall clock {wall:.0f} s")
    for phase, (spent, simulated) in phases.items():
        factor = f", {simulated / spent:.1f} x real time" if simulated > 1.0 and phase != "recharging" else ""
        print(f"  {phase:12s} {spent:6.1f} s{factor}")


def report_flights(run: Path) -> None:
    """Print the helicopter's localisation error in the air, and how honest its sigma is, flight by flight."""
    log = np.load(run / "truth.npz")
    file = run / "flown.csv"
    if not (file.exists() and log["airborne"].any()):
        print("the helicopter did not fly")
        return
    flown = np.loadtxt(file, delimiter=",", skiprows=1, ndmin=2)
    # where time was left out (recharging) no instant lies between, so that nothing is interpolated there
    row = np.searchsorted(log["time"], flown[:, 0] - 1e-3).clip(0, len(log["time"]) - 1)
    met = (np.abs(log["time"][row] - flown[:, 0]) < 1e-2) & log["airborne"][row]
    flown, row = flown[met], row[met]
    error = flown[:, 1:4] - log["helicopter"][row, :3]
    flat, high = np.hypot(error[:, 0], error[:, 1]), np.abs(error[:, 2])
    size = np.hypot(flat, high)
    print(
        f"helicopter localised in the air: rms {rms(size):.2f} (across {rms(flat):.2f}, up {rms(high):.2f}), "
        f"largest {size.max():.2f} m, {100.0 * np.mean(size <= 0.5):.0f} % within 0.5 m"
    )
    number = np.cumsum(np.diff(flown[:, 0], prepend=-np.inf) > 5.0)
    for flight in np.unique(number):
        part = size[number == flight]
        begin, end = flown[number == flight, 0][[0, -1]]
        print(
            f"  flight {flight}: {end - begin:.0f} s, rms {rms(part):.2f}, largest {part.max():.2f}, "
            f"at the end {part[-1]:.2f} m, sigma up to {flown[number == flight, 5].max():.2f} m"
        )


def report_drive(run: Path) -> None:
    """Print the rover's localisation error, true tilt and the tallest rock touched."""
    log = np.load(run / "truth.npz")
    rows = list(csv.DictReader((run / "trajectory.csv").open()))
    if not rows:
        print("the rover did not drive")
        return
    track = np.array([[float(row[key]) for key in ("t", "x", "y", "z")] for row in rows])
    true = np.stack([np.interp(track[:, 0], log["time"], log["rover"][:, i]) for i in range(3)], axis=1)
    error = track[:, 1:] - true
    flat = np.hypot(error[:, 0], error[:, 1])
    print(f"rover localised: rms {rms(flat):.2f}, largest {flat.max():.2f}, at the end {flat[-1]:.2f} m")
    print(f"  of which a common offset {np.hypot(*np.median(error[:, :2], axis=0)):.2f} m")
    x, y = log["rover"][:, 3], log["rover"][:, 4]
    tilt = np.degrees(np.arccos(np.clip(1.0 - 2.0 * (x * x + y * y), -1.0, 1.0)))
    print(f"true tilt at most {tilt.max():.1f} deg, tallest rock touched {log['rock_touched'].max():.2f} m")


def report_map(folder: Path, truth: Truth) -> None:
    """Print what the flown map is worth on the channel floors."""
    grid = layers(folder, ("elevation", "sigma", "measured", "sand"))
    surface, sand = true_surface(truth, grid)
    region = floors(truth, grid)
    report_elevation(grid, surface, region)
    report_rocks(find_rocks(grid).table, grid, truth, region)
    report_sand(grid, sand, region)


def layers(folder: Path, names: tuple[str, ...]) -> Grid:
    """Read the rasters of a map folder as one grid."""
    grid = raster.read_layer(folder / f"{names[0]}.tif", names[0])
    for name in names[1:]:
        grid[name] = raster.read_layer(folder / f"{name}.tif", name)[name]
    return grid


if __name__ == "__main__":
    main()
