# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Poses chain, invert and interpolate; the buffer forgets, clears and refuses as it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wayscout.errors import InvalidInput, OutOfTime
from wayscout.geometry import Pose, PoseBuffer, interpolate, wrap_angle

angles = st.floats(-3.0, 3.0)
lengths = st.floats(-100.0, 100.0)
poses = st.builds(Pose.from_euler, lengths, lengths, lengths, angles, st.floats(-1.5, 1.5), angles)


@given(poses)
def test_a_pose_and_its_inverse_cancel(pose: Pose) -> None:
    np.testing.assert_allclose((pose @ pose.inverse()).matrix(), np.eye(4), atol=1e-9)


@given(poses, poses)
def test_chaining_is_the_product_of_matrices(first: Pose, second: Pose) -> None:
    np.testing.assert_allclose((first @ second).matrix(), first.matrix() @ second.matrix(), atol=1e-9)


@given(poses)
def test_a_pose_comes_back_from_its_matrix(pose: Pose) -> None:
    np.testing.assert_allclose(Pose.from_matrix(pose.matrix()).matrix(), pose.matrix(), atol=1e-9)


def test_yaw_turns_x_to_y() -> None:
    pose = Pose.from_euler(1.0, 2.0, 3.0, yaw=np.pi / 2)
    np.testing.assert_allclose(pose.apply([1.0, 0.0, 0.0]), [1.0, 3.0, 3.0], atol=1e-12)


def test_tilt_is_the_angle_from_the_vertical() -> None:
    assert Pose.from_euler(0, 0, 0, roll=0.3, yaw=1.0).tilt() == pytest.approx(0.3)


def test_half_way_is_half_the_turn() -> None:
    middle = interpolate(Pose.identity(), Pose.from_euler(2.0, 0.0, 0.0, yaw=1.0), 0.5)
    assert middle.yaw == pytest.approx(0.5)
    assert middle.position[0] == pytest.approx(1.0)


@given(st.floats(-50.0, 50.0))
def test_wrapped_angles_point_the_same_way(angle: float) -> None:
    wrapped = float(wrap_angle(angle))
    assert -np.pi <= wrapped < np.pi
    assert np.cos(wrapped) == pytest.approx(np.cos(angle), abs=1e-9)


@pytest.mark.parametrize("position", [[0.0, np.nan, 0.0], [1.0, 2.0]])
def test_a_broken_position_is_refused_by_name(position: list[float]) -> None:
    with pytest.raises(InvalidInput, match=r"pose\.position"):
        Pose(np.array(position), np.array([0.0, 0.0, 0.0, 1.0]))


def test_a_quaternion_that_is_no_rotation_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match=r"pose\.quaternion"):
        Pose(np.zeros(3), np.zeros(4))


def at(x: float) -> Pose:
    return Pose.from_euler(x, 0.0, 0.0)


def test_the_buffer_interpolates_between_its_poses() -> None:
    buffer = PoseBuffer()
    buffer.add(1.0, at(0.0))
    buffer.add(3.0, at(4.0))
    assert buffer.lookup(1.5).position[0] == pytest.approx(1.0)
    assert buffer.lookup(3.0).position[0] == 4.0


def test_the_buffer_refuses_times_it_does_not_know() -> None:
    buffer = PoseBuffer()
    with pytest.raises(OutOfTime, match="no pose"):
        buffer.lookup(0.0)
    buffer.add(1.0, at(0.0))
    with pytest.raises(OutOfTime, match="outside"):
        buffer.lookup(1.1)


def test_a_jump_back_in_time_clears_the_buffer() -> None:
    buffer = PoseBuffer()
    for time in (5.0, 6.0, 2.0):
        buffer.add(time, at(time))
    assert len(buffer) == 1
    assert buffer.latest()[0] == 2.0


def test_old_poses_are_forgotten() -> None:
    buffer = PoseBuffer(span=10.0)
    for time in range(1000):
        buffer.add(float(time), at(time))
    assert len(buffer) <= 21
    assert buffer.lookup(995.5).position[0] == pytest.approx(995.5)
