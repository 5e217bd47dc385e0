# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Which places the rover passes by on its way, and how near."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

AWAY = 0.5  # [m] farther than at the nearest: then it is behind


class Passing:
    """Told where the rover is, says once for each place that it has been passed.

    Args:
        places: (n, 2) x, y in map [m].
        reach: distance in which a place counts as passed [m].
    """

    def __init__(self, places: npt.ArrayLike, reach: float) -> None:
        self._places = np.asarray(places, dtype=np.float64).reshape(-1, 2)
        self._reach = reach
        self._nearest = np.full(len(self._places), np.inf)
        self._told = np.zeros(len(self._places), dtype=bool)

    def step(self, position: npt.ArrayLike, *, end: bool = False) -> list[tuple[int, float]]:
        """Return index and smallest distance [m] of each place just left behind.

        Args:
            position: x, y of the rover in map [m].
            end: it drives no farther: places in reach count as passed.
        """
        x, y = np.asarray(position, dtype=np.float64)[:2]
        distance = np.hypot(self._places[:, 0] - x, self._places[:, 1] - y)
        self._nearest = np.fmin(self._nearest, distance)
        behind = end | (distance > self._nearest + AWAY)
        new = np.flatnonzero(behind & (self._nearest <= self._reach) & ~self._told)
        self._told[new] = True
        return [(int(k), float(self._nearest[k])) for k in new]
