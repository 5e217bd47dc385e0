# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Choose which pictures to match with which: enough baseline to measure, enough overlap to match."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wayscout.camera import Camera
from wayscout.geometry import Array, Pose


@dataclass(frozen=True)
class PartnerParams:
    """Which pairs are worth matching; see config/mapper.yaml."""

    partners: int
    best_ratio: float
    min_ratio: float
    max_ratio: float
    min_overlap: float
    max_convergence: float


def nearest_pairs(poses: list[Pose]) -> list[tuple[int, int]]:
    """Pair each picture with the nearest other one that it does not coincide with."""
    centres = np.array([p.position for p in poses])
    pairs = set()
    for i, centre in enumerate(centres):
        distance = np.linalg.norm(centres - centre, axis=1)
        distance[distance < 1e-3] = np.inf
        j = int(np.argmin(distance))
        if np.isfinite(distance[j]):
            pairs.add((min(i, j), max(i, j)))
    return sorted(pairs)


def choose(camera: Camera, poses: list[Pose], depths: Array, params: PartnerParams) -> list[tuple[int, int]]:
    """Return unordered pairs (i < j): each picture's `partners` best ones.

    A pair is good when its baseline over depth is near `best_ratio` and the pictures share much ground; it
    is left out when the ratio, the overlap or the angle between the views is beyond its limit.

    Args:
        poses: optical frames in map.
        depths: (n,) typical depth of each picture [m].
    """
    ground = [_ground(camera, pose, depth) for pose, depth in zip(poses, depths, strict=True)]
    views = np.array([p.rotation()[:, 2] for p in poses])
    centres = np.array([p.position for p in poses])
    pairs: set[tuple[int, int]] = set()
    for i in range(len(poses)):
        offset = centres - centres[i]
        length = np.linalg.norm(offset, axis=1)
        along = np.abs(offset @ views[i])
        ratio = length / depths[i]
        convergence = np.arccos(np.clip(views @ views[i], -1.0, 1.0))
        near = (
            (ratio > params.min_ratio) & (ratio < params.max_ratio) & (convergence < params.max_convergence)
        )
        near &= along < 0.5 * length  # a baseline along the view measures nothing
        scores = []
        for j in np.flatnonzero(near):
            share = _seen(camera, poses[j], ground[i])
            if share >= params.min_overlap:
                scores.append((abs(np.log(ratio[j] / params.best_ratio)) - share, int(j)))
        pairs.update((min(i, j), max(i, j)) for _, j in sorted(scores)[: params.partners])
    return sorted(pairs)


def _ground(camera: Camera, pose: Pose, depth: float) -> Array:
    """A 7 x 7 net of points at `depth` that the picture sees, (49, 3) in map."""
    u, v = np.meshgrid(np.linspace(0, camera.width - 1, 7), np.linspace(0, camera.height - 1, 7))
    rays = camera.rays(np.stack([u.ravel(), v.ravel()], axis=1))
    rays = rays / np.maximum(rays[:, 2:], 0.3)
    return pose.apply(rays * depth)


def _seen(camera: Camera, pose: Pose, points: Array) -> float:
    return float(camera.project(pose.inverse().apply(points))[1].mean())
