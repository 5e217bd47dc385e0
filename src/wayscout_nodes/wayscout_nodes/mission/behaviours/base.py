# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What the leaves share."""

from __future__ import annotations

from typing import Any

import py_trees
from py_trees.common import Status

from wayscout_nodes.mission.actions import Call, Port
from wayscout_nodes.mission.state import Mission


class Leaf(py_trees.behaviour.Behaviour):
    """A behaviour that works on the mission's record."""

    def __init__(self, name: str, mission: Mission) -> None:
        super().__init__(name)
        self.mission = mission


class ActionLeaf(Leaf):
    """Sends one goal each time it begins, and cancels it when it is interrupted.

    Subclasses give `goal`, `conclude` and, if they like, `progress`.
    """

    def __init__(self, name: str, mission: Mission, port: Port) -> None:
        super().__init__(name, mission)
        self._port = port
        self._call: Call | None = None

    def goal(self) -> Any:
        """Return the goal to send."""
        raise NotImplementedError

    def progress(self, feedback: Any) -> None:
        """Note the feedback."""

    def conclude(self, result: Any | None, error: str) -> Status:
        """Note the result, or why there is none, and return SUCCESS or FAILURE."""
        raise NotImplementedError

    def initialise(self) -> None:
        self._call = self._port.send(self.goal())

    def update(self) -> Status:
        call = self._call
        if call is None:
            return Status.FAILURE
        if call.feedback is not None:
            self.progress(call.feedback)
        if not call.done:
            return Status.RUNNING
        self._call = None
        return self.conclude(call.result, call.error)

    def terminate(self, new_status: Status) -> None:
        if new_status == Status.INVALID and self._call is not None:
            self._call.cancel()
            self._call = None
