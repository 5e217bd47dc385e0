# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Fuse the pictures of a flight."""

from __future__ import annotations

from typing import Any

from py_trees.common import Status
from wayscout_interfaces.action import UpdateMap as UpdateMapAction

from wayscout_nodes.mission.behaviours.base import ActionLeaf
from wayscout_nodes.mission.state import Mission


class UpdateMap(ActionLeaf):
    """Asks the mapper to fuse the pictures of the last flight; without pictures there is nothing to ask."""

    def __init__(self, mission: Mission) -> None:
        super().__init__("update map", mission, mission.ports.update_map)

    def initialise(self) -> None:
        if self.mission.pictures > 0:
            super().initialise()

    def update(self) -> Status:
        return Status.SUCCESS if self._call is None else super().update()

    def goal(self) -> UpdateMapAction.Goal:
        mission = self.mission
        assert mission.plan is not None
        mission.show("mapping", f"{mission.pictures} pictures of {mission.plan.name}")
        return UpdateMapAction.Goal(flight=mission.plan.flight, pictures=mission.pictures)

    def progress(self, feedback: Any) -> None:
        self.mission.progress.text = f"{feedback.pictures_done} of {self.mission.pictures} pictures"

    def conclude(self, result: Any | None, error: str) -> Status:
        mission = self.mission
        assert mission.plan is not None
        number = mission.plan.flight
        if result is None or error or not result.success:
            reason = error or (result.message if result is not None else "") or "no reason given"
            mission.note(f"the pictures of flight {number} did not make it into the map: {reason}", "warning")
            return Status.SUCCESS
        mission.flights_mapped += 1
        if result.pictures_used < mission.pictures:
            mission.note(str(result.message))  # names those that show nothing
        mission.coverage = [float(share) for share in result.coverage]
        if mission.coverage:
            mission.progress.coverage = sum(mission.coverage) / len(mission.coverage)
        mission.recorder.flight(
            number,
            pictures_used=int(result.pictures_used),
            mapped_area_m2=float(result.area),
            mapping_s=float(result.compute_seconds),
            coverage={c.name: s for c, s in zip(mission.corridors, mission.coverage, strict=False)},
        )
        return Status.SUCCESS
