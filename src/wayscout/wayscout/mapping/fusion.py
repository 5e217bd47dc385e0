# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""From disparities to height samples per cell, and from a cell's samples to one height with its sigma."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt
from numba import njit

from wayscout.geometry import Array
from wayscout.grid import Layer
from wayscout.mapping.matching import DepthMap
from wayscout.mapping.subpixel import Disparity

_MOST = 64  # heights per cell and pair that take part in its median


@dataclass(frozen=True)
class FusionParams:
    """How samples become heights; see config/mapper.yaml."""

    disparity_sigma: float
    min_pixels: int
    outlier_gate: float
    pair_sigma: float
    pose_share: float


def samples(
    depth: DepthMap, resolution: float, params: FusionParams
) -> tuple[tuple[int, int], Layer, Layer] | None:
    """Reduce a pair's points to one height per cell.

    Returns:
        (row, col) of the window's first cell, counted from the frame's origin; heights and sigmas [m],
        (rows, cols) float32, NaN where fewer than `min_pixels` points fell; None when there are no points.
        The height is the median of the cell's points, which keeps to one side of a rock's edge; its sigma
        joins the matching error (disparity_sigma * depth^2 / (f B), for correlated neighbours not reduced
        by their number) with the spread of the points in the cell.
    """
    g = depth.geometry
    known = np.isfinite(depth.disparity)
    if not known.any():
        return None
    typical = g.depth(float(np.median(depth.disparity[known])))
    error = params.disparity_sigma * typical**2 / (g.focal * g.baseline)
    depth = _dense_enough(depth, resolution)
    g = depth.geometry
    scalars = np.array([g.focal * g.baseline, g.offset, g.focal, g.centre[0], g.centre[1], resolution])
    rows, cols, z, low_high = _points(depth.disparity, g.rotation, g.position, scalars)
    if low_high[1] < low_high[0]:
        return None
    shape = (int(low_high[1] - low_high[0] + 1), int(low_high[3] - low_high[2] + 1))
    if shape[0] * shape[1] > 4 * depth.disparity.size + 1_000_000:
        return None  # a depth near infinity: not a picture of the ground below
    height, spread = _medians(rows, cols, z, int(low_high[0]), int(low_high[2]), shape, params.min_pixels)
    sigma = np.sqrt(error**2 + (0.5 * spread) ** 2).astype(np.float32)
    return (int(low_high[0]), int(low_high[2])), height, sigma


def _dense_enough(depth: DepthMap, resolution: float) -> DepthMap:
    """Repeat the pixels of a coarse picture so that a cell holds a few of them."""
    g = depth.geometry
    pixel = g.depth(float(np.nanmedian(depth.disparity))) / g.focal
    factor = min(8, int(np.ceil(2.2 * pixel / resolution)))
    if factor < 2:
        return depth
    finer = replace(
        g,
        focal=g.focal * factor,
        centre=(g.centre[0] * factor + 0.5 * (factor - 1), g.centre[1] * factor + 0.5 * (factor - 1)),
        offset=g.offset * factor,
        size=(g.size[0] * factor, g.size[1] * factor),
    )
    repeated = cv2.resize(depth.disparity, finer.size, interpolation=cv2.INTER_NEAREST) * np.float32(factor)
    return DepthMap(repeated, finer)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _points(
    disparity: Disparity, rotation: Array, position: Array, scalars: Array
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], Layer, npt.NDArray[np.int64]]:
    """Cell row, cell column and height of each known pixel, and the range of rows and columns."""
    fb, offset, focal, cx, cy, resolution = scalars
    h, w = disparity.shape
    rows = np.empty(h * w, dtype=np.int32)
    cols = np.empty(h * w, dtype=np.int32)
    z = np.empty(h * w, dtype=np.float32)
    r0, r1, c0, c1 = 2**40, -(2**40), 2**40, -(2**40)
    n = 0
    for v in range(h):
        for u in range(w):
            d = disparity[v, u] - offset
            if not d > 0.5:  # also NaN
                continue
            depth = fb / d
            x, y = (u - cx) / focal * depth, (v - cy) / focal * depth
            px = rotation[0, 0] * x + rotation[0, 1] * y + rotation[0, 2] * depth + position[0]
            py = rotation[1, 0] * x + rotation[1, 1] * y + rotation[1, 2] * depth + position[1]
            pz = rotation[2, 0] * x + rotation[2, 1] * y + rotation[2, 2] * depth + position[2]
            row, col = int(np.floor(py / resolution)), int(np.floor(px / resolution))
            rows[n], cols[n], z[n] = row, col, pz
            r0, r1, c0, c1 = min(r0, row), max(r1, row), min(c0, col), max(c1, col)
            n += 1
    return rows[:n], cols[:n], z[:n], np.array([r0, r1, c0, c1])


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _medians(
    rows: npt.NDArray[np.int32],
    cols: npt.NDArray[np.int32],
    z: Layer,
    row0: int,
    col0: int,
    shape: tuple[int, int],
    min_pixels: int,
) -> tuple[Layer, Layer]:
    """Median and half the 16-84 % range of the heights in each cell, by a counting sort over cells."""
    total = shape[0] * shape[1]
    start = np.zeros(total + 1, dtype=np.int64)
    for i in range(rows.size):
        start[(rows[i] - row0) * shape[1] + cols[i] - col0 + 1] += 1
    for k in range(total):
        start[k + 1] += start[k]
    fill = start[:-1].copy()
    ordered = np.empty(rows.size, dtype=np.float32)
    for i in range(rows.size):
        k = (rows[i] - row0) * shape[1] + cols[i] - col0
        ordered[fill[k]] = z[i]
        fill[k] += 1
    height = np.full(shape, np.nan, dtype=np.float32)
    spread = np.full(shape, np.nan, dtype=np.float32)
    for k in range(total):
        n = start[k + 1] - start[k]
        if n < min_pixels:
            continue
        values = ordered[start[k] : start[k + 1]]
        if n > _MOST:
            values = values[:: n // _MOST + 1]
        values = np.sort(values)
        m = values.size
        r, c = k // shape[1], k % shape[1]
        height[r, c] = 0.5 * (values[(m - 1) // 2] + values[m // 2])
        spread[r, c] = 0.5 * (values[int(0.84 * (m - 1) + 0.5)] - values[int(0.16 * (m - 1) + 0.5)])
    return height, spread


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def fuse(
    height: Layer, sigma: Layer, count: npt.NDArray[np.uint8], gate: float
) -> tuple[Layer, Layer, Layer, Layer]:
    """Fuse each cell's samples: weighted median, then the weighted mean of those near it.

    Args:
        height, sigma: (rows, cols, slots) float32 samples [m].
        count: (rows, cols) samples in use.
        gate: samples farther than this many of their sigmas from the median are left out [1].

    Returns:
        Height, spread of the samples about it (those left out count as `gate` sigmas off, so that
        disagreement shows), mean sample sigma, and the number of samples kept; each (rows, cols)
        float32, NaN (0 for the number) without samples.
    """
    rows, cols = count.shape
    out = np.full((3, rows, cols), np.nan, dtype=np.float32)
    used = np.zeros((rows, cols), dtype=np.float32)
    for r in range(rows):
        for c in range(cols):
            n = int(count[r, c])
            if n == 0:
                continue
            z = height[r, c, :n]
            s = sigma[r, c, :n]
            order = np.argsort(z)
            weight = 0.0
            for k in range(n):
                weight += 1.0 / (s[k] * s[k])
            half, below = 0.5 * weight, 0.0
            middle = z[order[n - 1]]
            for k in range(n):
                i = order[k]
                step = 1.0 / (s[i] * s[i])
                if below + step >= half:
                    middle = z[i]
                    break
                below += step
            total = mean = 0.0
            kept = 0
            for k in range(n):
                if abs(z[k] - middle) <= gate * s[k]:
                    w = 1.0 / (s[k] * s[k])
                    total += w
                    mean += w * z[k]
                    kept += 1
            mean /= total
            square = quality = 0.0
            for k in range(n):
                w = 1.0 / (s[k] * s[k])
                square += w * min(abs(z[k] - mean), gate * s[k]) ** 2
                quality += s[k]
            out[0, r, c] = mean
            out[1, r, c] = np.sqrt(square / weight)
            out[2, r, c] = quality / n
            used[r, c] = kept
    return out[0], out[1], out[2], used
