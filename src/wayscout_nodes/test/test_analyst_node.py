# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The analyst over real DDS: colour pictures, track and map in; a site report, markers and files out."""

from __future__ import annotations

import json
import os
import time as clock
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("wayscout_interfaces.msg", reason="the workspace is not built")

import rclpy
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import Point
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from visualization_msgs.msg import MarkerArray
from wayscout_interfaces.action import Inspect
from wayscout_interfaces.msg import FlightLog, PictureTrack, SiteReport, TerrainIndex, TerrainTile

import wayscout_nodes.analyst.inspection as inspection
from wayscout.camera import Camera
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.grid import Bounds, Grid
from wayscout.sites.records import Mark, Mosaic, Prior, SiteFindings, SiteObject
from wayscout_nodes.analyst.node import Analyst
from wayscout_nodes.common import convert, qos
from wayscout_nodes.common.domains import free_domain

CAMERA = Camera.pinhole(64, 48, 1.4)
DOWN = Pose.from_euler(3.0, 4.0, 8.0, roll=np.pi)
WALL_LIMIT = 40.0  # [s] after which a scenario counts as hung


def findings(prior: Prior, pictures: int) -> SiteFindings:
    """Stand for what was found: a canopy, a piece of debris and a line."""
    corners = np.array([[0.0, 0.0, 1.0], [10.0, 0.0, 1.0], [5.0, 8.0, 1.0]])
    objects = (
        SiteObject("parachute", (5.0, 3.0, 1.0), corners, 21.4, 0.2, 0.3, 0.97, (0.1, 1.2, 2.4),
                   (Mark("dark", 4.0, 2.0, 1.5),), ("dusty",)),
        SiteObject("debris", (9.0, 3.0, 1.0), np.zeros((0, 3)), 0.4, 0.05, 0.1, 1.0, (0.3,)),
        SiteObject("line", (2.0, 2.0, 1.0), corners[:2], 10.0, 0.1, 0.0, 0.8, ()),
    )  # fmt: skip
    colours = np.zeros((20, 30, 3), dtype=np.uint8)
    colours[0, :] = (200, 100, 0)  # the south edge
    layer = np.ones((20, 30), dtype=np.float32)
    mosaic = Mosaic(0.5, (-1.0, -2.0), colours, np.zeros((20, 30), np.int16), layer * 0.02, layer)
    return SiteFindings(prior, mosaic, objects, ("7 lines as far as 2 cm allow",), 7, 1.5, pictures)


class Field(Node):
    """What surrounds the analyst: camera, localiser and mapper."""

    def __init__(self) -> None:
        super().__init__("field")
        self.image = self.create_publisher(Image, inspection.IMAGE, qos.sensor(True))
        self.info = self.create_publisher(CameraInfo, inspection.INFO, qos.sensor(True))
        self.track = self.create_publisher(PictureTrack, inspection.TRACK, qos.latched(10))
        self.tiles = self.create_publisher(TerrainTile, "map/tiles", qos.latched(10))
        self.index = self.create_publisher(TerrainIndex, "map/index", qos.LATCHED)
        self.log = self.create_publisher(FlightLog, "helicopter/log", qos.LATCHED)
        self.sites: list[SiteReport] = []
        self.markers: list[MarkerArray] = []
        self.create_subscription(SiteReport, "science/site", self.sites.append, qos.LATCHED)
        self.create_subscription(MarkerArray, "science/markers", self.markers.append, qos.LATCHED)
        self.client = ActionClient(self, Inspect, "science/inspect")

    def fly(self, flight: int, count: int, *, taken: int | None = None) -> None:
        """Publish a flight's colour pictures (`taken` of `count`) and their track."""
        stamps = [convert.to_stamp(10.0 * flight + k) for k in range(count)]
        for k, stamp in enumerate(stamps[:taken]):
            picture = np.full((CAMERA.height, CAMERA.width, 3), (10 + k, 20, 30), dtype=np.uint8)
            message = convert.to_image(picture, "rgb8", "helicopter/colour_optical", 0.0)
            message.header.stamp = stamp
            self.image.publish(message)
        self.info.publish(convert.to_camera_info(CAMERA, "helicopter/colour_optical", 0.0))
        track = PictureTrack(flight=flight, stamps=stamps, poses=[convert.to_pose(DOWN)] * count)
        track.position_sigma = [0.02] * count
        self.track.publish(track)

    def map(self) -> None:
        """Publish one tile of level ground and the index that names it."""
        grid = Grid.over(Bounds(0.0, 0.0, 12.8, 12.8), 0.1)
        for layer, value in (("elevation", 1.0), ("sigma", 0.05), ("measured", 1.0)):
            grid.add(layer, value)
        self.index.publish(
            TerrainIndex(tile_size=12.8, resolution=0.1, tile_rows=[0], tile_cols=[0], versions=[1])
        )
        self.tiles.publish(convert.to_tile(grid, 0, 0, 1, {}, 0.0))


class Scene:
    """Analyst and field on one executor."""

    def __init__(self, folder: Path) -> None:
        self.analyst = Analyst()
        self.analyst._inspection._folder = folder
        self.analyst._inspection._params = inspection.InspectionParams(60, 0.5, 1.0)
        self.field = Field()
        self._executor = SingleThreadedExecutor()
        for node in (self.analyst, self.field):
            self._executor.add_node(node)
        assert self.field.client.wait_for_server(timeout_sec=20.0)
        self.spin(lambda: self.field.image.get_subscription_count() > 0)
        self.spin(lambda: self.field.tiles.get_subscription_count() > 0)

    def spin(self, until: Callable[[], bool]) -> None:
        limit = clock.monotonic() + WALL_LIMIT
        while not until():
            assert clock.monotonic() < limit, "the node did not answer"
            self._executor.spin_once(timeout_sec=0.05)

    def ask(self, **fields: Any) -> Any:
        goal = Inspect.Goal(flight=1, target="parachute", kind="parachute", position=Point(x=5.0, y=3.0))
        for name, value in {"position_sigma": 3.0, **fields}.items():
            setattr(goal, name, value)
        sent = self.field.client.send_goal_async(goal)
        self.spin(sent.done)
        result = sent.result().get_result_async()
        self.spin(result.done)
        return result.result()

    def close(self) -> None:
        self._executor.shutdown()
        self.field.client.destroy()
        self.analyst.close()
        self.analyst.destroy_node()
        self.field.destroy_node()


@pytest.fixture(scope="module", autouse=True)
def ros() -> Iterator[None]:
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    rclpy.init(domain_id=free_domain())
    yield
    rclpy.try_shutdown()


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What `inspect` was called with; it finds what `findings` says."""
    calls: list[tuple[Any, ...]] = []

    def stand_in(pictures: Any, poses: Any, camera: Any, ground: Any, prior: Prior) -> SiteFindings:
        calls.append((pictures, poses, camera, ground, prior))
        if prior.name == "nothing":
            raise InvalidInput("pictures", len(pictures), "none shows the place")
        return findings(prior, len(pictures))

    monkeypatch.setattr(inspection, "inspect", stand_in)
    return calls


@pytest.fixture
def scene(tmp_path: Path, seen: list[Any]) -> Iterator[Scene]:
    made = Scene(tmp_path / "site")
    yield made
    made.close()


def test_an_inspection_reports_marks_and_writes(
    scene: Scene, seen: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    scene.field.fly(1, 3)
    scene.field.map()
    answer = scene.ask()
    assert answer.status == GoalStatus.STATUS_SUCCEEDED, answer.result.message
    pictures, poses, camera, ground, prior = seen[0]
    assert [int(p[0, 0, 0]) for p in pictures] == [10, 11, 12]
    assert poses[0].position == pytest.approx(DOWN.position)
    assert (camera.width, camera.height) == (64, 48)
    assert float(ground.sample("elevation", 5.0, 3.0)) == pytest.approx(1.0)
    assert (prior.x, prior.y, prior.sigma, prior.kind) == (5.0, 3.0, 3.0, "parachute")

    scene.spin(lambda: bool(scene.field.sites and scene.field.markers))
    report = scene.field.sites[-1]
    assert report == answer.result.report
    assert [o.kind for o in report.objects] == ["parachute", "debris", "line"]
    assert "dark area of 1.50 m2 at (4.0, 2.0)" in list(report.objects[0].notes)
    assert {m.ns for m in scene.field.markers[-1].markers[1:]} == {"site"}

    folder = Path(answer.result.folder)
    assert folder.parent == tmp_path / "site"
    names = {"site.json", "ortho.png", "ortho.tif", "elevation.tif", "pictures"}
    assert names <= {f.name for f in folder.iterdir()}
    facts = json.loads((folder / "site.json").read_text())
    assert facts["lines"] == 7
    assert len(facts["pictures"]) == 3
    assert (folder / facts["pictures"][2]["file"]).is_file()
    scene.ask(target="again")  # the pictures are kept for a second question
    assert len(seen[1][0]) == 3


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"position": Point(x=float("nan"))}, "inspect.position"),
        ({"position_sigma": -1.0}, "target.sigma"),
        ({"kind": "spaceship"}, "target.kind"),
        ({"target": "nothing"}, "none shows the place"),
        ({"flight": 9}, "did not come within"),
    ],
)
def test_what_cannot_be_inspected_is_refused_with_the_reason(
    scene: Scene, fields: dict[str, Any], reason: str
) -> None:
    scene.field.fly(1, 1)
    scene.field.map()
    answer = scene.ask(**fields)
    assert answer.status == GoalStatus.STATUS_ABORTED
    assert reason in answer.result.message
    assert scene.ask().result.success, "the node goes on"


def test_a_flight_without_colour_pictures_is_refused_at_once(scene: Scene) -> None:
    scene.field.map()
    scene.field.log.publish(FlightLog(flight=4, pictures=80))
    scene.spin(lambda: 4 in scene.analyst._inspection._pictureless)
    assert "took no colour pictures" in scene.ask(flight=4).result.message


def test_pictures_that_never_come_cost_themselves_only(scene: Scene, seen: list[tuple[Any, ...]]) -> None:
    scene.field.fly(2, 4, taken=3)
    scene.field.map()
    assert scene.ask(flight=2).result.success
    assert len(seen[0][0]) == len(seen[0][1]) == 3


def test_without_a_map_there_is_no_inspection(scene: Scene) -> None:
    scene.field.fly(1, 1)
    assert "map/tiles" in scene.ask().result.message
