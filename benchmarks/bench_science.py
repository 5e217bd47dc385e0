# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Do the first ten science targets hold what was planted? On maps made from rendered pictures of surveys.

    python benchmarks/bench_science.py --seeds 406:426 --worlds /tmp/worlds [--recipe delta]

Each seed's world is made as a folder --worlds/<recipe>_<seed>, surveyed without ROS, mapped, and its map kept
there in `map/`. A planted target counts as found when a target told lies within its radius and half a metre.
The thresholds of config/science.yaml tell on which seeds they were fitted; measure on others.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from seeds import world_of

from wayscout.camera import load_camera
from wayscout.config import directory
from wayscout.grid import Grid
from wayscout.mapping.mapper import MapperParams
from wayscout.mapping.offline import write_maps
from wayscout.mapping.saved import SavedMap
from wayscout.terrain import science
from wayscout.worlds.truth import load_truth
from wayscout_sim.survey import surveyed

NEAR = 0.5  # m that a target told may lie beyond a planted one's rim


@dataclass
class Tally:
    """Counts over seeds; by kind: planted, found, found under the right name."""

    planted: int = 0
    found: int = 0
    told: int = 0
    right: int = 0
    kinds: dict[str, list[int]] = field(default_factory=dict)


def map_of(seed: int, recipe: str, worlds: Path, threads: int) -> tuple[Path, Grid]:
    """Return a seed's world and its map, made when they are not there."""
    world = world_of(seed, recipe, worlds)
    kept, params = world / "map", MapperParams.load({"threads": threads})
    if not (kept / "ortho.tif").is_file():
        camera = load_camera(directory() / "cameras" / "navigation.yaml")
        write_maps(surveyed(world, camera, seed, params), kept)
    return world, SavedMap(kept, params.tile_size, params.resolution).grid()


def judge(world: Path, grid: Grid, tally: Tally, count: int) -> str:
    """Add a world to the tally and return its line."""
    begin = time.process_time()
    told = science.find_targets(grid, count=count)
    seconds = time.process_time() - begin
    places = np.array([t.position[:2] for t in told]).reshape(-1, 2)
    planted = load_truth(world).facts["targets"]
    right: set[int] = set()
    missed = []
    for target in planted:
        away = np.hypot(places[:, 0] - target["x"], places[:, 1] - target["y"])
        hits = np.flatnonzero(away < 0.5 * target["size"] + NEAR)
        kind = tally.kinds.setdefault(target["kind"], [0, 0, 0])
        kind[0] += 1
        right |= set(hits.tolist())
        if hits.size:
            kind[1] += 1
            kind[2] += any(told[k].kind == target["kind"] for k in hits)
        else:
            missed.append(target["kind"])
    found = len(planted) - len(missed)
    tally.planted += len(planted)
    tally.found += found
    tally.told += len(told)
    tally.right += len(right)
    return (
        f"{world.name:10s} {found} of {len(planted)} found, {len(right)} of {len(told)} told are planted, "
        f"{seconds:.2f} s CPU" + (f"; missed {', '.join(missed)}" if missed else "")
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", default="406:426", help="first:last+1")
    parser.add_argument("--recipe", default="gully")
    parser.add_argument("--worlds", type=Path, required=True, help="folder of worlds and their maps, kept")
    parser.add_argument("--count", type=int, default=10, help="targets told per world")
    parser.add_argument("--threads", type=int, default=1, help="of the mapper")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    first, last = (int(v) for v in given.seeds.split(":"))
    tally = Tally()
    for seed in range(first, last):
        world, grid = map_of(seed, given.recipe, given.worlds, given.threads)
        print(judge(world, grid, tally, given.count), flush=True)
    print(
        f"recall in the first {given.count}: {tally.found / max(tally.planted, 1):.3f} "
        f"({tally.found} of {tally.planted}); precision {tally.right / max(tally.told, 1):.3f} "
        f"({tally.right} of {tally.told})"
    )
    for kind, (planted, found, named) in sorted(tally.kinds.items()):
        print(f"  {kind:12s} {found} of {planted} found, {named} under that name")


if __name__ == "__main__":
    main()
