# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What the helicopter knows of places to land: maps, places it stood on, and a look on the way in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from wayscout.flight import landing
from wayscout.flight.approach import LOOK_STEPS
from wayscout.flight.landing import LandingSite, Verdict
from wayscout.flight.look import FEWEST, LandingLook
from wayscout.flight.plan import FlightPlan, HelicopterLimits
from wayscout.geometry import Pose
from wayscout.grid import Grid
from wayscout.mapping.pictures import DarkPictures

Place = tuple[float, float]
SEEN = 0.67  # radius of the ground that pictures of a look show well, over the height


@dataclass
class Lander:
    """The helicopter's `SiteFinder`.

    Attributes:
        limits: of the helicopter.
        look: maps the ground on the way in; None without a camera.
        measured, orbital: maps of earlier flights and of the orbiter, None where there is none.
        stood_on: x, y [m] in map of the places it has stood on.
        considered: the sites of the last inspection or fallback, best first.
        chosen: where it was told to land last.
        dark: counts pictures without a sight of the ground.
    """

    limits: HelicopterLimits
    look: LandingLook | None = None
    measured: Grid | None = None
    orbital: Grid | None = None
    stood_on: list[Place] = field(default_factory=list)
    considered: tuple[LandingSite, ...] = ()
    chosen: LandingSite | None = None
    why: str = ""
    dark: DarkPictures = field(default_factory=DarkPictures)
    _correction: Pose = field(default_factory=Pose.identity)
    _height: float = 0.0
    _verdicts: dict[Place, Verdict] = field(default_factory=dict)

    def begin(self) -> None:
        """A flight begins: forget the last one's pictures and judgements."""
        self._verdicts.clear()
        self.considered, self.chosen, self.why = (), None, ""
        self.dark = DarkPictures()
        if self.look is not None:
            self.look.begin()

    def locate(self, correction: Pose, height: float) -> None:
        """Take where odometry lies in map (map -> odom) and the height above ground [m], now."""
        self._correction, self._height = correction, height

    def add_picture(self, time: float, image: npt.NDArray[np.uint8], odom: Pose, distance: float) -> str:
        """Keep a picture for a look; see `LandingLook.add`. Return why it is no use, '' when it is."""
        reason = self.dark.check(image)
        if not reason and self.look is not None:
            self.look.add(time, image, odom, distance)
        return reason

    @property
    def can_look(self) -> bool:
        return self.look is not None and self.dark.in_a_row == 0

    def seen_from(self, place: Place) -> int:
        if self.look is None:
            return 0
        return self.look.seen_from(self._correction, np.asarray(place), self._reach)

    @property
    def _reach(self) -> float:
        return (LOOK_STEPS + 0.5) * max(self.limits.landing_look * self._height, 0.5)

    def verdict(self, place: Place) -> Verdict:
        if place not in self._verdicts:
            self._verdicts[place] = self._consider(place, None)
        return self._verdicts[place]

    def inspect(self, place: Place) -> Verdict:
        seen = None
        if self.look is not None and self.seen_from(place) >= FEWEST:
            seen = self.look.map(self._correction, np.asarray(place), self._reach)
        if seen is None:
            found = self.verdict(place)
        else:
            # What is worth searching is what the pictures show.
            search = min(self.limits.landing_search, SEEN * max(self._height, 3.0))
            found = self._verdicts[place] = self._consider(place, seen, search)
        self.considered, self.chosen, self.why = found.sites, found.site, found.why
        return found

    def forget_pictures(self) -> None:
        # Should the next look show nothing, the sites of this one stand.
        for site in self.considered:
            self._verdicts[site.x, site.y] = Verdict(site, site.reason, self.considered, True)
        if self.look is not None:
            self.look.begin()

    def refusal(self, plan: FlightPlan) -> str:
        """Return why a plan's landing is known not to be safe, '' when the flight may begin."""
        return landing.refusal(
            plan.wanted_landings, self.limits, self.measured, self.orbital, proven=self.stood_on
        )

    def fallback(self, position: Place) -> Place:
        grids = [(landing.LOOK, None), (landing.MAP, self.measured)]
        if self.look is not None and self.seen_from(position) >= FEWEST:
            grids[0] = (landing.LOOK, self.look.map(self._correction, np.asarray(position), self._reach))
        for basis, grid in grids:
            site = landing.least_bad(grid, position, self.limits, basis) if grid is not None else None
            if site is not None:
                return self._resort(site, "the best of bad ground")
        if self.orbital is not None:
            sites = landing.find_sites(self.orbital, position, self.limits, basis=landing.ORBITAL)
            if sites:
                return self._resort(sites[0], sites[0].reason)
        site = LandingSite(*position, *(float("nan"),) * 3, 0.0, float("inf"), landing.ORBITAL)
        return self._resort(site, "nothing is known of the ground")

    def _resort(self, site: LandingSite, why: str) -> Place:
        self.considered, self.chosen = (*self.considered, site), site
        self.why = f"no safe site is in reach; {why}"
        return site.x, site.y

    def _consider(self, place: Place, seen: Grid | None, search: float | None = None) -> Verdict:
        return landing.consider(
            place,
            self.limits,
            look=seen,
            measured=self.measured,
            orbital=self.orbital,
            proven=self.stood_on,
            search=search,
        )

    def set_limits(self, limits: HelicopterLimits) -> None:
        """Judge by other limits from the next flight on."""
        self.limits = replace(limits)
