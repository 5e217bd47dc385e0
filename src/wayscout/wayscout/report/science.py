# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Science targets in the run folder (targets.json, targets/NN.jpg) and in the report."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

from wayscout.config import load
from wayscout.errors import InvalidInput
from wayscout.report.folder import Entry, RunRecord, plain
from wayscout.report.result import number


@dataclass(frozen=True)
class PassingBy:
    """See config/science.yaml."""

    pass_by: float


FILE, CHIPS = "targets.json", "targets"
LARGEST_CHIP = 400_000  # [bytes] a larger file is no chip


def write_targets(run: Path, entries: Sequence[Entry], chips: Sequence[bytes]) -> None:
    """Write ranked targets and their chips (JPEG) into a run folder; each entry names its chip.

    Raises:
        InvalidInput: when there are not as many chips as targets.
        OSError: when the folder cannot be written to.
    """
    if len(entries) != len(chips):
        raise InvalidInput("chips", len(chips), f"one for each of {len(entries)} targets is needed")
    (run / CHIPS).mkdir(parents=True, exist_ok=True)
    kept = []
    for place, (entry, chip) in enumerate(zip(entries, chips, strict=True), start=1):
        name = f"{CHIPS}/{place:02d}.jpg"
        (run / name).write_bytes(chip)
        kept.append({**entry, "chip": name})
    draft = run / f"{FILE}.part"
    draft.write_text(json.dumps(plain({"targets": kept}), indent=1) + "\n")
    draft.replace(run / FILE)


def read_targets(record: RunRecord) -> list[Entry] | None:
    """Return a run's targets, None where none were ranked; what is unreadable is named in the record."""
    file = record.path / FILE
    if not file.is_file():
        return None
    try:
        listed = json.loads(file.read_text())["targets"]
        return [entry for entry in listed if isinstance(entry, dict)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        text = f"{FILE} cannot be read ({error})."
        record.missing += [] if text in record.missing else [text]
        return None


def section(record: RunRecord) -> str:
    """Return the section's HTML, empty where no targets were ranked."""
    targets = read_targets(record)
    if targets is None:
        return ""
    if not targets:
        return "<p>Nothing on the map stands out from the ground around it.</p>"
    head = "".join(
        f"<th>{name}</th>" for name in ("", "Target", "Where", "Size", "Score", "Detour", "Passed", "Why")
    )
    rows = "".join(_row(record, entry) for entry in targets)
    note = (
        "<p>Places that differ from their scene, each with a picture cut from the orthomosaic (north up, the "
        "ring is the target). The score counts standard deviations; the detour is what passing by would cost "
        "the rover more, in metres of level, firm ground. The rover knows them and tells of each that it "
        "passes on its way; how near it came is taken from its track. Grey pictures show an unusual colour "
        "as tone alone.</p>"
    )
    return f'{note}<div class="scroll"><table><tr>{head}</tr>{rows}</table></div>'


def _row(record: RunRecord, entry: Entry) -> str:
    detour = number(entry.get("detour"))
    cells = [
        _picture(record, entry),
        f"{escape(str(entry.get('rank', '')))} {escape(str(entry.get('kind', '')))}",
        f"({_told(entry, 'x', 1)}, {_told(entry, 'y', 1)})",
        f"{_told(entry, 'size', 1)} m",
        _told(entry, "score", 1),
        "out of reach" if detour is None else f"{detour:.1f} m",
        _passed(record, entry),
        escape(str(entry.get("reason", ""))),
    ]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _passed(record: RunRecord, entry: Entry) -> str:
    """How near the rover came, where that counts as passing by."""
    x, y = number(entry.get("x")), number(entry.get("y"))
    if len(record.track) == 0 or x is None or y is None:
        return "–"
    nearest = float(np.nanmin(np.hypot(record.column("x") - x, record.column("y") - y)))
    return f"at {nearest:.1f} m" if nearest <= load("science", PassingBy).pass_by else "–"


def _told(entry: Entry, name: str, digits: int) -> str:
    value = number(entry.get(name))
    return "–" if value is None else f"{value:.{digits}f}"


def _picture(record: RunRecord, entry: Entry) -> str:
    """Return a chip as an inline picture; only files of the run's own folder are looked at."""
    name = Path(str(entry.get("chip", ""))).name
    file = record.path / CHIPS / name
    if not name or not file.is_file() or file.stat().st_size > LARGEST_CHIP:
        return ""
    data = base64.b64encode(file.read_bytes()).decode()
    alt = escape(f"target {entry.get('rank', '')}", quote=True)
    return f'<img src="data:image/jpeg;base64,{data}" alt="{alt}" width="120" height="120">'
