# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What the ground looks like, cell by cell, in five numbers that can be named.

light    brighter (or, below zero, darker) than the ground around, over how mottled the place is in itself,
         after what the slope explains is taken off;
bands    contrast that has one direction and comes back again and again, as layers of rock have;
grain    bright spots side by side, as rounded stones make that each catch the sun on top;
relief   unevenness of the ground itself, from the elevation;
colour   distance of the colour ratios from those of the ground around, where the map has colour.

Bands come from the covariance of the picture's gradient over a window. Its two eigenvalues say how strong the
contrast is along and across the main direction. It is a structure tensor with the mean gradient taken off: a
single edge has a mean gradient and drops out, bands that come back have none. Grain counts spots that stand
out of the contrast around: rocks are fewer to the square metre, mottled ground has hardly any.

Shadow, loose sand, rocks and what no picture saw are left out of every window: they are known already.
All numbers but colour change with the picture's gain only by that factor and not at all with its offset; what
is made of them is relative to the scene.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.errors import InvalidInput
from wayscout.grid import Grid, Layer

Mask = npt.NDArray[np.bool_]
NAMES = ("light", "bands", "grain", "relief", "colour")
COLOURS = ("red", "green", "blue")
_SLOPE_SCALE = 0.5  # [m] deviation of the smoothing of slopes that explain brightness
_BINS = 128
_SPREAD = 1.4826  # of a normal distribution over its median absolute deviation
_EVEN = 0.25  # share of the usual variance that is taken for the pictures' noise
_VALLEY = 0.6  # depth of the histogram between shadow and light, over shadow's peak
_STARK = 3.0  # spreads of the detail at which it is cut before it tells what contrast is usual around
_FEWEST = 400  # cells, 4 m^2 of a usual map: less is no scene
_DARKEST = 4.0  # grey level below which a colour ratio is noise


@dataclass(frozen=True)
class DescriptorParams:
    """Scales of the descriptors; see config/science.yaml."""

    detail: float
    window: float
    surround: float
    shadow_margin: float
    shadow_apart: float
    sand_excluded: float
    spot: float
    dot: float
    dot_window: float
    steepest: float


def check(grid: Grid) -> None:
    """Raise InvalidInput when a grid lacks what descriptors need."""
    for name in ("elevation", "intensity"):
        if name not in grid:
            raise InvalidInput("grid layer", name, f"known layers are {sorted(grid.layers)}")


def usable(grid: Grid, params: DescriptorParams) -> Mask:
    """Cells that pictures saw and that are neither shadow, nor loose sand, nor rock, nor the rims of these.

    Raises:
        InvalidInput: when a layer is missing.
    """
    check(grid)
    grey = grid["intensity"]
    known = np.isfinite(grey) & np.isfinite(grid["elevation"])
    hidden = shadows(grey, known, grid.resolution, params.shadow_apart)
    if "rock" in grid:
        hidden |= np.nan_to_num(grid["rock"]) > 0.0
    side = 2 * round(params.shadow_margin / grid.resolution) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    hidden = cv2.dilate(hidden.astype(np.uint8), kernel) > 0
    if "sand" in grid:
        hidden |= np.nan_to_num(grid["sand"]) > params.sand_excluded
    slope_x, slope_y = _slopes(np.where(known, grid["elevation"], 0.0), known, grid.resolution)
    hidden |= np.hypot(slope_x, slope_y) > np.tan(params.steepest)
    return np.asarray(known & ~hidden, bool)


def shadows(grey: Layer, known: Mask, resolution: float, apart: float) -> Mask:
    """Cells in shadow: the darker of two kinds of brightness, when there are clearly two.

    The threshold is Kittler and Illingworth's, "Minimum error thresholding" (1986): that which describes the
    histogram best by two normal distributions. It moves with gain and offset.
    """
    result = np.zeros(grey.shape, bool)
    if int(known.sum()) < _FEWEST:
        return result
    smooth = _Smooth(known, 0.15 / resolution)(np.where(known, grey, 0.0))
    values = smooth[known]
    low, high = np.percentile(values, [0.1, 99.0])
    if not high > low:
        return result
    counts, edges = np.histogram(np.clip(values, low, high), _BINS, (low, high))
    middles = 0.5 * (edges[1:] + edges[:-1])
    share = np.maximum(np.cumsum(counts) / counts.sum(), 1e-9)
    rest = np.maximum(1.0 - share, 1e-9)
    first, second = np.cumsum(counts * middles), np.cumsum(counts * middles**2)
    mean_low = first / (share * counts.sum())
    mean_high = (first[-1] - first) / (rest * counts.sum())
    bin_width = (high - low) / _BINS
    sigma_low = np.sqrt(np.maximum(second / (share * counts.sum()) - mean_low**2, bin_width**2))
    sigma_high = np.sqrt(
        np.maximum((second[-1] - second) / (rest * counts.sum()) - mean_high**2, bin_width**2)
    )
    error = share * np.log(sigma_low / share) + rest * np.log(sigma_high / rest)
    error[(share < 0.005) | (rest < 0.3)] = np.inf
    best = int(np.argmin(error))
    gap = (mean_high[best] - mean_low[best]) / (sigma_low[best] + sigma_high[best])
    if not np.isfinite(error[best]) or gap < apart:
        return result
    # Two kinds have a valley between them; the tail of one kind is fullest where it is cut off.
    histogram = np.convolve(counts, np.full(5, 0.2), mode="same")
    if histogram[best + 1] > _VALLEY * histogram[: best + 1].max():
        return result
    # Dark ground is brighter than shadow: what joins up dark must in its middle be as dark as that.
    limit = min(edges[best + 1], mean_low[best] + 2.5 * sigma_low[best])
    _, labels = cv2.connectedComponents((known & (smooth < limit)).astype(np.uint8), connectivity=4)
    deep = smooth < mean_low[best] + sigma_low[best]
    sizes = np.bincount(labels.ravel())
    dark = np.bincount(labels.ravel(), weights=deep.ravel()) > 0.4 * sizes
    dark[0] = False
    return np.asarray(dark[labels])


def describe(grid: Grid, mask: Mask, params: DescriptorParams) -> dict[str, Layer]:
    """Return the descriptors of a map, (rows, cols) float32 each; `colour` only where the map has colour.

    Args:
        grid: layers `elevation` [m] and `intensity`; `red`, `green` and `blue` where known.
        mask: cells that count, as of `usable`.

    Raises:
        InvalidInput: when a layer or usable ground is missing.
    """
    check(grid)
    if int(mask.sum()) < _FEWEST:
        raise InvalidInput("map", int(mask.sum()), f"at least {_FEWEST} lit cells of firm ground are needed")
    step = grid.resolution
    near, wide = _Smooth(mask, params.window / step), _Smooth(mask, params.surround / step)
    z = np.where(mask, np.nan_to_num(grid["elevation"]), 0.0).astype(np.float32)
    even = _without_slope(np.where(mask, np.nan_to_num(grid["intensity"]), 0.0), z, mask, step)
    filled = _filled(even, mask, step)
    detail = filled - cv2.GaussianBlur(filled, (0, 0), params.detail / step)
    spread = _SPREAD * float(np.median(np.abs(detail[mask])))
    # One dark stone is no field of stones.
    strong, weak = _contrasts(np.clip(detail, -params.spot * spread, params.spot * spread), near, step)
    dots = _dots(detail, spread, mask, wide, params.dot)
    result = {
        "light": _tone(even, mask, near, wide),
        "bands": np.square(strong - weak) / np.maximum(strong, 1e-6),
        # Bands may be dotted: what counts is as strong in all directions.
        "grain": _Smooth(mask, params.dot_window / step)(dots) / step**2 * weak / np.maximum(strong, 1e-6),
        "relief": _relief(z, mask, near, step),
    }
    if all(name in grid for name in COLOURS):
        result["colour"] = _colour(grid, mask, near, wide)
    return {name: np.asarray(layer, np.float32) for name, layer in result.items()}


class _Smooth:
    """Gaussian mean over the masked cells around each cell; deviation in cells."""

    def __init__(self, mask: Mask, deviation: float) -> None:
        self._mask, self._deviation = mask.astype(np.float32), deviation
        self.share = self._blurred(self._mask)

    def __call__(self, values: npt.NDArray[np.floating]) -> Layer:
        inside = np.asarray(values, np.float32) * self._mask
        return np.asarray(self._blurred(inside) / np.maximum(self.share, 1e-3), np.float32)

    def _blurred(self, values: Layer) -> Layer:
        if self._deviation < 8.0:
            return np.asarray(cv2.GaussianBlur(values, (0, 0), self._deviation), np.float32)
        # A wide mean needs no fine raster.
        small = cv2.resize(values, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        blurred = cv2.GaussianBlur(small, (0, 0), 0.25 * self._deviation)
        return np.asarray(cv2.resize(blurred, values.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _filled(values: npt.NDArray[np.floating], mask: Mask, step: float) -> Layer:
    """Values with the gaps filled from around them, so that their rims cast no contrast."""
    result = np.asarray(values, np.float32)
    missing = ~mask
    for deviation in (0.3, 1.0, 4.0):
        smooth = _Smooth(mask, deviation / step)
        take = missing & (smooth.share > 0.02)
        result = np.where(take, smooth(values), result)
        missing = missing & ~take
    return np.where(missing, float(np.median(values[mask])), result).astype(np.float32)


def _without_slope(grey: npt.NDArray[np.floating], z: Layer, mask: Mask, step: float) -> Layer:
    """Brightness less what slope explains: a robust line through it over dz/dx and dz/dy, 0 where masked.

    So the sun's direction need not be known.
    """
    slope_x, slope_y = _slopes(z, mask, step)
    stride = max(1, int(np.sqrt(mask.sum() / 40_000)))
    thin = np.zeros_like(mask)
    thin[::stride, ::stride] = mask[::stride, ::stride]
    terms = [np.ones_like(slope_x), slope_x, slope_y, slope_x**2, slope_y**2, slope_x * slope_y]
    columns = np.stack([t[thin] for t in terms], axis=1).astype(np.float64)
    values = grey[thin].astype(np.float64)
    weight = np.ones(len(values))
    fit: npt.NDArray[np.float64] = np.zeros(len(terms))
    for _ in range(5):
        root = np.sqrt(weight)
        fit = np.asarray(np.linalg.lstsq(columns * root[:, None], values * root, rcond=None)[0], np.float64)
        rest = values - columns @ fit
        spread = max(_SPREAD * float(np.median(np.abs(rest))), 1e-6)
        weight = 1.0 / (1.0 + (rest / (2.0 * spread)) ** 2)
    explained = np.tensordot(fit, np.stack(terms), axes=1)
    return np.where(mask, grey - explained, 0.0).astype(np.float32)


def _slopes(z: npt.NDArray[np.floating], mask: Mask, step: float) -> tuple[Layer, Layer]:
    """dz/dx and dz/dy of the ground at the scale that explains brightness."""
    smooth = cv2.GaussianBlur(_filled(z, mask, step), (0, 0), _SLOPE_SCALE / step)
    slope_y, slope_x = np.gradient(smooth, step)
    return np.asarray(slope_x, np.float32), np.asarray(slope_y, np.float32)


def _tone(even: Layer, mask: Mask, near: _Smooth, wide: _Smooth) -> Layer:
    """Mean brightness over that of the surroundings, in deviations of the brightness within the window.

    So a place counts that is alike in itself and unlike its surroundings, more than the rim of something.
    """
    mean = near(even)
    within = np.maximum(near(even * even) - mean * mean, 0.0)
    usual = max(float(np.median(within[mask])), 1e-9)
    return np.asarray((mean - wide(even)) / np.sqrt(within + _EVEN * usual), np.float32)


def _dots(detail: Layer, spread: float, mask: Mask, wide: _Smooth, apart: float) -> Layer:
    """1 where detail is brightest among its neighbours and `apart` times the usual around, else 0."""
    usual = np.sqrt(wide(np.square(np.clip(detail, -_STARK * spread, _STARK * spread))))
    peak = detail >= cv2.dilate(detail, np.ones((3, 3), np.uint8))
    return np.asarray(mask & peak & (detail > apart * np.maximum(usual, 0.5 * spread)), np.float32)


def _contrasts(detail: Layer, near: _Smooth, step: float) -> tuple[Layer, Layer]:
    """Roots of the eigenvalues of the gradient's covariance over a window, larger first [grey levels/m]."""
    gy, gx = (np.asarray(g, np.float32) for g in np.gradient(detail, step))
    xx, yy, xy = (near(a * b) - near(a) * near(b) for a, b in ((gx, gx), (gy, gy), (gx, gy)))
    mean, apart = 0.5 * (xx + yy), np.hypot(0.5 * (xx - yy), xy)
    strong, weak = (np.sqrt(np.maximum(v, 0.0)) for v in (mean + apart, mean - apart))
    return np.asarray(strong, np.float32), np.asarray(weak, np.float32)


def _relief(z: Layer, mask: Mask, near: _Smooth, step: float) -> Layer:
    """Root mean square of the height's detail below the window's size [m]."""
    filled = _filled(z, mask, step)
    rest = filled - cv2.GaussianBlur(filled, (0, 0), 0.3 / step)
    return np.asarray(np.sqrt(np.maximum(near(rest * rest), 0.0)), np.float32)


def _colour(grid: Grid, mask: Mask, near: _Smooth, wide: _Smooth) -> Layer:
    """Distance of log(red/green) and log(blue/green) from those of the surroundings."""
    red, green, blue = (np.maximum(np.nan_to_num(grid[n], nan=_DARKEST), _DARKEST) for n in COLOURS)
    ratios = (np.where(mask, np.log(band / green), 0.0) for band in (red, blue))
    first, second = (near(r) - wide(r) for r in ratios)
    return np.asarray(np.hypot(first, second), np.float32)
