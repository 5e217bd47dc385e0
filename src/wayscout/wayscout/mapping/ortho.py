# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Orthomosaic: each cell takes its grey from the one picture that saw it most from above."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.camera import Camera, sample
from wayscout.geometry import Pose
from wayscout.grid import Bounds
from wayscout.mapping.rectify import Image
from wayscout.mapping.tiles import TileStore

LAYERS = ("intensity", "texture", "view")


def paint(store: TileStore, camera: Camera, image: Image, pose: Pose, depth: float, max_angle: float) -> None:
    """Paint a picture onto the tiles' elevation where no earlier picture looked down more steeply.

    Layers: `intensity`, the mean grey over the cell (0-255); `texture`, the standard deviation of the grey
    within the cell; `view`, the squared tangent of the angle off the vertical that it was seen at.

    Args:
        pose: optical frame in map.
        depth: typical depth of the picture [m].
        max_angle: cells seen farther off the picture's axis are left out [rad].
    """
    bounds = footprint(camera, pose, depth, max_angle)
    grid = store.grid(bounds, ("elevation", *LAYERS))
    rows, cols = np.nonzero(np.isfinite(grid["elevation"]))
    if rows.size == 0:
        return
    x, y = grid.centre(rows, cols)
    points = np.stack([x, y, grid["elevation"][rows, cols].astype(np.float64)], axis=1)
    offset = points - pose.position
    view = (offset[:, 0] ** 2 + offset[:, 1] ** 2) / np.maximum(offset[:, 2] ** 2, 1e-6)
    best = grid["view"][rows, cols]
    better = ~(view >= best) & (offset[:, 2] < 0.0)
    rows, cols, points, view = rows[better], cols[better], points[better], view[better]
    local = (points - pose.position) @ pose.rotation()
    wide = np.hypot(local[:, 0], local[:, 1]) > np.tan(max_angle) * local[:, 2]
    pixels, inside = camera.project(local)
    inside &= ~wide
    rows, cols, pixels, view = rows[inside], cols[inside], pixels[inside], view[inside]
    if rows.size == 0:
        return
    side = max(1, round(store.resolution / camera.ground_sampling_distance(depth)))
    mean, deviation = _local_statistics(image, side)
    for name, values in (
        ("intensity", sample(mean, pixels, border=cv2.BORDER_REPLICATE)),
        ("texture", sample(deviation, pixels, border=cv2.BORDER_REPLICATE)),
        ("view", view),
    ):
        grid[name][rows, cols] = values
    store.put(grid, LAYERS)


def footprint(camera: Camera, pose: Pose, depth: float, max_angle: float) -> Bounds:
    """Bounds of the ground that a picture sees at up to twice its typical depth off the axis."""
    u, v = np.meshgrid(np.linspace(0, camera.width - 1, 5), np.linspace(0, camera.height - 1, 5))
    rays = camera.rays(np.stack([u.ravel(), v.ravel()], axis=1))
    rays = rays / np.maximum(rays[:, 2:], np.cos(max_angle))
    points = pose.apply(rays * depth * 1.3)
    low, high = points.min(axis=0), points.max(axis=0)
    return Bounds(float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def _local_statistics(image: Image, side: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Mean and standard deviation of the grey in the square of that side around each pixel."""
    grey = image.astype(np.float32)
    mean = cv2.blur(grey, (side, side))
    square = cv2.blur(grey * grey, (side, side))
    return mean, np.sqrt(np.maximum(square - mean * mean, 0.0))
