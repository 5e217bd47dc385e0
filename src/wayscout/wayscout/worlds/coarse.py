# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Draw corridors on a coarse elevation: what an operator would do by eye with a slope map."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from wayscout.grid import Grid

Array = npt.NDArray[np.float64]
CELLS = 200  # a side of the search raster at most


def slope_cost(elevation: Grid, smooth: float = 1.0) -> Array:
    """Cost per metre of an elevation grid: 1 on the level, 2 at 12 deg, prohibitive beyond 25 deg.

    Args:
        elevation: grid with layer 'elevation' [m], without holes.
        smooth: deviation of the smoothing before the slope is taken [cells].
    """
    height = cv2.GaussianBlur(elevation["elevation"], (0, 0), smooth)
    gy, gx = np.gradient(height.astype(np.float64), elevation.resolution)
    slope = np.degrees(np.arctan(np.hypot(gx, gy)))
    result: Array = 1.0 + (slope / 12.0) ** 2 + 60.0 * np.clip((slope - 18.0) / 7.0, 0.0, 1.0)
    return result


def cheapest_path(cost: Array, start: tuple[int, int], goal: tuple[int, int]) -> npt.NDArray[np.intp]:
    """Return the (n, 2) cells (row, col) of the cheapest eight-connected path."""
    rows, cols = cost.shape
    index = np.arange(rows * cols).reshape(rows, cols)
    tails, heads, weights = [], [], []
    for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1)):
        a = (slice(0, rows - dr), slice(max(0, -dc), cols - max(0, dc)))
        b = (slice(dr, rows), slice(max(0, dc), cols - max(0, -dc)))
        tails.append(index[a].ravel())
        heads.append(index[b].ravel())
        weights.append((np.hypot(dr, dc) * 0.5 * (cost[a] + cost[b])).ravel())
    graph = csr_matrix(
        (np.concatenate(weights), (np.concatenate(tails), np.concatenate(heads))), (rows * cols,) * 2
    )
    first, last = int(index[start]), int(index[goal])
    _, before = dijkstra(graph, directed=False, indices=last, return_predecessors=True)
    cells = [first]
    while cells[-1] != last:
        cells.append(int(before[cells[-1]]))
    return np.stack(np.divmod(np.array(cells, dtype=np.intp), cols), axis=1)


def draw_corridors(
    elevation: Grid, start: tuple[float, float], goal: tuple[float, float], width: float
) -> list[Array]:
    """Return centrelines, (n, 2) x, y [m], of one corridor, or of two where a distinct second way exists.

    The second is the cheapest way when the first corridor is made dear; it counts as distinct when over
    half of it lies outside the first and it costs less than three times as much.
    """
    stride = max(1, int(np.ceil(max(elevation.shape) / CELLS)))
    cells = cv2.resize(
        elevation["elevation"], None, fx=1 / stride, fy=1 / stride, interpolation=cv2.INTER_AREA
    )
    coarse = Grid(
        elevation.bounds.width / cells.shape[1], elevation.origin, cells.shape, layers={"elevation": cells}
    )
    cost = slope_cost(coarse)
    ends = []
    for x, y in (start, goal):
        row, col = coarse.indices(x, y)
        ends.append((int(np.clip(row, 0, cells.shape[0] - 1)), int(np.clip(col, 0, cells.shape[1] - 1))))
    first = cheapest_path(cost, ends[0], ends[1])
    near = np.zeros(cost.shape, np.uint8)
    thickness = max(3, round(2.0 * width / coarse.resolution))
    cv2.polylines(near, [first[:, ::-1].astype(np.int32)], False, 1, thickness)
    second = cheapest_path(np.where(near > 0, 8.0 * cost, cost), ends[0], ends[1])
    outside = 1.0 - near[second[:, 0], second[:, 1]].mean()
    dearer = cost[second[:, 0], second[:, 1]].sum() / cost[first[:, 0], first[:, 1]].sum()
    paths = [first, second] if outside > 0.5 and dearer < 3.0 else [first]
    return [_line(coarse, p, start, goal, width) for p in paths]


def _line(
    grid: Grid,
    cells: npt.NDArray[np.intp],
    start: tuple[float, float],
    goal: tuple[float, float],
    width: float,
) -> Array:
    """Smooth a path of cells to a line with a point about every half corridor width."""
    x, y = grid.centre(cells[:, 0], cells[:, 1])
    points = np.stack([x, y], axis=1)
    points[0], points[-1] = start, goal
    reach = max(1, min(round(0.5 * width / grid.resolution), len(points) // 4))
    padded = np.concatenate([np.repeat(points[:1], reach, 0), points, np.repeat(points[-1:], reach, 0)])
    box = np.ones(2 * reach + 1) / (2 * reach + 1)
    smooth = np.stack([np.convolve(padded[:, k], box, mode="valid") for k in range(2)], axis=1)
    smooth[0], smooth[-1] = start, goal
    s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(smooth, axis=0).T))])
    even = np.linspace(0.0, s[-1], max(2, int(s[-1] / (0.5 * width)) + 1))
    return np.stack([np.interp(even, s, smooth[:, k]) for k in range(2)], axis=1)
