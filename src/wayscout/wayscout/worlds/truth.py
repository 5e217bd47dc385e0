# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The truth part of a world folder, for simulators, tests and benchmarks alone.

Neither nodes nor the rest of the brain may import this module; a test holds them to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.errors import InvalidInput
from wayscout.grid import Grid
from wayscout.worlds import folder as public
from wayscout.worlds.folder import World

ROCK_COLUMNS = ("x", "y", "z", "width", "depth", "height", "yaw")
DEBRIS_COLUMNS = (*ROCK_COLUMNS, "red", "green", "blue")


@dataclass(frozen=True)
class Truth:
    """What a world really is.

    Attributes:
        world: its public description.
        ground: grid 'elevation' [m] and 'sand' [1, 0 to 1]; cell centres are the heightmap's vertices, so
            that the grid reaches half a cell beyond the world's square.
        rocks: (n, 7) float64, columns `ROCK_COLUMNS`: half ellipsoids on the ground at x, y, z [m] with full
            horizontal axes `width`, `depth`, `height` above the ground [m], the width's axis at `yaw` [rad].
            The last ones are debris, where there is some.
        facts: truth.yaml: who is passable, the orbital shift, planted features; empty for a DEM's world.
        debris: (m, 10) float64, columns `DEBRIS_COLUMNS`: the last m rocks with their sunlit colours, 0-255.
    """

    world: World
    ground: Grid
    rocks: npt.NDArray[np.float64]
    facts: dict[str, Any]
    debris: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, len(DEBRIS_COLUMNS))))


def load_truth(path: Path | str) -> Truth:
    """Read the truth of a world folder.

    Raises:
        InvalidInput: naming the file when one is missing, corrupt or of the wrong shape.
    """
    path = Path(path)
    world = public.load_world(path)
    ground = vertex_grid(world.size, world.resolution)
    file = path / world.terrain.heightmap
    heights = public.read_image(file, cv2.IMREAD_UNCHANGED)
    if heights.dtype != np.uint16 or heights.shape != ground.shape:
        raise InvalidInput(
            str(file), (heights.shape, str(heights.dtype)), f"16 bit of shape {ground.shape} is needed"
        )
    ground["elevation"] = heights[::-1].astype(np.float32) * np.float32(world.terrain.height_span / 65535.0)
    file = path / world.terrain.sand
    sand = public.read_image(file, cv2.IMREAD_GRAYSCALE)
    if sand.shape != ground.shape:
        raise InvalidInput(str(file), sand.shape, f"{ground.shape} is needed")
    ground["sand"] = sand[::-1].astype(np.float32) / np.float32(255.0)
    facts = public.read_yaml(path / "truth" / "truth.yaml")
    rocks, debris = read_things(path, world)
    return Truth(world, ground, rocks, dict(facts or {}), debris)


def read_things(path: Path, world: World) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return a world folder's rocks with its debris after them, and the debris; as `Truth` holds them."""
    rocks, debris = read_rocks(path / world.terrain.rocks), np.zeros((0, len(DEBRIS_COLUMNS)))
    if world.terrain.debris is not None:
        debris = read_rocks(path / world.terrain.debris, DEBRIS_COLUMNS)
    return np.concatenate([rocks, debris[:, : len(ROCK_COLUMNS)]]), debris


def vertex_grid(size: float, resolution: float) -> Grid:
    """Return an empty grid whose cell centres are the heightmap's vertices."""
    n = round(size / resolution) + 1
    corner = -0.5 * (size + resolution)
    return Grid(resolution, (corner, corner), (n, n))


def read_rocks(file: Path, columns: tuple[str, ...] = ROCK_COLUMNS) -> npt.NDArray[np.float64]:
    """Read rocks.csv (or, with `DEBRIS_COLUMNS`, debris.csv) as an array of its columns."""
    try:
        header, *lines = file.read_text().splitlines()
        rocks = np.array([[float(v) for v in line.split(",")] for line in lines], dtype=np.float64)
    except (OSError, ValueError) as error:
        raise InvalidInput(str(file), file.name, f"not a readable rock table ({error})") from error
    if tuple(header.split(",")) != columns:
        raise InvalidInput(str(file), header, f"the header {','.join(columns)} is needed")
    rocks = rocks.reshape(-1, len(columns))
    if not np.all(np.isfinite(rocks)) or np.any(rocks[:, 3:6] <= 0.0):
        raise InvalidInput(str(file), file.name, "finite numbers and positive sizes are needed")
    return rocks


def write_rocks(file: Path, rocks: npt.NDArray[np.float64], columns: tuple[str, ...] = ROCK_COLUMNS) -> None:
    """Write rocks.csv, or debris.csv with its columns."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [",".join(columns)] + [",".join(f"{v:.3f}" for v in rock) for rock in rocks]
    file.write_text("\n".join(lines) + "\n")


def write_ground(folder: Path, world: World, ground: Grid) -> None:
    """Write heightmap and sand; the elevation is clipped to 0 .. height span."""
    heights = np.clip(ground["elevation"][::-1] / world.terrain.height_span, 0.0, 1.0) * 65535.0
    public.write_image(folder / world.terrain.heightmap, np.rint(heights).astype(np.uint16))
    sand = np.clip(ground["sand"][::-1], 0.0, 1.0) * 255.0
    public.write_image(folder / world.terrain.sand, np.rint(sand).astype(np.uint8))
