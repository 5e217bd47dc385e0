# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What the mission knows and does now; every behaviour works on this one record."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from geometry_msgs.msg import Pose as PoseMsg
from wayscout_interfaces.msg import OrbitalMap, RouteCandidate, RouteDecision

from wayscout import config
from wayscout.camera import Camera
from wayscout.corridor import Corridor
from wayscout.flight.plan import FlightPlan, HelicopterLimits
from wayscout.flight.solar import Pack, SunPower
from wayscout_nodes.mission.actions import Ports
from wayscout_nodes.mission.agenda import Agenda
from wayscout_nodes.mission.recorder import Recorder
from wayscout_nodes.mission.settings import Settings

Array = npt.NDArray[np.float64]

ARRIVED, NEITHER = "arrived", "neither"
STOPPED, FAILED, INTERRUPTED = "stopped", "failed", "interrupted"
COMPLETE, PARTLY = "complete", "partly"
ANSWERS = (ARRIVED, NEITHER, COMPLETE)
"""Outcomes that answer the mission's question; every other one is a failure."""


@dataclass
class Progress:
    """What the terminal and mission/status show."""

    phase: str = "waiting"
    text: str = ""
    flight: int = 0
    coverage: float = 0.0
    metres_to_go: float = 0.0


@dataclass
class Mission:
    """The blackboard of the tree.

    Attributes:
        goal: x, y [m] in map.
        rover: newest pose of the rover's base_link in map.
        helicopter: x, y [m] where it stands.
        waiting: flights planned and not yet flown.
        last_stop: how the drive ended that a new route shall mend; last_drive: how far it came [m].
        refused: numbers of flights that the helicopter refused once; they are tried once more after a rest.
        held: what waits for the operator, in words; empty when nothing does.
        approved: by the operator, for what is held now or next; used up by it.
        agenda: of a campaign; None in the main mission.
        outcome: how it ended; empty while it goes on.
    """

    settings: Settings
    ports: Ports
    recorder: Recorder
    limits: HelicopterLimits
    camera: Camera
    goal: Array
    rover: PoseMsg
    helicopter: Array
    started: bool = False
    approved: bool = False
    held: str = ""
    agenda: Agenda | None = None
    orbital: OrbitalMap | None = None
    corridors: list[Corridor] = field(default_factory=list)
    waiting: deque[FlightPlan] = field(default_factory=deque)
    plan: FlightPlan | None = None
    refused: set[int] = field(default_factory=set)
    pictures: int = 0
    flown: int = 0
    flights_mapped: int = 0
    looks: int = 0
    replans: int = 0
    helicopter_lost: bool = False
    last_stop: str = ""
    last_drive: float = 0.0
    decision: RouteDecision | None = None
    channel: str = ""
    distance: float = 0.0
    max_tilt: float = 0.0
    max_slip: float = 0.0
    coverage: Sequence[float] = ()
    outcome: str = ""
    message: str = ""
    progress: Progress = field(default_factory=Progress)

    def __post_init__(self) -> None:
        self._pack = Pack(config.load("campaign", SunPower), self.limits)

    @property
    def pack(self) -> Pack:
        """The helicopter's charge, as booked."""
        return self.agenda.pack if self.agenda is not None else self._pack

    @property
    def over(self) -> bool:
        return bool(self.outcome)

    @property
    def has_map(self) -> bool:
        """Whether pictures of the ground are in the map."""
        return self.flights_mapped > 0 or bool(self.settings.start_map)

    @property
    def can_fly(self) -> bool:
        """Whether another flight may be planned."""
        planned = self.flown + len(self.waiting)
        flies = self.settings.survey and not self.settings.start_map
        return flies and not self.helicopter_lost and planned < self.settings.max_flights

    @property
    def next_number(self) -> int:
        """The number of the next flight to plan."""
        return self.flown + len(self.waiting) + 1

    def show(self, phase: str | None = None, text: str | None = None) -> None:
        """Tell people what goes on; a new phase begins in the timeline too."""
        if phase is not None and (phase != self.progress.phase or text != self.progress.text):
            self.recorder.phase(phase, text or "")
        self.progress.phase = phase if phase is not None else self.progress.phase
        self.progress.text = text if text is not None else self.progress.text

    def note(self, text: str, level: str = "info") -> None:
        """Keep a message for the report and show it."""
        self.recorder.note(text, level)
        self.progress.text = text

    def end(self, outcome: str, message: str) -> None:
        """Conclude; only the first conclusion counts."""
        if not self.over:
            if self.agenda is not None and outcome != INTERRUPTED:
                outcome, message = self.agenda.conclude(outcome, message, answered=outcome in ANSWERS)
            self.outcome, self.message = outcome, message
            self.recorder.note(f"{outcome}: {message}", "info" if outcome in ANSWERS else "error")
            self.write_outcome()

    def write_outcome(self) -> None:
        """Write the outcome with its figures to the run folder."""
        self.write_agenda()
        self.recorder.outcome(
            self.outcome,
            self.message,
            channel=self.channel,
            forced_channel=self.settings.channel or None,
            distance_m=self.distance,
            max_tilt_rad=self.max_tilt,
            max_slip=self.max_slip,
            replans=self.replans,
            looks=self.looks,
            helicopter_lost=self.helicopter_lost,
            coverage={c.name: share for c, share in zip(self.corridors, self.coverage, strict=False)},
        )

    def write_agenda(self) -> None:
        """Write what became of a campaign's tasks so far."""
        if self.agenda is not None:
            self.recorder.files.write("campaign", self.agenda.entries())


def best_candidate(decision: RouteDecision) -> RouteCandidate | None:
    """Return the passable candidate with the greatest probability of success, the cheaper of equals."""
    passable = [c for c in decision.candidates if c.passable and c.path.poses]
    return max(passable, key=lambda c: (c.success_probability, -c.cost), default=None)
