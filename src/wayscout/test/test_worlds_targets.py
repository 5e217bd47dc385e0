# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Science targets are planted where they can be seen, and change nothing that a rover meets."""

from __future__ import annotations

import json

import numpy as np
import pytest

from wayscout.worlds import generate, recipe, targets, terrain
from wayscout.worlds.plan import make_plan
from wayscout.worlds.rocks import make_rocks
from wayscout.worlds.targets import Target
from wayscout.worlds.texture import Scene
from wayscout.worlds.truth import Truth, vertex_grid

SEEDS = (1, 2, 3)
GULLY = recipe.find("gully")[1]


@pytest.fixture(scope="module")
def planted() -> dict[int, Truth]:
    return {seed: generate.imagine(seed, GULLY)[1] for seed in SEEDS}


@pytest.fixture(scope="module")
def bare() -> dict[int, Truth]:
    without = GULLY.model_copy(update={"targets": (0, 0)})
    return {seed: generate.imagine(seed, without)[1] for seed in SEEDS}


def test_number_kinds_and_places_vary_with_the_seed(planted: dict[int, Truth]) -> None:
    listed = [planted[seed].facts["targets"] for seed in SEEDS]
    for each in listed:
        assert GULLY.targets[0] <= len(each) <= GULLY.targets[1]
        assert len({t["kind"] for t in each}) >= 3
    assert len({json.dumps(each) for each in listed}) == len(SEEDS)
    again = generate.imagine(SEEDS[0], GULLY)[1].facts["targets"]
    assert again == listed[0]


def test_targets_lie_in_the_channels_apart_and_off_sand(planted: dict[int, Truth]) -> None:
    for made in planted.values():
        places = np.array([[t["x"], t["y"]] for t in made.facts["targets"]])
        sizes = np.array([t["size"] for t in made.facts["targets"]])
        gaps = np.hypot(*(places[:, None] - places[None]).T) + 1e3 * np.eye(len(places))
        assert np.all(gaps > 0.5 * (sizes[:, None] + sizes[None]))
        lines = [np.array(c["centreline"]) for c in made.facts["channels"].values()]
        reach = np.min([np.hypot(*(places[:, None] - line[None]).T).min(axis=0) for line in lines], axis=0)
        assert np.all(reach < 0.5 * GULLY.floor_width[1] + 1.5)
        assert np.all(made.ground.sample("sand", places[:, 0], places[:, 1]) < 0.5)


def test_rocks_sand_and_drivable_ground_are_those_of_the_bare_world(
    planted: dict[int, Truth], bare: dict[int, Truth]
) -> None:
    for seed in SEEDS:
        a, b = planted[seed], bare[seed]
        assert np.array_equal(a.rocks[:, [0, 1, 3, 4, 5, 6]], b.rocks[:, [0, 1, 3, 4, 5, 6]])
        assert np.array_equal(a.ground["sand"], b.ground["sand"])
        assert a.world.corridors == b.world.corridors
        assert {k: v for k, v in a.facts.items() if k != "targets"} == {
            k: v for k, v in b.facts.items() if k != "targets"
        }
        change = np.abs(a.ground["elevation"] - b.ground["elevation"])
        assert change.max() < targets.LEDGE
        rows, cols = np.nonzero(change > 1e-4)
        x, y = a.ground.centre(rows, cols)
        for c in a.facts["channels"].values():
            line, half = np.array(c["centreline"]), np.array(c["half_width"])
            away = np.hypot(x[:, None] - line[:, 0], y[:, None] - line[:, 1])
            assert np.all(away.min(axis=1) > half[away.argmin(axis=1)])


def test_ledges_stand_on_walls() -> None:
    plan = make_plan(5, GULLY)
    land = terrain.make_land(plan, GULLY)
    found = targets.plant(plan, GULLY, land, make_rocks(plan, GULLY, land))
    before = land.ground["elevation"].copy()
    wall = [t for t in found if t.kind == "layers"]
    assert wall
    targets.add_ledges(land.ground, land.positions, wall, plan.seed)
    assert 0.01 < np.abs(land.ground["elevation"] - before).max() < targets.LEDGE


@pytest.mark.parametrize("kind", targets.KINDS)
def test_paint_changes_the_target_and_nothing_else(kind: targets.Kind) -> None:
    scene = Scene(5, 16.0, 512, 0.2, 0.3, 0.7)
    picture = np.full((512, 512, 3), 110, np.uint8)
    target = Target(kind, 1.0, -2.0, 1.0, 0.8, 0.4)
    targets.paint(picture, scene, [target])
    canvas = vertex_grid(16.0, 16.0 / 512)
    xs, ys = canvas.centres()
    u, v = target.frame(xs[None, :512], ys[:512, None])
    radius = np.hypot(u / target.along, v / target.across)
    inside = picture[radius < 0.7].astype(float)
    assert np.all(picture[radius > 2.0] == 110)
    grey = inside.mean(axis=1)
    if kind == "light patch":
        assert grey.min() > 130
    elif kind == "colour":
        assert grey.mean() < 95
        assert np.ptp(inside.mean(axis=0)) > 10
    else:
        assert grey.std() > 15


def test_a_target_off_the_texture_is_left_out() -> None:
    picture = np.full((512, 512, 3), 110, np.uint8)
    targets.paint(picture, Scene(5, 16.0, 512, 0.2, 0.3, 0.7), [Target("colour", 99.0, 0.0, 1.0, 1.0, 0.0)])
    assert np.all(picture == 110)
