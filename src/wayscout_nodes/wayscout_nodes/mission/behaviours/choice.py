# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Act on what was decided."""

from __future__ import annotations

from collections.abc import Callable

from py_trees.common import Status

from wayscout_nodes.mission.behaviours.base import Leaf
from wayscout_nodes.mission.state import NEITHER, STOPPED, Mission


class ChoiceIs(Leaf):
    """Succeeds when a condition on the mission's record holds."""

    def __init__(self, name: str, mission: Mission, holds: Callable[[Mission], bool]) -> None:
        super().__init__(name, mission)
        self._holds = holds

    def update(self) -> Status:
        return Status.SUCCESS if self._holds(self.mission) else Status.FAILURE


class Stay(Leaf):
    """Concludes without driving (further): neither channel, or none that is likely enough."""

    def __init__(self, mission: Mission) -> None:
        super().__init__("stay", mission)

    def update(self) -> Status:
        mission = self.mission
        decision = mission.decision
        why = "; ".join(decision.reasons) if decision is not None else ""
        forced = mission.settings.channel
        if forced and decision is not None:
            why = "; ".join(why for c in decision.candidates if c.channel == forced for why in c.reasons)
        if mission.distance > 0.0:
            stop = f" ({mission.last_stop})" if mission.last_stop else ""
            mission.end(
                STOPPED,
                f"no way on from where the rover stands{stop}: {why or 'neither channel is passable'}",
            )
        else:
            mission.end(NEITHER, why or "neither channel is passable")
        return Status.SUCCESS
