# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Plan the flight that a decision asked for."""

from __future__ import annotations

import numpy as np
from py_trees.common import Status

from wayscout.errors import WayscoutError
from wayscout.flight.survey import plan_look
from wayscout_nodes.mission import words
from wayscout_nodes.mission.behaviours.base import Leaf
from wayscout_nodes.mission.behaviours.campaign import planning_ground
from wayscout_nodes.mission.state import Mission


class PlanLook(Leaf):
    """Queues one flight over the points that would decide most; what is out of reach uses up the look."""

    def __init__(self, mission: Mission) -> None:
        super().__init__("plan look", mission)

    def update(self) -> Status:
        mission = self.mission
        assert mission.decision is not None
        mission.looks += 1
        mission.show("planning", "a closer look")
        try:
            plan = plan_look(
                np.array([(p.x, p.y) for p in mission.decision.look_at], dtype=np.float64).reshape(-1, 2),
                mission.helicopter,
                mission.camera,
                mission.limits,
                radius=mission.settings.look_radius,
                name=f"look {mission.looks}",
                flight=mission.flown + 1,
                ground=planning_ground(mission),
            )
        except WayscoutError as error:
            mission.note(f"no closer look: {error}", "warning")
            mission.looks = mission.settings.max_looks  # asking again would bring the same points
            return Status.SUCCESS
        mission.waiting.append(plan)
        mission.recorder.flight(plan.flight, **words.planned_entry(plan))
        return Status.SUCCESS
