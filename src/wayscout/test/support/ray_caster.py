# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Where rays meet made-up ground: one march for pictures, depth pictures and the laser of the tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from wayscout.grid import Grid
from wayscout.localisation.relief import height_at

Array = npt.NDArray[np.float64]
_BLOCK = 0.5  # m; ground this near a ray is as high as its highest point until the ray comes below that


def distances(ground: Grid, eye: Array, rays: Array, reach: float = 1e3, step: float = 0.12) -> Array:
    """Return the distance along each ray to the layer `elevation`, (n,) [m]; NaN where it meets nothing.

    Args:
        ground: with the layer `elevation` [m]; beyond it there is nothing to meet.
        eye: (3,) where all rays begin.
        rays: (n, 3) unit vectors.
        reach: longest distance followed [m].
        step: what is narrower than this along a ray may be missed [m].
    """
    z = ground["elevation"]
    block = max(2, round(_BLOCK / ground.resolution))
    lowest, highest = float(np.nanmin(z)) - 0.01, float(np.nanmax(z)) + 0.01
    result: Array = _march(
        np.ascontiguousarray(rays, dtype=np.float64), np.asarray(eye, dtype=np.float64), z,
        ground.resolution, np.array(ground.origin), lowest, highest, reach, step, _tops(z, block), block,
    )  # fmt: skip
    return result


@njit(cache=True)
def _march(rays, eye, z, resolution, origin, lowest, highest, reach, step, tops, block):  # type: ignore[no-untyped-def]
    out = np.full(len(rays), np.nan)
    stride = int((block - 1) * resolution / step) * step
    for i in range(len(rays)):
        d = rays[i]
        first, end = 0.0, reach
        if d[2] < -1e-9:  # only between the highest and the lowest ground can it meet any
            first, end = max(0.0, (highest - eye[2]) / d[2]), min(reach, (lowest - eye[2]) / d[2] + step)
        t = last = first
        while t < end:
            lower = eye[2] + (t + (stride if d[2] < 0.0 else 0.0)) * d[2]
            if stride > 0.0 and lower > _top(tops, eye, d, t, resolution, origin, block):
                t += stride
                last = t - step
                continue
            if eye[2] + t * d[2] <= _height(z, eye, d, t, resolution, origin):
                for _ in range(8):
                    middle = 0.5 * (last + t)
                    if eye[2] + middle * d[2] <= _height(z, eye, d, middle, resolution, origin):
                        t = middle
                    else:
                        last = middle
                out[i] = t
                break
            last = t
            t += step
    return out


@njit(cache=True)
def _height(z, eye, d, t, resolution, origin):  # type: ignore[no-untyped-def]
    """Height under a point of a ray, NaN off the raster: no comparison with it holds."""
    u = (eye[0] + t * d[0] - origin[0]) / resolution - 0.5
    v = (eye[1] + t * d[1] - origin[1]) / resolution - 0.5
    return height_at(z, u, v)


@njit(cache=True)
def _top(tops, eye, d, t, resolution, origin, block):  # type: ignore[no-untyped-def]
    """Highest ground within a block's width of a point of a ray."""
    r = int(np.floor(((eye[1] + t * d[1] - origin[1]) / resolution - 0.5) / block)) + 1
    c = int(np.floor(((eye[0] + t * d[0] - origin[0]) / resolution - 0.5) / block)) + 1
    if r < 0 or c < 0 or r >= tops.shape[0] or c >= tops.shape[1]:
        return -np.inf
    return tops[r, c]


@njit(cache=True)
def _tops(z, block):  # type: ignore[no-untyped-def]
    """Highest value of each block of cells and its neighbours, with a rim of blocks around the raster."""
    rows, cols = (z.shape[0] - 1) // block + 3, (z.shape[1] - 1) // block + 3
    own = np.full((rows, cols), -np.inf)
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            r, c = i // block + 1, j // block + 1
            if z[i, j] > own[r, c]:
                own[r, c] = z[i, j]
    out = np.empty((rows, cols))
    for r in range(rows):
        for c in range(cols):
            out[r, c] = own[max(r - 1, 0) : r + 2, max(c - 1, 0) : c + 2].max()
    return out
