# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The mission's process against servers that answer at once: exit codes, records, signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import rclpy
import yaml
from geometry_msgs.msg import PoseStamped
from rclpy.action import ActionServer, CancelResponse
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rosgraph_msgs.msg import Clock
from std_srvs.srv import Trigger
from wayscout_interfaces.action import Drive, Fly, PlanRoute, UpdateMap
from wayscout_interfaces.msg import DriveState, FlightLog, OrbitalMap, RouteCandidate, RouteDecision
from wayscout_interfaces.srv import AdvanceTime

from wayscout import raster
from wayscout.errors import InvalidInput
from wayscout.grid import Bounds, Grid
from wayscout_nodes.common import qos
from wayscout_nodes.common.domains import free_domain
from wayscout_nodes.world_loader.orbital import read_orbital_map


def make_world(folder: Path) -> Path:
    """Write the public part of a small world."""
    (folder / "orbital").mkdir(parents=True)
    cv2.imwrite(str(folder / "orbital/image.png"), np.full((256, 256), 120, np.uint8))
    grid = Grid.over(Bounds(-32, -32, 32, 32), 1.0)
    grid["elevation"] = np.zeros((64, 64), np.float32)
    raster.write_layer(folder / "orbital/elevation.tif", grid, "elevation")
    meta = {"elevation_resolution": 1.0, "image_resolution": 0.25, "origin": [-32.0, -32.0]}
    meta |= {"elevation_sigma": 0.4, "elevation_correlation": 12.0, "shift_sigma": 1.0}
    (folder / "orbital/orbital.yaml").write_text(yaml.safe_dump(meta))
    world = {
        "name": "tiny",
        "size": 64.0,
        "resolution": 0.125,
        "sun": {"azimuth": 2.0, "elevation": 0.7},
        "start": {
            "rover": {"x": 0.0, "y": -27.0, "yaw": 0.0},
            "helicopter": {"x": 2.5, "y": -27.0, "yaw": 0.0},
        },
        "goal": {"x": 0.0, "y": 27.0, "radius": 2.0},
        "corridors": [
            {"name": n, "centreline": [[x, -20], [x, 20]], "width": 8.0} for n, x in (("A", -15), ("B", 15))
        ],
        "terrain": {"heightmap": "h", "height_span": 8.0, "texture": "t", "rocks": "r", "sand": "s"},
    }
    (folder / "world.yaml").write_text(yaml.safe_dump(world))
    return folder


class Servers(Node):
    """Answers every goal of the mission; a drive goes on while `driving` is set."""

    def __init__(self, world: Path, context: rclpy.context.Context) -> None:
        super().__init__("servers", context=context)
        self.driving = threading.Event()
        self.cancelled = threading.Event()
        self.stay = threading.Event()
        yes = lambda _: CancelResponse.ACCEPT  # noqa: E731
        self._servers = [
            ActionServer(self, Fly, "helicopter/fly", self._fly, cancel_callback=yes),
            ActionServer(self, UpdateMap, "map/update", self._update, cancel_callback=yes),
            ActionServer(self, PlanRoute, "route/plan", self._plan, cancel_callback=yes),
            ActionServer(self, Drive, "rover/drive", self._drive, cancel_callback=yes),
        ]
        self.create_service(AdvanceTime, "simulation/advance", self._advance)
        self._orbital = self.create_publisher(OrbitalMap, "map/orbital", qos.LATCHED)
        self._orbital.publish(read_orbital_map(world)[1])
        self._state = self.create_publisher(DriveState, "rover/state", qos.COMMAND)
        self._clock_publisher = self.create_publisher(Clock, "/clock", qos.COMMAND)
        self.ended = threading.Event()
        threading.Thread(target=self._run_clock, daemon=True).start()

    def _run_clock(self) -> None:
        while not self.ended.wait(0.2):
            self._clock_publisher.publish(Clock())

    def _fly(self, handle: Any) -> Fly.Result:
        handle.succeed()
        plan = handle.request.plan
        log = FlightLog(flight=plan.flight, duration=90.0, pictures=30, outcome="complete")
        log.landing_position = plan.landing_sites[0]
        return Fly.Result(success=True, log=log)

    def _update(self, handle: Any) -> UpdateMap.Result:
        handle.succeed()
        return UpdateMap.Result(success=True, pictures_used=30, coverage=[0.9, 0.9])

    def _plan(self, handle: Any) -> PlanRoute.Result:
        handle.succeed()
        candidate = RouteCandidate(channel="B", passable=True, success_probability=0.9, length=54.0)
        candidate.path.poses = [PoseStamped(), PoseStamped()]
        return PlanRoute.Result(success=True, decision=RouteDecision(choice="B", candidates=[candidate]))

    def _drive(self, handle: Any) -> Drive.Result:
        feedback = Drive.Feedback()
        self.driving.set()
        for i in range(4 if not self.stay.is_set() else 400):
            if handle.is_cancel_requested:
                self.cancelled.set()
                handle.canceled()
                return Drive.Result(outcome="cancelled")
            feedback.state.pose.position.y = float(i)
            feedback.state.distance = float(i)
            handle.publish_feedback(feedback)
            self._state.publish(feedback.state)
            time.sleep(0.05)
        handle.succeed()
        return Drive.Result(outcome="arrived", distance=54.0, max_tilt=0.2)

    def _advance(self, _: AdvanceTime.Request, response: AdvanceTime.Response) -> AdvanceTime.Response:
        response.success = True
        return response


@pytest.fixture
def world(tmp_path: Path) -> Path:
    return make_world(tmp_path / "tiny")


@pytest.fixture(autouse=True)
def domain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", str(free_domain()))


@pytest.fixture
def servers(world: Path) -> Iterator[Servers]:
    context = rclpy.context.Context()
    rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
    node = Servers(world, context)
    executor = MultiThreadedExecutor(4, context=context)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    yield node
    node.ended.set()
    executor.shutdown()
    rclpy.try_shutdown(context=context)
    thread.join(5.0)


def start(world: Path, run: Path, *parameters: str) -> subprocess.Popen[str]:
    words = [f"world:='{world}'", f"run_folder:='{run}'", "progress:='off'", *parameters]
    arguments = [word for given in words for word in ("-p", given)]
    return subprocess.Popen(
        [sys.executable, "-m", "wayscout_nodes.mission.node", "--ros-args", *arguments],
        env={**os.environ, "ROS_LOG_DIR": str(run.parent / "log")},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_mission_arrives_and_leaves_its_records(servers: Servers, world: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = start(world, run)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    result = json.loads((run / "result.json").read_text())
    assert (result["outcome"], result["channel"], result["distance_m"]) == ("arrived", "B", 54.0)
    assert len(result["flights"]) >= 2
    assert (run / "report.html").stat().st_size > 10_000
    assert len((run / "trajectory.csv").read_text().splitlines()) >= 3
    assert "arrived" in told


def test_each_move_is_held_until_it_is_approved(servers: Servers, world: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    (tmp_path / "c.yaml").write_text(
        "name: one\ntasks: [{task: reposition, x: 9.0, y: -20.0}, {task: climb}]\n"
    )
    process = start(world, run, f"campaign:='{tmp_path / 'c.yaml'}'", "approval:='ask'")
    client = servers.create_client(Trigger, "mission/approve")
    assert client.wait_for_service(timeout_sec=30.0)
    told = []
    deadline = time.monotonic() + 60.0
    while process.poll() is None and time.monotonic() < deadline:
        answer = client.call_async(Trigger.Request())
        while not answer.done() and process.poll() is None:
            time.sleep(0.02)
        if answer.done() and answer.result().success:
            told.append(answer.result().message)
        time.sleep(0.1)
    assert process.wait(10.0) == 0
    assert told == ["approved: flight 1 'reposition'", "approved: the rover's drive"]
    result = json.loads((run / "result.json").read_text())
    assert result["outcome"] == "complete"
    assert [task["outcome"] for task in result["campaign"]["tasks"]] == ["complete", "complete"]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_signal_cancels_the_drive_and_reports(
    servers: Servers, world: Path, tmp_path: Path, sent: signal.Signals
) -> None:
    run = tmp_path / "run"
    servers.stay.set()
    process = start(world, run)
    assert servers.driving.wait(60)
    time.sleep(0.5)
    process.send_signal(sent)
    process.send_signal(sent)  # from the terminal and from the parent
    _, told = process.communicate(timeout=30)
    assert process.returncode == 0, told
    assert servers.cancelled.wait(5)
    result = json.loads((run / "result.json").read_text())
    assert result["outcome"] == "interrupted"
    assert (run / "report.html").is_file()
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("parameter", "told"),
    [
        ("world:='/nowhere'", "/nowhere"),
        ("goal:=[1.0, 900.0]", "mission.goal"),
        ("max_looks:=-1", "max_looks"),
        ("campaign:='/nowhere.yaml'", "/nowhere.yaml"),
    ],
)
def test_bad_parameters_stop_the_process_with_their_name(
    world: Path, tmp_path: Path, parameter: str, told: str
) -> None:
    process = start(world, tmp_path / "run", parameter)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 2, said
    assert told in said
    assert "Traceback" not in said


def test_orbital_map_turns_the_picture_north_up(world: Path) -> None:
    image = np.zeros((256, 256), np.uint8)
    image[0] = 255  # the file's first row is the north
    cv2.imwrite(str(world / "orbital/image.png"), image)
    _, message = read_orbital_map(world)
    pixels = np.frombuffer(message.image.data, np.uint8).reshape(256, 256)
    assert pixels[0].min() == 255
    assert pixels[1:].max() == 0
    assert (message.image_origin.x, message.image_origin.y) == (-32.0, -32.0)
    assert [c.name for c in message.corridors] == ["A", "B"]
    assert (message.elevation.rows, message.elevation.cols) == (64, 64)


def test_unknown_world_names_its_neighbours(world: Path) -> None:
    with pytest.raises(InvalidInput, match="tiny"):
        read_orbital_map(world.parent / "tni")


@pytest.mark.parametrize(
    ("file", "content", "field"),
    [
        ("world.yaml", "{", "world.yaml"),
        ("world.yaml", "- a\n", "mapping"),
        ("world.yaml", "name: tiny\nsize: -3\n", "world.yaml"),
        ("orbital/orbital.yaml", "origin: [nan, 0]\n", "orbital.yaml"),
        ("orbital/elevation.tif", "no raster", "elevation.tif"),
        ("orbital/image.png", "no picture", "image.png"),
    ],
)
def test_corrupt_world_names_file(world: Path, file: str, content: str, field: str) -> None:
    (world / file).write_text(content)
    with pytest.raises(InvalidInput, match=field):
        read_orbital_map(world)
