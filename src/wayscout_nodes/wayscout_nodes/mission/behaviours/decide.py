# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Ask for a route decision."""

from __future__ import annotations

from typing import Any

from geometry_msgs.msg import Point
from py_trees.common import Status
from wayscout_interfaces.action import PlanRoute

from wayscout_nodes.mission import words
from wayscout_nodes.mission.behaviours.base import ActionLeaf
from wayscout_nodes.mission.state import FAILED, STOPPED, Mission


class Decide(ActionLeaf):
    """Plans from where the rover stands; without any mapped flight on the orbital map alone."""

    def __init__(self, mission: Mission) -> None:
        super().__init__("decide", mission, mission.ports.plan_route)

    def goal(self) -> PlanRoute.Goal:
        mission = self.mission
        mission.show("planning", "a new route" if mission.replans else "routes through the channels")
        return PlanRoute.Goal(
            start=mission.rover,
            goal=Point(x=float(mission.goal[0]), y=float(mission.goal[1])),
            orbital_only=not mission.has_map,
        )

    def progress(self, feedback: Any) -> None:
        self.mission.progress.text = str(feedback.phase)

    def conclude(self, result: Any | None, error: str) -> Status:
        mission = self.mission
        if result is None or error or not result.success:
            reason = error or (result.message if result is not None else "") or "no reason given"
            moved = mission.distance > 0.0
            mission.end(STOPPED if moved else FAILED, f"no route decision: {reason}")
            return Status.FAILURE
        decision = result.decision
        mission.decision = decision
        mission.recorder.decision(words.decision_entry(decision))
        why = "; ".join(decision.reasons)
        mission.note(
            f"decision: {decision.choice} (by the {decision.basis or 'unknown'} map)"
            + (f": {why}" if why else "")
        )
        forced = mission.settings.channel
        if forced and decision.choice != forced and not mission.replans:
            mission.note(f"channel {forced} all the same: the operator wants it", "warning")
        return Status.SUCCESS
