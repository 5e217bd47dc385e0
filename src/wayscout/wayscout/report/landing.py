# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The landings in the report: which sites were weighed, which was chosen and why, and how it stood there."""

from __future__ import annotations

from html import escape

from wayscout.report.folder import Entry, RunRecord
from wayscout.report.result import number

_BASES = {
    "look": "seen on the way in",
    "map": "map of an earlier flight",
    "proven": "stood there before",
    "orbital": "orbital map",
}


def section(record: RunRecord) -> str:
    """Return the section's body, '' for a run whose flights weighed no sites."""
    rows = [row for flight in record.flights for row in _rows(flight)]
    if not rows:
        return ""
    head = "".join(
        f"<th>{title}</th>"
        for title in ("flight", "site", "known from", "safe with", "slope", "step", "why", "tilt measured")
    )
    return (
        "<p>Sites that the helicopter weighed before each landing, best first; the chosen one is marked. "
        "The tilt is the body's at rest, by its own attitude sensor.</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _rows(flight: Entry) -> list[str]:
    sites = flight.get("landing_sites")
    if not isinstance(sites, list):
        return []
    return [_row(flight, site) for site in sites if isinstance(site, dict)]


def _row(flight: Entry, site: Entry) -> str:
    chosen = bool(site.get("chosen"))
    share = number(site.get("probability"))
    cells = [
        escape(str(flight.get("flight"))),
        ("<strong>▸</strong> " if chosen else "") + _place(site),
        escape(_BASES.get(str(site.get("basis")), str(site.get("basis")))),
        f"{100.0 * share:.0f} %" if share is not None else "–",
        _figure(site.get("slope_deg"), "deg", 1),
        _figure(site.get("step_m"), "m", 2),
        escape(str(site.get("reason") or "")) if chosen else "",
        _figure(flight.get("landing_tilt_deg"), "deg", 1) if chosen else "",
    ]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _place(site: Entry) -> str:
    x, y = number(site.get("x")), number(site.get("y"))
    return f"{x:.1f}, {y:.1f}" if x is not None and y is not None else "–"


def _figure(value: object, unit: str, digits: int) -> str:
    known = number(value)
    return "–" if known is None else f"{known:.{digits}f} {unit}"
