# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""ROS actions and services as calls that a behaviour can start, watch and cancel.

A `Call` never raises and never blocks: it is pending, then done with a result or with an error text.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.node import Node
from wayscout_interfaces.action import Drive, Fly, Inspect, PlanRoute, RankTargets, Recon, UpdateMap
from wayscout_interfaces.srv import AdvanceTime


class Call(Protocol):
    """One goal on its way."""

    @property
    def done(self) -> bool: ...
    @property
    def result(self) -> Any | None:
        """The result, also of an action that failed; None while pending or without an answer."""

    @property
    def error(self) -> str:
        """Why there is no (successful) result, in words; empty otherwise."""

    @property
    def feedback(self) -> Any | None:
        """The newest feedback."""

    def cancel(self) -> None: ...


class Port(Protocol):
    """Where goals of one kind go."""

    name: str

    def ready(self) -> bool: ...
    def send(self, goal: Any) -> Call: ...


@dataclass(frozen=True)
class Ports:
    """All that the mission can ask of the other nodes; recon and inspect only where a campaign needs them."""

    fly: Port
    update_map: Port
    plan_route: Port
    drive: Port
    advance: Port
    recon: Port | None = None
    inspect: Port | None = None
    rank: Port | None = None  # not among `all`: a mission does not wait for it

    def all(self) -> tuple[Port, ...]:
        ports = (
            self.fly,
            self.update_map,
            self.plan_route,
            self.drive,
            self.advance,
            self.recon,
            self.inspect,
        )
        return tuple(port for port in ports if port is not None)


def connect(node: Node, silence_limit: float, *, recon: bool = False) -> Ports:
    """Make the ports of a node; an action that is silent for `silence_limit` [s, wall] is given up."""

    def action(kind: Any, name: str) -> Port:
        return ActionPort(node, kind, name, silence_limit)

    return Ports(
        fly=action(Fly, "helicopter/fly"),
        update_map=action(UpdateMap, "map/update"),
        plan_route=action(PlanRoute, "route/plan"),
        drive=action(Drive, "rover/drive"),
        advance=ServicePort(node, AdvanceTime, "simulation/advance", silence_limit),
        recon=action(Recon, "helicopter/recon") if recon else None,
        inspect=action(Inspect, "science/inspect") if recon else None,
        rank=action(RankTargets, "science/rank"),
    )


class _Watched:
    """What action and service calls share: pending until finished, or until silent for too long."""

    def __init__(self, name: str, silence_limit: float, alive: Callable[[], bool]) -> None:
        self._name = name
        self._limit = silence_limit
        self._alive = alive
        self._heard = time.monotonic()
        self._finished = False
        self.result: Any | None = None
        self.error = ""
        self.feedback: Any | None = None

    @property
    def done(self) -> bool:
        if not self._finished:
            silent = time.monotonic() - self._heard
            if silent > self._limit:
                self._finish(f"{self._name} said nothing for {silent:.0f} s")
            elif silent > 5.0 and not self._alive():
                self._finish(f"the server of {self._name} has gone")
        return self._finished

    def cancel(self) -> None:
        """A service call cannot be called back; its answer is ignored."""

    def _heard_from(self) -> None:
        self._heard = time.monotonic()

    def _finish(self, error: str = "", result: Any | None = None) -> None:
        if not self._finished:
            self._finished, self.error, self.result = True, error, result


class ActionPort:
    """Goals of one action."""

    def __init__(self, node: Node, kind: Any, name: str, silence_limit: float) -> None:
        self.name = name
        self._limit = silence_limit
        self._client = ActionClient(node, kind, name)

    def ready(self) -> bool:
        return bool(self._client.server_is_ready())

    def send(self, goal: Any) -> Call:
        return _ActionCall(self._client, self.name, goal, self._limit)


class _ActionCall(_Watched):
    def __init__(self, client: ActionClient, name: str, goal: Any, silence_limit: float) -> None:
        super().__init__(name, silence_limit, client.server_is_ready)
        self._handle: Any | None = None
        self._cancelled = False
        client.send_goal_async(goal, feedback_callback=self._on_feedback).add_done_callback(self._on_answer)

    def cancel(self) -> None:
        self._cancelled = True
        if self._handle is not None and not self._finished:
            self._handle.cancel_goal_async()

    def _on_feedback(self, message: Any) -> None:
        self._heard_from()
        self.feedback = message.feedback

    def _on_answer(self, future: Any) -> None:
        self._heard_from()
        self._handle = future.result()
        if not self._handle.accepted:
            self._finish(f"{self._name} refused the goal")
            return
        if self._cancelled:
            self._handle.cancel_goal_async()
        self._handle.get_result_async().add_done_callback(self._on_result)

    def _on_result(self, future: Any) -> None:
        answer = future.result()
        error = ""
        if answer.status != GoalStatus.STATUS_SUCCEEDED:
            how = "was cancelled" if answer.status == GoalStatus.STATUS_CANCELED else "failed"
            message = getattr(answer.result, "message", "")
            error = f"{self._name} {how}" + (f": {message}" if message else "")
        self._finish(error, answer.result)


class ServicePort:
    """Requests of one service, in the shape of an action."""

    def __init__(self, node: Node, kind: Any, name: str, silence_limit: float) -> None:
        self.name = name
        self._limit = silence_limit
        self._client = node.create_client(kind, name)

    def ready(self) -> bool:
        return bool(self._client.service_is_ready())

    def send(self, goal: Any) -> Call:
        return _ServiceCall(self._client, self.name, goal, self._limit)


class _ServiceCall(_Watched):
    def __init__(self, client: Any, name: str, request: Any, silence_limit: float) -> None:
        super().__init__(name, silence_limit, client.service_is_ready)
        client.call_async(request).add_done_callback(self._on_answer)

    def _on_answer(self, future: Any) -> None:
        answer = future.result()
        failed = answer is None or not getattr(answer, "success", True)
        self._finish(f"{self._name} failed: {getattr(answer, 'message', '')}" if failed else "", answer)
