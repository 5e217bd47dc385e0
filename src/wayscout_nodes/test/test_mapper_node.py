# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The mapper node among real topics: a flight becomes tiles; what is wrong is named, and the node goes on."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from nav_msgs.msg import OccupancyGrid
from rclpy.action import ActionClient
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from wayscout_interfaces.action import UpdateMap
from wayscout_interfaces.msg import (
    Corridor,
    Hazard,
    Hazards,
    OrbitalMap,
    PictureTrack,
    TerrainIndex,
    TerrainTile,
)

from wayscout.camera import Camera
from wayscout.geometry import Pose
from wayscout_nodes.common import convert, qos
from wayscout_nodes.mapper.node import Mapper

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "wayscout" / "test" / "support"))
import synthetic_survey as survey

CAMERA = Camera.pinhole(320, 240, np.radians(47.0))


class Bench:
    """The mapper, and a node that plays everything around it, spun in a thread."""

    def __init__(self, folder: Path, start_map: str = "") -> None:
        rclpy.init()
        self.node = Node("around")
        self.heard: dict[str, list[Any]] = {}
        listen = (
            (TerrainTile, "map/tiles", qos.latched(50)),
            (TerrainIndex, "map/index", qos.LATCHED),
            (Hazards, "map/hazards", qos.LATCHED),
            (OccupancyGrid, "map/traversability", qos.LATCHED),
            (PointCloud2, "map/elevation_cloud", qos.LATCHED),
            (DiagnosticArray, "/diagnostics", qos.COMMAND),
        )
        for kind, topic, profile in listen:
            self.heard[topic] = []
            self.node.create_subscription(kind, topic, self.heard[topic].append, profile)
        sensor = qos.sensor(True)
        self.image = self.node.create_publisher(Image, "helicopter/camera/image_raw", sensor)
        self.info = self.node.create_publisher(CameraInfo, "helicopter/camera/camera_info", sensor)
        self.track = self.node.create_publisher(PictureTrack, "helicopter/pictures", qos.COMMAND)
        self.orbital = self.node.create_publisher(OrbitalMap, "map/orbital", qos.LATCHED)
        self.hazards = self.node.create_publisher(Hazards, "rover/hazards", qos.COMMAND)
        self.update = ActionClient(self.node, UpdateMap, "map/update")
        given = {"map_folder": str(folder), "picture_wait": 1.0, "track_wait": 1.0}
        given["start_map"] = start_map
        original = Node.__init__

        def with_overrides(node: Node, name: str, **kwargs: Any) -> None:
            original(
                node, name, parameter_overrides=[Parameter(k, value=v) for k, v in given.items()], **kwargs
            )

        Node.__init__ = with_overrides
        try:
            self.mapper = Mapper()
        finally:
            Node.__init__ = original
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.executor.add_node(self.mapper)
        self.thread = threading.Thread(target=self._spin, daemon=True)
        self.thread.start()
        assert self.update.wait_for_server(10.0)
        self.wait(lambda: self.image.get_subscription_count() > 0 and self.track.get_subscription_count() > 0)

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self.executor.spin()

    def wait(self, condition: Callable[[], Any], limit: float = 60.0) -> None:
        end = time.monotonic() + limit
        while not condition():
            assert time.monotonic() < end, "nothing came in time"
            time.sleep(0.02)

    def map_flight(self, flight: int, pictures: int) -> UpdateMap.Result:
        sent = self.update.send_goal_async(UpdateMap.Goal(flight=flight, pictures=pictures))
        self.wait(sent.done)
        result = sent.result().get_result_async()
        self.wait(result.done)
        return result.result().result

    def complaints(self) -> str:
        return "\n".join(s.message for a in self.heard["/diagnostics"] for s in a.status)

    def close(self) -> None:
        self.executor.shutdown()
        self.thread.join(5.0)
        self.mapper.close()
        self.mapper.destroy_node()
        self.node.destroy_node()
        rclpy.shutdown()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    it = Bench(tmp_path_factory.mktemp("run") / "map")
    yield it
    if rclpy.ok():  # the last test goes on with another
        it.close()


@pytest.fixture(scope="module")
def flight() -> tuple[list[np.ndarray], list[Pose]]:
    ground = survey.make_ground(7, (24.0, 20.0))
    poses = survey.survey_poses(ground, CAMERA, length=8.0, legs=1)
    return [survey.render(ground, CAMERA, pose, seed=k) for k, pose in enumerate(poses)], poses


def track_of(flight: int, first: float, poses: list[Pose]) -> PictureTrack:
    message = PictureTrack(flight=flight)
    message.header.frame_id = "map"
    message.stamps = [convert.to_stamp(first + k) for k in range(len(poses))]
    message.poses = [convert.to_pose(pose) for pose in poses]
    message.position_sigma = [0.02] * len(poses)
    return message


def send_pictures(bench: Bench, first: float, pictures: list[np.ndarray]) -> None:
    for k, picture in enumerate(pictures):
        bench.info.publish(convert.to_camera_info(CAMERA, "helicopter/navcam_optical", first + k))
        bench.image.publish(convert.to_image(picture, "mono8", "helicopter/navcam_optical", first + k))


def test_a_flight_becomes_a_map(bench: Bench, flight) -> None:  # type: ignore[no-untyped-def]
    pictures, poses = flight
    orbital = OrbitalMap()
    orbital.corridors = [
        Corridor(
            name="A", centreline=[convert.to_point((-3.0, 0.0)), convert.to_point((3.0, 0.0))], width=3.0
        ),
        Corridor(
            name="B", centreline=[convert.to_point((500.0, 0.0)), convert.to_point((510.0, 0.0))], width=3.0
        ),
    ]
    bench.orbital.publish(orbital)
    send_pictures(bench, 10.0, pictures)
    bench.track.publish(track_of(1, 10.0, poses))
    result = bench.map_flight(1, len(pictures))
    assert result.success, result.message
    assert result.pictures_used == len(pictures)
    assert result.area > 50.0
    assert result.compute_seconds > 0.0
    bench.wait(lambda: bench.heard["map/elevation_cloud"])
    grids = [convert.tile(message, "tile") for message in bench.heard["map/tiles"]]
    for grid in grids:
        assert list(grid.layers) == ["elevation", "sigma", "measured", "intensity", "sand", "rock"]
        assert grid.shape == (256, 256)
    measured = sum(float(np.nansum(grid["measured"])) for grid in grids) * 0.01
    assert measured == pytest.approx(result.area, rel=1e-3)
    index = bench.heard["map/index"][-1]
    assert len(index.versions) == len(grids)
    assert result.coverage[0] > 0.9
    assert result.coverage[1] == 0.0
    occupancy = bench.heard["map/traversability"][-1]
    values = np.array(occupancy.data, dtype=np.int8)
    assert len(values) == occupancy.info.width * occupancy.info.height
    assert values.min() == -1
    assert 0 < values.max() <= 100
    cloud = bench.heard["map/elevation_cloud"][-1]
    xyz = np.frombuffer(cloud.data, np.float32).reshape(-1, 6)[:, :3]
    assert len(xyz) == pytest.approx(result.area / 0.4**2, rel=0.1)
    folder = Path(bench.mapper.get_parameter("map_folder").value)
    for name in ("elevation.tif", "sigma.tif", "ortho.tif", "coverage.json"):
        assert (folder / name).is_file()


def test_bad_messages_are_named_and_the_next_flight_maps(bench: Bench, flight) -> None:  # type: ignore[no-untyped-def]
    pictures, poses = flight
    colour = np.zeros((240, 320, 3), np.uint8)
    bench.image.publish(convert.to_image(colour, "rgb8", "camera", 50.0))
    bench.image.publish(Image(encoding="mono8"))
    bench.image.publish(convert.to_image(np.zeros((10, 10), np.uint8), "mono8", "camera", 51.0))
    bench.info.publish(CameraInfo(width=320, height=240, distortion_model="crooked"))
    bad = track_of(7, 60.0, poses)
    bad.poses[2].position.x = float("nan")
    bench.track.publish(bad)
    result = bench.map_flight(7, 3)
    assert not result.success
    assert "poses[2]" in result.message
    short = track_of(8, 60.0, poses)
    short.position_sigma = [0.1]
    bench.track.publish(short)
    hazards = Hazards(hazards=[Hazard(kind="rock", radius=float("nan")), Hazard(kind="rock", radius=0.5)])
    bench.hazards.publish(hazards)
    words = ("encoding", "size", "10", "crooked", "poses[2]", "position_sigma", "radius")
    bench.wait(lambda: all(word in bench.complaints() for word in words), 10.0)
    bench.wait(lambda: any(h.radius == 0.5 for h in bench.heard["map/hazards"][-1].hazards), 10.0)

    send_pictures(bench, 70.0, pictures[:2])
    bench.track.publish(track_of(2, 70.0, poses[:2]))
    result = bench.map_flight(2, 2)
    assert result.success, result.message
    assert bench.heard["map/tiles"][-1].version == 2


def test_a_flight_without_track_or_overlap_fails_with_the_reason(bench: Bench, flight) -> None:  # type: ignore[no-untyped-def]
    pictures, poses = flight
    result = bench.map_flight(20, 5)
    assert not result.success
    assert "flight 20" in result.message
    send_pictures(bench, 90.0, [pictures[0]])
    bench.track.publish(track_of(3, 90.0, [poses[0]]))
    result = bench.map_flight(3, 1)
    assert not result.success
    assert "overlap" in result.message
    assert bench.map_flight(21, 0).success


def test_black_pictures_are_left_out_and_told(bench: Bench, flight) -> None:  # type: ignore[no-untyped-def]
    pictures, poses = flight
    black = np.zeros_like(pictures[0])
    send_pictures(bench, 110.0, [*pictures[:2], black])
    bench.track.publish(track_of(4, 110.0, poses[:3]))
    result = bench.map_flight(4, 3)
    assert result.success
    assert result.pictures_used == 2
    assert "show nothing: 1 black" in result.message
    send_pictures(bench, 120.0, [black, black])
    bench.track.publish(track_of(5, 120.0, poses[:2]))
    result = bench.map_flight(5, 2)
    assert not result.success
    assert "show nothing: 2 black" in result.message


def test_it_begins_with_an_earlier_map(bench: Bench, tmp_path: Path) -> None:
    folder = bench.mapper.get_parameter("map_folder").value
    before = {(m.tile_row, m.tile_col): convert.tile(m, "tile") for m in bench.heard["map/tiles"]}
    bench.close()
    again = Bench(tmp_path / "map", start_map=folder)
    try:
        again.wait(lambda: len(again.heard["map/tiles"]) == len(before) and again.heard["map/index"])
        for message in again.heard["map/tiles"]:
            tile, old = convert.tile(message, "tile"), before[message.tile_row, message.tile_col]
            for name in ("elevation", "sigma", "measured", "sand", "rock"):
                np.testing.assert_allclose(tile[name], old[name], atol=1e-5, err_msg=name)
        index = again.heard["map/index"][-1]
        assert list(index.versions) == [1] * len(before)
        again.wait(lambda: again.heard["map/hazards"] and again.heard["map/traversability"])
    finally:
        again.close()
