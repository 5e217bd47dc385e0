# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Noise and drift are as large as the configuration says, and no larger."""

from __future__ import annotations

import math

import numpy as np
import pytest
from toy_world import ROCKS, hills, make_world

from wayscout import config
from wayscout.geometry import Pose
from wayscout.worlds.truth import Truth, load_truth
from wayscout_sim.helicopter import HelicopterTruth
from wayscout_sim.rover import JOINTS, WHEELS, RoverTruth
from wayscout_sim.sensors import HelicopterSensors, Noise, RoverSensors, ray

NOISE = config.load("simulator", Noise)


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    return load_truth(make_world(tmp_path_factory.mktemp("sensors") / "hills", hills, rocks=ROCKS))


def flying(x: float, yaw: float = 0.0) -> HelicopterTruth:
    return HelicopterTruth(
        Pose.from_euler(x, 0.0, 10.0, yaw=yaw), np.zeros(3), np.zeros(3), 1e5, 350.0, True, False, ""
    )


def driving(x: float, angle: float) -> RoverTruth:
    joints = np.zeros(len(JOINTS))
    joints[: len(WHEELS)] = angle
    pose = Pose.from_euler(x, 0.0, 0.0, yaw=0.3)
    return RoverTruth(pose, *(np.zeros(3) for _ in range(3)), joints, np.zeros(14), np.zeros(6), 0.0)


def test_helicopter_odometry_drifts_by_a_percent(truth: Truth) -> None:
    drifts = []
    for seed in range(40):
        sensors = HelicopterSensors(truth, NOISE, flying(0.0), seed)
        for x in np.arange(1.0, 201.0, 1.0):
            reading = sensors.odometry(flying(float(x)), 0.2)
        drifts.append(np.linalg.norm(reading.pose.position - [200.0, 0.0, 0.0]) / 200.0)
    assert 0.005 < np.mean(drifts) < 0.015


def test_helicopter_odometry_starts_at_its_origin(truth: Truth) -> None:
    start = flying(5.0, yaw=1.0)
    reading = HelicopterSensors(truth, NOISE, start, 0).odometry(start, 0.0)
    assert np.allclose(reading.pose.position, 0.0)
    assert abs(reading.pose.yaw) < 0.01


def test_attitude_noise_is_white_and_small(truth: Truth) -> None:
    sensors = HelicopterSensors(truth, NOISE, flying(0.0), 1)
    rolls = [sensors.odometry(flying(0.0), 0.1).pose.euler()[0] for _ in range(400)]
    assert np.std(rolls) == pytest.approx(NOISE.attitude_noise, rel=0.2)
    assert abs(np.mean(rolls)) < 3e-4


def test_helicopter_gyros_integrate_the_turn(truth: Truth) -> None:
    sensors = HelicopterSensors(truth, NOISE, flying(0.0), 1)
    turned = 0.0
    for k in range(1, 101):
        turned += sensors.odometry(flying(0.0, yaw=0.02 * k), 0.1).rates[2] * 0.1
    assert turned == pytest.approx(
        2.0, abs=4.0 * (NOISE.rate_bias * 10.0 + NOISE.rate_walk * math.sqrt(10.0))
    )
    assert turned != pytest.approx(2.0, abs=1e-6)  # they have a bias


def test_range_finds_ground_and_rocks(truth: Truth) -> None:
    down = np.array([0.0, 0.0, -1.0])
    for x, y in ((0.3, 0.7), (-7.2, 5.1), (10.0, -11.0)):
        z = float(truth.ground.sample("elevation", x, y))
        assert ray(truth, np.array([x, y, z + 9.0]), down, 40.0) == pytest.approx(9.0, abs=1e-3)
    x, y, z, _, _, height, _ = truth.rocks[0]
    assert ray(truth, np.array([x, y, z + 9.0]), down, 40.0) == pytest.approx(9.0 - height, abs=1e-3)
    assert math.isinf(ray(truth, np.array([0.0, 0.0, 10.0]), -down, 40.0))


def test_range_beyond_reach_is_infinite(truth: Truth) -> None:
    sensors = HelicopterSensors(truth, NOISE, flying(0.0), 1)
    assert math.isinf(sensors.range(Pose.from_euler(0.0, 0.0, 90.0, pitch=math.pi / 2)))


def test_wheel_odometry_does_not_see_slip() -> None:
    start = driving(0.0, 0.0)
    sensors = RoverSensors(NOISE, 0.2625, start, 0)
    reading = sensors.odometry(driving(6.0, 10.0 / 0.2625), 240.0)
    assert np.linalg.norm(reading.pose.position) == pytest.approx(10.0, rel=0.02)
    assert abs(reading.pose.yaw) < 0.01
    assert sensors.travelled == pytest.approx(10.0, rel=0.02)


def test_depth_noise_grows_and_ends(truth: Truth) -> None:
    sensors = RoverSensors(NOISE, 0.2625, driving(0.0, 0.0), 0)
    near = sensors.depth(np.full((100, 100), 2.0, np.float32), 8.0)
    far = sensors.depth(np.full((100, 100), 6.0, np.float32), 8.0)
    assert np.nanstd(near) == pytest.approx(NOISE.depth_noise * 4.0, rel=0.1)
    assert np.nanstd(far) == pytest.approx(NOISE.depth_noise * 36.0, rel=0.1)
    assert np.isnan(near).mean() == pytest.approx(NOISE.depth_dropout, abs=0.005)
    assert np.isnan(sensors.depth(np.full((4, 4), 8.5, np.float32), 8.0)).all()


def test_pictures_get_grain_and_dark_corners(truth: Truth) -> None:
    sensors = HelicopterSensors(truth, NOISE, flying(0.0), 1)
    picture = sensors.expose(np.full((480, 640), 128, np.uint8))
    assert picture.dtype == np.uint8
    assert np.std(picture[200:280, 280:360]) == pytest.approx(NOISE.picture_noise, rel=0.2)
    assert picture[:20, :20].mean() < picture[230:250, 310:330].mean() - 5.0
