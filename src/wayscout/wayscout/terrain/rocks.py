# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Find rocks in an elevation grid: bumps that stand above the ground on every side.

A rock is what remains when the ground is taken off: first the plane over a few metres (slopes), then a
morphological opening wider than the largest rock (curvature). Bumps that touch are told apart by their
peaks' prominence; a bump that is not clearly above the ground on every side, the slope taken off, is an edge
of the terrain, not a rock; one that is not clearly higher than its own error is none either.

How high a rock is tells its top over the ground at its very foot: the opening, which tells where rocks are,
runs below rough ground, and the ground a rock's width off is another's. Yet no more than it stands above the
opening: the ground at the foot of a ledge lies below one side alone. A map shows tops lower than they
are, since matching windows and cells average over their domes. A dome h sqrt(1 - (2r/w)^2), averaged over a
disc of radius a on its top, loses the share (a/w)^2 of its height, which is given back.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from numba import njit

from wayscout import config
from wayscout.errors import InvalidInput
from wayscout.grid import Bounds, Grid, Layer
from wayscout.terrain import metrics

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int32]
_SECTORS = 8
_CUT = 0.25  # share of its height at which a bump's width is taken
_MOST_LOST = 0.25  # share of its height that a rock is believed to lose at most
_RING = 3.0  # [cells] width of the ring at a rock's foot whose height is the ground's


@dataclass(frozen=True)
class RockParams:
    """How rocks are told from ground; see config/terrain.yaml."""

    rock_largest: float
    rock_plane: float
    rock_bump: float
    rock_prominence: float
    rock_isolation: float
    rock_certainty: float
    rock_blur: float
    rock_height: float
    rock_max_slope: float


@dataclass(frozen=True)
class Rocks:
    """Rocks of a grid.

    Attributes:
        table: (n, 5) float64: x, y [m] in the grid's frame, largest width [m], height above the ground [m],
            confidence (0 to 1).
        sigma: (n,) float64, standard deviation of the heights [m].
        height: (rows, cols) float32, the height above the ground of cells that belong to a rock, 0 elsewhere,
            NaN where the elevation is unknown [m].
    """

    table: Array
    sigma: Array
    height: Layer

    def within(self, bounds: Bounds) -> Array:
        """Return the rows of the table whose centres lie in `bounds`."""
        return self.table[bounds.contains(self.table[:, 0], self.table[:, 1])]


def find_rocks(grid: Grid, params: RockParams | None = None) -> Rocks:
    """Find the rocks of at least `rock_height` in a grid with `elevation` (and, if known, `sigma`) [m].

    Raises:
        InvalidInput: when the elevation layer is missing.
    """
    if "elevation" not in grid:
        raise InvalidInput("grid layer", "elevation", "finding rocks needs it")
    p = params or config.load("terrain", RockParams)
    z = grid["elevation"]
    bump, slope_x, slope_y = bumps(z, grid.resolution, p)
    labels, count = _segments(bump, p.rock_bump, p.rock_prominence)
    table, sigma, gain = _measure(bump, (slope_x, slope_y), labels, count, grid, p)
    height = np.where(np.isfinite(z), gain[labels] * bump, np.nan).astype(np.float32)
    return Rocks(table, sigma, height)


def bumps(z: Layer, resolution: float, p: RockParams) -> tuple[Layer, Layer, Layer]:
    """Height above the ground of every cell [m], 0 where unknown, and dz/dx and dz/dy of the slope below."""
    half = max(1, round(0.5 * p.rock_plane / resolution))
    slope_x, slope_y, plane = metrics.fit_planes(z, resolution, half, 0.05)[:3]
    rise = z - plane
    known = np.isfinite(rise)
    radius = max(1, round(0.5 * p.rock_largest / resolution))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    eroded = cv2.erode(np.where(known, rise, 1e6).astype(np.float32), kernel)
    eroded[eroded > 1e5] = -1e6
    ground = cv2.dilate(eroded, kernel)
    ground = cv2.GaussianBlur(np.where(known, ground, 0.0).astype(np.float32), (0, 0), 0.25 * radius)
    weight = cv2.GaussianBlur(known.astype(np.float32), (0, 0), 0.25 * radius)
    result: Layer = np.where(known, np.maximum(rise - ground / np.maximum(weight, 1e-3), 0.0), 0.0)
    return result.astype(np.float32), slope_x, slope_y


def _segments(bump: Layer, lowest: float, prominence: float) -> tuple[Labels, int]:
    """Label the bumps, 0 for ground: flood from the top and part bumps at deep saddles.

    A saddle parts two bumps when it lies the share `prominence` of the lower peak below that peak.
    """
    cells = np.flatnonzero(bump > lowest)
    order = cells[np.argsort(-bump.ravel()[cells], kind="stable")]
    labels, count = _flood(bump, order, prominence)
    return labels, count


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _flood(bump: Layer, order: npt.NDArray[np.int64], prominence: float) -> tuple[Labels, int]:
    rows, cols = bump.shape
    labels = np.zeros((rows, cols), dtype=np.int32)
    parent = np.zeros(order.size + 1, dtype=np.int32)
    peak = np.zeros(order.size + 1, dtype=np.float32)
    count = 0
    for cell in order:
        r, c = cell // cols, cell % cols
        best = 0
        for dr in range(-1, 2):
            for dc in range(-1, 2):
                rr, cc = r + dr, c + dc
                if rr < 0 or cc < 0 or rr >= rows or cc >= cols or labels[rr, cc] == 0:
                    continue
                other = labels[rr, cc]
                while parent[other] != other:
                    other = parent[other]
                if best == 0:
                    best = other
                elif other != best:
                    high, low = (best, other) if peak[best] >= peak[other] else (other, best)
                    if peak[low] - bump[r, c] < prominence * peak[low]:
                        parent[low] = high
                    best = high
        if best == 0:
            count += 1
            best = count
            parent[best] = best
            peak[best] = bump[r, c]
        labels[r, c] = best
    for r in range(rows):
        for c in range(cols):
            k = labels[r, c]
            while parent[k] != k:
                k = parent[k]
            labels[r, c] = k
    return labels, count


def _measure(
    bump: Layer, slope: tuple[Layer, Layer], labels: Labels, count: int, grid: Grid, p: RockParams
) -> tuple[Array, Array, Layer]:
    """Size each bump; return the rocks' table, the sigmas of their heights, and by label the factor that
    makes a bump's height a rock's, 0 for what is none."""
    gain = np.zeros(count + 1, np.float32)
    table, sigmas = [], []
    z, resolution = grid["elevation"], grid.resolution
    errors = grid["sigma"] if "sigma" in grid else np.full_like(z, 0.05)
    sums, bare = _sums(bump, errors, labels, count), labels == 0
    for k in np.flatnonzero(sums[:, 0] * (1.0 + _MOST_LOST) >= p.rock_height):
        peak, area, row, col, longest, error = sums[k]
        # At a quarter of its height a half ellipsoid has this share of the width at its foot.
        at_foot = 1.0 / np.sqrt(1.0 - _CUT**2)
        radius = np.sqrt(area / np.pi) * at_foot
        width = longest * at_foot * resolution
        if width > 1.6 * p.rock_largest or area < 2:
            continue  # a ridge
        r, c = round(row), round(col)
        tilt = slope[0][r, c] * resolution, slope[1][r, c] * resolution
        if np.hypot(*tilt) > p.rock_max_slope * resolution:
            continue
        ground = _sector_heights(z, bare, row, col, radius, tilt)
        known = np.isfinite(ground)
        if known.sum() < _SECTORS // 2:
            continue
        near = z[max(0, r - 1) : r + 2, max(0, c - 1) : c + 2]
        stands = float(np.nanmax(near, initial=-np.inf) - np.nanmax(ground))
        top = _top(z, labels, int(k), row, col, longest, tilt)
        lost = min((p.rock_blur / (2.0 * radius * resolution)) ** 2, _MOST_LOST)
        height = min(top - float(np.nanmedian(ground)), float(peak)) * (1.0 + lost)
        # What matching smooths, it smooths unevenly: half of what is given back is uncertain.
        sigma = float(np.hypot(error, 0.5 * lost * peak))
        certain = peak > p.rock_certainty * sigma
        if not (stands > p.rock_isolation * peak and certain and height >= p.rock_height):
            continue
        confidence = 1.0 / (1.0 + np.exp(-(stands / peak - p.rock_isolation) * 6.0)) * peak / (peak + sigma)
        x, y = grid.centre(row, col)
        table.append((float(x), float(y), width, height, confidence))
        sigmas.append(sigma)
        gain[k] = height / peak
    return np.array(table, dtype=np.float64).reshape(-1, 5), np.array(sigmas, dtype=np.float64), gain


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _sums(bump: Layer, sigma: Layer, labels: Labels, count: int) -> Array:
    """Size up each label's cells above `_CUT` of its peak, (count + 1, 6).

    Columns: peak height [m]; cells; their centroid (row, col); the long axis of the ellipse with their second
    moments [cells]; the smallest sigma among them [m], that of the rock's top and not of its edges.
    """
    out = np.zeros((count + 1, 6))
    moments = np.zeros((count + 1, 3))
    rows, cols = bump.shape
    for r in range(rows):
        for c in range(cols):
            k = labels[r, c]
            if k > 0 and bump[r, c] > out[k, 0]:
                out[k, 0] = bump[r, c]
    out[:, 5] = np.inf
    for r in range(rows):
        for c in range(cols):
            k = labels[r, c]
            if k > 0 and bump[r, c] >= _CUT * out[k, 0]:
                out[k, 1] += 1
                out[k, 2] += r
                out[k, 3] += c
                moments[k, 0] += r * r
                moments[k, 1] += c * c
                moments[k, 2] += r * c
                if sigma[r, c] < out[k, 5]:
                    out[k, 5] = sigma[r, c]
    for k in range(1, count + 1):
        n = out[k, 1]
        if n > 0:
            out[k, 2] /= n
            out[k, 3] /= n
            rr = moments[k, 0] / n - out[k, 2] ** 2 + 1.0 / 12.0
            cc = moments[k, 1] / n - out[k, 3] ** 2 + 1.0 / 12.0
            rc = moments[k, 2] / n - out[k, 2] * out[k, 3]
            largest = 0.5 * (rr + cc) + np.sqrt(0.25 * (rr - cc) ** 2 + rc * rc)
            out[k, 4] = 4.0 * np.sqrt(largest)
        if not np.isfinite(out[k, 5]):
            out[k, 5] = 0.3
    return out


def _top(
    z: Layer, labels: Labels, k: int, row: float, col: float, longest: float, tilt: tuple[float, float]
) -> float:
    """Greatest height of a bump's cells [m], the slope taken off about its middle; see `_sector_heights`."""
    reach = longest + 1.0
    r0, r1 = max(0, int(row - reach)), int(row + reach) + 2
    c0, c1 = max(0, int(col - reach)), int(col + reach) + 2
    v, u = np.nonzero(labels[r0:r1, c0:c1] == k)
    return float(np.max(z[r0 + v, c0 + u] - tilt[0] * (c0 + u - col) - tilt[1] * (r0 + v - row)))


def _sector_heights(
    z: Layer, ground: npt.NDArray[np.bool_], row: float, col: float, radius: float, tilt: tuple[float, float]
) -> Array:
    """Median height of the ground in eight sectors of the ring around a bump [m], NaN where none is known.

    Args:
        tilt: rise of the slope by column and by row [m], which is taken off about the bump's middle.
    """
    outer = radius + _RING
    r0, r1 = max(0, int(row - outer)), min(z.shape[0], int(row + outer) + 2)
    c0, c1 = max(0, int(col - outer)), min(z.shape[1], int(col + outer) + 2)
    v, u = np.mgrid[r0:r1, c0:c1]
    distance = np.hypot(v - row, u - col)
    sector = ((np.arctan2(v - row, u - col) / (2 * np.pi) + 0.5) * _SECTORS).astype(int) % _SECTORS
    part = z[r0:r1, c0:c1]
    use = (distance > radius) & (distance <= outer) & ground[r0:r1, c0:c1] & np.isfinite(part)
    level = part - tilt[0] * (u - col) - tilt[1] * (v - row)
    heights = [level[use & (sector == k)] for k in range(_SECTORS)]
    return np.array([np.median(h) if h.size else np.nan for h in heights])
