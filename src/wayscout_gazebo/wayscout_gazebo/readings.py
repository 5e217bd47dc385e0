# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""From the messages that the bridge brings to plain values, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Image, Imu, JointState

from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout_nodes.common import convert
from wayscout_sim.states import JOINTS

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Motion:
    """Where a body truly is.

    Attributes:
        time: [s]. pose: base_link in map.
        velocity: (3,) of base_link in map [m/s]. rates: (3,) in base_link [rad/s].
    """

    time: float
    pose: Pose
    velocity: Array
    rates: Array


def motion(message: Odometry, field: str) -> Motion:
    """Return what an OdometryPublisher says; raises InvalidInput naming the field."""
    pose = convert.pose(message.pose.pose, f"{field}.pose")
    v, w = message.twist.twist.linear, message.twist.twist.angular
    twist = np.array([v.x, v.y, v.z, w.x, w.y, w.z])
    if not np.all(np.isfinite(twist)):
        raise InvalidInput(f"{field}.twist", twist.tolist(), "finite numbers are needed")
    return Motion(convert.seconds(message.header.stamp), pose, pose.rotation() @ twist[:3], twist[3:])


def joints(message: JointState, field: str) -> tuple[Array, Array]:
    """Return positions [rad] and speeds [rad/s], (14,) each in the order of JOINTS.

    Raises:
        InvalidInput: naming a joint that is missing or not finite.
    """
    places: Mapping[str, int] = {name: k for k, name in enumerate(message.name)}
    missing = [name for name in JOINTS if name not in places]
    if missing or len(message.position) != len(places):
        raise InvalidInput(f"{field}.name", missing, f"positions of all of {list(JOINTS)} are needed")
    order = [places[name] for name in JOINTS]
    positions = np.array(message.position)[order]
    known = len(message.velocity) == len(places)
    speeds = np.array(message.velocity)[order] if known else np.zeros(len(JOINTS))
    if not (np.all(np.isfinite(positions)) and np.all(np.isfinite(speeds))):
        raise InvalidInput(field, positions.tolist(), "finite joint states are needed")
    return positions, speeds


def distance(message: Image, lift: float, field: str) -> float:
    """Return the distance [m] at a depth picture's middle less the laser's lift; infinite without an echo.

    Raises:
        InvalidInput: naming the field when it is no depth picture.
    """
    depth = convert.image(message, ["32FC1"], field)
    reading = float(depth[depth.shape[0] // 2, depth.shape[1] // 2])
    if not math.isfinite(reading):
        return 0.0 if reading == -math.inf else math.inf  # too near, or beyond its reach
    return max(0.0, reading - lift)


def force(message: Imu) -> Array:
    """Return the specific force (3,) in the IMU's frame [m/s^2]; zeros for what is not finite."""
    a = message.linear_acceleration
    return np.nan_to_num(np.array([a.x, a.y, a.z]))
