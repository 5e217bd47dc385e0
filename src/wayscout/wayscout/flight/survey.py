# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Survey patterns: parallel legs along a corridor, split into flights that the envelope allows."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from wayscout.camera import Camera
from wayscout.corridor import Corridor
from wayscout.errors import InvalidInput
from wayscout.flight.envelope import OutsideEnvelope, price, violations
from wayscout.flight.ground import Ground
from wayscout.flight.plan import FlightPlan, FlightWaypoint, HelicopterLimits
from wayscout.flight.trajectory import smooth

Array = npt.NDArray[np.float64]

LEG_STEP = 2.0  # [m] between waypoints along a leg; twice as far apart, each is a corner that it leans into
MEANDER = 4.0  # [m] standard deviation of the filter on the centreline
MOST_SECTIONS = 8  # parts a corridor is cut into lengthwise before giving up
LEAST_OFFSET = 1.5  # [m] of the two legs of a narrow corridor from its centreline
HOME_SPACING = 2.0  # pictures on the way home are so many times as far apart as those of the survey


def swath(camera: Camera, height: float) -> float:
    """Ground seen across the direction of flight [m]: the image's width, image up being the nose."""
    return height * camera.width / camera.fx


def picture_spacing(camera: Camera, height: float, overlap: float) -> float:
    """Distance between pictures along a leg [m] for a forward overlap (share of a picture)."""
    return height * camera.height / camera.fy * (1.0 - overlap)


def leg_offsets(width: float, camera: Camera, limits: HelicopterLimits) -> Array:
    """Return the (n,) lateral offsets of the legs [m], right to left, n even or odd but at least 2.

    The outer legs see `survey_margin` beyond each wall, neighbours share at least `side_overlap`.
    """
    seen = swath(camera, limits.survey_height)
    wanted = width + 2.0 * limits.survey_margin
    outer = max(0.5 * (wanted - seen), LEAST_OFFSET)
    count = max(2, int(np.ceil(2.0 * outer / (seen * (1.0 - limits.side_overlap)) - 1e-9)) + 1)
    return np.linspace(-outer, outer, count)


def resample(line: Array, step: float) -> Array:
    """Return points about every `step` [m] along a polyline (n, 2), both ends kept."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    count = max(2, round(along[-1] / step) + 1)
    at = np.linspace(0.0, along[-1], count)
    return np.stack([np.interp(at, along, line[:, i]) for i in range(2)], axis=1)


def tangents(line: Array) -> Array:
    """Return the (n, 2) unit directions of a polyline."""
    d = np.gradient(line, axis=0)
    result: Array = d / np.maximum(np.hypot(d[:, 0], d[:, 1]), 1e-9)[:, None]
    return result


def offset_line(line: Array, offset: float) -> Array:
    """Shift a densely sampled line (n, 2) to its left by `offset` [m], without loops inside bends."""
    t = tangents(line)
    shifted = line + offset * np.stack([-t[:, 1], t[:, 0]], axis=1)
    kept = [0]
    for i in range(1, len(shifted)):
        if float((shifted[i] - shifted[kept[-1]]) @ t[i]) > 1e-3:  # else it runs back: a loop
            kept.append(i)
    return resample(shifted[kept], 1.0) if len(kept) > 1 else shifted


@dataclass(frozen=True)
class _Leg:
    """One pass over a section, flown in the order of its points."""

    points: Array
    yaw: Array


def plan_survey(
    corridor: Corridor,
    start: Sequence[float],
    camera: Camera,
    limits: HelicopterLimits,
    *,
    landing_sites: Sequence[tuple[float, float]] = (),
    first_flight: int = 1,
    ground: Ground | None = None,
    height: float | None = None,
    speed: float | None = None,
) -> list[FlightPlan]:
    """Plan the flights that cover a corridor wall to wall in stereo and return to the take-off point.

    Legs run parallel to the centreline and follow its bends; the nose always points up the channel, so
    that pictures of neighbouring legs are alike. When one flight cannot do it, legs and, if they are
    too long, parts of the corridor are shared out over several flights.

    Args:
        start: x, y [m] of the helicopter on the ground.
        landing_sites: preferred first; the take-off point when empty.
        first_flight: number of the first plan.
        ground: elevation as known; steep ground makes flights slower.
        height, speed: of the legs, instead of `survey_height` [m] and `cruise_speed` [m/s].

    Returns:
        Plans that each pass `envelope.check`, in the order to fly them; the fewest that were found.

    Raises:
        OutsideEnvelope: when no split makes the corridor reachable, with the reason.
    """
    home = np.asarray(start, dtype=np.float64)[:2]
    if home.shape != (2,) or not np.all(np.isfinite(home)):
        raise InvalidInput("survey start", list(start), "finite x, y [m] are needed")
    limits = replace(
        limits,
        survey_height=limits.survey_height if height is None else height,
        cruise_speed=limits.cruise_speed if speed is None else speed,
    )
    best: list[FlightPlan] | None = None
    reason = ""
    for sections in range(1, MOST_SECTIONS + 1):
        try:
            plans = _share_out(corridor, home, camera, limits, landing_sites, first_flight, sections, ground)
        except OutsideEnvelope as error:
            reason = str(error)
            continue
        if best is None or len(plans) < len(best):
            best = plans
        if best is not None and sections >= 3:
            break
    if best is None:
        raise OutsideEnvelope(
            f"corridor '{corridor.name}' is out of reach from ({home[0]:.1f}, {home[1]:.1f}): {reason}"
        )
    if len(best) == 1:
        return best
    return [replace(p, name=f"{p.name} ({i}/{len(best)})") for i, p in enumerate(best, 1)]


def plan_look(
    points: npt.ArrayLike,
    start: Sequence[float],
    camera: Camera,
    limits: HelicopterLimits,
    *,
    radius: float = 6.0,
    name: str = "look",
    landing_sites: Sequence[tuple[float, float]] = (),
    flight: int = 1,
    ground: Ground | None = None,
) -> FlightPlan:
    """Plan one flight that looks at the first points it can reach, two short legs over each.

    Args:
        points: (n, 2 or 3) x, y [m], the most wanted first; as many are kept as the envelope allows.
        radius: half the length of the legs over a point [m].

    Raises:
        OutsideEnvelope: when not even the first point is within reach.
    """
    wanted = np.asarray(points, dtype=np.float64)
    if wanted.ndim != 2 or len(wanted) == 0 or wanted.shape[1] < 2 or not np.all(np.isfinite(wanted[:, :2])):
        raise InvalidInput("look points", wanted.tolist(), "one or more finite x, y [m] are needed")
    home = np.asarray(start, dtype=np.float64)[:2]
    side = 0.25 * swath(camera, limits.survey_height)
    best: FlightPlan | None = None
    reason = ""
    for count in range(1, len(wanted) + 1):
        order = _nearest_first(wanted[:count, :2], home)
        legs: list[_Leg] = []
        here = home
        for target in order:
            ahead = (target - here) / max(float(np.hypot(*(target - here))), 1e-9)
            left = np.array([-ahead[1], ahead[0]])
            yaw = np.full(2, np.arctan2(ahead[1], ahead[0]))
            out = np.stack([target - radius * ahead - side * left, target + radius * ahead - side * left])
            back = np.stack([target + radius * ahead + side * left, target - radius * ahead + side * left])
            legs += [_Leg(out, yaw), _Leg(back, yaw)]
            here = back[-1]
        plan = _assemble(legs, home, camera, limits, landing_sites, flight, name)
        broken = violations(price(plan, limits, ground), limits)
        if broken:
            reason = "; ".join(broken)
            break
        best = plan
    if best is None:
        raise OutsideEnvelope(f"'{name}' is out of reach: {reason}")
    return best


def _nearest_first(points: Array, start: Array) -> list[Array]:
    left, here, order = list(points), start, []
    while left:
        i = int(np.argmin([np.hypot(*(p - here)) for p in left]))
        here = left.pop(i)
        order.append(here)
    return order


def _share_out(
    corridor: Corridor,
    home: Array,
    camera: Camera,
    limits: HelicopterLimits,
    sites: Sequence[tuple[float, float]],
    first: int,
    sections: int,
    ground: Ground | None,
) -> list[FlightPlan]:
    """Give each flight as many whole legs of a section as it can fly."""
    line = smooth(resample(corridor.centreline, 1.0), MEANDER)
    cuts = np.linspace(0, len(line) - 1, sections + 1).round().astype(int)
    offsets = leg_offsets(corridor.width, camera, limits)
    plans: list[FlightPlan] = []
    for low, high in itertools.pairwise(cuts):
        part = line[low : high + 1]
        todo = list(offsets)
        while todo:
            plan, broken = None, ["no leg"]
            for count in range(len(todo), 0, -1):
                legs = _legs(part, todo[:count], home)
                trial = _assemble(
                    legs, home, camera, limits, sites, first + len(plans), f"survey {corridor.name}"
                )
                broken = violations(price(trial, limits, ground), limits)
                # An odd number of legs ends far away; worth it only when nothing is left for later.
                if not broken and (count % 2 == 0 or count == len(todo) or count == 1):
                    plan = trial
                    todo = todo[count:]
                    break
            if plan is None:
                raise OutsideEnvelope("; ".join(broken))
            plans.append(plan)
    return plans


def _legs(part: Array, offsets: Sequence[float], home: Array) -> list[_Leg]:
    """Alternate the direction from leg to leg, beginning at the end nearer to the take-off point."""
    legs = []
    forward = np.hypot(*(part[0] - home)) <= np.hypot(*(part[-1] - home))
    for offset in offsets:
        points = resample(offset_line(part, offset), LEG_STEP)
        t = tangents(points)
        yaw = np.unwrap(np.arctan2(t[:, 1], t[:, 0]))
        legs.append(_Leg(points, yaw) if forward else _Leg(points[::-1], yaw[::-1]))
        forward = not forward
    return legs


def _assemble(
    legs: Sequence[_Leg],
    home: Array,
    camera: Camera,
    limits: HelicopterLimits,
    sites: Sequence[tuple[float, float]],
    number: int,
    name: str,
) -> FlightPlan:
    """Chain transit, legs with half-circle turns, and the way home."""
    height = limits.survey_height
    spacing = picture_spacing(camera, height, limits.forward_overlap)

    def point(at: Array, yaw: float, speed: float, pictures: float = 0.0) -> FlightWaypoint:
        return FlightWaypoint(float(at[0]), float(at[1]), height, speed, float(yaw), pictures)

    waypoints = [point(home, float(legs[0].yaw[0]), limits.transit_speed)]
    for i, leg in enumerate(legs):
        speed = limits.transit_speed if i == 0 else limits.cruise_speed
        if i > 0:
            turns = _half_circle(legs[i - 1].points, leg.points[0])
            waypoints += [point(turn, float(leg.yaw[0]), limits.cruise_speed) for turn in turns]
        # The way out is pictured too: the rover will drive there, and the first pictures, taken before
        # odometry has drifted, tie the flight to the take-off point.
        pictures = spacing if i == 0 else 0.0
        waypoints.append(point(leg.points[0], float(leg.yaw[0]), speed, pictures))
        for at, yaw in zip(leg.points[1:], leg.yaw[1:], strict=True):
            waypoints.append(point(at, float(yaw), limits.cruise_speed, spacing))
    # The way home only needs points that are seen twice: it ties the landing, and with it the next flight's
    # take-off, to the pictures.
    waypoints.append(point(home, float(legs[-1].yaw[-1]), limits.transit_speed, HOME_SPACING * spacing))
    where = tuple((float(x), float(y)) for x, y in sites) or ((float(home[0]), float(home[1])),)
    return FlightPlan(number, name, tuple(waypoints), where)


def _half_circle(leg: Array, onto: Array) -> list[Array]:
    """Return points that turn from the end of one leg onto the start of the next beside it."""
    end = leg[-1]
    gap = onto - end
    radius = 0.5 * float(np.hypot(*gap))
    if radius < 0.5 or radius > 12.0:
        return []
    ahead = (end - leg[-2]) / max(float(np.hypot(*(end - leg[-2]))), 1e-9)
    centre = 0.5 * (end + onto)
    return [
        centre + 0.5 * gap * -np.cos(a) + ahead * radius * np.sin(a) for a in np.radians([45.0, 90.0, 135.0])
    ]
