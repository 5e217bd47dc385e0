# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The numbers of config/ that models and adapter share."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GazeboNumbers:
    """Fields of config/gazebo.yaml."""

    rocker_spring: float
    rocker_damping: float
    steer_reserve: float
    velocity_lag: float
    laser_lift: float
    flight_rate: float
    drive_rate: float
    rest_period: float
    flight_speed: float
    drive_speed: float
    rest_speed: float
    command_life: float
    flight_delay: float
    drive_delay: float


@dataclass(frozen=True)
class SimulatorNumbers:
    """Fields of config/simulator.yaml that hold in Gazebo too."""

    wheel_torque: float
    wheel_friction: float
    range_reach: float
    hazcam_turn: float
    sunlight: float
    battery_steps: int
    colour_binning: int
