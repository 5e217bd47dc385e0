# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The router: keeps the orbital map and the tiles, answers `route/plan` with a decision and its reasons."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from nav_msgs.msg import Path as PathMsg
from rclpy.action.server import ServerGoalHandle
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.publisher import Publisher
from visualization_msgs.msg import MarkerArray
from wayscout_interfaces.action import PlanRoute
from wayscout_interfaces.msg import Hazards, OrbitalMap, RouteDecision

from wayscout.corridor import Corridor
from wayscout.errors import WayscoutError
from wayscout.grid import Grid
from wayscout.routing import compare, costs
from wayscout.routing.parameters import RouterParams, RoverLimits
from wayscout_nodes.common import convert, diagnostics, orbital, parameters, qos
from wayscout_nodes.common.goals import ABORTED, CANCELLED, SUCCEEDED, GoalServer
from wayscout_nodes.common.run import run
from wayscout_nodes.common.tiles import TileShelf
from wayscout_nodes.router import messages
from wayscout_nodes.router.hazards import mark_hazards

_PATIENCE = 20.0  # [s] wall clock that a goal waits for the orbital map and for tiles that the index names
_SETTLE = 0.3  # [s] wall clock that every goal waits, so that a map sent just before it is not overtaken


@dataclass
class _Waiting:
    handle: ServerGoalHandle
    since: float


class Router(Node):
    """Orbital map, tiles and hazards in; candidates and the decision out."""

    def __init__(self) -> None:
        super().__init__("router")
        self._params = parameters.declare(self, "router", RouterParams, apply=self._take_params)
        self._limits = parameters.declare(self, "rover", RoverLimits, prefix="rover", apply=self._take_limits)
        folder = parameters.declare_one(
            self, "route_folder", "", "where decision.json and candidates.npz are written, empty for none"
        )
        self._folder = Path(folder) if folder else None
        self._orbital: costs.OrbitalKnowledge | None = None
        self._corridors: list[Corridor] = []
        self._tiles = TileShelf()
        self._hazards = Hazards()
        self._waiting: list[_Waiting] = []
        self._paths: dict[str, Publisher] = {}
        self._diagnostics = diagnostics.Diagnostics(self)
        self._markers = self.create_publisher(MarkerArray, "route/candidates", qos.LATCHED)
        self._decision = self.create_publisher(RouteDecision, "route/decision", qos.LATCHED)
        self.create_subscription(OrbitalMap, "map/orbital", self._on_orbital, qos.LATCHED)
        self._tiles.listen(self, self._drop)
        self.create_subscription(Hazards, "map/hazards", self._on_hazards, qos.LATCHED)
        self._goals = GoalServer(self, PlanRoute, "route/plan", self._begin, self._cancel)
        # Wall clock: simulated time stands still while the mission waits for the answer.
        self.create_timer(0.1, self._serve, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _take_params(self, params: RouterParams) -> None:
        self._params = params  # the next goal is planned by them

    def _take_limits(self, limits: RoverLimits) -> None:
        self._limits = limits

    def _on_orbital(self, message: OrbitalMap) -> None:
        try:
            self._orbital, self._corridors = orbital.knowledge(message)
        except WayscoutError as error:
            self._drop("map/orbital", error)
            return
        for corridor in self._corridors:
            name = corridor.name.lower()
            if name not in self._paths:
                self._paths[name] = self.create_publisher(PathMsg, f"route/{name}/path", qos.LATCHED)

    def _on_hazards(self, message: Hazards) -> None:
        self._hazards = message

    def _drop(self, what: str, error: WayscoutError) -> None:
        self.get_logger().warning(f"{what} dropped: {error}")
        self._diagnostics.report(self._now(), diagnostics.WARN, str(error))

    def _begin(self, handle: ServerGoalHandle) -> None:
        self._waiting.append(_Waiting(handle, time.monotonic()))

    def _cancel(self, handle: ServerGoalHandle) -> None:
        """Take note only: a waiting goal ends at the next turn of `_serve`."""

    def _serve(self) -> None:
        """Answer every goal whose maps are complete, or that has waited too long."""
        for goal in list(self._waiting):
            if goal.handle.is_cancel_requested:
                self._waiting.remove(goal)
                self._goals.finish(goal.handle, CANCELLED, PlanRoute.Result(message="called off"))
                continue
            waited = time.monotonic() - goal.since
            if waited < _SETTLE:
                continue
            lacking = self._lacking(bool(goal.handle.request.orbital_only))
            if lacking and waited < _PATIENCE:
                goal.handle.publish_feedback(PlanRoute.Feedback(phase=f"waiting for {lacking}"))
                continue
            self._waiting.remove(goal)
            if lacking:
                self._refuse(goal.handle, f"{lacking} did not come within {_PATIENCE:g} s")
            else:
                self._answer(goal.handle)

    def _lacking(self, orbital_only: bool) -> str:
        if self._orbital is None:
            return "map/orbital"
        missing = [] if orbital_only else self._tiles.missing()
        return f"{len(missing)} tiles that map/index names, first {missing[0]}" if missing else ""

    def _answer(self, handle: ServerGoalHandle) -> None:
        request = handle.request
        begin = time.perf_counter()
        handle.publish_feedback(PlanRoute.Feedback(phase="planning"))
        try:
            start = convert.pose(request.start, "start").position
            goal = convert.point(request.goal, "goal")
            grid = self._planning_map(bool(request.orbital_only))
            decision = compare.decide(
                grid,
                self._corridors,
                (float(start[0]), float(start[1])),
                (float(goal[0]), float(goal[1])),
                self._limits,
                self._params,
                may_look=not request.orbital_only,
            )
        except WayscoutError as error:
            self._refuse(handle, str(error))
            return
        except Exception as error:  # the node must outlive whatever a map brings
            self._refuse(handle, f"planning failed: {error!r}")
            return
        seconds = time.perf_counter() - begin
        message = self._publish(decision, seconds)
        self._write(decision, grid, seconds)
        text = f"{decision.choice} on the {decision.basis} map: {decision.reasons[0]}"
        self.get_logger().info(f"{text} ({seconds:.1f} s)")
        chances = {f"success {c.channel}": c.success_probability for c in decision.candidates}
        self._diagnostics.report(self._now(), diagnostics.OK, text, {"seconds": seconds} | chances)
        result = PlanRoute.Result(success=True, message=text, decision=message)
        self._goals.finish(handle, SUCCEEDED, result)

    def _planning_map(self, orbital_only: bool) -> Grid:
        fine = None if orbital_only else self._tiles.grid()
        if fine is not None:
            mark_hazards(fine, self._hazards)
        return costs.planning_map(self._orbital, fine, self._params, self._limits)

    def _publish(self, decision: compare.Decision, seconds: float) -> RouteDecision:
        now, frame = self._now(), "map"
        message = messages.to_decision(decision, frame, now, seconds)
        self._decision.publish(message)
        self._markers.publish(messages.to_markers(decision))
        for candidate in decision.candidates:
            self._paths[candidate.channel.lower()].publish(messages.to_path(candidate, frame, now))
        return message

    def _write(self, decision: compare.Decision, grid: Grid, seconds: float) -> None:
        if self._folder is None:
            return
        try:
            messages.write(self._folder, decision, grid, self._now(), seconds)
        except OSError as error:  # a full disk costs the record, not the answer
            self.get_logger().error(f"{self._folder}: {error}")

    def _refuse(self, handle: ServerGoalHandle, why: str) -> None:
        self.get_logger().warning(f"route/plan refused: {why}")
        self._diagnostics.report(self._now(), diagnostics.WARN, why)
        self._goals.finish(handle, ABORTED, PlanRoute.Result(success=False, message=why))

    def _now(self) -> float:
        return 1e-9 * float(self.get_clock().now().nanoseconds)


def main() -> None:
    sys.exit(run(Router))


if __name__ == "__main__":
    main()
