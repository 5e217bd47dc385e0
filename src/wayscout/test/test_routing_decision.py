# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Planning layers, prices by direction and the choice between channels, on ground made for the purpose."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from wayscout.corridor import Corridor
from wayscout.errors import InvalidInput
from wayscout.grid import Bounds, Grid
from wayscout.routing import compare, costs, search
from wayscout.routing.compare import LOOK, NEITHER, Decision, decide
from wayscout.routing.corridor import closed
from wayscout.routing.parameters import router_params, rover_limits

PARAMS, LIMITS = router_params(), rover_limits()
START, GOAL = (0.0, -28.0), (0.0, 28.0)
BOUNDS = Bounds(-24.0, -32.0, 24.0, 32.0)
CHANNELS = [
    Corridor.of("A", [(-12.0, -20.0), (-12.0, 20.0)], 8.0),
    Corridor.of("B", [(12.0, -20.0), (12.0, 20.0)], 8.0),
]


def ground(resolution: float = 0.2) -> Grid:
    """Two straight channels of 8 m between walls, rising 6 m over 40 m."""
    grid = Grid.over(BOUNDS, resolution)
    xs, ys = grid.centres()
    x, y = np.meshgrid(xs, ys)
    wall = np.clip(np.abs(np.abs(x) - 12.0) - 4.0, 0.0, 3.0) * 1.5 * (np.abs(y) < 20.0)
    grid["elevation"] = 3.0 + 0.15 * np.clip(y, -20.0, 20.0) + wall
    grid["rock"], grid["sand"] = np.zeros(grid.shape), np.zeros(grid.shape)
    grid["sigma"], grid["measured"] = np.full(grid.shape, 0.03), np.ones(grid.shape)
    return grid


def ledge(grid: Grid, x: float, y: float, height: float) -> Grid:
    """Raise all ground of one channel north of y by a step."""
    xs, ys = grid.centres()
    beyond = (np.abs(xs[None, :] - x) < 8.0) & (ys[:, None] > y) & (ys[:, None] < 20.0)
    grid["elevation"] = grid["elevation"] + np.where(beyond, height, 0.0)
    return grid


def orbital(grid: Grid) -> costs.OrbitalKnowledge:
    coarse = Grid.over(BOUNDS, 1.0)
    x, y = np.meshgrid(*coarse.centres())
    coarse["elevation"] = grid.sample("elevation", x, y)
    return costs.OrbitalKnowledge(coarse, 0.3, 0.75)


def choose(
    fine: Grid | None, above: costs.OrbitalKnowledge | None = None, *, may_look: bool = True
) -> Decision:
    return decide(costs.planning_map(above, fine, PARAMS, LIMITS), CHANNELS, START, GOAL, may_look=may_look)


def test_a_ledge_closes_a_channel_and_is_named_with_its_place() -> None:
    decision = choose(ledge(ground(), -12.0, 3.0, 0.7))
    assert decision.choice == "B"
    assert decision.basis == "helicopter"
    blocked, free = decision.candidate("A"), decision.candidate("B")
    assert not blocked.passable
    assert blocked.success_probability < 0.05
    x, y = blocked.blocked_at[0]
    assert abs(x + 12.0) < 4.0
    assert abs(y - 3.0) < 2.0
    assert blocked.reasons[0].startswith(("A: step or rocks of 0.", "A: ground tilted"))
    assert free.passable
    assert free.success_probability > 0.9
    assert free.unknown_share == 0.0


def test_swapping_the_hazards_flips_the_decision() -> None:
    assert choose(ledge(ground(), 12.0, 3.0, 0.7)).choice == "A"
    both = ledge(ledge(ground(), 12.0, 3.0, 0.7), -12.0, -5.0, 0.6)
    assert choose(both).choice == NEITHER


def test_figures_of_a_free_channel() -> None:
    c = choose(ground()).candidate("A")
    assert c.length == pytest.approx(2.0 * math.hypot(12.0, 8.0) + 40.0, rel=0.06)
    assert c.climb == pytest.approx(6.0, abs=0.3)
    assert c.steepest_slope == pytest.approx(math.atan(0.15), abs=0.03)
    assert c.duration > c.length / LIMITS.speed
    assert c.energy > c.duration * LIMITS.idle_power
    steps = np.hypot(*np.diff(c.path, axis=0).T)
    assert steps.max() < 0.8
    assert np.allclose(c.path[[0, -1]], [START, GOAL])
    assert len(c.heading) == len(c.height) == len(c.path)


def test_rocks_that_leave_no_gap_close_a_channel_and_a_gap_opens_it() -> None:
    xs, ys = ground().centres()
    for gap, passable in ((0.0, False), (5.0, True)):
        grid = ground()
        row = (np.abs(ys) < 0.5)[:, None] & (np.abs(xs + 12.0) < 4.0)[None, :]
        row &= ~(np.abs(xs + 12.0) < 0.5 * gap)[None, :]
        grid["rock"] = np.where(row, 0.6, 0.0)
        assert choose(grid).candidate("A").passable is passable


def test_slip_forbids_uphill_on_steep_sand_but_not_downhill() -> None:
    grid = ground()
    xs, ys = grid.centres()
    _, y = np.meshgrid(xs, ys)
    steep = np.clip(y, -5.0, 5.0) * math.tan(math.radians(17.5))
    grid["elevation"], grid["sand"] = steep, np.ones(grid.shape)
    plan = costs.planning_map(None, grid, PARAMS, LIMITS)
    prices = search.pricing(plan, np.zeros(plan.shape, bool), PARAMS, LIMITS)
    line = np.array([[0.0, -4.0], [0.0, 4.0]])
    up, down = float(search.price(prices, line)[0]), float(search.price(prices, line[::-1])[0])
    assert up > 1000.0
    assert down < 50.0


def test_a_piece_that_clips_a_closed_corner_is_priced_but_one_into_a_closed_cell_is_not() -> None:
    plan = costs.planning_map(None, ground(), PARAMS, LIMITS)
    shut = np.zeros(plan.shape, bool)
    prices = search.pricing(plan, shut, PARAMS, LIMITS)
    prices.risk[:] = 0.0
    row, col = plan.shape[0] // 2, plan.shape[1] // 2
    prices.risk[row, col] = np.inf
    cells = np.array([[-1.0, -2.0], [-1.0, -1.0], [-0.6, -0.1], [0.1, 0.6], [1.0, 1.0]])  # row, col
    y, x = (
        plan.origin[1 - k] + (np.array((row, col))[k] + cells[:, k] + 0.5) * plan.resolution for k in (0, 1)
    )
    line = np.stack([x, y], axis=1)
    assert np.all(np.isfinite(search.price(prices, line)))
    line[2] = plan.centre(row, col)
    assert np.isinf(search.price(prices, line)).any()


def test_unknown_ground_is_never_free() -> None:
    grid = ground()
    known = choose(grid, orbital(grid)).candidate("A")
    hidden = grid.crop(BOUNDS)
    south = hidden.centres()[1] < 0.0
    for name in hidden.layers:
        hidden[name] = np.where(south[:, None], np.nan, hidden[name])
    part = choose(hidden, orbital(grid)).candidate("A")
    none = choose(None, orbital(grid)).candidate("A")
    assert known.unknown_share == 0.0
    assert 0.3 < part.unknown_share < 0.7
    assert none.unknown_share == 1.0
    assert known.success_probability > part.success_probability > none.success_probability
    assert part.cost > known.cost
    assert part.reasons[-1].startswith("A: ")


def test_without_pictures_the_answer_is_to_look_or_a_guess() -> None:
    grid = ledge(ground(), -12.0, 3.0, 0.7)
    asked = choose(None, orbital(grid))
    assert asked.choice == LOOK
    assert asked.basis == "orbital"
    assert len(asked.look_at) >= 4
    for x, _ in asked.look_at:
        assert abs(abs(x) - 12.0) < 10.0
    guess = choose(None, orbital(grid), may_look=False)
    assert guess.choice in ("A", "B")
    assert len(guess.look_at) == 0


def test_noise_of_the_map_lowers_the_probability_but_not_with_the_number_of_cells() -> None:
    high = ledge(ground(), -12.0, 3.0, 0.27)
    sure = choose(high).candidate("A").success_probability
    high["sigma"] = np.full(high.shape, 0.25)
    unsure = choose(high).candidate("A").success_probability
    assert unsure < sure
    fine = replace(PARAMS, cell=0.3)
    plan = costs.planning_map(None, high, fine, LIMITS)
    again = decide(plan, CHANNELS, START, GOAL, LIMITS, fine).candidate("A").success_probability
    assert again == pytest.approx(unsure, abs=0.15)


def test_a_route_keeps_to_its_channel() -> None:
    plan = Grid.over(BOUNDS, 0.5)
    shut = closed(plan, CHANNELS[0], CHANNELS[1:], 2.5, START, GOAL)
    row, col = plan.indices([-12.0, 12.0, 0.0, 0.0], [0.0, 0.0, 0.0, -28.0])
    assert shut[row, col].tolist() == [False, True, True, False]
    for c in choose(ground()).candidates:
        side = -1.0 if c.channel == "A" else 1.0
        middle = np.abs(c.path[:, 1]) < 15.0
        assert np.all(c.path[middle, 0] * side > 6.0)


def test_the_prior_is_moved_to_the_measured_height() -> None:
    grid = ground()
    above = orbital(grid)
    above.grid["elevation"] = above.grid["elevation"] + 50.0
    seen = grid.crop(Bounds(-18.0, -25.0, -6.0, 25.0))
    plan = costs.planning_map(above, seen, PARAMS, LIMITS)
    row, col = plan.indices([12.0], [0.0])
    assert plan["elevation"][row, col][0] == pytest.approx(3.0, abs=0.5)


@pytest.mark.parametrize(
    ("start", "goal", "field"),
    [
        ((math.nan, 0.0), GOAL, "start.x"),
        ((0.0, math.inf), GOAL, "start.y"),
        (START, (0.0, 99.0), "goal"),
    ],
)
def test_bad_ends_are_named(start: tuple[float, float], goal: tuple[float, float], field: str) -> None:
    plan = costs.planning_map(orbital(ground()), None, PARAMS, LIMITS)
    with pytest.raises(InvalidInput) as caught:
        decide(plan, CHANNELS, start, goal)
    assert caught.value.field == field


def test_bad_maps_and_corridors_are_named() -> None:
    with pytest.raises(InvalidInput, match="orbital or a measured"):
        costs.planning_map(None, None, PARAMS, LIMITS)
    with pytest.raises(InvalidInput, match="elevation"):
        costs.planning_map(None, Grid.over(BOUNDS, 1.0), PARAMS, LIMITS)
    with pytest.raises(InvalidInput, match="width"):
        Corridor.of("A", [(0.0, 0.0), (1.0, 1.0)], math.nan)
    with pytest.raises(InvalidInput, match="centreline"):
        Corridor.of("A", [(0.0, math.nan), (1.0, 1.0)], 5.0)
    plan = costs.planning_map(orbital(ground()), None, PARAMS, LIMITS)
    with pytest.raises(InvalidInput, match="corridors"):
        decide(plan, [], START, GOAL)
    with pytest.raises(InvalidInput, match="channel"):
        compare.decide(plan, CHANNELS, START, GOAL).candidate("C")
