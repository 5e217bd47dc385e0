# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What seeds plan: shares of outcomes, distinct costs, room for every feature."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wayscout.errors import InvalidInput
from wayscout.worlds import catalogue, folder, generate, noise, plan, recipe
from wayscout.worlds.plan import BLOCKING, STEP, make_plan

DELTA = recipe.find("delta")[1]


@pytest.fixture(scope="module")
def hundred() -> list[plan.Plan]:
    return [make_plan(seed, DELTA) for seed in range(100)]


def test_each_outcome_comes_for_at_least_a_fifth_of_the_seeds(hundred: list[plan.Plan]) -> None:
    best = Counter(p.best for p in hundred)
    assert set(best) == {"A", "B", "neither"}
    assert min(best.values()) >= 20, best


def test_costs_differ_clearly_in_most_worlds_with_two_ways(hundred: list[plan.Plan]) -> None:
    plans = [p for p in hundred if p.outcome == "both"]
    assert len(plans) >= 15
    ratios = [max(costs) / min(costs) for p in plans if (costs := [c.cost() for c in p.channels])]
    assert np.mean(np.array(ratios) > 1.10) > 0.8


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), name=st.sampled_from(["delta", "gully"]))
def test_every_plan_keeps_the_recipe(seed: int, name: str) -> None:
    kind = recipe.find(name)[1]
    made = make_plan(seed, kind)
    assert np.hypot(*made.shift) <= kind.orbital_shift
    for channel in made.channels:
        low, high = kind.channel_length
        assert low - 0.5 <= channel.length <= high + 0.5
        assert np.degrees(np.arctan(made.rise / channel.length)) == pytest.approx(10.5, abs=1.6)
        assert channel.height[0] == 0.0
        assert channel.height[-1] == pytest.approx(made.rise)
        assert np.all(2 * channel.lane_half >= 3.5)
        assert np.all(np.abs(channel.lane) + channel.lane_half <= channel.half_width)
        low, high = kind.floor_width
        assert np.all((2 * channel.half_width >= low - 1e-9) & (2 * channel.half_width <= high + 1e-9))
        kinds = {f.kind for f in channel.features}
        assert channel.passable == (not kinds & set(BLOCKING))
        edges = sorted((f.begin, f.end) for f in channel.features)
        assert all(a[1] <= b[0] + 1e-9 for a, b in pairwise(edges))
        grade = np.degrees(np.arctan(np.diff(channel.height) / STEP))
        steep = np.zeros(len(grade), bool)
        for f in channel.features:
            if f.kind == "sand_slope":
                steep |= (channel.along[:-1] > f.begin - 1.5) & (channel.along[:-1] < f.end + 1.5)
        assert grade[~steep].max() < 15.0


def test_channels_keep_apart_and_inside(hundred: list[plan.Plan]) -> None:
    for made in hundred:
        a, b = made.channels
        gap = b.centreline[:, 0].min() - a.centreline[:, 0].max()
        assert gap > 20.0
        assert np.abs(np.concatenate([a.centreline, b.centreline])).max() < 110.0


def test_outcome_and_misleading_can_be_fixed() -> None:
    made = make_plan(5, DELTA, outcome="B", misleading=True)
    assert (made.outcome, made.best, made.misleading) == ("B", "B", True)
    assert made.channels[0].length < made.channels[1].length  # the way that does not work looks shorter


def test_streams_are_independent_of_each_other() -> None:
    a, b, again = (noise.stream(7, p).random(4) for p in ("rocks", "sand", "rocks"))
    assert np.array_equal(a, again)
    assert not np.allclose(a, b)


def test_fractal_noise_has_unit_deviation_and_bands_agree() -> None:
    field = noise.fractal((400, 500), 40.0, np.random.default_rng(3))
    assert field.std() == pytest.approx(1.0, abs=0.25)
    octaves = noise.Octaves((400, 500), 40.0, np.random.default_rng(3))
    assert np.allclose(octaves.rows(100, 164), field[100:164], atol=1e-3)


def test_catalogue_makes_a_world_once_and_again_when_its_recipe_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path
    calls = []

    def fake(seed: int, _: recipe.Recipe, out: Path, **__: object) -> None:
        calls.append(seed)
        (out / "world.yaml").write_text("made\n")

    monkeypatch.setattr(generate, "generate", fake)
    monkeypatch.setattr(catalogue.sdf, "refresh", lambda _: False)  # what `fake` writes is no world
    first = catalogue.ensure_world("gully", root)
    assert catalogue.ensure_world("gully", root) == first
    assert len(calls) == 1
    monkeypatch.setattr(generate, "VERSION", generate.VERSION + 1)
    catalogue.ensure_world("gully", root)
    assert len(calls) == 2
    assert [p.name for p in root.iterdir()] == ["gully"]
    (root / "mine").mkdir()
    (root / "mine" / "world.yaml").write_text("")
    assert catalogue.ensure_world("mine", root) == root / "mine"
    assert catalogue.names(root) == ["gully", "jezero_delta", "landing_gear", "mine"]


def test_a_failed_making_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path

    def broken(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(generate, "generate", broken)
    with pytest.raises(KeyboardInterrupt):
        catalogue.ensure_world("gully", root)
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("name", ["gullly", "../gully", "", "a/b"])
def test_unknown_world_names_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="jezero_delta"):
        catalogue.ensure_world(name, tmp_path)


def test_new_world_refuses_bad_input(tmp_path: Path) -> None:
    root = tmp_path
    with pytest.raises(InvalidInput, match="seed"):
        generate.new_world(-1, root / "x")
    with pytest.raises(InvalidInput, match="recipe"):
        generate.new_world(1, root / "x", recipe="mud")
    (root / "full").mkdir()
    (root / "full" / "file").write_text("mine")
    with pytest.raises(InvalidInput, match="exists already"):
        generate.new_world(1, root / "full", recipe="gully")
    with pytest.raises(InvalidInput, match="names the world"):
        folder.name_of(root / "a b")


def test_features_have_known_kinds(hundred: list[plan.Plan]) -> None:
    kinds = {f.kind for made in hundred for c in made.channels for f in c.features}
    assert set(BLOCKING) <= kinds
    assert kinds <= set(plan.Kind.__args__)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), name=st.sampled_from(["delta", "gully"]))
def test_swapped_hazards_change_channels_and_nothing_else(seed: int, name: str) -> None:
    made = make_plan(seed, recipe.find(name)[1])
    if any(f.kind == "sand_slope" for c in made.channels for f in c.features):
        with pytest.raises(InvalidInput, match="sand_slope"):
            plan.swap_hazards(made)
        return
    swapped = plan.swap_hazards(made)
    for mine, before, other in zip(swapped.channels, made.channels, made.channels[::-1], strict=True):
        assert mine.passable == other.passable
        assert [f.kind for f in mine.features] == [f.kind for f in other.features]
        assert all(0.0 < f.begin < f.end < mine.length for f in mine.features)
        np.testing.assert_array_equal(mine.centreline, before.centreline)
        np.testing.assert_array_equal(mine.height, before.height)
    if made.outcome in ("A", "B"):
        assert swapped.best != made.best
    again = plan.swap_hazards(swapped)
    assert (again.outcome, again.best) == (made.outcome, made.best)
