# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Detours past places, with answers known from geometry; chips show the right ground."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from wayscout.errors import InvalidInput
from wayscout.grid import Grid
from wayscout.routing import detour
from wayscout.routing.parameters import router_params, rover_limits
from wayscout.terrain import chips

GRID = Grid(0.5, (-20.0, -20.0), (80, 80))
START, GOAL = (-15.25, 0.25), (15.25, 0.25)


def test_on_level_ground_a_detour_is_the_longer_way() -> None:
    places = [(0.25, 0.25), (0.25, 10.25), (-15.25, 4.25)]
    found = detour.detours(np.ones(GRID.shape), GRID, START, GOAL, places, reach=0.3)
    expected = [
        np.hypot(x - START[0], y - START[1]) + np.hypot(GOAL[0] - x, GOAL[1] - y) - (GOAL[0] - START[0])
        for x, y in places
    ]
    assert found == pytest.approx(expected, rel=0.05, abs=0.75)


def test_within_reach_is_near_enough() -> None:
    places = [(0.25, 5.25)]
    far = detour.detours(np.ones(GRID.shape), GRID, START, GOAL, places, reach=0.3)
    near = detour.detours(np.ones(GRID.shape), GRID, START, GOAL, places, reach=5.2)
    assert near[0] < 0.5 < far[0]


def test_twice_the_price_is_twice_the_detour() -> None:
    once = detour.detours(np.ones(GRID.shape), GRID, START, GOAL, [(0.25, 10.25)], reach=0.3)
    twice = detour.detours(np.full(GRID.shape, 2.0), GRID, START, GOAL, [(0.25, 10.25)], reach=0.3)
    assert twice == pytest.approx(2.0 * once, rel=1e-4)


def test_what_a_wall_shuts_off_is_out_of_reach() -> None:
    cost = np.ones(GRID.shape)
    cost[60, :] = np.inf  # y = 10
    found = detour.detours(cost, GRID, START, GOAL, [(0.0, 15.0), (0.0, 5.0)], reach=1.0)
    assert np.isnan(found[0])
    assert np.isfinite(found[1])
    cost[:, 40] = np.inf  # between start and goal
    assert np.isnan(detour.detours(cost, GRID, START, GOAL, [(0.0, 5.0)], reach=1.0)).all()


def test_price_is_one_on_level_firm_ground_and_shut_on_walls() -> None:
    grid = Grid(0.5, (0.0, 0.0), (4, 4))
    for name, value in (("slope_x", 0.0), ("slope_y", 0.0), ("clearance", 50.0), ("sand", 0.0)):
        grid[name] = np.full(grid.shape, value)
    grid["slope_x"][1] = 1.0
    grid["clearance"][2] = 0.1
    grid["slope_y"][3] = 0.20
    cost = detour.price(grid, router_params(), rover_limits())
    assert np.allclose(cost[0], 1.0)
    assert np.isinf(cost[1]).all()
    assert np.isinf(cost[2]).all()
    assert np.all((cost[3] > 1.0) & (cost[3] < 1.5))
    firm = cost[3].copy()
    grid["sand"][3] = 1.0
    assert np.all(detour.price(grid, router_params(), rover_limits())[3] > firm + 0.05)


def test_bad_values_are_named() -> None:
    cost = np.ones(GRID.shape)
    with pytest.raises(InvalidInput, match="shape"):
        detour.detours(cost[1:], GRID, START, GOAL, [], reach=1.0)
    with pytest.raises(InvalidInput, match="goal"):
        detour.detours(cost, GRID, START, (99.0, 0.0), [], reach=1.0)
    with pytest.raises(InvalidInput, match=r"places\[0\]"):
        detour.detours(cost, GRID, START, GOAL, [(np.nan, 0.0)], reach=1.0)
    with pytest.raises(InvalidInput, match="reach"):
        detour.detours(cost, GRID, START, GOAL, [], reach=0.0)


def test_a_chip_shows_its_place_with_north_up() -> None:
    grid = Grid(0.1, (0.0, 0.0), (200, 200))
    grid["intensity"] = np.full(grid.shape, 100.0)
    xs, ys = grid.centres()
    grid["intensity"][
        (ys[:, None] > 11.0) & (ys[:, None] < 12.0) & (xs[None, :] > 9.0) & (xs[None, :] < 11.0)
    ] = 200.0
    chip = chips.cut(grid, 10.0, 10.0, 0.5, 6.0, 240)
    assert chip.shape == (240, 240, 3)
    bright = chip.min(axis=2) > 200
    rows, cols = np.nonzero(bright[: 240 - 20])
    assert np.mean(rows) == pytest.approx(120 - 1.5 * 40, abs=3)
    assert np.mean(cols) == pytest.approx(120, abs=3)
    back = cv2.imdecode(np.frombuffer(chips.encode(chip), np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(back.astype(float) - chip).mean() < 6.0


def test_a_chip_off_the_map_is_refused_and_at_its_rim_is_padded() -> None:
    grid = Grid(0.1, (0.0, 0.0), (50, 50))
    grid["intensity"] = np.random.default_rng(1).uniform(80, 120, grid.shape)
    assert chips.cut(grid, 0.1, 0.1, 1.0, 6.0, 120).shape == (120, 120, 3)
    with pytest.raises(InvalidInput, match="position"):
        chips.cut(grid, 9.0, 0.0, 1.0, 6.0, 120)
    with pytest.raises(InvalidInput, match="chip"):
        chips.cut(grid, 1.0, 1.0, 1.0, 0.0, 120)
