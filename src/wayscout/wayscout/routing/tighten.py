# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Pull a path tight within and between the cells it crosses.

The path is a sequence of cells, neighbours by a border, and one crossing point on each border. Its cost
is a convex function of the crossings (Snell's law where the costs differ), so it is minimised crossing
by crossing; the sequence itself changes by straight cuts and by flips to the other side of a corner.
Crossings keep `INSET` cells away from corners: a path never touches an obstacle nor runs along a border,
so its integral has no special cases.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from wayscout.routing.field import F32

Array = npt.NDArray[np.float64]
Cells = npt.NDArray[np.int64]

INSET = 1e-4


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def tighten(
    cells: F32, stride: int, us: Array, vs: Array, between: Cells, rounds: int
) -> tuple[Array, Array, Cells]:
    """Improve a traced path.

    Args:
        cells, stride: padded costs of `field.pad`.
        us, vs: (n,) points in cell units, start to goal; inner ones on borders.
        between: (n - 1,) the cell between each two points.
        rounds: how often to sweep at most.

    Returns:
        Points (m,) u, v and the (m - 1,) cells between; every inner point crosses the border of its cells.
    """
    us, vs, between = _crossings(cells, stride, us, vs, between)
    before = _cost(cells, us, vs, between)
    for turn in range(rounds):
        _slide(cells, stride, us, vs, between, 3)
        us, vs, between = _flip(cells, stride, us, vs, between)
        window = 4
        while window <= 256:
            us, vs, between = _cut(cells, stride, us, vs, between, window, (turn * 7) % window)
            window *= 2
        _slide(cells, stride, us, vs, between, 3)
        now = _cost(cells, us, vs, between)
        if turn > 2 and before - now < 1e-5 * now:
            break
        before = now
    return us, vs, between


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _cost(cells: F32, us: Array, vs: Array, between: Cells) -> float:
    total = 0.0
    for i in range(len(between)):
        total += float(cells[between[i]]) * math.hypot(us[i + 1] - us[i], vs[i + 1] - vs[i])
    return total


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _border(k: int, j: int, stride: int) -> tuple[bool, float, float]:
    """Border between neighbouring cells: whether it is horizontal, its lattice line, its low end."""
    high = max(k, j)
    r, c = float(high // stride - 1), float(high % stride - 1)
    return (True, r, c) if abs(k - j) == stride else (False, c, r)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _crossings(cells: F32, stride: int, us: Array, vs: Array, between: Cells) -> tuple[Array, Array, Cells]:
    """Turn a trace, which may pass through corners, into one crossing for each border."""
    size = 3 * len(us) + 4
    pu, pv, pk = np.empty(size), np.empty(size), np.empty(size, dtype=np.int64)
    pu[0], pv[0], pk[0] = us[0], vs[0], between[0]
    n = 1
    for i in range(1, len(between)):
        target = between[i]
        n = _step(cells, stride, pu, pv, pk, n, target, us[i], vs[i])
    pu[n], pv[n] = us[-1], vs[-1]
    return pu[: n + 1].copy(), pv[: n + 1].copy(), pk[:n].copy()


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _step(
    cells: F32, stride: int, pu: Array, pv: Array, pk: Cells, n: int, target: int, u: float, v: float
) -> int:
    """Append the crossing at about (u, v) from the last cell into `target`, round a corner where needed.

    Going back into the cell before the last undoes the last crossing, unless the detour is in a cheaper cell.
    """
    last = pk[n - 1]
    if target == last:
        return n
    step = abs(target - last)
    if step != 1 and step != stride:
        a, b = _corner_cells(last, target, stride)
        n = _step(cells, stride, pu, pv, pk, n, a if cells[a] <= cells[b] else b, u, v)
        n = int(_step(cells, stride, pu, pv, pk, n, target, u, v))
        return n
    if n >= 2 and pk[n - 2] == target and cells[target] <= cells[last]:
        return n - 1
    flat, line, low = _border(last, target, stride)
    t = min(max(u if flat else v, low + INSET), low + 1.0 - INSET)
    pu[n], pv[n] = (t, line) if flat else (line, t)
    pk[n] = target
    return n + 1


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _corner_cells(k: int, j: int, stride: int) -> tuple[int, int]:
    """The two cells that share borders with both of two diagonal cells."""
    dc = j % stride - k % stride
    return k + dc, j - dc


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _best_crossing(
    flat: bool,
    line: float,
    low: float,
    u0: float,
    v0: float,
    c0: float,
    u1: float,
    v1: float,
    c1: float,
    t: float,
) -> float:
    """Point on a border that makes c0 |p0 - p| + c1 |p - p1| least, by Newton's method kept inside."""
    d0, d1 = (line - v0, v1 - line) if flat else (line - u0, u1 - line)
    s0, s1 = (u0, u1) if flat else (v0, v1)
    low, high = low + INSET, low + 1.0 - INSET
    left, right = low, high
    t = min(max(t, left), right)
    for _ in range(40):
        h0, h1 = math.hypot(d0, t - s0), math.hypot(d1, t - s1)
        if h0 < 1e-12 or h1 < 1e-12:
            return t
        slope = c0 * (t - s0) / h0 + c1 * (t - s1) / h1
        if slope > 0.0:
            right = t
        else:
            left = t
        bend = c0 * d0 * d0 / (h0 * h0 * h0) + c1 * d1 * d1 / (h1 * h1 * h1)
        new = t - slope / bend if bend > 1e-12 else (low if slope > 0.0 else high)
        if not left <= new <= right:
            new = max(low, left) if new < left else min(high, right)
            if new == t:
                return t
            if left > low or right < high:
                new = 0.5 * (left + right)
        if abs(new - t) < 1e-7:
            return new
        t = new
    return t


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _slide(cells: F32, stride: int, us: Array, vs: Array, between: Cells, sweeps: int) -> None:
    """Slide every crossing along its border to its best place, forth and back."""
    n = len(between)
    for sweep in range(2 * sweeps):
        for j in range(1, n):
            i = j if sweep % 2 == 0 else n - j
            flat, line, low = _border(between[i - 1], between[i], stride)
            t = _best_crossing(
                flat, line, low, us[i - 1], vs[i - 1], cells[between[i - 1]],
                us[i + 1], vs[i + 1], cells[between[i]], us[i] if flat else vs[i],
            )  # fmt: skip
            if flat:
                us[i] = t
            else:
                vs[i] = t


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _flip(cells: F32, stride: int, us: Array, vs: Array, between: Cells) -> tuple[Array, Array, Cells]:
    """Where the path rounds a corner, try the cell on its other side."""
    for i in range(1, len(between) - 1):
        k, mid, j = between[i - 1], between[i], between[i + 1]
        if k % stride == j % stride or k // stride == j // stride:
            continue
        a, b = _corner_cells(k, j, stride)
        other = b if mid == a else a
        c0, c1, c2 = cells[k], cells[other], cells[j]
        if c1 == np.inf:
            continue
        old = (
            c0 * math.hypot(us[i] - us[i - 1], vs[i] - vs[i - 1])
            + cells[mid] * math.hypot(us[i + 1] - us[i], vs[i + 1] - vs[i])
            + c2 * math.hypot(us[i + 2] - us[i + 1], vs[i + 2] - vs[i + 1])
        )
        flat0, line0, low0 = _border(k, other, stride)
        flat1, line1, low1 = _border(other, j, stride)
        # The corner, seen along both borders.
        t0, t1 = line1, line0
        for _ in range(4):
            qu1, qv1 = (t1, line1) if flat1 else (line1, t1)
            t0 = _best_crossing(flat0, line0, low0, us[i - 1], vs[i - 1], c0, qu1, qv1, c1, t0)
            qu0, qv0 = (t0, line0) if flat0 else (line0, t0)
            t1 = _best_crossing(flat1, line1, low1, qu0, qv0, c1, us[i + 2], vs[i + 2], c2, t1)
        qu0, qv0 = (t0, line0) if flat0 else (line0, t0)
        qu1, qv1 = (t1, line1) if flat1 else (line1, t1)
        new = (
            c0 * math.hypot(qu0 - us[i - 1], qv0 - vs[i - 1])
            + c1 * math.hypot(qu1 - qu0, qv1 - qv0)
            + c2 * math.hypot(us[i + 2] - qu1, vs[i + 2] - qv1)
        )
        if new < old * (1.0 - 1e-9):
            between[i] = other
            us[i], vs[i], us[i + 1], vs[i + 1] = qu0, qv0, qu1, qv1
    # A flip may leave a path that enters a cell and returns.
    us, vs, between = _crossings(cells, stride, us, vs, between)
    return us, vs, between


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _cut(
    cells: F32, stride: int, us: Array, vs: Array, between: Cells, window: int, shift: int
) -> tuple[Array, Array, Cells]:
    """Replace stretches of `window` cells by straight lines where these cost less."""
    n = len(between)
    size = n + window + 16  # a straight line crosses no more cells than what it replaces
    pu, pv, pk = np.empty(size), np.empty(size), np.empty(size, dtype=np.int64)
    lu, lv, lk = np.empty(size), np.empty(size), np.empty(size, dtype=np.int64)
    pu[0], pv[0], pk[0] = us[0], vs[0], between[0]
    m, i = 1, 0
    stop = shift
    while i < n - 1:
        j = min(i + window, n - 1)
        if i < stop or j - i < 2:
            i += 1
            m = _step(cells, stride, pu, pv, pk, m, between[i], us[i], vs[i])
            continue
        # pk[m - 1] == between[i] and pu[m - 1] is the point that enters it.
        old = 0.0
        for k in range(i, j + 1):
            u0, v0 = (pu[m - 1], pv[m - 1]) if k == i else (us[k], vs[k])
            old += cells[between[k]] * math.hypot(us[k + 1] - u0, vs[k + 1] - v0)
        # From within the first cell to within the last, so that the line's first and last cell are certain.
        share = 0.0 if i == 0 else 0.5
        au, av = pu[m - 1] + share * (us[i + 1] - pu[m - 1]), pv[m - 1] + share * (vs[i + 1] - pv[m - 1])
        share = 1.0 if j == n - 1 else 0.5
        bu, bv = us[j] + share * (us[j + 1] - us[j]), vs[j] + share * (vs[j + 1] - vs[j])
        lu[0], lv[0], lk[0] = pu[m - 1], pv[m - 1], between[i]
        count = _line(cells, stride, au, av, bu, bv, between[j], lu, lv, lk)
        if count > 0:
            new = 0.0
            for k in range(count):
                u1, v1 = (lu[k + 1], lv[k + 1]) if k < count - 1 else (us[j + 1], vs[j + 1])
                new += cells[lk[k]] * math.hypot(u1 - lu[k], v1 - lv[k])
            if new < old * (1.0 - 1e-9):
                for k in range(1, count):
                    pu[m], pv[m], pk[m] = lu[k], lv[k], lk[k]
                    m += 1
                i = j
                continue
        ahead = min(i + max(1, window // 4), n - 1)
        while i < ahead:
            i += 1
            m = _step(cells, stride, pu, pv, pk, m, between[i], us[i], vs[i])
    pu[m], pv[m] = us[-1], vs[-1]
    return pu[: m + 1].copy(), pv[: m + 1].copy(), pk[:m].copy()


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _line(
    cells: F32,
    stride: int,
    au: float,
    av: float,
    bu: float,
    bv: float,
    goal: int,
    lu: Array,
    lv: Array,
    lk: Cells,
) -> int:
    """Walk straight from a in cell lk[0] to b in cell `goal`; return the number of cells, 0 if blocked."""
    du, dv = bu - au, bv - av
    n = 1
    for _ in range(int(abs(du) + abs(dv)) + 4):
        k = lk[n - 1]
        if k == goal:
            return n
        r, c = float(k // stride - 1), float(k % stride - 1)
        tu = (c + 1.0 - au) / du if du > 0.0 else ((c - au) / du if du < 0.0 else np.inf)
        tv = (r + 1.0 - av) / dv if dv > 0.0 else ((r - av) / dv if dv < 0.0 else np.inf)
        t = min(tu, tv)
        across = k + (1 if du > 0.0 else -1)
        up = k + (stride if dv > 0.0 else -stride)
        if abs(tu - tv) < 1e-9:
            target = across if cells[across] <= cells[up] else up
        else:
            target = across if tu < tv else up
        if cells[target] == np.inf:
            return 0
        flat, line, low = _border(k, target, stride)
        x = au + t * du if flat else av + t * dv
        x = min(max(x, low + INSET), low + 1.0 - INSET)
        lu[n], lv[n] = (x, line) if flat else (line, x)
        lk[n] = target
        n += 1
    return 0
