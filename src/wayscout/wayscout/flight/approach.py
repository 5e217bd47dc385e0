# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The end of a flight: look at the ground where it shall land, judge it, else try the next place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from wayscout.flight.landing import LOOK, ORBITAL, Verdict
from wayscout.flight.plan import HelicopterLimits

Array = npt.NDArray[np.float64]
Place = tuple[float, float]

WAIT = 0.25  # [s] for the last picture to come, hovering
LOOK_STEPS = 4.5  # distances between pictures within which pictures of a place are taken
LEG_STEPS = 4.5  # the same for a leg that is flown only to look
LOW_SHARE = 0.3  # of the time of a second look which must be left for it: rocks are worse than a late landing
LOW = 1.3  # times the height of the second look, above which it is worth while
SINKING = 3.0  # [s] that it hovers for that at most: beside a wall it may not sink so far
SUNK = 1.1  # times that height from which its pictures may begin
MORE_TIME = 10.0  # [s] that one more second look takes, at the next site
PROVEN_SURE = 0.985  # chance below which ground that has borne it is looked at twice too
SURE = 0.95  # chance of a safe landing below which others are looked at too, when there is time
NEW_GROUND = 2.5  # [m] from where a second look was taken: sites nearer than this it has shown
GENTLE_PLACES = 3  # places that look gentle from orbit which together count as one safe site


class SiteFinder(Protocol):
    """What is known of places to land; see `wayscout.flight.lander`."""

    @property
    def can_look(self) -> bool:
        """Whether pictures come, so that looking is worth while."""

    def seen_from(self, place: Place) -> int:
        """How many pictures taken nearby in this flight there are."""

    def verdict(self, place: Place) -> Verdict:
        """The best site near a place by all that is known now, without looking at pictures."""

    def inspect(self, place: Place) -> Verdict:
        """The same after a map was made of the pictures taken nearby."""

    def forget_pictures(self) -> None:
        """Start a new look."""

    def fallback(self, position: Place) -> Place:
        """The least bad place near a position."""


@dataclass(frozen=True)
class Move:
    """What to do next.

    Attributes:
        kind: 'wait' hover, 'go' fly there and ask again, 'land' fly there and descend.
        place: x, y [m]; None for 'wait'.
        via: x, y [m] to pass on the way, so that pictures get a baseline, or None.
        picture: take one now.
        height: above ground to fly at [m]; None for that of the flight's end.
        why: in words, for 'land'.
        relative: the place was mapped from here: it keeps its distance when the position is corrected.
        heading: to land with [rad], or a quarter turn off; None for any.
    """

    kind: str
    place: Place | None = None
    via: Place | None = None
    picture: bool = False
    height: float | None = None
    why: str = ""
    relative: bool = False
    heading: float | None = None


@dataclass
class Approach:
    """Tries one wanted place after the other. `next` is asked whenever the helicopter is where it was sent.

    Args:
        finder: what is known of the ground.
        limits: of the helicopter.
        places: wanted landing points x, y [m], preferred first.
    """

    finder: SiteFinder
    limits: HelicopterLimits
    places: Sequence[Place]
    target: Place | None = None
    forced: bool = False  # True once it lands where no site is known to be safe
    _left: list[Place] = field(default_factory=list)
    _ready_at: float | None = None
    _leg_flown: bool = False
    _low: bool = False  # the second look is on
    _sinking: bool = False  # on the way to where its pictures begin
    _others: list[Place] = field(default_factory=list)  # sites of the first look that are left
    _kept: tuple[float, Place] | None = None  # chance at the best place of second looks, and that place

    def __post_init__(self) -> None:
        self._left = list(self.places)
        if self._left:
            self.target = self._left.pop(0)

    def spacing(self, height: float) -> float:
        """Distance between the pictures of a look [m]."""
        return max(self.limits.landing_look * height, 0.5)

    def looks_at(self, position: Array, height: float) -> bool:
        """Whether the place that comes next is near enough for pictures of it."""
        if self.target is None or not self.finder.can_look:
            return False
        if self._sinking:
            return False
        return _gap(self.target, position) <= LOOK_STEPS * self.spacing(height)

    def next(
        self,
        time: float,
        position: Array,
        height: float,
        affordable: Callable[[Place], bool],
        spare: float = np.inf,
    ) -> Move:
        """Decide, hovering where the last move ended.

        Args:
            position: (2,) x, y [m]. height: above ground [m].
            affordable: whether energy suffices to fly to a place and land there.
            spare: time [s] left beyond what landing here takes.
        """
        if self.target is None:
            return self._take_next(position, affordable)
        if self._sinking:
            return self._begin_low(time, height)
        if _gap(self.target, position) > 0.5 * self.limits.landing_search:
            return Move("go", self.target)
        look = self.finder.can_look
        if look and self._ready_at is None:
            self._ready_at = time + WAIT
            return Move("wait", picture=True)
        if look and self._ready_at is not None and time < self._ready_at - 1e-9:
            return Move("wait")
        found = self.finder.inspect(self.target)
        unsure = not measured(found)
        if look and unsure and not found.seen and not self._leg_flown:
            return self._look_leg(position, height)
        if self._low and self._looks_on(found, spare):
            return self._low_look(position, spare)
        if self._low and found.site is None:
            return self._take_next(position, affordable)
        if look and unsure and self._better_left(affordable):
            return self._take_next(position, affordable)
        if found.site is not None:
            site = found.site
            known = found.proven and site.probability >= PROVEN_SURE
            again = look and not self._low and not known and height > LOW * self.limits.landing_low
            if again and spare > LOW_SHARE * self.limits.landing_low_time:
                self._others = [(s.x, s.y) for s in found.sites if s.basis == site.basis]
                return self._low_look(position, spare)
            heading = site.heading if np.isfinite(site.heading) else None
            return Move("land", (site.x, site.y), why=found.why, relative=site.basis == LOOK, heading=heading)
        return self._take_next(position, affordable)

    def _looks_on(self, found: Verdict, spare: float) -> bool:
        """After a second look that is not sure: whether to take one more, elsewhere or at the best again."""
        chance = found.site.probability if found.site is not None else 0.0
        kept, target = self._kept, self.target
        if chance >= SURE or target is None or spare < self.limits.landing_low_time:
            return False
        self._others = [place for place in self._others if _gap(place, np.asarray(target)) > NEW_GROUND]
        if self._others:
            self._kept = (chance, target) if chance > (kept[0] if kept else 0.0) else kept
        elif kept is not None and kept[0] > chance:
            self._others, self._kept = [kept[1]], None
        return bool(self._others)

    def _better_left(self, affordable: Callable[[Place], bool]) -> bool:
        """Whether a place is left that was measured or stood on: ground that nobody saw may hold rocks."""
        return any(measured(self.finder.verdict(p)) and affordable(p) for p in self._left)

    def divert(self, position: Array, affordable: Callable[[Place], bool]) -> Move:
        """Give up the plan: to the nearest place that is known to be safe, else the nearest at all."""
        places = sorted(self.places, key=lambda p: (not trusted(self.finder, p), _gap(p, position)))
        self._left, self.target = places, None
        return self._take_next(position, affordable)

    def _take_next(self, position: Array, affordable: Callable[[Place], bool]) -> Move:
        self._ready_at, self._leg_flown, self.target = None, False, None
        self._low, self._sinking, self._others, self._kept = False, False, [], None
        while self._left:
            place = self._left.pop(0)
            if affordable(place):
                self.target = place
                return Move("go", place)
        self.forced = True
        here = (float(position[0]), float(position[1]))
        return Move("land", self.finder.fallback(here), why="no safe site is in reach")

    def _low_look(self, position: Array, spare: float) -> Move:
        """Sink to the next best site on a detour that gives the pictures a baseline, and look again."""
        self.target = self._others.pop(0)
        if spare < self.limits.landing_low_time + MORE_TIME:
            self._others, self._kept = [], None
        self._low, self._sinking, self._ready_at = True, True, None
        return Move("go", self._off(position, self.limits.landing_low), height=self.limits.landing_low)

    def _begin_low(self, time: float, height: float) -> Move:
        """Once it has sunk beside the site, fly across to it: only pictures from there count."""
        if self._ready_at is None:
            self._ready_at = time + SINKING
        if height > SUNK * self.limits.landing_low and time < self._ready_at:
            return Move("wait")
        self._sinking, self._ready_at = False, None
        self.finder.forget_pictures()
        return Move("go", self.target, picture=True, height=self.limits.landing_low)

    def _look_leg(self, position: Array, height: float) -> Move:
        """Fly off a little and back, so that pictures with a baseline are taken."""
        self._leg_flown, self._ready_at = True, None
        return Move("go", self.target, self._off(position, height), height=height)

    def _off(self, position: Array, height: float) -> Place:
        """A leg's length off the target, as far as can be on the side where it is now."""
        assert self.target is not None
        away = np.asarray(position, dtype=np.float64) - np.asarray(self.target)
        norm = float(np.hypot(*away))
        away = away / norm if norm > 0.2 else np.array([1.0, 0.0])
        x, y = np.asarray(self.target) + away * LEG_STEPS * self.spacing(height)
        return float(x), float(y)


def trusted(finder: SiteFinder, place: Place) -> bool:
    """Whether a safe landing near a place can be counted on.

    Ground that was measured or stood on can; of ground that only the orbiter saw, several gentle places
    together can, since each may turn out to hold rocks.
    """
    found = finder.verdict(place)
    if found.site is None:
        return False
    return measured(found) or len(found.sites) >= GENTLE_PLACES


def measured(found: Verdict) -> bool:
    """Whether a site was found on ground that was mapped or stood on."""
    return found.site is not None and found.site.basis != ORBITAL


def _gap(place: Place, position: Array) -> float:
    return float(np.hypot(place[0] - position[0], place[1] - position[1]))
