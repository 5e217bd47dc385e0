# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The backshell: what stands high out of the ground and is not of its colour; the circle through its rim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.camera import Camera
from wayscout.geometry import Pose
from wayscout.grid import Grid
from wayscout.sites import circles
from wayscout.sites.colour import Tint
from wayscout.sites.mosaic import Views
from wayscout.sites.records import ColourImage, Mosaic
from wayscout.sites.settings import SiteParams

Array = npt.NDArray[np.float64]
Layer = npt.NDArray[np.float32]
Fit = tuple[tuple[float, float, float, float], float, npt.NDArray[np.bool_]]  # circle, sigma, inliers
BEARINGS = 120
ON_RIM = 0.12  # m from a circle that an edge lies on
FACING = np.radians(55.0)  # a camera shows the foot of the rim on its own side, so far to both sides


@dataclass(frozen=True)
class Backshell:
    """A backshell as found.

    Attributes:
        x, y: middle of the rim [m].
        diameter: of the circle through the rim [m]; `sigma` is its standard deviation.
        height: of its top above the ground [m].
        whole: share of the rim's bearings seen at which it lies on that circle; the rest is broken.
    """

    x: float
    y: float
    diameter: float
    sigma: float
    height: float
    whole: float


def above_ground(ground: Grid, width: float) -> Layer:
    """Height above the ground without what is narrower than `width` [m]: the elevation less its opening."""
    n = max(3, round(width / ground.resolution) | 1)
    bare = cv2.morphologyEx(ground["elevation"], cv2.MORPH_OPEN, np.ones((n, n), np.uint8))
    bare = cv2.GaussianBlur(bare, (0, 0), 0.25 * n)
    return np.asarray(ground["elevation"] - bare, np.float32)


def find(
    mosaic: Mosaic, tint: Tint, views: Views, pictures: Sequence[ColourImage], poses: Sequence[Pose],
    camera: Camera, params: SiteParams,
) -> Backshell | None:  # fmt: skip
    """Find the tallest thing of a backshell's size and colour, or None."""
    ground = views.ground
    height = above_ground(ground, params.backshell_widest)
    tall = ((height > params.backshell_height) & (ground["known"] > 0)).astype(np.uint8)
    count, labels, stats, centres = cv2.connectedComponentsWithStats(tall)
    red = cv2.resize(np.nan_to_num(tint.redness), ground.shape[::-1], interpolation=cv2.INTER_AREA)
    best, most = None, 0.0
    for k in range(1, count):
        part = labels == k
        across = 2.0 * np.sqrt(stats[k, cv2.CC_STAT_AREA] / np.pi) * ground.resolution
        if not 0.3 * params.backshell_widest < across < params.backshell_widest:
            continue
        strange = float(np.mean(np.abs(red[part]) > params.cloth_redness))
        top = float(np.quantile(height[part], 0.95))
        if strange > 0.4 and top * across > most:
            most = top * across
            col, row = centres[k]
            best = (*ground.centre(row, col), top, across)
    if best is None:
        return None
    x, y, top, across = (float(v) for v in best)
    return _measure(x, y, top, across, views, pictures, poses, camera, params)


def _measure(
    x: float, y: float, top: float, across: float, views: Views, pictures: Sequence[ColourImage],
    poses: Sequence[Pose], camera: Camera, params: SiteParams,
) -> Backshell | None:  # fmt: skip
    """Fit a circle at a height to the rim's edges, each taken from the pictures that face it."""
    for _ in range(2):
        edges = _edges(x, y, across, views, pictures, poses, camera, params)
        if len(edges) < 20:
            return None
        fit = _circle(edges, np.array([x, y, 0.5 * across]))
        if fit is None:
            return None
        (x, y, radius, _), sigma, inliers = fit
        across = 2.0 * radius
    bins = np.unique((np.arctan2(edges[:, 1] - y, edges[:, 0] - x) // (2 * np.pi / 36)).astype(int))
    good = edges[inliers]
    whole = np.unique((np.arctan2(good[:, 1] - y, good[:, 0] - x) // (2 * np.pi / 36)).astype(int))
    return Backshell(
        x, y, across, float(np.hypot(sigma, params.rim_sigma)), top, len(whole) / max(1, len(bins))
    )


def _edges(
    x: float, y: float, across: float, views: Views, pictures: Sequence[ColourImage], poses: Sequence[Pose],
    camera: Camera, params: SiteParams,
) -> Array:  # fmt: skip
    """Rows: x, y [m] of the rim's foot as if on the ground; unit x, y and cotangent of the view's descent."""
    ground = views.ground
    bearing = 2.0 * np.pi * np.arange(BEARINGS) / BEARINGS
    radii = np.arange(0.3 * across, 0.95 * across, 0.02)
    ring = np.hypot(*np.meshgrid(*(c - m for c, m in zip(ground.centres(), (x, y), strict=True))))
    level = float(np.median(ground["elevation"][(ring > 0.75 * across) & (ring < 1.0 * across)]))
    px = x + radii[None] * np.cos(bearing)[:, None]
    py = y + radii[None] * np.sin(bearing)[:, None]
    points = np.stack([px, py, np.full_like(px, level)], axis=-1)
    found = []
    for picture, pose in zip(pictures, poses, strict=True):
        dx, dy, dz = pose.position - [x, y, level]
        away = float(np.hypot(dx, dy))
        towards = np.arctan2(dy, dx)
        if away < 0.5 * across + 0.3 or dz < 1.0:
            continue
        facing = np.abs((bearing - towards + np.pi) % (2.0 * np.pi) - np.pi) < FACING
        local = (points[facing].reshape(-1, 3) - pose.position) @ pose.rotation()
        uv, inside = camera.project(local)
        inside = inside.reshape(-1, len(radii))
        if float(np.hypot(away, dz) ** 2 / (camera.fx * dz)) > params.coarsest_sampling:
            continue
        u, v = (uv[:, k].reshape(inside.shape).astype(np.float32) for k in (0, 1))
        seen = cv2.remap(picture, u, v, cv2.INTER_LINEAR).astype(np.float32)
        red = np.log((seen[..., 0] + 2.0) / (seen[..., 2] + 2.0))
        red = cv2.GaussianBlur(red, (0, 0), sigmaX=2.0, sigmaY=0.6)
        soil = float(np.median(red[:, radii > 0.75 * across]))
        for i, b in enumerate(bearing[facing]):
            if not inside[i].all():
                continue
            r = _step(red[i] - soil, radii, params)
            if r is not None:
                at = np.array([x + r * np.cos(b), y + r * np.sin(b)])
                view = pose.position[:2] - at
                reach = float(np.hypot(*view))
                found.append([*at, *(view / reach), reach / (pose.position[2] - level)])
    return np.array(found).reshape(-1, 5)


def _step(red: Layer, radii: Array, params: SiteParams) -> float | None:
    """Where redness (beside the soil's) changes most from shell to soil along a ray outwards, or None."""
    width = max(3, round(0.2 / 0.02))
    total = np.concatenate([[0.0], np.cumsum(red)])
    k = np.arange(width, len(red) - width)
    outside, inside = (total[k + width] - total[k]) / width, (total[k] - total[k - width]) / width
    change = np.where(np.abs(outside) < params.rim_step, outside - inside, 0.0)
    best = int(np.argmax(change))
    if change[best] < params.rim_step:
        return None
    return float(radii[k[best]] - 0.01)


def _circle(
    edges: Array, start: Array
) -> tuple[tuple[float, float, float, float], float, npt.NDArray[np.bool_]] | None:
    """Fit x, y, radius and height of a rim to edges by reweighted least squares.

    An edge at height h that is taken to lie on the ground seems farther from the camera by h times the
    cotangent of the view's descent; pictures from different heights and sides tell the two apart.
    """
    x, y, radius = start
    height = 0.0
    scale = 0.2
    x, y, radius = circles.agreed(edges[:, :2], radius, ON_RIM)
    weight = np.ones(len(edges))
    for step in range(25):
        px = edges[:, 0] + height * edges[:, 4] * edges[:, 2]
        py = edges[:, 1] + height * edges[:, 4] * edges[:, 3]
        dx, dy = px - x, py - y
        r = np.hypot(dx, dy)
        rest = r - radius
        weight = np.clip(1.0 - (rest / (3.0 * scale)) ** 2, 0.0, None) ** 2
        if np.count_nonzero(weight) < 12:
            return None
        lift = edges[:, 4] * (edges[:, 2] * dx + edges[:, 3] * dy) / np.maximum(r, 1e-6)
        a = np.stack([dx / r, dy / r, np.ones(len(r)), -lift], axis=1)
        root = np.sqrt(weight)[:, None]
        # the rim stands near the ground: 0.1 m +- 0.15 m
        prior = np.array([[0.0, 0.0, 0.0, 0.02 * len(r) ** 0.5 / 0.15]])
        b = np.append(rest * root[:, 0], (0.1 - height) * prior[0, 3])
        move, *_ = np.linalg.lstsq(np.concatenate([a * root, prior]), b, rcond=None)
        x, y, radius, height = x + move[0], y + move[1], radius + move[2], height + move[3]
        scale = max(0.04, min(scale * 0.85, 0.4))
        if step > 15 and np.abs(move).max() < 1e-4:
            break
    good = weight > 0.2
    spread = float(np.sqrt(np.mean(rest[good] ** 2)))
    # Edges of one picture next to each other are off together: about one of ten counts. Edges of one side
    # alone tell the radius badly.
    seen = np.concatenate([a * root, prior])
    sigma = 2.0 * spread * float(np.sqrt(10.0 * np.linalg.pinv(seen.T @ seen)[2, 2]))
    return (float(x), float(y), float(radius), float(height)), sigma, good
