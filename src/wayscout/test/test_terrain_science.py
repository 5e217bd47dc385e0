# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Science targets on made-up maps with known answers."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from wayscout.errors import InvalidInput
from wayscout.grid import Grid
from wayscout.terrain import descriptors, science

STEP = 0.1
PARAMS = science.params()
PLACES = {"light patch": (8.0, 8.0), "colour": (24.0, 9.0), "layers": (9.0, 23.0), "pebbles": (24.0, 24.0)}


def plain(seed: int = 1, side: float = 32.0) -> Grid:
    """Level, mottled ground without anything on it."""
    n = round(side / STEP)
    rng = np.random.default_rng(seed)
    grid = Grid(STEP, (0.0, 0.0), (n, n))
    grid["elevation"] = rng.normal(0.0, 0.004, (n, n))
    mottled = cv2.GaussianBlur(rng.normal(0.0, 1.0, (n, n)), (0, 0), 6.0)
    grid["intensity"] = 120.0 + 6.0 * mottled / mottled.std() + rng.normal(0.0, 6.0, (n, n))
    grid["sand"], grid["rock"] = np.zeros((n, n)), np.zeros((n, n))
    return grid


def near(grid: Grid, place: tuple[float, float], radius: float) -> npt.NDArray[np.bool_]:
    xs, ys = grid.centres()
    return np.asarray(np.hypot(xs[None, :] - place[0], ys[:, None] - place[1]) < radius)


def with_targets(seed: int = 1) -> Grid:
    """The plain ground with one target of each kind."""
    grid = plain(seed)
    rng = np.random.default_rng(seed + 100)
    xs, _ = grid.centres()
    grey = grid["intensity"]
    grey[near(grid, PLACES["light patch"], 1.0)] += 45.0
    grey[near(grid, PLACES["colour"], 1.0)] -= 35.0
    bands = 30.0 * np.sign(np.sin(2 * np.pi * xs / 0.45))[None, :] * np.ones_like(grey)
    inside = near(grid, PLACES["layers"], 1.2)
    grey[inside] += bands[inside]
    stones = rng.normal(0.0, 1.0, grey.shape)
    inside = near(grid, PLACES["pebbles"], 1.0)
    grey[inside] += (22.0 * stones)[inside]
    return grid


def test_each_planted_target_is_found_and_named() -> None:
    found = science.find_targets(with_targets(), PARAMS)
    for kind, (x, y) in PLACES.items():
        hits = [t for t in found if np.hypot(t.position[0] - x, t.position[1] - y) < 1.3]
        assert hits, kind
        assert hits[0].kind == kind
        assert 0.8 < hits[0].size < 3.5
        assert "sigma" in hits[0].reason
    assert {t.kind for t in found[:6]} == set(PLACES)


def test_plain_ground_scores_far_below_a_target() -> None:
    bare = science.novelty(plain(), PARAMS)
    rich = science.novelty(with_targets(), PARAMS)
    assert bare.score.max() < 0.75 * rich.score.max()
    assert float(np.median(bare.score[bare.mask])) < 1.5


@pytest.mark.parametrize(("gain", "offset"), [(1.0, 40.0), (1.0, -30.0), (0.6, 0.0), (0.7, 25.0)])
def test_brightness_and_gain_of_the_pictures_change_nothing(gain: float, offset: float) -> None:
    grid = with_targets()
    before = science.find_targets(grid, PARAMS)
    grid["intensity"] = gain * grid["intensity"] + offset
    after = science.find_targets(grid, PARAMS)
    assert [t.kind for t in after[:4]] == [t.kind for t in before[:4]]
    assert np.allclose([t.position for t in after[:4]], [t.position for t in before[:4]], atol=0.05)
    assert np.allclose([t.score for t in after[:4]], [t.score for t in before[:4]], rtol=0.02)


def test_many_stones_are_pebbles_and_a_few_larger_ones_are_not() -> None:
    grid = plain()
    rng = np.random.default_rng(7)
    for (x, y), number, radius in (((9.0, 20.0), 40, 0.09), ((23.0, 11.0), 5, 0.25)):
        for dx, dy in rng.uniform(-0.9, 0.9, (number, 2)):
            grid["intensity"][near(grid, (x + dx, y + dy), radius)] += 35.0
            grid["intensity"][near(grid, (x + dx + 1.5 * radius, y + dy), radius)] -= 35.0
    seen = science.novelty(grid, PARAMS)
    many, few = (float(seen.parts["grain"][near(grid, c, 1.0)].max()) for c in ((9.0, 20.0), (23.0, 11.0)))
    assert science.find_targets(grid, PARAMS, found=seen)[0].kind == "pebbles"
    assert few < 0.6 * many


def test_shadows_do_not_count() -> None:
    grid = plain()
    grid["intensity"][:, 140:180] *= 0.4
    dark = descriptors.shadows(grid["intensity"], np.ones(grid.shape, bool), STEP, PARAMS.shadow_apart)
    assert dark[:, 142:178].mean() > 0.98
    assert dark[:, :135].mean() < 0.002
    for target in science.find_targets(grid, PARAMS):
        assert not 13.8 < target.position[0] < 18.2


def test_ground_without_shadow_has_none_and_a_dark_patch_is_no_shadow() -> None:
    grid = with_targets()
    known = np.ones(grid.shape, bool)
    assert not descriptors.shadows(plain()["intensity"], known, STEP, PARAMS.shadow_apart).any()
    grid["intensity"][:, 140:180] *= 0.4  # a real shadow beside it
    dark = descriptors.shadows(grid["intensity"], known, STEP, PARAMS.shadow_apart)
    assert dark[near(grid, PLACES["colour"], 0.8)].mean() < 0.1


def test_sand_and_rocks_are_left_out() -> None:
    grid = with_targets()
    grid["sand"][near(grid, PLACES["light patch"], 2.5)] = 0.9
    grid["rock"][near(grid, PLACES["colour"], 1.4)] = 0.5
    for target in science.find_targets(grid, PARAMS):
        for kind in ("light patch", "colour"):
            away = np.hypot(target.position[0] - PLACES[kind][0], target.position[1] - PLACES[kind][1])
            assert away > 1.2


def test_light_on_slopes_is_explained_by_them() -> None:
    grid = plain()
    xs, _ = grid.centres()
    height = 1.2 * np.exp(-(((xs - 16.0) / 3.0) ** 2))
    slope = np.gradient(height, STEP)
    grid["elevation"] = grid["elevation"] + height[None, :]
    grid["intensity"] = grid["intensity"] - 60.0 * slope[None, :]
    seen = science.novelty(grid, PARAMS)
    assert seen.score.max() < 1.35 * science.novelty(plain(), PARAMS).score.max()


def test_colour_counts_where_the_map_has_it() -> None:
    grid = plain()
    rng = np.random.default_rng(4)
    for name, share in (("red", 1.1), ("green", 0.95), ("blue", 0.8)):
        grid[name] = share * grid["intensity"] * rng.normal(1.0, 0.02, grid.shape)
    place = near(grid, (20.0, 12.0), 1.0)
    grid["blue"][place] *= 1.5
    best = science.find_targets(grid, PARAMS)[0]
    assert best.kind == "colour"
    assert np.hypot(best.position[0] - 20.0, best.position[1] - 12.0) < 0.4
    assert "grey pictures" not in best.reason


def test_targets_keep_apart_and_no_more_than_asked_are_told() -> None:
    grid = with_targets()
    params = replace(PARAMS, least_score=1.0)
    found = science.find_targets(grid, params, count=7)
    assert len(found) == 7
    places = np.array([t.position[:2] for t in found])
    gaps = np.hypot(*(places[:, None] - places[None]).T) + 99.0 * np.eye(7)
    assert gaps.min() > 0.5 * params.apart
    most = int(np.ceil(params.of_a_kind * 7))
    counts = [sum(t.kind == kind for t in found[:4]) for kind in science.KINDS]
    assert max(counts) <= most


def test_bad_maps_are_named() -> None:
    grid = plain()
    with pytest.raises(InvalidInput, match="count"):
        science.find_targets(grid, PARAMS, count=0)
    del grid.layers["intensity"]
    with pytest.raises(InvalidInput, match="intensity"):
        science.find_targets(grid, PARAMS)
    empty = plain()
    empty["intensity"] = np.full(empty.shape, np.nan)
    with pytest.raises(InvalidInput, match="lit cells"):
        science.find_targets(empty, PARAMS)
