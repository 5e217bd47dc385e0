# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The radio: sight over the ground, rate over distance, a queue that loses nothing, the way to Earth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wayscout import config
from wayscout.errors import InvalidInput
from wayscout.grid import Bounds, Grid
from wayscout.link.earth import Downlink, Earth
from wayscout.link.outbox import Item, Outbox
from wayscout.link.radio import Radio, contact, rate
from wayscout.link.sight import clearance
from wayscout.link.usefulness import Usefulness

RADIO = config.load("link", Radio)


def hill(height: float = 6.0) -> Grid:
    """Level ground, 100 m by 40 m at 1 m, with a ridge along y at x = 50."""
    grid = Grid(1.0, (0.0, 0.0), (40, 100))
    grid.add("elevation", 0.0)
    grid["elevation"][:, 48:52] = height
    return grid


# --- sight ---


def test_a_line_over_level_ground_is_as_high_as_its_ends() -> None:
    assert clearance(hill(0.0), (10, 20, 1.5), (90, 20, 0.5)) == pytest.approx(0.5)


def test_a_ridge_between_two_points_hides_them_and_not_one_seen_from_above() -> None:
    assert clearance(hill(), (10, 20, 1.0), (90, 20, 1.0)) == pytest.approx(-5.0)
    assert clearance(hill(), (10, 20, 20.0), (90, 20, 20.0)) == pytest.approx(14.0)


def test_unknown_ground_hides_nothing() -> None:
    grid = hill()
    grid["elevation"][:, 48:52] = np.nan
    assert clearance(grid, (10, 20, 1.0), (90, 20, 1.0)) == pytest.approx(1.0)
    assert clearance(grid, (-500, 20, 1.0), (-400, 20, 1.0)) == np.inf


# --- rate ---


def test_the_rate_is_full_near_by_falls_with_the_square_and_ends() -> None:
    assert rate(RADIO, 10.0) == RADIO.top_rate == 250e3
    assert rate(RADIO, 2.0 * RADIO.full_rate_distance) == pytest.approx(RADIO.top_rate / 4.0)
    assert rate(RADIO, RADIO.reach + 1.0) == 0.0
    assert rate(RADIO, float("nan")) == 0.0


def test_a_landing_behind_a_hill_loses_the_link_that_the_flight_above_had() -> None:
    """As on flight 17, whose link broke 3 m above the ground."""
    rover = (10.0, 20.0, 0.0)
    assert contact(RADIO, hill(), (90.0, 20.0, 12.0), rover).rate == RADIO.top_rate
    landed = contact(RADIO, hill(), (90.0, 20.0, 0.0), rover)
    assert not landed.in_sight
    assert landed.rate == 0.0


def test_two_on_level_ground_side_by_side_are_in_contact() -> None:
    assert contact(RADIO, hill(0.0), (14.0, 20.0, 0.0), (10.0, 20.0, 0.0)).in_sight


# --- the queue ---


def first_come(item: Item) -> int:
    return 0


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 20000), min_size=1, max_size=20),
    loss=st.floats(0.0, 0.6),
    seed=st.integers(0, 1000),
)
def test_everything_arrives_exactly_once_whatever_is_dropped(
    sizes: list[int], loss: float, seed: int
) -> None:
    box = Outbox(512, first_come, seed)
    for key, size in enumerate(sizes):
        box.put(Item(key, "picture", size))
    arrived: list[Item] = []
    for _ in range(10000):
        arrived += box.tick(1.0, 16_000.0, loss)
        if not len(box):
            break
    assert [item.key for item in arrived] == list(range(len(sizes)))
    assert box.counters.sent == len(sizes)
    assert box.counters.bytes == sum(sizes)
    assert box.counters.repeated == box.counters.lost  # each dropped packet is sent once more, none besides


def test_no_more_gets_through_than_the_rate_allows() -> None:
    box = Outbox(1000, first_come)
    for key in range(10):
        box.put(Item(key, "picture", 10_000))
    seconds = 0
    while len(box):
        box.tick(1.0, 80_000.0)
        seconds += 1
    assert seconds == 10  # 100 kB at 10 kB/s


def test_thirty_percent_loss_costs_time_and_nothing_else() -> None:
    box = Outbox(1024, first_come, 7)
    for key in range(200):
        box.put(Item(key, "picture", 200_000))
    arrived, seconds = [], 0.0
    while len(box):
        arrived += box.tick(0.5, 250e3, 0.3)
        seconds += 0.5
    assert len(arrived) == 200
    assert seconds == pytest.approx(200 * 200_704 * 8 / 250e3 / 0.7, rel=0.02)


def test_without_a_link_things_wait_and_unused_air_time_is_gone() -> None:
    box = Outbox(1000, first_come)
    box.tick(100.0, 80_000.0)
    box.put(Item(0, "picture", 20_000))
    assert box.tick(100.0, 0.0) == []
    assert len(box) == 1
    assert box.tick(1.0, 80_000.0) == []  # 10 kB of 20
    assert [item.key for item in box.tick(1.0, 80_000.0)] == [0]


def test_the_most_urgent_goes_first_and_what_has_begun_is_finished() -> None:
    box = Outbox(1000, lambda item: item.kind == "thumbnail")
    box.put(Item("a", "picture", 2000))
    box.tick(0.5, 16_000.0)  # one of two packets
    box.put(Item("b", "picture", 1000))
    box.put(Item("c", "thumbnail", 1000))
    assert [i.key for i in box.tick(100.0, 16_000.0)] == ["a", "c", "b"]


@pytest.mark.parametrize("size", [0, -5])
def test_a_thing_without_size_is_refused(size: int) -> None:
    with pytest.raises(InvalidInput, match="picture 3"):
        Outbox(1000, first_come).put(Item(3, "picture", size))


# --- what is useful ---


def square(x: float, y: float, half: float = 4.0) -> np.ndarray:
    return np.array([(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)])


def test_pictures_of_a_corridor_come_before_pretty_ones_and_new_ground_before_old() -> None:
    line = np.array([(0.0, -40.0), (0.0, 40.0)])
    worth = Usefulness(Bounds(-50, -50, 50, 50), [(line, 10.0)])
    here, aside, beyond = (worth.cells(square(*at)) for at in ((0, 0), (30, 0), (0, 20)))
    assert worth.value(here) > 10.0 * worth.value(aside)
    for _ in range(2):
        worth.sent(here)
    assert worth.value(beyond) > 2.0 * worth.value(here)


def test_ground_beside_a_candidate_path_counts_more() -> None:
    line = np.array([(0.0, -40.0), (0.0, 40.0)])
    worth = Usefulness(Bounds(-50, -50, 50, 50), [(line, 30.0)])
    worth.prefer([np.array([(-10.0, -40.0), (-10.0, 40.0)])])
    assert worth.value(worth.cells(square(-10, 0))) > 1.5 * worth.value(worth.cells(square(10, 0)))


@pytest.mark.parametrize("footprint", [np.zeros((0, 2)), np.full((4, 2), np.nan), square(1e9, 0)])
def test_a_footprint_of_nothing_is_worth_nothing(footprint: np.ndarray) -> None:
    worth = Usefulness(Bounds(-50, -50, 50, 50), [])
    cells = worth.cells(footprint)
    assert worth.value(cells) == 0.0
    worth.sent(cells)


def test_useful_first_has_the_corridor_covered_sooner_than_first_come() -> None:
    line = np.array([(0.0, -45.0), (0.0, 45.0)])
    places = [(float(x), float(y)) for y in range(-40, 41, 8) for x in range(-40, 41, 8)]  # row by row
    worth = Usefulness(Bounds(-50, -50, 50, 50), [(line, 8.0)])

    def needed(order: list[int]) -> int:
        """Return how many pictures it takes to have seen half of the corridor."""
        seen: set[float] = set()
        for count, k in enumerate(order, 1):
            x, y = places[k]
            if x == 0.0:
                seen.add(y)
            if len(seen) >= 6:
                return count
        raise AssertionError("never")

    shown = [worth.cells(square(*place)) for place in places]
    order, left = [], set(range(len(places)))
    while left:
        best = max(sorted(left), key=lambda k: worth.value(shown[k]))
        worth.sent(shown[best])
        left.remove(best)
        order.append(best)
    assert needed(list(range(len(places)))) == 61
    assert needed(order) <= 12  # a second view of what was seen may come before a first


# --- Earth ---

EARTH = Earth(light_time=600.0, sol=88775.0, passes=[10000.0, 50000.0], pass_length=500.0, pass_rate=1e6)


def test_a_command_takes_the_light_time_and_then_waits_for_a_pass() -> None:
    assert EARTH.command_arrives(9500.0) == 10100.0
    assert EARTH.command_arrives(0.0) == 10000.0
    assert EARTH.command_arrives(11000.0) == 50000.0
    assert EARTH.command_arrives(60000.0) == 88775.0 + 10000.0


def test_products_are_delivered_in_passes_and_those_that_do_not_fit_wait_for_the_next() -> None:
    one_pass = int(500.0 * 1e6 / 8)
    first, second, third = EARTH.deliver([one_pass, one_pass // 2, one_pass], 0.0)
    assert first == pytest.approx(10500.0 + 600.0)
    assert second == pytest.approx(50250.0 + 600.0)
    assert third == pytest.approx(88775.0 + 10250.0 + 600.0)


def test_products_that_come_one_by_one_leave_in_turn() -> None:
    sizes = [int(300.0 * 1e6 / 8), int(400.0 * 1e6 / 8), 1000]
    downlink = Downlink(EARTH)
    sent = [downlink.send(size, 0.0) for size in sizes]
    assert [d.arrives for d in sent] == EARTH.deliver(sizes, 0.0)
    assert [d.opened for d in sent] == [10000.0, 50000.0, 50000.0]
    assert downlink.send(1000, 60000.0).opened == 88775.0 + 10000.0


def test_a_pass_over_midnight_is_still_on() -> None:
    late = replace(EARTH, passes=[88700.0])
    assert late.next_pass(88775.0 + 100.0) == (88700.0, 89200.0)


@pytest.mark.parametrize("passes", [[], [90000.0], [-1.0]])
def test_bad_passes_are_refused(passes: list[float]) -> None:
    with pytest.raises(InvalidInput, match="passes"):
        replace(EARTH, passes=passes)


def test_the_configuration_is_usable() -> None:
    assert config.load("link", Earth).command_arrives(0.0) > 0.0
