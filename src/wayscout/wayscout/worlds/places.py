# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Where vehicles start and arrive: ground levelled to stand and land on, and what a survey tells of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.grid import Grid, Layer
from wayscout.worlds import noise
from wayscout.worlds.folder import Start, StartPose

Array = npt.NDArray[np.float64]
HEIGHT_SIGMA = 0.1  # m, of the start poses' surveyed height
PAD_RADIUS = 3.0  # m around a place that are level
PAD_SLOPE = 0.015  # of a pad's plane at most (0.9 deg)
PAD_ROUGHNESS = 0.15  # share of small bumps and stones that a pad keeps
BLEND = 5.5  # m over which a pad passes into the ground around it


@dataclass(frozen=True)
class Pad:
    """Level ground within `radius` [m] of the segment between two places, which may be the same."""

    a: tuple[float, float]
    b: tuple[float, float]
    radius: float = PAD_RADIUS

    def beyond(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
        """Distance [m] of points from the pad's rim, negative on it."""
        return to_segment(x, y, self.a, self.b) - self.radius


def to_segment(x: npt.ArrayLike, y: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike) -> Array:
    """Distance of points from the segment a-b."""
    start, end = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    d = end - start
    px, py = np.asarray(x, dtype=np.float64) - start[0], np.asarray(y, dtype=np.float64) - start[1]
    t = np.clip((px * d[0] + py * d[1]) / max(float(d @ d), 1e-12), 0.0, 1.0)
    result: Array = np.hypot(px - t * d[0], py - t * d[1])
    return result


def level(height: Layer, ground: Grid, pads: Iterable[Pad], seed: int) -> tuple[Layer, Layer]:
    """Level pads in a height layer.

    Within a pad the ground becomes a nearly level plane through its mean height; a small share of its
    bumps stays. The rim wanders and the plane passes into the ground around over `BLEND`, so that no
    ring shows.

    Returns:
        the height [m] and how much of it is pad: 1 on a pad, 0 beyond the blend.
    """
    rng = noise.stream(seed, "pads")
    px = 1.0 / ground.resolution
    xs, ys = ground.centres()
    wander = noise.fractal(ground.shape, 6.0 * px, rng, shortest=1.5 * px, gain=0.5)
    bumps = height - cv2.GaussianBlur(height, (0, 0), 0.6 * px)
    result, share = height.copy(), np.zeros(ground.shape, np.float32)
    for pad in pads:
        beyond = pad.beyond(*np.meshgrid(xs, ys)).astype(np.float32)
        core = beyond < 0.5
        x, y = (np.broadcast_to(v, ground.shape)[core] for v in (xs[None, :], ys[:, None]))
        terms = np.stack([np.ones(x.size), x - pad.a[0], y - pad.a[1]], axis=1)
        fit, *_ = np.linalg.lstsq(terms, height[core].astype(np.float64), rcond=None)
        slope = fit[1:] * min(1.0, PAD_SLOPE / max(float(np.hypot(*fit[1:])), 1e-12))
        centre = np.array([x.mean(), y.mean()])
        offset = float(height[core].mean()) - slope @ centre
        plane = (offset + slope[0] * xs[None, :] + slope[1] * ys[:, None]).astype(np.float32)
        # The wandering grows with the distance, so that it never eats into the pad.
        far = beyond * np.clip(1.0 + 0.3 * wander, 0.5, 1.5)
        weight = noise.smoothstep(BLEND, 0.0, far).astype(np.float32)
        result += weight * (plane + PAD_ROUGHNESS * bumps - result)
        share = np.maximum(share, weight)
    return result, share


def survey(
    ground: Grid, seed: int, rover: tuple[float, float], helicopter: tuple[float, float], yaw: float
) -> Start:
    """Return the start poses with heights as a survey tells them: both wrong by the same small error [m]."""
    error = HEIGHT_SIGMA * float(noise.stream(seed, "survey").standard_normal())

    def pose(at: tuple[float, float]) -> StartPose:
        height = float(ground.sample("elevation", *at)) + error
        return StartPose(x=at[0], y=at[1], yaw=yaw, z=round(height, 3))

    return Start(
        rover=pose(rover), helicopter=pose(helicopter), position_sigma=0.1, yaw_sigma=0.0035,
        height_sigma=HEIGHT_SIGMA,
    )  # fmt: skip
