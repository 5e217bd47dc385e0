# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Helicopter and rover nodes over real DDS, against a kinematic stand-in for simulator and localiser."""

from __future__ import annotations

import os
import time as clock
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("wayscout_interfaces.msg", reason="the workspace is not built")

import rclpy
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import Point, PoseStamped, TwistStamped
from nav_msgs.msg import Odometry
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import BatteryState, Image, JointState, Range
from std_msgs.msg import Bool
from std_srvs.srv import Trigger
from wayscout_interfaces.action import Drive, Fly, Recon
from wayscout_interfaces.msg import FlightPlan, FlightWaypoint, OrbitalMap, Step, StepDone

from wayscout import config
from wayscout.driving.body import RoverBody
from wayscout.driving.steering import WheelCommand, twist
from wayscout.geometry import Pose
from wayscout.grid import Bounds, Grid
from wayscout_nodes.common import convert, qos
from wayscout_nodes.common.domains import free_domain
from wayscout_nodes.common.transforms import TransformSender
from wayscout_nodes.helicopter.node import Helicopter
from wayscout_nodes.rover.node import Rover

CORRECTION = Pose.from_euler(0.5, -0.3, 0.2)
WALL_LIMIT = 60.0  # [s] after which a scenario counts as hung


class World(Node):
    """Moves one vehicle by its commands on level ground, in lock-step, while it is not idle."""

    def __init__(self, vehicle: str, period: float) -> None:
        super().__init__("simulator_stand_in")
        self.vehicle, self.period = vehicle, period
        self.time = 100.0
        self.position, self.yaw = np.array([0.0, 0.0, 0.0]), 0.0
        self.velocity = np.zeros(3)
        self.charge = 1.0
        self.slip = 0.0
        self.triggers = self.colour_triggers = 0
        self.rotors = False
        self.commands: dict[str, Any] = {}
        self.done: StepDone | None = None
        self._step = self.create_publisher(Step, "simulation/step", qos.COMMAND)
        self._odom = self.create_publisher(Odometry, f"{vehicle}/odom", qos.sensor(True))
        self._range = self.create_publisher(Range, "helicopter/range", qos.sensor(True))
        self._battery = self.create_publisher(BatteryState, "helicopter/battery", qos.sensor(True))
        self.depth = self.create_publisher(Image, "rover/hazcam/depth", qos.sensor(True))
        self._orbital = self.create_publisher(OrbitalMap, "map/orbital", qos.LATCHED)
        self._transforms = TransformSender(self)
        self.create_subscription(StepDone, "simulation/step_done", self._on_done, qos.COMMAND)
        for kind, topic in (
            (TwistStamped, "helicopter/cmd_vel"),
            (Bool, "helicopter/motors"),
            (JointState, "rover/joint_command"),
        ):
            self.create_subscription(
                kind, topic, lambda m, topic=topic: self.commands.__setitem__(topic, m), qos.COMMAND
            )
        self.create_subscription(Bool, "helicopter/camera/trigger", self._on_trigger, qos.COMMAND)
        self.create_subscription(Bool, "helicopter/colour/trigger", self._on_colour, qos.COMMAND)
        grid = Grid.over(Bounds(-60.0, -60.0, 60.0, 60.0), 1.0)
        grid.add("elevation", 0.0)
        self._orbital.publish(OrbitalMap(elevation=convert.to_tile(grid, 0, 0, 1, {}, 0.0)))

    def _on_trigger(self, message: Bool) -> None:
        self.triggers += int(message.data)

    def _on_colour(self, message: Bool) -> None:
        self.colour_triggers += int(message.data)

    def _on_done(self, message: StepDone) -> None:
        self.done = message

    def begin(self) -> None:
        """Publish one instant."""
        self.done = None
        stamp = convert.to_stamp(self.time)
        odom = Odometry(pose=Odometry().pose)
        odom.header.stamp = stamp
        body = Pose.from_euler(*(float(v) for v in self.position), yaw=self.yaw)
        odom.pose.pose = convert.to_pose(CORRECTION.inverse() @ body)
        topics = [f"{self.vehicle}/odom"]
        if self.vehicle == "helicopter":
            laser = Range(range=float(self.position[2]), max_range=50.0)
            battery = BatteryState(percentage=self.charge)
            laser.header.stamp = battery.header.stamp = stamp
            self._range.publish(laser)
            self._battery.publish(battery)
            topics += ["helicopter/range", "helicopter/battery"]
        self._step.publish(Step(stamp=stamp, period=self.period, topics=topics))
        self._odom.publish(odom)
        self._transforms.send(self.time, ("map", f"{self.vehicle}/odom", CORRECTION))

    def answered(self) -> bool:
        wanted = convert.to_stamp(self.time)
        if self.done is None or self.done.stamp != wanted:
            return False
        return all(topic in self.commands or topic.endswith("trigger") for topic in self.done.topics)

    def move(self) -> None:
        """Let one period pass."""
        dt = self.period
        if self.vehicle == "helicopter":
            command, motors = self.commands.get("helicopter/cmd_vel"), self.commands.get("helicopter/motors")
            if motors is not None:  # told when it changes
                self.rotors = bool(motors.data)
            if command is not None and self.rotors:
                c, s = np.cos(self.yaw), np.sin(self.yaw)
                v = command.twist.linear
                self.velocity = np.array([c * v.x - s * v.y, s * v.x + c * v.y, v.z])
                self.yaw += command.twist.angular.z * dt
                self.charge -= 350.0 * dt / 129600.0
            else:
                self.velocity = np.zeros(3)
            self.position = self.position + self.velocity * dt
            self.position[2] = max(self.position[2], 0.0)
        elif "rover/joint_command" in self.commands:
            message = self.commands["rover/joint_command"]
            wheel = WheelCommand(np.array(message.velocity[:6]), np.array(message.position[6:]))
            v, _, omega = twist(wheel, config.load("rover", RoverBody))
            way = v * (1.0 - self.slip) * dt
            self.position[:2] += way * np.array([np.cos(self.yaw), np.sin(self.yaw)])
            self.yaw += omega * dt
        self.commands.clear()
        self.time += dt


class Scene:
    """A vehicle node, the world and an action client on one executor."""

    def __init__(self, vehicle: Node, world: World, client: ActionClient) -> None:
        self.vehicle, self.world, self.client = vehicle, world, client
        self.feedback: list[Any] = []
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(vehicle)
        self._executor.add_node(world)
        assert client.wait_for_server(timeout_sec=20.0)
        self.spin(lambda: vehicle._terrain.orbital is not None)
        self.step()

    def spin(self, until: Callable[[], bool]) -> None:
        limit = clock.monotonic() + WALL_LIMIT
        while not until():
            assert clock.monotonic() < limit, "the node did not answer"
            self._executor.spin_once(timeout_sec=0.05)

    def step(self) -> None:
        self.world.begin()
        self.spin(self.world.answered)

    def send(self, goal: Any) -> Any:
        future = self.client.send_goal_async(goal, lambda m: self.feedback.append(m.feedback))
        self.spin(future.done)
        assert future.result().accepted
        return future.result()

    def finish(self, handle: Any, before_step: Callable[[], None] | None = None) -> Any:
        """Let time pass until the goal has ended; return the wrapped result."""
        future = handle.get_result_async()
        limit = clock.monotonic() + WALL_LIMIT
        while not future.done():
            assert clock.monotonic() < limit, "the goal did not end"
            if before_step is not None:
                before_step()
            self.world.move()
            self.step()
            if self.world.done is not None and self.world.done.idle:
                self.spin(future.done)
        return future.result()


@pytest.fixture(scope="module", autouse=True)
def ros() -> Iterator[None]:
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    rclpy.init(domain_id=free_domain())
    yield
    rclpy.try_shutdown()


def make_scene(kind: type[Node], world: World, action: Any, topic: str) -> Iterator[Scene]:
    vehicle = kind()
    try:
        yield Scene(vehicle, world, ActionClient(world, action, topic))
    finally:
        vehicle.destroy_node()
        world.destroy_node()


@pytest.fixture
def flying() -> Iterator[Scene]:
    yield from make_scene(Helicopter, World("helicopter", 0.1), Fly, "helicopter/fly")


@pytest.fixture
def scouting() -> Iterator[Scene]:
    yield from make_scene(Helicopter, World("helicopter", 0.1), Recon, "helicopter/recon")


@pytest.fixture
def driving() -> Iterator[Scene]:
    yield from make_scene(Rover, World("rover", 0.25), Drive, "rover/drive")


def plan(*points: tuple[float, float], spacing: float = 0.0) -> Fly.Goal:
    waypoints = [
        FlightWaypoint(position=Point(x=float(x), y=float(y)), height=5.0, speed=4.0, picture_spacing=spacing)
        for x, y in points
    ]
    return Fly.Goal(plan=FlightPlan(flight=3, name="test", waypoints=waypoints))


def path(*points: tuple[float, float], frame: str = "map") -> Drive.Goal:
    goal = Drive.Goal()
    goal.path.header.frame_id = frame
    for x, y in points:
        pose = PoseStamped()
        pose.pose.position.x, pose.pose.position.y = float(x), float(y)
        goal.path.poses.append(pose)
    return goal


def test_a_flight_is_flown_logged_and_landed(flying: Scene) -> None:
    result = flying.finish(flying.send(plan((0, 0), (20, 0), (0, 0), spacing=4.0)))
    assert result.status == GoalStatus.STATUS_SUCCEEDED
    log = result.result.log
    assert result.result.success
    assert log.outcome == "complete"
    assert log.flight == 3
    assert log.distance == pytest.approx(39.0, rel=0.08)
    assert log.pictures == flying.world.triggers == pytest.approx(10, abs=1)
    assert log.energy == pytest.approx(350.0 * log.duration, rel=0.15)
    assert np.hypot(*flying.world.position[:2]) < 1.0
    assert flying.world.position[2] < 0.15
    assert {f.phase for f in flying.feedback} >= {"climb", "survey", "return", "descend"}
    assert flying.world.done is not None
    assert flying.world.done.idle


def test_a_cancelled_flight_lands(flying: Scene) -> None:
    handle = flying.send(plan((0, 0), (50, 0), (0, 0)))

    def cancel() -> None:
        if flying.world.position[0] > 10.0 and not asked:
            asked.append(handle.cancel_goal_async())

    asked: list[Any] = []
    result = flying.finish(handle, cancel)
    assert result.status == GoalStatus.STATUS_CANCELED
    assert result.result.log.outcome == "cut short"
    assert flying.world.position[2] < 0.15
    assert np.hypot(*flying.world.position[:2]) < 1.5


@pytest.mark.parametrize("when", ["climbing", "on its way"])
def test_an_aborted_flight_lands_at_the_nearest_site_and_says_so(flying: Scene, when: str) -> None:
    client = flying.world.create_client(Trigger, "helicopter/abort")
    assert client.wait_for_service(timeout_sec=20.0)
    goal = plan((0, 0), (50, 0), (0, 0))
    goal.plan.landing_sites = [Point(x=-30.0, y=0.0), Point(x=40.0, y=0.0)]

    def told() -> Any:
        answer = client.call_async(Trigger.Request())
        flying.spin(answer.done)
        return answer.result()

    assert not told().success, "nothing is flying yet"

    def abort() -> None:
        x, _, z = flying.world.position
        if not answers and (z > 1.0 if when == "climbing" else x > 28.0):
            answers.append(told())

    answers: list[Any] = []
    result = flying.finish(flying.send(goal), abort)
    assert [answer.success for answer in answers] == [True]
    log = result.result.log
    assert (log.outcome, log.message) == ("aborted", "aborted by the operator")
    assert not result.result.success
    assert flying.world.position[2] < 0.15
    nearest = 0.0 if when == "climbing" else 40.0
    assert np.hypot(flying.world.position[0] - nearest, flying.world.position[1]) < 10.0
    assert not told().success, "it stands"
    again = flying.finish(flying.send(plan(flying.world.position[:2])))
    assert again.result.log.outcome == "complete", "it may fly again"


@pytest.mark.parametrize(
    ("goal", "reason"),
    [
        (plan(), "waypoints"),
        (plan((0, float("nan"))), "position"),
        (
            plan((0, 0), (50, 0), (-50, 0), (50, 0), (-50, 0), (50, 0), (-50, 0), (50, 0), (0, 0)),
            "exceeds the limit of 169.5 s",
        ),
        (plan((30, 0), (0, 0)), "within 10 m"),
        (plan((0, 0), (500, 0)), "inside the map"),
    ],
)
def test_a_flight_that_may_not_be_flown_is_refused_with_the_reason(
    flying: Scene, goal: Fly.Goal, reason: str
) -> None:
    result = flying.finish(flying.send(goal))
    assert result.status == GoalStatus.STATUS_ABORTED
    assert not result.result.success
    assert reason in result.result.message
    assert flying.world.position[2] == 0.0


def test_an_empty_battery_refuses_a_flight(flying: Scene) -> None:
    flying.world.charge = 0.5
    flying.world.move()
    flying.step()
    result = flying.finish(flying.send(plan((0, 0), (20, 0), (0, 0))))
    assert "battery" in result.result.message


def look(**fields: Any) -> Recon.Goal:
    goal = Recon.Goal(flight=4, target="shell", kind="backshell", position=Point(x=15.0, y=10.0))
    goal.position_sigma = 1.0
    for name, value in fields.items():
        setattr(goal, name, value)
    return goal


def test_a_target_is_looked_at_from_all_around_inside_the_envelope_of_a_look(scouting: Scene) -> None:
    result = scouting.finish(scouting.send(look(landing_sites=[Point(x=20.0, y=0.0)])))
    assert result.status == GoalStatus.STATUS_SUCCEEDED, result.result.message
    log, plan = result.result.log, result.result.plan
    assert (log.flight, log.name, log.outcome) == (4, "recon shell", "complete")
    assert plan.flight == 4
    assert max(w.colour_spacing for w in plan.waypoints) > 0.0
    assert log.colour_pictures == scouting.world.colour_triggers == 10
    assert log.pictures == scouting.world.triggers > 20
    assert log.duration < 159.0
    assert log.max_speed < 1.05 * 3.8
    assert (plan.landing_sites[0].x, plan.waypoints[-1].position.x) == (20.0, 20.0)
    assert scouting.feedback[-1].colour_pictures == 10


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"position": Point(x=float("nan"))}, "recon.position"),
        ({"position": Point(x=200.0)}, "inside the map"),
        ({"position_sigma": -1.0}, "target.sigma"),
        ({"height": -8.0}, "recon.height"),
        ({"height": float("nan")}, "recon.height"),
        ({"kind": "boat"}, "target.kind"),
        ({"viewing_angles": [2.0]}, "recon.viewing_angles[0]"),
        ({"ground_sampling": 0.0001}, "would be seen"),
        ({"landing_sites": [Point(x=0.0), Point(x=900.0)]}, "recon.landing_sites[1]"),
    ],
)
def test_a_look_that_may_not_be_flown_is_refused_with_the_reason(
    scouting: Scene, fields: dict[str, Any], reason: str
) -> None:
    result = scouting.finish(scouting.send(look(**fields)))
    assert result.status == GoalStatus.STATUS_ABORTED
    assert reason in result.result.message
    assert not result.result.success
    assert scouting.world.position[2] == 0.0


def test_a_path_is_driven_to_its_end(driving: Scene) -> None:
    result = driving.finish(driving.send(path((0, 0), (3, 0), (5, 1))))
    assert result.status == GoalStatus.STATUS_SUCCEEDED
    assert result.result.outcome == "arrived"
    assert np.hypot(*(driving.world.position[:2] - [5, 1])) <= 0.31
    assert result.result.distance == pytest.approx(5.0, abs=0.4)
    assert driving.feedback[-1].state.metres_to_go < 1.0
    assert driving.world.done is not None
    assert driving.world.done.idle


def test_slipping_wheels_stop_the_drive(driving: Scene) -> None:
    driving.world.slip = 0.6
    result = driving.finish(driving.send(path((0, 0), (10, 0))))
    assert result.status == GoalStatus.STATUS_ABORTED
    assert result.result.outcome == "slipping"
    assert result.result.max_slip == pytest.approx(0.6, abs=0.05)


def test_stop_ends_the_drive_and_teleoperation_is_obeyed_afterwards(driving: Scene) -> None:
    stop = driving.world.create_publisher(Bool, "rover/stop", qos.COMMAND)
    hand = driving.world.create_publisher(TwistStamped, "rover/cmd_vel", qos.COMMAND)
    handle = driving.send(path((0, 0), (10, 0)))

    def press() -> None:
        if driving.world.position[0] > 0.5:
            stop.publish(Bool(data=True))

    result = driving.finish(handle, press)
    assert result.result.outcome == "cancelled"
    assert "stop" in result.result.message
    refused = driving.finish(driving.send(path((0, 0), (10, 0))))
    assert refused.result.outcome == "refused"

    stop.publish(Bool(data=False))
    driving.spin(lambda: not driving.vehicle._stopped)
    before = float(driving.world.position[0])
    forward = TwistStamped()
    forward.twist.linear.x = 0.04
    hand.publish(forward)
    driving.spin(lambda: driving.vehicle._by_hand is not None)
    driving.world.move()
    for _ in range(20):
        driving.step()
        driving.world.move()
    # it drives for teleoperation_timeout (1 s) and then stands
    assert 0.02 < driving.world.position[0] - before < 0.06


@pytest.mark.parametrize(
    ("goal", "reason"),
    [
        (path(), "path.poses"),
        (path((0, 0), (float("nan"), 1)), "path.poses[1]"),
        (path((20, 0), (30, 0)), "from the rover"),
        (path((0, 0), (300, 0)), "inside the map"),
        (path((0, 0), (3, 0), frame="rover/odom"), "frame_id"),
    ],
)
def test_a_path_that_may_not_be_driven_is_refused_with_the_reason(
    driving: Scene, goal: Drive.Goal, reason: str
) -> None:
    result = driving.finish(driving.send(goal))
    assert result.status == GoalStatus.STATUS_ABORTED
    assert result.result.outcome == "refused"
    assert reason in result.result.message
