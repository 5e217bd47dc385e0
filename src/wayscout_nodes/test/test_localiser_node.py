# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The localiser over real DDS: a correction for each step, a track after a flight, bad messages survived."""

from __future__ import annotations

import time as clock
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("wayscout_interfaces.msg", reason="the workspace is not built")

import rclpy
from nav_msgs.msg import Odometry
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image, Range
from tf2_msgs.msg import TFMessage
from wayscout_interfaces.msg import FlightLog, OrbitalMap, PictureTrack, Step, StepDone

from wayscout.camera import Camera
from wayscout.geometry import Pose
from wayscout.grid import Grid
from wayscout_nodes.common import bodies, convert, qos
from wayscout_nodes.common.domains import free_domain
from wayscout_nodes.localiser import node as localiser

CAMERA = Camera.pinhole(320, 240, np.deg2rad(47.0))
SHIFT = np.array([0.8, -0.6])
START = Pose.from_euler(2.0, -3.0, 0.0, yaw=0.4)
WALL_LIMIT = 90.0  # [s] after which a scenario counts as hung


class Feeder(Node):
    """Flat textured ground, and what a helicopter above it would send in lock-step."""

    def __init__(self) -> None:
        super().__init__("feeder")
        rng = np.random.default_rng(0)
        n = 1200
        texture = sum(60 * s * cv2.GaussianBlur(rng.normal(size=(n, n)), (0, 0), s) for s in (2, 8, 30))
        self.grey = Grid(0.05, (-30.0, -30.0), (n, n), "map", {"grey": np.clip(128 + texture, 0, 255)})
        self.mount = bodies.fixed_offset("helicopter", "navcam_optical")
        self.laser = bodies.fixed_offset("helicopter", "range_link")
        self.done: list[StepDone] = []
        self.links: dict[tuple[str, str], tuple[float, Pose]] = {}
        self.track: PictureTrack | None = None
        self.colour: PictureTrack | None = None
        self._sensors = {
            topic: self.create_publisher(kind, topic, qos.sensor(True))
            for topic, kind in (
                ("helicopter/odom", Odometry),
                ("helicopter/range", Range),
                ("helicopter/camera/image_raw", Image),
                ("helicopter/camera/camera_info", CameraInfo),
                ("helicopter/colour/camera_info", CameraInfo),
                ("rover/odom", Odometry),
                ("rover/hazcam/depth", Image),
            )
        }
        self._step = self.create_publisher(Step, "simulation/step", qos.COMMAND)
        self.log = self.create_publisher(FlightLog, "helicopter/log", qos.LATCHED)
        self._orbital = self.create_publisher(OrbitalMap, "map/orbital", qos.LATCHED)
        self.create_subscription(StepDone, "simulation/step_done", self.done.append, qos.COMMAND)
        self.create_subscription(TFMessage, "/tf", self._on_tf, 100)
        self.create_subscription(TFMessage, "/tf_static", self._on_tf, qos.LATCHED)
        self.create_subscription(PictureTrack, "helicopter/pictures", self._on_track, qos.LATCHED)
        self.create_subscription(PictureTrack, "helicopter/colour/pictures", self._on_colour, qos.LATCHED)

    def publish_orbital(self) -> None:
        image = cv2.resize(
            cv2.GaussianBlur(self.grey["grey"], (0, 0), 2.5), (240, 240), interpolation=cv2.INTER_AREA
        )
        elevation = Grid(1.0, (-30.0, -30.0), (60, 60), "map", {"elevation": np.zeros((60, 60))})
        message = OrbitalMap(
            elevation=convert.to_tile(elevation, 0, 0, 1, {}, 0.0),
            image=convert.to_image(np.ascontiguousarray(image[::-1]).astype(np.uint8), "mono8", "map", 0.0),
            image_resolution=0.25,
            image_origin=convert.to_point((-30.0 + SHIFT[0], -30.0 + SHIFT[1], 0.0)),
            elevation_sigma=0.3,
            shift_sigma=0.75,
        )
        self._orbital.publish(message)

    def _on_tf(self, message: TFMessage) -> None:
        for t in message.transforms:
            pose = convert.transform(t.transform, "tf")
            self.links[t.header.frame_id, t.child_frame_id] = (convert.seconds(t.header.stamp), pose)

    def _on_track(self, message: PictureTrack) -> None:
        self.track = message

    def _on_colour(self, message: PictureTrack) -> None:
        self.colour = message

    def send(self, time: float, messages: dict[str, object]) -> None:
        for topic, message in messages.items():
            message.header.stamp = convert.to_stamp(time)  # type: ignore[attr-defined]
            self._sensors[topic].publish(message)
        self._step.publish(Step(stamp=convert.to_stamp(time), period=0.1, topics=list(messages)))

    def flying(self, truth: Pose, odom: Pose, picture: bool) -> dict[str, object]:
        """Messages of one instant with the helicopter at `truth`."""
        beam = (truth @ self.laser).rotation()[:, 0]
        distance = -(truth @ self.laser).position[2] / beam[2]
        odometry = Odometry()
        odometry.pose.pose = convert.to_pose(odom)
        messages: dict[str, object] = {
            "helicopter/odom": odometry,
            "helicopter/range": Range(range=float(distance), min_range=0.0, max_range=40.0),
        }
        if picture:
            optical = truth @ self.mount
            v, u = np.mgrid[: CAMERA.height, : CAMERA.width]
            rays = CAMERA.rays(np.stack([u.ravel(), v.ravel()], 1)) @ optical.rotation().T
            hit = optical.position + rays * (-optical.position[2] / rays[:, 2])[:, None]
            grey = np.nan_to_num(self.grey.sample("grey", hit[:, 0], hit[:, 1])).astype(np.uint8)
            messages["helicopter/camera/image_raw"] = convert.to_image(
                grey.reshape(CAMERA.height, CAMERA.width), "mono8", "camera", 0.0
            )
            messages["helicopter/camera/camera_info"] = convert.to_camera_info(CAMERA, "camera", 0.0)
        return messages


@pytest.fixture
def house(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[Feeder, localiser.Localiser, SingleThreadedExecutor]]:
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    args = ["--ros-args"]
    for name, value in (
        ("helicopter_start", "[2.0, -3.0, 0.4]"),
        ("helicopter_start_z", "0.0"),
        ("rover_start", "[-4.0, 1.0, 1.5]"),
    ):
        args += ["-p", f"{name}:={value}"]
    rclpy.init(args=args, domain_id=free_domain())
    feeder, brain = Feeder(), localiser.Localiser()
    executor = SingleThreadedExecutor()
    executor.add_node(feeder)
    executor.add_node(brain)
    yield feeder, brain, executor
    executor.shutdown()
    feeder.destroy_node()
    brain.destroy_node()
    rclpy.try_shutdown()


def spin_until(executor: SingleThreadedExecutor, ready) -> None:  # type: ignore[no-untyped-def]
    end = clock.monotonic() + WALL_LIMIT
    while not ready():
        assert clock.monotonic() < end, "the localiser did not answer"
        executor.spin_once(timeout_sec=0.1)


def step(
    feeder: Feeder, executor: SingleThreadedExecutor, time: float, messages: dict[str, object]
) -> StepDone:
    """Send one instant and wait for the answer and for the corrections of its stamp."""
    count = len(feeder.done)
    vehicles = [topic.split("/")[0] for topic in messages if topic.endswith("/odom")]
    feeder.send(time, messages)

    def answered() -> bool:
        stamps = [feeder.links.get(("map", f"{v}/odom"), (-1.0, None))[0] for v in vehicles]
        return len(feeder.done) > count and all(abs(stamp - time) < 1e-6 for stamp in stamps)

    spin_until(executor, answered)
    return feeder.done[-1]


def test_a_flight_is_followed_and_adjusted(house) -> None:  # type: ignore[no-untyped-def]
    feeder, brain, executor = house
    spin_until(executor, lambda: feeder._step.get_subscription_count() and brain._lockstep is not None)
    feeder.publish_orbital()
    spin_until(executor, lambda: brain._orbital is not None)
    origin = START.inverse()
    pictures, time, truths = 0, 0.0, []
    tilted = bodies.fixed_offset("helicopter", "colour_optical")
    views: dict[float, Pose] = {}  # of colour pictures, beside a picture and between two
    for k in range(40):
        along, height = max(0, k - 15) * 0.5, min(k * 0.8, 12.0)
        truth = START @ Pose.from_euler(along, 0.0, height)
        odom = origin @ truth
        drifted = Pose(odom.position * 1.02, odom.quaternion)
        time = 0.1 * k
        shoot = k >= 15 and k % 4 == 0
        pictures += shoot
        if shoot:
            truths.append(truth @ feeder.mount)
        messages = feeder.flying(truth, drifted, shoot)
        if k in (20, 27, 36):
            views[time] = truth @ tilted
            messages["helicopter/colour/camera_info"] = convert.to_camera_info(CAMERA, "colour", 0.0)
        answer = step(feeder, executor, time, messages)
        assert answer.idle
        stamp, correction = feeder.links["map", "helicopter/odom"]
        assert stamp == pytest.approx(time, abs=1e-6)
        assert np.linalg.norm((correction @ drifted).position - truth.position) < 0.5
        assert ("helicopter/odom", "helicopter/base_link") in feeder.links
    feeder.log.publish(FlightLog(flight=1, pictures=pictures, landing=convert.to_stamp(time)))
    spin_until(executor, lambda: feeder.track is not None)
    assert feeder.track is not None
    assert feeder.track.flight == 1
    assert len(feeder.track.stamps) == len(feeder.track.position_sigma) == pictures
    for message, truth in zip(feeder.track.poses, truths, strict=True):
        assert np.linalg.norm(convert.pose(message, "track").position - truth.position) < 0.35
    spin_until(executor, lambda: feeder.colour is not None)
    assert feeder.colour is not None
    assert [convert.seconds(s) for s in feeder.colour.stamps] == pytest.approx(list(views))
    for message, view in zip(feeder.colour.poses, views.values(), strict=True):
        found = convert.pose(message, "track")
        assert np.linalg.norm(found.position - view.position) < 0.35
        assert found.rotation()[:, 2] @ view.rotation()[:, 2] > np.cos(0.03)
    shift = brain._helicopter.filter.shift[0]
    assert np.abs(shift - SHIFT).max() < 0.35


def test_fixed_frames_of_both_vehicles_are_latched(house) -> None:  # type: ignore[no-untyped-def]
    feeder, _, executor = house
    wanted = {f"{v}/{child}" for v in ("helicopter", "rover") for child in bodies.fixed_links(v)}
    assert {"helicopter/navcam_optical", "rover/hazcam_optical"} <= wanted
    spin_until(executor, lambda: wanted <= {child for _, child in feeder.links})
    camera = feeder.links["helicopter/base_link", "helicopter/navcam_optical"][1]
    assert camera.rotation()[:, 2] == pytest.approx([0.0, 0.0, -1.0], abs=1e-9)  # z along the view: down


def test_bad_messages_are_dropped_and_the_answer_still_comes(house) -> None:  # type: ignore[no-untyped-def]
    feeder, _, executor = house
    spin_until(executor, lambda: bool(feeder._step.get_subscription_count()))
    good = feeder.flying(START, Pose.identity(), False)
    step(feeder, executor, 0.0, good)
    lost = feeder.flying(START, Pose.identity(), False)
    lost["helicopter/odom"].pose.pose.position.x = float("nan")  # type: ignore[attr-defined]
    lost["helicopter/camera/image_raw"] = Image(encoding="rgb8")
    step(feeder, executor, 0.1, lost)
    stamp, correction = feeder.links["map", "helicopter/odom"]
    assert stamp == pytest.approx(0.1, abs=1e-6)
    assert np.allclose(correction.position, START.position, atol=0.05)


def odometry_pose(message: Odometry) -> Pose:
    return convert.pose(message.pose.pose, "odom")


def test_the_rover_starts_where_it_was_put(house) -> None:  # type: ignore[no-untyped-def]
    feeder, _, executor = house
    spin_until(executor, lambda: bool(feeder._step.get_subscription_count()))
    odometry = Odometry()
    odometry.pose.pose = convert.to_pose(Pose.from_euler(7.0, 8.0, 9.0, yaw=0.3))
    depth = convert.to_image(np.full((120, 160), np.nan, np.float32), "32FC1", "hazcam", 0.0)
    step(feeder, executor, 0.25, {"rover/odom": odometry, "rover/hazcam/depth": depth})
    _, correction = feeder.links["map", "rover/odom"]
    pose = correction @ odometry_pose(odometry)
    assert np.allclose(pose.position[:2], [-4.0, 1.0], atol=1e-6)
    assert pose.yaw == pytest.approx(1.5)
    before = pose.position
    feeder.links.clear()
    step(feeder, executor, 0.25, {"rover/odom": odometry})  # told again: answered and sent again, as it was
    assert np.array_equal((feeder.links["map", "rover/odom"][1] @ odometry_pose(odometry)).position, before)
