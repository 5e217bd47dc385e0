# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Check a world's truth independently of its plan: can a rover climb through A, through B, or elsewhere?

A plain flood fill over cells that a rover may stand on. It is no planner: it ignores headings and turning.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from wayscout.worlds.truth import Truth

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Limits:
    """What a rover may do; angles rad, lengths m. Defaults: config/rover.yaml's planning limits."""

    tilt: float = 0.3491
    step: float = 0.30
    sand_slope: float = 0.2775  # slip on loose sand reaches 40 % at 15.9 deg
    half_width: float = 1.2


def standable(truth: Truth, limits: Limits, stride: int = 2) -> Mask:
    """Cells (every `stride`th vertex, row 0 south) where a rover may have its centre."""
    resolution = truth.ground.resolution * stride
    height = truth.ground["elevation"]
    smooth = cv2.GaussianBlur(height, (0, 0), 0.7 / truth.ground.resolution)
    gy, gx = np.gradient(smooth, truth.ground.resolution)
    slope = np.arctan(np.hypot(gx, gy))[::stride, ::stride]
    rest = height - smooth
    window = np.ones((round(0.5 / truth.ground.resolution) + 1,) * 2, np.uint8)
    step = (cv2.dilate(rest, window) - cv2.erode(rest, window))[::stride, ::stride]
    hard = (step > limits.step).astype(np.uint8)
    x0 = truth.ground.origin[0] + 0.5 * truth.ground.resolution
    for x, y, _, width, depth, tall, yaw in truth.rocks:
        if tall > limits.step:
            centre = (round((x - x0) / resolution * 16), round((y - x0) / resolution * 16))
            axes = (round(8 * width / resolution), round(8 * depth / resolution))
            cv2.ellipse(hard, centre, axes, float(np.degrees(yaw)), 0, 360, 1, -1, cv2.LINE_8, 4)
    clear: Mask = ndimage.distance_transform_edt(hard == 0) * resolution > limits.half_width
    sand = truth.ground["sand"][::stride, ::stride] > 0.5
    result: Mask = clear & (slope < limits.tilt) & ~(sand & (slope > limits.sand_slope))
    return result


def passable(truth: Truth, limits: Limits | None = None) -> dict[str, bool]:
    """Return which channels connect start and goal alone, and 'elsewhere': whether a way avoids them all."""
    stride = 2
    free = standable(truth, limits or Limits(), stride)
    resolution = truth.ground.resolution * stride
    x0 = truth.ground.origin[0] + 0.5 * truth.ground.resolution

    def cell(x: float, y: float) -> tuple[int, int]:
        return round((y - x0) / resolution), round((x - x0) / resolution)

    closed: dict[str, Mask] = {}
    for name, facts in truth.facts["channels"].items():
        line = np.array([cell(*p)[::-1] for p in facts["centreline"]], np.int32)
        middle = line[len(line) // 6 : -len(line) // 6]
        width = int(2 * max(facts["half_width"]) / resolution) + 4
        drawn = np.zeros(free.shape, np.uint8)
        cv2.polylines(drawn, [middle], False, 1, width)
        closed[name] = drawn > 0
    world = truth.world
    start = cell(world.start.rover.x, world.start.rover.y)
    goal = cell(world.goal.x, world.goal.y)
    result = {}
    for name in [*closed, "elsewhere"]:
        open_here = free.copy()
        for other, mask in closed.items():
            if other != name:
                open_here &= ~mask
        labels, _ = ndimage.label(open_here)
        result[name] = bool(labels[start] != 0 and labels[start] == labels[goal])
    return result
