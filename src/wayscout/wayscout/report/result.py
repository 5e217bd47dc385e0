# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""result.json: the figures of a run for programs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wayscout.report.folder import Entry, RunRecord
from wayscout.report.site_folder import site_summary

_FLIGHT_FIELDS = (
    "flight",
    "name",
    "outcome",
    "message",
    "duration_s",
    "distance_m",
    "max_height_m",
    "max_speed_m_s",
    "energy_j",
    "landing_tilt_deg",
    "pictures",
    "pictures_used",
    "mapped_area_m2",
    "mapping_s",
    "coverage",
)
UNFINISHED = "unfinished"
"""Outcome of a run whose mission never said how it ended (killed, or still going on)."""


def result(record: RunRecord) -> Entry:
    """Return the figures of a run; those that are not known are None.

    Units are in the names: s, m, m2, J, deg. `decision` is without paths, `timeline` is in seconds of wall
    clock and simulated time for each phase.
    """
    outcome = record.outcome
    return {
        "outcome": outcome.get("outcome", UNFINISHED),
        "message": outcome.get("message", ""),
        "wall_s": outcome.get("wall_s", _last(record, "wall_end")),
        "sim_s": outcome.get("sim_s", _span(record)),
        "active_sim_s": active_sim_seconds(record),
        "channel": outcome.get("channel") or None,
        "forced_channel": outcome.get("forced_channel"),
        "distance_m": _distance(record),
        "max_tilt_deg": _max_tilt(record),
        "max_slip": _largest(outcome.get("max_slip"), record.column("slip")),
        "max_cross_track_m": _largest(None, np.abs(record.column("cross_track"))),
        "replans": outcome.get("replans"),
        "looks": outcome.get("looks"),
        "helicopter_lost": outcome.get("helicopter_lost"),
        "coverage": outcome.get("coverage"),
        "world": record.mission.get("world"),
        "started": record.mission.get("started"),
        "flights": [{key: flight.get(key) for key in _FLIGHT_FIELDS} for flight in flown(record)],
        "flight_totals": flight_totals(record),
        "decision": _without_paths(record.decision),
        "decisions": [_without_paths(d) for d in record.decisions],
        "link": link_counters(record),
        "campaign": campaign_summary(record),
        "site": site_summary(record.path / "site"),
        "timeline": phase_totals(record),
        "notes": record.notes,
        "missing": record.missing,
    }


def flown(record: RunRecord) -> list[Entry]:
    """Return the flights that were begun, however they ended."""
    return [f for f in record.flights if f.get("outcome") not in ("planned", "not flown", "refused")]


def flight_totals(record: RunRecord) -> Entry:
    """Return the sums over all flights; missing figures count as nothing."""
    flights = flown(record)

    def total(key: str) -> float:
        return math.fsum(number(f.get(key)) or 0.0 for f in flights)

    return {
        "flights": len(flights),
        "duration_s": total("duration_s"),
        "distance_m": total("distance_m"),
        "energy_j": total("energy_j"),
        "pictures": int(total("pictures")),
        "pictures_used": int(total("pictures_used")),
    }


def campaign_summary(record: RunRecord) -> Entry | None:
    """Return a campaign's figures for programs; None when the run was none."""
    campaign = record.campaign
    listed = campaign.get("tasks")
    tasks = [task for task in listed if isinstance(task, dict)] if isinstance(listed, list) else []
    if not tasks:
        return None
    return {
        "name": campaign.get("name"),
        "sols": campaign.get("sols"),
        "tasks": [
            {key: task.get(key) for key in ("task", "label", "outcome", "message", "flights", "found")}
            | _sums(record, task.get("flights") or [])
            for task in tasks
        ],
        "totals": _sums(record, None),
    }


def _sums(record: RunRecord, numbers: Any) -> Entry:
    """Add up flights: all, or those of some numbers."""
    wanted = [f for f in flown(record) if numbers is None or f.get("flight") in numbers]

    def total(key: str) -> float:
        return sum(number(flight.get(key)) or 0.0 for flight in wanted)

    return {
        "count": len(wanted),
        "minutes": total("duration_s") / 60.0,
        "kilometres": total("distance_m") / 1000.0,
        "watt_hours": total("energy_j") / 3600.0,
    }


def link_counters(record: RunRecord) -> Entry | None:
    """Return what the radio carried, lost and still holds, or None where there was no link."""
    if not record.link:
        return None
    counters = record.link.get("counters")
    return {"queued": record.link.get("queued"), **(counters if isinstance(counters, dict) else {})}


def phase_totals(record: RunRecord) -> list[Entry]:
    """Return wall and simulated seconds for each kind of phase, in the order of first appearance."""
    totals: dict[str, Entry] = {}
    for entry in record.timeline:
        name = str(entry.get("phase", "?"))
        kind = totals.setdefault(name, {"phase": name, "count": 0, "wall_s": 0.0, "sim_s": 0.0})
        kind["count"] += 1
        for clock in ("wall", "sim"):
            start, end = number(entry.get(f"{clock}_start")), number(entry.get(f"{clock}_end"))
            if start is not None and end is not None:
                kind[f"{clock}_s"] += end - start
    return list(totals.values())


def active_sim_seconds(record: RunRecord) -> float:
    """Return the simulated time without the sols of recharging [s]."""
    return float(sum(p["sim_s"] for p in phase_totals(record) if p["phase"] != "recharging"))


def number(value: Any) -> float | None:
    """Return a finite number as float, anything else as None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def _without_paths(decision: Entry) -> Entry:
    slim = dict(decision)
    candidates = decision.get("candidates")
    if isinstance(candidates, list):
        slim["candidates"] = [
            {k: v for k, v in c.items() if k != "path"} for c in candidates if isinstance(c, dict)
        ]
    return slim


def _distance(record: RunRecord) -> float:
    told = number(record.outcome.get("distance_m"))
    along = record.along()
    return told if told else (float(along[-1]) if len(along) else 0.0)


def _max_tilt(record: RunRecord) -> float | None:
    told = number(record.outcome.get("max_tilt_rad"))
    largest = _largest(told, record.column("tilt"))
    return None if largest is None else math.degrees(largest)


def _largest(told: Any, values: Any) -> float | None:
    known = [float(v) for v in np.asarray(values) if np.isfinite(v)]
    if number(told) is not None:
        known.append(float(told))
    return max(known, default=None)


def _last(record: RunRecord, key: str) -> float | None:
    return number(record.timeline[-1].get(key)) if record.timeline else None


def _span(record: RunRecord) -> float | None:
    if not record.timeline:
        return None
    start, end = number(record.timeline[0].get("sim_start")), number(record.timeline[-1].get("sim_end"))
    return None if start is None or end is None else end - start
