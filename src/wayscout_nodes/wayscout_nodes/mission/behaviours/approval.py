# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Wait for the operator before the rover moves."""

from __future__ import annotations

from py_trees.common import Status

from wayscout_nodes.mission.behaviours.base import Leaf
from wayscout_nodes.mission.state import Mission


class AwaitApproval(Leaf):
    """Waits for the service mission/approve where the parameter `approval` says 'ask'."""

    def __init__(self, mission: Mission) -> None:
        super().__init__("await approval", mission)

    def update(self) -> Status:
        mission = self.mission
        if mission.approved or mission.settings.approval == "automatic":
            return Status.SUCCESS
        mission.show("waiting", "for a call of mission/approve before the rover moves")
        return Status.RUNNING
