# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The router node among real topics: maps in, a decision out, and refusals that name the field."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

import rclpy
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import Point, Pose
from nav_msgs.msg import Path as PathMsg
from rclpy.action import ActionClient
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from visualization_msgs.msg import MarkerArray
from wayscout_interfaces.action import PlanRoute
from wayscout_interfaces.msg import Corridor, OrbitalMap, RouteDecision, TerrainIndex, TerrainTile

from wayscout.grid import Bounds, Grid
from wayscout_nodes.common import convert, qos
from wayscout_nodes.common.domains import free_domain
from wayscout_nodes.router.node import Router

TILE = 25.6
BOUNDS = Bounds(-TILE, -TILE, TILE, TILE)
START, GOAL = (0.0, -22.0), (0.0, 22.0)


def ground(resolution: float, ledge_at: float | None = None) -> Grid:
    """Two channels at x = -10 and 10 between walls; a ledge of 0.8 m across one of them."""
    grid = Grid.over(BOUNDS, resolution)
    xs, ys = grid.centres()
    x, y = np.meshgrid(xs, ys)
    z = 3.0 + 0.12 * y + np.clip(np.abs(np.abs(x) - 10.0) - 4.0, 0.0, 2.0) * 1.5 * (np.abs(y) < 15.0)
    if ledge_at is not None:
        z += 0.8 * ((np.abs(x - ledge_at) < 7.0) & (y > 2.0) & (y < 15.0))
    grid["elevation"] = z
    return grid


def orbital_map() -> OrbitalMap:
    message = OrbitalMap(elevation_sigma=0.3, shift_sigma=0.5)
    message.elevation = convert.to_tile(ground(1.0), 0, 0, 1, {"elevation": "m"}, 0.0)
    for name, x in (("A", -10.0), ("B", 10.0)):
        line = [Point(x=x, y=y) for y in (-15.0, 0.0, 15.0)]
        message.corridors.append(Corridor(name=name, centreline=line, width=8.0))
    return message


class Bench:
    """The router, and a node that plays mapper and mission, spun in a thread."""

    def __init__(self, folder: Path) -> None:
        rclpy.init(domain_id=free_domain())
        self.node = Node("around")
        self.heard: dict[str, Any] = {}
        listen = (
            (RouteDecision, "route/decision"),
            (MarkerArray, "route/candidates"),
            (PathMsg, "route/a/path"),
            (PathMsg, "route/b/path"),
        )
        for kind, name in listen:
            self.node.create_subscription(kind, name, self._keep(name), qos.LATCHED)
        self.orbital = self.node.create_publisher(OrbitalMap, "map/orbital", qos.LATCHED)
        self.tiles = self.node.create_publisher(TerrainTile, "map/tiles", qos.latched(50))
        self.index = self.node.create_publisher(TerrainIndex, "map/index", qos.LATCHED)
        self.client = ActionClient(self.node, PlanRoute, "route/plan")
        self.router = Router()
        self.router._folder = folder
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.executor.add_node(self.router)
        self.thread = threading.Thread(target=self._spin)
        self.thread.start()

    def _spin(self) -> None:
        try:
            self.executor.spin()
        except ExternalShutdownException:
            return

    def _keep(self, name: str) -> Any:
        def keep(message: Any) -> None:
            self.heard[name] = message

        return keep

    def send_map(self, ledge_at: float, version: int = 1) -> None:
        fine = ground(0.2, ledge_at)
        for name, value in (("sigma", 0.03), ("measured", 1.0), ("sand", 0.0), ("rock", 0.0)):
            fine.add(name, value)
        index = TerrainIndex(tile_size=TILE, resolution=0.2)
        for row, col, bounds in fine.tiles(TILE):
            index.tile_rows.append(row)
            index.tile_cols.append(col)
            index.versions.append(version)
            self.tiles.publish(convert.to_tile(fine.crop(bounds), row, col, version, {}, 0.0))
        self.index.publish(index)

    def ask(
        self,
        start: tuple[float, float] = START,
        goal: tuple[float, float] = GOAL,
        *,
        orbital_only: bool = False,
    ) -> tuple[int, PlanRoute.Result]:
        assert self.client.wait_for_server(timeout_sec=10.0)
        request = PlanRoute.Goal(orbital_only=orbital_only, goal=Point(x=goal[0], y=goal[1]))
        request.start = Pose(position=Point(x=start[0], y=start[1]))
        accepted = self._await(self.client.send_goal_async(request))
        answer = self._await(accepted.get_result_async())
        return answer.status, answer.result

    @staticmethod
    def _await(future: Any) -> Any:
        end = time.monotonic() + 150.0  # the first answer compiles
        while not future.done() and time.monotonic() < end:
            time.sleep(0.01)
        assert future.done()
        return future.result()

    def close(self) -> None:
        self.executor.shutdown()
        rclpy.try_shutdown()
        self.thread.join(10.0)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    stage = Bench(tmp_path / "route")
    yield stage
    stage.close()


def test_decides_looks_and_refuses(bench: Bench, tmp_path: Path) -> None:
    bench.orbital.publish(orbital_map())
    status, result = bench.ask()
    assert status == GoalStatus.STATUS_SUCCEEDED
    assert (result.decision.choice, result.decision.basis) == ("look", "orbital")
    assert result.decision.look_at

    bench.send_map(ledge_at=-10.0)
    status, result = bench.ask()
    assert status == GoalStatus.STATUS_SUCCEEDED
    decision = result.decision
    assert (decision.choice, decision.basis) == ("B", "helicopter")
    blocked, free = decision.candidates
    assert not blocked.passable
    assert free.passable
    assert free.success_probability > 0.6
    positions = np.array([[p.pose.position.x, p.pose.position.y] for p in free.path.poses])
    assert np.allclose(positions[0], START)
    assert np.hypot(*np.diff(positions, axis=0).T).max() < 0.9
    assert free.path.header.frame_id == "map"
    written = json.loads((tmp_path / "route" / "decision.json").read_text())
    assert written["choice"] == "B"
    assert "path_B" in np.load(tmp_path / "route" / "candidates.npz")

    bench.send_map(ledge_at=10.0, version=2)  # the hazards change sides
    assert bench.ask()[1].decision.choice == "A"
    assert bench.ask(orbital_only=True)[1].decision.basis == "orbital"

    for start, goal, field in (
        ((math.nan, 0.0), GOAL, "start.pose.position"),
        (START, (0.0, math.inf), "goal"),
        (START, (900.0, 0.0), "goal"),
    ):
        status, result = bench.ask(start, goal)
        assert status == GoalStatus.STATUS_ABORTED
        assert not result.success
        assert field in result.message
    assert {"route/decision", "route/candidates", "route/a/path", "route/b/path"} <= set(bench.heard)


def test_bad_messages_are_dropped(bench: Bench) -> None:
    bench.orbital.publish(OrbitalMap(elevation_sigma=math.nan))
    bench.orbital.publish(orbital_map())
    bench.tiles.publish(TerrainTile(rows=3, cols=3, layers=["elevation"], resolution=0.2, version=9))
    bench.index.publish(TerrainIndex(tile_rows=[1], tile_cols=[], versions=[1]))
    assert bench.ask()[1].success
