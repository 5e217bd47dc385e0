# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Cheapest any-angle path of a point over a grid of costs."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wayscout.errors import InvalidInput
from wayscout.routing import field, tighten, trace
from wayscout.routing.integral import path_cost

Array = npt.NDArray[np.float64]

_ROUNDS = 24
_LEAST = 1e-6  # of the cost of crossing the grid: what float32 sums of that size still tell apart


@dataclass(frozen=True)
class Plan:
    """A planned path, or the answer that there is none.

    Attributes:
        path: (n, 2) x, y [m] from start to goal, None when there is no way.
        length: [m], inf without a path.
        cost: integral of the cost along the path, inf without one.
        seconds: wall clock of the search.
    """

    path: Array | None
    length: float
    cost: float
    seconds: float

    def as_dict(self) -> dict[str, object]:
        """Return what `wayscout plan` prints; numbers that don't exist are None."""
        found = self.path is not None
        return {
            "path": self.path.tolist() if self.path is not None else None,
            "length": self.length if found else None,
            "cost": self.cost if found else None,
            "seconds": self.seconds,
        }


def plan(
    cost: npt.ArrayLike,
    resolution: float,
    start: Sequence[float],
    goal: Sequence[float],
    *,
    rounds: int = _ROUNDS,
) -> Plan:
    """Find the path with the least integral of cost over metres.

    Args:
        cost: (rows, cols) cost per metre, not negative; inf or NaN is an obstacle. Cell (r, c) covers
            [c R, (c + 1) R) x [r R, (r + 1) R) and has one cost.
        resolution: R [m].
        start, goal: x, y [m].
        rounds: sweeps of the final tightening at most.

    Returns:
        The plan; its path keeps clear of obstacles' corners and sides by 1e-4 cells.

    Raises:
        InvalidInput: naming the argument: wrong shape or type, negative cost, a point off the grid.
    """
    begin = time.perf_counter()
    array = _checked(cost)
    if not (math.isfinite(resolution) and resolution > 0.0):
        raise InvalidInput("resolution", resolution, "a positive cell size [m] is needed")
    su, sv = _inside("start", start, array.shape, resolution)
    gu, gv = _inside("goal", goal, array.shape, resolution)
    points = _search(array, (su, sv), (gu, gv), rounds)
    if points is None:
        return Plan(None, math.inf, math.inf, time.perf_counter() - begin)
    path = points * resolution
    path[0], path[-1] = np.asarray(start, dtype=np.float64), np.asarray(goal, dtype=np.float64)
    total = path_cost(array, resolution, path)
    length = float(np.hypot(*np.diff(path, axis=0).T).sum())
    return Plan(path, length, total, time.perf_counter() - begin)


def _search(
    array: npt.NDArray[np.floating], start: tuple[float, float], goal: tuple[float, float], rounds: int
) -> Array | None:
    """Return (n, 2) points in cell units, or None."""
    scale = _typical(array)
    if not 1e-3 < scale < 1e3:  # keep sums within float32's range
        array, scale = array / scale, 1.0
    cells, stride = field.pad(array)
    first, last = field.cell_index(*start, stride), field.cell_index(*goal, stride)
    if not (np.isfinite(cells[first]) and np.isfinite(cells[last])):
        return None
    value = field.values(cells, stride, start, goal)
    us, vs, between = trace.descend(cells, stride, value, *start, *goal)
    if not len(us) and np.isfinite(value[last + np.array([0, 1, stride, stride + 1])]).any():
        # Free or nearly free ground: values do not fall from corner to corner there. Let it cost something.
        cells = np.maximum(cells, np.float32(_LEAST * sum(array.shape) * scale))
        value = field.values(cells, stride, start, goal)
        us, vs, between = trace.descend(cells, stride, value, *start, *goal)
    if not len(us):
        return None
    us, vs, _ = tighten.tighten(cells, stride, us, vs, between, rounds)
    return _without_straight(np.stack([us, vs], axis=1))


def _checked(cost: npt.ArrayLike) -> npt.NDArray[np.floating]:
    array = np.asarray(cost)
    if array.ndim != 2 or array.size == 0:
        raise InvalidInput("cost.shape", array.shape, "a (rows, cols) array is needed")
    if array.dtype.kind not in "fiub":
        raise InvalidInput("cost.dtype", str(array.dtype), "real numbers are needed")
    if array.dtype.kind != "f":
        array = array.astype(np.float64)
    with np.errstate(invalid="ignore"):
        if np.nanmin(array, initial=np.inf) < 0.0:
            raise InvalidInput("cost", float(np.nanmin(array)), "costs must not be negative")
    return array


def _inside(
    name: str, point: Sequence[float], shape: tuple[int, ...], resolution: float
) -> tuple[float, float]:
    """Return the point in cell units; one on the far edge belongs to the last cell."""
    if len(point) != 2:
        raise InvalidInput(name, point, "x and y [m] are needed")
    result = []
    for axis, value, cells in (("x", point[0], shape[1]), ("y", point[1], shape[0])):
        if not (math.isfinite(value) and 0.0 <= value <= cells * resolution):
            raise InvalidInput(f"{name}.{axis}", value, f"0 to {cells * resolution:g} m lies on the grid")
        result.append(min(value / resolution, math.nextafter(cells, 0.0)))
    return result[0], result[1]


def _typical(array: npt.NDArray[np.floating]) -> float:
    """Mean of some finite costs; 1 when there is none above zero."""
    sample = array.reshape(-1)[:: max(1, array.size // 10_000)]
    sample = sample[np.isfinite(sample)]
    mean = float(sample.mean(dtype=np.float64)) if sample.size else 0.0
    return mean if mean > 0.0 else 1.0


def _without_straight(points: Array) -> Array:
    """Drop points that lie on the straight line between those kept around them (to 1e-9 cells)."""
    keep = [0]
    for i in range(1, len(points) - 1):
        a, b, c = points[keep[-1]], points[i], points[i + 1]
        along = c - a
        length = math.hypot(along[0], along[1])
        if length < 1e-12 or abs(along[0] * (b - a)[1] - along[1] * (b - a)[0]) > 1e-9 * length:
            keep.append(i)
    return np.asarray(points[[*keep, len(points) - 1]])
