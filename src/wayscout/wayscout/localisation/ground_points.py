# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Ground points of an adjustment: where rays meet, the plane and the relief through them."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.geometry import Pose
from wayscout.grid import Bounds, Grid

Array = npt.NDArray[np.float64]


def on_rays(first: Pose, rays: Array, second: Pose, seen: Array, ground: Array) -> Array:
    """Points on the rays (n, 3) of the first view that lie nearest to the rays (n, 3, optical) of the second.

    Depths that differ by more than a third from those of `ground` are left as they were.
    """
    b = seen @ second.rotation().T
    base = first.position - second.position
    a_off = rays - b * np.sum(rays * b, axis=1, keepdims=True)
    base_off = base - b * (b @ base)[:, None]
    t = -np.sum(a_off * base_off, axis=1) / np.maximum(np.sum(a_off**2, axis=1), 1e-9)
    old = np.sum((ground - first.position) * rays, axis=1)
    t = np.where(np.abs(t - old) < 0.33 * old, t, old)
    result: Array = first.position + rays * t[:, None]
    return result


def plane(points: Array) -> tuple[Array, Array]:
    """Least-squares plane through ground points: (point, unit normal, upwards)."""
    middle = np.median(points, axis=0)
    a = np.concatenate([points[:, :2] - middle[:2], np.ones((len(points), 1))], axis=1)
    k = np.linalg.lstsq(a, points[:, 2], rcond=None)[0]
    normal = np.array([-k[0], -k[1], 1.0])
    return np.array([middle[0], middle[1], k[2]]), normal / np.linalg.norm(normal)


def surface(points: Array, resolution: float = 0.5, smooth: float = 0.6) -> Grid:
    """Smooth relief through scattered points, NaN farther than about 1.5 m from any."""
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    grid = Grid.over(Bounds(low[0] - 2.0, low[1] - 2.0, high[0] + 2.0, high[1] + 2.0), resolution)
    row, col = grid.indices(points[:, 0], points[:, 1])
    total, weight = np.zeros(grid.shape), np.zeros(grid.shape)
    datum = float(np.median(points[:, 2]))
    np.add.at(total, (row, col), points[:, 2] - datum)
    np.add.at(weight, (row, col), 1.0)
    sigma = smooth / resolution
    total, weight = cv2.GaussianBlur(total, (0, 0), sigma), cv2.GaussianBlur(weight, (0, 0), sigma)
    with np.errstate(invalid="ignore", divide="ignore"):
        grid["elevation"] = np.where(weight > 1e-3, total / weight + datum, np.nan)
    return grid
