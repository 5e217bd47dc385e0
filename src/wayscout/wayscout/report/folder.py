# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The files of a run folder: written while the mission goes on, read by the report.

    mission.json     world, corridors, start, goal, when it began
    timeline.json    phases with wall and simulated seconds
    flights.json     one entry a flight: log, plan, where its pictures were taken, what became of them
    decision.json    every route decision, the newest last
    trajectory.csv   the rover's track
    flown.csv        the helicopter's track as known in flight, written by the localiser
    hazards.json     what the rover and the map call a hazard
    campaign.json    what became of a campaign's tasks, where there was one
    targets.json     science targets with their chips in targets/, where they were ranked
    link.json        what the radio carried, where there was one
    notes.json       messages worth keeping, with their time
    outcome.json     how it ended
    map/             elevation.tif, ortho.tif, ... as the mapper wrote them

Every JSON file is replaced as a whole and the track is flushed line by line, so that a run which is
killed keeps all it had.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Entry = dict[str, Any]

TRACK_COLUMNS = ("t", "x", "y", "z", "yaw", "tilt", "slip", "cross_track")


class RunFolder:
    """Writes the files of one run.

    Args:
        path: the folder; made when missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self._track: IO[str] | None = None

    def write(self, name: str, content: Mapping[str, Any] | Sequence[Any]) -> None:
        """Replace <name>.json at once; NaN and infinity become null."""
        target = self.path / f"{name}.json"
        draft = target.with_suffix(".json.part")
        draft.write_text(json.dumps(plain(content), indent=1) + "\n")
        os.replace(draft, target)

    def add_track_point(self, **values: float) -> None:
        """Append one line to trajectory.csv; fields are TRACK_COLUMNS (s, m, rad, share)."""
        if self._track is None:
            self._track = (self.path / "trajectory.csv").open("a", buffering=1)
            if self._track.tell() == 0:
                self._track.write(",".join(TRACK_COLUMNS) + "\n")
        self._track.write(",".join(f"{values.get(name, math.nan):.4f}" for name in TRACK_COLUMNS) + "\n")

    def close(self) -> None:
        if self._track is not None:
            self._track.close()
            self._track = None


@dataclass
class RunRecord:
    """All that a run folder holds; parts that are missing or unreadable stay empty and are named.

    Attributes:
        track: (n, 8) float64, columns TRACK_COLUMNS; n may be 0.
        missing: one sentence for each part that could not be read.
    """

    path: Path
    mission: Entry = field(default_factory=dict)
    outcome: Entry = field(default_factory=dict)
    timeline: list[Entry] = field(default_factory=list)
    flights: list[Entry] = field(default_factory=list)
    decisions: list[Entry] = field(default_factory=list)
    hazards: list[Entry] = field(default_factory=list)
    notes: list[Entry] = field(default_factory=list)
    link: Entry = field(default_factory=dict)
    campaign: Entry = field(default_factory=dict)
    track: Array = field(default_factory=lambda: np.zeros((0, len(TRACK_COLUMNS))))
    missing: list[str] = field(default_factory=list)

    def column(self, name: str) -> Array:
        """Return one column of the track, (n,) float64."""
        values: Array = self.track[:, TRACK_COLUMNS.index(name)]
        return values

    def along(self) -> Array:
        """Return the distance driven up to each point of the track, (n,) [m]."""
        if len(self.track) == 0:
            return np.zeros(0)
        steps = np.hypot(np.diff(self.column("x")), np.diff(self.column("y")))
        return np.concatenate([[0.0], np.cumsum(steps)])

    @property
    def decision(self) -> Entry:
        """The first decision that named what to do (not 'look'), or the newest one, or nothing."""
        for decision in self.decisions:
            if decision.get("choice") != "look":
                return decision
        return self.decisions[-1] if self.decisions else {}


def read_run(path: Path) -> RunRecord:
    """Read a run folder, whatever of it exists."""
    record = RunRecord(path)
    record.mission = _read(record, "mission", dict, "what the mission knew at its start")
    record.outcome = _read(record, "outcome", dict, "how the mission ended")
    record.timeline = _read(record, "timeline", list, "where the time went")
    record.flights = _read(record, "flights", list, "the flights")
    record.decisions = _read(record, "decision", list, "a route decision")
    record.hazards = _read(record, "hazards", list, "", optional=True)
    record.notes = _read(record, "notes", list, "", optional=True)
    record.link = _read(record, "link", dict, "", optional=True)
    record.campaign = _read(record, "campaign", dict, "", optional=True)
    record.track = _read_track(record)
    return record


def _read(record: RunRecord, name: str, kind: type, what: str, *, optional: bool = False) -> Any:
    file = record.path / f"{name}.json"
    if not file.is_file():
        if not optional:
            record.missing.append(f"{file.name}: {what} was never written")
        return kind()
    try:
        content = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        record.missing.append(f"{file.name}: not readable ({error})")
        return kind()
    entries = content if isinstance(content, list) else []
    if not isinstance(content, kind) or not all(isinstance(entry, dict) for entry in entries):
        record.missing.append(f"{file.name}: not in the form this report knows")
        return kind()
    return content


def _read_track(record: RunRecord) -> Array:
    file = record.path / "trajectory.csv"
    empty = np.zeros((0, len(TRACK_COLUMNS)))
    if not file.is_file():
        record.missing.append("trajectory.csv: the rover did not drive")
        return empty
    rows = []
    broken = 0
    lines = file.read_text(errors="replace").splitlines()
    for line in lines[1:]:
        try:
            row = [float(value) for value in line.split(",")]
        except ValueError:
            row = []
        if len(row) == len(TRACK_COLUMNS) and all(math.isfinite(v) for v in row[:4]):
            rows.append(row)
        else:
            broken += 1
    if broken:
        record.missing.append(f"trajectory.csv: {broken} of {max(len(lines) - 1, 0)} lines were not readable")
    return np.array(rows, dtype=np.float64) if rows else empty


def plain(value: Any) -> Any:
    """Turn numpy values into JSON's own and NaN or infinity into None."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
