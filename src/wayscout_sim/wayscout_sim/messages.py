# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""From the simulation's readings to ROS messages, and from commands to numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Time
from nav_msgs.msg import Odometry as OdometryMsg
from sensor_msgs.msg import BatteryState, Imu, JointState, Range
from wayscout_interfaces.msg import LinkState

from wayscout.errors import InvalidInput
from wayscout_nodes.common import convert
from wayscout_sim.sensors import Odometry
from wayscout_sim.states import JOINTS, STEERS, WHEELS

if TYPE_CHECKING:  # it needs MuJoCo, which Gazebo's adapter does without
    from wayscout_sim.simulation import Simulation

Array = npt.NDArray[np.float64]

_VOLTAGE = 15.75  # V, six cells; assumption, only to tell energy as charge
_JOULES_PER_AH = 3600.0 * _VOLTAGE


def nanoseconds(stamp: Time) -> int:
    """Return a stamp as whole nanoseconds."""
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def wheels(message: JointState) -> tuple[dict[str, float], dict[str, float]]:
    """Return wheel speeds [rad/s] and steering angles [rad] by joint name.

    Raises:
        InvalidInput: when a list's length is wrong, a joint unknown or a number not finite.
    """
    count = len(message.name)
    speeds: dict[str, float] = {}
    angles: dict[str, float] = {}
    for name, index in zip(message.name, range(count), strict=True):
        if name in WHEELS:
            speeds[name] = _entry(message.velocity, index, count, f"velocity of {name}")
        elif name in STEERS:
            angles[name] = _entry(message.position, index, count, f"position of {name}")
        else:
            raise InvalidInput("joint_command.name", name, f"one of {[*WHEELS, *STEERS]} is needed")
    return speeds, angles


def rover(sim: Simulation, stamp: Time) -> dict[str, Any]:
    """Return topic -> message of the rover's sensors at this instant."""
    readings = sim.read_rover()
    batch: dict[str, Any] = {
        "rover/odom": odometry(readings.odometry, "rover", stamp),
        "rover/imu": imu(readings.odometry, readings.acceleration, stamp),
        "rover/joint_states": joint_states(readings.positions, readings.speeds, stamp),
    }
    if readings.depth is not None:
        frame = "rover/hazcam_optical"
        batch["rover/hazcam/depth"] = convert.to_image(readings.depth, "32FC1", frame, sim.time)
        batch["rover/hazcam/camera_info"] = convert.to_camera_info(sim.depth_camera, frame, sim.time)
    return batch


def helicopter(
    sim: Simulation, stamp: Time, *, picture: bool, colour: bool = False, battery: bool = True
) -> dict[str, Any]:
    """Return topic -> message of the helicopter's sensors at this instant, battery and pictures if wanted."""
    readings = sim.read_helicopter(picture=picture, colour=colour)
    laser = Range(radiation_type=Range.INFRARED, field_of_view=0.005, min_range=0.0, range=readings.range)
    laser.max_range = sim.range_reach
    laser.header.stamp, laser.header.frame_id = stamp, "helicopter/range_link"
    batch: dict[str, Any] = {
        "helicopter/odom": odometry(readings.odometry, "helicopter", stamp),
        "helicopter/range": laser,
    }
    if battery:
        capacity = sim.helicopter.body.battery_capacity
        batch["helicopter/battery"] = battery_state(readings.charge, readings.power, capacity, stamp)
    if readings.picture is not None:
        frame = "helicopter/navcam_optical"
        batch["helicopter/camera/image_raw"] = convert.to_image(readings.picture, "mono8", frame, sim.time)
        batch["helicopter/camera/camera_info"] = convert.to_camera_info(sim.camera, frame, sim.time)
    if readings.colour is not None:
        frame = "helicopter/colour_optical"
        batch["helicopter/colour/image_raw"] = convert.to_image(readings.colour, "rgb8", frame, sim.time)
        batch["helicopter/colour/camera_info"] = convert.to_camera_info(sim.colour_camera, frame, sim.time)
    return batch


def modem(sim: Simulation, stamp: Time) -> dict[str, Any]:
    """Return what the helicopter's radio says of its contact with the rover's."""
    heard = sim.contact()
    message = LinkState(in_sight=heard.in_sight, distance=heard.distance, rate=heard.rate)
    message.header.stamp, message.header.frame_id = stamp, "helicopter/base_link"
    return {"helicopter/modem": message}


def imu(reading: Odometry, acceleration: Array, stamp: Time) -> Imu:
    """Return the rover's IMU: attitude and rates of its odometry, acceleration (3,) [m/s^2] in base_link."""
    message = Imu()
    message.header.stamp, message.header.frame_id = stamp, "rover/imu_link"
    q, w, a = reading.pose.quaternion, reading.rates, acceleration
    to, rates, force = message.orientation, message.angular_velocity, message.linear_acceleration
    to.x, to.y, to.z, to.w = (float(v) for v in q)
    rates.x, rates.y, rates.z = (float(v) for v in w)
    force.x, force.y, force.z = (float(v) for v in a)
    message.orientation_covariance = np.diag(reading.covariance[3:]).reshape(-1)
    return message


def joint_states(positions: Array, speeds: Array, stamp: Time) -> JointState:
    """Return the rover's joints, (14,) [rad] and [rad/s] in the order of JOINTS."""
    message = JointState(name=list(JOINTS), position=positions.tolist(), velocity=speeds.tolist())
    message.header.stamp, message.header.frame_id = stamp, "rover/base_link"
    return message


def battery_state(charge: float, power: float, capacity: float, stamp: Time) -> BatteryState:
    """Return the state of a pack that holds `charge` of `capacity` [J] while `power` [W] is drawn."""
    message = BatteryState(voltage=_VOLTAGE, present=True, temperature=float("nan"))
    message.charge, message.capacity = charge / _JOULES_PER_AH, capacity / _JOULES_PER_AH
    message.design_capacity = message.capacity
    message.current = -power / _VOLTAGE
    message.percentage = charge / capacity
    message.power_supply_status = BatteryState.POWER_SUPPLY_STATUS_DISCHARGING
    message.header.stamp, message.header.frame_id = stamp, "helicopter/base_link"
    return message


def odometry(reading: Odometry, vehicle: str, stamp: Time) -> OdometryMsg:
    """Return odometry as a message; the twist is in base_link."""
    message = OdometryMsg(child_frame_id=f"{vehicle}/base_link")
    message.header.stamp, message.header.frame_id = stamp, f"{vehicle}/odom"
    message.pose.pose = convert.to_pose(reading.pose)
    message.pose.covariance = np.diag(reading.covariance).reshape(-1)
    linear, angular = message.twist.twist.linear, message.twist.twist.angular
    linear.x, linear.y, linear.z = (float(v) for v in reading.velocity)
    angular.x, angular.y, angular.z = (float(v) for v in reading.rates)
    return message


def _entry(values: Any, index: int, count: int, what: str) -> float:
    if len(values) != count:
        raise InvalidInput(
            f"joint_command {what}", len(values), f"{count} values, one for each name, are needed"
        )
    value = float(values[index])
    if not np.isfinite(value):
        raise InvalidInput(f"joint_command {what}", value, "a finite number is needed")
    return value
