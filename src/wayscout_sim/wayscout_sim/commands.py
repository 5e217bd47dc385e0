# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What the helicopter is told, within what it can do; for the embedded simulator and for Gazebo's adapter."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from wayscout.errors import InvalidInput


class Limits(Protocol):
    """Greatest speeds [m/s] and rate of turn [rad/s]."""

    @property
    def max_speed(self) -> float: ...
    @property
    def max_climb_rate(self) -> float: ...
    @property
    def max_yaw_rate(self) -> float: ...


def within_limits(velocity: npt.ArrayLike, yaw_rate: float, limits: Limits) -> npt.NDArray[np.float64]:
    """Return a command as (4,) x forward, y left, z up in the levelled body frame [m/s], yaw rate [rad/s].

    Raises:
        InvalidInput: when a number is not finite.
    """
    wanted = np.append(np.asarray(velocity, dtype=np.float64), yaw_rate)
    if wanted.shape != (4,) or not np.all(np.isfinite(wanted)):
        raise InvalidInput("cmd_vel", wanted.tolist(), "four finite numbers are needed")
    speed = float(np.hypot(wanted[0], wanted[1]))
    if speed > limits.max_speed:
        wanted[:2] *= limits.max_speed / speed
    wanted[2] = np.clip(wanted[2], -limits.max_climb_rate, limits.max_climb_rate)
    wanted[3] = np.clip(wanted[3], -limits.max_yaw_rate, limits.max_yaw_rate)
    return wanted
