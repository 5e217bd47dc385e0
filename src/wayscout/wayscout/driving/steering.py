# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Six-wheel Ackermann steering with four steered corners, and turning in place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wayscout.driving.body import STEERED, WHEELS, RoverBody
from wayscout.errors import InvalidInput

Array = npt.NDArray[np.float64]

_CORNERS = np.array([WHEELS.index(name) for name in STEERED])
IN_PLACE = 0.05  # [m] radius below which a bend is a turn in place


@dataclass(frozen=True)
class WheelCommand:
    """Targets of all joints.

    Attributes:
        speeds: (6,) wheel rates in the order of WHEELS [rad/s].
        angles: (4,) steering angles in the order of STEERED, positive to the left [rad].
    """

    speeds: Array
    angles: Array


def wheels(v: float, omega: float, body: RoverBody, max_wheel_speed: float) -> WheelCommand:
    """Turn a body twist into wheel rates and steering angles without skidding (on level ground).

    Each wheel's axle points at the centre of the bend, which lies on the line of the middle wheels. A bend
    tighter than `body.least_radius` is widened to it, unless its radius is under IN_PLACE: then the rover
    turns in place. When a wheel would exceed `max_wheel_speed`, all slow down together.

    Args:
        v: forward speed [m/s].
        omega: yaw rate [rad/s].
        max_wheel_speed: at the rim [m/s].
    """
    if not (np.isfinite(v) and np.isfinite(omega)):
        raise InvalidInput("twist", (v, omega), "finite speed [m/s] and yaw rate [rad/s] are needed")
    if abs(v) <= IN_PLACE * abs(omega):
        v = 0.0
    elif abs(omega) * body.least_radius > abs(v):
        omega = np.copysign(abs(v) / body.least_radius, omega)
    position = body.wheel_positions()
    vx = v - omega * position[:, 1]
    vy = omega * position[:, 0]
    # Fold the direction of rolling into +-90 deg; a wheel that then points backwards rolls backwards.
    sign = np.where((vx < -1e-12) | ((np.abs(vx) <= 1e-12) & (vy < 0.0)), -1.0, 1.0)
    angle = np.arctan2(sign * vy, sign * vx)
    angle = np.where(np.hypot(vx, vy) > 1e-12, angle, 0.0)
    speed = sign * np.hypot(vx, vy)
    fastest = float(np.max(np.abs(speed)))
    if fastest > max_wheel_speed:
        speed = speed * (max_wheel_speed / fastest)
    return WheelCommand(speed / body.wheel_radius, angle[_CORNERS])


def twist(command: WheelCommand, body: RoverBody) -> tuple[float, float, float]:
    """Return forward speed [m/s], sideways speed [m/s] and yaw rate [rad/s] that fit wheel states best.

    Least squares over the wheels' rolling velocities: the odometry of a rover whose wheels don't slip.
    """
    position = body.wheel_positions()
    angle = np.zeros(6)
    angle[_CORNERS] = command.angles
    rim = command.speeds * body.wheel_radius
    rows = np.zeros((12, 3))
    rows[:6, 0], rows[:6, 2] = 1.0, -position[:, 1]
    rows[6:, 1], rows[6:, 2] = 1.0, position[:, 0]
    values = np.concatenate([rim * np.cos(angle), rim * np.sin(angle)])
    solution = np.linalg.lstsq(rows, values, rcond=None)[0]
    return float(solution[0]), float(solution[1]), float(solution[2])


class SteeringGate:
    """Turn the corners at their rate and let the wheels wait until they stand right.

    Rolling while the corners are still turning would drag the wheels sideways.
    """

    def __init__(self, body: RoverBody, gate: float) -> None:
        self._rate = body.max_steer_rate
        self._gate = gate
        self.angles = np.zeros(4)

    def step(self, wanted: WheelCommand, dt: float) -> WheelCommand:
        """Return what may be commanded now; `dt` is the time until the next step [s]."""
        if not np.any(wanted.speeds):
            return WheelCommand(np.zeros(6), self.angles.copy())
        change = np.clip(wanted.angles - self.angles, -self._rate * dt, self._rate * dt)
        self.angles = self.angles + change
        ready = float(np.max(np.abs(wanted.angles - self.angles))) <= self._gate
        return WheelCommand(wanted.speeds if ready else np.zeros(6), self.angles.copy())
