# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Rocks of a planned world: Golombek's size distribution, and the fields that block or only look so.

Rocks wider than 0.25 m are objects; smaller ones are roughness and paint.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from wayscout.grid import Grid, Layer
from wayscout.worlds import noise
from wayscout.worlds.places import to_segment
from wayscout.worlds.plan import Feature, Plan
from wayscout.worlds.recipe import Recipe
from wayscout.worlds.terrain import Land, Position

Array = npt.NDArray[np.float64]
SMALLEST = 0.25  # m, width from which a rock is an object
LEVELS = (0.012, 0.025, 0.04, 0.06, 0.085, 0.12, 0.16, 0.20)


def golombek_share(k: float, diameter: npt.ArrayLike) -> Array:
    """Share of the ground covered by rocks wider than `diameter` [m]: F = k exp(-q D), q = 1.79 + 0.152 / k.

    Source: Golombek et al. 2003, doi:10.1029/2002JE002035.
    """
    result: Array = k * np.exp(-(1.79 + 0.152 / k) * np.asarray(diameter, dtype=np.float64))
    return result


def golombek_count(k: float, smallest: float, largest: float, bins: int = 400) -> tuple[Array, Array]:
    """Return bin middles [m] and rocks per m^2 in each bin between two diameters, for round rocks."""
    edges = np.linspace(smallest, largest, bins + 1)
    middles = 0.5 * (edges[1:] + edges[:-1])
    return middles, -np.diff(golombek_share(k, edges)) / (0.25 * np.pi * middles**2)


def make_rocks(plan: Plan, recipe: Recipe, land: Land) -> Array:
    """Place rocks on a planned world's ground.

    Returns:
        (n, 7) array of `truth.ROCK_COLUMNS`.
    """
    rng = noise.stream(plan.seed, "rocks")
    abundance = _abundance(plan, recipe, land)
    scattered = scatter(abundance, land.ground, recipe.rock_largest, rng)
    keep = _allowed(scattered, plan, recipe, land)
    parts = [scattered[keep]]
    for channel in plan.channels:
        fields = [f for f in channel.features if f.kind in ("boulder_field", "slab_field")]
        parts += [_field(f, land.positions[channel.name], land, rng) for f in fields]
    rocks = np.concatenate(parts)
    half = 0.5 * recipe.size - 0.5
    rocks = rocks[(np.abs(rocks[:, 0]) < half) & (np.abs(rocks[:, 1]) < half)]
    rocks[:, 2] = land.ground.sample("elevation", rocks[:, 0], rocks[:, 1])
    return rocks


def _abundance(plan: Plan, recipe: Recipe, land: Land) -> Layer:
    """Golombek's k by place: patches, more below walls, fewer on sand, none where a rock would roll."""
    rng = noise.stream(plan.seed, "abundance")
    shape, px = land.ground.shape, 1.0 / recipe.resolution
    low, high = recipe.rock_abundance
    patches = noise.fractal(shape, 0.09 * recipe.size * px, rng, shortest=3.0 * px, gain=0.6)
    k = low + (high - low) * noise.smoothstep(-0.6, 1.8, patches)
    for p in land.positions.values():
        foot = np.abs(np.abs(p.offset) - p.half_width)
        k = np.where(foot < 1.6, np.minimum(2.0 * k, 0.20), k)
    k = k * (1.0 - 0.85 * land.ground["sand"])
    gy, gx = np.gradient(land.ground["elevation"][::4, ::4], 4 * recipe.resolution)
    steep = np.kron(np.hypot(gx, gy) > 0.75, np.ones((4, 4), bool))[: shape[0], : shape[1]]
    result: Layer = np.where(steep, 0.0, k).astype(np.float32)
    return result


def scatter(abundance: Layer, ground: Grid, largest: float, rng: np.random.Generator) -> Array:
    """Draw rocks of up to `largest` [m] by Golombek's k of each cell; (n, 7) with z not filled in."""
    edges = [0.006, *(0.5 * (a + b) for a, b in pairwise(LEVELS)), 1.0]
    found = []
    for k, low, high in zip(LEVELS, edges[:-1], edges[1:], strict=True):
        cells = np.flatnonzero((abundance >= low) & (abundance < high))
        if cells.size == 0:
            continue
        diameters, density = golombek_count(k, SMALLEST, largest)
        number = rng.poisson(density.sum() * cells.size * ground.resolution**2)
        chosen = rng.choice(cells, number)
        row, col = np.divmod(chosen, ground.shape[1])
        x, y = ground.centre(row, col)
        x, y = (v + rng.uniform(-0.5, 0.5, number) * ground.resolution for v in (x, y))
        width = rng.choice(diameters, number, p=density / density.sum())
        found.append(_shape(x, y, width, rng.uniform(0.32, 0.65, number), rng))
    return np.concatenate(found) if found else np.zeros((0, 7))


def _shape(x: Array, y: Array, width: Array, flatness: Array, rng: np.random.Generator) -> Array:
    n = len(x)
    depth = width * rng.uniform(0.7, 1.0, n)
    return np.stack([x, y, np.zeros(n), width, depth, width * flatness, rng.uniform(0, np.pi, n)], axis=1)


def _allowed(rocks: Array, plan: Plan, recipe: Recipe, land: Land) -> npt.NDArray[np.bool_]:
    """Keep clear the lanes, the ways to mouths and heads, and the places around start and goal."""
    x, y, radius, height = rocks[:, 0], rocks[:, 1], 0.5 * rocks[:, 3], rocks[:, 5]
    row, col = land.ground.indices(x, y)
    row, col = (np.clip(v, 0, land.ground.shape[0] - 1) for v in (row, col))
    keep = np.ones(len(rocks), bool)
    for channel in plan.channels:
        p = land.positions[channel.name]
        on = (p.along[row, col] > -6.0) & (p.along[row, col] < channel.length + 6.0)
        keep &= ~(
            on & (np.abs(p.offset[row, col] - p.lane[row, col]) < p.lane_half[row, col] + radius + 0.15)
        )
        ends = channel.centreline[0], channel.centreline[-1]
        for place, end in zip((recipe.start, recipe.goal), ends, strict=True):
            keep &= (to_segment(x, y, place, end) > 2.2 + radius) | (height < 0.12)
    for pad in recipe.pads:
        keep &= pad.beyond(x, y) > radius
        keep &= (pad.beyond(x, y) > 0.02 * recipe.size + radius) | (height < 0.10)
    return keep


def _field(f: Feature, p: Position, land: Land, rng: np.random.Generator) -> Array:
    """Rocks wall to wall, closer than a rover is wide (`boulder_field`), or slabs beside the lane."""
    blocking = f.kind == "boulder_field"
    reach = np.abs(p.offset) - p.half_width
    inside = (p.along > f.begin) & (p.along < f.end) & (reach < (1.2 if blocking else 0.0))
    if not blocking:
        inside &= np.abs(p.offset - p.lane) > p.lane_half + 0.7
    cells = np.flatnonzero(inside)
    rng.shuffle(cells)
    row, col = np.divmod(cells, land.ground.shape[1])
    x, y = land.ground.centre(row, col)
    chosen = _spread(x, y, 1.45 if blocking else 1.6)
    x, y = x[chosen], y[chosen]
    if blocking:
        height = rng.uniform(0.45, 0.9, len(x))
        rocks = _shape(x, y, height * rng.uniform(1.5, 1.9, len(x)), np.ones(len(x)), rng)
        rocks[:, 5] = height
        return rocks
    width = rng.uniform(0.55, 1.2, len(x))
    return _shape(x, y, width, rng.uniform(0.12, 0.2, len(x)), rng)


def _spread(x: Array, y: Array, spacing: float) -> npt.NDArray[np.intp]:
    """Choose points at least `spacing` apart, greedily in their order, until no more fit (Poisson disc)."""
    chosen: list[int] = []
    free = np.ones(len(x), bool)
    for i in range(len(x)):
        if free[i]:
            chosen.append(i)
            free &= (x - x[i]) ** 2 + (y - y[i]) ** 2 > spacing**2
    return np.array(chosen, dtype=np.intp)
