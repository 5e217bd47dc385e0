# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Make a world folder from a seed and a recipe."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wayscout.errors import InvalidInput
from wayscout.grid import Grid
from wayscout.worlds import folder, noise, orbital, places, sdf, targets, texture, truth
from wayscout.worlds.folder import Corridor, Goal, Sun, Terrain, World
from wayscout.worlds.plan import STEP, Channel, Plan, make_plan, swap_hazards
from wayscout.worlds.recipe import Outcome, Recipe, SiteRecipe, find_any
from wayscout.worlds.rocks import make_rocks
from wayscout.worlds.targets import Target
from wayscout.worlds.terrain import make_land

VERSION = 5  # of the generator: worlds made by another are remade


def generate(
    seed: int, recipe: Recipe, out: Path, *, name: str | None = None, kind: str = "delta",
    outcome: Outcome | None = None, misleading: bool | None = None, swapped: bool = False,
) -> World:  # fmt: skip
    """Make a world and write its folder.

    Args:
        seed: any non-negative integer; the same seed, recipe and generator version give the same files.
        recipe: kind of world; `kind` is its name.
        out: the folder to write; made when missing.
        name: of the world, by default the folder's.
        outcome, misleading: fix what is otherwise drawn from the seed.
        swapped: exchange what stands in the two channels after the orbiter has seen them.
    """
    name = name or out.name
    plan = make_plan(seed, recipe, outcome, misleading)
    made, planted = _realise(plan, recipe, name, kind)
    scene = texture.Scene(
        seed, recipe.size, recipe.texture_pixels, 0.02 * recipe.rise[0], plan.sun_azimuth, plan.sun_elevation
    )
    picture, shadow = _paint(scene, made, planted)
    rng = noise.stream(seed, "orbital")
    seen = orbital.observe(made.ground, picture, made.rocks, scene, plan.shift, recipe.orbiter, rng)
    if swapped:
        made, planted = _realise(swap_hazards(plan), recipe, name, kind)
        picture, shadow = _paint(scene, made, planted)
    world = made.world
    facts = made.facts | {"shadow_share": round(shadow, 4)}
    write(out, truth.Truth(world, made.ground, made.rocks, facts), seen, picture)
    return world


def imagine(
    seed: int, recipe: Recipe, *, name: str = "imagined", kind: str = "delta",
    outcome: Outcome | None = None, misleading: bool | None = None,
) -> tuple[Plan, truth.Truth]:  # fmt: skip
    """Make a world's plan, ground and rocks in memory, without painting it; see `generate`."""
    plan = make_plan(seed, recipe, outcome, misleading)
    return plan, _realise(plan, recipe, name, kind)[0]


def _realise(plan: Plan, recipe: Recipe, name: str, kind: str) -> tuple[truth.Truth, list[Target]]:
    land = make_land(plan, recipe)
    rocks = make_rocks(plan, recipe, land)
    planted = targets.plant(plan, recipe, land, rocks)
    targets.add_ledges(land.ground, land.positions, planted, plan.seed)
    rocks[:, 2] = land.ground.sample("elevation", rocks[:, 0], rocks[:, 1])
    world = _describe(plan, recipe, land.ground, name, kind)
    facts = _facts(plan, land.ground) | {"targets": [t.as_facts() for t in planted]}
    return truth.Truth(world, land.ground, rocks, facts), planted


def _paint(scene: texture.Scene, made: truth.Truth, planted: list[Target]) -> tuple[texture.Image, float]:
    picture, shadow = texture.paint(scene, made.ground, made.rocks)
    targets.paint(picture, scene, planted)
    return picture, shadow


def write(out: Path, made: truth.Truth, seen: folder.Orbital, picture: texture.Image) -> None:
    """Write every file of a world folder; `picture` is the texture, BGR, row 0 south."""
    world = made.world
    folder.write_world(out, world)
    folder.write_orbital(out, seen)
    truth.write_ground(out, world, made.ground)
    natural = len(made.rocks) - len(made.debris)
    truth.write_rocks(out / world.terrain.rocks, made.rocks[:natural])
    if world.terrain.debris is not None:
        truth.write_rocks(out / world.terrain.debris, made.debris, truth.DEBRIS_COLUMNS)
    folder.write_image(out / world.terrain.texture, picture[::-1])
    folder.write_yaml(out / "truth" / "truth.yaml", made.facts, "The truth: for tests and benchmarks alone.")
    sdf.write_sdf(out, world, made.rocks, made.debris)


def _describe(plan: Plan, recipe: Recipe, ground: Grid, name: str, kind: str) -> World:
    pad = recipe.pads[0]
    # Exactly the tallest vertex, since Gazebo stretches an image's brightest pixel to the given height.
    span = round(float(ground["elevation"].max()), 4)
    return World(
        name=name,
        seed=plan.seed,
        origin=f"recipe {kind}, generator {VERSION}",
        size=recipe.size,
        resolution=recipe.resolution,
        sun=Sun(azimuth=round(plan.sun_azimuth, 4), elevation=round(plan.sun_elevation, 4)),
        start=places.survey(ground, plan.seed, pad.a, pad.b, 1.5708),
        goal=Goal(x=recipe.goal[0], y=recipe.goal[1], radius=recipe.goal_radius),
        corridors=[_draw_corridor(c, plan) for c in plan.channels],
        terrain=Terrain(
            heightmap="truth/heightmap.png", height_span=span, texture="truth/texture.jpg",
            rocks="truth/rocks.csv", sand="truth/sand.png",
        ),
    )  # fmt: skip


def _draw_corridor(channel: Channel, plan: Plan) -> Corridor:
    """Draw a channel as an operator would on the orbital map: shifted, and not quite in the middle."""
    rng = noise.stream(plan.seed, "operator", channel.name)
    every = max(1, round(channel.length / 40.0 / STEP))
    points = channel.centreline[::every]
    if not np.array_equal(points[-1], channel.centreline[-1]):
        points = np.concatenate([points, channel.centreline[-1:]])
    width = 2.0 * float(channel.half_width.max())
    along = np.linspace(0.0, channel.length, len(points))
    wander = np.stack(
        [noise.curve(channel.length, channel.length / 8.0, along, rng) for _ in range(2)], axis=1
    )
    drawn = points + np.array(plan.shift) + 0.04 * width * wander
    return Corridor(
        name=channel.name,
        centreline=[(round(float(px), 2), round(float(py), 2)) for px, py in drawn],
        width=round(width * 1.12, 1),
    )


def _facts(plan: Plan, ground: Grid) -> dict[str, Any]:
    channels: dict[str, Any] = {}
    for c in plan.channels:
        lane = c.centreline + c.lane[:, None] * _left(c)
        channels[c.name] = {
            "passable": c.passable,
            "length": round(c.length, 2),
            "mean_slope_deg": round(float(np.degrees(np.arctan(plan.rise / c.length))), 2),
            "planned_cost": round(c.cost(), 1) if c.passable else None,
            "centreline": np.round(c.centreline[::8], 2).tolist(),
            "half_width": np.round(c.half_width[::8], 2).tolist(),
            "lane": np.round(lane[::8], 2).tolist(),
            "lane_half": np.round(c.lane_half[::8], 2).tolist(),
            "features": [
                {k: v if k == "kind" else round(v, 3) for k, v in asdict(f).items()} for f in c.features
            ],
        }
    return {
        "seed": plan.seed,
        "outcome": plan.outcome,
        "best": plan.best,
        "misleading": plan.misleading,
        "shift": [round(v, 3) for v in plan.shift],
        "rise": round(plan.rise, 2),
        "sand_share": round(float(ground["sand"].mean()), 4),
        "channels": channels,
    }


def _left(channel: Channel) -> npt.NDArray[np.float64]:
    tangent = np.gradient(channel.centreline, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    return np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)


def make_any(
    seed: int, recipe: Recipe | SiteRecipe, out: Path, *, name: str, kind: str,
    outcome: Outcome | None = None, misleading: bool | None = None,
) -> World:  # fmt: skip
    """Make a world of either kind of recipe; see `generate`. A landing site has no outcome."""
    if isinstance(recipe, SiteRecipe):
        from wayscout.worlds import landing_gear  # it writes its folder by this module

        return landing_gear.generate(seed, recipe, out, name=name, kind=kind)
    return generate(seed, recipe, out, name=name, kind=kind, outcome=outcome, misleading=misleading)


def new_world(seed: int, out: Path, recipe: str = "delta") -> Path:
    """Make a world from a seed in a new folder and return it; see `generate`.

    Args:
        seed: 0 to 4294967295.
        out: folder that does not exist yet or is empty; its name becomes the world's.
        recipe: name of a recipe in config/worlds.yaml, or of a built-in world, whose recipe is then taken.

    Raises:
        InvalidInput: on a bad seed, an unknown recipe, or a folder that holds something.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise InvalidInput("seed", seed, "an integer from 0 to 4294967295 is needed")
    kind, chosen = find_any(recipe)
    name = folder.name_of(out)

    def make(fresh: Path) -> None:
        make_any(seed, chosen, fresh, name=name, kind=kind)

    folder.make_atomically(out, make, replace=False)
    return out
