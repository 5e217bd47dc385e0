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
    lowest, highest = float(np.nanmin(z)) - 0.01, float(np.nanmax(z)) + 0.01
    result: Array = _march(
        np.ascontiguousarray(rays, dtype=np.float64), np.asarray(eye, dtype=np.float64), z,
        ground.resolution, np.array(ground.origin), lowest, highest, reach, step,
    )  # fmt: skip
    return result


@njit(cache=True)
def _march(rays, eye, z, resolution, origin, lowest, highest, reach, step):  # type: ignore[no-untyped-def]
    out = np.full(len(rays), np.nan)
    for i in range(len(rays)):
        d = rays[i]
        first, end = 0.0, reach
        if d[2] < -1e-9:  # only between the highest and the lowest ground can it meet any
            first, end = max(0.0, (highest - eye[2]) / d[2]), min(reach, (lowest - eye[2]) / d[2] + step)
        t = last = first
        while t < end:
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
