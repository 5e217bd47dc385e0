# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Compare channels and decide: one of them, neither, or look there first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from wayscout.corridor import Corridor
from wayscout.errors import InvalidInput
from wayscout.grid import Grid
from wayscout.routing import risk, search
from wayscout.routing.corridor import closed
from wayscout.routing.parameters import RouterParams, RoverLimits, router_params, rover_limits

Array = npt.NDArray[np.float64]

NEITHER, LOOK = "neither", "look"
ORBITAL, HELICOPTER = "orbital", "helicopter"


@dataclass(frozen=True)
class Candidate:
    """The best (or least bad) way through one channel.

    Attributes:
        path: (n, 2) x, y [m] about every 0.5 m, empty when the channel is closed off on the map.
        heading: (n,) [rad].
        height: (n,) ground along it [m].
        passable: no planning limit is broken on what is known.
        cost: [m] of level, firm ground that would cost as much, risk included.
        margin: smallest share of a limit that is left, 0 to 1.
        known_probability: of success if unmeasured ground hid nothing.
        blocked_at: (k, 2) x, y [m] where limits are broken.
    """

    channel: str
    passable: bool
    path: Array
    heading: Array
    height: Array
    cost: float
    length: float
    climb: float
    steepest_slope: float
    largest_tilt: float
    energy: float
    duration: float
    margin: float
    unknown_share: float
    success_probability: float
    known_probability: float
    blocked_at: Array
    reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Decision:
    """What to do, and why.

    Attributes:
        choice: a channel's name, 'neither' or 'look'.
        basis: 'orbital' or 'helicopter'.
        look_at: (k, 2) x, y [m] for 'look': where pictures would decide most, best first.
    """

    choice: str
    basis: str
    candidates: list[Candidate]
    reasons: list[str]
    look_at: Array

    def candidate(self, channel: str) -> Candidate:
        """Return the candidate of a channel; raises InvalidInput for an unknown one."""
        for candidate in self.candidates:
            if candidate.channel == channel:
                return candidate
        raise InvalidInput("channel", channel, f"known are {[c.channel for c in self.candidates]}")


def decide(
    planning_map: Grid,
    corridors: Sequence[Corridor],
    start: tuple[float, float],
    goal: tuple[float, float],
    limits: RoverLimits | None = None,
    params: RouterParams | None = None,
    *,
    may_look: bool = True,
) -> Decision:
    """Compare the channels on a planning map of `costs.planning_map` and decide.

    Args:
        start, goal: x, y [m] in map.
        may_look: whether 'look' is a possible answer; without it the best guess is given.

    Raises:
        InvalidInput: naming start or goal when not finite or outside the map, or missing corridors.
    """
    limits, params = limits or rover_limits(), params or router_params()
    if not corridors:
        raise InvalidInput("corridors", [], "at least one is needed")
    for name, (x, y) in (("start", start), ("goal", goal)):
        for axis, value in (("x", x), ("y", y)):
            if not math.isfinite(value):
                raise InvalidInput(f"{name}.{axis}", value, "a finite coordinate [m] is needed")
        if not bool(planning_map.bounds.contains(x, y)):
            b = planning_map.bounds
            wanted = (
                f"x {b.x_min:.1f} to {b.x_max:.1f} m and y {b.y_min:.1f} to {b.y_max:.1f} m lie on the map"
            )
            raise InvalidInput(name, (x, y), wanted)
    candidates, profiles = [], []
    for corridor in corridors:
        others = [c for c in corridors if c is not corridor]
        candidate, along = assess(planning_map, corridor, others, start, goal, limits, params)
        candidates.append(candidate)
        profiles.append(along)
    pictures = any(p is not None and bool(p.measured.any()) for p in profiles)
    choice, reasons = _choose(candidates, params, may_look)
    look_at = _look_at(candidates, profiles, params) if choice == LOOK else np.zeros((0, 2))
    if choice == LOOK and not len(look_at):
        choice, reasons = _choose(candidates, params, False)
    return Decision(choice, HELICOPTER if pictures else ORBITAL, candidates, reasons, look_at)


def assess(
    grid: Grid,
    corridor: Corridor,
    others: Sequence[Corridor],
    start: tuple[float, float],
    goal: tuple[float, float],
    limits: RoverLimits,
    params: RouterParams,
) -> tuple[Candidate, risk.Profile | None]:
    """Find the best way through one corridor and judge it."""
    shut = closed(grid, corridor, others, params.corridor_margin, start, goal)
    prices = search.pricing(grid, shut, params, limits)
    path = search.route(prices, start, goal)
    name = corridor.name
    if path is None or len(path) < 2:
        none = np.zeros((0, 2))
        why = [f"{name}: the map shows no ground to drive on from start to goal through this channel"]
        return (
            Candidate(
                name, False, none, np.zeros(0), np.zeros(0), math.inf, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
                0.0, 1.0, 0.0, 0.0, none, why,
            ),
            None,
        )  # fmt: skip
    p = risk.profile(grid, path, corridor, params, limits)
    found = risk.blocks(p, params, limits)
    probability, known = risk.success(p, params)
    energy, duration = risk.effort(p, limits, params.drive_efficiency)
    pieces = np.diff(p.s)
    unknown = min(1.0, float(np.sum(pieces * ~p.measured[1:]) / p.s[-1]))
    price = search.price(prices, path)
    rise = np.diff(p.z)
    candidate = Candidate(
        channel=name,
        passable=not found,
        path=path,
        heading=p.heading,
        height=p.z,
        cost=float(price.sum()),
        length=float(p.s[-1]),
        climb=float(rise[rise > 0.0].sum()),
        steepest_slope=float(np.abs(p.slope).max()),
        largest_tilt=float(p.tilt.max()),
        energy=energy,
        duration=duration,
        margin=float(np.clip(p.margin.min(), 0.0, 1.0)),
        unknown_share=unknown,
        success_probability=probability,
        known_probability=known,
        blocked_at=np.array([path[i] for i, _ in found]).reshape(-1, 2),
        reasons=_reasons(name, p, found, probability, known, unknown),
    )
    return candidate, p


def _reasons(
    name: str, p: risk.Profile, found: list[tuple[int, str]], probability: float, known: float, unknown: float
) -> list[str]:
    reasons = [f"{name}: {why}" for _, why in found[:4]]
    if len(found) > 4:
        reasons.append(f"{name}: and {len(found) - 4} more places over a limit")
    steep = int(np.argmax(p.tilt))
    if not found:
        tight = int(np.argmin(p.margin))
        reasons.append(
            f"{name}: {p.s[-1]:.0f} m, steepest ground {math.degrees(p.tilt[steep]):.0f} deg at "
            f"{_place(p, steep)}, "
            f"least margin {100 * max(p.margin[tight], 0.0):.0f} % at {_place(p, tight)}"
        )
        risky = int(np.argmax(p.failure))
        if p.failure[risky] > 0.05:
            chance = f"with probability {p.failure[risky]:.2f}"
            reasons.append(f"{name}: a limit may be broken at {_place(p, risky)} {chance}")
    if unknown > 0.01:
        reasons.append(
            f"{name}: {100 * unknown:.0f} % of the way was not measured by pictures"
            + (
                f", which takes the probability of success from {known:.2f} to {probability:.2f}"
                if not found
                else ""
            )
        )
    return reasons


def _place(p: risk.Profile, i: int) -> str:
    return f"({p.path[i, 0]:.0f}, {p.path[i, 1]:.0f})"


def _choose(candidates: list[Candidate], params: RouterParams, may_look: bool) -> tuple[str, list[str]]:
    """Return the choice and the reasons for it."""
    details = [reason for c in candidates for reason in c.reasons]

    def expected(c: Candidate) -> float:
        return c.cost + (1.0 - c.success_probability) * params.failure_cost

    good = [c for c in candidates if c.passable and c.success_probability >= params.enough]
    if good:
        best = min(good, key=expected)
        return best.channel, [_preference(best, candidates), *details]
    open_ = [c for c in candidates if _undecided(c, params)]
    if may_look and open_:
        names = " and ".join(c.channel for c in open_)
        return LOOK, [f"pictures could decide about {names}: what is known does not rule it out", *details]
    rest = [c for c in candidates if c.passable and c.success_probability >= params.hopeless]
    if rest:
        best = max(rest, key=lambda c: c.success_probability * params.failure_cost - 0.5 * c.cost)
        return best.channel, [f"{best.channel} is the best guess", _preference(best, candidates), *details]
    return NEITHER, ["no channel is likely enough to be climbed within the rover's limits", *details]


def _undecided(c: Candidate, params: RouterParams) -> bool:
    """Tell whether only unmeasured ground keeps a channel from being good."""
    return c.passable and c.known_probability >= params.enough > c.success_probability


def _preference(best: Candidate, candidates: list[Candidate]) -> str:
    chance = f"succeeds with probability {best.success_probability:.2f}"
    text = f"{best.channel}: costs {best.cost:.0f} m of level ground, {chance}"
    for other in candidates:
        if other is not best:
            if not other.passable:
                text += f"; {other.channel} breaks a limit"
            else:
                text += f"; {other.channel} {other.cost:.0f} m with {other.success_probability:.2f}"
    return text


def _look_at(candidates: list[Candidate], profiles: list[risk.Profile | None], params: RouterParams) -> Array:
    """Return the middles of unmeasured stretches of undecided channels, what hides most risk first."""
    spots: list[tuple[float, float, float]] = []
    for c, p in zip(candidates, profiles, strict=True):
        if p is None or not _undecided(c, params):
            continue
        stretch = (p.s / params.look_length).astype(int)
        for k in np.unique(stretch):
            own = np.flatnonzero((stretch == k) & ~p.measured)
            weight = float(p.hidden[own].sum()) * c.known_probability
            if weight > 0.0:
                x, y = p.path[own[len(own) // 2]]
                spots.append((weight, float(x), float(y)))
    spots.sort(key=lambda spot: -spot[0])
    worthwhile = [spot[1:] for spot in spots if spot[0] > 0.1 * spots[0][0]]
    return np.array(worthwhile).reshape(-1, 2)
