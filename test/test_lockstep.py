# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Lock-step over real DDS: participants wait for all of one instant, the simulator knows who is silent."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Iterator

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("wayscout_interfaces.msg", reason="the workspace is not built")

import rclpy
from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import Range
from wayscout_bringup.processes import private_domain
from wayscout_interfaces.msg import Step, StepDone

from wayscout.geometry import Pose
from wayscout_nodes.common import convert, qos
from wayscout_nodes.common.lockstep import STEP, STEP_DONE, Answer, Instant, Lockstep
from wayscout_nodes.common.transforms import TransformSender
from wayscout_sim.barrier import Barrier

ODOM, RANGE, COMMAND = "rover/odom", "helicopter/range", "rover/cmd_vel"
LINK = ("map", "rover/odom")
WALL_LIMIT = 60.0  # [s] after which a message counts as lost


class Participant(Node):
    """A node whose work is to remember what it was given."""

    def __init__(self, name: str, context: Context, topics: dict[str, type], *, corrected: bool) -> None:
        super().__init__(name, context=context)
        self.instants: list[Instant] = []
        self.idle = False
        self.commands: tuple[str, ...] = ()
        self.lockstep = Lockstep(self, name, self._work, lockstep=True, driver=ODOM, period=0.25)
        for topic, kind in topics.items():
            self.lockstep.subscribe(kind, topic)
        if corrected:
            self.lockstep.require_corrections({LINK: ODOM})

    def _work(self, instant: Instant) -> Answer:
        self.instants.append(instant)
        return Answer(self.idle, self.commands)


class Simulator(Node):
    """Sends sensor messages and steps when told to, and keeps the real barrier."""

    def __init__(self, context: Context, participants: tuple[str, ...]) -> None:
        super().__init__("simulator", context=context)
        self.barrier = Barrier(participants)
        self.answers: list[StepDone] = []
        self._sensors = {
            ODOM: self.create_publisher(Odometry, ODOM, qos.sensor(True)),
            RANGE: self.create_publisher(Range, RANGE, qos.sensor(True)),
        }
        self._step = self.create_publisher(Step, STEP, qos.sensor(True))
        self._command = self.create_publisher(TwistStamped, COMMAND, qos.COMMAND)
        self._transforms = TransformSender(self)
        self.create_subscription(StepDone, STEP_DONE, self._on_done, qos.COMMAND)
        self.create_subscription(TwistStamped, COMMAND, lambda _: self.barrier.receive(COMMAND), qos.COMMAND)

    def _on_done(self, message: StepDone) -> None:
        self.answers.append(message)
        stamp = message.stamp.sec * 1_000_000_000 + message.stamp.nanosec
        self.barrier.answer(message.node, stamp, message.idle, message.topics)

    def send(self, topic: str, time: float, value: float = 0.0) -> None:
        if topic == ODOM:
            message = Odometry()
            message.pose.pose.position.x = value
        else:
            message = Range(range=value)
        message.header.stamp = convert.to_stamp(time)
        self._sensors[topic].publish(message)

    def step(self, time: float, *topics: str) -> None:
        stamp = convert.to_stamp(time)
        self.barrier.open(stamp.sec * 1_000_000_000 + stamp.nanosec)
        self._step.publish(Step(stamp=stamp, period=0.25, topics=list(topics)))

    def correct(self, time: float, x: float) -> None:
        self._transforms.send(time, (*LINK, Pose.from_euler(x, 0.0, 0.0)))

    def command(self) -> None:
        self._command.publish(TwistStamped())

    def are_connected(self) -> bool:
        publishers = [*self._sensors.values(), self._step]
        return (
            all(p.get_subscription_count() == 2 for p in publishers)
            and self.count_publishers(STEP_DONE) == 2
            and self.count_subscribers("/tf") == 1
            and self._command.get_subscription_count() == 1
        )


class Scene:
    """The simulator and two participants on a DDS domain of their own."""

    def __init__(self) -> None:
        self.context = Context()
        rclpy.init(context=self.context, domain_id=int(private_domain()))
        self.simulator = Simulator(self.context, ("rover", "helicopter"))
        topics: dict[str, type] = {ODOM: Odometry, RANGE: Range}
        self.rover = Participant("rover", self.context, topics, corrected=True)
        self.helicopter = Participant("helicopter", self.context, topics, corrected=False)
        self._executor = SingleThreadedExecutor(context=self.context)
        for node in (self.simulator, self.rover, self.helicopter):
            self._executor.add_node(node)
        self.until(self.simulator.are_connected, "discovery")

    def until(self, holds: Callable[[], bool], what: str) -> None:
        deadline = clock.monotonic() + WALL_LIMIT
        while not holds():
            assert clock.monotonic() < deadline, f"no {what} within {WALL_LIMIT:g} s"
            self._executor.spin_once(timeout_sec=0.05)

    def settle(self) -> None:
        """Let everything that is on its way arrive: nothing happens for a while."""
        quiet = clock.monotonic() + 0.3
        while clock.monotonic() < quiet:
            self._executor.spin_once(timeout_sec=0.05)

    def close(self) -> None:
        for node in (self.simulator, self.rover, self.helicopter):
            node.destroy_node()
        self._executor.shutdown()
        rclpy.shutdown(context=self.context)


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    try:
        yield made
    finally:
        made.close()


def complete(scene: Scene) -> None:
    scene.until(lambda: scene.simulator.barrier.complete, "answer of all participants")


def test_waits_for_every_message_of_the_stamp(scene: Scene) -> None:
    simulator = scene.simulator
    simulator.send(ODOM, 1.0, 7.0)
    simulator.correct(1.0, 0.5)
    simulator.step(1.0, ODOM, RANGE)
    scene.settle()
    assert not scene.rover.instants
    assert not scene.helicopter.instants
    assert simulator.barrier.waiting_for() == ["rover", "helicopter"]
    simulator.send(RANGE, 1.0, 9.0)
    complete(scene)
    for node in (scene.rover, scene.helicopter):
        (instant,) = node.instants
        assert (instant.time, instant.period) == (1.0, 0.25)
        assert instant.messages[ODOM].pose.pose.position.x == 7.0
        assert instant.messages[RANGE].range == 9.0


def test_a_message_of_another_stamp_does_not_do(scene: Scene) -> None:
    simulator = scene.simulator
    simulator.correct(1.0, 0.0)
    simulator.send(ODOM, 1.0, 1.0)
    simulator.send(RANGE, 0.75, 2.0)
    simulator.send(RANGE, 1.25, 3.0)
    simulator.step(1.0, ODOM, RANGE)
    scene.settle()
    assert simulator.barrier.waiting_for() == ["rover", "helicopter"]
    simulator.send(RANGE, 1.0, 4.0)
    complete(scene)
    assert scene.rover.instants[-1].messages[RANGE].range == 4.0
    # what came early is kept for its own instant
    simulator.step(1.25, RANGE)
    complete(scene)
    assert scene.rover.instants[-1].messages[RANGE].range == 3.0
    assert set(scene.rover.instants[-1].messages) == {RANGE}


ORDERS = [
    ("odom", "range", "tf", "step"),
    ("step", "tf", "range", "odom"),
    ("tf", "step", "odom", "range"),
    ("range", "step", "odom", "tf"),
]


def test_the_order_of_arrival_does_not_matter(scene: Scene) -> None:
    simulator = scene.simulator
    for number, order in enumerate(ORDERS, 1):
        time = 0.25 * number
        actions: dict[str, Callable[[], None]] = {
            "odom": lambda t=time: simulator.send(ODOM, t, t),
            "range": lambda t=time: simulator.send(RANGE, t, 2.0 * t),
            "tf": lambda t=time: simulator.correct(t, 3.0 * t),
            "step": lambda t=time: simulator.step(t, ODOM, RANGE),
        }
        if order[0] != "step":  # else the answer of the instant before would still count
            simulator.barrier.open(int(time * 1e9))
        for name in order:
            actions[name]()
            scene.settle()
        complete(scene)
        for node in (scene.rover, scene.helicopter):
            instant = node.instants[-1]
            assert len(node.instants) == number
            assert instant.time == time
            assert instant.messages[ODOM].pose.pose.position.x == time
            assert instant.messages[RANGE].range == 2.0 * time
        assert scene.rover.instants[-1].corrections[LINK].position[0] == pytest.approx(3.0 * time)


def test_a_correction_of_the_same_stamp_is_needed(scene: Scene) -> None:
    simulator = scene.simulator
    simulator.correct(0.75, 0.1)
    scene.settle()
    simulator.send(ODOM, 1.0)
    simulator.step(1.0, ODOM)
    scene.until(lambda: bool(scene.helicopter.instants), "answer without a correction")
    scene.settle()
    assert not scene.rover.instants
    assert simulator.barrier.waiting_for() == ["rover"]
    simulator.correct(1.0, 0.2)
    complete(scene)
    assert scene.rover.instants[0].corrections[LINK].position[0] == pytest.approx(0.2)
    assert scene.helicopter.instants[0].corrections == {}


def test_no_correction_is_waited_for_where_its_topic_did_not_come(scene: Scene) -> None:
    scene.simulator.send(RANGE, 1.0, 5.0)
    scene.simulator.step(1.0, RANGE)
    complete(scene)
    assert scene.rover.instants[0].corrections == {}


def test_a_silent_participant_is_named(scene: Scene) -> None:
    simulator = scene.simulator
    scene.helicopter.idle = scene.rover.idle = True
    simulator.step(1.0)
    complete(scene)
    assert simulator.barrier.resting
    simulator.send(ODOM, 1.25)  # and no correction for the rover
    simulator.step(1.25, ODOM)
    scene.until(lambda: len(scene.helicopter.instants) == 2, "answer of the helicopter")
    scene.settle()
    assert simulator.barrier.waiting_for() == ["rover"]
    assert not simulator.barrier.resting


def test_a_named_command_is_waited_for(scene: Scene) -> None:
    simulator = scene.simulator
    scene.rover.commands = (COMMAND,)
    simulator.step(1.0)
    scene.until(lambda: len(simulator.answers) == 2, "answers")
    assert simulator.barrier.waiting_for() == [f"the message on {COMMAND}"]
    simulator.command()
    complete(scene)


def test_a_goal_wakes_a_participant_while_time_stands_still(scene: Scene) -> None:
    simulator = scene.simulator
    scene.helicopter.idle = scene.rover.idle = True
    simulator.step(1.0)
    complete(scene)
    assert simulator.barrier.resting
    scene.rover.lockstep.wake()
    scene.until(lambda: not simulator.barrier.resting, "waking")
    assert simulator.barrier.complete
    assert not simulator.barrier.is_idle("rover")
    assert len(scene.rover.instants) == 1  # woken, not called again
