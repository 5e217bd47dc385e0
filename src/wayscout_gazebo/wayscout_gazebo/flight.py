# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The helicopter's part of the adapter: what it is told, how it follows, what that takes from its battery.

Gazebo moves the body at the velocity that is asked for. Here the velocity follows the command as a helicopter
would: with limited acceleration and a lag. The battery pays what the embedded simulator's does: hover power
times (thrust over weight)^1.5, and what climbing costs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wayscout.errors import InvalidInput

Array = npt.NDArray[np.float64]

_FALL = -2.0  # m/s at which a helicopter comes down that has lost its power


@dataclass(frozen=True)
class HelicopterNumbers:
    """Fields of config/helicopter.yaml."""

    mass: float
    gravity: float
    max_speed: float
    max_acceleration: float
    max_climb_rate: float
    max_yaw_rate: float
    hover_power: float
    climb_efficiency: float
    battery_capacity: float


class Flight:
    """What the helicopter does between two looks at it.

    Args:
        body: limits and energy. lag: time constant with which its speed follows [s].
    """

    def __init__(self, body: HelicopterNumbers, lag: float) -> None:
        self._body, self._lag = body, lag
        self._wanted = np.zeros(4)
        self._velocity = np.zeros(3)
        self.on = False
        self.charge = body.battery_capacity
        self.power = 0.0
        self.lost = ""

    def command(self, velocity: npt.ArrayLike, yaw_rate: float) -> None:
        """Take a velocity (x forward, y left, z up, levelled body frame) [m/s] and a yaw rate [rad/s].

        Raises:
            InvalidInput: when a number is not finite.
        """
        wanted = np.append(np.asarray(velocity, dtype=np.float64), yaw_rate)
        if wanted.shape != (4,) or not np.all(np.isfinite(wanted)):
            raise InvalidInput("cmd_vel", wanted.tolist(), "four finite numbers are needed")
        b = self._body
        speed = float(np.hypot(wanted[0], wanted[1]))
        if speed > b.max_speed:
            wanted[:2] *= b.max_speed / speed
        wanted[2] = np.clip(wanted[2], -b.max_climb_rate, b.max_climb_rate)
        wanted[3] = np.clip(wanted[3], -b.max_yaw_rate, b.max_yaw_rate)
        self._wanted = wanted

    def motors(self, on: bool) -> None:
        """Start or stop the rotors; a lost helicopter's stay off."""
        self.on = on and not self.lost
        if not self.on:
            self._wanted[:] = 0.0
            self._velocity[:] = 0.0
            self.power = 0.0

    @property
    def sinks(self) -> bool:
        """Whether it is told to stay down or to go down."""
        return bool(self._wanted[2] <= 0.05)

    def step(self, elapsed: float, yaw: float) -> tuple[Array, float]:
        """Let time pass [s]; return the velocity to move at, (3,) in the body frame [m/s], and yaw rate."""
        if not self.on:
            return np.array([0.0, 0.0, _FALL if self.lost else 0.0]), 0.0
        c, s = np.cos(yaw), np.sin(yaw)
        x, y, z, turn = self._wanted
        change = np.array([c * x - s * y, s * x + c * y, z]) - self._velocity
        if self._lag > 0.0:
            change *= 1.0 - np.exp(-elapsed / self._lag)
        most, length = self._body.max_acceleration * elapsed, float(np.linalg.norm(change))
        if length > most:
            change *= most / length
        self._velocity += change
        self._drain(elapsed, change / elapsed if elapsed > 0.0 else np.zeros(3))
        x, y, z = self._velocity
        return np.array([c * x + s * y, c * y - s * x, z]), float(turn)

    def recharge(self, energy: float) -> None:
        """Put energy [J] into the pack, until it is full."""
        self.charge = min(self._body.battery_capacity, self.charge + energy)

    def _drain(self, elapsed: float, acceleration: Array) -> None:
        b = self._body
        share = float(np.linalg.norm(acceleration + np.array([0.0, 0.0, b.gravity]))) / b.gravity
        climb = max(float(self._velocity[2]), 0.0) * share * b.mass * b.gravity / b.climb_efficiency
        self.power = b.hover_power * share**1.5 + climb
        self.charge = max(0.0, self.charge - self.power * elapsed)
        if self.charge <= 0.0:
            self.lost = "the battery ran empty in flight"
            self.motors(False)
