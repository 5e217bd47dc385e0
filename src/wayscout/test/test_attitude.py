# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The attitude filter: known answers against white noise, bias, gaps and gyros that lie."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from wayscout import config
from wayscout.geometry import Pose
from wayscout.localisation.attitude import FLIGHT, AttitudeFilter, AttitudeParams

PARAMS = config.load("localiser", AttitudeParams)
PERIOD = 0.1
Array = npt.NDArray[np.float64]


def swings(count: int) -> list[Pose]:
    """A helicopter that swings by 15 degrees while it turns."""
    time = PERIOD * np.arange(count)
    return [
        Pose.from_euler(t, 0.0, 9.0, roll=0.26 * np.sin(3.0 * t), pitch=0.2 * np.cos(2.0 * t), yaw=0.3 * t)
        for t in time
    ]


def tilt_between(estimate: Pose, true: Pose) -> Array:
    """Roll and pitch [rad] by which an estimate is wrong."""
    return np.asarray(cv2.Rodrigues(estimate.rotation() @ true.rotation().T)[0].ravel()[:2])


def flown(
    poses: list[Pose], seed: int, bias: Array, gyros: float = 1.0, filtered: AttitudeFilter | None = None
) -> tuple[Array, Array]:
    """Tilt errors [rad] after and before the filter, (n, 2) each; `gyros` scales the rates."""
    rng = np.random.default_rng(seed)
    filtered = filtered or AttitudeFilter(PARAMS)
    before, errors, noisy = poses[0], [], []
    for k, pose in enumerate(poses):
        roll, pitch, yaw = np.array(pose.euler()) + PARAMS.attitude_noise * rng.standard_normal(3)
        odom = Pose.from_euler(*pose.position, roll=roll, pitch=pitch, yaw=yaw)
        turned = cv2.Rodrigues(before.rotation().T @ pose.rotation())[0].ravel()
        rates = gyros * turned / PERIOD + bias + 1.2e-4 / np.sqrt(PERIOD) * rng.standard_normal(3)
        out = filtered.step(PERIOD * k, odom, rates)
        assert np.array_equal(out.position, odom.position)
        for found, estimate in ((errors, out), (noisy, odom)):
            found.append(tilt_between(estimate, pose))
        before = pose
    return np.array(errors), np.array(noisy)


def test_white_noise_is_averaged_through_swings() -> None:
    after, before = (np.concatenate(part) for part in zip(
        *((a[100:], b[100:]) for a, b in (flown(swings(600), seed, np.zeros(3)) for seed in range(4))),
        strict=True,
    ))  # fmt: skip
    assert before.std() == pytest.approx(PARAMS.attitude_noise, rel=0.1)
    assert after.std() < 0.3 * before.std()
    assert abs(after.mean()) < 1e-4


def test_a_bias_of_the_gyros_is_found() -> None:
    after, _ = flown(swings(900), 5, np.array([0.001, -0.001, 0.0005]))
    assert np.sqrt(np.mean(after[300:] ** 2)) < 0.4 * PARAMS.attitude_noise


def test_gyros_that_contradict_the_attitude_give_way() -> None:
    after, before = flown(swings(300), 6, np.zeros(3), gyros=-1.0)
    assert np.sqrt(np.mean(after**2)) < 6.0 * before.std()


def test_it_begins_anew_after_a_gap_and_without_rates() -> None:
    filtered = AttitudeFilter(PARAMS)
    level, tilted = Pose.identity(), Pose.from_euler(0.0, 0.0, 0.0, roll=0.3)
    filtered.step(0.0, level, np.zeros(3))
    for time, rates in ((PARAMS.gyro_gap + 1.0, np.zeros(3)), (2.0, np.zeros(3)), (2.1, np.full(3, np.nan))):
        assert filtered.step(time, tilted, rates) is tilted


def test_without_gyro_noise_it_holds_the_mean() -> None:
    params = replace(PARAMS, gyro_walk=0.0, gyro_bias_sigma=0.0)
    filtered, rng = AttitudeFilter(params), np.random.default_rng(2)
    rolls = 1e-3 * rng.standard_normal(50)
    for k, roll in enumerate(rolls):
        out = filtered.step(PERIOD * k, Pose.from_euler(0.0, 0.0, 0.0, roll=roll), np.zeros(3))
    assert out.euler()[0] == pytest.approx(rolls.mean(), abs=1e-9)


def smoothed(poses: list[Pose], seed: int, bias: Array) -> tuple[Array, Array, Array]:
    """Tilt errors [rad] smoothed, filtered and as measured, (n, 2) each."""
    filtered = AttitudeFilter(PARAMS, FLIGHT)
    after, before = flown(poses, seed, bias, filtered=filtered)
    odometry = filtered.smoothed()
    assert len(odometry) == len(poses)
    found = [odometry.lookup(PERIOD * k) for k in range(len(poses))]
    for estimate, pose in zip(found, poses, strict=True):
        assert np.array_equal(estimate.position, pose.position)
    return np.array([tilt_between(*pair) for pair in zip(found, poses, strict=True)]), after, before


def test_looking_back_a_bias_is_known_from_the_start() -> None:
    late, early, _ = smoothed(swings(600), 5, np.array([0.001, -0.001, 0.0005]))
    assert np.sqrt(np.mean(late[:100] ** 2)) < 0.6 * np.sqrt(np.mean(early[:100] ** 2))
    assert np.sqrt(np.mean(late**2)) < 0.22 * PARAMS.attitude_noise


def test_looking_back_leaves_no_more_than_the_mean_of_the_noise() -> None:
    """What all attitudes of a flight share cannot be told from their mean; the filter alone adds to it."""
    straight = [Pose.identity()] * 800
    means = np.array([
        [part[100:].mean(axis=0) for part in smoothed(straight, seed, np.full(3, 5e-4))] for seed in range(8)
    ])  # fmt: skip
    back, ahead, measured = np.sqrt(np.mean(means**2, axis=(0, 2)))
    assert back == pytest.approx(measured, rel=0.1)
    assert ahead > 1.3 * back


def test_looking_back_stops_where_the_filter_began_anew() -> None:
    filtered = AttitudeFilter(PARAMS, FLIGHT)
    assert len(filtered.smoothed()) == 0
    turned = Pose.from_euler(0.0, 0.0, 0.0, roll=0.3)
    for k in range(20):
        filtered.step(PERIOD * k, Pose.identity() if k < 10 else turned, np.zeros(3))
    odometry = filtered.smoothed()
    rolls = np.array([odometry.lookup(PERIOD * k).euler()[0] for k in range(20)])
    assert rolls == pytest.approx(np.repeat([0.0, 0.3], 10), abs=1e-9)


def test_after_a_jump_back_in_time_nothing_before_it_is_kept() -> None:
    filtered = AttitudeFilter(PARAMS, FLIGHT)
    for time in (5.0, 5.1, 1.0, 1.1):
        filtered.step(time, Pose.identity(), np.zeros(3))
    odometry = filtered.smoothed()
    assert len(odometry) == 2
    assert odometry.latest()[0] == 1.1


def test_no_more_is_kept_than_is_asked_for() -> None:
    short, none = AttitudeFilter(PARAMS, 1.0), AttitudeFilter(PARAMS)
    for k in range(100):
        for filtered in (short, none):
            filtered.step(PERIOD * k, Pose.identity(), np.zeros(3))
    assert len(short.smoothed()) == pytest.approx(1.0 / PERIOD, abs=1)
    assert len(none.smoothed()) == 0
