# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A patch of ground around the rover made of its own last depth pictures.

A new picture laid onto it tells the way since the last one, slip included, free of the errors of any map.
The patch has a frame of its own: heading as the map's when it began, origin wherever it began.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from wayscout.localisation.relief import Fit, fit

Array = npt.NDArray[np.float64]


class GroundPatch:
    """A square of `size` [m] around the rover, mean height in cells of `resolution` [m]."""

    def __init__(self, size: float = 26.0, resolution: float = 0.1, fade: float = 0.9) -> None:
        self._cells = round(size / resolution)
        self._resolution = resolution
        self._fade = fade
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._total = np.zeros((self._cells, self._cells))
        self._weight = np.zeros((self._cells, self._cells))
        self._corner = np.full(2, -0.5 * self._cells * self._resolution)
        self.position = np.zeros(3)
        self._layer: npt.NDArray[np.float32] | None = None

    @property
    def empty(self) -> bool:
        return not self._weight.any()

    def fit(self, cloud: Array, position: Array, yaw: float, sigma: float) -> Fit:
        """Lay a levelled cloud onto the patch, the rover at `position` (3,) of the patch's frame."""
        if self._layer is None:
            with np.errstate(invalid="ignore", divide="ignore"):
                known = self._weight > 0.05
                self._layer = np.where(known, self._total / self._weight, np.nan).astype(np.float32)
        corner = (float(self._corner[0]), float(self._corner[1]))
        return fit(cloud, position, yaw, self._layer, self._resolution, corner, sigma)

    def add(self, cloud: Array, position: Array, yaw: float) -> None:
        """Add a levelled cloud seen from `position`; older ones fade."""
        self.position = position.copy()
        self._follow()
        self._weight *= self._fade
        self._total *= self._fade
        c, s = np.cos(yaw), np.sin(yaw)
        x = position[0] + c * cloud[:, 0] - s * cloud[:, 1]
        y = position[1] + s * cloud[:, 0] + c * cloud[:, 1]
        _gather(x, y, cloud[:, 2] + position[2], self._corner, self._resolution, self._total, self._weight)
        self._layer = None

    def _follow(self) -> None:
        """Move the square in whole cells so that the rover stays in its inner half."""
        middle = self._corner + 0.5 * self._cells * self._resolution
        away = self.position[:2] - middle
        if np.abs(away).max() < 0.1 * self._cells * self._resolution:
            return
        step = np.rint(away / self._resolution).astype(int)
        self._total = _moved(self._total, step)
        self._weight = _moved(self._weight, step)
        self._corner = self._corner + step * self._resolution


def _moved(layer: Array, step: npt.NDArray[np.intp]) -> Array:
    moved = np.zeros_like(layer)
    n = layer.shape[0]
    dx, dy = int(step[0]), int(step[1])
    if abs(dx) < n and abs(dy) < n:
        moved[max(0, -dy) : n - max(0, dy), max(0, -dx) : n - max(0, dx)] = layer[
            max(0, dy) : n - max(0, -dy), max(0, dx) : n - max(0, -dx)
        ]
    return moved


@njit(cache=True)
def _gather(x, y, z, corner, resolution, total, weight):  # type: ignore[no-untyped-def]
    for k in range(len(x)):
        c, r = int(np.floor((x[k] - corner[0]) / resolution)), int(np.floor((y[k] - corner[1]) / resolution))
        if 0 <= r < total.shape[0] and 0 <= c < total.shape[1]:
            total[r, c] += z[k]
            weight[r, c] += 1.0
