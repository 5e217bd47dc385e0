# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Slope, step, roughness and clearance of an elevation grid.

Every metric is taken against the plane that fits the elevation best (least squares) in the square
of side `footprint` around a cell; unknown cells take no part.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from numba import njit

from wayscout import config
from wayscout.errors import InvalidInput
from wayscout.grid import Grid, Layer

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MetricsParams:
    """Scales [m] of the terrain metrics; see config/terrain.yaml."""

    footprint: float
    wheel_scale: float
    body_scale: float
    min_known: float


def compute(grid: Grid, params: MetricsParams | None = None) -> Grid:
    """Measure the ground of a grid that has at least the layer `elevation` [m].

    Returns:
        A grid on the same raster with float32 layers, NaN where too little is known:
        slope_x, slope_y: dz/dx and dz/dy of the fitted plane [m/m];
            the slope along heading h is slope_x cos h + slope_y sin h;
        slope: steepest angle of the plane [rad];
        step: largest height difference within the square of side `wheel_scale` after the plane's
            tilt is taken off [m]; NaN where the cell itself is unknown;
        roughness: root mean square of the elevation about the plane, over `footprint` [m];
        rise: height of the cell above the plane [m];
        clearance: greatest rise within the square of side `body_scale`: what the belly must clear [m];
        known: share of cells with an elevation within `footprint` [1].

    Raises:
        InvalidInput: when the elevation layer is missing.
    """
    if "elevation" not in grid:
        raise InvalidInput("grid layer", "elevation", "terrain metrics need it")
    p = params or config.load("terrain", MetricsParams)
    z = grid["elevation"]
    half = _half(p.footprint, grid.resolution)
    slope_x, slope_y, plane, roughness, known = fit_planes(z, grid.resolution, half, p.min_known)
    step = np.empty_like(z)
    _steps(z, slope_x, slope_y, grid.resolution, _half(p.wheel_scale, grid.resolution), step)
    rise = z - plane
    result = Grid(grid.resolution, grid.origin, grid.shape, grid.frame)
    result["slope_x"], result["slope_y"] = slope_x, slope_y
    result["slope"] = np.arctan(np.hypot(slope_x, slope_y))
    result["step"], result["roughness"], result["rise"] = step, roughness, rise
    result["clearance"] = _largest(rise, _half(p.body_scale, grid.resolution))
    result["known"] = known
    return result


def fit_planes(
    z: Layer, resolution: float, half: int, min_known: float
) -> tuple[Layer, Layer, Layer, Layer, Layer]:
    """Fit a plane to the known cells of the (2 half + 1)-cell square around every cell.

    Args:
        z: (rows, cols) float32 heights [m], NaN unknown.

    Returns:
        dz/dx, dz/dy [m/m], the plane's height at the cell [m], RMS residual [m], known share [1], each
        (rows, cols) float32; the first four are NaN where less than `min_known` of the square is known.
    """
    rows, cols = z.shape
    valid = np.isfinite(z)
    weight = valid.astype(np.float64)
    base = float(z[valid].mean()) if valid.any() else 0.0
    height = np.where(valid, z - base, 0.0).astype(np.float64)
    x = np.arange(cols, dtype=np.float64)[None, :]
    y = np.arange(rows, dtype=np.float64)[:, None]
    wx, wy = weight * x, weight * y
    moments = [weight, wx, wy, wx * x, wx * y, wy * y, height, height * x, height * y, height * height]
    size = (2 * half + 1, 2 * half + 1)
    sums = [
        cv2.boxFilter(m, -1, size, normalize=False, borderType=cv2.BORDER_CONSTANT | cv2.BORDER_ISOLATED)
        for m in moments
    ]
    out = np.empty((5, rows, cols), dtype=np.float32)
    _solve_planes(*sums, float(size[0] * size[1]), min_known, resolution, base, out)
    return out[0], out[1], out[2], out[3], out[4]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _solve_planes(
    n: Array,
    sx: Array,
    sy: Array,
    sxx: Array,
    sxy: Array,
    syy: Array,
    sz: Array,
    sxz: Array,
    syz: Array,
    szz: Array,
    full: float,
    min_known: float,
    resolution: float,
    base: float,
    out: Layer,
) -> None:
    rows, cols = n.shape
    for r in range(rows):
        for c in range(cols):
            count = n[r, c]
            out[4, r, c] = count / full
            for k in range(4):
                out[k, r, c] = np.nan
            if count < 3.0 or count < min_known * full:
                continue
            mx, my, mz = sx[r, c] / count, sy[r, c] / count, sz[r, c] / count
            cxx = sxx[r, c] / count - mx * mx
            cxy = sxy[r, c] / count - mx * my
            cyy = syy[r, c] / count - my * my
            cxz = sxz[r, c] / count - mx * mz
            cyz = syz[r, c] / count - my * mz
            czz = szz[r, c] / count - mz * mz
            det = cxx * cyy - cxy * cxy
            if det < 1e-3:  # the known cells lie on a line
                continue
            gx = (cxz * cyy - cyz * cxy) / det
            gy = (cyz * cxx - cxz * cxy) / det
            out[0, r, c] = gx / resolution
            out[1, r, c] = gy / resolution
            out[2, r, c] = base + mz + gx * (c - mx) + gy * (r - my)
            out[3, r, c] = np.sqrt(max(czz - gx * cxz - gy * cyz, 0.0))


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _steps(z: Layer, slope_x: Layer, slope_y: Layer, resolution: float, half: int, out: Layer) -> None:
    rows, cols = z.shape
    for r in range(rows):
        for c in range(cols):
            out[r, c] = np.nan
            if not (np.isfinite(z[r, c]) and np.isfinite(slope_x[r, c])):
                continue
            gx, gy = slope_x[r, c] * resolution, slope_y[r, c] * resolution
            low = high = z[r, c]
            for rr in range(max(0, r - half), min(rows, r + half + 1)):
                for cc in range(max(0, c - half), min(cols, c + half + 1)):
                    height = z[rr, cc] - gx * (cc - c) - gy * (rr - r)
                    if height < low:  # false for NaN
                        low = height
                    if height > high:
                        high = height
            out[r, c] = high - low


def _largest(values: Layer, half: int) -> Layer:
    """Largest known value in the square around each cell; NaN where none is known."""
    filled = np.where(np.isfinite(values), values, -np.inf).astype(np.float32)
    kernel = np.ones((2 * half + 1, 2 * half + 1), np.uint8)
    highest = cv2.dilate(filled, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=-np.inf)
    result: Layer = np.where(np.isfinite(highest), highest, np.nan).astype(np.float32)
    return result


def _half(side: float, resolution: float) -> int:
    """Cells on either side of the middle one in a square of that side [m]; at least one."""
    return max(1, round(0.5 * (side / resolution - 1.0)))
