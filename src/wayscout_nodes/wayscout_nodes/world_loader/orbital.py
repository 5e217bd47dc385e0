# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""From a world folder's public part to the OrbitalMap message."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from geometry_msgs.msg import Point
from wayscout_interfaces.msg import Corridor, OrbitalMap

from wayscout.errors import InvalidInput
from wayscout.worlds.folder import Orbital, World, load_orbital, load_world
from wayscout_nodes.common import convert


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
