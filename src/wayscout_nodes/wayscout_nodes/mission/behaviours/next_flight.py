# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Take the next flight from the queue."""

from __future__ import annotations

from py_trees.common import Status

from wayscout.flight.plan_file import from_here
from wayscout_nodes.mission.behaviours.base import Leaf
from wayscout_nodes.mission.state import Mission


class NextFlight(Leaf):
    """Fails when no flight waits or the helicopter is lost, which ends the flying."""

    def __init__(self, mission: Mission) -> None:
        super().__init__("next flight", mission)

    def update(self) -> Status:
        mission = self.mission
        if mission.helicopter_lost:
            for plan in mission.waiting:
                mission.recorder.flight(
                    plan.flight, outcome="not flown", message="the helicopter was lost before"
                )
            mission.waiting.clear()
        if not mission.waiting:
            return Status.FAILURE
        mission.plan = mission.waiting.popleft()
        if mission.agenda is not None:  # flights land elsewhere than where they began
            mission.plan = from_here(mission.plan, mission.helicopter)
        return Status.SUCCESS
