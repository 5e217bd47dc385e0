# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Wait until the mission may begin."""

from __future__ import annotations

import time

from py_trees.common import Status

from wayscout.errors import InvalidInput
from wayscout_nodes.mission import words
from wayscout_nodes.mission.behaviours.base import Leaf
from wayscout_nodes.mission.state import FAILED, Mission


class WaitForStart(Leaf):
    """Waits for autostart or the service mission/start."""

    def __init__(self, mission: Mission) -> None:
        super().__init__("wait for start", mission)

    def update(self) -> Status:
        if self.mission.started or self.mission.settings.autostart:
            return Status.SUCCESS
        self.mission.show("waiting", "for a call of mission/start")
        return Status.RUNNING


class WaitForSystems(Leaf):
    """Waits for the orbital map and every action server, and reads the corridors."""

    def __init__(self, mission: Mission) -> None:
        super().__init__("wait for systems", mission)
        self._deadline = 0.0

    def initialise(self) -> None:
        self._deadline = time.monotonic() + self.mission.settings.systems_timeout

    def update(self) -> Status:
        missing = [port.name for port in self.mission.ports.all() if not port.ready()]
        if self.mission.orbital is None:
            missing.insert(0, "map/orbital")
        if not self.mission.recorder.clock_runs:
            missing.append("/clock")
        if not missing:
            return self._read_corridors()
        if time.monotonic() > self._deadline:
            self.mission.end(FAILED, f"never came up: {', '.join(missing)}")
            return Status.FAILURE
        self.mission.show("waiting", f"for {', '.join(missing)}")
        return Status.RUNNING

    def _read_corridors(self) -> Status:
        mission = self.mission
        assert mission.orbital is not None
        for message in mission.orbital.corridors:
            try:
                mission.corridors.append(words.corridor(message))
            except InvalidInput as error:
                mission.note(f"corridor left out: {error}", "warning")
        if not mission.corridors and (mission.agenda is None or mission.agenda.campaign.needs_corridors):
            mission.end(FAILED, "the orbital map names no usable corridor")
            return Status.FAILURE
        forced, names = mission.settings.channel, [c.name for c in mission.corridors]
        if forced and forced not in names:
            mission.end(FAILED, f"mission.channel '{forced}': known are {', '.join(names)}")
            return Status.FAILURE
        mission.recorder.mission(corridors=[words.corridor_entry(c) for c in mission.corridors])
        return Status.SUCCESS
