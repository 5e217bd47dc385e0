# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What a plan would cost and risk, before anybody flies it."""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, sqrt

import numpy as np

from wayscout.errors import InvalidInput
from wayscout.flight.envelope import FlightCost, price, violations
from wayscout.flight.itinerary import Setting, Spot
from wayscout.flight.landing import PROVEN, LandingSite, consider, refusal
from wayscout.flight.plan import FlightPlan
from wayscout.flight.trajectory import build
from wayscout.link.radio import contact

PRICE_SIGMA = 0.05  # standard deviation of what a flight takes over its price, a share: gusts and holding on
LINK_STEP = 5.0  # [m] of the way between looks at the link


@dataclass(frozen=True)
class LinkOutlook:
    """The radio along a flight, over the orbiter's ground.

    Attributes:
        share: of the way on which the rover hears the helicopter.
        at_landing: rate on the ground at the first landing site [bit/s].
    """

    share: float
    at_landing: float


@dataclass(frozen=True)
class Appraisal:
    """The price of a plan.

    Attributes:
        reasons: why it may not be flown, one sentence each; empty when it may.
        margins: share of each limit that is left, by name.
        site: the best landing site known at the first wanted one that has any; None when none has.
        link: None when nothing is known about the ground.
        on_budget: probability that time and energy suffice.
        risk: probability that time, energy or the landing at that site do not come out as planned.
    """

    cost: FlightCost
    reasons: tuple[str, ...]
    margins: dict[str, float]
    site: LandingSite | None
    link: LinkOutlook | None
    on_budget: float
    risk: float

    def rows(self) -> list[tuple[str, str]]:
        """Return it for people, as names and texts."""
        c = self.cost
        least = min(self.margins, key=lambda name: self.margins[name])
        rows = [
            ("time", f"{c.duration:.0f} s"),
            ("distance", f"{c.distance:.0f} m"),
            ("energy", f"{c.energy / 3600.0:.1f} Wh"),
            ("height, speed", f"up to {c.height:.1f} m, {c.speed:.1f} m/s"),
            ("pictures", f"{c.pictures}" + (f", {c.colour_pictures} in colour" if c.colour_pictures else "")),
            ("least margin", f"{100.0 * self.margins[least]:.0f} % of {least}"),
        ]
        if self.link is not None:
            rate = f"{self.link.at_landing / 1000.0:.0f} kbit/s" if self.link.at_landing > 0.0 else "no link"
            rows.append(("link", f"on {100.0 * self.link.share:.0f} % of the way, {rate} at the landing"))
        rows.append(("landing", self._landing()))
        others = 1.0 - self.on_budget
        rows.append(
            (
                "risk",
                f"{100.0 * self.risk:.0f} % ({100.0 * others:.1f} % that time or energy run out on the way)",
            )
        )
        return rows

    def _landing(self) -> str:
        if self.site is None:
            return "no safe site is known"
        if self.site.basis == PROVEN:
            return "where it takes off, which has borne it"
        return (
            f"({self.site.x:.1f}, {self.site.y:.1f}), slope {np.degrees(self.site.slope):.1f} deg,"
            f" by the orbital map safe with {100.0 * self.site.probability:.0f} %; in flight it looks closer"
        )


def appraise(plan: FlightPlan, setting: Setting) -> Appraisal:
    """Price a plan on the orbital map.

    Refused is what leaves the envelope, leaves the map, or has no safe landing near any of its sites.
    """
    limits, ground = setting.limits, setting.ground
    cost = price(plan, limits, ground)
    reasons = violations(cost, limits)
    fastest = max(w.speed for w in plan.waypoints)
    if fastest > limits.max_speed:
        reasons.append(f"waypoint speed {fastest:.1f} m/s exceeds the limit of {limits.max_speed:.1f} m/s")
    start, places = plan.waypoints[0], plan.wanted_landings
    reasons += _outside(plan, setting)
    site: LandingSite | None = None
    wanted: Spot = places[0]
    if setting.elevation is not None:
        stood = [(start.x, start.y)]
        found = (consider(p, limits, orbital=setting.elevation, proven=stood).site for p in places)
        site = next((s for s in found if s is not None), None)
        trouble = "" if site else refusal(places, limits, orbital=setting.elevation, proven=stood)
        reasons += [trouble] if trouble else []
    energy = limits.usable_energy - limits.energy_reserve
    margins = {
        "time": 1.0 - cost.duration / limits.max_duration,
        "distance": 1.0 - cost.distance / limits.max_distance,
        "height": 1.0 - cost.height / limits.max_height,
        "speed": 1.0 - cost.speed / limits.max_speed,
        "energy": 1.0 - cost.energy / energy,
    }
    safe = site.probability if site is not None else 0.0
    on_budget = _within(cost.duration, limits.max_duration) * _within(cost.energy, energy)
    link = _link(plan, wanted, setting)
    return Appraisal(cost, tuple(reasons), margins, site, link, on_budget, 1.0 - safe * on_budget)


def _within(price_: float, limit: float) -> float:
    """Return the probability that what is taken stays below a limit, when it is normal about its price."""
    return 0.5 * (1.0 + erf((limit - price_) / (sqrt(2.0) * PRICE_SIGMA * max(price_, 1e-9))))


def _outside(plan: FlightPlan, setting: Setting) -> list[str]:
    if setting.elevation is None:
        return []
    bounds = setting.elevation.bounds
    sites = np.asarray(plan.landing_sites, dtype=np.float64).reshape(-1, 2)
    return [
        f"{name} {i} at ({x:.1f}, {y:.1f}) lies outside the map, {bounds}"
        for name, points in (("waypoint", plan.points), ("landing site", sites))
        for i, (x, y) in enumerate(points)
        if not bounds.contains(x, y)
    ]


def _link(plan: FlightPlan, landing: Spot, setting: Setting) -> LinkOutlook | None:
    ground, radio = setting.elevation, setting.radio
    if ground is None or radio is None:
        return None
    rover = setting.rover.copy()
    try:
        rover[2] = (
            rover[2] if np.isfinite(rover[2]) else float(ground.sample("elevation", rover[0], rover[1]))
        )
    except InvalidInput:
        return None
    if not np.all(np.isfinite(rover)):
        return None
    path = build(plan, setting.limits)
    count = max(2, int(np.ceil(path.length / LINK_STEP)))
    heard = []
    for s in np.linspace(0.0, path.length, count):
        (x, y), _, _, height = path.at(float(s))
        z = float(ground.sample("elevation", x, y))
        heard.append(np.isfinite(z) and contact(radio, ground, (x, y, z + height), rover).rate > 0.0)
    z = float(ground.sample("elevation", *landing))
    rate = contact(radio, ground, (*landing, z), rover).rate if np.isfinite(z) else 0.0
    return LinkOutlook(float(np.mean(heard)), rate)
