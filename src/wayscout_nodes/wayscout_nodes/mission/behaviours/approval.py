# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Hold what is about to move until a person lets it."""

from __future__ import annotations

from collections.abc import Callable

from py_trees.common import Status

from wayscout_nodes.mission.behaviours.base import Leaf
from wayscout_nodes.mission.state import Mission


class AwaitApproval(Leaf):
    """Waits for the service mission/approve where the parameter `approval` says 'ask'.

    Args:
        what: is held, in words.
        each: whether an approval holds for one time only; otherwise for all that follow.
    """

    def __init__(self, mission: Mission, what: Callable[[Mission], str], *, each: bool) -> None:
        super().__init__("await approval", mission)
        self._what = what
        self._each = each
        self._given = False

    def update(self) -> Status:
        mission = self.mission
        if mission.settings.approval == "automatic" or self._given:
            mission.held = ""
            return Status.SUCCESS
        if mission.approved:
            mission.approved, mission.held = False, ""
            self._given = not self._each
            mission.note(f"approved: {self._what(mission)}")
            return Status.SUCCESS
        mission.held = self._what(mission)
        mission.show("waiting", f"for a call of mission/approve: {mission.held}")
        return Status.RUNNING
