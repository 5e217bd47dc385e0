# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Reconnaissance: a flight that the helicopter plans itself, and the inspection of its pictures."""

from __future__ import annotations

import math
from typing import Any

from geometry_msgs.msg import Point
from py_trees.common import Status
from wayscout_interfaces.action import Inspect as InspectAction
from wayscout_interfaces.action import Recon as ReconAction

from wayscout.flight import campaign
from wayscout.flight.itinerary import spots_before, wish_of
from wayscout.flight.plan import FlightPlan, FlightWaypoint
from wayscout.sites.records import Prior
from wayscout_nodes.mission import words
from wayscout_nodes.mission.behaviours.base import ActionLeaf, Leaf
from wayscout_nodes.mission.behaviours.campaign import agenda_of, planning_setting
from wayscout_nodes.mission.behaviours.fly import Fly
from wayscout_nodes.mission.state import Mission


def _asked(mission: Mission) -> tuple[campaign.Recon, Prior]:
    task = agenda_of(mission).current.task
    assert isinstance(task, campaign.Recon)
    return task, agenda_of(mission).targets[task.target]


class PrepareRecon(Leaf):
    """Numbers the flight; fails when there is nothing left to fly with."""

    def __init__(self, mission: Mission) -> None:
        super().__init__("prepare recon", mission)

    def update(self) -> Status:
        mission = self.mission
        record = agenda_of(mission).current
        if mission.helicopter_lost:
            record.problems.append("the helicopter was lost before")
            return Status.FAILURE
        task, target = _asked(mission)
        number = mission.next_number
        here = FlightWaypoint(float(mission.helicopter[0]), float(mission.helicopter[1]), 8.0, 1.0, 0.0)
        there = FlightWaypoint(target.x, target.y, 8.0, 1.0, 0.0)
        mission.plan = FlightPlan(number, task.label, (here, there))  # until the helicopter tells its own
        mission.pictures = 0
        record.flights.append(number)
        mission.recorder.flight(number, name=task.label, outcome="planned")
        return Status.SUCCESS


class FlyRecon(Fly):
    """Lets the helicopter plan and fly a look at the target."""

    def __init__(self, mission: Mission) -> None:
        super().__init__(mission)
        assert mission.ports.recon is not None
        self.name, self._port = "recon", mission.ports.recon

    def goal(self) -> ReconAction.Goal:
        mission = self.mission
        task, _ = _asked(mission)
        look = agenda_of(mission).looks[task.target]  # what lies beside it is looked at, too
        number = self.take_off()
        home = (float(mission.helicopter[0]), float(mission.helicopter[1]))
        spots = spots_before(agenda_of(mission).following, home, planning_setting(mission))
        wish = wish_of(task)
        return ReconAction.Goal(
            target=task.target,
            position=Point(x=look.x, y=look.y),
            position_sigma=look.sigma,
            kind=look.kind,
            size=look.size,
            ground_sampling=wish.ground_sampling,
            viewing_angles=[float(a) for a in wish.viewing_angles],
            height=wish.height,
            landing_sites=[Point(x=x, y=y) for x, y in spots],
            flight=number,
        )

    def conclude(self, result: Any | None, error: str) -> Status:
        if result is not None and result.plan.waypoints:
            plan = words.from_plan(result.plan)
            self.mission.plan = plan
            self.mission.recorder.flight(plan.flight, **words.planned_entry(plan))
        super().conclude(result, error)
        # without a flight there is nothing to map and to inspect
        return Status.SUCCESS if self.mission.pictures > 0 else Status.FAILURE

    def try_again(self, number: int) -> None:
        """Its plan was refused as the helicopter stands there rested: it would be again."""


class Inspect(ActionLeaf):
    """Lets the analyst find and measure what lies at the target."""

    def __init__(self, mission: Mission) -> None:
        assert mission.ports.inspect is not None
        super().__init__("inspect", mission, mission.ports.inspect)

    def goal(self) -> InspectAction.Goal:
        mission = self.mission
        assert mission.plan is not None
        task, target = _asked(mission)
        mission.show("mapping", f"inspecting {task.target}")
        return InspectAction.Goal(
            flight=mission.plan.flight,
            target=task.target,
            kind=target.kind,
            position=Point(x=target.x, y=target.y),
            position_sigma=target.sigma,
            size=target.size,
        )

    def progress(self, feedback: Any) -> None:
        self.mission.progress.text = str(feedback.phase)

    def conclude(self, result: Any | None, error: str) -> Status:
        mission = self.mission
        record = agenda_of(mission).current
        if result is None or error or not result.success:
            reason = error or (result.message if result is not None else "") or "no reason given"
            record.problems.append(f"not inspected: {reason}")
            mission.note(f"{record.task.label}: not inspected: {reason}", "warning")
            return Status.SUCCESS
        record.found = [words.object_entry(found) for found in result.report.objects]
        measured = [
            o for o in record.found if o["kind"] in ("parachute", "backshell") and math.isfinite(o["size"])
        ]
        told = [f"{o['kind']} {o['size']:.1f} m across" for o in measured]
        debris = sum(o["kind"] == "debris" for o in record.found)
        told += [f"{debris} pieces of debris"] if debris else []
        mission.note(f"{record.task.label}: found {', '.join(told) or 'nothing'}")
        return Status.SUCCESS
