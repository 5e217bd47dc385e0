# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Fly one plan."""

from __future__ import annotations

from typing import Any

import numpy as np
from py_trees.common import Status
from wayscout_interfaces.action import Fly as FlyAction

from wayscout_nodes.mission import words
from wayscout_nodes.mission.behaviours.base import ActionLeaf
from wayscout_nodes.mission.state import Mission


class Fly(ActionLeaf):
    """Flies the plan taken from the queue; the mission goes on with whatever it brought."""

    def __init__(self, mission: Mission) -> None:
        super().__init__("fly", mission, mission.ports.fly)

    def goal(self) -> FlyAction.Goal:
        self.take_off()
        assert self.mission.plan is not None
        return FlyAction.Goal(plan=words.to_plan(self.mission.plan))

    def take_off(self) -> int:
        """Book that a flight begins, and return its number."""
        mission = self.mission
        assert mission.plan is not None
        mission.pictures = 0
        mission.flown += 1
        mission.progress.flight = mission.plan.flight
        mission.show("flight", mission.plan.name)
        return mission.plan.flight

    def progress(self, feedback: Any) -> None:
        self.mission.pictures = int(feedback.pictures)
        self.mission.progress.metres_to_go = 0.0
        self.mission.progress.text = (
            f"{self.mission.plan.name if self.mission.plan else ''}: {feedback.phase}, "
            f"{feedback.elapsed:.0f} s, "
            f"{feedback.distance:.0f} m, {feedback.pictures} pictures"
        )

    def conclude(self, result: Any | None, error: str) -> Status:
        mission = self.mission
        assert mission.plan is not None
        number = mission.plan.flight
        if result is None:
            # No log at all: nobody can say where it is, so it is not sent up again.
            mission.helicopter_lost = True
            mission.recorder.flight(number, outcome="no answer", message=error, pictures=mission.pictures)
            mission.note(f"flight {number}: {error}; no more flights", "error")
            return Status.SUCCESS
        log = result.log
        message = log.message or result.message or error
        mission.recorder.flight(number, **words.log_entry(log))
        mission.recorder.flight(number, message=message, outcome=log.outcome or "refused")
        mission.pictures = int(log.pictures)
        mission.pack.draw(float(log.energy))
        if not log.outcome:
            self.try_again(number)
        if log.outcome == "lost":
            mission.helicopter_lost = True
            mission.note(f"flight {number}: the helicopter is lost: {message}", "error")
        elif not result.success or error:
            mission.note(f"flight {number} ({mission.plan.name}): {message or 'failed'}", "warning")
        if log.duration > 0.0 and log.outcome != "lost":
            mission.helicopter = np.array([log.landing_position.x, log.landing_position.y])
        return Status.SUCCESS

    def try_again(self, number: int) -> None:
        """Queue a flight that never left the ground once more: after a rest its battery may do."""
        mission = self.mission
        if number not in mission.refused and mission.plan is not None:
            mission.refused.add(number)
            mission.flown -= 1
            mission.waiting.appendleft(mission.plan)
