# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""How well does the price of a plan tell how long a real flight took?

Prices flights 24 to 28 (config/flights.yaml) by their distance, height and top speed, with the vehicle of
that file, which was fitted on the other flights. With the whole record at hand (a CSV of NASA/JPL's MMGIS
waypoints) it also fits anew without one sixth of the flights at a time and prices those.

    python benchmarks/bench_replay.py [--record FILE] [--fit]
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

import numpy as np

from wayscout import config
from wayscout.flight.plan import HelicopterLimits
from wayscout.flight.replay import (
    FlownFlight,
    ReplayVehicle,
    errors,
    fit,
    flown_flights,
    read_record,
    replay,
    replay_vehicle,
)

RECORD = Path(__file__).resolve().parents[2] / "shared/data/flights/ingenuity_flights.csv"
FOLDS = 6
PRIOR = ReplayVehicle(
    acceleration=0.5,  # assumption: it leaned by some 10 deg
    climb_rate=1.0,  # NASA on flight 1
    sink_rate=1.0,  # NASA on flight 1
    yaw_rate=0.5,  # assumption
    check_time=12.0,  # assumption: a few seconds of hover at both ends
    leg_length=120.0,  # assumption
)


def table(flights: list[FlownFlight], vehicle: ReplayVehicle, limits: HelicopterLimits) -> None:
    """Print each flight against its price."""
    print("flight  distance  height  speed  flown  priced  error")
    for flight in flights:
        cost = replay(flight, vehicle, limits)
        print(
            f"{flight.number:6d} {flight.distance:8.1f} m {flight.height:5.1f} m {flight.speed:4.1f} m/s"
            f" {flight.duration:5.1f} s {cost.duration:6.1f} s {cost.duration / flight.duration - 1.0:+6.1%}"
        )


def say(name: str, misses: np.ndarray) -> None:
    size = np.abs(misses)
    print(
        f"{name}: median error of duration {np.median(size):.1%}, 90th percentile "
        f"{np.percentile(size, 90):.1%}, bias {np.median(misses):+.1%}, {len(size)} flights"
    )


def left_out(record: list[FlownFlight], limits: HelicopterLimits) -> np.ndarray:
    """Return the error of each flight under a vehicle fitted without it (and a sixth of the others)."""
    order = np.random.default_rng(1).permutation(len(record))
    result = np.zeros(len(record))
    for fold in range(FOLDS):
        out = order[fold::FOLDS]
        vehicle = fit([f for i, f in enumerate(record) if i not in out], limits, PRIOR)
        result[out] = errors([record[i] for i in out], vehicle, limits)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--record", type=Path, default=RECORD, help="CSV of all flights")
    parser.add_argument("--fit", action="store_true", help="fit the vehicle of config/flights.yaml anew")
    given = parser.parse_args()
    limits = config.load("helicopter", HelicopterLimits)
    vehicle, flights = replay_vehicle(), flown_flights()
    table(flights, vehicle, limits)
    say("flights 24-28", errors(flights, vehicle, limits))
    if not given.record.is_file():
        print(f"the rest is skipped: no record of all flights at {given.record} (--record)")
        return
    record = read_record(given.record)
    held = {flight.number for flight in flights}
    others = [f for f in record if f.number not in held]
    if given.fit:
        vehicle = fit(others, limits, PRIOR)
        print("fitted on the others:", ", ".join(f"{k} {v:.3g}" for k, v in asdict(vehicle).items()))
        say("flights 24-28", errors(flights, vehicle, limits))
    say("the flights fitted on", errors(others, vehicle, limits))
    say("all flights, each left out of its fit", left_out(record, limits))


if __name__ == "__main__":
    main()
