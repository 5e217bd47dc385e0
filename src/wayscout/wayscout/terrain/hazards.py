# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What a viewer and a planner want to know of a piece of ground at a glance: hazards and a 0-100 cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wayscout.grid import Grid, Layer
from wayscout.terrain import metrics

Array = npt.NDArray[np.float64]
_STEP_BLOCK, _SAND_BLOCK = 1.0, 2.0  # side of the squares that hazards are gathered in [m]


@dataclass(frozen=True)
class Limits:
    """What the rover may drive over; see config/rover.yaml."""

    plan_tilt: float
    plan_step: float


@dataclass(frozen=True)
class Found:
    """Hazards of one kind.

    Attributes:
        kind: 'rock', 'step' or 'sand'.
        table: (n, 6) float64: x, y, z [m], radius [m], height [m], probability.
    """

    kind: str
    table: Array


def steps_and_sand(grid: Grid, limits: Limits, terrain: Grid) -> list[Found]:
    """Gather cells over the step limit in squares of 1 m, and likely sand in squares of 2 m.

    Args:
        grid: layers `elevation`, `sand`, `rock`; steps at rocks are left to the rocks.
        terrain: what `metrics.compute` made of it.
    """
    near_rock = np.nan_to_num(grid["rock"]) > 0.0
    high = np.where(np.isfinite(terrain["step"]) & ~near_rock, terrain["step"], 0.0)
    steps = _gather(grid, high, limits.plan_step, _STEP_BLOCK, 4)
    share = np.nan_to_num(grid["sand"])
    soft = _gather(grid, share, 0.5, _SAND_BLOCK, round(0.5 * (_SAND_BLOCK / grid.resolution) ** 2))
    steps[:, 5] = np.clip(steps[:, 4] / limits.plan_step - 0.5, 0.5, 1.0)
    soft[:, 4] = 0.0
    return [Found("step", steps), Found("sand", soft)]


def cost(grid: Grid, limits: Limits, terrain: Grid) -> Layer:
    """Cost from 0 (level, firm) to 100 (over a limit), (rows, cols) float32, NaN where unknown."""
    slope = terrain["slope"] / limits.plan_tilt
    step = terrain["step"] / limits.plan_step
    sand = 0.6 * np.nan_to_num(grid["sand"]) + 0.6 * np.nan_to_num(grid["sand"]) * slope
    worst = np.maximum(np.maximum(slope, step), sand)
    result: Layer = (100.0 * np.clip(worst, 0.0, 1.0)).astype(np.float32)
    return result


def coarser(layer: Layer, factor: int, largest: bool) -> Layer:
    """Reduce a layer by whole squares to their largest (or mean) known value, NaN where none is known."""
    rows, cols = layer.shape[0] // factor, layer.shape[1] // factor
    blocks = layer[: rows * factor, : cols * factor].reshape(rows, factor, cols, factor)
    known = np.isfinite(blocks)
    count = known.sum(axis=(1, 3))
    if largest:
        value = np.where(known, blocks, -np.inf).max(axis=(1, 3))
    else:
        value = np.where(known, blocks, 0.0).sum(axis=(1, 3)) / np.maximum(count, 1)
    result: Layer = np.where(count > 0, value, np.nan).astype(np.float32)
    return result


def assess(grid: Grid, limits: Limits) -> tuple[list[Found], Layer]:
    """Hazards (steps, sand) and cost of a grid with `elevation`, `sand` and `rock`."""
    terrain = metrics.compute(grid)
    return steps_and_sand(grid, limits, terrain), cost(grid, limits, terrain)


def _gather(grid: Grid, values: npt.NDArray[np.floating], limit: float, side: float, least: int) -> Array:
    """Squares with at least `least` cells over the limit: their middle, half a side, their largest value."""
    rows, cols = np.nonzero(values > limit)
    if rows.size == 0:
        return np.zeros((0, 6))
    n = max(1, round(side / grid.resolution))
    key = (rows // n) * (grid.shape[1] // n + 1) + cols // n
    unique, index, count = np.unique(key, return_inverse=True, return_counts=True)
    table = np.zeros((len(unique), 6))
    x, y = grid.centre(rows, cols)
    z = np.nan_to_num(grid["elevation"][rows, cols]).astype(np.float64)
    for k, value in enumerate((x, y, z)):
        table[:, k] = np.bincount(index, value) / count
    table[:, 3] = 0.5 * side
    np.maximum.at(table[:, 4], index, values[rows, cols])
    table[:, 5] = np.bincount(index, np.clip(values[rows, cols], 0.0, 1.0)) / count
    result: Array = table[count >= least]
    return result
