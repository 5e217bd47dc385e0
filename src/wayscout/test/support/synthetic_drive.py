# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A drive over made-up ground with slipping wheel odometry and depth pictures: for tests and benchmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import ray_caster
import synthetic_survey as survey

from wayscout.camera import Camera
from wayscout.geometry import Pose
from wayscout.grid import Grid

Array = npt.NDArray[np.float64]
_PITCH = 0.35  # of the camera below the horizon [rad]
_LOOK = np.array(
    [[0.0, -np.sin(_PITCH), np.cos(_PITCH)], [-1.0, 0.0, 0.0], [0.0, -np.cos(_PITCH), -np.sin(_PITCH)]]
)
MOUNT = Pose.from_rotation(_LOOK, [1.1, 0.0, 0.95])


@dataclass
class DriveSample:
    """What the sensors gave after each 0.1 m, and the truth."""

    truth: Pose
    odom: Pose
    depth: npt.NDArray[np.float32] | None
    slip: float


def settled(ground: survey.Ground, x: float, y: float, yaw: float) -> Pose:
    """base_link where the six wheels would stand: a plane through a rover-sized square."""
    o = np.linspace(-1.1, 1.1, 7)
    fx, fy = (a.ravel() for a in np.meshgrid(o, o))
    c, s = np.cos(yaw), np.sin(yaw)
    z = ground.height.sample("elevation", x + c * fx - s * fy, y + s * fx + c * fy)
    k = np.linalg.lstsq(np.stack([fx, fy, np.ones_like(fx)], axis=1), z, rcond=None)[0]
    return Pose.from_euler(x, y, k[2], np.arctan(k[1]), -np.arctan(k[0]), yaw)


def drive(
    ground: survey.Ground,
    camera: Camera,
    *,
    length: float,
    seed: int = 0,
    sand_slip: float = 0.35,
    gyro_walk: float = 0.0005,
    step: float = 0.1,
    spacing: float = 0.5,
    y: float = -4.0,
) -> list[DriveSample]:
    """Drive east in slow bends; wheels report more way than was made where there is sand."""
    rng = np.random.default_rng(seed)
    xs = np.arange(-0.5 * length, 0.5 * length, step)
    ys = y + 2.0 * np.sin(xs / 9.0)
    samples: list[DriveSample] = []
    position = rng.normal(0, 5.0, 3)
    offset = float(rng.uniform(-1, 1))
    drift, since, last = 0.0, np.inf, None
    for k, (x, yy) in enumerate(zip(xs, ys, strict=True)):
        truth = settled(ground, x, yy, float(np.arctan2(2.0 / 9.0 * np.cos(x / 9.0), 1.0)))
        row, col = ground.height.indices(x, yy)
        slip = sand_slip if ground.sand[row, col] else 0.02
        if last is not None:
            way = truth.position - last.position
            c, s = np.cos(offset + drift), np.sin(offset + drift)
            wheel = np.array([c * way[0] - s * way[1], s * way[0] + c * way[1], way[2]]) / (1.0 - slip)
            position = position + wheel + rng.normal(0, 0.002, 3)
            drift += rng.normal(0, gyro_walk * np.sqrt(step))
            since += float(np.linalg.norm(wheel))
        roll, pitch, yaw = truth.euler()
        level = rng.normal(0, np.deg2rad(0.05), 2)
        odom = Pose.from_euler(*position, roll + level[0], pitch + level[1], yaw + offset + drift)
        depth = None
        if since >= spacing:
            since = 0.0
            depth = render_depth(ground, camera, truth @ MOUNT, 8.0, seed=seed * 10000 + k)
        samples.append(DriveSample(truth, odom, depth, slip))
        last = truth
    return samples


def render_depth(
    ground: survey.Ground, camera: Camera, optical: Pose, reach: float, seed: int, noise: float = 0.01
) -> npt.NDArray[np.float32]:
    """Depth picture (height, width) [m] along the optical axis, NaN beyond reach; noise grows with depth."""
    v, u = np.mgrid[0 : camera.height, 0 : camera.width].astype(np.float64)
    rays = camera.rays(np.stack([u.ravel(), v.ravel()], axis=1))
    away = ray_caster.distances(
        ground.height, optical.position, rays @ optical.rotation().T, reach=1.6 * reach, step=0.03
    )
    depth = away * rays[:, 2]
    depth += np.random.default_rng(seed).normal(0, noise, depth.shape) * (0.3 + 0.1 * np.nan_to_num(depth))
    depth[~(depth < reach)] = np.nan
    return depth.reshape(camera.height, camera.width).astype(np.float32)


def helicopter_map(
    ground: survey.Ground, shift: tuple[float, float, float], seed: int, resolution: float = 0.1
) -> Grid:
    """The elevation map as the helicopter would make it: moved by `shift` [m], 4 cm of smooth error."""
    rng = np.random.default_rng(seed)
    grid = Grid.over(ground.height.bounds, resolution)
    xs, ys = grid.centres()
    z = ground.height.sample("elevation", xs[None] - shift[0], ys[:, None] - shift[1]) + shift[2]
    z += 0.04 * survey._noise(rng, grid.shape, 0.5 / resolution)
    grid["elevation"] = z
    grid["measured"] = np.isfinite(z).astype(np.float32)
    return grid
