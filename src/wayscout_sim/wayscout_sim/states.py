# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What is true of the vehicles at one instant, their joints, and the ground they are put on.

Shared by the embedded simulator and by Gazebo's adapter, which works without MuJoCo.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.worlds.folder import Start, StartPose
from wayscout.worlds.truth import Truth

Array = npt.NDArray[np.float64]

WHEELS = tuple(f"wheel_{where}_{side}" for side in ("left", "right") for where in ("front", "middle", "rear"))
STEERS = tuple(f"steer_{where}_{side}" for side in ("left", "right") for where in ("front", "rear"))
SUSPENSION = ("rocker_left", "rocker_right", "bogie_left", "bogie_right")
JOINTS = WHEELS + STEERS + SUSPENSION


@dataclass(frozen=True)
class RoverTruth:
    """What is true of the rover at one instant.

    Attributes:
        pose: base_link in map.
        velocity: (3,) of base_link in map [m/s].
        rates: (3,) angular velocity in base_link [rad/s].
        specific_force: (3,) acceleration less gravity, in base_link [m/s^2].
        positions, speeds: (14,) joint angles [rad] and rates [rad/s], in the order of `JOINTS`.
        slip: (6,) share of each wheel's turning that made no way.
        tallest_contact: height of the tallest rock touched since the last look [m], 0 for none.
    """

    pose: Pose
    velocity: Array
    rates: Array
    specific_force: Array
    positions: Array
    speeds: Array
    slip: Array
    tallest_contact: float


@dataclass(frozen=True)
class HelicopterTruth:
    """What is true of the helicopter at one instant.

    Attributes:
        pose: base_link in map.
        velocity: (3,) of base_link in map [m/s].
        rates: (3,) angular velocity in base_link [rad/s].
        charge: energy left in the pack [J].
        power: electrical power drawn [W].
        motors: True while the rotors turn.
        landed: True while legs touch the ground and nothing climbs.
        lost: why it will never fly again, '' while it can.
    """

    pose: Pose
    velocity: Array
    rates: Array
    charge: float
    power: float
    motors: bool
    landed: bool
    lost: str


def ground_pose(truth: Truth, x: float, y: float, yaw: float, reach: float) -> Pose:
    """Return a pose at x, y on the plane fitted to the ground within `reach` [m], clear of its bumps.

    Raises:
        InvalidInput: when the place lies outside the world.
    """
    side = np.linspace(-reach, reach, 9)
    dx, dy = (a.ravel() for a in np.meshgrid(side, side))
    z = truth.ground.sample("elevation", x + dx, y + dy)
    if not np.all(np.isfinite(z)):
        raise InvalidInput("start pose", (x, y), "a place inside the world is needed")
    a, b, c = np.linalg.lstsq(np.column_stack([dx, dy, np.ones_like(dx)]), z, rcond=None)[0]
    up = np.array([-a, -b, 1.0]) / np.sqrt(a * a + b * b + 1.0)
    forward = np.array([np.cos(yaw), np.sin(yaw), 0.0])
    forward -= up * (forward @ up)
    forward /= np.linalg.norm(forward)
    height = c + float(np.max(z - (a * dx + b * dy + c)))
    return Pose.from_rotation(np.column_stack([forward, np.cross(up, forward), up]), [x, y, height])


def drawn_start(start: Start, believed: StartPose, seed: int, vehicle: int) -> Pose:
    """Return where a vehicle truly stands: where it is believed to, within the sigmas of the start.

    Args:
        seed: of the run. vehicle: 0 for the rover, 1 for the helicopter.
    """
    rng = np.random.default_rng([seed, vehicle, 51])
    x, y = rng.normal((believed.x, believed.y), start.position_sigma)
    return Pose.from_euler(float(x), float(y), 0.0, yaw=float(rng.normal(believed.yaw, start.yaw_sigma)))


@njit(cache=True)
def height_at(heights: npt.NDArray[np.float32], corner: float, cell: float, x: float, y: float) -> float:
    """Interpolate vertices bilinearly at x, y [m]; `corner` is the coordinate of vertex (0, 0)."""
    n = heights.shape[0]
    u = min(max((x - corner) / cell, 0.0), n - 1.000001)
    v = min(max((y - corner) / cell, 0.0), n - 1.000001)
    c, r = int(u), int(v)
    fu, fv = u - c, v - r
    low = heights[r, c] * (1.0 - fu) + heights[r, c + 1] * fu
    high = heights[r + 1, c] * (1.0 - fu) + heights[r + 1, c + 1] * fu
    return low * (1.0 - fv) + high * fv
