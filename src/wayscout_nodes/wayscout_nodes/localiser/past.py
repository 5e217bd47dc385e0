# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What odometry and laser said a moment ago, and what waits for odometry of its own instant.

Without lock-step a picture takes a while to be made and sent, and its stamp lies between those of odometry:
it waits until odometry has come that far, and is then taken where the vehicle was.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from wayscout.geometry import OutOfTime, Pose, PoseBuffer

_NEAR = 0.2  # s from a range to the instant that it is taken for
_KEPT = 400  # ranges

T = TypeVar("T")


class Waiting(Generic[T]):
    """Readings of one sensor whose instant odometry has not reached yet."""

    def __init__(self) -> None:
        self._readings: list[tuple[float, T]] = []

    def add(self, time: float, reading: T) -> None:
        """Let a reading of a time [s] wait."""
        self._readings.append((time, reading))

    def reached(self, now: float) -> list[tuple[float, T]]:
        """Take out the readings of no later than `now` [s], with their times, in the order they came."""
        reached = [entry for entry in self._readings if entry[0] <= now]
        self._readings = [entry for entry in self._readings if entry[0] > now]
        return reached

    def clear(self) -> None:
        """Forget them all, after a jump back in time."""
        self._readings.clear()


@dataclass
class Past:
    """Odometry of one vehicle, and ranges, over the last half minute."""

    _odom: PoseBuffer = field(default_factory=PoseBuffer)
    _times: list[float] = field(default_factory=list)
    _ranges: list[float] = field(default_factory=list)

    def add(self, time: float, odom: Pose) -> None:
        """Note base_link in the odometry frame at a time [s]."""
        self._odom.add(time, odom)

    def add_range(self, time: float, distance: float) -> None:
        """Note a laser range [m], NaN for no echo; a jump back in time forgets the others."""
        if self._times and time <= self._times[-1]:
            if time == self._times[-1]:
                return
            self._times.clear()
            self._ranges.clear()
        self._times.append(time)
        self._ranges.append(distance)
        del self._times[:-_KEPT], self._ranges[:-_KEPT]

    def odom(self, time: float) -> Pose | None:
        """Return the odometry at a time [s], or None where it is not known."""
        try:
            return self._odom.lookup(time)
        except OutOfTime:
            return None

    def distance(self, time: float) -> float:
        """Return the range at a time [s], between its neighbours; NaN where none is near."""
        i = bisect_left(self._times, time)
        if i < len(self._times) and self._times[i] == time:
            return self._ranges[i]
        near = [k for k in (i - 1, i) if 0 <= k < len(self._times) and abs(self._times[k] - time) <= _NEAR]
        if len(near) == 2 and all(math.isfinite(self._ranges[k]) for k in near):
            (t0, t1), (r0, r1) = (self._times[k] for k in near), (self._ranges[k] for k in near)
            return r0 + (r1 - r0) * (time - t0) / (t1 - t0)
        return min(((abs(self._times[k] - time), self._ranges[k]) for k in near), default=(0.0, math.nan))[1]
