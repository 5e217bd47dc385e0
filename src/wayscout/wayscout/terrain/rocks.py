"""Find rocks in an elevation grid: bumps that stand above the ground on every side.

A rock is what remains when the ground is taken off: first the plane over a few metres (slopes), then a
morphological opening wider than the largest rock (curvature). Bumps that touch are told apart by their
peaks' prominence; a bump that is not clearly above the ground on its uphill side is an edge of the
terrain, not a rock.
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
from wayscout.terrain import metrics

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int32]
_SECTORS = 8
_CUT = 0.25  # share of its height at which a bump's width is taken


@dataclass(frozen=True)
class RockParams:
    """How rocks are told from ground; see config/terrain.yaml."""

    rock_largest: float
    rock_plane: float
    rock_bump: float
    rock_prominence: float
    rock_isolation: float
    rock_height: float
    rock_max_slope: float


@dataclass(frozen=True)
class Rocks:
    """Rocks of a grid.

    Attributes:
        table: (n, 5) float64: x, y [m] in the grid's frame, width [m], height above the ground [m],
            confidence (0 to 1).
        height: (rows, cols) float32, the height above the ground of cells that belong to a rock, 0 elsewhere,
            NaN where the elevation is unknown [m].
    """

    table: Array
    height: Layer


def find_rocks(grid: Grid, params: RockParams | None = None) -> Rocks:
    """Find the rocks of at least `rock_height` in a grid with `elevation` (and, if known, `sigma`) [m].

    Raises:
        InvalidInput: when the elevation layer is missing.
    """
    if "elevation" not in grid:
        raise InvalidInput("grid layer", "elevation", "finding rocks needs it")
    p = params or config.load("terrain", RockParams)
    z = grid["elevation"]
    bump, slope = bumps(z, grid.resolution, p)
    labels, count = _segments(bump, p.rock_bump, p.rock_prominence)
    table, kept = _measure(bump, slope, labels, count, grid, p)
    height = np.where(np.isfinite(z), np.where(kept[labels], bump, 0.0), np.nan).astype(np.float32)
    return Rocks(table, height)


def bumps(z: Layer, resolution: float, p: RockParams) -> tuple[Layer, Layer]:
    """Height above the ground of every cell [m], 0 where unknown, and the tangent of the slope below."""
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
    return result.astype(np.float32), np.hypot(slope_x, slope_y)


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
    bump: Layer, slope: Layer, labels: Labels, count: int, grid: Grid, p: RockParams
) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Size each bump; return the rocks' table and which labels are rocks."""
    kept = np.zeros(count + 1, bool)
    table = []
    sums = _sums(bump, labels, count)
    z, sigma = grid["elevation"], grid.layers.get("sigma")
    for k in np.flatnonzero(sums[:, 0] >= p.rock_height):
        peak, area, row, col = sums[k]
        # At a quarter of its height a half ellipsoid has this share of the width at its foot.
        radius = np.sqrt(area / np.pi) / np.sqrt(1.0 - _CUT**2)
        width = 2.0 * radius * grid.resolution
        if width > 1.6 * p.rock_largest or area < 2:
            continue
        ground = _sector_heights(z, labels == 0, row, col, radius)
        known = np.isfinite(ground)
        if known.sum() < _SECTORS // 2:
            continue
        r, c = round(row), round(col)
        if slope[r, c] > p.rock_max_slope:
            continue
        top = np.nanmax(z[max(0, r - 1) : r + 2, max(0, c - 1) : c + 2])
        stands = float(top - np.nanmax(ground))
        if not stands > p.rock_isolation * peak:
            continue
        error = 0.05 if sigma is None else float(np.nan_to_num(sigma[r, c], nan=0.3))
        confidence = 1.0 / (1.0 + np.exp(-(stands / peak - p.rock_isolation) * 6.0)) * peak / (peak + error)
        x, y = grid.centre(row, col)
        table.append((float(x), float(y), width, float(peak), confidence))
        kept[k] = True
    return np.array(table, dtype=np.float64).reshape(-1, 5), kept


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _sums(bump: Layer, labels: Labels, count: int) -> Array:
    """Peak height, cells above `_CUT` of it, and their centroid (row, col), for each label."""
    out = np.zeros((count + 1, 4))
    rows, cols = bump.shape
    for r in range(rows):
        for c in range(cols):
            k = labels[r, c]
            if k > 0 and bump[r, c] > out[k, 0]:
                out[k, 0] = bump[r, c]
    for r in range(rows):
        for c in range(cols):
            k = labels[r, c]
            if k > 0 and bump[r, c] >= _CUT * out[k, 0]:
                out[k, 1] += 1
                out[k, 2] += r
                out[k, 3] += c
    for k in range(1, count + 1):
        if out[k, 1] > 0:
            out[k, 2] /= out[k, 1]
            out[k, 3] /= out[k, 1]
    return out


def _sector_heights(z: Layer, ground: npt.NDArray[np.bool_], row: float, col: float, radius: float) -> Array:
    """Median height of the ground in eight sectors of the ring around a bump [m], NaN where none is known."""
    outer = radius + 4.0
    r0, r1 = max(0, int(row - outer)), min(z.shape[0], int(row + outer) + 2)
    c0, c1 = max(0, int(col - outer)), min(z.shape[1], int(col + outer) + 2)
    v, u = np.mgrid[r0:r1, c0:c1]
    distance = np.hypot(v - row, u - col)
    sector = ((np.arctan2(v - row, u - col) / (2 * np.pi) + 0.5) * _SECTORS).astype(int) % _SECTORS
    part = z[r0:r1, c0:c1]
    use = (distance > radius) & (distance <= outer) & ground[r0:r1, c0:c1] & np.isfinite(part)
    heights = [part[use & (sector == k)] for k in range(_SECTORS)]
    return np.array([np.median(h) if h.size else np.nan for h in heights])
