# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Serves science/rank: the map in; science targets with chips and detours out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker
from wayscout_interfaces.action import RankTargets
from wayscout_interfaces.msg import OrbitalMap, ScienceTarget, ScienceTargets

from wayscout.errors import InvalidInput
from wayscout.grid import Grid
from wayscout.routing import costs, detour
from wayscout.routing.costs import OrbitalKnowledge
from wayscout.routing.parameters import router_params, rover_limits
from wayscout.terrain import chips, science
from wayscout.terrain.science import ScienceParams, Target
from wayscout_nodes.analyst.markers import MarkerBoard
from wayscout_nodes.analyst.worker import Done, Worker
from wayscout_nodes.common import convert, diagnostics, goals, orbital, qos
from wayscout_nodes.common.tiles import TileShelf

COLOURS = {
    "layers": (0.95, 0.65, 0.20),
    "light patch": (1.00, 1.00, 0.85),
    "pebbles": (0.55, 0.80, 1.00),
    "colour": (0.85, 0.40, 0.95),
}
Point = tuple[float, float]


@dataclass(frozen=True)
class RankingParams(ScienceParams):
    """See config/science.yaml."""

    pass_by: float
    tiles_wait: float


@dataclass(frozen=True)
class _Asked:
    rover: Point
    goal: Point
    count: int | None


@dataclass
class _Waiting:
    handle: ServerGoalHandle
    asked: _Asked
    since: float


@dataclass(frozen=True)
class Ranked:
    """A target with its detour [m], NaN out of reach, and its picture (JPEG)."""

    target: Target
    detour: float
    chip: bytes


def rank(
    ground: Grid, orbital: OrbitalKnowledge | None, rover: Point, goal: Point, count: int | None,
    params: RankingParams,
) -> list[Ranked]:  # fmt: skip
    """Find the targets of a map, price the way past each and cut its chip."""
    found = science.find_targets(ground, params, count)
    routing, limits = router_params(), rover_limits()
    planning = costs.planning_map(orbital, ground, routing, limits)
    cost = detour.price(planning, routing, limits)
    places = [target.position[:2] for target in found]
    try:
        extra = detour.detours(cost, planning, rover, goal, places, params.pass_by)
    except InvalidInput:  # a rover or goal off the map: the targets are as good
        extra = np.full(len(found), math.nan)
    return [
        Ranked(t, float(d), chips.encode(_chip(ground, t, params))) for t, d in zip(found, extra, strict=True)
    ]


def _chip(ground: Grid, target: Target, params: RankingParams) -> chips.Image:
    side = max(params.chip_side, 1.5 * target.size)
    return chips.cut(ground, *target.position[:2], target.size, side, params.chip_pixels)


class Ranking:
    """The part of the analyst that ranks science targets.

    Args:
        node: gets the subscription, the publisher and the action server.
        tiles: of the terrain map, kept by the node.
    """

    def __init__(
        self, node: Node, params: RankingParams, tiles: TileShelf, worker: Worker, board: MarkerBoard,
        report: diagnostics.Diagnostics,
    ) -> None:  # fmt: skip
        self._node, self._params, self._tiles, self._worker = node, params, tiles, worker
        self._board, self._diagnostics = board, report
        self._orbital: OrbitalKnowledge | None = None
        self._waiting: list[_Waiting] = []
        self._targets = node.create_publisher(ScienceTargets, "science/targets", qos.LATCHED)
        node.create_subscription(OrbitalMap, "map/orbital", self._on_orbital, qos.LATCHED)
        self._goals = goals.GoalServer(node, RankTargets, "science/rank", self._begin, lambda handle: None)

    def _on_orbital(self, message: OrbitalMap) -> None:
        try:
            self._orbital, _ = orbital.knowledge(message)
        except InvalidInput as error:
            self._node.get_logger().warning(f"rejected: {error}")

    def _begin(self, handle: ServerGoalHandle) -> None:
        request = handle.request
        try:
            rover = convert.point(request.rover.position, "rank.rover")
            goal = convert.point(request.goal, "rank.goal")
        except InvalidInput as error:
            self._refuse(handle, str(error))
            return
        asked = _Asked(
            (float(rover[0]), float(rover[1])), (float(goal[0]), float(goal[1])), int(request.count) or None
        )
        self._waiting.append(_Waiting(handle, asked, time.monotonic()))

    def tend(self) -> None:
        """Start each ranking whose map has come; end those called off or waiting in vain."""
        for goal in list(self._waiting):
            if goal.handle.is_cancel_requested:
                self._waiting.remove(goal)
                self._goals.finish(goal.handle, goals.CANCELLED, RankTargets.Result(message="called off"))
                continue
            lacking = len(self._tiles.missing())
            if (lacking or self._orbital is None) and time.monotonic() - goal.since < self._params.tiles_wait:
                goal.handle.publish_feedback(RankTargets.Feedback(phase="waiting for the map"))
                continue
            self._waiting.remove(goal)
            self._start(goal)

    def _start(self, goal: _Waiting) -> None:
        try:
            ground = self._tiles.grid()
        except InvalidInput as error:
            self._refuse(goal.handle, str(error))
            return
        if ground is None:
            self._refuse(goal.handle, "map/tiles must come before targets can be ranked")
            return
        goal.handle.publish_feedback(RankTargets.Feedback(phase="ranking"))
        self._worker.do(self._job(ground, goal.asked), lambda done: self._conclude(goal.handle, done))

    def _job(self, ground: Grid, asked: _Asked) -> Callable[[], tuple[list[Ranked], float]]:
        """Return what the worker does; it touches nothing of this object."""
        orbital, params = self._orbital, self._params

        def job() -> tuple[list[Ranked], float]:
            begin = time.perf_counter()
            found = rank(ground, orbital, asked.rover, asked.goal, asked.count, params)
            return found, time.perf_counter() - begin

        return job

    def _conclude(self, handle: ServerGoalHandle, done: Done) -> None:
        if done.error:
            if done.trace:
                self._node.get_logger().error(done.trace)
            self._refuse(handle, done.error)
            return
        found, seconds = done.result
        message = to_message(found, self._now())
        self._targets.publish(message)
        self._board.show("targets", markers_of(found), self._now())
        text = f"{len(found)} science targets" if found else "no science target stands out"
        self._node.get_logger().info(f"{text} ({seconds:.1f} s)")
        self._diagnostics.report(self._now(), diagnostics.OK, text, {"seconds": seconds})
        self._goals.finish(
            handle,
            goals.SUCCEEDED,
            RankTargets.Result(success=True, message=text, targets=message, compute_seconds=seconds),
        )

    def _refuse(self, handle: ServerGoalHandle, why: str) -> None:
        self._node.get_logger().warning(f"science/rank refused: {why}")
        self._diagnostics.report(self._now(), diagnostics.WARN, why)
        self._goals.finish(handle, goals.ABORTED, RankTargets.Result(success=False, message=why))

    def _now(self) -> float:
        return 1e-9 * float(self._node.get_clock().now().nanoseconds)


def to_message(found: Iterable[Ranked], time: float) -> ScienceTargets:
    """Return ranked targets as a message, best first."""
    message = ScienceTargets()
    message.header.frame_id, message.header.stamp = "map", convert.to_stamp(time)
    for place, entry in enumerate(found, start=1):
        target = entry.target
        item = ScienceTarget(
            rank=place,
            kind=target.kind,
            position=convert.to_point(target.position),
            size=float(target.size),
            score=float(target.score),
            reason=target.reason,
            detour=float(entry.detour),
            chip=CompressedImage(format="jpeg", data=entry.chip),
        )
        item.chip.header = message.header
        message.targets.append(item)
    return message


def markers_of(found: Iterable[Ranked]) -> list[Marker]:
    """Return a ring and a name for each target."""
    markers = []
    for place, entry in enumerate(found, start=1):
        x, y, z = entry.target.position
        red, green, blue = COLOURS[entry.target.kind]
        ring = Marker(type=Marker.LINE_STRIP, color=ColorRGBA(r=red, g=green, b=blue, a=1.0))
        ring.pose.orientation.w = 1.0
        ring.scale.x = 0.08
        radius = 0.5 * entry.target.size + 0.3
        ring.points = [
            convert.to_point((x + radius * math.cos(a), y + radius * math.sin(a), z + 0.15))
            for a in np.linspace(0.0, 2.0 * math.pi, 25)
        ]
        cost = f"+{entry.detour:.0f} m" if math.isfinite(entry.detour) else "out of reach"
        text = f"{place} {entry.target.kind}, {cost}"
        name = Marker(type=Marker.TEXT_VIEW_FACING, text=text, color=ring.color)
        name.pose.position = convert.to_point((x, y, z + 1.2))
        name.pose.orientation.w = 1.0
        name.scale.z = 0.7
        markers += [ring, name]
    return markers
