# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A small made-up piece of ground, and pictures of it: for tests and benchmarks of the mapping.

The ground is a height raster (slope, undulation, ripples, rocks as half ellipsoids) under a grey texture
(fine noise, smooth sand, sun shading, cast shadows). Pictures are ray-cast without any simulator.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import ray_caster
from numba import njit

from wayscout.camera import Camera
from wayscout.geometry import Pose
from wayscout.grid import Grid

Array = npt.NDArray[np.float64]
DOWN = np.array(
    [[0.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, -1.0]]
)  # optical frame in the body: image up = forward


@dataclass
class Ground:
    """Height and grey rasters (row 0 south) and what was planted.

    Attributes:
        height: layer 'elevation' [m] at `height.resolution`, the top surface with rocks.
        grey: layer 'grey' (0-255), finer.
        rocks: (n, 4) x, y, width, height [m].
        sand: bool raster on the height's grid.
    """

    height: Grid
    grey: Grid
    rocks: Array
    sand: npt.NDArray[np.bool_]


def make_ground(
    seed: int, size: tuple[float, float] = (40.0, 30.0), rocks_per_hectare: float = 1500.0, slope: float = 0.1
) -> Ground:
    """Make ground of `size` [m] around the origin, rising with x; a gully wall at the north edge."""
    rng = np.random.default_rng(seed)
    fine, coarse = 0.025, 0.05
    w, h = size
    height = Grid(coarse, (-w / 2, -h / 2), (round(h / coarse), round(w / coarse)))
    xs, ys = height.centres()
    z = slope * (xs[None, :] + w / 2) + 0.35 * _noise(rng, height.shape, 4.0 / coarse)
    z += 0.03 * _noise(rng, height.shape, 0.4 / coarse)
    wall = ys[:, None] - 0.3 * h + 0.8 * _noise(rng, height.shape, 5.0 / coarse)
    z += 4.0 / (1.0 + np.exp(-wall / 0.8))
    sand = (_noise(rng, height.shape, 3.0 / coarse) > 0.7) & (wall < -2.0)
    soft = cv2.GaussianBlur(sand.astype(np.float64), (0, 0), 0.3 / coarse)
    ripples = 0.02 * np.sin(2 * np.pi * xs / 2.0)[None, :]
    smooth = cv2.GaussianBlur(z, (0, 0), 0.6 / coarse)
    z = z * (1 - soft) + (smooth + ripples) * soft
    rocks = _plant_rocks(rng, height, z, sand, rocks_per_hectare)
    height["elevation"] = z

    grey = Grid(fine, height.origin, (height.shape[0] * 2, height.shape[1] * 2))
    up = (grey.shape[1], grey.shape[0])
    soft_fine = cv2.resize(soft, up)
    albedo = 110 + 14 * _noise(rng, grey.shape, 1.3) + 12 * _noise(rng, grey.shape, 5.0)
    albedo += 10 * _noise(rng, grey.shape, 40.0)
    dull = 128 + 2.5 * _noise(rng, grey.shape, 1.3) + 2.0 * _noise(rng, grey.shape, 6.0)
    albedo = albedo * (1 - soft_fine) + dull * soft_fine
    for x, y, width, _ in rocks:
        at = (x - grey.origin[0]) / fine, (y - grey.origin[1]) / fine
        _tint(albedo, *at, 0.5 * width / fine, rng.normal(-12, 12))
    gy, gx = np.gradient(z, coarse)
    sun = np.array([-0.6, 0.35, 0.72])
    sun /= np.linalg.norm(sun)
    light = np.clip((sun[2] - gx * sun[0] - gy * sun[1]) / np.sqrt(1 + gx * gx + gy * gy), 0.0, None) / sun[2]
    light *= np.where(_shadow(z, coarse, sun), 0.35, 1.0)
    grey["grey"] = np.clip(albedo * cv2.resize(light, up, interpolation=cv2.INTER_LINEAR), 0, 255)
    return Ground(height, grey, rocks, sand)


def survey_poses(
    ground: Ground,
    camera: Camera,
    height: float = 12.0,
    length: float = 20.0,
    legs: int = 2,
    forward_overlap: float = 0.75,
    side_overlap: float = 0.5,
    tilt: float = 0.03,
    seed: int = 0,
) -> list[Pose]:
    """Return optical poses along legs out and back, `height` [m] above the ground below each."""
    rng = np.random.default_rng(seed)
    along = 2 * height * np.tan(0.5 * camera.height / camera.fy) * (1 - forward_overlap)
    aside = 2 * height * np.tan(0.5 * camera.width / camera.fx) * (1 - side_overlap)
    poses = []
    for leg in range(legs):
        y = (leg - 0.5 * (legs - 1)) * aside
        xs = np.arange(-0.5 * length, 0.5 * length + 1e-6, along)
        for x in xs if leg % 2 == 0 else xs[::-1]:
            yaw = 0.0 if leg % 2 == 0 else np.pi
            ground_z = float(ground.height.sample("elevation", x, y))
            body = Pose.from_euler(
                x, y, ground_z + height, *rng.normal(0, tilt, 2), yaw + rng.normal(0, 0.03)
            )
            poses.append(body @ Pose.from_rotation(DOWN, np.zeros(3)))
    return poses


def render(
    ground: Ground, camera: Camera, pose: Pose, noise: float = 2.0, seed: int = 0
) -> npt.NDArray[np.uint8]:
    """Ray-cast a picture: (height, width) uint8; what lies beyond the raster is black."""
    v, u = np.mgrid[0 : camera.height, 0 : camera.width].astype(np.float64)
    rays = camera.rays(np.stack([u.ravel(), v.ravel()], axis=1)) @ pose.rotation().T
    away = ray_caster.distances(ground.height, pose.position, rays)
    x, y = (pose.position[i] + away * rays[:, i] for i in (0, 1))
    image = np.nan_to_num(ground.grey.sample("grey", x, y)).reshape(camera.height, camera.width)
    image = image + np.random.default_rng(seed).normal(0, noise, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)


def truth(ground: Ground, grid: Grid) -> npt.NDArray[np.float64]:
    """Top surface at the cell centres of a grid, NaN off the raster."""
    xs, ys = grid.centres()
    return ground.height.sample("elevation", xs[None, :], ys[:, None])


def disturbed(pose: Pose, rng: np.random.Generator, position: float, angle: float) -> Pose:
    """Move a pose by normal errors of `position` [m] and `angle` [rad] per axis."""
    return Pose.from_euler(*(pose.position + rng.normal(0, position, 3)), *rng.normal(0, angle, 3)) @ Pose(
        np.zeros(3), pose.quaternion
    )


def _noise(rng: np.random.Generator, shape: tuple[int, int], scale: float) -> Array:
    """Smooth noise of unit deviation with a correlation length of `scale` pixels."""
    shrink = max(1.0, scale / 3.0)
    small = (int(shape[0] / shrink) + 8, int(shape[1] / shrink) + 8)
    field = cv2.GaussianBlur(rng.normal(size=small), (0, 0), max(scale / shrink, 0.4))
    field = cv2.resize(field, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_CUBIC)[
        : shape[0], : shape[1]
    ]
    return np.asarray(field / field.std())


def _plant_rocks(
    rng: np.random.Generator, grid: Grid, z: Array, sand: npt.NDArray[np.bool_], density: float
) -> Array:
    b = grid.bounds
    count = round(density * b.width * b.height / 1e4)
    rocks = []
    for _ in range(count):
        width = float(min(0.3 + rng.exponential(0.35), 2.0))
        height = width * rng.uniform(0.4, 0.75)
        x = rng.uniform(b.x_min + 1, b.x_max - 1)
        y = rng.uniform(b.y_min + 1, b.y_max - 1)
        row, col = grid.indices(x, y)
        if sand[row, col] or any(np.hypot(x - r[0], y - r[1]) < 0.6 * (width + r[2]) for r in rocks):
            continue
        rocks.append((x, y, width, height))
        reach = int(0.5 * width / grid.resolution) + 2
        r0, r1 = max(0, row - reach), min(grid.shape[0], row + reach + 1)
        c0, c1 = max(0, col - reach), min(grid.shape[1], col + reach + 1)
        xs = grid.origin[0] + (np.arange(c0, c1) + 0.5) * grid.resolution
        ys = grid.origin[1] + (np.arange(r0, r1) + 0.5) * grid.resolution
        q = ((xs[None, :] - x) ** 2 + (ys[:, None] - y) ** 2) / (0.5 * width) ** 2
        top = z[row, col] + height * np.sqrt(np.clip(1 - q, 0, None))
        z[r0:r1, c0:c1] = np.where(q < 1, np.maximum(z[r0:r1, c0:c1], top), z[r0:r1, c0:c1])
    return np.array(rocks).reshape(-1, 4)


def _tint(image: Array, cx: float, cy: float, radius: float, tone: float) -> None:
    r0, r1 = max(0, int(cy - radius)), int(cy + radius) + 2
    c0, c1 = max(0, int(cx - radius)), int(cx + radius) + 2
    part = image[r0:r1, c0:c1]
    v, u = np.mgrid[0 : part.shape[0], 0 : part.shape[1]]
    part[(u + c0 - cx) ** 2 + (v + r0 - cy) ** 2 < radius**2] += tone


@njit(cache=True)
def _shadow(z: Array, resolution: float, sun: Array) -> npt.NDArray[np.bool_]:
    rows, cols = z.shape
    out = np.zeros((rows, cols), dtype=np.bool_)
    top = z.max()
    for r in range(rows):
        for c in range(cols):
            h = z[r, c] + 0.01
            for k in range(1, 400):
                rr, cc = int(r + k * sun[1] + 0.5), int(c + k * sun[0] + 0.5)
                line = h + k * sun[2] * resolution
                if rr < 0 or cc < 0 or rr >= rows or cc >= cols or line > top:
                    break
                if z[rr, cc] > line:
                    out[r, c] = True
                    break
    return out
