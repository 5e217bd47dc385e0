# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A detour around hazards that the map did not show, back to the path."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from wayscout.driving.body import DrivingParameters, RoverBody
from wayscout.driving.hazards import Hazard
from wayscout.driving.settle import settle
from wayscout.driving.tracking import clean_path, densify
from wayscout.errors import NoPath
from wayscout.grid import Bounds, Grid
from wayscout.routing.planner import plan

Array = npt.NDArray[np.float64]

CELL = 0.2  # [m] of the grid searched
ON_PATH = 0.5  # [m] from the old path within which the planner's verdict on the ground stands
AWAY = 0.05  # cost per metre of way for each metre of distance from the old path
HEADINGS = np.radians([0.0, 45.0, 90.0, 135.0])
REJOIN_STEP = 2.0  # [m] by which the place to rejoin moves on when there is no way to it


def detour(
    path: npt.ArrayLike,
    here: Sequence[float] | Array,
    hazards: Sequence[Hazard],
    body: RoverBody,
    parameters: DrivingParameters,
    grid: Grid | None = None,
) -> Array:
    """Return a new path (n, 2) from the rover around the hazards and on along the old path.

    Cells within `half_width + hazard_margin` of a hazard are closed, so are those where the settled rover
    would break a limit it plans for or where the map is unknown. Near the old path the planner's verdict
    stands.

    Args:
        path: (n, 2) what is left of the old path [m in map].
        here: x, y of the rover.
        grid: the map with layer 'elevation', or None: then only a strip along the old path is open.

    Raises:
        NoPath: when there is no way around within `detour_range`.
    """
    points, s = densify(clean_path(path), CELL)
    start = np.asarray(here, dtype=np.float64)[:2]
    keep_off = parameters.half_width + parameters.hazard_margin
    blocked = np.zeros(len(points), dtype=bool)
    for h in hazards:
        blocked |= np.hypot(points[:, 0] - h.x, points[:, 1] - h.y) < h.radius + keep_off
    blocked &= s <= parameters.detour_range
    last = int(np.flatnonzero(blocked)[-1]) if blocked.any() else 0
    if last == len(points) - 1:
        raise NoPath("the end of the path itself lies in a hazard")
    rejoin = float(s[last]) + CELL
    while rejoin <= parameters.detour_range:
        target = int(np.searchsorted(s, min(rejoin, s[-1])))
        target = min(target, len(points) - 1)
        cost = _cost(points[: target + 1], start, hazards, body, parameters, grid)
        try:
            way = _search(cost, start, points[target])
        except NoPath:
            if rejoin >= s[-1]:
                break
            rejoin += REJOIN_STEP
            continue
        return np.concatenate([start[None], way[1:-1], points[target:]])
    raise NoPath(f"no way around {len(hazards)} hazard(s) within {parameters.detour_range:.0f} m")


def _cost(
    points: Array,
    start: Array,
    hazards: Sequence[Hazard],
    body: RoverBody,
    parameters: DrivingParameters,
    grid: Grid | None,
) -> Grid:
    both = np.concatenate([points, start[None]])
    low, high = both.min(axis=0), both.max(axis=0)
    margin = 0.5 * parameters.detour_range
    cost = Grid.over(Bounds(low[0], low[1], high[0] + 1e-6, high[1] + 1e-6).grown(margin), CELL)
    px, py = np.meshgrid(*cost.centres())
    away = np.full(cost.shape, True)
    row, col = cost.indices(both[:, 0], both[:, 1])
    away[row, col] = False
    distance = distance_transform_edt(away) * CELL
    value = 1.0 + AWAY * distance
    if grid is None:
        value[distance > margin] = np.inf
    else:
        value += _ground_cost(grid, px, py, body, parameters, distance > ON_PATH)
    keep_off = parameters.half_width + parameters.hazard_margin
    for h in hazards:
        gap = np.hypot(px - h.x, py - h.y) - h.radius
        # Seen late, the rover may already stand closer than wanted: it may leave, not come nearer.
        own = float(np.hypot(start[0] - h.x, start[1] - h.y)) - h.radius
        value[gap < min(keep_off, max(own - CELL, 0.5 * keep_off))] = np.inf
        value[(gap < keep_off) & np.isfinite(value)] += 10.0
    cost["cost"] = value
    return cost


def _ground_cost(
    grid: Grid,
    px: Array,
    py: Array,
    body: RoverBody,
    parameters: DrivingParameters,
    judged: npt.NDArray[np.bool_],
) -> Array:
    """Return extra cost per metre by the worst tilt over headings; inf where forbidden or unknown."""
    extra = np.zeros(px.shape)
    x, y = px[judged], py[judged]
    worst = np.zeros(len(x))
    bad = np.zeros(len(x), dtype=bool)
    for heading in HEADINGS:
        settled = settle(grid, np.column_stack([x, y, np.full(len(x), heading)]), body)
        bad |= ~settled.known | (settled.step > body.plan_step) | (settled.tilt > body.plan_tilt)
        bad |= settled.clearance < parameters.least_clearance
        worst = np.fmax(worst, np.nan_to_num(settled.tilt))
    extra[judged] = np.where(bad, np.inf, 2.0 * (worst / body.plan_tilt) ** 2)
    return extra


def _search(cost: Grid, start: Array, goal: Array) -> Array:
    origin = np.asarray(cost.origin)
    way = plan(cost["cost"], cost.resolution, (start - origin).tolist(), (goal - origin).tolist()).path
    if way is None:
        raise NoPath("rover and path are not connected")
    found: Array = way + origin
    return found
