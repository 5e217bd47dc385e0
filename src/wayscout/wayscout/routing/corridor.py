# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Corridors: channels as operators draw them on the orbital map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from wayscout.errors import InvalidInput
from wayscout.grid import Grid

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Point = tuple[float, float]

APPROACH = 8.0  # [m] of open ground beside the way to a corridor at least


@dataclass(frozen=True)
class Corridor:
    """A channel.

    Attributes:
        name: for instance 'A'.
        centreline: (n, 2) x, y [m] in map, from the start's end to the goal's.
        width: wall to wall [m].
    """

    name: str
    centreline: Array
    width: float

    def __post_init__(self) -> None:
        line = np.asarray(self.centreline, dtype=np.float64)
        if line.ndim != 2 or line.shape[1] != 2 or len(line) < 2 or not np.all(np.isfinite(line)):
            raise InvalidInput(
                f"corridor {self.name}.centreline", line.tolist(), "two or more finite x, y [m]"
            )
        if not (np.isfinite(self.width) and self.width > 0.0):
            raise InvalidInput(f"corridor {self.name}.width", self.width, "a positive width [m] is needed")
        object.__setattr__(self, "centreline", line)

    @classmethod
    def of(cls, name: str, centreline: Sequence[Sequence[float]], width: float) -> Corridor:
        return cls(name, np.asarray(centreline, dtype=np.float64), float(width))

    def dense(self, spacing: float = 0.5) -> tuple[Array, Array]:
        """Return (m, 2) points about `spacing` apart and their (m,) distance along the line [m]."""
        s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(self.centreline, axis=0).T))])
        along = np.linspace(0.0, s[-1], max(2, int(s[-1] / spacing) + 1))
        points = np.stack([np.interp(along, s, self.centreline[:, k]) for k in range(2)], axis=1)
        return points, along

    def locate(self, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Array, Array]:
        """Return distance from and distance along the centreline of points [m], each in the points' shape."""
        points, along = self.dense()
        px, py = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        distance, nearest = cKDTree(points).query(np.stack([px, py], axis=-1))
        return np.asarray(distance), along[nearest]

    @property
    def length(self) -> float:
        """Length of the centreline [m]."""
        return float(np.hypot(*np.diff(self.centreline, axis=0).T).sum())


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
