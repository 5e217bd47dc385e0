# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Exact cost of a path over a grid of cells with constant cost per metre."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from wayscout.errors import InvalidInput

Array = npt.NDArray[np.float64]


def path_cost(cost: npt.NDArray[np.floating], resolution: float, path: npt.ArrayLike) -> float:
    """Integrate the cost along a path, exactly, cell by cell.

    Args:
        cost: (rows, cols) cost per metre; cell (r, c) covers [c R, (c + 1) R) x [r R, (r + 1) R); inf or NaN
            is an obstacle.
        resolution: R [m].
        path: (n, 2) x, y [m].

    Returns:
        The integral over metres. A stretch along a border counts the cheaper of its two cells. It is inf when
        the path leaves the grid, enters an obstacle, or changes between diagonal cells through a corner of
        which an obstacle is part.

    Raises:
        InvalidInput: when the path is not an (n, 2) array of finite numbers, or the resolution not positive.
    """
    points = np.asarray(path, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points) or not np.all(np.isfinite(points)):
        raise InvalidInput("path", path, "an (n, 2) array of finite x, y [m] is needed")
    if not (math.isfinite(resolution) and resolution > 0.0):
        raise InvalidInput("resolution", resolution, "a positive cell size [m] is needed")
    cells = np.full((cost.shape[0] + 3, cost.shape[1] + 3), np.inf)
    cells[1:-2, 1:-2] = np.where(np.isnan(cost), np.inf, cost)
    return resolution * float(_along(cells, points / resolution))


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _along(cells: Array, points: Array) -> float:
    """Sum over a path in cell units; the cells are padded by one at the low and two at the high sides."""
    total = 0.0
    last_r, last_c = -1, -1
    for i in range(len(points) - 1):
        u0, v0, u1, v1 = points[i, 0], points[i, 1], points[i + 1, 0], points[i + 1, 1]
        length = math.hypot(u1 - u0, v1 - v0)
        if length == 0.0:
            continue
        t = 0.0
        while t < 1.0:
            nearest = min(_next(u0, u1, t), _next(v0, v1, t), 1.0)
            middle = 0.5 * (t + nearest)
            u, v = u0 + middle * (u1 - u0), v0 + middle * (v1 - v0)
            if min(u, v) < -1e-9 or u > cells.shape[1] - 3 + 1e-9 or v > cells.shape[0] - 3 + 1e-9:
                return np.inf
            r, c = math.floor(v) + 1, math.floor(u) + 1
            if u0 == u1 and u0 == math.floor(u0) and cells[r, c - 1] < cells[r, c]:
                c -= 1
            if v0 == v1 and v0 == math.floor(v0) and cells[r - 1, c] < cells[r, c]:
                r -= 1
            if cells[r, c] == np.inf:
                return np.inf
            if (
                last_r >= 0
                and r != last_r
                and c != last_c
                and max(cells[last_r, c], cells[r, last_c]) == np.inf
            ):
                return np.inf
            total += cells[r, c] * length * (nearest - t)
            last_r, last_c = r, c
            t = nearest
    return total


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _next(a: float, b: float, t: float) -> float:
    """Parameter at which a + t (b - a) next meets an integer after t; crossings 1e-12 apart are one."""
    if a == b:
        return 2.0
    x = a + t * (b - a)
    if b > a:
        at = (math.floor(x) + 1.0 - a) / (b - a)
        return at if at > t + 1e-12 else (math.floor(x) + 2.0 - a) / (b - a)
    at = (math.ceil(x) - 1.0 - a) / (b - a)
    return at if at > t + 1e-12 else (math.ceil(x) - 2.0 - a) / (b - a)
