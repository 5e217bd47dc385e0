# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The rover on ramps, rocks and sand, measured by its true motion."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from toy_world import make_world

from wayscout import config
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.worlds.truth import load_truth
from wayscout_sim.rover import STEERS, WHEELS, RoverPhysics
from wayscout_sim.traction import SlipCurve, creep

SPEED = 0.16  # rad/s, 0.042 m/s


def rover_on(path: Path, degrees: float, sand: float, rocks: np.ndarray | None = None) -> RoverPhysics:
    slope = math.tan(math.radians(degrees))
    world = make_world(path / "ramp", lambda x, y: slope * x + 0.0 * y, sand=sand, rocks=rocks)
    return RoverPhysics(load_truth(world), Pose.from_euler(-4.0, 0.0, 0.0))


def drive(rover: RoverPhysics, seconds: float) -> float:
    """Drive forward; return the true slip after the first seconds."""
    rover.command(dict.fromkeys(WHEELS, SPEED), {})
    rover.step(3.0)
    start, angles = rover.pose.position, rover.observe().positions[:6]
    rover.step(seconds)
    way = float(np.linalg.norm(rover.pose.position - start))
    turned = float(np.mean(rover.observe().positions[:6] - angles)) * rover.wheel_radius
    assert turned == pytest.approx(SPEED * seconds * rover.wheel_radius, rel=0.03)
    return 1.0 - way / turned


@pytest.mark.parametrize(
    ("degrees", "sand"), [(0, 1), (10, 1), (15.3, 1), (20, 1), (20, 0.5), (0, 0), (20, 0)]
)
def test_slip_follows_the_curve(tmp_path: Path, degrees: float, sand: float) -> None:
    curve = config.load("rover", SlipCurve)
    expected = sand * np.interp(degrees, curve.slip_slopes, curve.slip_on_sand)
    expected += (1.0 - sand) * curve.slip_on_rock
    assert drive(rover_on(tmp_path, degrees, sand), 6.0) == pytest.approx(expected, abs=0.05)


def test_rough_firm_ground_costs_little_and_lifts_no_wheel(tmp_path: Path) -> None:
    world = make_world(tmp_path / "rough", lambda x, y: 0.05 * np.sin(4.0 * x) * np.sin(3.0 * y + 1.0))
    rover = RoverPhysics(load_truth(world), Pose.from_euler(-4.0, 0.0, 0.0))
    rover.command(dict.fromkeys(WHEELS, SPEED), {})
    rover.step(3.0)
    start, angles = rover.pose.position, rover.observe().positions[:6]
    way, lifted = 0.0, np.zeros(6)
    for _ in range(150):
        rover.step(0.5)
        way += float(np.linalg.norm(rover.pose.position - start))
        start = rover.pose.position
        touching = rover.data.contact.geom
        lifted += [not np.any(touching == rover.model.geom(f"{wheel}_collision").id) for wheel in WHEELS]
    turned = float(np.mean(rover.observe().positions[:6] - angles)) * rover.wheel_radius
    firm = config.load("rover", SlipCurve).slip_on_rock
    assert firm - 0.005 < 1.0 - way / turned < firm + 0.015
    assert lifted.max() <= 3


def test_creep_shares_the_load() -> None:
    pull = np.array([0.5, 0.1, 0.1, 0.1, 0.1, -0.3])
    forward = creep(pull, np.full(6, SPEED), 0.2)
    assert forward == pytest.approx([0.08, 0.0, 0.0, 0.0, 0.0, -0.08])
    assert creep(-pull, np.full(6, -SPEED), 0.2) == pytest.approx(forward)
    assert creep(np.full(6, 0.4), np.full(6, SPEED), 0.2) == pytest.approx(np.zeros(6))


def test_stands_still_on_a_slope(tmp_path: Path) -> None:
    rover = rover_on(tmp_path, 20.0, 0.0)
    before = rover.pose.position
    rover.step(10.0)
    assert np.linalg.norm(rover.pose.position - before) < 0.002
    assert not rover.is_moving


def test_base_link_lies_on_the_ground(tmp_path: Path) -> None:
    rover = rover_on(tmp_path, 0.0, 0.0)
    assert rover.pose.position[2] == pytest.approx(0.0, abs=0.005)
    assert rover.pose.tilt() < math.radians(0.3)
    assert rover.observe().specific_force == pytest.approx([0.0, 0.0, 3.721], abs=0.02)


def test_turns_in_place(tmp_path: Path) -> None:
    rover = rover_on(tmp_path, 0.0, 0.0)
    angle = math.atan2(1.13, 1.065)
    steering = dict(
        zip(STEERS, (-angle, angle, angle, -angle), strict=True)
    )  # front, rear left; front, rear right
    rover.command({}, steering)
    rover.step(6.0)
    assert rover.observe().positions[6:10] == pytest.approx([-angle, angle, angle, -angle], abs=0.03)
    start = rover.pose
    outer, middle = 0.03 / 0.2625, 0.03 * 1.185 / math.hypot(1.13, 1.065) / 0.2625
    speeds = {w: (-1 if w.endswith("left") else 1) * (middle if "middle" in w else outer) for w in WHEELS}
    rover.command(speeds, {})
    rover.step(30.0)
    turned = rover.pose.yaw - start.yaw
    assert turned == pytest.approx(30.0 * 0.03 / math.hypot(1.13, 1.065), rel=0.1)
    assert np.linalg.norm(rover.pose.position - start.position) < 0.05


def test_steering_keeps_to_its_rate(tmp_path: Path) -> None:
    rover = rover_on(tmp_path, 0.0, 0.0)
    rover.command({}, {"steer_front_left": 1.0})
    rover.step(2.0)
    assert rover.observe().positions[6] == pytest.approx(0.4, abs=0.06)


def test_climbs_over_a_rock_and_logs_it(tmp_path: Path) -> None:
    rocks = np.array([[-2.0, 1.065, 0.0, 0.5, 0.5, 0.25, 0.0]])
    rover = rover_on(tmp_path, 0.0, 0.0, rocks)
    rover.command(dict.fromkeys(WHEELS, SPEED), {})
    lean = 0.0
    for _ in range(100):
        rover.step(1.0)
        lean = max(lean, rover.pose.tilt())
    assert rover.pose.position[0] > -1.0
    assert rover.touched == {0: 0.25}
    assert math.radians(1.0) < lean < math.radians(12.0)


def test_bad_commands_are_named(tmp_path: Path) -> None:
    rover = rover_on(tmp_path, 0.0, 0.0)
    with pytest.raises(InvalidInput, match="wheel_front_left"):
        rover.command({"wheel_front_left": math.nan}, {})
    with pytest.raises(InvalidInput, match="propeller"):
        rover.command({"propeller": 1.0}, {})
