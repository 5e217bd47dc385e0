# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Flights of the record, priced as plans."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from wayscout import config
from wayscout.errors import InvalidInput
from wayscout.flight.plan import HelicopterLimits
from wayscout.flight.replay import (
    FlownFlight,
    errors,
    fit,
    flown_flights,
    plan_like,
    read_record,
    replay,
    replay_vehicle,
)

LIMITS = config.load("helicopter", HelicopterLimits)
VEHICLE = replay_vehicle()


def test_flights_24_to_28_last_as_long_as_they_did() -> None:
    flights = flown_flights()
    assert [f.number for f in flights] == [24, 25, 26, 27, 28]
    misses = np.abs(errors(flights, VEHICLE, LIMITS))
    assert np.median(misses) <= 0.15
    assert misses.max() <= 0.30


def test_distance_height_and_top_speed_are_limits() -> None:
    for flight in flown_flights():
        cost = replay(flight, VEHICLE, LIMITS)
        assert cost.distance == pytest.approx(flight.distance, rel=0.05)
        assert cost.height == pytest.approx(flight.height, abs=0.1)
        assert cost.speed <= flight.speed + 1e-9


def test_a_hover_is_climb_checks_and_descent() -> None:
    flight = FlownFlight(1, 58, 39.1, 2.3, 3.0, 0.0)
    assert len(plan_like(flight, 100.0).waypoints) == 2
    cost = replay(flight, VEHICLE, LIMITS)
    assert cost.distance == 0.0
    by_hand = 3.0 / VEHICLE.climb_rate + 3.0 / VEHICLE.sink_rate + VEHICLE.check_time
    assert cost.duration == pytest.approx(by_hand, abs=5.0)


@pytest.mark.parametrize(
    ("change", "sign"),
    [({"distance": 600.0}, 1), ({"height": 20.0}, 1), ({"speed": 5.0}, -1)],
)
def test_duration_grows_with_distance_and_height_and_falls_with_speed(
    change: dict[str, float], sign: int
) -> None:
    flight = FlownFlight(27, 418, 152.9, 318.6, 10.0, 3.0)
    before, after = replay(flight, VEHICLE, LIMITS), replay(replace(flight, **change), VEHICLE, LIMITS)
    assert sign * (after.duration - before.duration) > 3.0
    assert sign * (after.energy - before.energy) > 0.0


def test_the_fit_finds_a_vehicle_again() -> None:
    rng = np.random.default_rng(3)
    known = replace(VEHICLE, check_time=20.0, climb_rate=0.6)
    flights = []
    for i in range(14):
        distance, height, speed = rng.uniform(50, 600), rng.uniform(4, 16), rng.uniform(1.0, 6.0)
        flight = FlownFlight(i, i, 1.0, distance, height, speed)
        flights.append(replace(flight, duration=replay(flight, known, LIMITS).duration))
    found = fit(flights, LIMITS, VEHICLE, evaluations=150)
    assert np.median(np.abs(errors(flights, found, LIMITS))) < 0.03
    assert np.median(np.abs(errors(flights, VEHICLE, LIMITS))) > 0.06


def test_bad_records_name_line_and_column(tmp_path: Path) -> None:
    head = "Flight,Sol,Duration_s,Dist_m,Max_Alt_m,Max_Spd_m\n"
    (tmp_path / "f.csv").write_text(head + "1,58,39.1,2.3,3.0,0.0\n2,61,long,6.2,5.0,0.5\n")
    with pytest.raises(InvalidInput, match=r"f\.csv:3 Duration_s"):
        read_record(tmp_path / "f.csv")
    with pytest.raises(InvalidInput, match="flight 3 height"):
        FlownFlight(3, 1, 10.0, 5.0, float("nan"), 1.0)
    with pytest.raises(InvalidInput, match="flight 3 distance"):
        FlownFlight(3, 1, 10.0, -5.0, 3.0, 1.0)
    with pytest.raises(InvalidInput, match="at least one flight"):
        fit([], LIMITS, VEHICLE)
