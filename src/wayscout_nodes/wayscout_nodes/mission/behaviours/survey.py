# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Plan the flights that survey the corridors."""

from __future__ import annotations

from py_trees.common import Status

from wayscout.errors import WayscoutError
from wayscout.flight.survey import plan_survey
from wayscout_nodes.mission import words
from wayscout_nodes.mission.behaviours.base import Leaf
from wayscout_nodes.mission.behaviours.campaign import planning_ground
from wayscout_nodes.mission.state import Mission


class PlanSurveys(Leaf):
    """Queues the survey flights of every corridor; one out of reach is noted and left to the orbital map."""

    def __init__(self, mission: Mission) -> None:
        super().__init__("plan surveys", mission)

    def update(self) -> Status:
        mission = self.mission
        if not mission.can_fly:
            basis = f"the map in {mission.settings.start_map}" if mission.has_map else "the orbital map"
            mission.note(f"no survey flights: the decision rests on {basis}")
            return Status.SUCCESS
        mission.show("planning", "survey flights")
        number = 1
        for corridor in mission.corridors:
            try:
                plans = plan_survey(
                    corridor,
                    mission.helicopter,
                    mission.camera,
                    mission.limits,
                    first_flight=number,
                    ground=planning_ground(mission),
                )
            except WayscoutError as error:
                mission.note(f"no survey of {corridor.name}: {error}", "warning")
                continue
            for plan in plans:
                if not mission.can_fly:
                    mission.note(
                        f"{plan.name} left out: {mission.settings.max_flights} flights at most", "warning"
                    )
                    continue
                mission.waiting.append(plan)
                mission.recorder.flight(plan.flight, **words.planned_entry(plan))
                number += 1
        return Status.SUCCESS
