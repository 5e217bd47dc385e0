# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""From the tasks of a campaign to flights: each lands where the next one begins.

A flight that ends a task goes on to a spot before the next area instead of back to where it took off, if
there is one that the orbiter saw as level, from which the rover hears it, and if the envelope allows it.
What the helicopter's own map shows there decides on the last metres (`wayscout.flight.landing`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from wayscout.camera import Camera
from wayscout.corridor import Corridor
from wayscout.errors import InvalidInput
from wayscout.flight.campaign import Campaign, Flight, Recon, Reposition, Survey, Task, target_of
from wayscout.flight.envelope import FlightCost, OutsideEnvelope, check, price, violations
from wayscout.flight.ground import Ground
from wayscout.flight.landing import find_sites
from wayscout.flight.plan import FlightPlan, FlightWaypoint, HelicopterLimits
from wayscout.flight.recon import ReconParams, Scout, Wish, beside, together
from wayscout.flight.solar import Pack, SunPower
from wayscout.flight.survey import HOME_SPACING, picture_spacing, plan_survey
from wayscout.grid import Grid
from wayscout.link.radio import Radio, contact
from wayscout.sites.records import Prior
from wayscout.worlds.folder import World

Array = npt.NDArray[np.float64]
Spot = tuple[float, float]

BEFORE = 6.0  # [m] from an area at which a flight lands before it: the rover's way in stays free
STRIDE = 6.0  # [m] between the places on the way that are looked at for a landing
PLACES = 8  # looked at on the way back from the next area
SEARCH = 8.0  # [m] around a wanted place within which a landing is sought
ALTERNATIVES = 15.0  # [m] from the chosen spot within which others are named, too
MOST_HOPS = 8  # flights of one repositioning
SPARE = 0.97  # of the time and energy of a flight may be used up for landing elsewhere than at home


@dataclass(frozen=True)
class Setting:
    """What flights are planned on.

    Attributes:
        limits, camera: of the helicopter.
        corridors: by name, as drawn on the orbital map.
        elevation: of the orbiter, layer 'elevation'; None when unknown.
        radio: None for no thought of the link.
        rover: (3,) where it stands [m]; z may be NaN.
        targets: of the campaign's reconnaissances, by name.
        looks: what is looked at for each of them, where that is more than the target.
        scout: plans reconnaissances; None where nobody can.
    """

    limits: HelicopterLimits
    camera: Camera
    corridors: Mapping[str, Corridor]
    elevation: Grid | None = None
    radio: Radio | None = None
    rover: Array = field(default_factory=lambda: np.full(3, np.nan))
    targets: Mapping[str, Prior] = field(default_factory=dict)
    looks: Mapping[str, Prior] = field(default_factory=dict)
    scout: Scout | None = None

    @property
    def ground(self) -> Ground | None:
        """For pricing; None when no map is known."""
        if self.elevation is None:
            return None
        return Ground([self.elevation], self.limits.ground_uncertainty)


@dataclass(frozen=True)
class Area:
    """Where a task begins: a point (2,) [m] and how far from it a landing has to stay [m]."""

    at: Array
    keep_out: float


def targets_of(
    campaign: Campaign, world: World, params: ReconParams
) -> tuple[dict[str, Prior], dict[str, Prior]]:
    """Return the targets of a campaign's reconnaissances by name, and what is looked at for each of them."""
    recons = [task for task in campaign.tasks if isinstance(task, Recon)]
    targets = {task.target: target_of(task, world) for task in recons}
    known = _priors(world)
    wide = [task.target for task in recons if task.size is None]  # else it was told what to look at
    return targets, {**targets, **{name: together(targets[name], known, params) for name in wide}}


def looks_at_all(world: World, params: ReconParams) -> list[str]:
    """Return the names of targets to look at in turn, so that each of the world's is in one of the looks."""
    left = _priors(world)
    names = []
    while left:
        names.append(left[0].name)
        seen = {prior.name for prior in beside(left[0], left, params)}
        left = [prior for prior in left if prior.name not in seen]
    return names


def _priors(world: World) -> list[Prior]:
    return [Prior(t.x, t.y, t.sigma, t.kind, t.size or 0.0, t.name) for t in world.targets]


def area_of(task: Task | None, setting: Setting, here: Spot) -> Area | None:
    """Return where a task begins, seen from `here`; None for one that no landing spot could help."""
    if isinstance(task, Survey):
        line = setting.corridors[task.corridors[0]].centreline
        ends = (line[0], line[-1])
        return Area(min(ends, key=lambda end: float(np.hypot(*(end - np.asarray(here))))), BEFORE)
    if isinstance(task, Recon):
        target = setting.targets[task.target]
        return Area(np.array([target.x, target.y]), BEFORE + 0.5 * target.size + 2.0 * target.sigma)
    if isinstance(task, Flight):
        first = task.plan.waypoints[0]
        return Area(np.array([first.x, first.y]), 0.0)
    return None  # a repositioning is a way of its own; a climb needs the helicopter out of the way


def heard(spot: Spot, setting: Setting) -> bool:
    """Return whether the rover hears the helicopter on the ground at a spot; True when nothing is known."""
    ground, radio = setting.elevation, setting.radio
    if ground is None or radio is None or not np.all(np.isfinite(setting.rover[:2])):
        return True
    z = float(ground.sample("elevation", *spot))
    rover = setting.rover.copy()
    if not np.isfinite(rover[2]):
        rover[2] = float(ground.sample("elevation", rover[0], rover[1]))
    if not (np.isfinite(z) and np.isfinite(rover[2])):
        return True
    return contact(radio, ground, (*spot, z), rover).rate > 0.0


def landing_spots(area: Area, home: Spot, setting: Setting) -> list[Spot]:
    """Return spots that are level, heard by the rover, and near an area, the nearest to it first.

    They are sought on the way from the area back to where the helicopter took off. Without a map there are
    none: then it lands where it stood before.
    """
    if setting.elevation is None:
        return []
    back = np.asarray(home, dtype=np.float64) - area.at
    length = float(np.hypot(*back))
    spots: list[Spot] = []
    for distance in area.keep_out + STRIDE * np.arange(PLACES):
        if distance >= length:
            break  # it stands nearer already
        wanted = area.at + back / length * distance
        spots += [spot for spot in _level(wanted, setting) if _clear(spot, area)][:1]
    return [spot for spot in spots if heard(spot, setting)]


def _level(wanted: Array, setting: Setting, search: float = STRIDE) -> list[Spot]:
    if setting.elevation is None:
        return []
    found = find_sites(
        setting.elevation, (wanted[0], wanted[1]), setting.limits, search=search, basis="orbital"
    )
    return [(float(site.x), float(site.y)) for site in found]


def _clear(spot: Spot, area: Area) -> bool:
    return float(np.hypot(*(np.asarray(spot) - area.at))) >= 0.9 * area.keep_out


def ending_at(plan: FlightPlan, spots: Sequence[Spot], setting: Setting) -> FlightPlan:
    """Let a flight end above the first spot that the envelope allows; unchanged when there is none."""
    home = plan.wanted_landings
    ground, limits = setting.ground, setting.limits
    limits = replace(
        limits, max_duration=SPARE * limits.max_duration, usable_energy=SPARE * limits.usable_energy
    )
    for spot in spots:
        last = replace(plan.waypoints[-1], x=spot[0], y=spot[1])
        others = [s for s in spots if s != spot and np.hypot(s[0] - spot[0], s[1] - spot[1]) < ALTERNATIVES]
        moved = replace(plan, waypoints=(*plan.waypoints[:-1], last), landing_sites=(spot, *others, *home))
        if not violations(price(moved, limits, ground), limits):
            return moved
    return plan


def plan_task(
    task: Task, following: Task | None, here: Spot, setting: Setting, first_flight: int = 1
) -> list[FlightPlan]:
    """Plan the flights of one task; a climb has none, a reconnaissance only where somebody can plan it.

    Args:
        following: the task after it, for whose sake the last flight lands.
        here: x, y [m] where the helicopter stands.
        first_flight: number of the first plan.

    Raises:
        OutsideEnvelope: when the task is out of reach or no safe landing is near, with the reason.
    """
    if isinstance(task, Survey):
        return _survey(task, following, here, setting, first_flight)
    if isinstance(task, Reposition):
        return _reposition((task.x, task.y), here, setting, first_flight)
    if isinstance(task, Flight):
        plan = task.plan.plan(here, first_flight)
        check(plan, setting.limits, setting.ground)
        return [plan]
    if isinstance(task, Recon) and setting.scout is not None:
        return [_look(task, following, here, setting, setting.scout, first_flight)]
    return []


def wish_of(task: Recon) -> Wish:
    """Return how a target is to be seen."""
    return Wish(task.ground_sampling or 0.0, tuple(task.viewing_angles), task.height or 0.0)


def spots_before(following: Task | None, here: Spot, setting: Setting) -> list[Spot]:
    """Return landing spots for the sake of the task that follows, none where no spot could help it."""
    area = area_of(following, setting, here)
    return landing_spots(area, here, setting) if area is not None else []


def _look(
    task: Recon, following: Task | None, here: Spot, setting: Setting, scout: Scout, number: int
) -> FlightPlan:
    """Plan a reconnaissance as the helicopter does when its turn comes."""
    bounds = setting.elevation.bounds if setting.elevation is not None else None
    spots = spots_before(following, here, setting)
    plan = scout.plan(
        setting.looks.get(task.target, setting.targets[task.target]), here, setting.limits, wish_of(task),
        spots, number, setting.ground, bounds,
    ).plan  # fmt: skip
    check(plan, scout.params.within(setting.limits), setting.ground)
    return plan


def _survey(
    task: Survey, following: Task | None, here: Spot, setting: Setting, first_flight: int
) -> list[FlightPlan]:
    plans: list[FlightPlan] = []
    for i, name in enumerate(task.corridors):
        if name not in setting.corridors:
            raise InvalidInput("survey.corridors", name, f"known are {sorted(setting.corridors)}")
        found = plan_survey(
            setting.corridors[name],
            here,
            setting.camera,
            setting.limits,
            first_flight=first_flight + len(plans),
            ground=setting.ground,
            height=task.height,
            speed=task.speed,
        )
        rest = task.corridors[i + 1 :]
        after = task.model_copy(update={"corridors": rest}) if rest else following
        area = area_of(after, setting, here)
        if area is not None:
            found[-1] = ending_at(found[-1], landing_spots(area, here, setting), setting)
            here = found[-1].landing_sites[0]
        plans += found
    return plans


def _reposition(goal: Spot, here: Spot, setting: Setting, first_flight: int) -> list[FlightPlan]:
    """Plan a straight way in as few flights as the envelope allows, each landing where it is level."""
    spots = [spot for spot in _level(np.asarray(goal), setting, SEARCH) if heard(spot, setting)]
    if setting.elevation is not None and not spots:
        raise OutsideEnvelope(f"no safe landing within {SEARCH:g} m of ({goal[0]:g}, {goal[1]:g}) is known")
    reason = ""
    for hops in range(1, MOST_HOPS + 1):
        try:
            return _hops(spots or [goal], here, hops, setting, first_flight)
        except OutsideEnvelope as error:
            reason = str(error)
    raise OutsideEnvelope(f"({goal[0]:g}, {goal[1]:g}) is out of reach: {reason}")


def _hops(
    spots: Sequence[Spot], here: Spot, hops: int, setting: Setting, first_flight: int
) -> list[FlightPlan]:
    start, goal = np.asarray(here, dtype=np.float64), np.asarray(spots[0], dtype=np.float64)
    plans = []
    for hop in range(1, hops + 1):
        sites = list(spots)
        if hop < hops:
            sites = _level(start + (goal - start) * hop / hops, setting, SEARCH)
            sites = [site for site in sites if heard(site, setting)]
            if not sites:
                raise OutsideEnvelope(f"no safe landing after hop {hop} of {hops}")
        name = "reposition" if hops == 1 else f"reposition ({hop}/{hops})"
        plan = _straight(here, sites, setting, first_flight + hop - 1, name)
        check(plan, setting.limits, setting.ground)
        plans.append(plan)
        here = sites[0]
    return plans


def _straight(here: Spot, sites: Sequence[Spot], setting: Setting, number: int, name: str) -> FlightPlan:
    """Fly straight, with pictures: they tie the landing to the ground that is known already."""
    limits, (x, y) = setting.limits, sites[0]
    yaw = float(np.arctan2(y - here[1], x - here[0]))
    spacing = HOME_SPACING * picture_spacing(setting.camera, limits.survey_height, limits.forward_overlap)

    def point(at: Spot) -> FlightWaypoint:
        return FlightWaypoint(at[0], at[1], limits.survey_height, limits.cruise_speed, yaw, spacing)

    return FlightPlan(number, name, (point(here), point((x, y))), tuple(sites))


@dataclass(frozen=True)
class Leg:
    """One flight of an estimate: its task's place in the campaign, plan, price and sols of rest before it."""

    task: int
    plan: FlightPlan
    cost: FlightCost
    sols: int


@dataclass(frozen=True)
class Estimate:
    """What a campaign would take, as far as it can be told before.

    Attributes:
        legs: the flights in turn.
        problems: one sentence for each task that cannot be flown, and for each that is not priced here.
    """

    legs: tuple[Leg, ...]
    problems: tuple[str, ...]

    @property
    def minutes(self) -> float:
        """In the air [min]."""
        return sum(leg.cost.duration for leg in self.legs) / 60.0

    @property
    def kilometres(self) -> float:
        """Over ground [km]."""
        return sum(leg.cost.distance for leg in self.legs) / 1000.0

    @property
    def sols(self) -> int:
        """Of rest between flights."""
        return sum(leg.sols for leg in self.legs)


def estimate(campaign: Campaign, start: Spot, setting: Setting, sun: SunPower) -> Estimate:
    """Plan a whole campaign from where the helicopter stands, with a full pack, and price it.

    Each flight is taken to land on its first spot. Before a reconnaissance the sun fills the pack for the
    longest flight, as in the campaign, where the helicopter plans it after the rest.
    """
    legs: list[Leg] = []
    problems: list[str] = []
    here, pack = start, Pack(sun, setting.limits)
    for i, task in enumerate(campaign.tasks):
        following = campaign.tasks[i + 1] if i + 1 < len(campaign.tasks) else None
        try:
            plans = plan_task(task, following, here, setting, first_flight=len(legs) + 1)
        except (OutsideEnvelope, InvalidInput) as error:
            problems.append(f"{task.label}: {error}")
            continue
        looks = isinstance(task, Recon)
        if looks and not plans:
            problems.append(f"{task.label}: not priced, nobody is here to plan it")
        limits = setting.scout.params.within(setting.limits) if looks and setting.scout else setting.limits
        for plan in plans:
            cost = price(plan, limits, setting.ground)
            try:
                sols = pack.wait_for(None if looks else cost.energy) if legs else 0
            except OutsideEnvelope as error:
                problems.append(f"{plan.name}: {error}")
                break
            pack.rest(sols)
            pack.draw(cost.energy)
            legs.append(Leg(i, plan, cost, sols))
            here = plan.wanted_landings[0]
    return Estimate(tuple(legs), tuple(problems))
