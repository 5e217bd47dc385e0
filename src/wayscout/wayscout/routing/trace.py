# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Follow a value field from the goal down to the start, cell by cell."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from wayscout.routing.field import F32, cell_index

Array = npt.NDArray[np.float64]
Cells = npt.NDArray[np.int64]

_SNAP = 1e-6


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def descend(
    cells: F32, stride: int, value: F32, su: float, sv: float, gu: float, gv: float
) -> tuple[Array, Array, Cells]:
    """Trace the way from start to goal in cell units.

    At each point the next one is the best point on the border of a touching cell, values interpolated
    linearly between corners; values fall strictly, so the descent ends.

    Returns:
        u, v of n points from start to goal, and the n - 1 cells between them; empty when there is no way.
    """
    limit = 16 * (stride + cells.size // stride) + 64
    us, vs, between = [gu], [gv], [0]
    u, v = gu, gv
    home = cell_index(su, sv, stride)
    current = np.inf
    touching = np.empty(4, dtype=np.int64)
    while True:
        count = _touching(u, v, stride, touching, cell_index(gu, gv, stride) if len(us) == 1 else -1)
        best, best_u, best_v, best_cell, best_value = np.inf, 0.0, 0.0, -1, 0.0
        for i in range(count):
            k = touching[i]
            c = cells[k]
            if c == np.inf:
                continue
            if k == home:
                total = c * math.hypot(su - u, sv - v)
                if total < best:
                    best, best_u, best_v, best_cell, best_value = total, su, sv, k, -1.0
            r0, c0 = float(k // stride - 1), float(k % stride - 1)
            for side in range(4):
                flat = side < 2  # the border is horizontal
                a = k + (stride if side == 1 else (1 if side == 3 else 0))
                b = a + (1 if flat else stride)
                va, vb = value[a], value[b]
                along = u - c0 if flat else v - r0
                off = abs(v - r0 - side) if flat else abs(u - c0 - (side - 2))
                t, rate = 0.0, c
                if off < _SNAP:  # on this border: along it in the cheaper cell, to a corner
                    beyond = k + (stride * (2 * side - 1) if flat else 2 * side - 5)
                    rate = min(c, cells[beyond])
                    t = 0.0 if va + rate * along <= vb + rate * (1.0 - along) else 1.0
                elif va == np.inf or vb == np.inf:
                    t = 0.0 if va < vb else 1.0
                else:
                    fall = vb - va
                    if abs(fall) < c:
                        t = min(max(along - off * fall / math.sqrt(c * c - fall * fall), 0.0), 1.0)
                    else:
                        t = 0.0 if fall > 0.0 else 1.0
                if t < _SNAP or t > 1.0 - _SNAP:
                    t = 0.0 if t < 0.5 else 1.0
                there = va if t == 0.0 else (vb if t == 1.0 else va + t * (vb - va))
                if not there < current:
                    continue
                total = there + rate * math.hypot(off, t - along)
                if total < best:
                    best, best_value, best_cell = total, there, k
                    best_u = c0 + t if flat else c0 + (side - 2)
                    best_v = r0 + side if flat else r0 + t
                    if off < _SNAP and rate < c:
                        best_cell = k + (stride * (2 * side - 1) if flat else 2 * side - 5)
        if best_cell < 0 or len(us) > limit:
            empty = np.empty(0)
            return empty, empty, np.empty(0, dtype=np.int64)
        us.append(best_u)
        vs.append(best_v)
        between.append(best_cell)
        if best_value < 0.0:
            break
        u, v, current = best_u, best_v, best_value
    n = len(us)
    pu, pv, pk = np.empty(n), np.empty(n), np.empty(n - 1, dtype=np.int64)
    for i in range(n):
        pu[i], pv[i] = us[n - 1 - i], vs[n - 1 - i]
        if i < n - 1:
            pk[i] = between[n - 1 - i]
    return pu, pv, pk


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _touching(u: float, v: float, stride: int, out: Cells, inside: int) -> int:
    """List the cells whose border holds the point, or the one cell `inside` when given."""
    if inside >= 0:
        out[0] = inside
        return 1
    on_u, on_v = u == math.floor(u), v == math.floor(v)
    n = cell_index(u, v, stride)
    out[0] = n
    count = 1
    if on_u:
        out[count] = n - 1
        count += 1
    if on_v:
        out[count] = n - stride
        count += 1
    if on_u and on_v:
        out[count] = n - stride - 1
        count += 1
    return count
