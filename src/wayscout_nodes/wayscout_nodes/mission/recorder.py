# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What the run folder is told while the mission goes on, and how long each phase took."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wayscout.report import RunFolder

Entry = dict[str, Any]

HAZARDS_INTERVAL = 3.0  # [s] of wall clock between writes of hazards.json


class Recorder:
    """Keeps the records of a run and writes each to the run folder as it changes.

    Args:
        folder: where the run's files go.
        track_spacing: distance between recorded points of the rover's track [m].
        wall: monotonic wall clock [s]; given in tests.
    """

    def __init__(self, folder: Path, track_spacing: float, wall: Any = time.monotonic) -> None:
        self.files = RunFolder(folder)
        self.sim_time = 0.0
        self.flights: list[Entry] = []
        self.decisions: list[Entry] = []
        self.notes: list[Entry] = []
        self.timeline: list[Entry] = []
        self._hazards: dict[str, list[Entry]] = {}
        self._mission: Entry = {"started": datetime.now(UTC).isoformat(timespec="seconds")}
        self._hazards_changed = False
        self._hazards_saved = -HAZARDS_INTERVAL
        self._wall = wall
        self._began = wall()
        self._spacing = track_spacing
        self._last: tuple[float, float, float] | None = None
        self._first_sim: float | None = None
        self.files.write("mission", self._mission)

    @property
    def wall_seconds(self) -> float:
        """Wall clock since the recorder was made [s]."""
        return float(self._wall() - self._began)

    @property
    def sim_seconds(self) -> float:
        """Simulated time since its first sign [s]."""
        return 0.0 if self._first_sim is None else self.sim_time - self._first_sim

    @property
    def clock_runs(self) -> bool:
        """Whether simulated time has been seen."""
        return self._first_sim is not None

    def clock(self, sim_time: float) -> None:
        """Note the newest simulated time [s]."""
        if self._first_sim is None:
            self._first_sim = sim_time
            for phase in self.timeline:  # what went on before the first tick took no simulated time
                phase["sim_start"] = phase["sim_end"] = sim_time
        self.sim_time = sim_time

    def mission(self, **entries: Any) -> None:
        """Add to what is known about the run as a whole."""
        self._mission.update(entries)
        self.files.write("mission", self._mission)

    def phase(self, name: str, detail: str = "") -> None:
        """Begin a phase; the one before it ends now."""
        self._close_phase()
        now = {"wall_start": self.wall_seconds, "wall_end": self.wall_seconds}
        sim = {"sim_start": self.sim_time, "sim_end": self.sim_time}
        self.timeline.append({"phase": name, "detail": detail, **now, **sim})
        self.files.write("timeline", self.timeline)

    def note(self, text: str, level: str = "info") -> None:
        """Keep a message for the report; levels: info, warning, error."""
        self.notes.append(
            {"wall_s": self.wall_seconds, "sim_s": self.sim_seconds, "level": level, "text": text}
        )
        self.files.write("notes", self.notes)

    def flight(self, number: int, **entries: Any) -> None:
        """Add to the record of a flight, beginning it when it is new."""
        for flight in self.flights:
            if flight["flight"] == number:
                flight.update(entries)
                break
        else:
            self.flights.append({"flight": number, **entries})
        self.files.write("flights", self.flights)

    def decision(self, entry: Entry) -> None:
        self.decisions.append(entry)
        self.files.write("decision", self.decisions)

    def hazards(self, seen_by: str, entries: list[Entry]) -> None:
        """Replace ('map') or extend ('rover') the hazards seen by one source."""
        kept = self._hazards.get(seen_by, []) if seen_by == "rover" else []
        known = {(round(h["x"], 1), round(h["y"], 1)) for h in kept}
        self._hazards[seen_by] = kept + [
            h for h in entries if (round(h["x"], 1), round(h["y"], 1)) not in known
        ]
        self._hazards_changed = True

    def save_hazards(self) -> None:
        """Write the hazards if they changed; they come with every picture, the file is long."""
        if self._hazards_changed and self._wall() - self._hazards_saved > HAZARDS_INTERVAL:
            self._write_hazards()

    def _write_hazards(self) -> None:
        self.files.write("hazards", [h for hazards in self._hazards.values() for h in hazards])
        self._hazards_changed, self._hazards_saved = False, self._wall()

    def track(self, values: dict[str, float], *, force: bool = False) -> None:
        """Record a point of the rover's track when it has moved on by the spacing or turned by 5 degrees."""
        x, y, yaw = values["x"], values["y"], values["yaw"]
        if self._last is not None and not force:
            turned = abs(math.remainder(yaw - self._last[2], math.tau))
            if math.hypot(x - self._last[0], y - self._last[1]) < self._spacing and turned < math.radians(
                5.0
            ):
                return
        self._last = (x, y, yaw)
        self.files.add_track_point(**values)

    def outcome(self, outcome: str, message: str, **entries: Any) -> None:
        """Write down how it ended; ends the running phase."""
        self._close_phase()
        self.files.write("timeline", self.timeline)
        if self._hazards_changed:
            self._write_hazards()
        times = {"wall_s": self.wall_seconds, "sim_s": self.sim_seconds}
        self.files.write("outcome", {"outcome": outcome, "message": message, **times, **entries})

    def close(self) -> None:
        self.files.close()

    def _close_phase(self) -> None:
        if self.timeline:
            self.timeline[-1]["wall_end"] = self.wall_seconds
            self.timeline[-1]["sim_end"] = self.sim_time
