# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What height the ground ahead has, as far as maps tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.ndimage import grey_dilation, grey_erosion

from wayscout.flight.plan import HelicopterLimits
from wayscout.flight.trajectory import Trajectory, limit_acceleration, smooth
from wayscout.grid import Grid, Layer

Array = npt.NDArray[np.float64]

GROUND_ROUNDING = 4.0  # [m] standard deviation of the filter on the ground that is followed
CLIMB_SHARE = 0.8  # of the climb rate is planned with, the rest is left to the controller
STEEP_SPEED = 1.5  # [m/s] slowest speed chosen for the sake of steep ground


class Ground:
    """Ground height [m] at points in map, from a stack of elevation grids.

    Args:
        grids: with layer 'elevation'; the first that knows a point answers. May be empty.
        uncertainty: horizontal distance [m] within which the map may have displaced a cliff.
    """

    def __init__(self, grids: Sequence[Grid], uncertainty: float = 0.0) -> None:
        self._grids = list(grids)
        self._tallest: list[Grid] = []
        self._relief: list[Grid] = []
        for grid in self._grids:
            side = 2 * int(np.ceil(uncertainty / grid.resolution)) + 1
            z = grid["elevation"]
            top = grey_dilation(np.where(np.isfinite(z), z, -np.inf), size=(side, side))
            low = grey_erosion(np.where(np.isfinite(z), z, np.inf), size=(side, side))
            known = np.isfinite(top)
            self._tallest.append(_like(grid, np.where(known, top, np.nan)))
            self._relief.append(
                _like(grid, np.subtract(top, low, out=np.full_like(top, np.nan), where=known))
            )

    def height(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
        """Return the ground's height at points; NaN where no map reaches."""
        return _first_known(self._grids, x, y)

    def tallest(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
        """Return the greatest height within `uncertainty` of points; NaN where no map reaches."""
        return _first_known(self._tallest, x, y)

    def relief(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
        """Return how much the ground rises within `uncertainty` of points; NaN where no map reaches."""
        return _first_known(self._relief, x, y)


def _like(grid: Grid, elevation: Layer) -> Grid:
    return Grid(grid.resolution, grid.origin, grid.shape, grid.frame, {"elevation": elevation})


def _first_known(grids: Sequence[Grid], x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
    px, py = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
    result = np.full(px.shape, np.nan)
    for grid in grids:
        open_ = np.isnan(result)
        if not open_.any():
            break
        result = np.where(open_, grid.sample("elevation", px, py), result)
    return result


def follow_ground(
    trajectory: Trajectory, ground: Ground, limits: HelicopterLimits
) -> tuple[Trajectory, Array, Array]:
    """Fit a trajectory to the mapped ground along it.

    The altitude follows the ground, smoothed over `GROUND_ROUNDING` so that a cliff is met half way, keeps
    `min_clearance` above the tallest ground nearby, and never asks for more than `CLIMB_SHARE` of the climb
    rate: where the ground is steep the flight slows down to `STEEP_SPEED` at the least, and before what is
    steeper still it begins to rise early (the upper envelope of cones with that slope). Where no map reaches,
    the ground is taken to continue from the nearest mapped sample.

    Returns:
        The trajectory with lowered speed; (n,) altitude to fly and (n,) mapped ground below [m in map].
    """
    x, y = trajectory.xy[:, 0], trajectory.xy[:, 1]
    below = fill(ground.height(x, y))
    if trajectory.length <= 0.0:
        return trajectory, below + trajectory.height, below
    tallest = np.fmax(fill(ground.tallest(x, y)), below)
    step = trajectory.length / max(len(trajectory.s) - 1, 1)
    smoothed = smooth(below[:, None], GROUND_ROUNDING / step)[:, 0]
    altitude = np.maximum(
        smoothed + trajectory.height, tallest + np.minimum(limits.min_clearance, trajectory.height)
    )
    rate = CLIMB_SHARE * limits.max_climb_rate
    steep = np.abs(np.gradient(altitude, trajectory.s))
    top = np.maximum(rate / np.maximum(steep, 1e-6), STEEP_SPEED)
    speed = limit_acceleration(
        trajectory.s, np.minimum(trajectory.speed, top), limits.max_acceleration, float(trajectory.speed[0])
    )
    gain = rate * np.diff(trajectory.s) / np.maximum(0.5 * (speed[1:] + speed[:-1]), 0.3)
    for i in range(len(altitude) - 2, -1, -1):
        altitude[i] = max(altitude[i], altitude[i + 1] - gain[i])
    for i in range(1, len(altitude)):
        altitude[i] = max(altitude[i], altitude[i - 1] - gain[i - 1])
    return replace(trajectory, speed=speed), altitude, below


def fill(values: Array) -> Array:
    """Replace NaN in (n,) by interpolation and, at the ends, by the nearest value; all NaN gives 0."""
    known = np.isfinite(values)
    if not known.any():
        return np.zeros_like(values)
    index = np.arange(len(values))
    result: Array = np.interp(index, index[known], values[known])
    return result
