# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The actions that ask for a flight: a plan to fly, or a target to plan for; both are flown alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from rclpy.action.server import ServerGoalHandle
from wayscout_interfaces.action import Recon
from wayscout_interfaces.msg import FlightLog

from wayscout.flight.ground import Ground
from wayscout.flight.guidance import Progress
from wayscout.flight.plan import FlightPlan, HelicopterLimits
from wayscout.flight.recon import ReconPlan, Scout, Wish
from wayscout.grid import Bounds
from wayscout.sites.records import Prior
from wayscout_nodes.common import convert, goals
from wayscout_nodes.mission import words


@dataclass(frozen=True)
class Service:
    """One of the actions: helicopter/fly or helicopter/recon.

    Attributes:
        kind: Fly or Recon.
        server: that its goals end by.
    """

    kind: Any
    server: goals.GoalServer

    def feedback(self, handle: ServerGoalHandle, phase: str, progress: Progress, energy_left: float) -> None:
        """Tell how the flight goes."""
        message = self.kind.Feedback(
            phase=phase,
            elapsed=float(progress.elapsed),
            distance=float(progress.distance),
            energy_left=float(energy_left),
            pictures=int(progress.pictures),
        )
        if self.kind is Recon:
            message.colour_pictures = int(progress.colour_pictures)
        handle.publish_feedback(message)

    def finish(
        self,
        handle: ServerGoalHandle,
        how: str,
        message: str,
        *,
        success: bool = False,
        plan: FlightPlan | None = None,
        log: FlightLog | None = None,
    ) -> None:
        """End a goal; a reconnaissance also tells the plan that it was flown by."""
        result = self.kind.Result(success=success, message=message, log=log or FlightLog())
        if self.kind is Recon and plan is not None:
            result.plan = words.to_plan(plan)
        self.server.finish(handle, how, result)


def plan_look(
    scout: Scout,
    goal: Recon.Goal,
    position: npt.NDArray[np.float64],
    limits: HelicopterLimits,
    ground: Ground,
    bounds: Bounds | None,
) -> ReconPlan:
    """Plan the flight that a goal asks for.

    Args:
        position: of the helicopter in map [m].

    Raises:
        InvalidInput: naming the field that is no use.
        OutsideEnvelope: when the target is out of reach, or too little of it could be seen.
    """
    x, y, _ = convert.point(goal.position, "recon.position")
    name = goal.target or goal.kind or "target"
    target = Prior(float(x), float(y), float(goal.position_sigma), goal.kind, float(goal.size), name)
    wish = Wish(float(goal.ground_sampling), tuple(float(a) for a in goal.viewing_angles), float(goal.height))
    sites = [convert.point(p, f"recon.landing_sites[{i}]")[:2] for i, p in enumerate(goal.landing_sites)]
    places = [(float(px), float(py)) for px, py in sites]
    return scout.plan(target, position[:2].tolist(), limits, wish, places, int(goal.flight), ground, bounds)
