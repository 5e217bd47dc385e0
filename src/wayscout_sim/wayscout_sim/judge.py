# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Is a decision right? The same router and limits decide on maps and on the truth: for tests, benchmarks."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wayscout.corridor import Corridor
from wayscout.grid import Grid
from wayscout.routing import compare, costs
from wayscout.routing.compare import Decision
from wayscout.routing.parameters import router_params, rover_limits
from wayscout.worlds.folder import World, load_orbital
from wayscout.worlds.truth import Truth

Array = npt.NDArray[np.float64]

ALLOWED_REGRET = 0.05


def decide(
    world: World, above: costs.OrbitalKnowledge | None, fine: Grid | None, *, may_look: bool
) -> Decision:
    """Decide on what the orbiter saw and a finer map; either may be missing."""
    params, limits = router_params(), rover_limits()
    start, goal = (world.start.rover.x, world.start.rover.y), (world.goal.x, world.goal.y)
    corridors = [Corridor.of(c.name, c.centreline, c.width) for c in world.corridors]
    grid = costs.planning_map(above, fine, params, limits)
    return compare.decide(grid, corridors, start, goal, limits, params, may_look=may_look)


def decide_on_truth(truth: Truth) -> Decision:
    """Return the right decision: on the ground with every rock, without noise."""
    return decide(truth.world, None, truth_map(truth), may_look=False)


def seen_from_orbit(folder: Path) -> costs.OrbitalKnowledge:
    """Read what a world's orbital files tell the router."""
    seen = load_orbital(folder)
    return costs.OrbitalKnowledge(seen.elevation, seen.meta.elevation_sigma, seen.meta.shift_sigma)


def costs_of(decision: Decision) -> dict[str, float | None]:
    """Return each channel's cost, None where it is impassable."""
    return {c.channel: c.cost if c.passable else None for c in decision.candidates}


def regret(right: str, choice: str, cost: dict[str, float | None]) -> float:
    """Cost of a choice over the right one's on the truth, less one; inf for a wrong kind of answer."""
    if choice == right:
        return 0.0
    mine, best = cost.get(choice), cost.get(right)
    return mine / best - 1.0 if mine is not None and best is not None else math.inf


def truth_map(truth: Truth) -> Grid:
    """Return the ground with its rocks on top: layers elevation, rock, sand, sigma (0) and measured (1)."""
    return with_rocks(truth.ground, truth.rocks)


def with_rocks(ground: Grid, rocks: Array) -> Grid:
    """Put (n, 7) rocks of `truth.ROCK_COLUMNS` on a ground; layers as of `truth_map`."""
    result = Grid(ground.resolution, ground.origin, ground.shape, ground.frame)
    bare = ground["elevation"]
    rock = np.zeros(ground.shape, np.float32)
    top = np.zeros(ground.shape, np.float32)
    for x, y, _, width, depth, height, yaw in rocks:
        reach = 0.5 * max(width, depth)
        (r0, c0), (r1, c1) = ground.indices(x - reach, y - reach), ground.indices(x + reach, y + reach)
        rows = np.arange(max(0, int(r0)), min(ground.shape[0], int(r1) + 1))[:, None]
        cols = np.arange(max(0, int(c0)), min(ground.shape[1], int(c1) + 1))[None, :]
        if rows.size == 0 or cols.size == 0:
            continue
        px, py = ground.centre(rows, cols)
        u = ((px - x) * np.cos(yaw) + (py - y) * np.sin(yaw)) / (0.5 * width)
        v = ((py - y) * np.cos(yaw) - (px - x) * np.sin(yaw)) / (0.5 * depth)
        shape = np.sqrt(np.clip(1.0 - u**2 - v**2, 0.0, 1.0))
        top[rows, cols] = np.maximum(top[rows, cols], height * shape)
        rock[rows, cols] = np.maximum(rock[rows, cols], np.where(shape > 0.0, height, 0.0))
    result["elevation"], result["rock"], result["sand"] = bare + top, rock, ground["sand"]
    result["sigma"], result["measured"] = np.zeros(ground.shape), np.ones(ground.shape)
    return result
