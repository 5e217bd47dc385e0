# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""How fast simulated time runs against the wall clock."""

from __future__ import annotations

from collections import deque


class Speedometer:
    """Real-time factor over the last seconds; a jump to another sol does not count.

    Args:
        window: wall clock to look back [s].
        jump: simulated seconds between two looks that are a jump rather than time passed [s].
    """

    def __init__(self, window: float = 5.0, jump: float = 3600.0) -> None:
        self._window = window
        self._jump = jump
        self._looks: deque[tuple[float, float]] = deque()

    def look(self, wall: float, sim: float) -> float:
        """Add a reading of both clocks [s] and return the factor, 0 while it is not known."""
        if self._looks and not 0.0 <= sim - self._looks[-1][1] < self._jump:
            self._looks.clear()
        self._looks.append((wall, sim))
        while len(self._looks) > 2 and wall - self._looks[0][0] > self._window:
            self._looks.popleft()
        passed = wall - self._looks[0][0]
        return (sim - self._looks[0][1]) / passed if passed > 0.2 else 0.0
