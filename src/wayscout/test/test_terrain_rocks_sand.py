# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Rocks, sand and hazards on made-up ground."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from wayscout import config
from wayscout.errors import InvalidInput
from wayscout.grid import Bounds, Grid
from wayscout.terrain import hazards, rocks, sand

sys.path.insert(0, str(Path(__file__).parent / "support"))
import synthetic_survey as survey

LIMITS = hazards.Limits(plan_tilt=0.35, plan_step=0.3)


def ground(slope: float = 0.0, noise: float = 0.01) -> Grid:
    grid = Grid(0.1, (-10.0, -8.0), (160, 200))
    xs, ys = grid.centres()
    rng = np.random.default_rng(1)
    z = slope * xs[None, :] + 0.3 * np.sin(xs[None, :] / 4.0) * np.cos(ys[:, None] / 5.0)
    grid["elevation"] = z + rng.normal(0.0, noise, grid.shape)
    return grid


def put_rock(grid: Grid, x: float, y: float, width: float, height: float) -> None:
    xs, ys = grid.centres()
    q = ((xs[None, :] - x) ** 2 + (ys[:, None] - y) ** 2) / (0.5 * width) ** 2
    base = float(grid.sample("elevation", x, y))
    top = (base + height * np.sqrt(np.clip(1 - q, 0, None))).astype(np.float32)
    grid["elevation"] = np.where(q < 1, np.maximum(grid["elevation"], top), grid["elevation"])


@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_rocks_are_found_where_they_are_and_nothing_else(slope: float) -> None:
    grid = ground(slope)
    planted = [(-6.0, -4.0, 0.8, 0.4), (0.0, 0.0, 1.5, 0.7), (1.4, 0.3, 1.2, 0.6), (6.0, 3.0, 0.6, 0.35)]
    for rock in planted:
        put_rock(grid, *rock)
    found = rocks.find_rocks(grid)
    tall = found.table[found.table[:, 3] > 0.28]
    assert len(tall) == len(planted)
    for x, y, width, height in planted:
        nearest = tall[np.argmin(np.hypot(tall[:, 0] - x, tall[:, 1] - y))]
        assert np.hypot(nearest[0] - x, nearest[1] - y) < 0.2
        assert nearest[2] == pytest.approx(width, abs=0.35)
        assert nearest[3] == pytest.approx(height, abs=0.12)
        assert 0.4 < nearest[4] <= 1.0
    row, col = grid.indices(0.0, 0.0)
    assert found.height[row, col] > 0.5
    assert found.height[10, 10] == 0.0


def test_a_ledge_a_hole_and_unknown_ground_are_no_rocks() -> None:
    grid = ground()
    z = grid["elevation"]
    z[:, 120:] += 0.6
    z[40:60, 40:60] = np.nan
    z[100:104, 30:34] -= 0.5
    found = rocks.find_rocks(grid)
    assert len(found.table) == 0
    assert np.isnan(found.height[50, 50])
    with pytest.raises(InvalidInput, match="elevation"):
        rocks.find_rocks(Grid(0.1, (0.0, 0.0), (5, 5)))


def test_the_nose_of_a_terrace_is_no_taller_than_it_stands_out() -> None:
    """On its lower side the ground at its foot lies deeper than the terrace that it belongs to."""
    grid = Grid(0.1, (-10.0, -10.0), (200, 200))
    x, y = np.meshgrid(*grid.centres())
    nose = 0.45 / (1.0 + np.exp((1.2 * np.abs(x) - y) / 0.2))
    grid["elevation"] = nose + 0.02 * np.sin(3.0 * x) * np.cos(2.3 * y)
    params = config.load("terrain", rocks.RockParams)
    stands_out = float(rocks.bumps(grid["elevation"], grid.resolution, params)[0].max())
    table = rocks.find_rocks(grid).table
    assert len(table) == 1
    assert table[0, 3] < 1.01 * stands_out


@pytest.mark.parametrize("width", [0.5, 0.8, 1.4])
def test_height_that_averaging_took_is_given_back(width: float) -> None:
    grid = ground(noise=0.0)
    fine = Grid(0.02, (-2.0, -2.0), (200, 200))
    fine.add("elevation", 0.0)
    height = 0.6 * width
    put_rock(fine, 0.0, 0.0, width, height)
    # With the square of a cell a disc of 0.09 m, near rock_blur: 0.07^2 + 0.1^2 / 3 = 0.09^2.
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)).astype(np.float32)
    seen = cv2.filter2D(fine["elevation"], -1, disc / disc.sum())
    rows, cols = grid.window(Bounds(-2.0, -2.0, 2.0, 2.0))
    grid["elevation"][rows, cols] += seen.reshape(40, 5, 40, 5).mean(axis=(1, 3))
    shown = float(seen.max())
    found = rocks.find_rocks(grid)
    assert len(found.table) == 1
    assert found.table[0, 3] == pytest.approx(height, rel=0.12)
    assert abs(found.table[0, 3] - height) < max(abs(shown - height), 0.08 * height)
    assert found.table[0, 2] == pytest.approx(width, abs=0.3)
    assert found.sigma.shape == (1,)
    assert abs(found.table[0, 3] - height) < 2.0 * found.sigma[0]
    assert np.nanmax(found.height) == pytest.approx(found.table[0, 3], rel=1e-5)


def test_a_rock_on_a_steep_slope_is_found_and_its_long_side_is_its_width() -> None:
    grid = ground(slope=0.5)
    for x in (-0.35, 0.0, 0.35):
        put_rock(grid, x, 0.0, 0.7, 0.4)
    table = rocks.find_rocks(grid).table
    assert len(table) == 1
    assert table[0, 2] == pytest.approx(1.4, abs=0.25)


def test_a_ridge_and_a_bump_within_its_error_are_no_rocks() -> None:
    grid = ground()
    ys = grid.centres()[1]
    grid["elevation"] += (0.5 * np.exp(-((ys[:, None] / 0.3) ** 2))).astype(np.float32)
    assert len(rocks.find_rocks(grid).table) == 0
    grid = ground()
    put_rock(grid, 0.0, 0.0, 0.8, 0.4)
    grid.add("sigma", 0.03)
    assert len(rocks.find_rocks(grid).table) == 1
    grid["sigma"][:] = 0.3
    assert len(rocks.find_rocks(grid).table) == 0


def test_even_smooth_ground_is_more_likely_sand() -> None:
    made = survey.make_ground(3, (30.0, 24.0), rocks_per_hectare=200.0)
    grid = Grid(0.1, made.height.origin, (240, 300))
    xs, ys = grid.centres()
    mesh = np.meshgrid(xs, ys)
    grid["elevation"] = made.height.sample("elevation", *mesh)
    fine = made.grey["grey"].reshape(240, 4, 300, 4).transpose(0, 2, 1, 3).reshape(240, 300, 16)
    grid["intensity"], grid["texture"] = fine.mean(axis=2), fine.std(axis=2)
    truth = made.height.sample("sand", *mesh) if "sand" in made.height else None
    if truth is None:
        made.height["sand"] = made.sand
        truth = made.height.sample("sand", *mesh)
    likely = sand.probability(grid)
    assert np.nanmin(likely) >= 0.0
    assert np.nanmax(likely) <= 1.0
    assert np.nanmean(likely[truth > 0.9]) > np.nanmean(likely[truth < 0.1]) + 0.3
    grid["intensity"][50:60, 50:60] = np.nan
    assert np.isnan(sand.probability(grid)[55, 55])
    del grid.layers["texture"]
    with pytest.raises(InvalidInput, match="texture"):
        sand.probability(grid)


def test_hazards_and_cost_follow_the_limits() -> None:
    grid = ground()
    grid["elevation"][:, 120:124] += 0.5
    grid.add("rock", 0.0)
    grid.add("sand", 0.0)
    grid["sand"][20:60, 20:60] = 1.0
    (steps, soft), cost = hazards.assess(grid, LIMITS)
    assert steps.kind == "step"
    assert len(steps.table) > 10
    assert np.all(np.abs(steps.table[:, 0] - 2.2) < 1.0)
    assert np.all(steps.table[:, 4] >= LIMITS.plan_step)
    assert len(soft.table) >= 4
    assert np.all(soft.table[:, 0] < -3.0)
    assert np.nanmax(cost[:, 119:125]) == 100.0
    assert np.nanmedian(cost[80:, :60]) < 50.0
    assert np.nanmedian(cost[25:55, 25:55]) > 50.0
    coarse = hazards.coarser(cost, 5, largest=True)
    assert coarse.shape == (32, 40)
    assert coarse.max() == 100.0
