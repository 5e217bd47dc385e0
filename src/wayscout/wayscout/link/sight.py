# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Line of sight over the terrain."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from wayscout.grid import Grid, Layer

Array = npt.NDArray[np.float64]


def clearance(ground: Grid, a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Return how far the straight line between two points stays above the ground [m], negative below it.

    Unknown ground hides nothing; where no ground is known along the line the result is infinite.

    Args:
        ground: with layer 'elevation' [m].
        a, b: (3,) points in map [m].
    """
    start, end = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    count = max(2, int(np.ceil(np.hypot(*(end - start)[:2]) / ground.resolution)) + 1)
    along = np.linspace(0.0, 1.0, count)[:, None]
    line = start + along * (end - start)
    above = line[:, 2] - ground.sample("elevation", line[:, 0], line[:, 1])
    known = above[np.isfinite(above)]
    return float(known.min()) if len(known) else float("inf")


def viewshed(ground: Grid, eye: npt.ArrayLike, height: float, margin: float = 0.0) -> npt.NDArray[np.bool_]:
    """Return the (rows, cols) cells over which a point of some height is in sight of the eye.

    Unknown cells are not in sight; unknown ground on the way hides nothing.

    Args:
        ground: with layer 'elevation' [m].
        eye: (3,) point in map [m].
        height: of the seen point above the ground [m].
        margin: that the line has to stay above the ground between the two ends [m].
    """
    x, y, z = (float(v) for v in np.asarray(eye, dtype=np.float64))
    column = (x - ground.origin[0]) / ground.resolution - 0.5
    row = (y - ground.origin[1]) / ground.resolution - 0.5
    seen: npt.NDArray[np.bool_] = _viewshed(ground["elevation"], row, column, z, height, margin)
    return seen


@njit(cache=True)  # type: ignore[untyped-decorator]
def _viewshed(
    z: Layer, row: float, column: float, eye: float, height: float, margin: float
) -> npt.NDArray[np.bool_]:
    rows, columns = z.shape
    seen = np.zeros((rows, columns), dtype=np.bool_)
    for r in range(rows):
        for c in range(columns):
            if not np.isfinite(z[r, c]):
                continue
            top = z[r, c] + height
            steps = int(np.ceil(max(abs(r - row), abs(c - column))))
            free = True
            # the ends themselves stand on the ground: only what lies between them can hide
            for k in range(1, steps):
                share = k / steps
                i, j = round(row + share * (r - row)), round(column + share * (c - column))
                if i < 0 or j < 0 or i >= rows or j >= columns:
                    continue
                if z[i, j] + margin > eye + share * (top - eye):  # False where the ground is unknown
                    free = False
                    break
            seen[r, c] = free
    return seen
