# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Cheapest cost from a start to every corner of a weighted grid, to any angle.

The cost is constant within a cell. Values live at the cells' corners; a corner's value is the
cheapest way over its eight triangles, with values interpolated linearly along the far side of a
triangle and travel along a border charged to the cheaper cell (Ferguson and Stentz, "Field D*: an
interpolation-based path planner and replanner", 2005). Corners are settled in order of value from
a ring of buckets; within a bucket the order is first come, first settled, and an improved corner
is simply settled again, so the width of a bucket changes the time, not the result.

Layout: cells and corners share one index. With a stride of `cols + 3`, cell (r, c) and its
south-west corner (r, c) are at (r + 1) stride + (c + 1); a ring of obstacles surrounds the grid.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]

_RING = 2048


def pad(cost: npt.NDArray[np.floating]) -> tuple[F32, int]:
    """Return the flat padded costs (obstacles inf) and the stride of a (rows, cols) cost array."""
    rows, cols = cost.shape
    padded = np.full((rows + 3, cols + 3), np.inf, dtype=np.float32)
    inner = padded[1 : rows + 1, 1 : cols + 1]
    inner[...] = cost
    np.copyto(inner, np.float32(np.inf), where=np.isnan(inner))
    return padded.reshape(-1), cols + 3


def values(cells: F32, stride: int, start: tuple[float, float], goal: tuple[float, float]) -> F32:
    """Return the cost from `start` to the corners, exact up to the goal cell's corners.

    Args:
        cells: padded costs from `pad`.
        start, goal: u, v in cell units inside free cells.

    Returns:
        Flat float32 values in the layout of `cells`, inf where not reached.
    """
    sample = cells[:: max(1, cells.size // 50_000)]
    sample = sample[np.isfinite(sample)]
    # Half a cheap step: wide enough to keep buckets busy, narrow enough that few corners settle twice.
    width = 0.5 * max(float(np.percentile(sample, 30)), float(sample.mean()) / 100.0) if sample.size else 1.0
    return np.asarray(_propagate(cells, stride, *start, *goal, max(width, 1e-30), _RING))


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def cell_index(u: float, v: float, stride: int) -> int:
    return (math.floor(v) + 1) * stride + math.floor(u) + 1


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def is_pinch(cells: F32, n: int, stride: int) -> bool:
    """Tell whether corner n lies between two diagonal obstacles, where nothing may pass."""
    ne, nw = cells[n] == np.inf, cells[n - 1] == np.inf
    se, sw = cells[n - stride] == np.inf, cells[n - stride - 1] == np.inf
    return (ne and sw and not nw and not se) or (nw and se and not ne and not sw)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _propagate(
    cells: F32, stride: int, su: float, sv: float, gu: float, gv: float, width: float, ring: int
) -> F32:
    value = np.full(cells.size, np.inf, dtype=np.float32)
    following = np.zeros(cells.size, dtype=np.int32)
    # `before` is the previous corner in the bucket's list, -1 for one not queued; corner 0, always an
    # obstacle's, stands for "none". Each bucket holds its first and last corner.
    before = np.full(cells.size, -1, dtype=np.int32)
    where = np.zeros(cells.size, dtype=np.int32)
    ends = np.zeros((ring, 2), dtype=np.int32)
    inverse = 1.0 / width
    offsets = np.array([1, stride, -1, -stride])
    # For a step along offsets[k]: the cells on its two sides and the corners across from n beside them.
    left_cell = np.array([0, -1, -stride - 1, -stride])
    right_cell = np.array([-stride, 0, -1, -stride - 1])
    left_far = np.array([stride, -1, -stride, 1])
    right_far = np.array([-stride, 1, stride, -1])
    diagonals = np.array([stride + 1, stride - 1, -stride - 1, -stride + 1])
    diagonal_cell = np.array([0, -1, -stride - 1, -stride])
    side_a = np.array([1, -1 - 1, -stride - 2, -stride + 1])
    side_b = np.array([stride, stride - 1, -2 * stride - 1, -2 * stride])

    first = cell_index(su, sv, stride)
    last = cell_index(gu, gv, stride)
    queued = 0
    for dv in range(2):
        for du in range(2):
            n = first + dv * stride + du
            if is_pinch(cells, n, stride):
                continue
            value[n] = cells[first] * math.hypot(math.floor(su) + du - su, math.floor(sv) + dv - sv)
            queued += _insert(n, int(value[n] * inverse), 0, ring, ends, where, following, before)
    current = 0
    bound = np.inf
    while queued > 0:
        slot = current % ring
        n = ends[slot, 0]
        if n == 0:
            current += 1
            if current * width > bound:
                break
            continue
        _remove(n, ends, where, following, before)
        queued -= 1
        v = value[n]
        if int(v * inverse) > current:
            queued += _insert(n, int(v * inverse), current, ring, ends, where, following, before)
            continue
        if n == last or n == last + 1 or n == last + stride or n == last + stride + 1:
            # Every corner of the goal's cell is reached at the latest along the cell's border.
            bound = min(bound, v + 2.0 * cells[last])
        for k in range(4):
            m = n + offsets[k]
            a, b = cells[n + left_cell[k]], cells[n + right_cell[k]]
            best = v + min(a, b)
            if best == np.inf:
                continue
            f = v - value[n + left_far[k]]
            if 0.0 < f < 0.70711 * a and a < np.inf:
                best = min(best, v + math.sqrt(a * a - f * f))
            f = v - value[n + right_far[k]]
            if 0.0 < f < 0.70711 * b and b < np.inf:
                best = min(best, v + math.sqrt(b * b - f * f))
            old = value[m]
            if best < old * (1.0 - 1e-6):
                if old == np.inf and is_pinch(cells, m, stride):
                    continue
                value[m] = best
                queued += _insert(m, int(best * inverse), current, ring, ends, where, following, before)
        for k in range(4):
            c = cells[n + diagonal_cell[k]]
            if c == np.inf:
                continue
            m = n + diagonals[k]
            best = v + 1.4142135 * c
            b = min(cells[n + side_a[k]], cells[n + side_b[k]])
            if b < 0.70711 * c:  # cut across, then along the border in the cheaper neighbour
                best = v + b + math.sqrt(c * c - b * b)
            old = value[m]
            if best < old * (1.0 - 1e-6):
                if old == np.inf and is_pinch(cells, m, stride):
                    continue
                value[m] = best
                queued += _insert(m, int(best * inverse), current, ring, ends, where, following, before)
    return value


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _insert(
    n: int, bucket: int, current: int, ring: int, ends: I32, where: I32, following: I32, before: I32
) -> int:
    """Queue corner n in its bucket, or as far ahead as the ring reaches; return how many more are queued."""
    slot = min(bucket, current + ring - 1) % ring
    added = 1
    if before[n] != -1:
        if where[n] == slot:
            return 0
        _remove(n, ends, where, following, before)
        added = 0
    tail = ends[slot, 1]
    before[n] = tail
    following[n] = 0
    where[n] = slot
    if tail != 0:
        following[tail] = n
    else:
        ends[slot, 0] = n
    ends[slot, 1] = n
    return added


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _remove(n: int, ends: I32, where: I32, following: I32, before: I32) -> None:
    after, ahead = following[n], before[n]
    if ahead != 0:
        following[ahead] = after
    else:
        ends[where[n], 0] = after
    if after != 0:
        before[after] = ahead
    else:
        ends[where[n], 1] = ahead
    before[n] = -1
