# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Turn two posed pictures into a rectified pair: rows correspond, columns differ by the disparity.

Any camera model and any relative pose will do as long as the baseline is not along the view: both pictures
are resampled into one common frame whose x axis is the baseline (Fusiello et al. 2000, "A compact algorithm
for rectification of stereo pairs").
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.camera import FISHEYE, Camera
from wayscout.geometry import Array, Pose

Image = npt.NDArray[np.uint8]
Map = npt.NDArray[np.float32]


@dataclass(frozen=True)
class PairGeometry:
    """The rectified frame of a pair and its rasters.

    A point with pixel (u, v) in the left raster and disparity d (u left minus u right) lies at depth
    focal * baseline / (d - offset) along z of the rectified frame.

    Attributes:
        rotation: (3, 3) float64, rectified frame in map (columns are its axes).
        position: (3,) float64 [m], the left camera's centre in map.
        baseline: distance of the two centres [m].
        focal: focal length of both rasters [px].
        centre: (cx, cy) principal point of the left raster [px].
        offset: cx left minus cx right [px]; cy is common.
        size: (width, height) of both rasters [px].
    """

    rotation: Array
    position: Array
    baseline: float
    focal: float
    centre: tuple[float, float]
    offset: float
    size: tuple[int, int]

    def disparity(self, depth: float) -> float:
        """Disparity [px] of a point at a depth [m]."""
        return self.focal * self.baseline / depth + self.offset

    def depth(self, disparity: float) -> float:
        """Depth [m] of a disparity [px]."""
        return self.focal * self.baseline / (disparity - self.offset)


def rectified_axes(left: Pose, right: Pose) -> Array:
    """Return the (3, 3) rotation of the rectified frame in map: x along the baseline, z near both views."""
    x = right.position - left.position
    x = x / np.linalg.norm(x)
    view = left.rotation()[:, 2] + right.rotation()[:, 2]
    y = np.cross(view, x)
    y = y / np.linalg.norm(y)
    return np.stack([x, y, np.cross(x, y)], axis=1)


def plan(
    camera: Camera,
    left: Pose,
    right: Pose,
    depths: tuple[float, float],
    *,
    scale: float = 1.0,
    max_angle: float = np.radians(50.0),
    margin: int = 0,
) -> PairGeometry | None:
    """Lay out the rasters of a pair so that they hold what both pictures see between two depths.

    Args:
        left, right: optical frames in map.
        depths: nearest and farthest depth [m] along the pair's common view.
        scale: focal length of the rasters over that of the camera.
        max_angle: rays farther from the common view are left out (fisheye corners) [rad].
        margin: extra columns on the left that a matcher loses to its search range [px].

    Returns:
        The geometry, or None when the pictures share too little (under 32 columns or rows).
    """
    rotation = rectified_axes(left, right)
    baseline = float(np.linalg.norm(right.position - left.position))
    focal = scale * camera.fx
    box_l = _extent(camera, rotation.T @ left.rotation(), max_angle)
    box_r = _extent(camera, rotation.T @ right.rotation(), max_angle)
    near, far = baseline / depths[0], baseline / depths[1]
    x0 = max(box_l[0], box_r[0] + far)
    x1 = min(box_l[1], box_r[1] + near)
    y0, y1 = max(box_l[2], box_r[2]), min(box_l[3], box_r[3])
    width, height = int(focal * (x1 - x0)), int(focal * (y1 - y0))
    if width < 32 or height < 32:
        return None
    # The right raster is moved by the far disparity, so that disparities begin near zero.
    cx = -focal * x0 + margin
    offset = -focal * far
    return PairGeometry(
        rotation, left.position, baseline, focal, (cx, -focal * y0), offset, (width + margin, height)
    )


def resample(image: Image, pose: Pose, geometry: PairGeometry, camera: Camera, *, right: bool) -> Image:
    """Resample a picture into its raster of the pair; what it did not see is 0."""
    relative = geometry.rotation.T @ pose.rotation()
    matrix = np.array(
        [
            [geometry.focal, 0.0, geometry.centre[0] - (geometry.offset if right else 0.0)],
            [0.0, geometry.focal, geometry.centre[1]],
            [0.0, 0.0, 1.0],
        ]
    )
    if camera.model == FISHEYE:
        maps = cv2.fisheye.initUndistortRectifyMap(
            camera.matrix, camera.distortion, relative, matrix, geometry.size, cv2.CV_16SC2
        )
    elif not np.any(camera.distortion):
        homography = matrix @ relative @ np.linalg.inv(camera.matrix)
        warped: Image = cv2.warpPerspective(image, homography, geometry.size, flags=cv2.INTER_LINEAR)
        return warped
    else:
        maps = cv2.initUndistortRectifyMap(
            camera.matrix, camera.distortion, relative, matrix, geometry.size, cv2.CV_16SC2
        )
    remapped: Image = cv2.remap(image, maps[0], maps[1], cv2.INTER_LINEAR)
    return remapped


def _extent(camera: Camera, rotation: Array, max_angle: float) -> tuple[float, float, float, float]:
    """Range of x / z and y / z in the rectified frame over the picture's border."""
    n = 9
    u = np.linspace(0, camera.width - 1, n)
    v = np.linspace(0, camera.height - 1, n)
    border = np.concatenate(
        [
            np.stack([u, np.zeros(n)], 1),
            np.stack([u, np.full(n, camera.height - 1.0)], 1),
            np.stack([np.zeros(n), v], 1),
            np.stack([np.full(n, camera.width - 1.0), v], 1),
        ]
    )
    rays = camera.rays(border) @ rotation.T
    limit = np.tan(max_angle)
    z = np.maximum(rays[:, 2], 1e-3)
    x = np.clip(rays[:, 0] / z, -limit, limit)
    y = np.clip(rays[:, 1] / z, -limit, limit)
    return float(x.min()), float(x.max()), float(y.min()), float(y.max())
