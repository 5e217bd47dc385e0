# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Between driving messages and the brain's records."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from geometry_msgs.msg import TwistStamped
from sensor_msgs.msg import JointState
from wayscout_interfaces.msg import DriveState, Hazards
from wayscout_interfaces.msg import Hazard as HazardMessage

from wayscout.driving.body import STEERED, WHEELS
from wayscout.driving.drive import DriveProgress
from wayscout.driving.hazards import Hazard
from wayscout.driving.steering import WheelCommand
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout_nodes.common import convert

WHEEL_JOINTS = tuple(f"wheel_{name}" for name in WHEELS)
STEER_JOINTS = tuple(f"steer_{name}" for name in STEERED)
_NAMES = [*WHEEL_JOINTS, *STEER_JOINTS]


def joint_command(command: WheelCommand, time: float) -> JointState:
    """Return wheel rates as velocities and steering angles as positions; what does not apply is 0."""
    message = JointState(name=_NAMES)
    message.header.stamp = convert.to_stamp(time)
    message.velocity = [*command.speeds.tolist(), 0.0, 0.0, 0.0, 0.0]
    message.position = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, *command.angles.tolist()]
    return message


def wheel_rates(message: JointState) -> npt.NDArray[np.float64] | None:
    """Return the (6,) measured wheel rates [rad/s], or None when a wheel is missing or not finite."""
    if len(message.velocity) != len(message.name):
        return None
    rates = dict(zip(message.name, message.velocity, strict=True))
    try:
        values = np.array([rates[name] for name in WHEEL_JOINTS])
    except KeyError:
        return None
    return values if np.all(np.isfinite(values)) else None


def drive_state(progress: DriveProgress, pose: Pose, mode: str, time: float) -> DriveState:
    message = DriveState(mode=mode, pose=convert.to_pose(pose))
    message.header.frame_id = "map"
    message.header.stamp = convert.to_stamp(time)
    message.distance, message.metres_to_go = float(progress.distance), float(progress.to_go)
    message.tilt, message.slip = float(progress.tilt), float(progress.slip)
    message.cross_track = float(progress.cross_track)
    return message


def hazards(found: Iterable[Hazard], time: float) -> Hazards:
    message = Hazards()
    message.header.frame_id = "map"
    message.header.stamp = convert.to_stamp(time)
    for h in found:
        message.hazards.append(
            HazardMessage(
                position=convert.to_point((h.x, h.y, h.z)),
                radius=float(h.radius),
                height=float(h.height),
                kind=h.kind,
                probability=float(h.probability),
            )
        )
    return message


def teleoperation(message: TwistStamped) -> tuple[float, float]:
    """Return forward speed [m/s] and yaw rate [rad/s]; raises InvalidInput when not finite."""
    v, omega = float(message.twist.linear.x), float(message.twist.angular.z)
    if not (math.isfinite(v) and math.isfinite(omega)):
        raise InvalidInput("rover/cmd_vel", (v, omega), "finite speed [m/s] and yaw rate [rad/s] are needed")
    return v, omega
