# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Slip from the difference between wheel travel and localised motion."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from wayscout.driving.body import DrivingParameters, RoverBody

OK, SLIPPING, STUCK = "ok", "slipping", "stuck"
TURN_WINDOW = 0.6  # [rad] of wheels' turning over which a turn in place is judged


class SlipMonitor:
    """Estimate slip over the last `slip_window` metres of wheel travel and judge it with patience."""

    def __init__(self, body: RoverBody, parameters: DrivingParameters) -> None:
        self._limit = body.max_slip
        self._parameters = parameters
        self._track: deque[tuple[float, float, float, float]] = deque()
        self._travel = 0.0
        self._above = 0.0
        self._turned_wheels = 0.0
        self._turn_from: float | None = None
        self._turned = 0.0
        self.slip = 0.0

    def reset(self) -> None:
        """Forget the past, for instance after a stop by hand or a jump of the localiser."""
        self._track.clear()
        self._above = self._turned_wheels = self._turned = self.slip = 0.0
        self._turn_from = None

    def drive(self, position: Sequence[float], wheel_travel: float) -> str:
        """Take one step straight or in a bend.

        Args:
            position: (3,) localised position in map [m].
            wheel_travel: mean way of the wheels' rims since the last step [m].

        Returns:
            'ok', 'slipping' (above max_slip for longer than slip_patience) or 'stuck'.
        """
        self._turn_from = None
        step = abs(float(wheel_travel))
        self._travel += step
        here = (self._travel, float(position[0]), float(position[1]), float(position[2]))
        if not np.all(np.isfinite(here)):
            return OK
        self._track.append(here)
        window = self._parameters.slip_window
        while len(self._track) > 2 and self._track[1][0] <= self._travel - window:
            self._track.popleft()
        first = self._track[0]
        travelled = self._travel - first[0]
        if travelled < 0.5 * window:
            self._above = 0.0
            return OK
        moved = float(np.sqrt(sum((a - b) ** 2 for a, b in zip(here[1:], first[1:], strict=True))))
        self.slip = float(np.clip(1.0 - moved / travelled, 0.0, 1.0))
        full = travelled >= 0.9 * window
        if full and self.slip >= self._parameters.stuck_slip:
            return STUCK
        self._above = self._above + step if self.slip > self._limit else 0.0
        return SLIPPING if self._above > self._parameters.slip_patience else OK

    def turn(self, yaw: float, wheel_turn: float) -> str:
        """Take one step of a turn in place: localised yaw [rad] and what the wheels turned by [rad].

        Returns:
            'ok', or 'stuck' when the rover turned by less than a tenth of what the wheels did.
        """
        self._track.clear()
        self._above = 0.0
        if self._turn_from is None:
            self._turned_wheels = self._turned = 0.0
        else:
            self._turned += float((yaw - self._turn_from + np.pi) % (2.0 * np.pi) - np.pi)
            self._turned_wheels += float(wheel_turn)
        self._turn_from = float(yaw)
        if abs(self._turned_wheels) < TURN_WINDOW:
            return OK
        share = self._turned / self._turned_wheels
        self._turned_wheels = self._turned = 0.0
        self.slip = float(np.clip(1.0 - share, 0.0, 1.0))
        return STUCK if share < 1.0 - self._parameters.stuck_slip else OK
