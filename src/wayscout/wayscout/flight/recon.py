# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Reconnaissance: a flight that sees one place from several sides, in colour and in stereo.

It goes there, flies closed rings around the place from the outside in with the nose to the middle, and lands.
On the rings the tilted colour camera looks across the target from all around, while the navigation camera
maps the ground ring by ring. Which rings, and on which of them how many of the colour pictures are taken, is
searched: every choice is priced and its views are computed, and the best inside the envelope is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.errors import InvalidInput
from wayscout.flight.envelope import FlightCost, OutsideEnvelope, price, violations
from wayscout.flight.ground import Ground
from wayscout.flight.plan import FlightPlan, FlightWaypoint, HelicopterLimits
from wayscout.flight.survey import picture_spacing, swath
from wayscout.flight.views import ExpectedViews, Eye, Outlook
from wayscout.grid import Bounds
from wayscout.sites.records import Prior

Array = npt.NDArray[np.float64]

ARC = 2.0  # [m] between waypoints along a ring
FEWEST_CORNERS = 24  # of a ring
STEP_IN = 0.8  # [rad] of a turn in which it moves in to the next ring
INNERMOST = 1.5  # [m] radius of the smallest ring
BORDER = 2.0  # [m] that waypoints keep from the edge of the map
STEEPEST_VIEW = 1.4  # [rad] from straight down: beyond it there is more sky than ground in the picture
HOME_SPACING = 1.7  # pictures on the way home are so many times as far apart as those on the way out
SPEED_SHARE = 0.94  # of the speed limit is planned with: gusts and corrections add to it
DISTANCE_PRICE = 2e-4  # [1/m] by which a longer way must pay in what is seen


@dataclass(frozen=True)
class ReconParams:
    """See config/recon.yaml, which describes every number."""

    recon_duration: float
    recon_distance: float
    recon_speed: float
    recon_height: float
    recon_pictures: int
    recon_sampling: float
    recon_sides: int
    recon_sigmas: float
    recon_forward_overlap: float
    recon_side_overlap: float
    recon_turn: float
    recon_least_share: float
    recon_together: float
    recon_debris: float
    recon_size_parachute: float
    recon_size_backshell: float
    recon_size_debris: float
    recon_size_any: float

    def size_of(self, target: Prior) -> float:
        """Return how wide a target is [m], as told or as its kind is."""
        sizes = {
            "parachute": self.recon_size_parachute,
            "backshell": self.recon_size_backshell,
            "debris": self.recon_size_debris,
        }
        return target.size if target.size > 0.0 else sizes.get(target.kind, self.recon_size_any)

    def within(self, limits: HelicopterLimits) -> HelicopterLimits:
        """Return the helicopter's limits with those of a reconnaissance in them."""
        return replace(
            limits,
            max_duration=min(limits.max_duration, self.recon_duration),
            max_distance=min(limits.max_distance, self.recon_distance),
            max_speed=min(limits.max_speed, self.recon_speed),
        )


@dataclass(frozen=True)
class Wish:
    """How a target is to be seen; what is 0 or empty is left to the planner.

    Attributes:
        ground_sampling: largest size of a colour pixel on the ground [m].
        viewing_angles: between the view of the target's middle and straight down [rad], one ring each.
        height: above the ground [m].

    Raises:
        InvalidInput: naming the field that is no sensible number.
    """

    ground_sampling: float = 0.0
    viewing_angles: tuple[float, ...] = ()
    height: float = 0.0

    def __post_init__(self) -> None:
        for field in ("ground_sampling", "height"):
            value = getattr(self, field)
            if not (np.isfinite(value) and value >= 0.0):
                raise InvalidInput(f"recon.{field}", value, "a finite number of at least 0 m is needed")
        for i, angle in enumerate(self.viewing_angles):
            if not 0.0 <= angle <= STEEPEST_VIEW:
                raise InvalidInput(
                    f"recon.viewing_angles[{i}]", angle, f"0 to {STEEPEST_VIEW:g} rad from straight down"
                )


@dataclass(frozen=True)
class ReconPlan:
    """A flight plan, its price and what is expected to be seen."""

    plan: FlightPlan
    cost: FlightCost
    views: ExpectedViews

    def __str__(self) -> str:
        v, c = self.views, self.cost
        parts = (
            f"{c.duration:.0f} s, {c.distance:.0f} m",
            f"{v.colour_pictures} colour and {v.pictures} navigation pictures",
            f"expected of the target {100.0 * v.share:.0f} % seen",
            f"{100.0 * v.sides_share:.0f} % from {v.wanted_sides} sides or more",
            f"{100.0 * v.ground_sampling:.1f} cm a pixel",
            f"{100.0 * v.stereo_share:.0f} % mapped",
        )
        return ", ".join(parts)


@dataclass(frozen=True)
class _Rings:
    """Radii [m], the largest first, and how many colour pictures are taken on each."""

    radii: tuple[float, ...]
    colours: tuple[int, ...]


def beside(target: Prior, others: Sequence[Prior], params: ReconParams) -> list[Prior]:
    """Return a target and those of others that one flight looks at with it.

    What is nearer than `recon_together` from rim to rim belongs to it, and what is as near to that.
    """
    found, left = [target], [o for o in others if (o.x, o.y, o.kind) != (target.x, target.y, target.kind)]
    for one in found:
        for other in list(left):
            gap = float(np.hypot(one.x - other.x, one.y - other.y))
            if gap - 0.5 * (params.size_of(one) + params.size_of(other)) < params.recon_together:
                left.remove(other)
                found.append(other)  # whose own neighbours are then looked for
    return found


def together(target: Prior, others: Sequence[Prior], params: ReconParams) -> Prior:
    """Return a target widened to hold those beside it, so that one flight looks at all of them.

    The disc around all of them is looked at, with the largest of their sigmas, and `recon_debris` around a
    backshell; alone, the target stays as it is.
    """
    found = beside(target, others, params)
    if len(found) == 1:
        return target
    angle = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)
    rim = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    radii = [
        0.5 * params.size_of(one) + (params.recon_debris if one.kind == "backshell" else 0.0) for one in found
    ]
    points = np.concatenate([[one.x, one.y] + r * rim for one, r in zip(found, radii, strict=True)])
    (x, y), radius = cv2.minEnclosingCircle(points.astype(np.float32))
    sigma = max(one.sigma for one in found)
    return Prior(float(x), float(y), sigma, "", 2.0 * float(radius), target.name)


def plan_recon(
    target: Prior,
    start: Sequence[float],
    colour: Eye,
    navigation: Eye,
    limits: HelicopterLimits,
    params: ReconParams,
    *,
    wish: Wish | None = None,
    landing_sites: Sequence[tuple[float, float]] = (),
    flight: int = 1,
    ground: Ground | None = None,
    bounds: Bounds | None = None,
) -> ReconPlan:
    """Plan the flight that is expected to show most of a target.

    Args:
        start: x, y [m] of the helicopter on the ground.
        landing_sites: preferred first: the first that leaves enough of the flight for the target is taken,
            the rest stay in the plan behind it; the take-off point when empty.
        ground: as known; steep ground makes flights slower.
        bounds: of the map, which waypoints stay inside of; None for no limit.

    Raises:
        InvalidInput: naming the field that is no use: not finite, negative, outside the map, too high.
        OutsideEnvelope: when the target is out of reach, or too little of it could be seen.
    """
    wish = wish or Wish()
    home = np.asarray(start, dtype=np.float64)[:2]
    if home.shape != (2,) or not np.all(np.isfinite(home)):
        raise InvalidInput("recon start", list(start), "finite x, y [m] are needed")
    height = wish.height or params.recon_height
    if height > limits.max_height or height < limits.min_clearance:
        raise InvalidInput(
            "recon.height", height, f"{limits.min_clearance:g} to {limits.max_height:g} m above the ground"
        )
    if bounds is not None:
        _check_inside(target, landing_sites, bounds)
    limits = params.within(limits)
    sites = [(float(x), float(y)) for x, y in landing_sites] or [(float(home[0]), float(home[1]))]
    reason = ""
    for number, site in enumerate(sites):
        order = (site, *sites[:number], *sites[number + 1 :])
        try:
            planner = _Planner(
                target, home, order, height, colour, navigation, limits, params, wish, ground, bounds
            )
            return planner.best(flight)
        except OutsideEnvelope as error:
            reason = reason or str(error)
    raise OutsideEnvelope(reason)


@dataclass(frozen=True)
class Scout:
    """The vehicle's own cameras and config/recon.yaml: all that a plan needs beside its goal."""

    params: ReconParams
    colour: Eye
    navigation: Eye

    def plan(
        self,
        target: Prior,
        start: Sequence[float],
        limits: HelicopterLimits,
        wish: Wish,
        landing_sites: Sequence[tuple[float, float]],
        flight: int,
        ground: Ground | None,
        bounds: Bounds | None,
    ) -> ReconPlan:
        """Plan a look with these cameras; see `plan_recon`."""
        return plan_recon(
            target, start, self.colour, self.navigation, limits, self.params,
            wish=wish, landing_sites=landing_sites, flight=flight, ground=ground, bounds=bounds,
        )  # fmt: skip


def _check_inside(target: Prior, sites: Sequence[tuple[float, float]], bounds: Bounds) -> None:
    if not bounds.contains(target.x, target.y):
        raise InvalidInput("target.position", (target.x, target.y), f"inside the map, {bounds}")
    for i, (x, y) in enumerate(sites):
        if not bounds.contains(x, y):
            raise InvalidInput(f"recon.landing_sites[{i}]", (x, y), f"inside the map, {bounds}")


@dataclass(frozen=True)
class _Planner:
    """Tries rings for one landing site."""

    target: Prior
    home: Array
    sites: tuple[tuple[float, float], ...]
    height: float
    colour: Eye
    navigation: Eye
    limits: HelicopterLimits
    params: ReconParams
    wish: Wish
    ground: Ground | None
    bounds: Bounds | None

    def best(self, flight: int) -> ReconPlan:
        """Return the best plan inside the envelope; raises OutsideEnvelope with the reason."""
        best, best_worth = None, -np.inf
        outlook = Outlook(self.target, self._size, self.limits, self.ground)
        mapped: dict[tuple[float, ...], float] = {}
        least: tuple[float, list[str]] = (np.inf, [])
        for rings in self._choices():
            if self._shortest(rings) > self.limits.max_distance:
                least = min(least, (self._shortest(rings), [self._too_far(rings)]))
                continue
            plan = self.fly(rings, flight)
            cost = price(plan, self.limits, self.ground)
            # The height is as wished: only rock that is met half way may bring more of it for a moment.
            broken = violations(replace(cost, height=min(cost.height, self.limits.max_height)), self.limits)
            if broken:
                least = min(least, (cost.distance, broken))
                continue
            pictures, colours = outlook.stations(plan)
            if rings.radii not in mapped:  # colour pictures hardly change where the others are taken
                mapped[rings.radii] = outlook.stereo(self.navigation, pictures)
            seen = outlook.colour(self.colour, colours, self._sampling, self.params.recon_sides)
            views = ExpectedViews(
                *seen, mapped[rings.radii], self.params.recon_sides, len(colours), len(pictures)
            )
            worth = views.sides_share + 0.5 * views.share + 0.7 * views.stereo_share
            worth += 0.02 * views.sides - DISTANCE_PRICE * cost.distance
            if worth > best_worth:
                best, best_worth = ReconPlan(plan, cost, views), worth
        name = self.target.name
        if best is None:
            raise OutsideEnvelope(f"'{name}' is out of reach: {'; '.join(least[1])}")
        if best.views.share < self.params.recon_least_share:
            raise OutsideEnvelope(
                f"'{name}': only {100.0 * best.views.share:.0f} % of it would be seen at "
                f"{100.0 * self._sampling:.1f} cm a pixel from {self.height:g} m, "
                f"{100.0 * self.params.recon_least_share:.0f} % are needed"
            )
        return best

    @property
    def _sampling(self) -> float:
        return self.wish.ground_sampling or self.params.recon_sampling

    @property
    def _size(self) -> float:
        return self.params.size_of(self.target)

    # --- which rings ------------------------------------------------------------------------------------

    def _choices(self) -> Iterator[_Rings]:
        """Yield rings to try: from beyond all places that the target may reach to down on its middle."""
        radius = 0.5 * self._size
        reach = radius + self.params.recon_sigmas * self.target.sigma
        wished = sorted({self.height * float(np.tan(a)) for a in self.wish.viewing_angles}, reverse=True)
        across = self.navigation.camera
        seen = self.height * across.height / across.fy  # image up is the nose, and that points to the middle
        spacing = seen * (1.0 - self.params.recon_side_overlap)
        outer = np.arange(max(INNERMOST, 0.5 * radius), reach + 1.2 * self.height, 2.0)
        given: set[_Rings] = set()
        for first in outer:
            radii = _fill_in(float(first), spacing, seen, wished)
            for colours in self._shares(radii, wished):
                rings = _Rings(radii, colours)
                if rings not in given:
                    given.add(rings)
                    yield rings

    def _shares(self, radii: tuple[float, ...], wished: Sequence[float]) -> Iterator[tuple[int, ...]]:
        """Yield how many colour pictures are taken on each ring."""
        count = self.params.recon_pictures
        if wished:
            on = [i for i, r in enumerate(radii) if min(abs(r - w) for w in wished) < 1e-6]
            yield _deal(count, dict.fromkeys(on, 1.0), len(radii))
            return
        for weights in ((1.0,), (0.7, 0.3), (0.6, 0.4), (0.5, 0.3, 0.2), (0.0, 1.0), (0.0, 0.7, 0.3)):
            if len(weights) <= len(radii):
                yield _deal(count, dict(enumerate(weights)), len(radii))

    def _shortest(self, rings: _Rings) -> float:
        """Return less than the length of a flight [m]."""
        middle = np.array([self.target.x, self.target.y])
        there = max(float(np.hypot(*(middle - self.home))) - rings.radii[0], 0.0)
        back = max(float(np.hypot(*(middle - self.sites[0]))) - rings.radii[-1], 0.0)
        around = 0.0 if self.bounds is not None else 0.95 * 2.0 * np.pi * sum(rings.radii)
        return there + back + float(around)

    def _too_far(self, rings: _Rings) -> str:
        return (
            f"the way there, around it and to the landing needs {self._shortest(rings):.0f} m or more, "
            f"the limit is {self.limits.max_distance:.0f} m"
        )

    # --- from rings to a plan ---------------------------------------------------------------------------

    def fly(self, rings: _Rings, flight: int) -> FlightPlan:
        """Chain the way there, the rings and the way to the landing site."""
        p, camera = self.params, self.navigation.camera
        middle = np.array([self.target.x, self.target.y])
        out = self.home - middle
        bearing = float(np.arctan2(out[1], out[0])) if np.hypot(*out) > 1e-6 else 0.0
        along = picture_spacing(camera, self.height, p.recon_forward_overlap)
        across = swath(camera, self.height) * (1.0 - p.recon_forward_overlap)
        inward = float(np.arctan2(-out[1], -out[0])) if np.hypot(*out) > 1e-6 else np.pi

        def point(at: Array, yaw: float, pictures: float, colours: float = 0.0) -> FlightWaypoint:
            x, y = float(at[0]), float(at[1])
            speed = SPEED_SHARE * self.limits.max_speed
            return FlightWaypoint(x, y, self.height, speed, yaw, pictures, colours)

        waypoints = [point(self.home, inward, 0.0)]
        last, yaw = len(rings.radii) - 1, inward
        for number, (radius, colours) in enumerate(zip(rings.radii, rings.colours, strict=True)):
            inner = rings.radii[number + 1] if number < last else radius
            turn = self._inside(_turn(middle, radius, inner, bearing))
            if len(turn) < 2:
                continue
            if number == 0 or len(waypoints) == 1:
                waypoints.append(point(turn[0], inward, along))
            length = float(np.hypot(*np.diff(turn, axis=0).T).sum())
            spacing = min(across, p.recon_turn * radius)
            # A little more than an equal share: the next ring, not this one, takes the picture at its end.
            gap = 1.001 * length / colours if colours else 0.0
            for at in turn[1:]:
                yaw = float(np.arctan2(middle[1] - at[1], middle[0] - at[0]))
                waypoints.append(point(at, yaw, spacing, gap))
        # As on surveys, the way home ties the landing, and so the next take-off, to the pictures.
        waypoints.append(point(np.asarray(self.sites[0]), yaw, HOME_SPACING * along))
        return FlightPlan(flight, f"recon {self.target.name}", tuple(waypoints), self.sites)

    def _inside(self, points: Array) -> Array:
        """Return the points that lie inside the map; what is left out is cut off by a straight way."""
        if self.bounds is None:
            return points
        return points[self.bounds.grown(-BORDER).contains(points[:, 0], points[:, 1])]


def _fill_in(outer: float, spacing: float, seen: float, wished: Sequence[float]) -> tuple[float, ...]:
    """Return ring radii [m], the largest first: those wished, and others so that no ground is left between.

    Args:
        outer: of the largest ring but for those wished.
        spacing: greatest gap between rings.
        seen: ground that a ring sees across [m].
    """
    radii = list(wished)
    radius = outer
    while True:
        if all(abs(radius - w) > 0.5 * spacing for w in wished):
            radii.append(radius)
        if radius <= 0.5 * seen:
            break
        radius = max(radius - spacing, INNERMOST)
    return tuple(sorted((max(r, INNERMOST) for r in radii), reverse=True))


def _deal(count: int, weights: dict[int, float], rings: int) -> tuple[int, ...]:
    """Share out `count` pictures among rings by weight; all of them are dealt."""
    total = sum(weights.values())
    shares = [weights.get(i, 0.0) / total for i in range(rings)]
    edges = np.round(np.cumsum([0.0, *shares]) * count).astype(int)
    return tuple(int(n) for n in np.diff(edges))


def _turn(middle: Array, radius: float, inner: float, bearing: float) -> Array:
    """Return (n, 2) points once around, counter-clockwise from a bearing, moving in at the end."""
    count = max(FEWEST_CORNERS, int(np.ceil(2.0 * np.pi * radius / ARC)))
    angle = np.linspace(0.0, 2.0 * np.pi, count + 1)
    share = np.clip((angle - (2.0 * np.pi - STEP_IN)) / STEP_IN, 0.0, 1.0)
    r = radius + (inner - radius) * share * share * (3.0 - 2.0 * share)
    return middle + np.stack([r * np.cos(bearing + angle), r * np.sin(bearing + angle)], axis=1)
