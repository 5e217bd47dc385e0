# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What viewers are shown: every mark where it belongs, joints that turn, tracks that follow."""

from __future__ import annotations

import math
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("wayscout_interfaces.msg", reason="the workspace is not built")

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import Marker, MarkerArray
from wayscout_interfaces.msg import (
    Corridor,
    DriveState,
    FlightPlan,
    FlightWaypoint,
    Hazard,
    Hazards,
    MissionStatus,
    OrbitalMap,
    PictureTrack,
)

from wayscout.geometry import Pose
from wayscout.grid import Grid
from wayscout_nodes.common import bodies, convert, markers, qos
from wayscout_nodes.common.domains import free_domain
from wayscout_nodes.common.reader import Reader
from wayscout_nodes.scene import drawing, tracks
from wayscout_nodes.scene.node import Scene


def hill() -> Grid:
    """Return 40 m of ground that climbs 1 m in 10 m eastwards."""
    ground = Grid(1.0, (-20.0, -20.0), (40, 40))
    ground["elevation"] = np.broadcast_to(0.1 * ground.centres()[0], (40, 40))
    return ground


def xyz(marker: Marker) -> np.ndarray:
    return np.array([[p.x, p.y, p.z] for p in marker.points])


def test_markers_are_in_the_map_at_all_times_and_replace_what_was() -> None:
    array = markers.fresh(
        [markers.line("a", 3, [[0, 0, 0], [1, 0, np.nan], [2, 0, 0]], 0.5, (1.0, 0.0, 0.5))]
    )
    clear, line = array.markers
    assert clear.action == Marker.DELETEALL
    assert line.header.frame_id == "map"
    assert (line.header.stamp.sec, line.header.stamp.nanosec) == (0, 0)
    assert line.pose.orientation.w == 1.0
    assert (line.ns, line.id, line.type, line.scale.x) == ("a", 3, Marker.LINE_STRIP, 0.5)
    assert xyz(line).tolist() == [[0, 0, 0], [2, 0, 0]]
    assert (line.color.r, line.color.b) == (1.0, 0.5)
    words = markers.text("b", 0, "hello", (1.0, 2.0, 3.0), 0.7)
    assert (words.type, words.text, words.scale.z) == (Marker.TEXT_VIEW_FACING, "hello", 0.7)
    assert words.pose.position.z == 3.0


def test_corridors_lie_on_the_ground_in_the_colours_of_their_routes() -> None:
    line = [convert.to_point((-15.0, 0.0)), convert.to_point((15.0, 0.0))]
    given = [Corridor(name=name, centreline=line, width=5.0) for name in "AB"]
    shown = drawing.corridors(given, hill())
    lines = [m for m in shown if m.type == Marker.LINE_STRIP]
    names = [m.text for m in shown if m.type == Marker.TEXT_VIEW_FACING]
    assert names == ["A", "B"]
    assert [(m.color.r, m.color.g, m.color.b) for m in lines] == [
        pytest.approx(c) for c in markers.ROUTES[:2]
    ]
    places = xyz(lines[0])
    assert len(places) == 16
    np.testing.assert_allclose(places[:, 2], 0.1 * places[:, 0] + drawing.LIFT, atol=1e-5)


def test_the_ground_is_a_whole_sheet_of_few_triangles_below_what_is_measured() -> None:
    (mesh,) = drawing.ground(hill(), 0.9)
    places = xyz(mesh)
    assert mesh.type == Marker.TRIANGLE_LIST
    assert len(mesh.colors) == len(places)
    assert len(places) % 6 == 0
    assert len(places) <= 6 * drawing.MESH_CELLS**2
    np.testing.assert_allclose(places[:, 2], 0.1 * places[:, 0] - 0.9, atol=1e-4)
    corners = places.reshape(-1, 3, 3)
    (ax, ay), (bx, by) = ((corners[:, k, :2] - corners[:, 0, :2]).T for k in (1, 2))
    area = 0.5 * (ax * by - ay * bx)
    assert area.min() > 0.0, "all face up"
    sides = np.ptp(places[:, :2], axis=0)
    assert area.sum() == pytest.approx(sides[0] * sides[1], rel=1e-5)
    hole = hill()
    hole["elevation"][0, 0] = np.nan
    assert len(xyz(drawing.ground(hole, 0.0)[0])) == len(places) - 6
    large = Grid(1.0, (0.0, 0.0), (256, 256))
    large["elevation"] = np.zeros(large.shape)
    assert len(drawing.ground(large, 0.0)[0].points) <= 6 * drawing.MESH_CELLS**2


def plan(flight: int = 2) -> FlightPlan:
    def way(x: float, height: float, spacing: float) -> FlightWaypoint:
        place = convert.to_point((x, 1.0))
        return FlightWaypoint(position=place, height=height, speed=1.0, picture_spacing=spacing)

    return FlightPlan(
        flight=flight,
        name="survey",
        waypoints=[way(-10.0, 5.0, 0.0), way(0.0, 5.0, 0.0), way(10.0, 8.0, 1.0)],
    )


def test_a_plan_is_drawn_above_the_ground_and_shows_where_pictures_are_taken() -> None:
    ways, legs = drawing.plans([plan()], hill())
    assert (ways.ns, legs.ns) == ("survey ways", "survey legs")
    assert ways.type == legs.type == Marker.LINE_LIST
    np.testing.assert_allclose(xyz(ways)[:, 2], 0.1 * xyz(ways)[:, 0] + 5.0, atol=1e-5)
    np.testing.assert_allclose(xyz(legs)[:, 2], 0.1 * xyz(legs)[:, 0] + 8.0, atol=1e-5)
    assert xyz(ways)[:, 0].max() == 0.0
    assert xyz(legs)[:, 0].min() == 0.0
    assert legs.color.g == pytest.approx(drawing.FLIGHTS[2][1])
    beyond = plan()
    beyond.waypoints[2].position.x = 500.0  # the map ends: so does the line
    assert xyz(drawing.plans([beyond], hill())[1])[:, 0].max() <= 20.0
    assert drawing.plans([FlightPlan(flight=1, name="none")], hill()) == []


def test_pictures_look_along_their_optical_axis() -> None:
    down = Pose.from_euler(1.0, 2.0, 10.0, roll=math.pi)
    track = PictureTrack(flight=3, poses=[convert.to_pose(down)], position_sigma=[0.1])
    balls, views = drawing.pictures([track, PictureTrack(flight=4)], "pictures")
    assert xyz(balls).tolist() == [[1.0, 2.0, 10.0]]
    np.testing.assert_allclose(xyz(views), [[1, 2, 10], [1, 2, 9]], atol=1e-9)
    broken = PictureTrack(flight=5, poses=[convert.to_pose(down)])
    broken.poses[0].position.x = math.nan
    assert drawing.pictures([broken], "pictures") == []


def test_hazards_are_gathered_by_kind_and_size() -> None:
    given = Hazards(
        hazards=[
            Hazard(kind=kind, radius=radius, position=convert.to_point((k, 0.0)))
            for k, (kind, radius) in enumerate([("rock", 0.2), ("rock", 0.24), ("rock", 9.0), ("sand", 0.9)])
        ]
    )
    shown = {(m.ns, m.id): m for m in drawing.hazards(given)}
    assert {key: len(m.points) for key, m in shown.items()} == {
        ("rock", 0): 2,
        ("rock", 4): 1,
        ("sand", 2): 1,
    }
    assert shown["rock", 0].type == Marker.SPHERE_LIST
    assert shown["rock", 4].scale.x == 8.0
    assert (shown["sand", 2].type, shown["sand", 2].scale.x) == (Marker.CUBE_LIST, 2.0)
    assert drawing.hazards(Hazards()) == []


def test_words_say_phase_and_numbers() -> None:
    status = MissionStatus(phase="flight", flight=3, text="survey A", coverage=0.42, real_time_factor=11.0)
    assert drawing.words(status, None).splitlines() == [
        "flight 3",
        "survey A",
        "mapped 42 %",
        "11.0 x real time",
    ]
    drive = DriveState(metres_to_go=31.4, tilt=math.radians(12.0), slip=0.07)
    words = drawing.words(MissionStatus(phase="driving"), drive)
    assert words.splitlines() == ["driving", "31 m to go", "tilt 12 deg, slip 7 %"]


def transforms(time: float, x: float, correction: float = 0.0) -> TFMessage:
    return TFMessage(
        transforms=[
            convert.to_transform("map", "rover/odom", time, Pose.from_euler(correction, 0.0, 0.0)),
            convert.to_transform("rover/odom", "rover/base_link", time, Pose.from_euler(x, 0.0, 0.0)),
            convert.to_transform("map", "helicopter/odom", time, Pose.from_euler(9.0, 9.0, 9.0)),
        ]
    )


def test_a_track_follows_one_vehicle_at_its_spacing(monkeypatch: pytest.MonkeyPatch) -> None:
    track = tracks.Track("rover", 0.5)
    track.take(TFMessage())
    for k in range(11):
        track.take(transforms(k, 0.2 * k, correction=100.0))
    assert [round(p.x, 6) for p in track.points] == [100.0, 100.6, 101.2, 101.8]
    assert track.pose is not None
    assert track.pose.position[0] == pytest.approx(102.0)
    bad = transforms(20.0, 5.0)
    bad.transforms[1].transform.rotation.w = 7.0
    track.take(bad)
    assert len(track.points) < 6
    monkeypatch.setattr(tracks, "MOST", 8)
    for k in range(100):
        track.take(transforms(k, 5.0 + k, correction=100.0))
    assert len(track.points) <= 8
    assert track.points[0].x == 100.0


@pytest.fixture
def nodes() -> Iterator[tuple[Scene, Node, SingleThreadedExecutor]]:
    rclpy.init(domain_id=free_domain())
    scene, other = Scene(), Node("other")
    executor = SingleThreadedExecutor()
    executor.add_node(scene)
    executor.add_node(other)
    yield scene, other, executor
    scene.close()
    executor.shutdown()
    scene.destroy_node()
    other.destroy_node()
    rclpy.shutdown()


def test_the_scene_shows_what_it_hears_also_to_who_comes_late(nodes) -> None:
    _, other, executor = nodes
    heard: dict[str, list] = {}

    def listen(kind: type, topic: str) -> None:
        heard[topic] = []
        other.create_subscription(kind, topic, heard[topic].append, qos.LATCHED)

    def wait(until) -> None:
        end = time.monotonic() + 15.0
        while not until():
            assert time.monotonic() < end, {topic: len(messages) for topic, messages in heard.items()}
            executor.spin_once(timeout_sec=0.05)

    ground = hill()
    orbital = OrbitalMap(elevation=convert.to_tile(ground, 0, 0, 1, {}, 0.0))
    orbital.corridors = [
        Corridor(name="A", centreline=[convert.to_point((0.0, 0.0)), convert.to_point((9.0, 0.0))])
    ]
    other.create_publisher(OrbitalMap, "map/orbital", qos.LATCHED).publish(orbital)
    other.create_publisher(FlightPlan, "helicopter/plan", qos.latched(20)).publish(plan())
    status = other.create_publisher(MissionStatus, "mission/status", qos.COMMAND)
    moving = other.create_publisher(TFMessage, "/tf", 100)
    joints = other.create_publisher(JointState, "rover/joint_states", qos.sensor(True))
    for board in ("corridors", "plans", "status", "tracks"):
        listen(MarkerArray, f"scene/{board}")
    listen(String, "rover/robot_description")
    listen(TFMessage, "/tf_static")
    wait(lambda: heard["scene/plans"] and heard["scene/corridors"] and heard["/tf_static"])
    description = heard["rover/robot_description"][-1].data
    links = {link.get("name") for link in ElementTree.fromstring(description).iter("link")}
    told = heard["/tf_static"][-1].transforms
    fixed = set(bodies.fixed_links("rover"))
    assert {t.child_frame_id for t in told} == {f"rover/{link}" for link in links - fixed - {"base_link"}}
    wait(lambda: joints.get_subscription_count() and moving.get_subscription_count())

    def said() -> bool:
        said.count += 1
        status.publish(MissionStatus(phase="driving", text="up"))
        moving.publish(transforms(said.count, 0.3 * said.count))
        joints.publish(JointState(name=["steer_front_left"], position=[0.5]))
        tracked = heard["scene/tracks"] and len(heard["scene/tracks"][-1].markers) > 1
        worded = heard["scene/status"] and len(heard["scene/status"][-1].markers) > 1
        return bool(tracked and worded and len(heard["/tf_static"]) > 1)

    said.count = 0
    wait(said)
    assert heard["scene/status"][-1].markers[1].text.startswith("driving")
    turned = {t.child_frame_id: t for t in heard["/tf_static"][-1].transforms}["rover/steer_front_left_link"]
    assert turned.transform.rotation.z == pytest.approx(math.sin(0.25))


def test_a_reader_takes_the_newest_and_some_between() -> None:
    rclpy.init(domain_id=free_domain())
    owner = Node("owner")
    reader = Reader(owner)
    reader.subscribe(String, "words", 100)
    publisher = owner.create_publisher(String, "words", 100)
    try:
        while not publisher.get_subscription_count():
            time.sleep(0.01)
        for k in range(10):
            publisher.publish(String(data=str(k)))
        time.sleep(0.5)
        assert [m.data for m in reader.take("words", 3)] == ["2", "5", "9"]
        assert reader.take("words", 3) == []
        publisher.publish(String(data="last"))
        time.sleep(0.2)
        assert [m.data for m in reader.take("words")] == ["last"]
    finally:
        reader.close()
        owner.destroy_node()
        rclpy.shutdown()


def test_joints_turn_about_their_axis() -> None:
    joints = bodies.joints("rover")
    wheel = joints["wheel_front_left"]
    assert wheel.kind == "continuous"
    np.testing.assert_allclose(wheel.at(0.0).matrix(), wheel.origin.matrix())
    quarter = wheel.origin.inverse() @ wheel.at(math.pi / 2)
    np.testing.assert_allclose(quarter.apply([1.0, 0.0, 0.0]), [0.0, 0.0, -1.0], atol=1e-12)
    assert bodies.fixed_links("rover").keys() == {"hazcam_optical", "imu_link"}
