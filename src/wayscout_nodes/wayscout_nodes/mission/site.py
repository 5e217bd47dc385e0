# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Where the mission begins and where it shall end, from the world's public file and the parameters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.worlds.folder import load_world

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Site:
    """Start and goal in map.

    Attributes:
        rover: pose of base_link; its height is not known before the orbital map is matched.
        helicopter: (2,) x, y [m].
        goal: (2,) x, y [m].
        goal_radius: the rover has arrived within it [m].
    """

    world: str
    rover: Pose
    helicopter: Array
    goal: Array
    goal_radius: float


def read_site(folder: Path | str, goal: list[float]) -> Site:
    """Read world.yaml; `goal` (x, y) replaces the world's where it is not empty.

    Raises:
        InvalidInput: for a world that is missing or cannot be read, or a goal that is no point inside it.
    """
    if not str(folder):
        raise InvalidInput("world", "", "the public part of a world folder is needed")
    world = load_world(folder)
    target = np.array([world.goal.x, world.goal.y])
    if goal:
        target = np.asarray(goal, dtype=np.float64)
        half = 0.5 * world.size
        if target.shape != (2,) or not np.all(np.isfinite(target)) or np.any(np.abs(target) >= half):
            raise InvalidInput("mission.goal", goal, f"x, y within +-{half:g} m are needed")
    rover, helicopter = world.start.rover, world.start.helicopter
    return Site(
        world.name,
        Pose.from_euler(rover.x, rover.y, 0.0, yaw=rover.yaw),
        np.array([helicopter.x, helicopter.y]),
        target,
        world.goal.radius,
    )
