# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Which ground a route through a corridor may not use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from wayscout.corridor import Corridor
from wayscout.grid import Grid

Mask = npt.NDArray[np.bool_]
Point = tuple[float, float]

APPROACH = 8.0  # [m] of open ground beside the way to a corridor at least


def closed(
    grid: Grid, corridor: Corridor, others: Sequence[Corridor], margin: float, start: Point, goal: Point
) -> Mask:
    """Return the (rows, cols) cells that a route through `corridor` may not use.

    Open is the corridor to `margin` [m] beyond its walls, and the ground around the straight ways from
    start to its first point and from its last point to the goal, to a third of their length (`APPROACH` at
    least).
    Other corridors are closed where they do not overlap this one.
    """
    xs, ys = grid.centres()
    x, y = np.meshgrid(xs, ys)
    distance, _ = corridor.locate(x, y)
    result: Mask = distance > 0.5 * corridor.width + margin
    for end, mouth in ((start, corridor.centreline[0]), (goal, corridor.centreline[-1])):
        a, b = np.asarray(end, dtype=np.float64), mouth
        along = b - a
        length = float(np.hypot(*along))
        t = np.clip(((x - a[0]) * along[0] + (y - a[1]) * along[1]) / max(length, 1e-9) ** 2, 0.0, 1.0)
        away = np.hypot(x - a[0] - t * along[0], y - a[1] - t * along[1])
        result &= away > max(APPROACH, length / 3.0)
    for other in others:
        away, _ = other.locate(x, y)
        result |= (away < 0.5 * other.width) & (distance > 0.5 * corridor.width)
    return result
