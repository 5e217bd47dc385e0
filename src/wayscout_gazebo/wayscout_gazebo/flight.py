# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The helicopter's part of the adapter: what it is told, how it follows, what that takes from its battery.

Gazebo moves the body at the velocity that is asked for. Here the velocity follows the command as a helicopter
would: with limited acceleration and a lag, level, and at rest once its legs stand. The battery pays what the
embedded simulator's does: hover power times (thrust over weight)^1.5, and what climbing costs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wayscout_sim.commands import within_limits

Array = npt.NDArray[np.float64]

_FALL = -2.0  # m/s at which a helicopter comes down that has lost its power
_LOW = 0.4  # m above the ground below which it sinks gently and may come to stand
_GENTLE = 0.2  # m/s, a push that a leg on a slope stands without tipping the body
_BLOCKED = 2  # looks at which it sinks at less than half the speed that it is moved at: the legs stand
_LEVELLING = 2.0  # 1/s, rate per tilt that brings the body back to level


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


def levelling(roll: float, pitch: float) -> tuple[float, float]:
    """Return the rates [rad/s] about the body's x and y that bring it back to level."""
    return -_LEVELLING * roll, -_LEVELLING * pitch


class Flight:
    """What the helicopter does between two looks at it.

    Args:
        body: limits and energy. lag: time constant with which its speed follows [s].
    """

    def __init__(self, body: HelicopterNumbers, lag: float) -> None:
        self._body, self._lag = body, lag
        self._wanted = np.zeros(4)
        self._velocity = np.zeros(3)
        self._blocked = 0
        self.on = False
        self.stands = True
        self.charge = body.battery_capacity
        self.power = 0.0
        self.lost = ""

    def command(self, velocity: npt.ArrayLike, yaw_rate: float) -> None:
        """Take a velocity (x forward, y left, z up, levelled body frame) [m/s] and a yaw rate [rad/s].

        Raises:
            InvalidInput: when a number is not finite.
        """
        self._wanted = within_limits(velocity, yaw_rate, self._body)

    def motors(self, on: bool) -> None:
        """Start or stop the rotors; a lost helicopter's stay off."""
        self.on = on and not self.lost
        if not self.on:
            self._wanted[:] = 0.0
            self._velocity[:] = 0.0
            self.power = 0.0

    def step(
        self, elapsed: float, yaw: float, climbs: float = 0.0, height: float = math.inf
    ) -> tuple[Array, float]:
        """Let time pass and return how to move until the next call.

        Args:
            elapsed: since the last call [s]. yaw: heading in map [rad].
            climbs: vertical speed that is seen [m/s]. height: above the ground, infinite where unknown [m].

        Returns:
            Velocity (3,) in the levelled body frame [m/s] and yaw rate [rad/s].
        """
        if not self.on:
            return np.array([0.0, 0.0, _FALL if self.lost else 0.0]), 0.0
        c, s = np.cos(yaw), np.sin(yaw)
        x, y, z, turn = self._wanted
        if height < _LOW:
            z = max(z, -_GENTLE)
        self._feel(z, climbs, height)
        if self.stands:
            self._velocity[:] = 0.0
            self._drain(elapsed, np.zeros(3))
            return np.zeros(3), 0.0
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

    def _feel(self, wanted: float, climbs: float, height: float) -> None:
        """Note whether the legs carry the body: it is told to sink, low above the ground, and does not."""
        if wanted > 0.05:
            self.stands, self._blocked = False, 0
        elif height < _LOW and self._velocity[2] < -0.5 * _GENTLE and climbs > 0.5 * self._velocity[2]:
            self._blocked += 1
            self.stands = self.stands or self._blocked >= _BLOCKED
        else:
            self._blocked = 0

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
