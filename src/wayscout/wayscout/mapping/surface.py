# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""From fused heights to the elevation layer: stray cells out, small holes filled, an honest sigma."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from numba import njit

from wayscout.grid import Layer

Mask = npt.NDArray[np.bool_]

_STRAY_SIDE = 0.5  # m of a square that no rock of twice stray_height fills
_STRAY_DEPTH = 3.0  # of a patch's width, from which it cannot be a rock or a pit


@dataclass(frozen=True)
class SurfaceParams:
    """How the surface is finished; see config/mapper.yaml."""

    stray_height: float
    fill_reach: float
    sigma_floor: float
    sigma_window: float
    sigma_around: float
    sigma_spread: float
    sigma_step: float
    sigma_place: float
    sigma_bend: float
    sigma_single: float
    sigma_filled_slope: float


def without_strays(height: Layer, used: Layer, limit: float, resolution: float) -> Layer:
    """Drop stray cells and stray patches.

    A cell of at most two samples is stray that stands over `limit` [m] off its surroundings' median. A patch
    is, whatever saw it, that stands twice as far off what is known within a metre and measures no more than
    half a metre square, or is three times deeper than wide: no rock or pit is, and ends within one cell.

    Args:
        height, used: (rows, cols) float32 of `fusion.fuse`, NaN where unknown [m, 1].
        limit, resolution: [m].
    """
    known = np.isfinite(height)
    filled = _filled_by_nearest(height)
    stray = known & (used <= 2) & (np.abs(height - cv2.medianBlur(filled, 5)) > limit)
    off = np.abs(height - _broad_median(height))
    far = known & (off > 2.0 * limit)
    count, patch, facts, _ = cv2.connectedComponentsWithStats(far.astype(np.uint8), connectivity=8)
    cells = facts[:, cv2.CC_STAT_AREA]
    depth = np.bincount(patch.ravel(), np.nan_to_num(off).ravel(), count) / np.maximum(cells, 1)
    small = (cells <= round((_STRAY_SIDE / resolution) ** 2)) | (
        depth > _STRAY_DEPTH * np.sqrt(cells) * resolution
    )
    small[0] = False  # what is not far
    result: Layer = np.where(stray | small[patch], np.nan, height).astype(np.float32)
    return result


def _broad_median(height: Layer) -> Layer:
    """Median of what is known in 20 x 20 cells or so, from means of 4 x 4."""
    known = np.isfinite(height)
    rows, cols = height.shape
    size = (-(-cols // 4), -(-rows // 4))
    share = cv2.resize(known.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    total = cv2.resize(np.where(known, height, 0.0).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    means = np.where(share > 0.0, total / np.maximum(share, 1e-6), np.nan).astype(np.float32)
    medians = _filled_by_nearest(_median_of_known(means, 2))
    result: Layer = cv2.resize(medians, (cols, rows), interpolation=cv2.INTER_LINEAR)
    return result


@njit(cache=True)
def _median_of_known(values, reach):  # type: ignore[no-untyped-def]
    """Median of the finite values in squares of 2 reach + 1, NaN where there are none."""
    rows, cols = values.shape
    result = np.full_like(values, np.nan)
    held = np.empty((2 * reach + 1) ** 2, values.dtype)
    for row in range(rows):
        for col in range(cols):
            count = 0
            for i in range(max(row - reach, 0), min(row + reach + 1, rows)):
                for j in range(max(col - reach, 0), min(col + reach + 1, cols)):
                    if np.isfinite(values[i, j]):
                        held[count] = values[i, j]
                        count += 1
            if count > 0:
                result[row, col] = np.median(held[:count])
    return result


def sigma_of(
    height: Layer,
    spread: Layer,
    used: Layer,
    resolution: float,
    params: SurfaceParams,
    way: Layer | None = None,
    incline: tuple[float, float] = (0.0, 0.0),
) -> Layer:
    """Standard deviation of each measured height, once one shift in height has been taken off the whole map.

    How high the map as a whole lies is known as well as the vehicles' start, which no cell can tell.
    Independent terms join in squares: a floor; how far the pairs disagree around the cell, which shows
    errors of the poses that neighbours share; how far they disagree in the cell itself; the height of steps
    nearby, since an edge that is a cell off turns its height into error; the slope beside the whole map's,
    which does the same with what the map is off sideways (what the map's own slope makes of that is one shift
    in height); and the bend of the track, which neighbours share, so that no disagreement
    shows it: noise of the attitude adds up to a random walk of the height with the way. A cell that one pair
    alone saw has no witness and gets `sigma_single` more. The factors are fitted on flown surveys.

    Args:
        height, spread, used: (rows, cols) float32 of `fusion.fuse`, NaN where unknown [m, m, 1].
        resolution: [m].
        way: (rows, cols) distance to where the track begins [m]; None where the poses are exact.
        incline: mean rise of the whole map towards +y and +x [m/m], see `incline_of`.

    Returns:
        (rows, cols) float32 [m], NaN where unknown.
    """
    known = np.isfinite(height)
    own = np.where(known, spread, 0.0).astype(np.float32)
    witnessed = (known & (np.nan_to_num(used) > 0.0) & (own > 0.0)).astype(np.float32)
    side = 2 * round(0.5 * params.sigma_window / resolution) + 1
    share = cv2.blur(witnessed, (side, side))
    square = np.maximum(cv2.blur(own * own * witnessed, (side, side)), 0.0)  # blurring leaves tiny negatives
    around = np.sqrt(square / np.maximum(share, 1e-3))
    rises = _rises(height)
    beside = ((rise / resolution - mean) ** 2 for rise, mean in zip(rises, incline, strict=True))
    variance = (
        params.sigma_floor**2
        + (params.sigma_around * around) ** 2
        + (params.sigma_spread * own) ** 2
        + (params.sigma_step * _step_nearby(height, rises)) ** 2
        + params.sigma_place**2 * sum(beside)
        + np.where(own > 0.0, 0.0, params.sigma_single**2)
    )
    if way is not None:
        variance += params.sigma_bend**2 * way
    result: Layer = np.where(known, np.sqrt(variance), np.nan).astype(np.float32)
    return result


def incline_of(heights: Iterable[Layer], resolution: float) -> tuple[float, float]:
    """Mean rise of a map's parts, (rows, cols) [m] and NaN where unknown, towards +y and +x [m/m]."""
    total, count = np.zeros(2), np.zeros(2)
    for height in heights:
        for axis in (0, 1):
            rise = np.diff(height, axis=axis)
            total[axis] += np.nansum(rise, dtype=np.float64)
            count[axis] += np.isfinite(rise).sum()
    along_y, along_x = total / np.maximum(count, 1.0) / resolution
    return float(along_y), float(along_x)


def _rises(height: Layer) -> tuple[Layer, Layer]:
    """Rise towards +y and +x from cell to cell [m], over five cells."""
    along_y, along_x = np.gradient(cv2.blur(_filled_by_nearest(height), (5, 5)))
    return along_y, along_x


def _step_nearby(height: Layer, rises: tuple[Layer, Layer]) -> Layer:
    """Largest height step between neighbours beyond the slope, up to two cells off [m], 0 where unknown."""
    slope = np.abs(rises[1]) + np.abs(rises[0])
    step = np.maximum(local_relief(height) - 2.0 * slope - 0.03, 0.0)
    result: Layer = cv2.dilate(step.astype(np.float32), np.ones((3, 3), np.uint8))
    return result


def local_relief(height: Layer) -> Layer:
    """Difference of the highest and the lowest known cell in the 3 x 3 square [m], 0 where unknown."""
    known = np.isfinite(height)
    kernel = np.ones((3, 3), np.uint8)
    high = cv2.dilate(np.where(known, height, -np.inf).astype(np.float32), kernel)
    low = cv2.erode(np.where(known, height, np.inf).astype(np.float32), kernel)
    result: Layer = np.subtract(high, low, out=np.zeros_like(high), where=known)
    return result


def fill_holes(
    height: Layer, sigma: Layer, reach: int, slope: float, resolution: float
) -> tuple[Layer, Layer]:
    """Fill unknown cells that lie between known ones within `reach` cells, never outward from an edge.

    Heights come from normalised convolution with a narrowing Gaussian; sigma grows by `slope` [m/m] with the
    distance to the nearest measured cell.

    Returns:
        Height and sigma [m], (rows, cols) float32, equal to the given ones where those are finite.
    """
    known = np.isfinite(height)
    if known.all() or not known.any() or reach < 1:
        return height.copy(), sigma.copy()
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    closed = cv2.morphologyEx(known.astype(np.uint8), cv2.MORPH_CLOSE, kernel, borderType=cv2.BORDER_CONSTANT)
    holes = (closed > 0) & ~known
    out, spread = height.copy(), sigma.copy()
    distance = cv2.distanceTransform((~known).astype(np.uint8), cv2.DIST_L2, 3)
    for width in (0.7, 1.5, 3.0, 6.0):
        todo = holes & ~np.isfinite(out)
        if not todo.any():
            break
        z, weight = _smoothed(height, known, width)
        s, _ = _smoothed(sigma, known, width)
        fits = todo & (weight > 0.05)
        out[fits] = z[fits]
        spread[fits] = np.hypot(s[fits], slope * resolution * distance[fits])
    return out, spread


def _smoothed(values: Layer, known: Mask, width: float) -> tuple[Layer, Layer]:
    base = float(values[known].mean())
    filled = np.where(known, values - base, 0.0).astype(np.float32)
    weight = cv2.GaussianBlur(known.astype(np.float32), (0, 0), width)
    total = cv2.GaussianBlur(filled, (0, 0), width)
    return base + total / np.maximum(weight, 1e-6), weight


def _filled_by_nearest(height: Layer) -> Layer:
    known = np.isfinite(height)
    if known.all() or not known.any():
        return np.nan_to_num(height).astype(np.float32)
    zeros = (~known).astype(np.uint8)
    labels = cv2.distanceTransformWithLabels(zeros, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)[1]
    table = np.zeros(labels.max() + 1, np.float32)
    table[labels[known]] = height[known]
    result: Layer = table[labels]
    return result
