# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The adapter: its plain parts by themselves, the node over real DDS against a small fake of Gazebo."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("wayscout_interfaces.msg", reason="the workspace is not built")

import rclpy
from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import BatteryState, CameraInfo, Image, Imu, JointState, Range
from std_msgs.msg import Bool, Float64
from wayscout_interfaces.srv import AdvanceTime

from wayscout import config
from wayscout.cli import find_world
from wayscout.errors import InvalidInput
from wayscout.flight.solar import SOL, SunPower
from wayscout.geometry import Pose
from wayscout_gazebo import names, pace, readings, vehicles
from wayscout_gazebo.flight import Flight, HelicopterNumbers, levelling
from wayscout_gazebo.node import GazeboAdapter
from wayscout_nodes.common import convert, qos
from wayscout_nodes.common.domains import free_domain
from wayscout_sim.states import JOINTS, STEERS, WHEELS

ROOT = Path(__file__).resolve().parents[3]
BODY = config.load("helicopter", HelicopterNumbers)
CARRIED = {
    "nav_msgs/msg/Odometry": "gz.msgs.Odometry",
    "geometry_msgs/msg/Twist": "gz.msgs.Twist",
    "sensor_msgs/msg/Image": "gz.msgs.Image",
    "std_msgs/msg/Bool": "gz.msgs.Boolean",
    "sensor_msgs/msg/JointState": "gz.msgs.Model",
    "sensor_msgs/msg/Imu": "gz.msgs.IMU",
    "std_msgs/msg/Float64": "gz.msgs.Double",
}
"""Pairs of types that ros_gz_bridge of Jazzy carries (its README), of which the table uses some."""


# -- plain parts --


def flown(flight: Flight, seconds: float, yaw: float = 0.0) -> tuple[np.ndarray, float]:
    for _ in range(round(seconds * 10)):
        velocity, turn = flight.step(0.1, yaw)
    return velocity, turn


def aloft(lag: float = 0.2) -> Flight:
    flight = Flight(BODY, lag)
    flight.motors(True)
    flight.command([0.0, 0.0, 0.1], 0.0)
    flight.step(0.0, 0.0)
    return flight


def test_the_speed_follows_the_command_within_the_limits() -> None:
    flight = aloft()
    flight.command([3.0, 0.0, 0.0], 0.2)
    first, turn = flight.step(0.1, 0.0)
    assert 0.0 < first[0] <= BODY.max_acceleration * 0.1 + 1e-9
    assert turn == 0.2
    velocity, _ = flown(flight, 8.0)
    assert velocity == pytest.approx([3.0, 0.0, 0.0], abs=0.01)
    flight.command([99.0, 0.0, 99.0], -9.0)
    velocity, turn = flown(flight, 30.0)
    assert velocity[0] == pytest.approx(BODY.max_speed, rel=1e-3)
    assert velocity[2] == pytest.approx(BODY.max_climb_rate, rel=1e-3)
    assert turn == -BODY.max_yaw_rate


def test_speed_is_kept_over_the_ground_while_the_body_turns() -> None:
    flight = aloft(lag=0.0)
    flight.command([0.0, 1.0, 0.0], 0.0)
    flown(flight, 3.0, yaw=0.5 * np.pi)  # left of a body that looks north is west
    velocity, _ = flight.step(0.0, 0.0)  # no time to change it
    assert velocity == pytest.approx([-1.0, 0.0, 0.0], abs=1e-6)


def test_it_sinks_gently_to_a_stand_and_leaves_it_when_told_to_climb() -> None:
    flight = aloft()
    flight.command([1.0, 0.0, -0.5], 0.0)
    for _ in range(20):
        velocity, _ = flight.step(0.1, 0.0, climbs=-0.5, height=3.0)
    assert velocity[2] == pytest.approx(-0.5, abs=0.01)
    for _ in range(20):
        velocity, _ = flight.step(0.1, 0.0, climbs=-0.2, height=0.2)
    assert velocity[2] == pytest.approx(-0.2, abs=0.01)
    assert not flight.stands
    for _ in range(2):  # the legs hold it
        velocity, _ = flight.step(0.1, 0.0, climbs=-0.01, height=0.02)
    assert flight.stands
    assert not velocity.any()
    flight.command([0.0, 0.0, 1.0], 0.0)
    assert flight.step(0.1, 0.0, climbs=0.0, height=0.02)[0][2] > 0.0


def test_a_body_out_of_level_is_turned_back() -> None:
    assert levelling(0.1, -0.2) == pytest.approx((-0.2, 0.4))


def test_hovering_and_climbing_cost_what_they_cost_in_the_embedded_simulator() -> None:
    flight = Flight(BODY, lag=0.2)
    flight.motors(True)
    flown(flight, 10.0)
    assert BODY.battery_capacity - flight.charge == pytest.approx(10.0 * BODY.hover_power)
    flight.command([0.0, 0.0, 1.0], 0.0)
    flown(flight, 5.0)
    lift = BODY.mass * BODY.gravity / BODY.climb_efficiency
    assert flight.power == pytest.approx(BODY.hover_power + lift, rel=0.01)
    flight.motors(False)
    before = flight.charge
    assert flown(flight, 5.0)[0] == pytest.approx([0.0, 0.0, 0.0])
    assert flight.charge == before
    flight.recharge(1e9)
    assert flight.charge == BODY.battery_capacity


def test_an_empty_battery_ends_the_flight_for_good() -> None:
    flight = Flight(BODY, lag=0.2)
    flight.motors(True)
    flown(flight, BODY.battery_capacity / BODY.hover_power + 5.0)
    assert flight.charge == 0.0
    assert "empty" in flight.lost
    flight.motors(True)
    assert not flight.on
    assert flight.step(0.1, 0.0)[0][2] < 0.0


@pytest.mark.parametrize("wrong", [[np.nan, 0, 0], [0, 0], [np.inf, 0, 0]])
def test_a_command_that_is_no_number_is_refused(wrong: list[float]) -> None:
    with pytest.raises(InvalidInput, match="cmd_vel"):
        Flight(BODY, 0.2).command(wrong, 0.0)


def depth(value: float) -> Image:
    picture = np.full((15, 15), 99.0, np.float32)
    picture[7, 7] = value
    return convert.to_image(picture, "32FC1", "laser", 1.0)


def test_the_range_is_the_middle_of_the_lasers_picture() -> None:
    assert readings.distance(depth(5.5), 0.1, "laser") == pytest.approx(5.4)
    assert readings.distance(depth(0.05), 0.1, "laser") == 0.0
    assert readings.distance(depth(np.inf), 0.1, "laser") == np.inf
    assert readings.distance(depth(-np.inf), 0.1, "laser") == 0.0
    with pytest.raises(InvalidInput, match=r"laser\.encoding"):
        readings.distance(convert.to_image(np.zeros((2, 2), np.uint8), "mono8", "laser", 1.0), 0.1, "laser")


def joint_states(**changes: float) -> JointState:
    shuffled = sorted(JOINTS)
    angles = {name: changes.get(name, 0.0) for name in shuffled}
    return JointState(name=shuffled, position=list(angles.values()), velocity=[0.5] * len(shuffled))


def test_joints_come_in_their_own_order_and_all_of_them() -> None:
    positions, speeds = readings.joints(joint_states(steer_rear_right=0.3), "joints")
    assert positions[JOINTS.index("steer_rear_right")] == 0.3
    assert np.count_nonzero(positions) == 1
    assert speeds == pytest.approx([0.5] * 14)
    with pytest.raises(InvalidInput, match="wheel_front_left"):
        readings.joints(JointState(name=["a"], position=[0.0]), "joints")
    with pytest.raises(InvalidInput, match="finite"):
        readings.joints(joint_states(rocker_left=np.nan), "joints")


def test_the_pace_is_asked_for_in_gazebos_words() -> None:
    words = pace.request("gully", 1.5)
    assert words[2] == "/world/gully/set_physics"
    assert words[-1] == "max_step_size: 0.004, real_time_factor: 1.5"
    assert "real_time_factor: 1000" in pace.request("gully", 0.0)[-1]


def test_time_passes_as_fast_as_commands_come_in_time() -> None:
    governor = pace.Governor(most=0.0, allowed=0.8, speed=2.0)
    assert governor.update(0.2, 2.0) == pytest.approx(3.0)  # early: half again
    assert governor.update(0.8, 3.0) == pytest.approx(3.0)
    assert governor.update(8.0, 3.0) == pytest.approx(1.2)  # late: at most to two fifths at once
    assert governor.update(0.1, 0.5) == pytest.approx(0.9)  # from what is reached, not from what is allowed
    for _ in range(20):
        slowest = governor.update(9.0, 1.0)
    assert slowest == 0.1
    assert pace.Governor(1.0, 0.25, 1.0).update(0.0, 1.0) == 1.0


# -- the bridge's table --


def bridge() -> list[dict[str, Any]]:
    table: list[dict[str, Any]] = yaml.safe_load((config.directory() / "bridge.yaml").read_text())
    return table


def test_the_bridges_types_exist_and_fit_each_other() -> None:
    for row in bridge():
        package, kind, name = row["ros_type_name"].split("/")
        assert hasattr(importlib.import_module(f"{package}.{kind}"), name)
        assert CARRIED[row["ros_type_name"]] == row["gz_type_name"]
        assert row["direction"] in ("GZ_TO_ROS", "ROS_TO_GZ")
        assert row["gz_topic_name"] == names.in_gazebo(row["ros_topic_name"])
        assert set(row) <= {
            "ros_topic_name", "gz_topic_name", "ros_type_name", "gz_type_name", "direction", "lazy",
        }  # fmt: skip


def test_the_bridge_carries_what_models_and_adapter_use_and_no_more() -> None:
    own = {value for key, value in vars(names).items() if key.isupper()}
    assert {row["ros_topic_name"] for row in bridge()} == own | {names.joint(j) for j in (*WHEELS, *STEERS)}
    told = {e.text for model in (vehicles.rover(), vehicles.helicopter()) for e in model.iter() if e.text}
    assert {row["gz_topic_name"] for row in bridge()} <= told


# -- the node --


class Gazebo(Node):
    """A fake of Gazebo behind its bridge, and of the nodes that use the adapter."""

    def __init__(self) -> None:
        super().__init__("gazebo_fake")
        self.heard: dict[str, list[Any]] = {}
        kinds: list[tuple[type, str, Any]] = [
            (Odometry, "helicopter/odom", qos.sensor(False)),
            (Range, "helicopter/range", qos.sensor(False)),
            (BatteryState, "helicopter/battery", qos.sensor(False)),
            (Image, "helicopter/camera/image_raw", qos.sensor(False)),
            (CameraInfo, "helicopter/camera/camera_info", qos.sensor(False)),
            (Odometry, "rover/odom", qos.sensor(False)),
            (Imu, "rover/imu", qos.sensor(False)),
            (JointState, "rover/joint_states", qos.sensor(False)),
            (Image, "rover/hazcam/depth", qos.sensor(False)),
            (Clock, "/clock", qos.COMMAND),
            (Twist, names.HELICOPTER_VELOCITY, qos.COMMAND),
            (Bool, names.LASER_TRIGGER, qos.COMMAND),
            (Bool, names.NAVCAM_TRIGGER, qos.COMMAND),
            (Bool, names.HAZCAM_TRIGGER, qos.COMMAND),
            (Bool, names.COLOUR_TRIGGER, qos.COMMAND),
            (Image, "helicopter/colour/image_raw", qos.LARGE),  # hears nothing that is sent at best effort
            *((Float64, names.joint(j), qos.COMMAND) for j in (*WHEELS, *STEERS)),
        ]
        for kind, topic, profile in kinds:
            self.heard[topic] = []
            self.create_subscription(kind, topic, self.heard[topic].append, profile)
        self.say: dict[str, Any] = {}
        for kind, topic in (
            (Odometry, names.HELICOPTER_TRUTH),
            (Odometry, names.ROVER_TRUTH),
            (JointState, names.JOINT_STATES),
            (Imu, names.IMU),
            (Image, names.LASER),
            (Image, names.NAVCAM),
            (Image, names.HAZCAM),
            (Image, names.COLOUR),
            (Bool, "helicopter/colour/trigger"),
            (TwistStamped, "helicopter/cmd_vel"),
            (Bool, "helicopter/motors"),
            (Bool, "helicopter/camera/trigger"),
            (JointState, "rover/joint_command"),
        ):
            self.say[topic] = self.create_publisher(kind, topic, qos.COMMAND)
        self.advance = self.create_client(AdvanceTime, "simulation/advance")

    def truth(self, topic: str, time: float, pose: Pose) -> None:
        message = Odometry()
        message.header.stamp = convert.to_stamp(time)
        message.pose.pose = convert.to_pose(pose)
        self.say[topic].publish(message)


class Scene:
    """Adapter and fake on one executor."""

    def __init__(self, gazebo: Gazebo, adapter: GazeboAdapter) -> None:
        self.gazebo, self.adapter = gazebo, adapter
        self._executor = SingleThreadedExecutor()
        for node in (gazebo, adapter):
            self._executor.add_node(node)

    def spin(self, seconds: float) -> None:
        """Let messages come that can't be waited for."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._executor.spin_once(timeout_sec=0.02)

    def until(self, done: Callable[[], bool], limit: float = 15.0) -> None:
        deadline = time.monotonic() + limit
        while not done():
            assert time.monotonic() < deadline, "waited in vain"
            self._executor.spin_once(timeout_sec=0.05)

    def says(self, topic: str, message: Any, answer: str) -> Any:
        """Publish, and return the next message on another topic."""
        before = len(self.gazebo.heard[answer])
        self.gazebo.say[topic].publish(message)
        self.until(lambda: len(self.gazebo.heard[answer]) > before)
        return self.gazebo.heard[answer][-1]

    def newest(self, topic: str) -> Any:
        return self.gazebo.heard[topic][-1]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    world = find_world("gully", ROOT / "worlds")
    rclpy.init(
        args=["--ros-args", "-p", f"world:={world}", "-p", f"truth_log:={tmp_path / 'truth.npz'}"],
        domain_id=free_domain(),
    )
    adapter, gazebo = GazeboAdapter(), Gazebo()
    found = Scene(gazebo, adapter)
    try:
        topics = [names.ROVER_TRUTH, names.HELICOPTER_TRUTH, "helicopter/motors", "rover/joint_command"]
        found.until(lambda: all(gazebo.say[t].get_subscription_count() for t in topics))
        found.until(lambda: gazebo.advance.service_is_ready())
        yield found
    finally:
        adapter.close()
        for node in (adapter, gazebo):
            node.destroy_node()
        rclpy.shutdown()


def rove(scene: Scene, time: float, x: float = 0.0, angle: float = 0.0) -> None:
    """Let the rover be at x, with all wheels turned by an angle."""
    states = joint_states(**dict.fromkeys(WHEELS, angle))
    states.header.stamp = convert.to_stamp(time)
    scene.gazebo.say[names.JOINT_STATES].publish(states)
    scene.spin(0.2)
    scene.gazebo.truth(names.ROVER_TRUTH, time, Pose.from_euler(x, 0, 0))


def test_a_joint_command_reaches_each_motor(scene: Scene) -> None:
    command = JointState(name=[*WHEELS, *STEERS])
    command.velocity = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.0, 0.0, 0.0, 0.0]
    command.position = [0.0] * 6 + [0.7, 0.8, 0.9, 1.0]
    last = names.joint(STEERS[-1])
    scene.says("rover/joint_command", command, last)
    scene.until(lambda: all(scene.gazebo.heard[names.joint(j)] for j in (*WHEELS, *STEERS)))
    values = [scene.newest(names.joint(j)).data for j in (*WHEELS, *STEERS)]
    assert values == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    before = len(scene.gazebo.heard[last])
    scene.gazebo.say["rover/joint_command"].publish(JointState(name=["wheel_of_fortune"], velocity=[1.0]))
    scene.spin(0.3)
    assert len(scene.gazebo.heard[last]) == before


def test_the_rovers_odometry_is_its_encoders_and_not_the_truth(scene: Scene) -> None:
    heard = scene.gazebo.heard
    rove(scene, 1.0)
    scene.until(lambda: bool(heard["rover/odom"]))
    rove(scene, 2.0, x=0.2, angle=4.0)  # the wheels turned 1.05 m, the rover slipped
    scene.until(lambda: len(heard["rover/odom"]) > 1)
    odom = scene.newest("rover/odom")
    radius = 0.5 * float(config.read("rover")["wheel_diameter"].value)  # type: ignore[arg-type]
    assert odom.pose.pose.position.x == pytest.approx(4.0 * radius, rel=0.02)
    assert (odom.header.frame_id, odom.child_frame_id) == ("rover/odom", "rover/base_link")
    assert scene.newest("rover/joint_states").name == list(JOINTS)
    assert scene.newest("rover/imu").header.frame_id == "rover/imu_link"
    scene.until(lambda: convert.seconds(scene.newest("/clock").clock) == 2.0)


def test_a_depth_picture_comes_at_first_and_with_distance(scene: Scene) -> None:
    heard = scene.gazebo.heard
    rove(scene, 1.0)
    scene.until(lambda: len(heard[names.HAZCAM_TRIGGER]) == 1)
    picture = np.full((120, 160), 3.0, np.float32)
    picture[0] = np.inf
    shown = scene.says(names.HAZCAM, convert.to_image(picture, "32FC1", "x", 1.0), "rover/hazcam/depth")
    seen = np.asarray(convert.image(shown, ["32FC1"], "depth"))
    assert np.isnan(seen[0]).all()
    assert np.nanmedian(seen[1:]) == pytest.approx(3.0, abs=0.01)
    assert 0.0 < np.isnan(seen[1:]).mean() < 0.05
    assert shown.header.frame_id == "rover/hazcam_optical"
    rove(scene, 2.0, angle=1.0)  # a quarter of a metre: too soon
    scene.until(lambda: len(heard["rover/odom"]) == 2)
    assert len(heard[names.HAZCAM_TRIGGER]) == 1
    rove(scene, 3.0, angle=2.5)
    scene.until(lambda: len(heard[names.HAZCAM_TRIGGER]) == 2)


def test_a_flight_moves_the_body_drains_the_battery_and_sees(scene: Scene) -> None:
    gazebo, heard = scene.gazebo, scene.gazebo.heard
    gazebo.truth(names.HELICOPTER_TRUTH, 1.0, Pose.from_euler(5, 6, 0.1, yaw=1.0))
    scene.until(lambda: bool(heard["helicopter/odom"]))
    assert not heard[names.HELICOPTER_VELOCITY]  # nothing moves it while it rests
    start = scene.newest("helicopter/odom").pose.pose.position
    assert [start.x, start.y, start.z] == pytest.approx(
        [0, 0, 0], abs=1e-6
    )  # odometry begins at its own origin
    gazebo.say["helicopter/motors"].publish(Bool(data=True))
    command = TwistStamped()
    command.twist.linear.z = 1.0
    gazebo.say["helicopter/cmd_vel"].publish(command)
    scene.until(lambda: scene.adapter.helicopter.flight.on and scene.adapter.helicopter.flight._wanted[2] > 0)
    for k in range(20):
        gazebo.say["helicopter/cmd_vel"].publish(command)
        scene.spin(0.02)
        gazebo.truth(names.HELICOPTER_TRUTH, 1.1 + 0.1 * k, Pose.from_euler(5, 6, 0.1 + 0.1 * k, yaw=1.0))
        scene.until(lambda k=k: len(heard[names.HELICOPTER_VELOCITY]) > k)
    assert 0.5 < scene.newest(names.HELICOPTER_VELOCITY).linear.z <= 1.0
    scene.until(lambda: len(heard["helicopter/odom"]) > 15)
    assert scene.newest("helicopter/odom").pose.pose.position.z > 1.0
    assert 0.9 < scene.newest("helicopter/battery").percentage < 1.0
    scene.until(lambda: len(heard[names.LASER_TRIGGER]) > 15)
    laser = scene.says(names.LASER, depth(7.1), "helicopter/range")
    assert laser.range == pytest.approx(7.0, abs=0.2)
    assert laser.header.frame_id == "helicopter/range_link"
    assert scene.says("helicopter/camera/trigger", Bool(data=True), names.NAVCAM_TRIGGER).data
    grey = convert.to_image(np.full((480, 640, 3), 128, np.uint8), "rgb8", "x", 2.345)
    picture = scene.says(names.NAVCAM, grey, "helicopter/camera/image_raw")
    assert convert.seconds(picture.header.stamp) == pytest.approx(2.345)
    pixels = np.asarray(convert.image(picture, ["mono8"], "picture"))
    assert 0.5 < pixels[200:280, 280:360].std() < 3.0  # the embedded simulator's grain
    assert scene.says("helicopter/colour/trigger", Bool(data=True), names.COLOUR_TRIGGER).data
    red = convert.to_image(np.full((60, 80, 3), (200, 90, 50), np.uint8), "rgb8", "x", 2.4)
    shown = np.asarray(
        convert.image(scene.says(names.COLOUR, red, "helicopter/colour/image_raw"), ["rgb8"], "picture")
    )
    assert shown[20:40, 30:50].mean(axis=(0, 1)) == pytest.approx([200, 90, 50], abs=3.0)
    for k in range(20):  # nobody commands any more: it comes to a hover
        before = len(heard[names.HELICOPTER_VELOCITY])
        gazebo.truth(names.HELICOPTER_TRUTH, 3.1 + 0.1 * k, Pose.from_euler(5, 6, 2.1, yaw=1.0))
        scene.until(lambda before=before: len(heard[names.HELICOPTER_VELOCITY]) > before)
    assert scene.newest(names.HELICOPTER_VELOCITY).linear.z == pytest.approx(0.0, abs=0.01)
    gazebo.say["helicopter/motors"].publish(Bool(data=False))
    scene.until(lambda: scene.newest(names.HELICOPTER_VELOCITY).linear.z == 0.0)
    drawn = len(heard[names.LASER_TRIGGER])
    gazebo.truth(names.HELICOPTER_TRUTH, 8.0, Pose.from_euler(5, 6, 0.1, yaw=1.0))
    scene.until(lambda: scene.adapter.helicopter.truth.pose.position[2] < 1.0)
    assert len(heard[names.LASER_TRIGGER]) == drawn


def test_a_row_of_the_truth_log_is_where_the_flying_helicopter_was_then(scene: Scene, tmp_path: Path) -> None:
    gazebo, heard = scene.gazebo, scene.gazebo.heard
    rove(scene, 0.9)
    gazebo.truth(names.HELICOPTER_TRUTH, 1.9, Pose.from_euler(0, 0, 0))
    scene.until(lambda: bool(heard["rover/odom"]) and bool(heard["helicopter/odom"]))
    gazebo.say["helicopter/motors"].publish(Bool(data=True))
    command = TwistStamped()
    command.twist.linear.z = 1.0  # off the ground
    gazebo.say["helicopter/cmd_vel"].publish(command)
    scene.until(lambda: scene.adapter.helicopter.flight.on and scene.adapter.helicopter.flight._wanted[2] > 0)
    for k in range(12):  # 4 m/s; the rover's pose of the next instant comes before the helicopter's
        gazebo.truth(names.ROVER_TRUTH, 2.0 + 0.1 * (k + 1), Pose.from_euler(0, 0, 0))
        scene.until(lambda k=k: scene.adapter._time >= 2.0 + 0.1 * (k + 1) - 1e-6)
        before = len(heard["helicopter/odom"])
        gazebo.truth(names.HELICOPTER_TRUTH, 2.0 + 0.1 * k, Pose.from_euler(0.4 * k, 0, 5))
        scene.until(lambda before=before: len(heard["helicopter/odom"]) > before)
    scene.adapter.close()
    log = np.load(tmp_path / "truth.npz")
    flown = log["airborne"]
    assert flown.sum() >= 10
    assert log["helicopter"][flown, 0] == pytest.approx(4.0 * (log["time"][flown] - 2.0), abs=1e-6)
    assert (np.diff(log["time"]) > 0.0).all()


def test_advancing_charges_and_leaves_the_clock(scene: Scene) -> None:
    def ask(duration: float) -> AdvanceTime.Response:
        future = scene.gazebo.advance.call_async(AdvanceTime.Request(duration=duration))
        scene.until(future.done)
        answer: AdvanceTime.Response = future.result()
        return answer

    flight = scene.adapter.helicopter.flight
    scene.gazebo.truth(names.HELICOPTER_TRUTH, 1.0, Pose.from_euler(5, 6, 0.1))
    scene.until(lambda: bool(scene.gazebo.heard["helicopter/battery"]))
    flight.charge = 1000.0
    assert ask(0.5 * SOL).success
    charged = 1000.0 + 0.5 * config.load("campaign", SunPower).gain
    assert flight.charge == pytest.approx(charged)
    told = charged / BODY.battery_capacity  # at once, without news from Gazebo
    scene.until(lambda: abs(scene.newest("helicopter/battery").percentage - told) < 1e-6)
    assert not ask(-1.0).success
    assert not ask(float("nan")).success
    scene.gazebo.say["helicopter/motors"].publish(Bool(data=True))
    scene.until(lambda: flight.on)
    refused = ask(10.0)
    assert not refused.success
    assert "motors off" in refused.message
