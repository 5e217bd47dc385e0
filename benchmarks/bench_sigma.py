# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""How honest a flown map's sigma is, over several missions together.

The noise of a flight's attitude tilts the whole track by a draw of its own, which its map's errors share. One
mission therefore lies within its sigma nearly everywhere or too seldom; many together show whether the draws
are as large as foretold.

./wayscout campaign config/campaigns/survey.yaml --world worlds/seven --run runs/seven    # and more of them
python benchmarks/bench_sigma.py runs/seven=worlds/seven runs/eight=worlds/eight
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
from bench_mapping import best_half, floors, report_elevation, report_strata, rms, true_surface
from bench_mission import layers

from wayscout.worlds.truth import load_truth

Array = npt.NDArray[np.float64]
Cells = dict[str, tuple[Array, Array]]  # stratum -> errors after the map's shift, and sigmas


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="+", metavar="RUN=WORLD", help="run folder and its world's folder")
    missions: list[Cells] = []
    for pair in parser.parse_args().runs:
        run, world = (Path(part) for part in pair.rsplit("=", 1))
        print(run)
        missions.append(floor_cells(run, world))
    together = {name: joined([cells[name] for cells in missions]) for name in missions[0]}
    print(f"\nall {len(missions)} missions together")
    report_strata(together)
    error, sigma = joined(list(together.values()))
    ratio = best_half(error, sigma, np.ones(len(error), np.bool_))
    print(
        f"RMSE after each map's shift {rms(error):.4f} m; "
        f"the half with the smallest sigma over all: {ratio:.3f}"
    )


def joined(parts: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Errors and sigmas of several sets as one."""
    errors, sigmas = zip(*parts, strict=True)
    return np.concatenate(errors), np.concatenate(sigmas)


def floor_cells(run: Path, world: Path) -> Cells:
    """Print what one mission's map is worth; return its errors and sigmas by stratum."""
    truth = load_truth(world)
    grid = layers(run / "map", ("elevation", "sigma", "measured"))
    surface, _ = true_surface(truth, grid)
    return report_elevation(grid, surface, floors(truth, grid))


if __name__ == "__main__":
    main()
