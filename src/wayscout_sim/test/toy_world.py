# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A toy world for the simulator's tests: a plane that rises to the east and north, hills, a few rocks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wayscout.worlds import folder, truth
from wayscout.worlds.folder import Corridor, Goal, Start, StartPose, Sun, Terrain, World

Shape = Callable[[npt.NDArray[np.float64], npt.NDArray[np.float64]], npt.NDArray[np.float64]]


def make_world(
    path: Path,
    shape: Shape,
    *,
    rocks: npt.NDArray[np.float64] | None = None,
    sand: float = 0.0,
    size: float = 32.0,
    resolution: float = 0.125,
    texture: npt.NDArray[np.uint8] | None = None,
) -> Path:
    """Write a world folder whose heights are shape(x, y) - min [m]; rocks as (n, 7), z is filled in."""
    world = World(
        name="toy",
        size=size,
        resolution=resolution,
        sun=Sun(azimuth=2.5, elevation=0.7),
        start=Start(
            rover=StartPose(x=0.0, y=-5.0, yaw=1.5708), helicopter=StartPose(x=3.0, y=-5.0, yaw=1.5708)
        ),
        goal=Goal(x=0.0, y=10.0, radius=1.0),
        corridors=[Corridor(name="A", centreline=[(0.0, -5.0), (0.0, 10.0)], width=4.0)],
        terrain=Terrain(
            heightmap="truth/heightmap.png",
            height_span=20.0,
            texture="truth/texture.png",
            rocks="truth/rocks.csv",
            sand="truth/sand.png",
        ),
    )
    ground = truth.vertex_grid(size, resolution)
    xs, ys = ground.centres()
    x, y = np.meshgrid(xs, ys)
    height = shape(x, y)
    ground["elevation"] = height - height.min()
    ground["sand"] = np.full(ground.shape, sand)
    table = np.zeros((0, 7)) if rocks is None else np.array(rocks, dtype=np.float64)
    if len(table):
        table[:, 2] = ground.sample("elevation", table[:, 0], table[:, 1])
    if texture is None:
        rng = np.random.default_rng(4)
        texture = np.clip(rng.normal(130, 25, (512, 512, 1)), 0, 255).astype(np.uint8).repeat(3, axis=2)
    path.mkdir(parents=True, exist_ok=True)
    folder.write_world(path, world)
    truth.write_ground(path, world, ground)
    truth.write_rocks(path / world.terrain.rocks, table)
    folder.write_image(path / world.terrain.texture, texture)
    (path / "truth" / "truth.yaml").write_text("{}\n")
    return path


def hills(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return 0.05 * x + 0.1 * y + 0.8 * np.sin(0.6 * x + 0.2) * np.cos(0.45 * y)


ROCKS = np.array(
    [
        [1.0, 1.0, 0.0, 0.8, 0.6, 0.4, 0.4],
        [-2.5, 2.0, 0.0, 0.5, 0.5, 0.3, 0.0],
        [3.0, -2.0, 0.0, 1.2, 0.9, 0.6, 1.2],
    ]
)
