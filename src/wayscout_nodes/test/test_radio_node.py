# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The radio node over real DDS: pictures go through the link, none is lost, and time passes meanwhile."""

from __future__ import annotations

import json
import time as clock
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("wayscout_interfaces.msg", reason="the workspace is not built")

import rclpy
from nav_msgs.msg import Odometry
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Bool, String
from wayscout_interfaces.msg import LinkState, Step, StepDone

from wayscout.geometry import Pose
from wayscout_nodes.common import convert, qos
from wayscout_nodes.common.domains import free_domain
from wayscout_nodes.common.transforms import TransformSender
from wayscout_nodes.radio.node import RadioNode

WALL_LIMIT = 40.0  # [s] after which a scenario counts as hung
PERIOD = 0.5  # [s]


class Simulator(Node):
    """Steps time with a modem of a given rate, and hears what comes out on the rover's side."""

    def __init__(self) -> None:
        super().__init__("simulator_stand_in")
        self.time, self.rate = 100.0, 250e3
        self.done: StepDone | None = None
        self.pictures: list[np.ndarray] = []
        self.thumbnails: list[CompressedImage] = []
        self.states: list[LinkState] = []
        self.stops: list[bool] = []
        sensor = qos.sensor(True)
        self._step = self.create_publisher(Step, "simulation/step", sensor)
        self._odom = self.create_publisher(Odometry, "helicopter/odom", sensor)
        self._modem = self.create_publisher(LinkState, "helicopter/modem", sensor)
        self.camera = self.create_publisher(Image, "helicopter/camera/image_raw", sensor)
        self.colour = self.create_publisher(Image, "helicopter/colour/image_raw", sensor)
        self.earth = self.create_publisher(String, "earth/commands", qos.COMMAND)
        self._transforms = TransformSender(self)
        self.create_subscription(StepDone, "simulation/step_done", self._on_done, qos.COMMAND)
        self.create_subscription(Image, "rover/radio/image_raw", self._on_picture, sensor)
        self.create_subscription(Image, "rover/radio/colour", self._on_picture, sensor)
        self.create_subscription(CompressedImage, "rover/radio/thumbnails", self.thumbnails.append, sensor)
        self.create_subscription(LinkState, "helicopter/link", self.states.append, qos.LATCHED)
        self.create_subscription(Bool, "rover/stop", lambda m: self.stops.append(m.data), qos.COMMAND)

    def step(self) -> None:
        self.done = None
        stamp = convert.to_stamp(self.time)
        odom, modem = Odometry(), LinkState(in_sight=self.rate > 0.0, distance=20.0, rate=self.rate)
        odom.header.stamp = modem.header.stamp = stamp
        odom.pose.pose = convert.to_pose(Pose.identity())
        self._step.publish(Step(stamp=stamp, period=PERIOD, topics=["helicopter/odom", "helicopter/modem"]))
        self._odom.publish(odom)
        self._modem.publish(modem)
        self._transforms.send(self.time, ("map", "helicopter/odom", Pose.identity()))

    def send(self, seed: int, *, colour: bool = False) -> np.ndarray:
        shape = (240, 320, 3) if colour else (240, 320)
        picture = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
        message = convert.to_image(picture, "rgb8" if colour else "mono8", "camera", self.time + 1e-3 * seed)
        (self.colour if colour else self.camera).publish(message)
        return picture

    def _on_done(self, message: StepDone) -> None:
        if message.stamp == convert.to_stamp(self.time):
            self.done = message

    def _on_picture(self, message: Image) -> None:
        self.pictures.append(np.asarray(convert.image(message, ["mono8", "rgb8"], "radio")))


@pytest.fixture
def ros(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    monkeypatch.setenv("ROS_DOMAIN_ID", str(free_domain()))
    yield
    rclpy.try_shutdown()


def start(**parameters: Any) -> tuple[Simulator, RadioNode, SingleThreadedExecutor]:
    words = ["--ros-args"]
    for name, value in parameters.items():
        words += ["-p", f"{name}:={value}"]
    rclpy.init(args=words)
    simulator, radio = Simulator(), RadioNode()
    executor = SingleThreadedExecutor()
    executor.add_node(simulator)
    executor.add_node(radio)
    until(
        executor,
        lambda: (
            simulator.count_subscribers("helicopter/camera/image_raw") > 0
            and simulator.count_publishers("rover/radio/image_raw") > 0
            and simulator.earth.get_subscription_count() > 0
        ),
    )
    return simulator, radio, executor


def until(executor: SingleThreadedExecutor, holds: Callable[[], bool]) -> None:
    deadline = clock.monotonic() + WALL_LIMIT
    while not holds():
        assert clock.monotonic() < deadline, "hung"
        executor.spin_once(timeout_sec=0.05)


def step(simulator: Simulator, executor: SingleThreadedExecutor) -> bool:
    """Let one instant pass and return whether the radio says that it needs no time."""
    simulator.time += PERIOD
    simulator.step()
    until(executor, lambda: simulator.done is not None)
    assert simulator.done is not None
    return bool(simulator.done.idle)


def test_every_picture_arrives_whole_with_a_third_of_the_packets_lost(ros: None, tmp_path: Path) -> None:
    simulator, radio, executor = start(packet_loss=0.33, link_log=tmp_path / "link.json")
    assert step(simulator, executor)
    sent = [simulator.send(seed) for seed in range(5)]
    until(executor, lambda: len(radio._box) == 10)
    began, idle = simulator.time, False
    while not idle:
        idle = step(simulator, executor)
    until(executor, lambda: len(simulator.pictures) == 5 and len(simulator.thumbnails) == 5)
    whole = {picture.tobytes() for picture in simulator.pictures}
    assert whole == {picture.tobytes() for picture in sent}
    step(simulator, executor)
    step(simulator, executor)
    until(executor, lambda: simulator.states[-1].sent == 10)
    state = simulator.states[-1]
    assert state.queued == 0
    assert state.lost > 0
    assert state.repeated == state.lost
    # 5 x 77 kB of noise at 250 kbit/s, a third of it twice and more
    least = state.bytes * 8 / 250e3
    assert simulator.time - began > least
    radio.close()
    log = json.loads((tmp_path / "link.json").read_text())
    assert log["counters"]["sent"] == 10
    kinds = [entry["kind"] for entry in log["arrived"]]
    assert kinds == ["thumbnail"] * 5 + ["picture"] * 5  # early, and before everything else


def test_a_colour_picture_comes_after_those_of_the_map_and_looks_alike(ros: None) -> None:
    simulator, radio, executor = start()
    step(simulator, executor)
    colour = simulator.send(1, colour=True)
    until(executor, lambda: len(radio._box) == 2)
    simulator.send(2)
    until(executor, lambda: len(radio._box) == 4)
    while not step(simulator, executor):
        pass
    until(executor, lambda: len(simulator.pictures) == 2)
    assert [picture.ndim for picture in simulator.pictures] == [2, 3]
    until(executor, lambda: (simulator.states[-1].queued, simulator.states[-1].sent) == (0, 4))
    difference = simulator.pictures[1].astype(float) - colour
    assert np.abs(difference.mean()) < 2.0  # lossy, but the same picture in the same order of colours
    assert np.corrcoef(simulator.pictures[1].ravel(), colour.ravel())[0, 1] > 0.5


def test_a_link_that_never_comes_is_given_up_and_what_is_queued_goes_when_it_does(ros: None) -> None:
    simulator, radio, executor = start(patience=20.0)
    step(simulator, executor)
    simulator.rate = 0.0
    simulator.send(1)
    until(executor, lambda: len(radio._box) == 2)
    steps = 0
    while not step(simulator, executor):
        steps += 1
        assert steps < 100
    assert 38 <= steps <= 44  # 20 s
    assert simulator.pictures == []
    assert len(radio._box) == 2
    simulator.rate = 250e3
    for _ in range(20):
        step(simulator, executor)
    until(executor, lambda: len(simulator.pictures) == 1)


def test_a_command_from_earth_is_carried_out_when_it_arrives_and_not_before(ros: None) -> None:
    simulator, _, executor = start(light_time=10.0, sol=1000.0, passes="[0.0]", pass_length=900.0)
    assert step(simulator, executor)
    simulator.earth.publish(String(data="dance"))  # unknown: dropped, and said so
    simulator.earth.publish(String(data="stop"))
    left = simulator.time
    until(executor, lambda: simulator.done is not None and not simulator.done.idle)  # woken: time has to pass
    while not step(simulator, executor):
        assert simulator.stops == [] or simulator.time >= left + 10.0
    until(executor, lambda: bool(simulator.stops))
    assert simulator.stops == [True]
    assert simulator.time == pytest.approx(left + 10.0, abs=PERIOD)


@pytest.mark.parametrize("encoding", ["bayer_rggb8", "32FC1"])
def test_a_picture_of_another_encoding_is_dropped_and_the_node_lives(ros: None, encoding: str) -> None:
    simulator, radio, executor = start()
    step(simulator, executor)
    bad = Image(encoding=encoding, width=2, height=2, step=2)
    simulator.camera.publish(bad)
    simulator.send(1)
    until(executor, lambda: len(radio._box) == 2)
    while not step(simulator, executor):
        pass
    until(executor, lambda: len(simulator.pictures) == 1)
