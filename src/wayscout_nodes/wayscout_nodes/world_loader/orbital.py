# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""From a world folder's public part to the OrbitalMap message."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from geometry_msgs.msg import Point
from wayscout_interfaces.msg import Corridor, OrbitalMap

from wayscout.errors import InvalidInput
from wayscout.grid import Grid
from wayscout.terrain.hazards import coarser
from wayscout.worlds.folder import Orbital, World, load_orbital, load_world
from wayscout_nodes.common import convert

LARGEST_VIEW_CELL = 0.5  # [m] of what viewers get


def read_orbital_map(folder: Path | str) -> tuple[World, OrbitalMap]:
    """Read world.yaml and orbital/ of a world folder.

    Raises:
        InvalidInput: naming the folder when it is no world (with its neighbours that are), or the file
            and field that are corrupt.
    """
    if not str(folder):
        raise InvalidInput("world", "", "the parameter 'world' names the folder of a world")
    folder = Path(folder)
    if not (folder / "world.yaml").is_file():
        known = sorted(f.parent.name for f in folder.parent.glob("*/world.yaml")) if folder.name else []
        raise InvalidInput(
            "world", str(folder), f"a folder with world.yaml is needed; known beside it: {known or 'none'}"
        )
    world = load_world(folder)
    return world, to_message(world, load_orbital(folder))


def coloured_ground(message: OrbitalMap) -> Grid:
    """Return the orbital map for viewers: `elevation` [m] and `intensity` (grey), on 0.5 m or coarser cells.

    The picture's cells are taken as they lie; the elevation is interpolated between its coarser ones.
    """
    pixels = np.asarray(convert.image(message.image, ["mono8"], "map/orbital.image"))[::-1]
    fine = message.image_resolution
    factor = max(1, round(LARGEST_VIEW_CELL / fine))
    grey = coarser(np.asarray(pixels, dtype=np.float32), factor, largest=False)
    origin = (message.image_origin.x, message.image_origin.y)
    grid = Grid(factor * fine, origin, (grey.shape[0], grey.shape[1]), "map")
    xs, ys = grid.centres()
    ground = convert.tile(message.elevation, "map/orbital.elevation")
    grid["elevation"] = ground.sample("elevation", *np.meshgrid(xs, ys))
    grid["intensity"] = grey
    return grid


def to_message(world: World, orbital: Orbital) -> OrbitalMap:
    """Return the orbital map as a message; the picture's row 0 turns north."""
    message = OrbitalMap(
        elevation=convert.to_tile(orbital.elevation, 0, 0, 1, {"elevation": "m"}, 0.0),
        image=convert.to_image(np.ascontiguousarray(orbital.image[::-1]), "mono8", "map", 0.0),
        image_resolution=orbital.image_resolution,
        image_origin=convert.to_point(orbital.image_origin),
        elevation_sigma=orbital.meta.elevation_sigma,
        shift_sigma=orbital.meta.shift_sigma,
    )
    message.header.frame_id = "map"
    message.corridors = [
        Corridor(name=c.name, centreline=[Point(x=x, y=y) for x, y in c.centreline], width=c.width)
        for c in world.corridors
    ]
    return message
