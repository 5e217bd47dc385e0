# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The log book: one record a flight, and the totals."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from wayscout.errors import InvalidInput

OUTCOMES = ("complete", "cut short", "aborted", "lost")


@dataclass(frozen=True)
class FlightRecord:
    """One flight, in SI units; times are seconds of the mission clock, positions in map."""

    flight: int
    name: str
    takeoff: float
    landing: float
    takeoff_x: float
    takeoff_y: float
    takeoff_z: float
    landing_x: float
    landing_y: float
    landing_z: float
    duration: float
    distance: float
    max_height: float
    max_speed: float
    energy: float
    landing_tilt: float
    pictures: int
    outcome: str
    message: str = ""
    colour_pictures: int = 0

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            raise InvalidInput("flight record outcome", self.outcome, f"one of {list(OUTCOMES)} is needed")


@dataclass(frozen=True)
class Totals:
    """Sums over flights: minutes in the air, kilometres, watt hours, greatest height and speed."""

    flights: int
    minutes: float
    kilometres: float
    watt_hours: float
    pictures: int
    max_height: float
    max_speed: float
    colour_pictures: int = 0


def totals(records: Iterable[FlightRecord]) -> Totals:
    """Add up flights."""
    book = list(records)
    return Totals(
        len(book),
        sum(r.duration for r in book) / 60.0,
        sum(r.distance for r in book) / 1000.0,
        sum(r.energy for r in book) / 3600.0,
        sum(r.pictures for r in book),
        max((r.max_height for r in book), default=0.0),
        max((r.max_speed for r in book), default=0.0),
        sum(r.colour_pictures for r in book),
    )


def write_csv(records: Sequence[FlightRecord], path: Path) -> None:
    """Write one row a flight, with a header of field names."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(FlightRecord)])
        writer.writeheader()
        writer.writerows(asdict(r) for r in records)


def read_csv(path: Path) -> list[FlightRecord]:
    """Read what `write_csv` wrote.

    Raises:
        InvalidInput: naming file, line and field.
    """
    kinds: dict[str, Any] = {"int": int, "float": float, "str": str}
    records = []
    with path.open(newline="") as file:
        for line, row in enumerate(csv.DictReader(file), 2):
            values: dict[str, Any] = {}
            for item in fields(FlightRecord):
                text = row.get(item.name)
                try:
                    values[item.name] = kinds[str(item.type)](text if text is not None else float("nan"))
                except (TypeError, ValueError):
                    raise InvalidInput(
                        f"{path.name}:{line} {item.name}", text, f"a {item.type} is needed"
                    ) from None
            records.append(FlightRecord(**values))
    return records
