# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Without lock-step, as in Gazebo or on a vehicle: odometry drives, messages overtake, pictures come late."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("wayscout_interfaces.msg", reason="the workspace is not built")

import rclpy
from nav_msgs.msg import Odometry
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import BatteryState, Image, Range
from wayscout_interfaces.action import Fly
from wayscout_interfaces.msg import FlightWaypoint

from wayscout.geometry import Pose
from wayscout_nodes.common import bodies, convert, qos
from wayscout_nodes.common.domains import free_domain
from wayscout_nodes.common.lockstep import Answer, Instant, Lockstep
from wayscout_nodes.common.transforms import TransformSender
from wayscout_nodes.localiser.node import Localiser
from wayscout_nodes.localiser.past import Past, Waiting

LINK = ("map", "helicopter/odom")


def at(x: float) -> Pose:
    return Pose.from_euler(x, 0.0, 0.0)


def test_the_past_is_known_between_two_odometries_and_not_beyond() -> None:
    past = Past()
    assert past.odom(1.0) is None
    past.add(1.0, at(0.0))
    past.add(2.0, at(4.0))
    between = past.odom(1.25)
    assert between is not None
    assert between.position[0] == pytest.approx(1.0)
    assert past.odom(2.01) is None
    assert past.odom(0.99) is None


def test_a_range_is_taken_between_its_neighbours_and_only_from_near_ones() -> None:
    past = Past()
    assert math.isnan(past.distance(1.0))
    for moment, distance in ((1.0, 10.0), (1.1, 12.0), (1.2, math.nan)):
        past.add_range(moment, distance)
    assert past.distance(1.05) == pytest.approx(11.0)
    assert past.distance(1.14) == pytest.approx(12.0)  # the nearer one, since the other had no echo
    assert math.isnan(past.distance(1.19))
    assert math.isnan(past.distance(1.5))
    past.add_range(0.5, 3.0)  # time went back: what was is of another run
    assert past.distance(0.5) == 3.0
    assert math.isnan(past.distance(1.0))


def test_readings_wait_until_odometry_has_come_so_far() -> None:
    waiting: Waiting[str] = Waiting()
    for moment, name in ((1.2, "b"), (1.0, "a"), (1.3, "c")):
        waiting.add(moment, name)
    assert waiting.reached(0.9) == []
    assert waiting.reached(1.2) == [(1.2, "b"), (1.0, "a")]
    assert waiting.reached(1.2) == []
    waiting.clear()
    assert waiting.reached(9.0) == []


class Spinner:
    """Nodes on one executor."""

    def __init__(self, *nodes: Node) -> None:
        self._executor = SingleThreadedExecutor()
        for node in nodes:
            self._executor.add_node(node)

    def until(self, done: Callable[[], bool], limit: float = 15.0) -> None:
        deadline = time.monotonic() + limit
        while not done():
            assert time.monotonic() < deadline, "waited in vain"
            self._executor.spin_once(timeout_sec=0.02)


@pytest.fixture
def ros() -> Iterator[None]:
    rclpy.init(domain_id=free_domain(), args=["--ros-args", "-p", "lockstep:=false"])
    yield
    rclpy.shutdown()


def odometry(moment: float, pose: Pose | None = None) -> Odometry:
    message = Odometry(pose=Odometry().pose)
    message.header.stamp = convert.to_stamp(moment)
    message.pose.pose = convert.to_pose(pose or Pose.identity())
    return message


def test_each_driver_calls_with_what_is_new_and_time_never_steps_back_for_one_that_was_overtaken(
    ros: None,
) -> None:
    listener, speaker = Node("listener"), Node("speaker")
    instants: list[Instant] = []

    def note(instant: Instant) -> Answer:
        instants.append(instant)
        return Answer(idle=True)

    lockstep = Lockstep(listener, "x", note, lockstep=False, driver=("one", "two"), period=0.1)
    for kind, topic, driver in ((Odometry, "one", None), (Odometry, "two", None), (Image, "picture", "one")):
        lockstep.subscribe(kind, topic, driver, each=kind is Image)
    ends = {t: speaker.create_publisher(k, t, qos.COMMAND) for k, t in ((Odometry, "one"), (Odometry, "two"))}
    pictures = speaker.create_publisher(Image, "picture", qos.COMMAND)
    spinner = Spinner(listener, speaker)
    spinner.until(lambda: all(p.get_subscription_count() for p in (*ends.values(), pictures)))

    def say(topic: str, moment: float) -> Instant:
        count = len(instants)
        ends[topic].publish(odometry(moment))
        spinner.until(lambda: len(instants) > count)
        return instants[-1]

    assert set(say("one", 5.0).messages) == {"one"}
    first = say("two", 3.0)  # two seconds late
    assert (first.time, set(first.messages)) == (5.0, {"two"})
    assert convert.seconds(first.messages["two"].header.stamp) == 3.0
    picture = Image()
    for moment in (4.8, 4.9):
        picture.header.stamp = convert.to_stamp(moment)
        pictures.publish(picture)
    spinner.until(lambda: len(lockstep._messages["picture"]) == 2)
    assert set(say("two", 5.1).messages) == {"two"}  # the picture is kept for the driver it belongs to
    second = say("one", 5.2)
    assert (second.time, second.period) == (5.2, pytest.approx(0.2))
    assert set(second.messages) == {"one", "picture"}
    assert convert.seconds(second.messages["picture"].header.stamp) == 4.8
    third = say("one", 25.0)
    assert third.period == 0.1  # a pause is no control period
    assert convert.seconds(third.messages["picture"].header.stamp) == 4.9
    assert say("one", 1.0).time == 1.0  # this is a jump back
    for node in (listener, speaker):
        node.destroy_node()


class Gazebo(Node):
    """A helicopter that moves as it is told, in its own time, and a localiser that is right."""

    def __init__(self) -> None:
        super().__init__("fake")
        self.time, self.position, self.yaw = 0.0, np.zeros(3), 0.0
        self.velocity, self.turn = np.zeros(3), 0.0
        self.pictures = 0
        self._odom = self.create_publisher(Odometry, "helicopter/odom", qos.sensor(False))
        self._range = self.create_publisher(Range, "helicopter/range", qos.sensor(False))
        self._battery = self.create_publisher(BatteryState, "helicopter/battery", qos.sensor(False))
        self._transforms = TransformSender(self)
        from geometry_msgs.msg import TwistStamped
        from std_msgs.msg import Bool

        self.create_subscription(TwistStamped, "helicopter/cmd_vel", self._on_velocity, qos.COMMAND)
        self.create_subscription(Bool, "helicopter/camera/trigger", self._on_trigger, qos.COMMAND)

    def _on_velocity(self, message: object) -> None:
        v = message.twist.linear  # type: ignore[attr-defined]
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        self.velocity = np.array([c * v.x - s * v.y, s * v.x + c * v.y, v.z])
        self.turn = message.twist.angular.z  # type: ignore[attr-defined]

    def _on_trigger(self, _: object) -> None:
        self.pictures += 1

    def step(self, dt: float = 0.1) -> None:
        """Let time pass whether anybody answered or not; no Step is sent."""
        self.time += dt
        self.yaw += self.turn * dt
        self.position = self.position + self.velocity * dt
        self.position[2] = max(self.position[2], 0.0)
        stamp = convert.to_stamp(self.time)
        self._transforms.send(self.time, (*LINK, Pose.identity()))
        laser, battery = Range(range=float(self.position[2]), max_range=50.0), BatteryState(percentage=0.9)
        laser.header.stamp = battery.header.stamp = stamp
        self._range.publish(laser)
        self._battery.publish(battery)
        self._odom.publish(odometry(self.time, Pose.from_euler(*self.position.tolist(), yaw=self.yaw)))


def test_a_flight_is_flown_on_odometry_alone(ros: None) -> None:
    from rclpy.action import ActionClient

    from wayscout_nodes.helicopter.node import Helicopter

    gazebo, helicopter = Gazebo(), Helicopter()
    client = ActionClient(gazebo, Fly, "helicopter/fly")
    spinner = Spinner(gazebo, helicopter)
    spinner.until(client.server_is_ready)
    goal = Fly.Goal()
    goal.plan.flight, goal.plan.name = 1, "to and fro"
    for x in (0.0, 12.0, 0.0):
        point = FlightWaypoint(height=8.0, speed=3.0, picture_spacing=3.0)
        point.position.x = x
        goal.plan.waypoints.append(point)
    goal.plan.landing_sites = [convert.to_point([0.0, 0.0])]
    while helicopter._pose is None:
        gazebo.step()
        spinner.until(lambda: helicopter._time >= gazebo.time - 1e-6 or helicopter._pose is None, 1.0)
        spinner._executor.spin_once(timeout_sec=0.02)
    sent = client.send_goal_async(goal)
    spinner.until(sent.done)
    assert sent.result().accepted
    finished = sent.result().get_result_async()
    deadline = time.monotonic() + 60.0
    while not finished.done():
        assert time.monotonic() < deadline
        gazebo.step()
        for _ in range(6):  # some answers come a step late: nobody waits for them
            spinner._executor.spin_once(timeout_sec=0.002)
    result = finished.result().result
    assert result.success, result.message
    assert gazebo.pictures == result.log.pictures > 4
    assert np.hypot(*gazebo.position[:2]) < 1.0
    assert gazebo.position[2] == pytest.approx(0.0, abs=0.1)
    helicopter.destroy_node()
    gazebo.destroy_node()


def test_a_recharged_pack_counts_before_the_next_odometry(ros: None) -> None:
    from wayscout_nodes.helicopter.node import Helicopter

    gazebo, helicopter = Gazebo(), Helicopter()
    spinner = Spinner(gazebo, helicopter)
    publisher = gazebo.create_publisher(BatteryState, "helicopter/battery", qos.sensor(False))
    spinner.until(lambda: publisher.get_subscription_count() == 1)
    for charge in (0.2, 0.9):
        publisher.publish(BatteryState(percentage=charge))
        spinner.until(lambda charge=charge: helicopter._energy._charge == pytest.approx(charge))
    helicopter.destroy_node()
    gazebo.destroy_node()


def test_a_depth_image_is_taken_where_the_rover_was(ros: None, monkeypatch: pytest.MonkeyPatch) -> None:
    node = Localiser()
    taken: list[tuple[float, float]] = []

    def note(moment: float, _: Image) -> None:
        assert node._rover is not None
        taken.append((moment, float(node._rover.pose.position[0])))

    monkeypatch.setattr(node, "_take_depth", note)
    depth, speed = Image(), 0.5  # m/s
    depth.header.stamp = convert.to_stamp(0.23)
    for moment in (0.1, 0.2, 0.3):  # the image overtakes the odometry of 0.2 s
        messages = {"rover/odom": odometry(moment, at(speed * moment))}
        if moment == 0.2:
            messages["rover/hazcam/depth"] = depth
        node._on_instant(Instant(moment, 0.1, messages, {}))
    assert taken == [(0.23, pytest.approx(speed * (0.23 - 0.1)))]
    assert node._rover is not None
    assert node._rover.pose.position[0] == pytest.approx(speed * 0.2)
    node.destroy_node()


def test_a_range_that_comes_late_does_not_lower_a_climbing_helicopter(ros: None) -> None:
    node = Localiser()
    laser = bodies.fixed_offset("helicopter", "range_link").position[2]
    climb, late = 2.0, 0.06  # m/s, s
    for moment in np.arange(0.1, 4.0, 0.1):
        distance = Range(range=climb * (moment - late) + laser, max_range=40.0)
        distance.header.stamp = convert.to_stamp(moment - late)
        pose = Pose.from_euler(0.0, 0.0, climb * moment)
        messages = {"helicopter/odom": odometry(moment, pose), "helicopter/range": distance}
        node._on_instant(Instant(float(moment), 0.1, messages, {}))
    assert node._helicopter is not None
    assert node._helicopter.filter.pose.position[2] == pytest.approx(climb * moment, abs=0.01)
    node.destroy_node()
