# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Fly the record's flights again: their distance, height and top speed, priced as our own plans are.

The record tells of a flight only how far, how high and how fast at most it went. A plan with these figures
goes through the same trajectory and price as a survey, with one set of numbers for the vehicle that flew
then. So the price of a plan is held against durations that were really flown.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from wayscout import config
from wayscout.errors import InvalidInput
from wayscout.flight.envelope import FlightCost, price
from wayscout.flight.plan import FlightPlan, FlightWaypoint, HelicopterLimits

Array = npt.NDArray[np.float64]

HOVER_SPEED = 0.3  # [m/s] top speed below which a flight only hovered, and drifted a little
TURN = (
    0.5 * np.pi
)  # [rad] between one leg and the next: the record does not tell, a right angle stands for all
_COLUMNS = {"number": "Flight", "sol": "Sol", "duration": "Duration_s", "distance": "Dist_m"}
_COLUMNS |= {"height": "Max_Alt_m", "speed": "Max_Spd_m"}


@dataclass(frozen=True)
class FlownFlight:
    """One row of the record.

    Attributes:
        number, sol: of the flight.
        duration: airborne [s].
        distance: over ground [m].
        height: greatest above ground [m].
        speed: greatest over ground [m/s].
    """

    number: int
    sol: int
    duration: float
    distance: float
    height: float
    speed: float

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not (np.isfinite(value) and value >= 0.0):
                raise InvalidInput(f"flight {self.number} {name}", value, "a finite number of 0 or more")
        if self.duration <= 0.0 or self.height <= 0.0:
            raise InvalidInput(f"flight {self.number}", asdict(self), "it took time and left the ground")


@dataclass(frozen=True)
class ReplayVehicle:
    """How the vehicle of the record flew; fields are entries of config/flights.yaml (SI units)."""

    acceleration: float
    climb_rate: float
    sink_rate: float
    yaw_rate: float
    check_time: float
    leg_length: float

    def limits(self, limits: HelicopterLimits) -> HelicopterLimits:
        """Return a helicopter's limits with this vehicle's way of moving."""
        return replace(
            limits,
            max_acceleration=self.acceleration,
            survey_acceleration=self.acceleration,
            max_climb_rate=self.climb_rate,
            descent_rate=self.sink_rate,
            landing_speed=self.sink_rate,  # it sank at one rate until the legs touched
            max_yaw_rate=self.yaw_rate,
            landing_look_time=0.0,
            landing_low_time=0.0,  # what it hovered for is `check_time`
        )


@dataclass(frozen=True)
class _Record:
    """The columns of config/flights.yaml."""

    number: list[float]
    sol: list[float]
    duration: list[float]
    distance: list[float]
    height: list[float]
    speed: list[float]


def flown_flights() -> list[FlownFlight]:
    """Return the flights of config/flights.yaml."""
    record = config.load("flights", _Record)
    columns = list(asdict(record).values())
    if len({len(column) for column in columns}) != 1:
        raise InvalidInput("flights.yaml", [len(c) for c in columns], "columns of one length are needed")
    return [FlownFlight(int(n), int(sol), *rest) for n, sol, *rest in zip(*columns, strict=True)]


def replay_vehicle() -> ReplayVehicle:
    """Return the vehicle of config/flights.yaml."""
    return config.load("flights", ReplayVehicle)


def read_record(path: Path) -> list[FlownFlight]:
    """Read the whole record, a CSV with the column names of NASA/JPL's MMGIS.

    Raises:
        InvalidInput: naming file, line and column.
    """
    flights = []
    with path.open(newline="") as file:
        for line, row in enumerate(csv.DictReader(file), 2):
            values: dict[str, float] = {}
            for name, column in _COLUMNS.items():
                try:
                    values[name] = float(row[column])
                except (KeyError, TypeError, ValueError):
                    where = f"{path.name}:{line} {column}"
                    raise InvalidInput(where, row.get(column), "a number is needed") from None
            number, sol = int(values.pop("number")), int(values.pop("sol"))
            flights.append(FlownFlight(number, sol, **values))
    return flights


def plan_like(flight: FlownFlight, leg_length: float) -> FlightPlan:
    """Return a plan of a flight's distance, height and top speed, in legs of about `leg_length` [m]."""
    speed = max(flight.speed, 0.05)
    hovers = flight.speed < HOVER_SPEED
    legs = 1 if hovers else max(1, round(flight.distance / leg_length))
    step = 0.0 if hovers else flight.distance / legs
    headings = np.where(np.arange(legs) % 2 == 0, 0.0, TURN)
    x = np.concatenate([[0.0], np.cumsum(step * np.cos(headings))])
    y = np.concatenate([[0.0], np.cumsum(step * np.sin(headings))])
    yaw = np.concatenate([headings[:1], headings])
    return FlightPlan(
        flight.number,
        f"flight {flight.number}",
        tuple(
            FlightWaypoint(float(px), float(py), flight.height, speed, float(heading))
            for px, py, heading in zip(x, y, yaw, strict=True)
        ),
    )


def replay(flight: FlownFlight, vehicle: ReplayVehicle, limits: HelicopterLimits) -> FlightCost:
    """Price a flight of the record as if `vehicle` flew it now.

    Args:
        limits: of our helicopter; what the vehicle does not tell (mass, power) is taken from it.
    """
    own = vehicle.limits(limits)
    cost = price(plan_like(flight, vehicle.leg_length), own)
    return replace(
        cost,
        duration=cost.duration + vehicle.check_time,
        energy=cost.energy + own.hover_power * vehicle.check_time,
    )


def errors(flights: Sequence[FlownFlight], vehicle: ReplayVehicle, limits: HelicopterLimits) -> Array:
    """Return the (n,) relative errors of the priced durations, model over record minus 1."""
    return np.array([replay(f, vehicle, limits).duration / f.duration - 1.0 for f in flights])


def fit(
    flights: Sequence[FlownFlight],
    limits: HelicopterLimits,
    prior: ReplayVehicle,
    spread: float = 0.5,
    *,
    evaluations: int = 250,
) -> ReplayVehicle:
    """Fit one vehicle to flights.

    Least absolute log errors of the durations, since hover tests and photo stops that no figure of the
    record tells of must not bend the vehicle, plus a weak pull of each number to a value known otherwise
    (one `spread` in its logarithm costs as much as an error of a tenth in one flight).

    Args:
        prior: numbers to begin with and to stay near where the flights do not tell.
    """
    if not flights:
        raise InvalidInput("flights", [], "at least one flight is needed")
    start = np.log(np.array(list(asdict(prior).values())))

    def loss(logs: Array) -> float:
        if np.any(np.abs(logs - start) > 3.0):
            return 1e6
        vehicle = ReplayVehicle(*(float(v) for v in np.exp(logs)))
        misses = np.abs(np.log1p(errors(flights, vehicle, limits)))
        return float(misses.sum() + 0.1 * np.sum(((logs - start) / spread) ** 2))

    simplex = np.vstack([start, start + 0.25 * np.eye(len(start))])
    found = minimize(
        loss,
        start,
        method="Nelder-Mead",
        options={"maxfev": evaluations, "initial_simplex": simplex, "xatol": 0.01, "fatol": 0.005},
    )
    return ReplayVehicle(*(float(v) for v in np.exp(found.x)))
