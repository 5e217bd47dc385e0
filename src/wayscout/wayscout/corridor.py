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

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Corridor:
    """A channel.

    Attributes:
        name: as the operators call it, for instance 'A'.
        centreline: (n, 2) x, y [m] in map, n >= 2, from the start's end to the goal's; points that repeat
            the one before are left out.
        width: wall to wall [m].
    """

    name: str
    centreline: Array
    width: float

    def __post_init__(self) -> None:
        line = np.asarray(self.centreline, dtype=np.float64)
        if line.ndim != 2 or line.shape[0] < 2 or line.shape[1] < 2 or not np.all(np.isfinite(line[:, :2])):
            raise InvalidInput(
                f"corridor '{self.name}' centreline", line.tolist(), "two or more finite x, y [m]"
            )
        line = line[:, :2]
        step = np.hypot(*np.diff(line, axis=0).T)
        line = line[np.concatenate([[True], step > 1e-3])]
        if len(line) < 2:
            raise InvalidInput(f"corridor '{self.name}' centreline", line.tolist(), "it has no length")
        if not (np.isfinite(self.width) and self.width > 0.0):
            raise InvalidInput(f"corridor '{self.name}' width", self.width, "a positive width [m] is needed")
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
