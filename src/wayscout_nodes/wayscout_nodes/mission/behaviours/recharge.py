"""Rest until the battery is full again."""

from __future__ import annotations

from typing import Any

from py_trees.common import Status
from wayscout_interfaces.srv import AdvanceTime

from wayscout_nodes.mission.behaviours.base import ActionLeaf
from wayscout_nodes.mission.state import Mission


class Recharge(ActionLeaf):
    """Advances to the next sol before every flight but the first."""

    def __init__(self, mission: Mission) -> None:
        super().__init__("recharge", mission, mission.ports.advance)

    def initialise(self) -> None:
        if self.mission.flown > 0 and self.mission.settings.recharge_time > 0.0:
            self.mission.show("recharging", "until the next sol")
            super().initialise()

    def update(self) -> Status:
        return Status.SUCCESS if self._call is None else super().update()

    def goal(self) -> AdvanceTime.Request:
        return AdvanceTime.Request(duration=self.mission.settings.recharge_time)

    def conclude(self, result: Any | None, error: str) -> Status:
        if error:
            # The helicopter itself refuses a flight that its battery can't carry.
            self.mission.note(f"could not rest until the next sol: {error}", "warning")
        return Status.SUCCESS
