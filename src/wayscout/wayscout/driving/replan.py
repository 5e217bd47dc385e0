"""A detour around hazards that the map did not show, back to the path."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from wayscout.driving.body import DrivingParameters, RoverBody
from wayscout.driving.hazards import Hazard
from wayscout.driving.settle import settle
from wayscout.driving.tracking import clean_path, densify
from wayscout.errors import NoPath
from wayscout.grid import Bounds, Grid

Array = npt.NDArray[np.float64]
Search = Callable[[Array, float, tuple[float, float], tuple[float, float]], Array]
"""(rows, cols) cost per metre (inf an obstacle), cell size, start and goal x, y from the corner -> (n, 2) path."""

CELL = 0.2  # [m] of the grid searched
ON_PATH = 0.5  # [m] from the old path within which the planner's verdict on the ground stands
AWAY = 0.05  # cost per metre of way for each metre of distance from the old path
HEADINGS = np.radians([0.0, 45.0, 90.0, 135.0])
REJOIN_STEP = 2.0  # [m] by which the place to rejoin moves on when there is no way to it


def detour(
    path: npt.ArrayLike,
    here: Sequence[float],
    hazards: Sequence[Hazard],
    body: RoverBody,
    parameters: DrivingParameters,
    grid: Grid | None = None,
    search: Search | None = None,
) -> Array:
    """Return a new path (n, 2) from the rover around the hazards and on along the old path.

    Cells within `half_width + hazard_margin` of a hazard are closed, so are those where the settled rover
    would break a limit it plans for or where the map is unknown; near the old path the planner's verdict stands.

    Args:
        path: (n, 2) what is left of the old path [m in map].
        here: x, y of the rover.
        grid: the map with layer 'elevation', or None: then only a strip along the old path is open.
        search: path search; scipy's Dijkstra on eight neighbours when None.

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
    find = search or grid_search
    rejoin = float(s[last]) + CELL
    while rejoin <= parameters.detour_range:
        target = int(np.searchsorted(s, min(rejoin, s[-1])))
        target = min(target, len(points) - 1)
        cost = _cost(points[: target + 1], start, hazards, body, parameters, grid)
        try:
            way = _search(cost, start, points[target], find)
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
    grid: Grid, px: Array, py: Array, body: RoverBody, parameters: DrivingParameters, judged: npt.NDArray[np.bool_]
) -> Array:
    """Return extra cost per metre by the worst tilt over headings; inf where a limit breaks or it is unknown."""
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


def _search(cost: Grid, start: Array, goal: Array, find: Search) -> Array:
    origin = np.asarray(cost.origin)
    value = cost["cost"].astype(np.float64)
    a, b = start - origin, goal - origin
    way = find(value, cost.resolution, (float(a[0]), float(a[1])), (float(b[0]), float(b[1])))
    return _straighten(value, cost.resolution, np.asarray(way, dtype=np.float64)) + origin


def grid_search(cost: Array, resolution: float, start: tuple[float, float], goal: tuple[float, float]) -> Array:
    """Return the cheapest path (n, 2) over eight neighbours, ends exact; see `Search`.

    Raises:
        NoPath: when start and goal are not connected.
    """
    rows, cols = cost.shape
    number = np.arange(rows * cols).reshape(rows, cols)
    parts = []
    for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = (slice(0, rows - dr), slice(max(0, -dc), cols - max(0, dc)))
        there = (slice(dr, rows), slice(max(0, dc), cols - max(0, -dc)))
        weight = 0.5 * (cost[here] + cost[there]) * resolution * np.hypot(dr, dc)
        open_ = np.isfinite(weight)
        parts.append((number[here][open_], number[there][open_], weight[open_]))
    first, second, weight = (np.concatenate(p) for p in zip(*parts, strict=True))
    graph = coo_matrix((weight, (first, second)), shape=(rows * cols, rows * cols)).tocsr()
    source = _cell(start, resolution, rows, cols)
    target = _cell(goal, resolution, rows, cols)
    total, before = dijkstra(graph, directed=False, indices=source, return_predecessors=True)
    if not np.isfinite(total[target]):
        raise NoPath("start and goal are not connected")
    chain = [target]
    while chain[-1] != source:
        chain.append(int(before[chain[-1]]))
    index = np.array(chain[::-1])
    way = (np.stack([index % cols, index // cols], axis=1) + 0.5) * resolution
    way[0], way[-1] = start, goal
    return way if len(way) > 1 else np.array([start, goal])


def _cell(point: tuple[float, float], resolution: float, rows: int, cols: int) -> int:
    col = int(np.clip(point[0] // resolution, 0, cols - 1))
    row = int(np.clip(point[1] // resolution, 0, rows - 1))
    return row * cols + col


def _straighten(cost: Array, resolution: float, way: Array) -> Array:
    """Leave out corners where the straight line costs no more than the way found."""

    def price(a: Array, b: Array) -> float:
        length = float(np.hypot(*(b - a)))
        count = max(2, int(np.ceil(length / (0.5 * resolution))) + 1)
        p = a + (b - a) * np.linspace(0.0, 1.0, count)[:, None]
        col = np.clip((p[:, 0] / resolution).astype(int), 0, cost.shape[1] - 1)
        row = np.clip((p[:, 1] / resolution).astype(int), 0, cost.shape[0] - 1)
        return float(cost[row, col].mean()) * length

    along = np.concatenate([[0.0], np.cumsum([price(a, b) for a, b in zip(way[:-1], way[1:], strict=True)])])
    kept, i = [0], 0
    while i < len(way) - 1:
        j = len(way) - 1
        while j > i + 1 and price(way[i], way[j]) > 1.02 * (along[j] - along[i]) + 1e-9:
            j -= 1
        kept.append(j)
        i = j
    return way[kept]
