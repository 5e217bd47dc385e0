# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The way between two pictures over rocky ground: level, swinging, and where the laser's spot is lost."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))

import ray_caster
import synthetic_survey as survey
from synthetic_flight import LASER, MOUNT

from wayscout import config
from wayscout.camera import Camera
from wayscout.geometry import Pose
from wayscout.localisation.flight_adjustment import AdjustmentParams
from wayscout.localisation.picture_odometry import PictureOdometry, Way

CAMERA = Camera.pinhole(640, 480, np.deg2rad(47.0))
WAY = np.array([2.6, 0.3, 0.5])
START = np.array([-1.5, -2.0, 13.0])


@pytest.fixture(scope="module")
def ground() -> survey.Ground:
    cv2.setNumThreads(1)
    return survey.make_ground(1, (32.0, 28.0), rocks_per_hectare=3000.0)


def distance(ground: survey.Ground, pose: Pose) -> float:
    laser = pose @ LASER
    return float(ray_caster.distances(ground.height, laser.position, laser.rotation()[:, :1].T)[0])


def picture_odometry() -> PictureOdometry:
    following = config.load("localiser", AdjustmentParams)
    return PictureOdometry(CAMERA, MOUNT, LASER, following, pixel_sigma=0.3, attitude_sigma=9e-4)


def way(ground: survey.Ground, first_pitch: float, second_pitch: float, *, smear_spot: bool = False) -> Way:
    """Both poses are true but for odometry's length, which is 3 % too long."""
    odometry = picture_odometry()
    first = Pose.from_euler(*START, pitch=first_pitch)
    second = Pose.from_euler(*(START + WAY), roll=0.03, pitch=second_pitch)
    images = [survey.render(ground, CAMERA, p @ MOUNT, seed=k) for k, p in enumerate((first, second))]
    if smear_spot:
        images[0][200:280, 260:380] = 110
    odom = Pose(START + 1.03 * WAY, second.quaternion)
    assert odometry.step(images[0], first, distance(ground, first)) is None
    found = odometry.step(images[1], odom, distance(ground, second))
    assert found is not None
    return found


def parts(found: Way) -> tuple[float, float, float, float]:
    """Error along the way and across it, standard deviation along it and upwards [m]."""
    u = WAY / np.linalg.norm(WAY)
    error = found.step - WAY
    along = float(error @ u)
    sigma = float(np.sqrt(u @ found.covariance @ u)), float(np.sqrt(found.covariance[2, 2]))
    return along, float(np.linalg.norm(error - along * u)), *sigma


def test_the_laser_gives_a_level_way_its_length(ground):
    along, across, sigma, sigma_up = parts(way(ground, 0.0, 0.0))
    assert sigma < 0.03
    assert sigma_up < 0.02
    assert abs(along) < 3.0 * sigma
    assert across < 0.03


@pytest.mark.parametrize(
    ("pitches", "smear_spot"), [((-0.17, 0.17), False), ((0.0, 0.0), True)], ids=["swing", "no texture"]
)
def test_without_the_lasers_spot_the_direction_is_known(ground, pitches, smear_spot):
    along, across, sigma, _ = parts(way(ground, *pitches, smear_spot=smear_spot))
    assert sigma > 0.4  # says that the length is not measured
    assert abs(along) < 0.05 * np.linalg.norm(WAY)
    assert across < 0.04


def test_nothing_to_follow_gives_no_way(ground):
    odometry = picture_odometry()
    blank = np.full((480, 640), 110, np.uint8)
    pose = Pose.from_euler(*START)
    assert odometry.step(blank, pose, 12.0) is None
    assert odometry.step(blank, Pose(START + WAY, pose.quaternion), 12.0) is None
    assert odometry.step(blank, pose, float("nan")) is None
