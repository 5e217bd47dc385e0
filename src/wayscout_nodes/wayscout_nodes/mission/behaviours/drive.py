# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Drive the chosen path."""

from __future__ import annotations

from typing import Any

from py_trees.common import Status
from wayscout_interfaces.action import Drive
from wayscout_interfaces.msg import RouteCandidate

from wayscout_nodes.mission.behaviours.base import ActionLeaf
from wayscout_nodes.mission.state import ARRIVED, STOPPED, Mission, best_candidate


def chosen_candidate(mission: Mission) -> RouteCandidate | None:
    """Return the candidate to drive: the one decided on, or the likeliest where no look is possible.

    None when the decision is 'neither', or 'look' and no candidate is likely enough. Where the operator wants
    a channel, it is that one, also when it was judged impassable; but after a drive that hardly came on, only
    if it is passable from there.
    """
    decision, forced = mission.decision, mission.settings.channel
    if decision is None:
        return None
    if forced:
        tried = mission.replans > 0 and mission.last_drive < mission.settings.forced_progress
        wanted = (c for c in decision.candidates if c.channel == forced and c.path.poses)
        return next((c for c in wanted if c.passable or not tried), None)
    if decision.choice == "neither":
        return None
    if decision.choice == "look":
        best = best_candidate(decision)
        likely = best is not None and best.success_probability >= mission.settings.least_probability
        return best if likely else None
    named = [c for c in decision.candidates if c.channel == decision.choice and c.path.poses]
    return named[0] if named else None


class DriveChannel(ActionLeaf):
    """Drives up a channel; an end that a new route may mend leads back to a decision, a few times."""

    def __init__(self, mission: Mission) -> None:
        super().__init__("drive", mission, mission.ports.drive)
        self._before = 0.0

    def goal(self) -> Drive.Goal:
        mission = self.mission
        candidate = chosen_candidate(mission)
        assert candidate is not None
        assert mission.decision is not None
        if mission.decision.choice == "look" and not mission.settings.channel:
            mission.note(
                f"no further look is possible: {candidate.channel} succeeds with probability "
                f"{candidate.success_probability:.2f}, which is enough"
            )
        mission.channel = candidate.channel
        self._before = mission.distance
        mission.show("driving", f"up channel {candidate.channel}, {candidate.length:.0f} m")
        return Drive.Goal(path=candidate.path)

    def progress(self, feedback: Any) -> None:
        mission, state = self.mission, feedback.state
        mission.distance = self._before + state.distance
        mission.max_tilt = max(mission.max_tilt, state.tilt)
        mission.max_slip = max(mission.max_slip, state.slip)
        mission.progress.metres_to_go = state.metres_to_go
        mission.progress.text = f"channel {mission.channel}, {state.mode}"

    def conclude(self, result: Any | None, error: str) -> Status:
        mission = self.mission
        if result is None:
            mission.end(STOPPED, f"the drive ended without a result: {error}")
            return Status.FAILURE
        mission.last_drive = float(result.distance)
        mission.distance = self._before + mission.last_drive
        mission.max_tilt = max(mission.max_tilt, result.max_tilt)
        mission.max_slip = max(mission.max_slip, result.max_slip)
        told = f"{result.outcome}" + (f": {result.message}" if result.message else "")
        if result.outcome == "arrived":
            mission.progress.metres_to_go = 0.0
            mission.end(ARRIVED, f"the rover stands at the top of channel {mission.channel}")
            return Status.SUCCESS
        mendable = result.outcome in mission.settings.replan_after
        if mendable and mission.replans < mission.settings.max_replans:
            mission.replans += 1
            mission.last_stop = told
            mission.note(f"drive {told}; route {mission.replans + 1} from here", "warning")
            return Status.SUCCESS
        suffix = f" (after {mission.replans} new routes)" if mendable else ""
        mission.end(STOPPED, f"the rover stopped safely, {told or error or 'no reason given'}{suffix}")
        return Status.FAILURE
