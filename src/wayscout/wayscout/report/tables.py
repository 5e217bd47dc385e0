# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The parts of the page that are words and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from wayscout.report.folder import Entry, RunRecord
from wayscout.report.result import flight_totals, number, phase_totals
from wayscout.report.style import PHASES

_CANDIDATE_ROWS = (
    ("passable", "passable", "", 0),
    ("success_probability", "probability of success", "", 2),
    ("length_m", "length", "m", 1),
    ("climb_m", "climb", "m", 1),
    ("steepest_slope_deg", "steepest slope", "deg", 1),
    ("largest_tilt_deg", "largest tilt", "deg", 1),
    ("margin", "smallest margin to a limit", "%", 0),
    ("unknown_share", "over ground no picture measured", "%", 0),
    ("duration_s", "duration", "h", 1),
    ("energy_j", "energy", "Wh", 0),
    ("cost_m", "cost, as level firm ground", "m", 0),
)
_OUTCOME_LOOKS = {
    "complete": "good",
    "planned": "",
    "not flown": "so-so",
    "refused": "so-so",
    "cut short": "so-so",
}
_SCALES = {"%": 100.0, "h": 1.0 / 3600.0, "Wh": 1.0 / 3600.0}


def value(figure: Any, unit: str = "", digits: int = 1) -> str:
    """Return a figure for people; a dash where it is not known."""
    known = number(figure)
    if known is None:
        return "–"
    return f"{known:.{digits}f}{' ' + unit if unit else ''}"


def duration(seconds: Any) -> str:
    """Return a duration as people say it: 48 s, 3:05 min, 2:10 h, 1.2 sols."""
    known = number(seconds)
    if known is None:
        return "–"
    if known < 60.0:
        return f"{known:.0f} s" if known >= 10.0 else f"{known:.1f} s"
    if known < 3600.0:
        return f"{int(known // 60)}:{int(known % 60):02d} min"
    if known < 48.0 * 3600.0:
        return f"{int(known // 3600)}:{int(known % 3600 // 60):02d} h"
    return f"{known / 88775.0:.1f} sols"


def reasons(lines: Any) -> str:
    if not isinstance(lines, list) or not lines:
        return ""
    return "<ul>" + "".join(f"<li>{escape(str(line))}</li>" for line in lines) + "</ul>"


def decision(record: RunRecord) -> str:
    """The decision acted on, its numbers side by side, and those before and after it."""
    taken = record.decision
    if not taken:
        return gap("No decision was made before the run ended.")
    basis = {"orbital": "the orbital map alone", "helicopter": "the helicopter's map"}
    choice = str(taken.get("choice", "?"))
    headline = {"neither": "Neither channel", "look": "Look again first"}.get(choice, f"Channel {choice}")
    parts = [
        f"<p><strong>{escape(headline)}</strong>, decided on "
        f"{escape(basis.get(str(taken.get('basis')), 'unknown grounds'))} "
        f"in {value(taken.get('compute_s'), 's', 2)} of computing.</p>",
        _operator(record),
        reasons(taken.get("reasons")),
        _candidates([c for c in taken.get("candidates", []) if isinstance(c, dict)], choice),
    ]
    if len(record.decisions) > 1:
        items = [
            f"<li>{i}. {escape(str(d.get('choice')))}: {_joined(d.get('reasons'))}</li>"
            for i, d in enumerate(record.decisions, 1)
        ]
        parts.append(f"<h3>All {len(items)} decisions</h3><ul style='list-style:none'>{''.join(items)}</ul>")
    return "".join(parts)


def _operator(record: RunRecord) -> str:
    """What the operator wanted whatever the decision said."""
    forced = record.outcome.get("forced_channel")
    return (
        f"<p>The operator wanted channel {escape(str(forced))}, whatever was decided.</p>" if forced else ""
    )


def _candidates(candidates: list[Entry], choice: str) -> str:
    if not candidates:
        return gap("The decision came without candidates.")
    marks = [' class="chosen"' if c.get("channel") == choice else "" for c in candidates]
    names = [f"<th{m}>{escape(str(c.get('channel')))}</th>" for c, m in zip(candidates, marks, strict=True)]
    rows = []
    for key, label, unit, digits in _CANDIDATE_ROWS:
        cells = [f"<td{m}>{_cell(c, key, unit, digits)}</td>" for c, m in zip(candidates, marks, strict=True)]
        rows.append(f"<tr><td>{label}</td>{''.join(cells)}</tr>")
    why = [
        f"<h3>Channel {escape(str(c.get('channel')))}</h3>{reasons(c.get('reasons'))}"
        for c in candidates
        if c.get("reasons")
    ]
    head = f"<thead><tr><th>channel</th>{''.join(names)}</tr></thead>"
    table = f'<div class="wide"><table>{head}<tbody>{"".join(rows)}</tbody></table></div>'
    return table + f'<div class="pair">{"".join(f"<div>{w}</div>" for w in why)}</div>'


def _cell(candidate: Entry, key: str, unit: str, digits: int) -> str:
    figure = candidate.get(key)
    if isinstance(figure, bool):
        return '<span class="good">yes</span>' if figure else '<span class="bad">no</span>'
    known = number(figure)
    if known is None:
        return "–"
    if key == "success_probability":
        share = min(max(known, 0.0), 1.0)
        return f'<span class="chance"><i style="width:{100.0 * share:.0f}%"></i></span>{known:.2f}'
    return value(known * _SCALES.get(unit, 1.0), unit, digits)


def flights(record: RunRecord) -> str:
    """The flight log with its totals."""
    if not record.flights:
        return gap("No flight was planned.")
    head = (
        ("flight", ""),
        ("", "text"),
        ("outcome", "text"),
        ("time", ""),
        ("distance", ""),
        ("height", ""),
        ("speed", ""),
        ("energy", ""),
        ("pictures", ""),
        ("used", ""),
        ("mapping", ""),
        ("landing tilt", ""),
    )
    rows = []
    for flight in record.flights:
        outcome = str(flight.get("outcome", "?"))
        kind = _OUTCOME_LOOKS.get(outcome, "bad")
        told = str(flight.get("message") or "")
        told = f"<br><small>{escape(told)}</small>" if told not in ("", outcome) else ""
        rows.append(
            f"<tr><td>{escape(str(flight.get('flight', '?')))}</td>"
            f"<td class='text'>{escape(str(flight.get('name', '')))}</td>"
            f"<td class='text'><span class='{kind}'>{escape(outcome)}</span>{told}</td>"
            + _cells(
                value(flight.get("duration_s"), "s", 0),
                value(flight.get("distance_m"), "m", 0),
                value(flight.get("max_height_m"), "m"),
                value(flight.get("max_speed_m_s"), "m/s"),
                _watt_hours(flight.get("energy_j")),
                value(flight.get("pictures"), "", 0),
                value(flight.get("pictures_used"), "", 0),
                value(flight.get("mapping_s"), "s"),
                value(flight.get("landing_tilt_deg"), "deg"),
            )
            + "</tr>"
        )
    sums = flight_totals(record)
    total = (
        f"<tr><td>total</td><td></td><td class='text'>{sums['flights']} flown</td>"
        + _cells(
            value(sums["duration_s"], "s", 0),
            value(sums["distance_m"], "m", 0),
            "",
            "",
            _watt_hours(sums["energy_j"]),
            str(sums["pictures"]),
            str(sums["pictures_used"]),
            "",
            "",
        )
        + "</tr>"
    )
    header = "".join(f"<th class='{kind}'>{label}</th>" for label, kind in head)
    return (
        f'<div class="wide"><table><thead><tr>{header}</tr></thead><tbody>{"".join(rows)}</tbody>'
        f"<tfoot>{total}</tfoot></table></div>"
    )


def times(record: RunRecord) -> str:
    """Where the wall clock went, as a bar and a table."""
    phases = phase_totals(record)
    whole = sum(p["wall_s"] for p in phases)
    if whole <= 0.0:
        return gap("The run left no timeline.")
    bar, rows = [], []
    for entry in phases:
        colour = PHASES.get(entry["phase"], "#999")
        share = entry["wall_s"] / whole
        name = escape(entry["phase"])
        bar.append(f'<i style="width:{100.0 * share:.3f}%;background:{colour}" title="{name}"></i>')
        moving = entry["phase"] in ("flight", "driving") and entry["wall_s"] > 0.0
        factor = f"{entry['sim_s'] / entry['wall_s']:.1f} x" if moving else ""
        rows.append(
            f'<tr><td><span class="key" style="background:{colour}"></span>{name}</td>'
            + _cells(
                str(entry["count"]),
                duration(entry["wall_s"]),
                f"{100.0 * share:.0f} %",
                duration(entry["sim_s"]),
                factor,
            )
            + "</tr>"
        )
    head = "".join(
        f"<th>{t}</th>"
        for t in ("phase", "times", "wall clock", "share", "simulated time", "real-time factor")
    )
    total = f"<tr><td>together</td><td></td><td>{duration(whole)}</td><td></td><td></td><td></td></tr>"
    return (
        f'<div class="bar">{"".join(bar)}</div><div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody><tfoot>{total}</tfoot></table></div>"
    )


def notes(record: RunRecord) -> str:
    if not record.notes:
        return "<p>Nothing was noted.</p>"
    items = []
    for note in record.notes:
        level = note.get("level")
        kind = level if level in ("warning", "error") else "info"
        when = duration(note.get("wall_s"))
        items.append(
            f'<li class="{kind}"><time>{when}</time><span>{escape(str(note.get("text", "")))}</span></li>'
        )
    return f'<ul class="notes">{"".join(items)}</ul>'


def gap(text: str) -> str:
    """A part that is missing, said in its place."""
    return f'<p class="gap">{escape(text)}</p>'


def cards(pairs: Sequence[tuple[str, str]]) -> str:
    return (
        '<div class="cards">'
        + "".join(f'<div class="card"><b>{v}</b><span>{k}</span></div>' for k, v in pairs)
        + "</div>"
    )


def _joined(lines: Any) -> str:
    return escape("; ".join(map(str, lines))) if isinstance(lines, list) else ""


def _cells(*texts: str) -> str:
    return "".join(f"<td>{text}</td>" for text in texts)


def _watt_hours(joules: Any) -> str:
    known = number(joules)
    return value(None if known is None else known / 3600.0, "Wh")
