# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The node `simulator` over real DDS, in a process of its own, against stand-ins for the participants."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("wayscout_interfaces.msg", reason="the workspace is not built")

import rclpy
from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Bool
from toy_world import hills, make_world
from wayscout_interfaces.msg import Step, StepDone
from wayscout_interfaces.srv import AdvanceTime

from wayscout_nodes.common import convert, qos
from wayscout_nodes.common.domains import free_domain
from wayscout_sim.rover import WHEELS

LIMIT = 60.0  # s of wall clock after which a scenario counts as hung
Handler = Callable[["Participant", Step, float], tuple[bool, list[str]]]


class Participant(Node):
    """Answers steps as its handler says; keeps what it received."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.handler: Handler = lambda *_: (True, [])
        self.silent = False
        self.steps: list[tuple[float, float, tuple[str, ...]]] = []
        self.odometry: list[tuple[float, float]] = []
        self.pictures: list[float] = []
        self.colours: list[float] = []
        self.last: Step | None = None
        self._done = self.create_publisher(StepDone, "simulation/step_done", qos.COMMAND)
        self.create_subscription(Step, "simulation/step", self._on_step, qos.sensor(True))
        self.velocity = self.create_publisher(TwistStamped, "helicopter/cmd_vel", qos.COMMAND)
        self.motors = self.create_publisher(Bool, "helicopter/motors", qos.COMMAND)
        self.trigger = self.create_publisher(Bool, "helicopter/camera/trigger", qos.COMMAND)
        self.colour = self.create_publisher(Bool, "helicopter/colour/trigger", qos.COMMAND)
        self.joints = self.create_publisher(JointState, "rover/joint_command", qos.COMMAND)
        self.create_subscription(Odometry, "rover/odom", self._on_odometry, qos.sensor(True))
        self.create_subscription(Image, "helicopter/camera/image_raw", self._on_picture, qos.sensor(True))
        self.create_subscription(Image, "helicopter/colour/image_raw", self._on_colour, qos.sensor(True))

    def answer(self, *, idle: bool, topics: list[str] | None = None) -> None:
        assert self.last is not None
        self._done.publish(
            StepDone(node=self.get_name(), stamp=self.last.stamp, idle=idle, topics=topics or [])
        )

    def _on_step(self, step: Step) -> None:
        self.last = step
        now = convert.seconds(step.stamp)
        self.steps.append((now, step.period, tuple(step.topics)))
        if self.silent:
            return
        idle, topics = self.handler(self, step, now)
        self.answer(idle=idle, topics=topics)

    def _on_odometry(self, message: Odometry) -> None:
        self.odometry.append((convert.seconds(message.header.stamp), message.pose.pose.position.x))

    def _on_picture(self, message: Image) -> None:
        assert convert.image(message, ["mono8"], "picture").shape == (480, 640)
        self.pictures.append(convert.seconds(message.header.stamp))

    def _on_colour(self, message: Image) -> None:
        picture = convert.image(message, ["rgb8"], "picture")
        assert picture.shape == (1560, 2104, 3)
        assert picture[1000:].std() > 3.0  # the ground, not an empty frame
        self.colours.append(convert.seconds(message.header.stamp))


class Scene:
    def __init__(self, world: Path, folder: Path, *extra: str) -> None:
        self.log = folder / "truth.npz"
        values = {"world": world, "seed": 1, "truth_log": self.log}
        words = [f"-p{key}:={value}" for key, value in values.items()]
        words = [part for word in words for part in ("-p", word[2:])]
        command = [sys.executable, "-m", "wayscout_sim.node", "--ros-args", *words, *extra]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.nodes = {name: Participant(name) for name in ("localiser", "helicopter", "rover")}
        self._executor = SingleThreadedExecutor()
        for node in self.nodes.values():
            self._executor.add_node(node)

    def __getitem__(self, name: str) -> Participant:
        return self.nodes[name]

    def spin(self, until: Callable[[], bool], limit: float = LIMIT) -> None:
        end = time.monotonic() + limit
        while not until():
            assert time.monotonic() < end, "the simulator did not go on"
            assert self.process.poll() is None, self.process.stderr and self.process.stderr.read()
            self._executor.spin_once(timeout_sec=0.05)

    def linger(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._executor.spin_once(timeout_sec=0.05)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=20.0)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for node in self.nodes.values():
            node.destroy_node()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_world(tmp_path_factory.mktemp("node") / "toy", lambda x, y: 0.1 * hills(x, y))


@pytest.fixture(autouse=True)
def ros(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    monkeypatch.setenv("ROS_DOMAIN_ID", str(free_domain()))
    rclpy.init()
    yield
    rclpy.try_shutdown()


def test_who_comes_while_all_rest_is_told_the_time(world: Path, tmp_path: Path) -> None:
    scene = Scene(world, tmp_path)
    try:
        scene.spin(lambda: bool(scene["rover"].steps) and scene["rover"].last is not None)
        scene.linger(1.5)
        steps = len(scene["rover"].steps)
        heard: list[float] = []
        scene["localiser"].create_subscription(
            Clock, "/clock", lambda m: heard.append(convert.seconds(m.clock)), qos.COMMAND
        )
        scene.spin(lambda: bool(heard))
        assert heard[0] == pytest.approx(scene["rover"].steps[-1][0])
        assert len(scene["rover"].steps) == steps  # no time has passed for that
        assert scene.stop() == 0
    finally:
        scene.close()


def test_drives_flies_rests_and_ends(world: Path, tmp_path: Path) -> None:
    scene = Scene(world, tmp_path)
    try:
        rover, helicopter = scene["rover"], scene["helicopter"]
        scene.spin(lambda: bool(rover.steps))
        # the first instant brings everything but a picture; with all idle, time stands still
        assert {"rover/odom", "rover/hazcam/depth", "helicopter/odom", "helicopter/range"} <= set(
            rover.steps[0][2]
        )
        scene.linger(1.0)
        assert len(rover.steps) == 1

        def drive(node: Participant, step: Step, now: float) -> tuple[bool, list[str]]:
            speed = 0.16 if now < 5.0 else 0.0
            message = JointState(name=list(WHEELS), velocity=[speed] * 6, position=[0.0] * 6)
            message.header.stamp = step.stamp
            node.joints.publish(message)
            return now >= 5.0, ["rover/joint_command"]

        rover.handler = drive
        rover.answer(idle=False)  # wakes the simulator
        scene.spin(lambda: bool(rover.steps) and rover.steps[-1][0] >= 5.0)
        scene.linger(0.5)
        driven = [(t, p) for t, p, _ in rover.steps]
        assert np.allclose(np.diff([t for t, _ in driven]), 0.5)
        assert all(p == 0.5 for _, p in driven)
        # the first period passes before the first command has come
        assert rover.odometry[-1][1] == pytest.approx(4.5 * 0.042, rel=0.1)
        resting = sum("helicopter/odom" in topics for _, _, topics in rover.steps)
        assert resting <= 2 + len(driven) // 10
        rover.handler = lambda *_: (True, [])

        begun = rover.steps[-1][0]

        def fly(node: Participant, step: Step, now: float) -> tuple[bool, list[str]]:
            up = now < begun + 3.0
            twist = TwistStamped()
            twist.header.stamp = step.stamp
            twist.twist.linear.z = 1.0 if up else -0.5
            node.velocity.publish(twist)
            node.motors.publish(Bool(data=now < begun + 9.0))
            topics = ["helicopter/cmd_vel", "helicopter/motors"]
            if abs(now - begun - 2.0) < 0.01 or abs(now - begun - 2.5) < 0.01:
                node.trigger.publish(Bool(data=True))
                topics.append("helicopter/camera/trigger")
            if abs(now - begun - 2.5) < 0.01:
                node.colour.publish(Bool(data=True))
                topics.append("helicopter/colour/trigger")
            return now >= begun + 10.0, topics

        helicopter.handler = fly
        helicopter.answer(idle=False)
        scene.spin(lambda: helicopter.steps[-1][0] >= begun + 10.0)
        scene.linger(0.5)
        flown = [t for t, _, _ in helicopter.steps if t > begun + 0.5]
        assert np.allclose(np.diff(flown), 0.1)
        assert helicopter.pictures == pytest.approx([begun + 2.1, begun + 2.6])
        assert helicopter.colours == pytest.approx([begun + 2.6])

        helicopter.handler = lambda *_: (True, [])
        client = rover.create_client(AdvanceTime, "simulation/advance")
        scene.spin(client.service_is_ready)
        for duration, success in ((1000.0, True), (-1.0, False), (float("nan"), False)):
            future = client.call_async(AdvanceTime.Request(duration=duration))
            scene.spin(future.done)
            assert future.result().success == success, future.result().message
            scene.linger(0.3)
        assert rover.steps[-1][0] == pytest.approx(flown[-1] + 1000.0)

        topics = dict(rover.get_topic_names_and_types())
        assert not [name for name in topics if "truth" in name]
        assert scene.stop() == 0
    finally:
        scene.close()
    with np.load(scene.log) as log:
        assert len(log["time"]) == len(rover.steps)
        assert log["rover"].shape == (len(log["time"]), 7)
        assert log["airborne"].any()
        assert not str(log["lost"])


def test_tells_the_first_instant_again_and_names_a_silent_participant(world: Path, tmp_path: Path) -> None:
    scene = Scene(world, tmp_path, "-p", "step_timeout:=4.0")
    try:
        rover = scene["rover"]
        rover.silent = True
        scene.spin(lambda: len(rover.steps) > 1 and len(rover.odometry) > 1)
        rover.silent = False
        assert rover.steps[1] == rover.steps[0]
        assert rover.odometry[1] == rover.odometry[0]
        rover.handler = lambda *_: (False, ["rover/joint_command"])  # names a message that never comes
        rover.answer(idle=False)
        end = time.monotonic() + LIMIT
        while scene.process.poll() is None and time.monotonic() < end:
            scene.linger(0.1)
        assert scene.process.returncode == 3
        assert "rover/joint_command" in str(scene.process.stderr and scene.process.stderr.read())
    finally:
        scene.close()


@pytest.mark.parametrize(
    ("words", "expected"),
    [(["world:=/nowhere"], "world.yaml"), (["camera:=eye"], "camera"), (["seed:=-1"], "seed")],
)
def test_bad_parameters_stop_it_with_a_message(world: Path, words: list[str], expected: str) -> None:
    given = [f"world:={world}", *words]
    flags = [part for word in given for part in ("-p", word)]
    done: Any = subprocess.run(
        [sys.executable, "-m", "wayscout_sim.node", "--ros-args", *flags],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert expected in done.stderr
