# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The helicopter flies what it is told, within limits, and lands."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from toy_world import make_world

from wayscout import config
from wayscout.errors import InvalidInput
from wayscout.flight.plan import HelicopterLimits
from wayscout.flight.solar import SOL, Pack, SunPower
from wayscout.geometry import Pose
from wayscout.worlds.truth import load_truth
from wayscout_sim.helicopter import HelicopterPhysics


@pytest.fixture
def helicopter(tmp_path: Path) -> HelicopterPhysics:
    world = make_world(tmp_path / "flat", lambda x, y: 0.0 * x)
    return HelicopterPhysics(load_truth(world), Pose.from_euler(1.0, 2.0, 0.0, yaw=0.5), seed=3)


def climb(helicopter: HelicopterPhysics) -> None:
    helicopter.motors(True)
    helicopter.step(0.6)
    helicopter.command([0.0, 0.0, 2.0], 0.0)
    helicopter.step(5.0)


def test_stands_until_told_to_climb(helicopter: HelicopterPhysics) -> None:
    assert helicopter.observe().landed
    assert not helicopter.is_active
    helicopter.motors(True)
    helicopter.step(2.0)
    assert helicopter.pose.position == pytest.approx([1.0, 2.0, 0.0], abs=0.03)
    assert helicopter.observe().landed


def test_follows_velocity_and_yaw_rate(helicopter: HelicopterPhysics) -> None:
    climb(helicopter)
    helicopter.command([3.0, 0.0, 0.0], 0.0)
    helicopter.step(6.0)
    speeds = []
    for _ in range(20):
        helicopter.step(0.1)
        speeds.append(helicopter.observe().velocity)
    velocity = np.mean(speeds, axis=0)
    assert velocity[:2] == pytest.approx(3.0 * np.array([math.cos(0.5), math.sin(0.5)]), abs=0.25)
    assert abs(velocity[2]) < 0.1
    before = helicopter.pose.yaw
    helicopter.command([0.0, 0.0, 0.0], 0.3)
    helicopter.step(4.0)
    assert helicopter.pose.yaw - before == pytest.approx(1.2, abs=0.1)


def test_the_nose_keeps_its_heading_while_the_body_leans(helicopter: HelicopterPhysics) -> None:
    climb(helicopter)
    helicopter.command([4.0, 4.0, 0.0], 0.0)  # leans forward and to its side at once
    off, tilts = [], []
    for _ in range(30):
        helicopter.step(0.1)
        off.append(abs(helicopter.pose.yaw - 0.5))
        tilts.append(helicopter.pose.tilt())
    assert max(tilts) > math.radians(10.0)
    assert max(off) < math.radians(0.6)


def test_accelerates_no_harder_than_allowed(helicopter: HelicopterPhysics) -> None:
    climb(helicopter)
    helicopter.command([5.0, 0.0, 0.0], 0.0)
    speeds = []
    for _ in range(30):
        helicopter.step(0.1)
        speeds.append(float(np.hypot(*helicopter.observe().velocity[:2])))
    assert 1.5 < speeds[-1] < 3.6  # 1 m/s^2 for 3 s, gusts and the velocity loop beside it


def test_lands_and_stops(helicopter: HelicopterPhysics) -> None:
    climb(helicopter)
    helicopter.command([0.0, 0.0, -1.0], 0.0)
    for _ in range(300):
        helicopter.command([0.0, 0.0, -1.0 if helicopter.pose.position[2] > 1.5 else -0.5], 0.0)
        helicopter.step(0.1)
    state = helicopter.observe()
    assert state.landed
    assert not state.lost
    helicopter.motors(False)
    helicopter.step(1.0)
    assert not helicopter.is_active
    assert helicopter.pose.position[2] == pytest.approx(0.0, abs=0.02)
    assert helicopter.observe().power == 0.0


def test_hover_draws_hover_power(helicopter: HelicopterPhysics) -> None:
    climb(helicopter)
    helicopter.command([0.0, 0.0, 0.0], 0.0)
    helicopter.step(4.0)
    before = helicopter.charge
    helicopter.step(10.0)
    assert before - helicopter.charge == pytest.approx(3500.0, rel=0.05)
    helicopter.recharge(100.0 * SOL)
    assert helicopter.charge == helicopter.body.battery_capacity


def test_a_sol_brings_what_a_campaign_counts_on(helicopter: HelicopterPhysics) -> None:
    sun, limits = config.load("campaign", SunPower), config.load("helicopter", HelicopterLimits)
    for share in (1.0, 0.7, 0.0):
        helicopter.numbers = replace(helicopter.numbers, sunlight=share)
        pack = Pack(sun.under(share), limits)
        pack.draw(60_000.0)
        helicopter.charge = pack.charge
        pack.rest(1)
        helicopter.recharge(SOL)
        assert helicopter.charge == pytest.approx(pack.charge)


def test_motors_off_in_the_air_is_the_end(helicopter: HelicopterPhysics) -> None:
    climb(helicopter)
    helicopter.motors(False)
    helicopter.step(6.0)
    assert "struck the ground" in helicopter.observe().lost
    helicopter.motors(True)
    assert not helicopter.observe().motors


def test_the_same_seed_flies_the_same(tmp_path: Path) -> None:
    truth = load_truth(make_world(tmp_path / "flat", lambda x, y: 0.0 * x))
    ends = []
    for seed in (5, 5, 6):
        helicopter = HelicopterPhysics(truth, Pose.from_euler(0.0, 0.0, 0.0), seed=seed)
        climb(helicopter)
        ends.append(helicopter.pose.position)
    assert np.array_equal(ends[0], ends[1])
    assert not np.array_equal(ends[0], ends[2])


def test_bad_commands_are_named(helicopter: HelicopterPhysics) -> None:
    with pytest.raises(InvalidInput, match="cmd_vel"):
        helicopter.command([0.0, math.inf, 0.0], 0.0)
