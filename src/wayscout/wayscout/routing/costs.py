# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Planning layers: the fine map and the orbital map fused into what a route costs per cell.

Layers of the result (float32, one cell about `RouterParams.cell`):
    elevation [m]; slope_x, slope_y: dz/dx, dz/dy at the rover's scale [m/m];
    obstacle: tallest step or rock under the wheels' sweep around the cell [m];
    clearance: distance to the next obstacle over the planning limit, or wall [m];
    sand: share of loose sand [1]; sigma: of the elevation [m]; measured: 1 where pictures measured;
    tilt_sigma [rad], step_sigma [m], sand_sigma [1]: deviations that the probability of success is made from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from wayscout import config
from wayscout.errors import InvalidInput
from wayscout.grid import Grid, Layer
from wayscout.routing.parameters import RouterParams, RoverLimits
from wayscout.terrain import metrics

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class OrbitalKnowledge:
    """The orbital elevation and how far it may be trusted.

    Attributes:
        grid: layer 'elevation' [m].
        sigma: deviation of its correlated error [m].
        shift_sigma: deviation of its unknown horizontal shift per axis [m].
    """

    grid: Grid
    sigma: float
    shift_sigma: float


def planning_map(
    orbital: OrbitalKnowledge | None, fine: Grid | None, params: RouterParams, limits: RoverLimits
) -> Grid:
    """Fuse what is known into one planning map over the orbital map's area (the fine map's without one).

    Args:
        orbital: prior; its height is moved to the fine map's where both exist.
        fine: layers `elevation` and, where known, `sigma`, `measured`, `sand`, `rock`; None before a flight.

    Raises:
        InvalidInput: when neither is given or an elevation layer is missing.
    """
    for name, grid in (("orbital", orbital.grid if orbital else None), ("fine", fine)):
        if grid is not None and "elevation" not in grid:
            raise InvalidInput(f"{name} layers", sorted(grid.layers), "'elevation' is needed")
    known = fine if fine is not None and bool(np.isfinite(fine["elevation"]).any()) else None
    if orbital is None and known is None:
        raise InvalidInput("map", None, "an orbital or a measured map is needed")
    area = orbital.grid.bounds if orbital is not None else known.bounds  # type: ignore[union-attr]
    result = Grid.over(area, params.cell)
    prior = _from_orbital(orbital, result, params) if orbital is not None else None
    measured = _from_fine(known, result, params, limits) if known is not None else None
    if measured is None:
        assert prior is not None
        result.layers = prior
        return result
    if prior is None:
        result.layers = measured
        return result
    seen = np.isfinite(measured["elevation"]) & np.isfinite(measured["slope_x"])
    if seen.any():
        prior["elevation"] = prior["elevation"] + _offset(
            measured["elevation"] - prior["elevation"], seen, result
        )
    result.layers = {name: np.where(seen, measured[name], prior[name]).astype(np.float32) for name in prior}
    # Obstacles reach beyond the edge of what was measured.
    result.layers["clearance"] = np.fmin(measured["clearance"], prior["clearance"])
    return result


def _from_orbital(orbital: OrbitalKnowledge, onto: Grid, params: RouterParams) -> dict[str, Layer]:
    """Resample the prior; steps, rocks and sand are unknown to it."""
    source = orbital.grid
    half = max(1, round(0.5 * params.slope_scale / source.resolution))
    slope_x, slope_y, *_ = metrics.fit_planes(source["elevation"], source.resolution, half, 0.3)
    coarse = Grid(source.resolution, source.origin, source.shape, source.frame)
    coarse["elevation"], coarse["slope_x"], coarse["slope_y"] = source["elevation"], slope_x, slope_y
    xs, ys = onto.centres()
    x, y = np.meshgrid(xs, ys)
    layers = {n: coarse.sample(n, x, y).astype(np.float32) for n in ("elevation", "slope_x", "slope_y")}
    steep = np.hypot(layers["slope_x"], layers["slope_y"])
    wall = np.isfinite(steep) & (np.arctan(steep) > params.wall_slope)
    layers["clearance"] = _distance(wall, onto.resolution)
    layers["obstacle"] = np.zeros(onto.shape, np.float32)
    layers["sand"] = np.full(onto.shape, params.orbital_sand, np.float32)
    layers["sigma"] = np.hypot(orbital.sigma, orbital.shift_sigma * steep).astype(np.float32)
    layers["measured"] = np.zeros(onto.shape, np.float32)
    layers["tilt_sigma"] = np.full(onto.shape, params.orbital_slope_sigma, np.float32)
    layers["step_sigma"] = np.full(onto.shape, params.step_sigma_least, np.float32)
    layers["sand_sigma"] = np.zeros(onto.shape, np.float32)  # unknown sand is part of the hidden rate
    return layers


def _from_fine(fine: Grid, onto: Grid, params: RouterParams, limits: RoverLimits) -> dict[str, Layer]:
    """Measure the fine map and gather it into planning cells."""
    height = Grid(fine.resolution, fine.origin, fine.shape, fine.frame)
    height["elevation"] = _smooth(fine["elevation"], params.smoothing / fine.resolution)
    # Against the rover's own plane: a shorter footprint would take half of a ledge for slope.
    scales = replace(config.load("terrain", metrics.MetricsParams), footprint=params.slope_scale)
    ground = metrics.compute(height, scales)
    step = np.nan_to_num(ground["step"], nan=0.0)
    rock = np.nan_to_num(fine["rock"], nan=0.0) if "rock" in fine else np.zeros_like(step)
    obstacle = np.maximum(step, rock)
    wall = np.nan_to_num(ground["slope"], nan=0.0) > params.wall_slope
    clearance = _distance((obstacle > limits.plan_step) | wall, fine.resolution)
    xs, ys = onto.centres()
    col = fine.indices(xs, np.zeros_like(xs))[1]
    row = fine.indices(np.zeros_like(ys), ys)[0]
    inside = (row >= 0)[:, None] & (row < fine.shape[0])[:, None] & (col >= 0) & (col < fine.shape[1])
    r, c = np.clip(row, 0, fine.shape[0] - 1)[:, None], np.clip(col, 0, fine.shape[1] - 1)

    def at(layer: Layer, outside: float = np.nan) -> Layer:
        return np.where(inside, layer[r, c], outside).astype(np.float32)

    plane = height["elevation"] - ground["rise"]
    layers = {"elevation": at(plane), "slope_x": at(ground["slope_x"]), "slope_y": at(ground["slope_y"])}
    layers["clearance"] = at(clearance, np.inf)
    window = np.ones((2 * max(1, round(0.5 * onto.resolution / fine.resolution)) + 1,) * 2, np.uint8)
    reach = max(1, int(params.half_width / onto.resolution))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    layers["obstacle"] = cv2.dilate(at(cv2.dilate(obstacle.astype(np.float32), window), 0.0), disc)
    side = round(params.half_width / fine.resolution)
    sand = np.nan_to_num(fine["sand"], nan=params.orbital_sand) if "sand" in fine else np.zeros_like(step)
    layers["sand"] = at(cv2.blur(sand.astype(np.float32), (side, side)), params.orbital_sand)
    sigma = fine["sigma"] if "sigma" in fine else np.full(fine.shape, 0.0, np.float32)
    sigma = np.where(np.isfinite(sigma), sigma, 0.05).astype(np.float32)
    layers["sigma"] = at(cv2.blur(sigma, (side, side)), 0.0)
    given = fine["measured"] if "measured" in fine else np.isfinite(fine["elevation"]).astype(np.float32)
    layers["measured"] = (at(cv2.blur(np.nan_to_num(given), (side, side)), 0.0) > 0.5).astype(np.float32)
    layers["tilt_sigma"] = params.slope_sigma_share * layers["sigma"]
    layers["step_sigma"] = np.hypot(params.step_sigma_least, params.step_sigma_share * layers["sigma"])
    layers["sand_sigma"] = np.full(onto.shape, params.sand_sigma if "sand" in fine else 0.0, np.float32)
    return layers


def _smooth(z: Layer, deviation: float) -> Layer:
    """Gaussian over known cells only; unknown cells stay unknown."""
    if deviation < 0.3:
        return z
    known = np.isfinite(z)
    base = float(z[known].mean()) if known.any() else 0.0
    weight = cv2.GaussianBlur(known.astype(np.float32), (0, 0), deviation)
    total = cv2.GaussianBlur(np.where(known, z - base, 0.0).astype(np.float32), (0, 0), deviation)
    smooth: Layer = np.where(known, base + total / np.maximum(weight, 1e-6), np.nan).astype(np.float32)
    return smooth


def _distance(blocked: npt.NDArray[np.bool_], resolution: float) -> Layer:
    """Distance of each cell to the next blocked one [m], inf where there is none."""
    if not blocked.any():
        return np.full(blocked.shape, np.inf, np.float32)
    free = (~blocked).astype(np.uint8)
    distance = cv2.distanceTransform(free, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    result: Layer = (distance * resolution).astype(np.float32)
    return result


def _offset(difference: Layer, seen: npt.NDArray[np.bool_], grid: Grid) -> Layer:
    """Height to move the prior by: the mean difference near measured ground, the median elsewhere."""
    typical = float(np.median(difference[seen]))
    rest = np.where(seen, difference - typical, 0.0).astype(np.float32)
    spread = 4.0 / grid.resolution
    weight = cv2.GaussianBlur(seen.astype(np.float32), (0, 0), spread)
    near = cv2.GaussianBlur(rest, (0, 0), spread) / np.maximum(weight, 0.05)
    result: Layer = (typical + near).astype(np.float32)
    return result
