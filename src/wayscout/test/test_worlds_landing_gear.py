# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A landing site keeps its promises: its texture, heights and truth tell of the same canopy and backshell."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from wayscout.errors import InvalidInput
from wayscout.worlds import generate, landing_gear, recipe, wreck
from wayscout.worlds.folder import load_orbital, load_world
from wayscout.worlds.truth import Truth, load_truth

SEED = 4


def small(**changes: object) -> recipe.SiteRecipe:
    """The built-in recipe with a coarse texture, so that tests are quick."""
    found = recipe.find_any("landing_gear")[1]
    assert isinstance(found, recipe.SiteRecipe)
    return found.model_copy(update={"texture_pixels": 2048, "resolution": 0.25, **changes})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("worlds") / "gear"
    landing_gear.generate(SEED, small(), out, name="gear", kind="landing_gear")
    return out


@pytest.fixture(scope="module")
def truth(made: Path) -> Truth:
    return load_truth(made)


def test_targets_are_public_and_wrong_by_their_sigma(made: Path) -> None:
    world = load_world(made)
    assert not world.corridors
    assert [t.name for t in world.targets] == ["parachute", "backshell"]
    off = []
    for seed in range(30):
        imagined = landing_gear.imagine(seed, small())[0]
        for name, fact in (("parachute", "canopy"), ("backshell", "backshell")):
            target, true = imagined.world.target(name), imagined.facts[fact]
            off += [(target.x - true["x"]) / target.sigma, (target.y - true["y"]) / target.sigma]
    assert 0.6 < np.std(off) < 1.3
    with pytest.raises(InvalidInput, match="parachute"):
        world.target("heat_shield")


def test_same_seed_gives_the_same_files(made: Path, tmp_path: Path) -> None:
    again = tmp_path / "gear"
    landing_gear.generate(SEED, small(), again, name="gear", kind="landing_gear")
    for file in sorted(p for p in made.rglob("*") if p.is_file()):
        other = again / file.relative_to(made)
        assert hashlib.sha256(file.read_bytes()).digest() == hashlib.sha256(other.read_bytes()).digest(), file


def test_texture_shows_fabric_where_the_truth_has_the_canopy(made: Path, truth: Truth) -> None:
    image = cv2.imread(str(made / truth.world.terrain.texture)).astype(np.float64)
    scale = image.shape[0] / truth.world.size
    canopy = truth.facts["canopy"]
    rim = np.array(canopy["rim"])
    bearing = 2.0 * np.pi * np.arange(len(rim)) / len(rim)

    def strange(share: float) -> float:
        """Share of bearings at which the colour is not the soil's: bluer or much redder."""
        x = canopy["x"] + share * rim * np.cos(bearing)
        y = canopy["y"] + share * rim * np.sin(bearing)
        col, row = ((x + 64.0) * scale).astype(int), ((64.0 - y) * scale).astype(int)
        ratio = np.log(image[row, col, 2] / image[row, col, 0])
        return float(np.mean((ratio < 0.24) | (ratio > 0.85)))

    assert strange(0.93) > 0.85
    assert strange(1.06) < 0.25


def test_canopy_and_backshell_stand_out_of_the_ground() -> None:
    plan = wreck.draw(SEED, small())
    imagined = landing_gear.imagine(SEED, small())[0]
    height = wreck.raise_ground(imagined.ground, plan, SEED)
    xs, ys = imagined.ground.centres()
    x, y = np.meshgrid(xs, ys)
    share, _ = plan.canopy.polar(x, y)
    away = np.hypot(x - plan.backshell.x, y - plan.backshell.y)
    radius = 0.5 * plan.backshell.diameter
    assert height[share < 0.9].min() > 0.0
    assert height[share < 1.0].max() < 0.45
    assert 1.7 < height[away < radius].max() < 2.5
    assert np.all(height[(share > 1.0) & (away > radius)] == 0.0)


def test_diameters_and_pieces_follow_the_recipe() -> None:
    kind = small()
    for seed in range(12):
        plan = wreck.draw(seed, kind)
        assert kind.canopy_diameter[0] <= plan.canopy.diameter <= kind.canopy_diameter[1]
        assert len(plan.lines) == kind.lines
        debris = plan.debris
        assert len(debris) >= kind.debris[0] - 2
        assert np.all((debris[:, 3] >= kind.debris_width[0]) & (debris[:, 3] <= kind.debris_width[1]))
        share, _ = plan.canopy.polar(debris[:, 0], debris[:, 1])
        assert share.min() > 1.0
        apart = np.hypot(debris[:, None, 0] - debris[None, :, 0], debris[:, None, 1] - debris[None, :, 1])
        apart -= 0.5 * (debris[:, None, 3] + debris[None, :, 3])
        np.fill_diagonal(apart, np.inf)
        assert apart.min() >= wreck.SEPARATE - 1e-9


def test_debris_is_among_the_rocks_and_keeps_its_colours(truth: Truth) -> None:
    assert len(truth.debris) >= 26
    assert np.array_equal(truth.rocks[-len(truth.debris) :], truth.debris[:, :7])
    ground = truth.ground.sample("elevation", truth.debris[:, 0], truth.debris[:, 1])
    assert truth.debris[:, 2] == pytest.approx(ground, abs=0.01)
    assert np.all((truth.debris[:, 7:] >= 0.0) & (truth.debris[:, 7:] <= 255.0))


def test_the_orbiter_sees_the_canopy(made: Path, truth: Truth) -> None:
    orbital = load_orbital(made)
    target = truth.world.target("parachute")
    half = 0.5 * truth.world.size
    rows, cols = np.indices(orbital.image.shape)
    x, y = ((v + 0.5) * orbital.image_resolution - half for v in (cols, rows))
    away = np.hypot(x - target.x, y - target.y)
    inside, ring = orbital.image[away < 7.0].astype(float), orbital.image[(away > 14.0) & (away < 18.0)]
    assert inside.std() > 1.5 * ring.astype(float).std()


def test_a_world_needs_a_corridor_or_a_target(made: Path, tmp_path: Path) -> None:
    content = yaml.safe_load((made / "world.yaml").read_text())
    for targets, named in (
        ([], "at least one"),
        ([{**content["targets"][0], "x": 900.0}], "outside"),
        ([{**content["targets"][0], "sigma": -1.0}], "sigma"),
        ([{**content["targets"][0], "kind": "teapot"}], "kind"),
        ([content["targets"][0]] * 2, "unique"),
    ):
        (tmp_path / "world.yaml").write_text(yaml.safe_dump({**content, "targets": targets}))
        with pytest.raises(InvalidInput, match=named):
            load_world(tmp_path)


def test_recipes_of_channels_and_sites_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="channels"):
        recipe.find("landing_gear")
    with pytest.raises(InvalidInput, match="landing_gear"):
        generate.new_world(1, tmp_path / "x", "parking_lot")
