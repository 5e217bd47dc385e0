# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Flight plans and the helicopter's limits, as plain records."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wayscout.errors import InvalidInput

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class HelicopterLimits:
    """What the helicopter can do; fields are entries of config/helicopter.yaml (SI units, rad)."""

    mass: float
    gravity: float
    max_duration: float
    max_distance: float
    max_height: float
    max_speed: float
    max_acceleration: float
    survey_acceleration: float
    max_climb_rate: float
    max_yaw_rate: float
    cruise_speed: float
    transit_speed: float
    survey_height: float
    survey_margin: float
    forward_overlap: float
    side_overlap: float
    hover_power: float
    climb_efficiency: float
    usable_energy: float
    battery_capacity: float
    energy_reserve: float
    descent_rate: float
    landing_speed: float
    min_clearance: float
    ground_uncertainty: float
    range_dropout: float
    range_offset: float
    landing_slope: float
    landing_rock: float
    landing_radius: float
    rotor_diameter: float
    landing_feet: float
    landing_dispersion: float
    landing_map_sigma: float
    landing_search: float
    landing_probability: float
    landing_sand_risk: float
    landing_look: float
    landing_low: float
    landing_look_time: float
    landing_low_time: float
    wind_limit: float
    wind_wait: float
    air_drag: float
    dark_pictures: int


@dataclass(frozen=True)
class FlightWaypoint:
    """One corner of a flight; height, speed, yaw and pictures hold on the way to it.

    Attributes:
        x, y: position in map [m].
        height: above the ground below [m].
        speed: greatest ground speed [m/s].
        yaw: heading of the nose [rad]; it need not be the direction of flight.
        picture_spacing: distance between pictures [m], 0 for none.
        colour_spacing: distance between colour pictures [m], 0 for none.
    """

    x: float
    y: float
    height: float
    speed: float
    yaw: float
    picture_spacing: float = 0.0
    colour_spacing: float = 0.0


@dataclass(frozen=True)
class FlightPlan:
    """A flight: the first waypoint is above the take-off point, the last above the landing area.

    Attributes:
        flight: number in the campaign.
        name: what it is for.
        waypoints: at least one.
        landing_sites: x, y [m] in map, preferred first; may be empty, see `wanted_landings`.

    Raises:
        InvalidInput: naming the waypoint and field that is not a finite, sensible number.
    """

    flight: int
    name: str
    waypoints: tuple[FlightWaypoint, ...]
    landing_sites: tuple[tuple[float, float], ...] = ()

    @property
    def wanted_landings(self) -> tuple[tuple[float, float], ...]:
        """The landing sites; below the last waypoint where the plan names none."""
        last = self.waypoints[-1]
        return self.landing_sites or ((last.x, last.y),)

    def __post_init__(self) -> None:
        if not self.waypoints:
            raise InvalidInput("plan.waypoints", [], "at least one waypoint is needed")
        for i, w in enumerate(self.waypoints):
            for field in ("x", "y", "height", "speed", "yaw", "picture_spacing", "colour_spacing"):
                value = getattr(w, field)
                if not np.isfinite(value):
                    raise InvalidInput(f"plan.waypoints[{i}].{field}", value, "a finite number is needed")
            least_of = {"height": 0.5, "speed": 0.05, "picture_spacing": 0.0, "colour_spacing": 0.0}
            for field, least in least_of.items():
                if getattr(w, field) < least:
                    raise InvalidInput(
                        f"plan.waypoints[{i}].{field}", getattr(w, field), f"at least {least:g}"
                    )
        for i, site in enumerate(self.landing_sites):
            if len(site) != 2 or not np.all(np.isfinite(site)):
                raise InvalidInput(f"plan.landing_sites[{i}]", site, "finite x, y [m] are needed")

    @property
    def points(self) -> Array:
        """(n, 2) x, y of the waypoints [m]."""
        return np.array([(w.x, w.y) for w in self.waypoints], dtype=np.float64)
