# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Ask the analyst for science targets, and put them into the run folder."""

from __future__ import annotations

import math
from typing import Any

from geometry_msgs.msg import Point
from py_trees.common import Status
from wayscout_interfaces.action import RankTargets as RankAction

from wayscout.errors import InvalidInput
from wayscout.report.science import write_targets
from wayscout_nodes.mission.behaviours.base import ActionLeaf
from wayscout_nodes.mission.state import Mission

ON_THE_WAY = 2.0  # [m] of detour up to which a target lies along the way


class RankTargets(ActionLeaf):
    """Never fails: the climb does not depend on it."""

    def __init__(self, mission: Mission) -> None:
        super().__init__("rank science targets", mission, mission.ports.rank)  # type: ignore[arg-type]

    def initialise(self) -> None:
        if self._port is not None and self._port.ready() and self.mission.flown:
            super().initialise()

    def update(self) -> Status:
        return super().update() if self._call is not None else Status.SUCCESS

    def goal(self) -> RankAction.Goal:
        mission = self.mission
        mission.show("mapping", "ranking science targets")
        x, y = (float(v) for v in mission.goal[:2])
        return RankAction.Goal(rover=mission.rover, goal=Point(x=x, y=y))

    def conclude(self, result: Any | None, error: str) -> Status:
        mission = self.mission
        if result is None or error or not result.success:
            mission.note(f"science targets were not ranked: {error or 'no reason given'}", "warning")
            return Status.SUCCESS
        entries = [target_entry(target) for target in result.targets.targets]
        chips = [bytes(target.chip.data) for target in result.targets.targets]
        try:
            write_targets(mission.recorder.files.path, entries, chips)
        except (OSError, InvalidInput) as failure:
            mission.note(f"science targets were not written: {failure}", "warning")
        near = [e for e in entries if math.isfinite(e["detour"]) and e["detour"] <= ON_THE_WAY]
        told = ", ".join(f"{e['rank']} ({e['kind']})" for e in near) or "none"
        mission.note(f"{len(entries)} science targets; along the way (detour up to {ON_THE_WAY:g} m): {told}")
        return Status.SUCCESS


def target_entry(target: Any) -> dict[str, Any]:
    """Return a target as the run folder keeps it."""
    return {
        "rank": int(target.rank),
        "kind": str(target.kind),
        "x": float(target.position.x),
        "y": float(target.position.y),
        "z": float(target.position.z),
        "size": float(target.size),
        "score": float(target.score),
        "reason": str(target.reason),
        "detour": float(target.detour),
    }
