# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Cheapest route over a planning map, priced by the direction it is driven in.

A lattice search (Dijkstra) over 16 neighbours, then straight cuts and smoothing under the same price.
Prices are metres of level, firm ground: energy relative to it, times one plus risk. What may not be
driven has a price so high that a route takes it only when there is no other; so one search answers both
"which is best" and "where is it blocked".
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from numba import njit

from wayscout.errors import InvalidInput
from wayscout.grid import Grid
from wayscout.mars import GRAVITY
from wayscout.routing.parameters import RouterParams, RoverLimits

Array = npt.NDArray[np.float64]
Layer = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

FORBIDDEN = 2000.0
"""Price of a metre over a limit: more than any detour on these maps."""


@dataclass(frozen=True)
class Pricing:
    """What a metre costs, cell by cell; see `price`.

    Attributes:
        grid: the planning map.
        risk: (rows, cols) factor minus one of the price that does not depend on direction; inf closes a cell.
        slip_slope, slip_sand: table of slip on loose sand over slope [rad].
        numbers: slip on rock, slip limit, lifting term, barrier start and weight, for the compiled search.
    """

    grid: Grid
    risk: Layer
    slip_slope: Array
    slip_sand: Array
    numbers: Array


def pricing(grid: Grid, shut: Mask, params: RouterParams, limits: RoverLimits) -> Pricing:
    """Prepare the prices of a planning map; cells of `shut` can't be entered."""
    tilt = np.arctan(np.hypot(grid["slope_x"], grid["slope_y"]))
    risk: Array = _barrier(tilt / limits.plan_tilt, params)
    risk += _barrier(grid["obstacle"] / limits.plan_step, params, lethal=False)
    need = params.half_width + params.keep_off
    if params.soft_margin > 0.0:
        near = np.clip(1.0 - (grid["clearance"] - need) / params.soft_margin, 0.0, 1.0)
        risk += params.barrier_weight * near**2
    risk += np.where(grid["clearance"] < need, FORBIDDEN * (1.5 - grid["clearance"] / need), 0.0)
    risk += np.where(grid["measured"] > 0.5, 0.0, params.unknown_weight)
    usable = np.isfinite(risk) & np.isfinite(grid["slope_x"]) & ~shut
    closed_off = np.where(usable, risk, np.inf).astype(np.float32)
    level = limits.idle_power + limits.drive_power
    lift = limits.mass * GRAVITY * limits.speed / params.drive_efficiency / level
    numbers = np.array(
        [limits.slip_on_rock, limits.max_slip, lift, params.barrier_start, params.barrier_weight]
    )
    slips = np.asarray(limits.slip_on_sand, dtype=np.float64)
    return Pricing(grid, closed_off, np.radians(limits.slip_slopes), slips, numbers)


def _barrier(share: npt.NDArray[np.floating], params: RouterParams, *, lethal: bool = True) -> Array:
    """Cost of coming near a limit: 0 up to `barrier_start`, `barrier_weight` at it, forbidden beyond."""
    over = np.clip((share - params.barrier_start) / (1.0 - params.barrier_start), 0.0, 1.0)
    result: Array = params.barrier_weight * over**2
    return result + (np.where(share > 1.0, FORBIDDEN * share, 0.0) if lethal else 0.0)


def route(
    prices: Pricing, start: tuple[float, float], goal: tuple[float, float], spacing: float = 0.5
) -> Array | None:
    """Return the (n, 2) route x, y [m] with a point about every `spacing` metres, None when it is closed off.

    Raises:
        InvalidInput: when start or goal lie outside the map.
    """
    grid = prices.grid
    cells = []
    for name, (x, y) in (("start", start), ("goal", goal)):
        if not bool(grid.bounds.contains(x, y)):
            raise InvalidInput(name, (x, y), f"a point within {grid.bounds} is needed")
        row, col = grid.indices(x, y)
        cells.append((int(row), int(col)))
    risk = prices.risk.copy()
    for cell in cells:  # the vehicle stands there: whatever the map says, it can leave
        risk[cell] = min(float(risk[cell]), 1.0)
    layers = (risk, grid["slope_x"], grid["slope_y"], grid["sand"])
    table = (prices.slip_slope, prices.slip_sand, prices.numbers)
    found = _dijkstra(*layers, *table, *cells[0], *cells[1])
    if not len(found):
        return None
    line = found.astype(np.float64)
    for i, (x, y) in ((0, start), (-1, goal)):
        line[i] = (np.array([y, x]) - np.array(grid.origin)[::-1]) / grid.resolution - 0.5
    line = _cut(*layers, *table, line)
    line = _even(line, spacing / grid.resolution)
    line = _relax(*layers, *table, line, 60)
    xy = np.stack([line[:, 1], line[:, 0]], axis=1)
    return np.asarray((xy + 0.5) * grid.resolution + np.array(grid.origin))


def price(prices: Pricing, path: Array) -> Array:
    """Return the price of each of the n - 1 pieces of an (n, 2) path x, y [m] in metres of level ground.

    It is inf for a piece that begins or ends in a closed cell. One that only clips a closed cell's corner, as
    evening out a path may leave it, is priced per metre like the open pieces around it.
    """
    grid = prices.grid
    line = ((path - np.array(grid.origin)) / grid.resolution - 0.5)[:, ::-1]
    layers = (prices.risk, grid["slope_x"], grid["slope_y"], grid["sand"])
    table = (prices.slip_slope, prices.slip_sand, prices.numbers)
    pieces = np.array([_segment(*layers, *table, *a, *b) for a, b in pairwise(line)])
    cell = np.clip(np.floor(line + 0.5).astype(np.int64), 0, np.array(prices.risk.shape) - 1)
    open_ = np.isfinite(prices.risk[cell[:, 0], cell[:, 1]])
    clipped = np.isinf(pieces) & open_[:-1] & open_[1:]
    whole = np.isfinite(pieces)
    if clipped.any() and whole.any():
        length = np.maximum(np.hypot(*np.diff(line, axis=0).T), 1e-9)
        at = np.arange(len(pieces))
        pieces[clipped] = length[clipped] * np.interp(at[clipped], at[whole], (pieces / length)[whole])
    return np.asarray(pieces * grid.resolution)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def slip(slope: float, sand: float, slopes: Array, slips: Array, on_rock: float) -> float:
    """Share of wheel travel lost on a slope [rad] (either way) with that share of loose sand."""
    s = abs(slope)
    loose = slips[-1]
    for i in range(1, len(slopes)):
        if s <= slopes[i]:
            loose = slips[i - 1] + (slips[i] - slips[i - 1]) * (s - slopes[i - 1]) / (
                slopes[i] - slopes[i - 1]
            )
            break
    return float(sand * max(loose, on_rock) + (1.0 - sand) * on_rock)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _metre(
    risk: float,
    sx: float,
    sy: float,
    sand: float,
    dr: float,
    dc: float,
    slopes: Array,
    slips: Array,
    numbers: Array,
) -> float:
    """Price of a metre in direction (dr, dc), a unit vector, in one cell."""
    slope = math.atan(sx * dc + sy * dr)
    lost = slip(slope, sand, slopes, slips, numbers[0])
    share = lost / numbers[1]
    extra = risk
    if slope > 0.0 and share > numbers[3]:
        over = min((share - numbers[3]) / (1.0 - numbers[3]), 1.0)
        extra += numbers[4] * over * over
        if share >= 1.0:
            extra += FORBIDDEN * share
    lift = numbers[2] * math.sin(slope)
    power = max(1.0 + lift, 0.6)  # downhill the drive holds back; idle power stays
    return float(power / (1.0 - min(lost, 0.9)) * (1.0 + extra))


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _segment(
    risk: Layer, sx: Layer, sy: Layer, sand: Layer, slopes: Array, slips: Array, numbers: Array,
    r0: float, c0: float, r1: float, c1: float,
) -> float:  # fmt: skip
    """Price of a straight piece in cells, sampled about every half cell."""
    length = math.hypot(r1 - r0, c1 - c0)
    if length < 1e-9:
        return 0.0
    n = max(1, math.ceil(length / 0.5))
    dr, dc = (r1 - r0) / length, (c1 - c0) / length
    total = 0.0
    for i in range(n):
        t = (i + 0.5) / n
        r, c = math.floor(r0 + t * (r1 - r0) + 0.5), math.floor(c0 + t * (c1 - c0) + 0.5)
        if r < 0 or c < 0 or r >= risk.shape[0] or c >= risk.shape[1] or risk[r, c] == np.inf:
            return np.inf
        total += _metre(risk[r, c], sx[r, c], sy[r, c], sand[r, c], dr, dc, slopes, slips, numbers)
    return total * length / n


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _dijkstra(
    risk: Layer, sx: Layer, sy: Layer, sand: Layer, slopes: Array, slips: Array, numbers: Array,
    r0: int, c0: int, r1: int, c1: int,
) -> npt.NDArray[np.int64]:  # fmt: skip
    """Cells (n, 2) of the cheapest lattice route; empty when there is none."""
    rows, cols = risk.shape
    steps = np.array(
        [[0, 1], [1, 0], [0, -1], [-1, 0], [1, 1], [1, -1], [-1, -1], [-1, 1],
         [1, 2], [2, 1], [2, -1], [1, -2], [-1, -2], [-2, -1], [-2, 1], [-1, 2]]
    )  # fmt: skip
    value = np.full((rows, cols), np.inf)
    parent = np.full((rows, cols), -1, np.int8)
    done = np.zeros((rows, cols), np.bool_)
    value[r0, c0] = 0.0
    queue = [(0.0, r0, c0)]
    while len(queue) > 0:
        v, r, c = heapq.heappop(queue)
        if done[r, c]:
            continue
        done[r, c] = True
        if r == r1 and c == c1:
            break
        for k in range(16):
            nr, nc = r + steps[k, 0], c + steps[k, 1]
            if nr < 0 or nc < 0 or nr >= rows or nc >= cols or done[nr, nc] or risk[nr, nc] == np.inf:
                continue
            new = v + _segment(risk, sx, sy, sand, slopes, slips, numbers, r, c, nr, nc)
            if new < value[nr, nc]:
                value[nr, nc] = new
                parent[nr, nc] = k
                heapq.heappush(queue, (new, nr, nc))
    if not done[r1, c1]:
        return np.empty((0, 2), np.int64)
    backwards = [(r1, c1)]
    r, c = r1, c1
    while parent[r, c] >= 0:
        k = parent[r, c]
        r, c = r - steps[k, 0], c - steps[k, 1]
        backwards.append((r, c))
    path = np.empty((len(backwards), 2), np.int64)
    for i in range(len(backwards)):
        path[i, 0], path[i, 1] = backwards[len(backwards) - 1 - i]
    return path


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _cut(
    risk: Layer, sx: Layer, sy: Layer, sand: Layer, slopes: Array, slips: Array, numbers: Array, line: Array
) -> Array:
    """Replace stretches by straight pieces where these cost no more."""
    for window in (32, 16, 8, 4, 2):
        kept = [0]
        i = 0
        while i < len(line) - 1:
            j = min(i + window, len(line) - 1)
            taken = i + 1
            while j > i + 1:
                old = 0.0
                for k in range(i, j):
                    old += _segment(
                        risk, sx, sy, sand, slopes, slips, numbers,
                        line[k, 0], line[k, 1], line[k + 1, 0], line[k + 1, 1],
                    )  # fmt: skip
                new = _segment(
                    risk, sx, sy, sand, slopes, slips, numbers, line[i, 0], line[i, 1], line[j, 0], line[j, 1]
                )
                if new <= old * (1.0 + 1e-6):
                    taken = j
                    break
                j = i + (j - i) // 2
            kept.append(taken)
            i = taken
        shorter = np.empty((len(kept), 2))
        for k in range(len(kept)):
            shorter[k] = line[kept[k]]
        line = shorter
    return line


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _relax(
    risk: Layer, sx: Layer, sy: Layer, sand: Layer, slopes: Array, slips: Array, numbers: Array,
    line: Array, sweeps: int,
) -> Array:  # fmt: skip
    """Round bends: move points towards their neighbours' middle while the price rises by no more than 1 %."""
    line = line.copy()
    for _ in range(sweeps):
        for i in range(1, len(line) - 1):
            r = 0.5 * line[i, 0] + 0.25 * (line[i - 1, 0] + line[i + 1, 0])
            c = 0.5 * line[i, 1] + 0.25 * (line[i - 1, 1] + line[i + 1, 1])
            a, b = line[i - 1], line[i + 1]
            old = _segment(risk, sx, sy, sand, slopes, slips, numbers, a[0], a[1], line[i, 0], line[i, 1])
            old += _segment(risk, sx, sy, sand, slopes, slips, numbers, line[i, 0], line[i, 1], b[0], b[1])
            new = _segment(risk, sx, sy, sand, slopes, slips, numbers, a[0], a[1], r, c)
            new += _segment(risk, sx, sy, sand, slopes, slips, numbers, r, c, b[0], b[1])
            if new <= old * 1.0002:
                line[i, 0], line[i, 1] = r, c
    return line


def _even(line: Array, spacing: float) -> Array:
    """Resample a polyline about every `spacing` in its own unit; ends stay."""
    pieces = np.hypot(*np.diff(line, axis=0).T)
    keep = np.concatenate([[True], pieces > 1e-9])
    line, s = line[keep], np.concatenate([[0.0], np.cumsum(pieces[pieces > 1e-9])])
    if s[-1] == 0.0:
        return np.asarray(line[:1])
    along = np.linspace(0.0, s[-1], max(2, round(s[-1] / spacing) + 1))
    return np.stack([np.interp(along, s, line[:, k]) for k in range(2)], axis=1)
