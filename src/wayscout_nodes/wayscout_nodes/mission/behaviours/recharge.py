# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Rest until the sun has brought what the next flight needs."""

from __future__ import annotations

import time
from typing import Any

from py_trees.common import Status
from wayscout_interfaces.srv import AdvanceTime

from wayscout.errors import WayscoutError
from wayscout.flight.campaign import Recon
from wayscout.flight.envelope import price
from wayscout_nodes.mission.behaviours.base import ActionLeaf
from wayscout_nodes.mission.behaviours.campaign import planning_ground
from wayscout_nodes.mission.state import Mission

TRIES = 6
PAUSE = 0.5  # [s] of wall clock between tries


class Recharge(ActionLeaf):
    """Advances by a sol, or as many as the sun needs, before every flight but the first.

    A refusal is tried again: a vehicle may still be coming to rest when its action has just ended.
    """

    def __init__(self, mission: Mission) -> None:
        super().__init__("recharge", mission, mission.ports.advance)
        self._tries = 0
        self._again_at = 0.0
        self._sols = 1

    def initialise(self) -> None:
        self._tries = 0
        self._again_at = 0.0
        mission = self.mission
        tired = mission.flown > 0 or len(mission.refused) > 0
        if tired and mission.settings.recharge_time > 0.0:
            self._sols = self._wait()
            self.mission.show("recharging", f"{self._sols} sols" if self._sols > 1 else "until the next sol")
            super().initialise()

    def _wait(self) -> int:
        """Return the sols until the next flight fits, as many as the sun needs; at least one."""
        mission = self.mission
        if mission.plan is None:
            return 1
        energy = None  # of a reconnaissance, which the helicopter plans after the rest
        if mission.agenda is None or not isinstance(mission.agenda.current.task, Recon):
            energy = price(mission.plan, mission.limits, planning_ground(mission)).energy
        try:
            return mission.pack.wait_for(energy)
        except WayscoutError as error:
            mission.note(str(error), "warning")  # the helicopter itself refuses what its battery can't carry
            return 1

    def update(self) -> Status:
        if self._call is not None:
            return super().update()
        if self._again_at == 0.0:
            return Status.SUCCESS
        if time.monotonic() >= self._again_at:
            self._again_at = 0.0
            super().initialise()
        return Status.RUNNING

    def goal(self) -> AdvanceTime.Request:
        return AdvanceTime.Request(duration=self._sols * self.mission.settings.recharge_time)

    def conclude(self, result: Any | None, error: str) -> Status:
        if not error:
            self.mission.pack.rest(self._sols)
            return Status.SUCCESS
        self._tries += 1
        if self._tries < TRIES:
            self._again_at = time.monotonic() + PAUSE
            return Status.RUNNING
        # The helicopter itself refuses a flight that its battery can't carry.
        self.mission.note(f"could not rest until the next sol: {error}", "warning")
        return Status.SUCCESS
