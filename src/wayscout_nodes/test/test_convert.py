# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Messages and back again; what comes in broken is refused by name."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from sensor_msgs.msg import Image

from wayscout.camera import Camera
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.grid import Grid
from wayscout_nodes.common import convert


def test_stamps_come_back_to_the_nanosecond() -> None:
    for time in (0.0, 0.1, 7140.25, 3 * 88775.244 + 0.7):
        assert convert.seconds(convert.to_stamp(time)) == pytest.approx(time, abs=1e-6)


def test_poses_come_back() -> None:
    pose = Pose.from_euler(1.0, -2.0, 3.0, 0.1, -0.2, 2.5)
    back = convert.pose(convert.to_pose(pose), "pose")
    np.testing.assert_allclose(back.matrix(), pose.matrix(), atol=1e-12)


def test_a_pose_of_nan_is_refused_by_name() -> None:
    message = convert.to_pose(Pose.identity())
    message.position.y = float("nan")
    with pytest.raises(InvalidInput, match=r"goal\.pose\.position"):
        convert.pose(message, "goal")


@pytest.mark.parametrize(
    ("encoding", "kind", "shape"), [("mono8", np.uint8, (4, 6)), ("rgb8", np.uint8, (4, 6, 3))]
)
def test_pictures_come_back(encoding: str, kind: type, shape: tuple[int, ...]) -> None:
    picture = np.random.default_rng(1).integers(0, 255, shape).astype(kind)
    message = convert.to_image(picture, encoding, "camera", 1.5)
    np.testing.assert_array_equal(convert.image(message, [encoding], "image"), picture)


def test_depth_comes_back_with_its_holes() -> None:
    depth = np.array([[1.0, np.nan], [2.5, 8.0]], dtype=np.float32)
    message = convert.to_image(depth, "32FC1", "camera", 0.0)
    np.testing.assert_array_equal(convert.image(message, ["32FC1"], "depth"), depth)


def test_padded_rows_are_understood() -> None:
    message = Image(encoding="mono8", width=2, height=2, step=4)
    message.data = [1, 2, 0, 0, 3, 4, 0, 0]
    np.testing.assert_array_equal(convert.image(message, ["mono8"], "image"), [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"encoding": "yuv422"}, "encoding"),
        ({"width": 0}, "size"),
        ({"data": [1, 2, 3]}, "data length"),
    ],
)
def test_broken_pictures_are_refused_by_name(change: dict[str, object], field: str) -> None:
    message = convert.to_image(np.zeros((2, 2), np.uint8), "mono8", "camera", 0.0)
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(InvalidInput, match=field):
        convert.image(message, ["mono8"], "image_raw")


def test_tiles_come_back() -> None:
    grid = Grid(0.1, (-25.6, 51.2), (8, 8))
    grid["elevation"] = np.arange(64.0).reshape(8, 8)
    grid["sigma"] = np.full((8, 8), np.nan)
    message = convert.to_tile(grid, 2, -1, 7, {"elevation": "m", "sigma": "m"}, 3.0)
    back = convert.tile(message, "tile")
    assert (back.origin, back.resolution, back.shape) == (grid.origin, grid.resolution, grid.shape)
    for name in grid.layers:
        np.testing.assert_array_equal(back[name], grid[name])


def test_a_tile_of_the_wrong_size_is_refused_by_name() -> None:
    grid = Grid(0.1, (0.0, 0.0), (4, 4))
    grid.add("elevation", 0.0)
    message = convert.to_tile(grid, 0, 0, 1, {}, 0.0)
    message.rows = 5
    with pytest.raises(InvalidInput, match=r"tile\.data length"):
        convert.tile(message, "tile")


def test_cameras_come_back() -> None:
    camera = Camera.pinhole(640, 480, 0.82)
    back = convert.camera(convert.to_camera_info(camera, "camera", 0.0), "camera_info")
    np.testing.assert_allclose(back.matrix, camera.matrix)
    assert (back.width, back.height, back.model) == (camera.width, camera.height, camera.model)


def test_a_path_with_a_hole_is_refused_by_name() -> None:
    path = convert.to_path(np.zeros((3, 3)), np.zeros(3), "map", 0.0)
    path.poses[1].pose.position.x = float("inf")
    with pytest.raises(InvalidInput, match=r"path\.poses\[1\]"):
        convert.path(path, "path")
