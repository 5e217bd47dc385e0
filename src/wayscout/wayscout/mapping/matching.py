# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Dense depth of a rectified pair by semi-global matching (Hirschmueller 2008), coarse range first."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from numba import njit

from wayscout.camera import Camera
from wayscout.geometry import Pose
from wayscout.mapping import rectify
from wayscout.mapping.rectify import Image, PairGeometry
from wayscout.mapping.shrink import factor_for, shrink_camera, shrink_image
from wayscout.mapping.subpixel import Disparity, refine

_PAD = 4  # disparities searched beyond either end of the expected range [px]
_EDGE = (
    6  # smoothing along the scan lines starts blind at a picture's edge: what is this near is dropped [px]
)


@dataclass(frozen=True)
class MatchParams:
    """How pairs are matched; see config/mapper.yaml."""

    match_scale: float
    coarse_width: int
    block_size: int
    smoothness_small: float
    smoothness_large: float
    uniqueness: int
    speckle_size: int
    subpixel_reach: int
    nearest_depth: float
    farthest_depth: float
    max_view_angle: float


@dataclass(frozen=True)
class DepthMap:
    """Disparities [px] of the left raster of a pair, NaN where unknown, and their geometry."""

    disparity: Disparity
    geometry: PairGeometry


def coarse_range(
    camera: Camera, images: tuple[Image, Image], poses: tuple[Pose, Pose], params: MatchParams
) -> tuple[float, float, float] | None:
    """Find nearest, median and farthest depth [m] of what a pair sees, by matching at a small scale.

    The search spans `nearest_depth` to `farthest_depth` baselines. None when hardly anything matches.
    """
    baseline = float(np.linalg.norm(poses[1].position - poses[0].position))
    depths = (params.nearest_depth * baseline, params.farthest_depth * baseline)
    found = _match(
        camera, images, poses, depths, params, params.coarse_width / max(camera.width, params.coarse_width)
    )
    if found is None:
        return None
    values = found.disparity[np.isfinite(found.disparity)]
    if values.size < 0.05 * found.disparity.size or values.size < 100:
        return None
    middle = float(np.median(values))
    low, high = _supported(values, middle)
    g = found.geometry
    # One coarse pixel of slack at either end: coarse pixels hide the tips of rocks.
    near, far = g.depth(high + 1.0), g.depth(max(low - 1.0, g.offset + 1.0))
    return near, g.depth(middle), far


def _supported(values: Disparity, middle: float) -> tuple[float, float]:
    """Range of disparities around the middle that is held together by enough pixels.

    Mismatches lie apart from the ground's disparities: the range ends where three bins of one pixel in a
    row hold less than 0.2 % of the pixels each.
    """
    first = int(np.floor(values.min()))
    bins = np.bincount((values - first).astype(np.intp))
    enough = bins >= max(2.0, 0.002 * values.size)
    gap = 3
    low = high = int(middle - first)
    while low > 0 and enough[max(0, low - gap) : low].any():
        low -= 1
    while high < len(bins) - 1 and enough[high + 1 : high + 1 + gap].any():
        high += 1
    return float(first + low), float(first + high + 1)


def match(
    camera: Camera, images: tuple[Image, Image], poses: tuple[Pose, Pose], params: MatchParams
) -> DepthMap | None:
    """Match a pair densely; None when the pictures share too little or show nothing to match.

    Args:
        images: left and right picture, (height, width) uint8.
        poses: their optical frames in map; the left one is the picture on the -x side of the baseline.
    """
    depths = coarse_range(camera, images, poses, params)
    if depths is None:
        return None
    return _match(
        camera, images, poses, (depths[0], depths[2]), params, params.match_scale, params.subpixel_reach
    )


def _match(
    camera: Camera,
    images: tuple[Image, Image],
    poses: tuple[Pose, Pose],
    depths: tuple[float, float],
    params: MatchParams,
    scale: float,
    subpixel_reach: int = 0,
) -> DepthMap | None:
    baseline = float(np.linalg.norm(poses[1].position - poses[0].position))
    span = scale * camera.fx * baseline * (1.0 / depths[0] - 1.0 / depths[1])
    count = int(np.ceil((span + 2 * _PAD) / 16.0)) * 16
    angle = params.max_view_angle
    geometry = rectify.plan(camera, *poses, depths, scale=scale, max_angle=angle, margin=count - _PAD)
    if geometry is None:
        return None
    factor = factor_for(scale)
    shrunk = shrink_camera(camera, factor)
    sides = [
        (shrink_image(image, factor), pose, k == 1)
        for k, (image, pose) in enumerate(zip(images, poses, strict=True))
    ]
    left, right = (rectify.resample(image, pose, geometry, shrunk, right=side) for image, pose, side in sides)
    area = params.block_size**2
    matcher = cv2.StereoSGBM.create(
        minDisparity=-_PAD,
        numDisparities=count,
        blockSize=params.block_size,
        P1=round(params.smoothness_small * area),
        P2=round(params.smoothness_large * area),
        disp12MaxDiff=1,
        preFilterCap=31,
        uniquenessRatio=params.uniqueness,
        speckleWindowSize=params.speckle_size,
        speckleRange=1,
        mode=cv2.StereoSGBM_MODE_SGBM_3WAY,
    )
    raw = matcher.compute(left, right)
    seen = [_seen(shrunk, image.shape, pose, geometry, params, is_right) for image, pose, is_right in sides]
    disparity = np.empty(raw.shape, np.float32)
    _keep_seen(raw, -_PAD * 16, seen[0], seen[1], disparity)
    if subpixel_reach > 0:
        disparity = refine(left, right, disparity, subpixel_reach)
    return DepthMap(disparity, geometry)


def _seen(
    camera: Camera,
    shape: tuple[int, ...],
    pose: Pose,
    geometry: PairGeometry,
    params: MatchParams,
    right: bool,
) -> Image:
    """255 where a raster's matching windows lie inside the picture, else 0."""
    full = np.full(shape, 255, np.uint8)
    seen = rectify.resample(full, pose, geometry, camera, right=right)
    side = params.block_size + 2 * _EDGE
    eroded: Image = cv2.erode(
        seen, np.ones((side, side), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    return eroded


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _keep_seen(
    raw: npt.NDArray[np.int16], lowest: int, left: Image, right: Image, disparity: Disparity
) -> None:
    """Turn sixteenths into pixels; NaN where nothing matched or either window leaves its picture."""
    rows, cols = raw.shape
    for v in range(rows):
        for u in range(cols):
            disparity[v, u] = np.nan
            if raw[v, u] < lowest or left[v, u] < 255:
                continue
            d = raw[v, u] / 16.0
            other = int(u - d + 0.5)
            if 0 <= other < cols and right[v, other] == 255:
                disparity[v, u] = d
