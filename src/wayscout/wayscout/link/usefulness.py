# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Which picture is worth most to the decision: what it shows of the ground that the routes may take.

A cell of the ground is worth more the nearer it is to where the rover may drive. A point is measured from
several pictures, so the second and third view of a cell still count, each less than the one before; further
views are only pretty.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.grid import Bounds, Grid

Array = npt.NDArray[np.float64]

VIEWS = (1.0, 1.0, 0.4, 0.1)
"""Worth of the first, second, ... view of a cell; a height needs two."""
BEYOND = 0.02  # worth of a view beyond those, and of ground outside every corridor
NEAR_PATH = 3.0  # [m] beside a candidate path where the ground counts PATH_WORTH times
PATH_WORTH = 3.0


class Usefulness:
    """Values footprints by what they add to those already sent.

    Args:
        bounds: of the map.
        corridors: (centreline (n, 2) [m], width [m]) of each channel.
        resolution: of the sums [m]; coarse is enough.
    """

    def __init__(
        self, bounds: Bounds, corridors: Sequence[tuple[Array, float]], resolution: float = 1.0
    ) -> None:
        self._grid = Grid.over(bounds, resolution)
        self._worth = np.full(self._grid.shape, BEYOND)
        self._views = np.zeros(self._grid.shape, dtype=np.int64)
        for line, width in corridors:
            self._worth[self._band(line, width) > 0] = 1.0

    def prefer(self, paths: Sequence[Array]) -> None:
        """Let the ground beside candidate paths, (n, 2) [m] each, count more."""
        for line in paths:
            near = self._band(line, 2.0 * NEAR_PATH) > 0
            self._worth[near] = np.maximum(self._worth[near], PATH_WORTH)

    def cells(self, footprint: npt.ArrayLike) -> npt.NDArray[np.intp]:
        """Return the cells of the sums that a picture with this (n, 2) outline [m] shows."""
        return np.flatnonzero(self._mask(footprint))

    def value(self, cells: npt.NDArray[np.intp]) -> float:
        """Return what a picture of these cells would add, in m^2 of corridor seen for the first time."""
        views = np.minimum(self._views.ravel()[cells], len(VIEWS))
        worth = np.array([*VIEWS, BEYOND])[views] * self._worth.ravel()[cells]
        return float(worth.sum()) * self._grid.resolution**2

    def sent(self, cells: npt.NDArray[np.intp]) -> None:
        """Note that a picture of these cells has arrived."""
        self._views.ravel()[cells] += 1

    def _mask(self, outline: npt.ArrayLike) -> npt.NDArray[np.uint8]:
        mask = np.zeros(self._grid.shape, dtype=np.uint8)
        corners = self._pixels(np.asarray(outline, dtype=np.float64).reshape(-1, 2))
        if len(corners):
            cv2.fillPoly(mask, [corners], (1,))
        return mask

    def _band(self, line: Array, width: float) -> npt.NDArray[np.uint8]:
        mask = np.zeros(self._grid.shape, dtype=np.uint8)
        thickness = max(1, round(width / self._grid.resolution))
        cv2.polylines(mask, [self._pixels(line)], False, (1,), thickness)
        return mask

    def _pixels(self, points: Array) -> npt.NDArray[np.int32]:
        good = points[np.all(np.isfinite(points[:, :2]), axis=1), :2]
        # a view to the horizon reaches far beyond the map, and beyond what drawing can count
        pixels = np.clip((good - self._grid.origin) / self._grid.resolution - 0.5, -30000.0, 30000.0)
        return np.round(pixels).astype(np.int32)
