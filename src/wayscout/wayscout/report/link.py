# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The radio link's part of the report: counters, and how queue and rate went."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from wayscout.errors import NoPath
from wayscout.report import drawing, tables
from wayscout.report.folder import RunRecord
from wayscout.report.result import link_counters, number

_NAMES = {
    "thumbnail": ("thumbnail", "thumbnails"),
    "picture": ("navigation picture", "navigation pictures"),
    "colour": ("colour picture", "colour pictures"),
}
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
