# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""How much of a corridor the map has measured."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from wayscout.grid import Bounds
from wayscout.mapping.tiles import TileStore

Array = npt.NDArray[np.float64]


def corridor_coverage(store: TileStore, centreline: Array, width: float, spacing: float = 0.25) -> float:
    """Share of a corridor's area that is measured, not filled in, probed on a net of `spacing` [m].

    Args:
        centreline: (n, 2) [m].
        width: wall to wall [m].
    """
    points = _net(centreline, width, spacing)
    if len(points) == 0:
        return 0.0
    measured = 0
    size = store.size
    row, col = np.floor(points[:, 1] / size).astype(int), np.floor(points[:, 0] / size).astype(int)
    for index in sorted(set(zip(row.tolist(), col.tolist(), strict=True)) & set(store.tiles)):
        mine = points[(row == index[0]) & (col == index[1])]
        b = store.bounds(index)
        grid = store.grid(Bounds(b.x_min, b.y_min, b.x_max - 1e-6, b.y_max - 1e-6), ("measured",))
        r, c = grid.indices(mine[:, 0], mine[:, 1])
        inside = (r >= 0) & (r < grid.shape[0]) & (c >= 0) & (c < grid.shape[1])
        measured += int((grid["measured"][r[inside], c[inside]] == 1.0).sum())
    return measured / len(points)


def _net(line: Array, width: float, spacing: float) -> Array:
    """Points of a square net that lie within half the width of a line, (n, 2)."""
    if len(line) < 2 or width <= 0.0:
        return np.zeros((0, 2))
    half = 0.5 * width
    low, high = line.min(axis=0) - half, line.max(axis=0) + half
    xs, ys = (np.arange(low[k] + 0.5 * spacing, high[k], spacing) for k in (0, 1))
    near = np.zeros((len(ys), len(xs)), bool)
    for a, b in pairwise(line):
        d = b - a
        c = (xs > min(a[0], b[0]) - half) & (xs < max(a[0], b[0]) + half)
        r = (ys > min(a[1], b[1]) - half) & (ys < max(a[1], b[1]) + half)
        x, y = xs[None, c] - a[0], ys[r, None] - a[1]
        t = np.clip((x * d[0] + y * d[1]) / max(float(d @ d), 1e-12), 0.0, 1.0)
        near[np.ix_(r, c)] |= (x - t * d[0]) ** 2 + (y - t * d[1]) ** 2 <= half * half
    rows, cols = np.nonzero(near)
    return np.stack([xs[cols], ys[rows]], axis=1)
