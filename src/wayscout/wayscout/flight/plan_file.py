# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Flight plans in YAML: read with a schema, written back.

name: look at the fan
waypoints:                       # the way from the take-off point to the first one is added
  - {x: -10.0, y: -20.0, height: 8.0, speed: 3.0, picture_spacing: 3.0}
  - {x: -10.0, y: 0.0, height: 8.0, speed: 3.0, picture_spacing: 3.0}
landing_sites: [[2.4, -27.0]]    # preferred first; without any, below the last waypoint
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from wayscout.flight.plan import FlightPlan, FlightWaypoint
from wayscout.worlds.folder import parse, read_yaml

Array = npt.NDArray[np.float64]
Finite = Annotated[float, Field(allow_inf_nan=False)]

AT_START = 1.0  # [m] from the helicopter within which a first waypoint is above it


class Strict(BaseModel):
    """Refuses fields that it does not know, so that a typing error is no silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PlannedWaypoint(Strict):
    """One corner of a flight; see `wayscout.flight.plan.FlightWaypoint`."""

    x: Finite = Field(description="m, map frame")
    y: Finite = Field(description="m, map frame")
    height: Finite = Field(ge=0.5, description="m above the ground below")
    speed: Finite = Field(ge=0.05, description="m/s, greatest on the way to this point")
    yaw: Finite | None = Field(None, description="rad, heading on the way there; None: along the way")
    picture_spacing: Finite = Field(0.0, ge=0.0, description="m between pictures, 0 for none")
    colour_spacing: Finite = Field(0.0, ge=0.0, description="m between colour pictures, 0 for none")


class PlannedFlight(Strict):
    """A flight plan as an operator writes it."""

    name: str = Field(min_length=1, max_length=80)
    waypoints: list[PlannedWaypoint] = Field(min_length=1, max_length=500)
    landing_sites: list[tuple[Finite, Finite]] = Field(default=[], max_length=20)

    def plan(self, start: Sequence[float], flight: int = 1) -> FlightPlan:
        """Return the plan of a helicopter that stands at `start` (x, y [m])."""
        points = np.array([(w.x, w.y) for w in self.waypoints])
        way = np.diff(np.vstack([np.asarray(start, dtype=np.float64)[:2], points]), axis=0)
        corners = []
        yaw = 0.0
        for given, step in zip(self.waypoints, way, strict=True):
            if float(np.hypot(*step)) > 1e-3:
                yaw = float(np.arctan2(step[1], step[0]))
            values = given.model_dump()
            corners.append(FlightWaypoint(**{**values, "yaw": yaw if given.yaw is None else given.yaw}))
        plan = FlightPlan(flight, self.name, tuple(corners), tuple(self.landing_sites))
        return from_here(plan, start)


def from_here(plan: FlightPlan, start: Sequence[float]) -> FlightPlan:
    """Let a plan begin above the helicopter: its first waypoint is moved there, or one is put before it.

    Args:
        start: x, y [m] where the helicopter stands.
    """
    first = plan.waypoints[0]
    x, y = float(start[0]), float(start[1])
    gap = float(np.hypot(first.x - x, first.y - y))
    if gap <= 1e-6:
        return plan
    above = replace(first, x=x, y=y, picture_spacing=0.0, colour_spacing=0.0)
    rest = plan.waypoints[1:] if gap <= AT_START else plan.waypoints
    return replace(plan, waypoints=(above, *rest))


def read_flight(file: Path) -> PlannedFlight:
    """Read a plan.

    Raises:
        InvalidInput: naming file and field when it is missing, no YAML or breaks the schema.
    """
    return parse(PlannedFlight, read_yaml(file), file)


def planned(plan: FlightPlan) -> PlannedFlight:
    """Return a plan in the form that is written to files."""
    waypoints = [PlannedWaypoint(**asdict(w)) for w in plan.waypoints]
    return PlannedFlight(name=plan.name, waypoints=waypoints, landing_sites=list(plan.landing_sites))
