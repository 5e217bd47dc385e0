# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Poses of a second camera's pictures, from those of the navigation pictures and drifting odometry."""

from __future__ import annotations

import numpy as np
import pytest

from wayscout.errors import InvalidInput, OutOfTime
from wayscout.geometry import Pose
from wayscout.localisation.campaign import Estimate
from wayscout.localisation.companion import Companion

NAVIGATION = Pose.from_euler(0.04, 0.0, 0.13, roll=np.pi, yaw=-np.pi / 2)
TILTED = Pose.from_euler(0.07, 0.0, 0.14, roll=-np.pi / 2 - 0.76, yaw=-np.pi / 2)
PERIOD = 0.1


def truth(time: float) -> Pose:
    """Base_link on a ring with the nose to its middle, swaying."""
    angle = 0.2 * time
    x, y = 12.0 * np.cos(angle), 12.0 * np.sin(angle)
    roll, pitch = 0.1 * np.sin(time), 0.05 * np.cos(0.7 * time)
    return Pose.from_euler(x, y, 8.0, roll=roll, pitch=pitch, yaw=angle + np.pi)


def drifted(pose: Pose) -> Pose:
    """Odometry with 2 % of scale, another origin and another heading."""
    odom = Pose.from_euler(-3.0, 5.0, 0.0, yaw=0.6) @ pose
    return Pose(odom.position * 1.02, odom.quaternion)


def flown(own: list[float], navigation: list[float], until: float = 20.0) -> list[Estimate]:
    companion = Companion(TILTED, NAVIGATION, 0.03)
    for k in range(round(until / PERIOD) + 1):
        time = k * PERIOD
        companion.step(time, drifted(truth(time)))
        if any(abs(time - t) < 1e-9 for t in own):
            companion.add(time)
    assert len(companion) == len(own)
    found = companion.finish([Estimate(t, truth(t) @ NAVIGATION, 0.02) for t in navigation])
    assert len(companion) == 0
    return found


def errors(found: Estimate) -> tuple[float, float]:
    view = truth(found.time) @ TILTED
    cosine = 0.5 * (np.trace(found.optical.rotation().T @ view.rotation()) - 1.0)
    return float(np.linalg.norm(found.optical.position - view.position)), float(np.arccos(min(cosine, 1.0)))


def test_beside_a_navigation_picture_the_pose_is_taken_over() -> None:
    for found in flown([3.0, 9.0], [1.0, 3.0, 9.0, 12.0]):
        assert max(errors(found)) < 1e-6
        assert found.sigma == pytest.approx(0.02)


def test_between_two_it_is_led_from_both() -> None:
    (found,) = flown([5.0], [4.0, 6.0])
    distance, angle = errors(found)
    assert distance < 0.05  # 2 % of the 2.4 m to either, in opposite directions
    assert angle < 1e-3
    assert 0.02 + 0.03 * 2.3 < found.sigma < 0.02 + 0.03 * 2.6


@pytest.mark.parametrize("time", [0.5, 19.0])
def test_before_the_first_and_after_the_last_it_is_led_from_one(time: float) -> None:
    (found,) = flown([time], [2.0, 10.0, 17.0])
    distance, angle = errors(found)
    assert distance < 0.12
    assert angle < 1e-3
    assert found.sigma > 0.1


def test_without_a_track_it_says_so() -> None:
    with pytest.raises(InvalidInput, match="navigation pictures"):
        flown([5.0], [])
    assert flown([], []) == []


def test_a_picture_that_odometry_does_not_reach_is_refused() -> None:
    companion = Companion(TILTED, NAVIGATION, 0.03)
    companion.step(1.0, drifted(truth(1.0)))
    companion.add(2.0)
    with pytest.raises(OutOfTime):
        companion.finish([Estimate(1.0, truth(1.0) @ NAVIGATION, 0.02)])
