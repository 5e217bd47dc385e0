# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The rover's body and driving parameters, as plain records."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

WHEELS = ("front_left", "middle_left", "rear_left", "front_right", "middle_right", "rear_right")
STEERED = ("front_left", "rear_left", "front_right", "rear_right")


@dataclass(frozen=True)
class RoverBody:
    """Body and limits; fields are entries of config/rover.yaml (SI units, rad)."""

    wheel_diameter: float
    wheelbase: float
    track_outer: float
    track_middle: float
    belly_clearance: float
    body_radius: float
    speed: float
    max_tilt: float
    plan_tilt: float
    max_step: float
    plan_step: float
    max_slip: float
    max_steer: float
    max_steer_rate: float

    def wheel_positions(self) -> Array:
        """(6, 2) x, y [m] of the wheels in base_link, in the order of WHEELS."""
        x, outer, middle = 0.5 * self.wheelbase, 0.5 * self.track_outer, 0.5 * self.track_middle
        return np.array([[x, outer], [0.0, middle], [-x, outer], [x, -outer], [0.0, -middle], [-x, -outer]])

    @property
    def wheel_radius(self) -> float:
        return 0.5 * self.wheel_diameter

    @property
    def least_radius(self) -> float:
        """Radius [m] of the tightest bend, where the inner corner wheels stand at max_steer."""
        return 0.5 * self.track_outer + 0.5 * self.wheelbase / float(np.tan(self.max_steer))


@dataclass(frozen=True)
class DrivingParameters:
    """How to follow a path; fields are entries of config/driving.yaml (SI units, rad)."""

    lookahead: float
    turn_threshold: float
    turn_done: float
    goal_tolerance: float
    start_tolerance: float
    max_cross_track: float
    max_wheel_speed: float
    steer_gate: float
    slip_window: float
    slip_patience: float
    stuck_slip: float
    tilt_patience: float
    check_distance: float
    check_spacing: float
    check_tilt_margin: float
    least_clearance: float
    hazard_range: float
    hazard_height: float
    hazard_cells: int
    hazard_sightings: int
    half_width: float
    hazard_margin: float
    detour_range: float
    teleoperation_timeout: float
