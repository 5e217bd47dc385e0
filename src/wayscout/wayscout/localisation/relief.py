# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A cloud of ground points laid onto the elevation map: how well it fits, and which way it wants to move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from wayscout.camera import Camera
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """Least squares of a cloud on the map, at one pose.

    Attributes:
        information: (4, 4), gradient: (4,) of half the robust sum of squares over x, y, z [m] and yaw [rad].
        count: how many points met known ground. rms: [m] of their height residuals, robustly weighted.
        cost: half the robust sum of squares.
    """

    information: Array
    gradient: Array
    count: int
    rms: float
    cost: float


def depth_cloud(
    depth: npt.NDArray[np.generic], camera: Camera, mount: Pose, stride: int, reach: float
) -> Array:
    """Return (n, 3) points [m] in base_link from a depth picture.

    Args:
        depth: (height, width) float, metres along the optical axis; NaN, infinite or <= 0 is no echo.
        mount: optical frame in base_link. stride: every how many pixels a point is taken.
        reach: farthest depth used [m].

    Raises:
        InvalidInput: for a picture of wrong size or type.
    """
    if depth.shape != (camera.height, camera.width):
        raise InvalidInput(
            "depth.shape", depth.shape, f"a {camera.height} x {camera.width} picture is needed"
        )
    if not np.issubdtype(depth.dtype, np.floating):
        raise InvalidInput("depth.dtype", str(depth.dtype), "metres as float (32FC1) are needed")
    v, u = np.mgrid[stride // 2 : camera.height : stride, stride // 2 : camera.width : stride]
    d = depth[v, u].astype(np.float64).ravel()
    with np.errstate(invalid="ignore"):
        good = np.isfinite(d) & (d > 0.1) & (d < reach)
    pixels = np.stack([u.ravel(), v.ravel()], axis=1)[good]
    if not len(pixels):
        return np.zeros((0, 3))
    rays = camera.rays(pixels)
    return mount.apply(rays / rays[:, 2:] * d[good, None])


@njit(cache=True)
def height_at(layer, u, v):  # type: ignore[no-untyped-def]
    """Bilinear value at column u and row v of a raster, NaN off it; for compiled code."""
    c, r = int(np.floor(u)), int(np.floor(v))
    if c < 0 or r < 0 or c >= layer.shape[1] - 1 or r >= layer.shape[0] - 1:
        return np.nan
    a, b = u - c, v - r
    low = layer[r, c] * (1.0 - a) + layer[r, c + 1] * a
    return low * (1.0 - b) + (layer[r + 1, c] * (1.0 - a) + layer[r + 1, c + 1] * a) * b


@njit(cache=True)
def _fit(points, x, y, z, yaw, layer, resolution, x0, y0, sigma, huber):  # type: ignore[no-untyped-def]
    information = np.zeros((4, 4))
    gradient = np.zeros(4)
    j = np.zeros(4)
    c, s = np.cos(yaw), np.sin(yaw)
    half = max(1.0, 0.15 / resolution)
    count, square, weights, cost = 0, 0.0, 0.0, 0.0
    for k in range(len(points)):
        px = c * points[k, 0] - s * points[k, 1]
        py = s * points[k, 0] + c * points[k, 1]
        u = (x + px - x0) / resolution - 0.5
        v = (y + py - y0) / resolution - 0.5
        ground = height_at(layer, u, v)
        east, west = height_at(layer, u + half, v), height_at(layer, u - half, v)
        north, south = height_at(layer, u, v + half), height_at(layer, u, v - half)
        if np.isnan(ground + east + west + north + south):
            continue
        gx = (east - west) / (2.0 * half * resolution)
        gy = (north - south) / (2.0 * half * resolution)
        # Steep cells are edges of rocks: their height depends on how either side saw them.
        spread = sigma * np.sqrt(1.0 + gx * gx + gy * gy)
        r = (z + points[k, 2] - ground) / spread
        far = abs(r)
        weight = 1.0 if far <= huber else huber / far
        cost += 0.5 * r * r if far <= huber else huber * (far - 0.5 * huber)
        j[0], j[1], j[2] = -gx / spread, -gy / spread, 1.0 / spread
        j[3] = (gx * py - gy * px) / spread
        for a in range(4):
            gradient[a] += weight * j[a] * r
            for b in range(4):
                information[a, b] += weight * j[a] * j[b]
        count += 1
        square += weight * (r * spread) ** 2
        weights += weight
    rms = np.sqrt(square / weights) if weights > 0.0 else np.nan
    return information, gradient, count, rms, cost


@njit(cache=True)
def _search(points, x, y, yaw, layer, resolution, x0, y0, step, reach, level):  # type: ignore[no-untyped-def]
    """Mean absolute height residual about its median over a square of shifts; best one, and points it met."""
    size = 2 * reach + 1
    best, best_r, best_c, met = np.inf, 0, 0, 0
    c, s = np.cos(yaw), np.sin(yaw)
    residual = np.empty(len(points))
    for r in range(size):
        for q in range(size):
            n = 0
            for k in range(len(points)):
                px = x + (q - reach) * step + c * points[k, 0] - s * points[k, 1]
                py = y + (r - reach) * step + s * points[k, 0] + c * points[k, 1]
                ground = height_at(layer, (px - x0) / resolution - 0.5, (py - y0) / resolution - 0.5)
                if not np.isnan(ground):
                    residual[n] = points[k, 2] - ground
                    n += 1
            if n < 30:
                continue
            middle = np.median(residual[:n])
            total = 0.0
            for k in range(n):
                total += min(abs(residual[k] - middle), level)
            total /= n
            # A slight pull to the expected place keeps featureless ground from wandering.
            total *= 1.0 + 0.01 * ((r - reach) ** 2 + (q - reach) ** 2) * step * step
            if total < best:
                best, best_r, best_c, met = total, r - reach, q - reach, n
    return best_c * step, best_r * step, best, met


def fit(
    cloud: Array, position: Array, yaw: float, layer: npt.NDArray[np.float32], resolution: float,
    origin: tuple[float, float], sigma: float, huber: float = 2.0,
) -> Fit:  # fmt: skip
    """Lay a levelled cloud onto an elevation layer.

    Args:
        cloud: (n, 3) points [m] in base_link with roll and pitch taken out.
        position: (3,) base_link in map; yaw: [rad].
        layer: (rows, cols) heights [m], NaN unknown; resolution [m] and origin (x, y) as in wayscout.grid.
        sigma: standard deviation of a height residual on level ground [m].
    """
    h, g, n, rms, cost = _fit(
        cloud,
        position[0],
        position[1],
        position[2],
        yaw,
        layer,
        resolution,
        origin[0],
        origin[1],
        sigma,
        huber,
    )
    return Fit(h, g, int(n), float(rms), float(cost))


def search(
    cloud: Array, position: Array, yaw: float, layer: npt.NDArray[np.float32], resolution: float,
    origin: tuple[float, float], reach: float, step: float, level: float = 0.3,
) -> tuple[Array, int]:  # fmt: skip
    """Return the shift (2,) [m] within +-reach at which the cloud fits best, and the points that met it."""
    dx, dy, _, met = _search(
        cloud, position[0], position[1], yaw, layer, resolution, origin[0], origin[1],
        step, int(np.ceil(reach / step)), level,
    )  # fmt: skip
    return np.array([dx, dy]), int(met)
