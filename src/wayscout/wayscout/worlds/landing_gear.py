# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Make a world with a parachute, a backshell and their debris on gentle ground."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from wayscout.grid import Grid
from wayscout.worlds import noise, orbital, places, texture, truth, wreck, wreck_paint
from wayscout.worlds.folder import Goal, ReconTarget, Sun, Terrain, World
from wayscout.worlds.generate import write
from wayscout.worlds.places import PAD_RADIUS, Pad
from wayscout.worlds.recipe import SiteRecipe
from wayscout.worlds.rocks import LEVELS, scatter
from wayscout.worlds.wreck import Wreck

VERSION = 1  # of this generator: worlds made by another are remade
LAYER = 0.4  # m, thickness of the painted rock layers
ROCKS_BY = 0.35  # m between natural rocks and canopy, backshell or debris


def generate(seed: int, recipe: SiteRecipe, out: Path, *, name: str, kind: str) -> World:
    """Make the world of a seed and write its folder; see `wayscout.worlds.generate.generate`."""
    made, planted, sun, shift = imagine(seed, recipe, name, kind)
    scene = texture.Scene(seed, recipe.size, recipe.texture_pixels, LAYER, *sun)
    picture, shadow = texture.paint(scene, made.ground, made.rocks)
    wreck_paint.paint(picture, scene, made.ground, planted, recipe.line_width)
    rng = noise.stream(seed, "orbital")
    seen = orbital.observe(made.ground, picture, made.rocks, scene, shift, recipe.orbiter, rng)
    facts = made.facts | {"shadow_share": round(shadow, 4)}
    write(out, truth.Truth(made.world, made.ground, made.rocks, facts, made.debris), seen, picture)
    return made.world


def imagine(
    seed: int, recipe: SiteRecipe, name: str = "imagined", kind: str = "landing_gear"
) -> tuple[truth.Truth, Wreck, tuple[float, float], tuple[float, float]]:
    """Make ground, rocks and wreck in memory, without painting.

    Returns:
        the truth, the wreck, the sun's azimuth and elevation [rad], the orbital map's shift [m].
    """
    rng = noise.stream(seed, "plan")
    sun = (float(rng.uniform(0, 2 * np.pi)), float(np.radians(rng.uniform(*recipe.sun_elevation))))
    bearing, reach = rng.uniform(0, 2 * np.pi), recipe.orbital_shift * np.sqrt(rng.uniform(0.1, 1.0))
    shift = (float(reach * np.cos(bearing)), float(reach * np.sin(bearing)))
    planted = wreck.draw(seed, recipe)
    ground = _ground(seed, recipe)
    height = ground["elevation"] + wreck.raise_ground(ground, planted, seed)
    ground["elevation"] = height - height.min()
    rocks = _rocks(seed, recipe, ground, planted)
    debris = planted.debris.copy()
    for table in (rocks, debris):
        table[:, 2] = ground.sample("elevation", table[:, 0], table[:, 1])
    targets = _targets(planted, shift, recipe, rng)
    world = _describe(seed, recipe, ground, sun, targets, name, kind)
    facts = {"seed": seed, "shift": [round(v, 3) for v in shift], **_facts(planted)}
    return (
        truth.Truth(world, ground, np.concatenate([rocks, debris[:, :7]]), facts, debris),
        planted,
        sun,
        shift,
    )


def _ground(seed: int, recipe: SiteRecipe) -> Grid:
    """Gentle ground: a slight slope, long waves, roughness; sand in hollows between."""
    ground = truth.vertex_grid(recipe.size, recipe.resolution)
    rng = noise.stream(seed, "ground")
    px = 1.0 / recipe.resolution
    xs, ys = ground.centres()
    slope, bearing = np.radians(rng.uniform(0.3, recipe.slope)), rng.uniform(0, 2 * np.pi)
    deviation, wavelength = recipe.undulation
    height = np.tan(slope) * (np.cos(bearing) * xs[None, :] + np.sin(bearing) * ys[:, None])
    waves = noise.fractal(ground.shape, wavelength * px, rng, shortest=4.0 * px, gain=0.45)
    height = height + deviation * waves
    height += 0.012 * noise.fractal(ground.shape, 3.0 * px, rng, shortest=2.0, gain=0.6)
    hollows = noise.fractal(ground.shape, 16.0 * px, rng, shortest=1.0 * px, gain=0.55)
    level = float(np.quantile(hollows, 1.0 - recipe.sand_share))
    sand = noise.smoothstep(level - 0.1, level + 0.25, hollows)
    height, pads = places.level(height.astype(np.float32), ground, _pads(recipe), seed)
    ground["elevation"] = height
    ground["sand"] = sand * (1.0 - pads)
    ground["dark"] = np.zeros(ground.shape)
    return ground


def _pads(recipe: SiteRecipe) -> tuple[Pad, Pad]:
    """Level ground at the start, under rover and helicopter, and at the goal."""
    beside = (recipe.start[0] + 3.0, recipe.start[1])
    return Pad(recipe.start, beside), Pad(recipe.goal, recipe.goal, max(PAD_RADIUS, recipe.goal_radius))


def _rocks(seed: int, recipe: SiteRecipe, ground: Grid, planted: Wreck) -> np.ndarray[Any, Any]:
    rng = noise.stream(seed, "rocks")
    low, high = recipe.rock_abundance
    patches = noise.fractal(ground.shape, 14.0 / recipe.resolution, rng, shortest=8.0, gain=0.6)
    k = low + (high - low) * noise.smoothstep(-0.6, 1.8, patches)
    k = np.clip(k, LEVELS[0], LEVELS[-1]) * (1.0 - 0.85 * ground["sand"])
    rocks = scatter(k.astype(np.float32), ground, recipe.rock_largest, rng)
    x, y, radius = rocks[:, 0], rocks[:, 1], 0.5 * rocks[:, 3]
    canopy, shell = planted.canopy, planted.backshell
    bearing = np.arctan2(y - canopy.y, x - canopy.x)
    keep = np.hypot(x - canopy.x, y - canopy.y) > canopy.radius(bearing) + radius + ROCKS_BY
    keep &= np.hypot(x - shell.x, y - shell.y) > 0.5 * shell.diameter + radius + ROCKS_BY
    for piece in planted.debris:
        keep &= np.hypot(x - piece[0], y - piece[1]) > 0.5 * piece[3] + radius + 0.1
    for pad in _pads(recipe):
        keep &= pad.beyond(x, y) > radius
    keep &= np.maximum(np.abs(x), np.abs(y)) < 0.5 * recipe.size - 0.5
    return np.asarray(rocks[keep])


def _targets(
    planted: Wreck, shift: tuple[float, float], recipe: SiteRecipe, rng: np.random.Generator
) -> list[ReconTarget]:
    """What an operator marks on the orbital image: shifted with it, and not quite in the middle."""
    sigma = float(np.hypot(0.5 * recipe.orbital_shift, recipe.marking_sigma))
    result = []
    things: tuple[tuple[Literal["parachute", "backshell"], float, float, Any], ...] = (
        ("parachute", planted.canopy.x, planted.canopy.y, np.mean(recipe.canopy_diameter)),
        ("backshell", planted.backshell.x, planted.backshell.y, np.mean(recipe.backshell_diameter)),
    )
    for kind, x, y, size in things:
        off = np.array(shift) + rng.normal(0.0, recipe.marking_sigma, 2)
        result.append(
            ReconTarget(
                name=kind, kind=kind, x=round(float(x + off[0]), 2), y=round(float(y + off[1]), 2),
                sigma=round(sigma, 2), size=round(float(size), 2),
            )
        )  # fmt: skip
    return result


def _describe(
    seed: int, recipe: SiteRecipe, ground: Grid, sun: tuple[float, float], targets: list[ReconTarget],
    name: str, kind: str,
) -> World:  # fmt: skip
    pad = _pads(recipe)[0]
    return World(
        name=name, seed=seed, origin=f"recipe {kind}, landing gear {VERSION}",
        size=recipe.size, resolution=recipe.resolution,
        sun=Sun(azimuth=round(sun[0], 4), elevation=round(sun[1], 4)),
        start=places.survey(ground, seed, pad.a, pad.b, 1.5708),
        goal=Goal(x=recipe.goal[0], y=recipe.goal[1], radius=recipe.goal_radius),
        targets=targets,
        terrain=Terrain(
            heightmap="truth/heightmap.png", height_span=round(float(ground["elevation"].max()), 4),
            texture="truth/texture.jpg", rocks="truth/rocks.csv", sand="truth/sand.png",
            debris="truth/debris.csv",
        ),
    )  # fmt: skip


def _facts(planted: Wreck) -> dict[str, Any]:
    canopy, shell = planted.canopy, planted.backshell
    return {
        "canopy": {
            "x": round(canopy.x, 3),
            "y": round(canopy.y, 3),
            "diameter": round(canopy.diameter, 3),
            "rim": np.round(canopy.rim[::6], 3).tolist(),
            "dust": round(canopy.dust, 3),
            "blemishes": [
                {"kind": b.kind, "x": round(b.x, 2), "y": round(b.y, 2), "area": round(b.area, 2)}
                for b in canopy.blemishes
            ],
        },
        "backshell": {
            "x": round(shell.x, 3),
            "y": round(shell.y, 3),
            "diameter": round(shell.diameter, 3),
            "broken_bearing": round(shell.broken[0], 3),
            "broken_half_width": round(shell.broken[1], 3),
        },
        "lines": [
            {
                "points": np.round(line.points[::8], 2).tolist(),
                "visible": [int(v) for v in line.visible[::8]],
            }
            for line in planted.lines
        ],
    }
