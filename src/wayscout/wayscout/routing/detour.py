# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What it would cost the rover to pass by a place on its way: metres of level, firm ground.

Detour of p = cost(start, p) + cost(p, goal) - cost(start, goal), from two fields of costs, which spread from
the start and from the goal. The price of a cell does not depend on the heading here, so that a cost is the
same in both directions; what a climb costs more than a descent is left out of the comparison.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from wayscout.errors import InvalidInput
from wayscout.grid import Grid, Layer
from wayscout.routing import field
from wayscout.routing.parameters import RouterParams, RoverLimits

Array = npt.NDArray[np.float64]
Point = tuple[float, float]
_SIDEWAYS = 0.25  # share by which firm ground at its steepest costs more than level ground, per unit of slope


def price(grid: Grid, params: RouterParams, limits: RoverLimits) -> Layer:
    """Cost per metre of a planning map's cells, 1 on level firm ground, inf where no rover plans to go.

    Slip on sand lengthens the way by 1 / (1 - slip), interpolated from the rover's own table; close to
    obstacles it costs up to twice as much, as the router keeps off them.

    Args:
        grid: as of `costs.planning_map`: `slope_x`, `slope_y`, `clearance`, `sand` and `obstacle`.

    Raises:
        InvalidInput: when a layer is missing.
    """
    slope = np.arctan(np.hypot(grid["slope_x"], grid["slope_y"]))
    clearance, sand = grid["clearance"], np.clip(np.nan_to_num(grid["sand"], nan=0.0), 0.0, 1.0)
    on_sand = np.interp(np.degrees(slope), limits.slip_slopes, limits.slip_on_sand)
    slip = sand * on_sand + (1.0 - sand) * limits.slip_on_rock * np.sin(np.nan_to_num(slope))
    cost = (1.0 + _SIDEWAYS * np.tan(np.nan_to_num(slope))) / np.maximum(1.0 - slip, 0.05)
    room = np.clip((clearance - params.half_width) / max(params.soft_margin, 1e-6), 0.0, 1.0)
    cost = cost * (2.0 - room)
    shut = (
        ~np.isfinite(slope)
        | (slope > limits.plan_tilt)
        | (clearance < params.half_width)
        | (slip > limits.max_slip)
    )
    return np.where(shut, np.inf, cost).astype(np.float32)


def detours(
    cost: npt.NDArray[np.floating],
    grid: Grid,
    start: Point,
    goal: Point,
    places: Sequence[Point],
    reach: float,
) -> Array:
    """Return the detour to pass each place within `reach` [m], (n,) [m], NaN where no way leads so near.

    Args:
        cost: (rows, cols) per metre over the raster of `grid`; inf or NaN is an obstacle.
        start, goal: x, y [m] in the grid's frame; each takes the nearest free cell within `reach`.
        places: x, y [m].

    Raises:
        InvalidInput: when the shapes differ, or a point is not finite, or start or goal lies off the grid.
    """
    if cost.shape != grid.shape:
        raise InvalidInput("cost.shape", cost.shape, f"{grid.shape} is needed")
    if not (math.isfinite(reach) and reach > 0.0):
        raise InvalidInput("reach", reach, "a positive distance [m] is needed")
    for name, point in (("start", start), ("goal", goal)):
        if not (np.all(np.isfinite(point)) and grid.bounds.contains(*point)):
            raise InvalidInput(name, point, f"x, y [m] within {grid.bounds} are needed")
    result = np.full(len(places), np.nan)
    ends = [_nearest_free(cost, grid, point, reach) for point in (start, goal)]
    if ends[0] is None or ends[1] is None:
        return result
    cells, stride = field.pad(cost)
    fields = [
        field.values(cells, stride, _middle(end), _far(cost, end)).reshape(-1, stride)[1:, 1:]
        * grid.resolution
        for end in (ends[0], ends[1])
    ]
    direct = float(fields[0][ends[1]])
    if not math.isfinite(direct):
        return result
    both = (fields[0] + fields[1])[: grid.shape[0], : grid.shape[1]]
    xs, ys = grid.centres()
    for index, (x, y) in enumerate(places):
        if not (math.isfinite(x) and math.isfinite(y)):
            raise InvalidInput(f"places[{index}]", (x, y), "finite x, y [m] are needed")
        near = (xs[None, :] - x) ** 2 + (ys[:, None] - y) ** 2 <= reach**2
        best = float(np.min(both[near], initial=np.inf))
        if math.isfinite(best):
            result[index] = max(best - direct, 0.0)
    return result


def _middle(cell: tuple[int, int]) -> Point:
    return cell[1] + 0.5, cell[0] + 0.5


def _far(cost: npt.NDArray[np.floating], cell: tuple[int, int]) -> Point:
    """A cell that the field never settles early at: an obstacle's, or the farthest corner."""
    shut = np.argwhere(~np.isfinite(cost))
    if len(shut):
        return _middle((int(shut[0, 0]), int(shut[0, 1])))
    rows, cols = cost.shape
    return _middle((0 if cell[0] > rows / 2 else rows - 1, 0 if cell[1] > cols / 2 else cols - 1))


def _nearest_free(
    cost: npt.NDArray[np.floating], grid: Grid, point: Point, reach: float
) -> tuple[int, int] | None:
    xs, ys = grid.centres()
    away = (xs[None, :] - point[0]) ** 2 + (ys[:, None] - point[1]) ** 2
    away = np.where(np.isfinite(cost), away, np.inf)
    best = int(np.argmin(away))
    row, col = (int(v) for v in np.unravel_index(best, cost.shape))
    return (row, col) if away[row, col] <= reach**2 else None
