# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A campaign under way: what became of each task, and of the whole."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wayscout.config import load
from wayscout.flight.campaign import Campaign, Reposition, Task
from wayscout.flight.itinerary import SEARCH, targets_of
from wayscout.flight.plan import HelicopterLimits
from wayscout.flight.recon import ReconParams
from wayscout.flight.solar import Pack, SunPower
from wayscout.sites.records import Prior
from wayscout.worlds.folder import World

Entry = dict[str, Any]

WAITING, UNDER_WAY, DONE, PARTLY_DONE, FAILED_TASK = "waiting", "under way", "complete", "partly", "failed"
NOT_BEGUN = "not begun"
NEAR = 2.0 * SEARCH  # [m] from the place of a repositioning: once for its spot, once for the look from above


@dataclass
class TaskRecord:
    """One task.

    Attributes:
        outcome: 'waiting', 'under way', 'complete', 'partly', 'failed' or, at the end, 'not begun'.
        flights: numbers of the flights planned for it.
        problems: what went wrong, in words.
        found: what a reconnaissance found, one entry for each object.
    """

    task: Task
    outcome: str = WAITING
    message: str = ""
    flights: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    found: list[Entry] = field(default_factory=list)


class Agenda:
    """The tasks in turn, with the battery's charge between flights.

    Args:
        targets: of the reconnaissances, by name.
        looks: what is looked at for each of them, where that is more than the target.
    """

    def __init__(
        self,
        campaign: Campaign,
        targets: Mapping[str, Prior],
        sun: SunPower,
        limits: HelicopterLimits,
        looks: Mapping[str, Prior] | None = None,
    ) -> None:
        self.campaign = campaign
        self.targets = dict(targets)
        self.looks = {**self.targets, **(looks or {})}
        self.records = [TaskRecord(task) for task in campaign.tasks]
        self.pack = Pack(sun, limits)
        self._current = -1

    @classmethod
    def of(cls, campaign: Campaign, world: World, sun: SunPower, limits: HelicopterLimits) -> Agenda:
        """Return the agenda of a campaign that has been checked against the world."""
        targets, looks = targets_of(campaign, world, load("recon", ReconParams))
        return cls(campaign, targets, sun, limits, looks)

    @property
    def current(self) -> TaskRecord:
        """The task that is under way."""
        return self.records[self._current]

    @property
    def following(self) -> Task | None:
        """The task after it."""
        after = self._current + 1
        return self.campaign.tasks[after] if after < len(self.campaign.tasks) else None

    def begin(self, index: int) -> TaskRecord:
        """Go on to a task."""
        self._current = index
        self.current.outcome = UNDER_WAY
        return self.current

    def settle(self, flights: Sequence[Entry]) -> TaskRecord:
        """Judge the current task by the records of its flights, and return it.

        It is complete when every flight planned for it was, and nothing else went wrong.
        """
        record = self.current
        own = [entry for entry in flights if entry["flight"] in record.flights]
        complete = [entry for entry in own if entry.get("outcome") == "complete"]
        for entry in own:
            if entry.get("outcome") != "complete":
                told = entry.get("message") or entry.get("outcome")
                record.problems.append(f"flight {entry['flight']}: {told}")
        flew = any(entry.get("duration_s") for entry in own)
        landing = own[-1].get("landing") if own else None
        gap = None
        if isinstance(record.task, Reposition) and landing:
            gap = math.hypot(landing[0] - record.task.x, landing[1] - record.task.y)
            if gap > NEAR:
                record.problems.append(f"no safe landing nearer than {gap:.1f} m was found")
        if len(complete) == len(own) > 0 and not record.problems:
            record.outcome = DONE
        else:
            record.outcome = PARTLY_DONE if flew else FAILED_TASK
        told = [f"landed {gap:.1f} m from it"] if gap is not None and gap <= NEAR else []
        record.message = "; ".join(record.problems or told)
        return record

    def conclude(self, climb: str, message: str, *, answered: bool) -> tuple[str, str]:
        """End the campaign; return its outcome, 'complete', 'partly' or 'failed', and why.

        Args:
            climb: how a climb under way ended; empty for none.
            message: of that climb, or what stopped the campaign before its first task.
            answered: whether that climb came to an answer.
        """
        under_way = self._current >= 0 and self.current.outcome == UNDER_WAY
        if under_way:
            self.current.outcome = DONE if answered else FAILED_TASK
            self.current.message = f"{climb}: {message}" if climb else message
        for record in self.records:
            if record.outcome == WAITING:
                record.outcome = NOT_BEGUN
        done = sum(record.outcome == DONE for record in self.records)
        some = done + sum(record.outcome == PARTLY_DONE for record in self.records)
        told = [] if under_way or not message else [message]
        told += [f"{done} of {len(self.records)} tasks complete"]
        told += [
            f"{r.task.label} {r.outcome}" + (f" ({r.message})" if r.message else "")
            for r in self.records
            if r.outcome != DONE
        ]
        if under_way and answered:
            told.append(self.current.message)
        outcome = "complete" if done == len(self.records) else "partly" if some else "failed"
        return outcome, "; ".join(told)

    def entries(self) -> Entry:
        """Return all of it for the run folder."""
        return {
            "name": self.campaign.name,
            "description": self.campaign.description,
            "sols": self.pack.sols,
            "charge_j": self.pack.charge,
            "tasks": [
                {
                    "task": record.task.task,
                    "label": record.task.label,
                    "outcome": record.outcome,
                    "message": record.message,
                    "flights": record.flights,
                    "found": record.found,
                }
                for record in self.records
            ],
        }
