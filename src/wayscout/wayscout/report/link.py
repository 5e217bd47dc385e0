# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The radio link's part of the report: counters, how queue and rate went, what reached Earth when."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from wayscout.errors import NoPath
from wayscout.flight.solar import SOL
from wayscout.report import drawing, tables
from wayscout.report.folder import Entry, RunRecord
from wayscout.report.result import link_counters, number

_NAMES = {
    "thumbnail": ("thumbnail", "thumbnails"),
    "picture": ("navigation picture", "navigation pictures"),
    "colour": ("colour picture", "colour pictures"),
}
_TIMES = ("queued_at", "arrived_at", "earth_at", "pass_at")
_LONG_REST = 3600.0  # [s]; a longer gap in the history is a night and is left out of the picture


def words(record: RunRecord) -> str:
    """Return what was carried, in numbers."""
    link, told = record.link, link_counters(record) or {}
    if not link.get("history"):
        return tables.gap("The run ended before anything was sent over the link.")
    arrived = [entry for entry in link.get("arrived", []) if isinstance(entry, dict)]
    kinds = Counter(str(entry.get("kind")) for entry in arrived)
    waits = [
        float(entry["arrived_at"]) - float(entry["queued_at"])
        for entry in arrived
        if number(entry.get("arrived_at")) is not None and number(entry.get("queued_at")) is not None
    ]
    pairs = [
        (_NAMES.get(kind, (kind, kind))[count != 1], str(count)) for kind, count in sorted(kinds.items())
    ]
    pairs += [
        ("still aboard", str(told.get("queued", "–"))),
        ("carried", tables.value((number(told.get("bytes")) or 0.0) / 1e6, "MB")),
        ("packets lost", str(told.get("lost", "–"))),
        ("packets sent again", str(told.get("repeated", "–"))),
    ]
    if waits:
        pairs.append(("median wait of a parcel", tables.duration(float(np.median(waits)))))
    return tables.cards(pairs)


def earth(record: RunRecord) -> str:
    """Return when each picture reaches Earth: a row for each relay pass, the pictures folded away."""
    products = [
        entry
        for entry in record.link.get("arrived", [])
        if isinstance(entry, dict) and all(number(entry.get(key)) is not None for key in _TIMES)
    ]
    if not products:
        return ""
    passes: dict[float, list[Entry]] = defaultdict(list)
    for entry in products:
        passes[float(entry["pass_at"])].append(entry)
    rows = [_pass(opened, entries) for opened, entries in sorted(passes.items())]
    each = [
        (
            _name(entry),
            *(_clock(entry[key]) for key in _TIMES[:2]),
            _clock(entry["earth_at"]),
            _delay([entry]),
        )
        for entry in sorted(products, key=lambda e: float(e["earth_at"]))
    ]
    heads = ("relay pass from", "pictures", "size", "first on Earth", "last on Earth", "median delay")
    folded = _table(("picture", "taken", "with the rover", "on Earth", "delay"), each)
    return (
        "<h3>On to Earth</h3><p>Sent in the order in which the rover got them; passes after the end of the "
        f"run are foretold. The delay counts from the moment a picture was taken.</p>{_table(heads, rows)}"
        f"<details><summary>all {len(each)} pictures</summary>{folded}</details>"
    )


def _pass(opened: float, entries: list[Entry]) -> tuple[str, ...]:
    kinds = Counter(str(entry.get("kind")) for entry in entries)
    told = ", ".join(f"{n} {_NAMES.get(kind, (kind, kind))[n != 1]}" for kind, n in sorted(kinds.items()))
    size = sum(number(entry.get("size")) or 0.0 for entry in entries)
    arrivals = [float(entry["earth_at"]) for entry in entries]
    return (
        _clock(opened), told, tables.value(size / 1e6, "MB"), _clock(min(arrivals)), _clock(max(arrivals)),
        _delay(entries),
    )  # fmt: skip


def _delay(entries: list[Entry]) -> str:
    return tables.duration(float(np.median([float(e["earth_at"]) - float(e["queued_at"]) for e in entries])))


def _name(entry: Entry) -> str:
    kind = str(entry.get("kind"))
    return _NAMES.get(kind, (kind, kind))[0]


def _clock(time: Any) -> str:
    """Return simulated time as people say it: sol 0 3:20:05."""
    sol, rest = divmod(float(time), SOL)
    return f"sol {sol:.0f} {rest // 3600:.0f}:{rest % 3600 // 60:02.0f}:{rest % 60 // 1:02.0f}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def chart(record: RunRecord) -> Figure:
    """Rate of the link and parcels that wait, over the time that was not slept through.

    Raises:
        NoPath: when nothing was noted.
    """
    rows: list[Any] = [
        row for row in record.link.get("history", []) if isinstance(row, list) and len(row) == 4
    ]
    if len(rows) < 2:
        raise NoPath("the link was not in use")
    time, _, rate, queued = np.array(rows, dtype=np.float64).T
    gaps = np.diff(time, prepend=time[0])
    minutes = np.cumsum(np.where(gaps > _LONG_REST, 0.0, gaps)) / 60.0
    made = drawing.figure(11.4, 3.2)
    above, below = made.subplots(2, 1, sharex=True)
    for axes, values, label, colour in (
        (above, rate / 1000.0, "rate [kbit/s]", "#1f6fb4"),
        (below, queued, "parcels waiting", "#d9661f"),
    ):
        drawing.tidy(axes)
        axes.fill_between(minutes, 0.0, values, color=colour, alpha=0.25, lw=0.0, step="post")
        axes.step(minutes, values, color=colour, lw=1.1, where="post")
        axes.set_ylabel(label, fontsize=8, color=drawing.INK)
        axes.set_ylim(bottom=0.0)
    below.set_xlabel("simulated time, nights left out [min]", fontsize=8, color=drawing.INK)
    return made
