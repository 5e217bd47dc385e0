# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A campaign's part of the report: its tasks, and the sums over all flights."""

from __future__ import annotations

from html import escape

from wayscout.report import tables
from wayscout.report.folder import Entry, RunRecord
from wayscout.report.result import campaign_summary

_LOOKS = {"complete": "good", "partly": "so-so", "failed": "bad", "not begun": "so-so", "under way": "so-so"}


def section(record: RunRecord) -> str:
    """Return the table of tasks; empty when the run was no campaign."""
    found = campaign_summary(record)
    if found is None:
        return ""
    heads = ("task", "outcome", "flights", "time", "distance", "energy", "")
    rows = "".join(_row(task) for task in found["tasks"])
    sums = found["totals"]
    total = (
        f"<tr><td class='text'>total, {escape(str(found['sols'] or 0))} sols of rest</td><td></td>"
        f"<td>{sums['count']}</td><td>{tables.value(sums['minutes'], 'min')}</td>"
        f"<td>{tables.value(sums['kilometres'], 'km', 2)}</td>"
        f"<td>{tables.value(sums['watt_hours'], 'Wh')}</td><td></td></tr>"
    )
    head = "".join(f"<th>{name}</th>" for name in heads)
    return (
        f"<p><strong>{escape(str(found['name']))}</strong>: {sums['count']} flights,"
        f" {sums['minutes']:.0f} min in the air, {sums['kilometres']:.1f} km.</p>"
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody>'
        f"<tfoot>{total}</tfoot></table></div>"
    )


def _row(task: Entry) -> str:
    outcome = str(task.get("outcome") or "?")
    numbers = ", ".join(str(n) for n in task.get("flights") or [])
    return (
        f"<tr><td class='text'>{escape(str(task.get('label')))}</td>"
        f"<td class='text'><span class='{_LOOKS.get(outcome, '')}'>{escape(outcome)}</span></td>"
        f"<td>{escape(numbers) or '–'}</td><td>{tables.value(60.0 * task['minutes'], 's', 0)}</td>"
        f"<td>{tables.value(1000.0 * task['kilometres'], 'm', 0)}</td>"
        f"<td>{tables.value(task['watt_hours'], 'Wh')}</td>"
        f"<td class='text'><small>{escape(str(task.get('message') or ''))}</small></td></tr>"
    )
