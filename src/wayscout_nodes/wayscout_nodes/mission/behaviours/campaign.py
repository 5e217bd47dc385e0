# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The tasks of a campaign: begin one, plan its flights, settle what became of it."""

from __future__ import annotations

import numpy as np
from py_trees.common import Status

from wayscout import config
from wayscout.errors import WayscoutError
from wayscout.flight.ground import Ground
from wayscout.flight.itinerary import Setting, plan_task
from wayscout.grid import Grid
from wayscout.link.radio import Radio
from wayscout_nodes.common import convert
from wayscout_nodes.mission import words
from wayscout_nodes.mission.agenda import Agenda
from wayscout_nodes.mission.behaviours.base import Leaf
from wayscout_nodes.mission.state import Mission


def agenda_of(mission: Mission) -> Agenda:
    """Return the campaign's agenda; behaviours of a campaign are built only where there is one."""
    assert mission.agenda is not None
    return mission.agenda


def planning_setting(mission: Mission) -> Setting:
    """Return what the campaign's flights are planned on: the orbital map and where the vehicles stand."""
    return Setting(
        mission.limits,
        mission.camera,
        {corridor.name: corridor for corridor in mission.corridors},
        _elevation(mission),
        config.load("link", Radio),
        np.array([mission.rover.position.x, mission.rover.position.y, np.nan]),
        agenda_of(mission).targets,
    )


def planning_ground(mission: Mission) -> Ground | None:
    """Return the ground that flights are priced on; None when no map is known."""
    elevation = _elevation(mission)
    return Ground([elevation], mission.limits.ground_uncertainty) if elevation is not None else None


def _elevation(mission: Mission) -> Grid | None:
    """The orbiter's elevation; None when it is not known."""
    assert mission.orbital is not None
    message = mission.orbital.elevation
    return convert.tile(message, "map/orbital.elevation") if message.rows else None


class BeginTask(Leaf):
    """Goes on to a task."""

    def __init__(self, mission: Mission, index: int) -> None:
        super().__init__("begin task", mission)
        self._index = index

    def update(self) -> Status:
        agenda = agenda_of(self.mission)
        record = agenda.begin(self._index)
        self.mission.note(f"task {self._index + 1} of {len(agenda.records)}: {record.task.label}")
        self.mission.write_agenda()
        return Status.SUCCESS


class PlanTask(Leaf):
    """Queues the flights of the current task; why one is out of reach is noted for its settling."""

    def __init__(self, mission: Mission) -> None:
        super().__init__("plan task", mission)

    def update(self) -> Status:
        mission, agenda = self.mission, agenda_of(self.mission)
        record = agenda.current
        if mission.helicopter_lost:
            record.problems.append("the helicopter was lost before")
            return Status.SUCCESS
        mission.show("planning", record.task.label)
        x, y = (float(v) for v in mission.helicopter)
        try:
            plans = plan_task(
                record.task, agenda.following, (x, y), planning_setting(mission), mission.next_number
            )
        except WayscoutError as error:
            mission.note(f"{record.task.label}: {error}", "warning")
            record.problems.append(str(error))
            return Status.SUCCESS
        for plan in plans:
            mission.waiting.append(plan)
            record.flights.append(plan.flight)
            mission.recorder.flight(plan.flight, **words.planned_entry(plan))
        return Status.SUCCESS


class SettleTask(Leaf):
    """Judges the current task by its flights."""

    def __init__(self, mission: Mission) -> None:
        super().__init__("settle task", mission)

    def update(self) -> Status:
        mission = self.mission
        record = agenda_of(mission).settle(mission.recorder.flights)
        told = f"{record.task.label}: {record.outcome}" + (f", {record.message}" if record.message else "")
        mission.note(told, "info" if record.outcome == "complete" else "warning")
        mission.write_agenda()
        return Status.SUCCESS


class Conclude(Leaf):
    """Ends the campaign."""

    def __init__(self, mission: Mission) -> None:
        super().__init__("conclude", mission)

    def update(self) -> Status:
        self.mission.end("", "")
        return Status.SUCCESS
