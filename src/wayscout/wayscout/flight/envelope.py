# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What a flight costs and whether the helicopter may fly it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wayscout.errors import WayscoutError
from wayscout.flight.ground import Ground, follow_ground
from wayscout.flight.plan import FlightPlan, HelicopterLimits
from wayscout.flight.trajectory import build

SLOW_HEIGHT = 1.5  # [m] below which a landing sinks at landing speed
SINK_GAIN = 0.35  # [1/s] by which the sink rate grows with height above that
HOVER_TIME = 2.5  # [s] to come to rest above the site and to make sure that it stands


class OutsideEnvelope(WayscoutError):
    """A flight that the helicopter's limits forbid; the message names each limit and number."""


@dataclass(frozen=True)
class FlightCost:
    """The price of one flight.

    Attributes:
        duration: from lift-off to touchdown [s].
        distance: over ground [m].
        energy: drawn [J].
        pictures: taken.
        height: greatest above ground [m].
        speed: greatest over ground [m/s].
        colour_pictures: taken.
    """

    duration: float
    distance: float
    energy: float
    pictures: int = 0
    height: float = 0.0
    speed: float = 0.0
    colour_pictures: int = 0


def vertical_time(height: float, rate: float, acceleration: float) -> float:
    """Time [s] to change height by `height` [m], at rest at both ends (trapezoidal speed)."""
    if height <= rate * rate / acceleration:
        return 2.0 * float(np.sqrt(max(height, 0.0) / acceleration))
    return height / rate + rate / acceleration


def sink_rate(height: float, limits: HelicopterLimits) -> float:
    """Rate [m/s] at which a landing sinks at a height above ground [m]: fast first, slow at the end."""
    wanted = limits.landing_speed + SINK_GAIN * (height - SLOW_HEIGHT)
    return float(np.clip(wanted, limits.landing_speed, limits.descent_rate))


def landing_time(height: float, limits: HelicopterLimits) -> float:
    """Time [s] to sink from `height` [m] onto the ground at `sink_rate`, with stopping above and below."""
    slow, fast = limits.landing_speed, limits.descent_rate
    knee = SLOW_HEIGHT + (fast - slow) / SINK_GAIN
    last = min(height, SLOW_HEIGHT) / slow
    middle = max(min(height, knee) - SLOW_HEIGHT, 0.0)
    middle_time = float(np.log1p(SINK_GAIN * middle / slow)) / SINK_GAIN
    return max(height - knee, 0.0) / fast + middle_time + last + HOVER_TIME


def look_time(plan: FlightPlan, limits: HelicopterLimits) -> float:
    """Time [s] that the looks before the landing add to flying there and sinking.

    One look is taken from the flight's height. Ground that has not borne the helicopter yet is looked at once
    more, from `landing_low`; that where it took off is not.
    """
    start, (x, y) = plan.waypoints[0], plan.wanted_landings[0]
    home = float(np.hypot(x - start.x, y - start.y)) <= limits.landing_radius
    return limits.landing_look_time + (0.0 if home else limits.landing_low_time)


def way_on(plan: FlightPlan, limits: HelicopterLimits) -> tuple[float, float]:
    """Time [s] and distance [m] from the last waypoint on to the landing wanted; 0 where that is near."""
    last, (x, y) = plan.waypoints[-1], plan.wanted_landings[0]
    gap = float(np.hypot(x - last.x, y - last.y))
    if gap <= 0.5 * limits.landing_search:
        return 0.0, 0.0
    return gap / limits.cruise_speed + limits.cruise_speed / limits.max_acceleration, gap


def power(limits: HelicopterLimits, climb_rate: float = 0.0) -> float:
    """Electrical power [W] in flight: hover, plus m g w / efficiency when it climbs at w [m/s]."""
    lift = limits.mass * limits.gravity * max(climb_rate, 0.0) / limits.climb_efficiency
    return limits.hover_power + lift


def price(plan: FlightPlan, limits: HelicopterLimits, ground: Ground | None = None) -> FlightCost:
    """Price a plan from lift-off to touchdown, looks before the landing included, with limited acceleration.

    Args:
        ground: when given, climbing along the ground is paid for in time and energy.
    """
    path = build(plan, limits)
    climb, highest = float(path.height[0]), path.height
    if ground is not None:
        path, altitude, below = follow_ground(path, ground, limits)
        climb += float(np.maximum(np.diff(altitude), 0.0).sum())
        highest = altitude - below
    up, down = float(highest[0]), float(highest[-1])
    duration = vertical_time(up, limits.max_climb_rate, limits.max_acceleration)
    on, gap = way_on(plan, limits)
    duration += path.seconds + on + look_time(plan, limits) + landing_time(down, limits)
    energy = limits.hover_power * duration + limits.mass * limits.gravity * climb / limits.climb_efficiency
    return FlightCost(
        duration,
        path.length + gap,
        energy,
        len(path.pictures),
        float(highest.max()),
        float(path.speed.max()),
        len(path.colours),
    )


def violations(cost: FlightCost, limits: HelicopterLimits) -> list[str]:
    """Return one sentence for each limit that a flight breaks; empty when it may be flown."""
    energy = limits.usable_energy - limits.energy_reserve
    checks = (
        ("duration", cost.duration, limits.max_duration, "s"),
        ("distance", cost.distance, limits.max_distance, "m"),
        ("height", cost.height, limits.max_height, "m"),
        ("speed", cost.speed, limits.max_speed, "m/s"),
        ("energy", cost.energy, energy, "J"),
    )
    return [
        f"{name} {value:.1f} {unit} exceeds the limit of {limit:.1f} {unit}"
        for name, value, limit, unit in checks
        if not value <= limit * (1.0 + 1e-9)
    ]


def check(plan: FlightPlan, limits: HelicopterLimits, ground: Ground | None = None) -> FlightCost:
    """Price a plan and refuse it when it leaves the envelope.

    Raises:
        OutsideEnvelope: naming the flight, each limit and the number that breaks it.
    """
    cost = price(plan, limits, ground)
    wanted = max(w.speed for w in plan.waypoints)
    broken = violations(cost, limits)
    if wanted > limits.max_speed:
        broken.append(f"waypoint speed {wanted:.1f} m/s exceeds the limit of {limits.max_speed:.1f} m/s")
    if broken:
        raise OutsideEnvelope(f"flight {plan.flight} '{plan.name}': " + "; ".join(broken))
    return cost
