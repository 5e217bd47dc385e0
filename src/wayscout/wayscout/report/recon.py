# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The reconnaissances' part of the report: orthomosaic with outlines, what was found, the pictures."""

from __future__ import annotations

import base64
import math
from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from wayscout.errors import NoPath
from wayscout.grid import Bounds
from wayscout.report import drawing, tables
from wayscout.report.folder import Entry, RunRecord
from wayscout.report.result import number
from wayscout.report.site_folder import SiteRecord, read_sites

Image = npt.NDArray[np.uint8]

COLOURS = {"parachute": "#ff8c1a", "backshell": "#2aa6f2", "debris": "#f03a5f", "line": "#fff2a0"}
NAMES = {"parachute": "canopy", "backshell": "backshell", "debris": "debris", "line": "line"}
SIDES = ("E", "NE", "N", "NW", "W", "SW", "S", "SE")
MOST_ROWS = 60  # pieces of debris in the table; the rest are in result.json
MARGIN = 4.0  # [m] of ground shown around what was found and sought
THUMBNAIL = (360, 267)  # [px] of a picture on the contact sheet
COLUMNS = 5
QUALITY = 82  # of the contact sheet's JPEG


def sites(record: RunRecord) -> list[SiteRecord]:
    """Return what was inspected in a run; what cannot be read is named in the record."""
    found, broken = read_sites(record.path / "site")
    record.missing += [text for text in broken if text not in record.missing]
    return found


def words(site: SiteRecord) -> str:
    """Return what was found in a row of cards: sizes and counts."""
    things = site.entries("objects")
    counted = Counter(str(thing.get("kind")) for thing in things)
    pairs = [
        (NAMES[kind], _size(_first(things, kind))) for kind in ("parachute", "backshell") if counted[kind]
    ]
    pairs.append(("pieces of debris", str(counted["debris"])))
    lines = number(site.facts.get("lines"))
    if lines:
        pairs.append(("lines counted", f"{lines:.0f} ± {number(site.facts.get('lines_sigma')) or 0.0:.0f}"))
    pairs.append(("colour pictures", str(len(site.entries("pictures")))))
    pairs.append(("of computing", tables.duration(site.facts.get("compute_s"))))
    offset = _offset(site)
    if offset is not None:
        pairs.append(("from where it was thought to lie", f"{offset:.1f} m"))
    return tables.cards(pairs).replace('class="cards"', 'class="cards inline"')


def details(site: SiteRecord) -> str:
    """Return every object in a table, and the notes; long lists folded away."""
    things = site.entries("objects")
    if not things:
        return tables.gap("Nothing was found.") + tables.reasons(_notes(site))
    large = [thing for thing in things if thing.get("kind") in ("parachute", "backshell")]
    small = [thing for thing in things if thing.get("kind") not in ("parachute", "backshell", "line")]
    marks = [
        f"{NAMES[str(thing['kind'])]}: {_mark(mark)}"
        for thing in large
        for mark in thing.get("marks") or []
        if isinstance(mark, dict)
    ]
    parts = [_table(large)] if large else []
    parts.append(tables.reasons(_notes(site)))
    parts += [_folded(f"{len(small)} smaller objects", _table(small))] if small else []
    parts += [_folded(f"{len(marks)} marks on them", tables.reasons(marks))] if marks else []
    return "".join(parts)


def _notes(site: SiteRecord) -> list[str]:
    notes = [str(n) for n in site.facts.get("notes") or [] if isinstance(n, str)]
    for thing in site.entries("objects"):
        if thing.get("kind") in ("parachute", "backshell"):
            notes += [f"{NAMES[str(thing['kind'])]}: {note}" for note in thing.get("notes") or []]
    return notes


def _folded(title: str, content: str) -> str:
    return f"<details><summary>{escape(title)}</summary>{content}</details>"


def _first(things: Sequence[Entry], kind: str) -> Entry:
    return next(thing for thing in things if thing.get("kind") == kind)


def _size(thing: Entry) -> str:
    sigma = number(thing.get("size_sigma"))
    size = tables.value(thing.get("size"), "", 2)
    return f"{size} m" if sigma is None else f"{size} ± {sigma:.2f} m"


def _mark(mark: Entry) -> str:
    where = f"({tables.value(mark.get('x'))}, {tables.value(mark.get('y'))})"
    return f"{mark.get('kind')} area of {tables.value(mark.get('area'), 'm²', 2)} at {where}"


def _offset(site: SiteRecord) -> float | None:
    """Return how far what was sought lies from where it was thought to [m]."""
    sought = site.facts.get("sought")
    if not isinstance(sought, dict) or not sought.get("kind"):
        return None
    for thing in site.entries("objects"):
        if thing.get("kind") == sought["kind"] and sought["kind"] != "debris":
            place = _place(thing)
            x, y = number(sought.get("x")), number(sought.get("y"))
            if place is not None and x is not None and y is not None:
                return math.hypot(place[0] - x, place[1] - y)
    return None


def _table(things: Sequence[Entry]) -> str:
    head = (
        "<tr><th>object</th><th>size</th><th>height</th><th>east</th><th>north</th><th>seen</th>"
        '<th class="text">from</th></tr>'
    )
    rows = []
    for thing in things[:MOST_ROWS]:
        x, y = _place(thing) or (None, None)
        share = number(thing.get("seen_share"))
        cells = (
            _size(thing),
            tables.value(thing.get("height"), "m", 2),
            tables.value(x, "m"),
            tables.value(y, "m"),
            tables.value(None if share is None else 100.0 * share, "%", 0),
        )
        kind = str(thing.get("kind"))
        key = f'<span class="key" style="background:{COLOURS.get(kind, "#888888")}"></span>'
        rows.append(
            f"<tr><td>{key}{escape(NAMES.get(kind, kind))}</td>"
            + "".join(f"<td>{cell}</td>" for cell in cells)
            + f'<td class="text">{_sides(thing.get("seen_from"))}</td></tr>'
        )
    table = f'<div class="wide"><table><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table></div>'
    left = len(things) - MOST_ROWS
    return table + (f"<p>… and {left} more, in site.json.</p>" if left > 0 else "")


def _sides(bearings: Any) -> str:
    """Return the sides of the sky from which something was seen, each once, in order."""
    known = [number(b) for b in bearings] if isinstance(bearings, list) else []
    eighths = {round(b / (math.pi / 4.0)) % 8 for b in known if b is not None}
    if not eighths:
        return "–"
    return f"{len(eighths)}: " + " ".join(SIDES[k] for k in sorted(eighths))


def mosaic(site: SiteRecord) -> Figure:
    """Orthomosaic with outlines, where the target was thought to lie, and where the pictures were taken.

    Raises:
        NoPath: when the orthomosaic is missing or cannot be read.
    """
    picture = cv2.imread(str(site.folder / "ortho.png"), cv2.IMREAD_COLOR)
    edges = [number(v) for v in site.facts.get("bounds") or []]
    if picture is None or len(edges) != 4 or any(v is None for v in edges):
        raise NoPath("no orthomosaic was written")
    bounds = Bounds(*(float(v) for v in edges if v is not None))
    step = max(1, math.ceil(max(picture.shape[:2]) / 1400))
    rgb = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)[::-1]
    thinned = cv2.resize(rgb, None, fx=1.0 / step, fy=1.0 / step, interpolation=cv2.INTER_AREA)
    known = (thinned.max(axis=2, keepdims=True) > 0).astype(np.float32)
    layer = np.concatenate([thinned.astype(np.float32) / 255.0, known], axis=2)
    view = _view(site, bounds)
    tall = view.height / max(view.width, 1e-6)
    made = drawing.figure(9.0, float(np.clip(9.0 * tall, 4.0, 10.0)))
    axes = made.subplots()
    drawing.Ground(layer, bounds).show(axes)
    for thing in site.entries("objects"):
        _outline(axes, thing)
    _taken(axes, site)
    _sought(axes, site)
    drawing.frame(axes, view)
    return made


def _view(site: SiteRecord, bounds: Bounds) -> Bounds:
    """Return the window that holds what was found and sought; the pictures reach farther than one looks."""
    places = [p for p in (_place(thing) for thing in site.entries("objects")) if p is not None]
    corners = [c for thing in site.entries("objects") for c in _corners(thing)]
    sought = site.facts.get("sought")
    if isinstance(sought, dict):
        x, y = number(sought.get("x")), number(sought.get("y"))
        reach = 0.5 * (number(sought.get("size")) or 0.0) + 2.0 * (number(sought.get("sigma")) or 0.0)
        if x is not None and y is not None:
            corners += [(x - reach, y - reach), (x + reach, y + reach)]
    points = np.array([*places, *corners], dtype=np.float64).reshape(-1, 2)
    if len(points) == 0:
        return bounds
    (x0, y0), (x1, y1) = points.min(axis=0) - MARGIN, points.max(axis=0) + MARGIN
    return Bounds(max(x0, bounds.x_min), max(y0, bounds.y_min), min(x1, bounds.x_max), min(y1, bounds.y_max))


def _outline(axes: Axes, thing: Entry) -> None:
    kind, corners = str(thing.get("kind")), _corners(thing)
    colour = COLOURS.get(kind, "#ffffff")
    if len(corners) > 1:
        closed = corners if kind == "line" else [*corners, corners[0]]
        xs, ys = zip(*closed, strict=True)
        axes.plot(xs, ys, color=colour, lw=0.7 if kind in ("line", "debris") else 1.6, alpha=0.9)
        return
    place, size = _place(thing), number(thing.get("size"))
    if place is not None:
        axes.add_patch(Circle(place, 0.5 * (size or 0.3), fill=False, color=colour, lw=0.7))


def _taken(axes: Axes, site: SiteRecord) -> None:
    for index, picture in enumerate(site.entries("pictures"), 1):
        place, heading = _place(picture), number(picture.get("heading"))
        if place is None or heading is None:
            continue
        x, y = place
        axes.annotate(
            "", (x + 1.6 * math.cos(heading), y + 1.6 * math.sin(heading)), (x, y), clip_on=True,
            annotation_clip=True, arrowprops={"arrowstyle": "->", "color": "white", "lw": 1.0},
        )  # fmt: skip
        behind = x - 0.5 * math.cos(heading), y - 0.5 * math.sin(heading)
        axes.text(*behind, str(index), color="white", fontsize=7, ha="center", va="center", clip_on=True)


def _sought(axes: Axes, site: SiteRecord) -> None:
    sought = site.facts.get("sought")
    if not isinstance(sought, dict):
        return
    x, y, sigma = (number(sought.get(key)) for key in ("x", "y", "sigma"))
    if x is None or y is None:
        return
    axes.plot([x], [y], "+", color="white", ms=9, mew=1.4)
    if sigma:
        axes.add_patch(Circle((x, y), 2.0 * sigma, fill=False, color="white", lw=1.0, ls="--"))


def contact_sheet(site: SiteRecord) -> str:
    """Return a data URI of all pictures side by side, numbered in the order of their time.

    Raises:
        NoPath: when there is none that can be read.
    """
    width, height = THUMBNAIL
    tiles = []
    for index, entry in enumerate(site.entries("pictures"), 1):
        picture = cv2.imread(str(site.folder / str(entry.get("file"))), cv2.IMREAD_COLOR)
        if picture is None:
            continue
        tile = cv2.resize(picture, THUMBNAIL, interpolation=cv2.INTER_AREA)
        heading = number(entry.get("heading"))
        looks = "" if heading is None else f" to {SIDES[round(heading / (math.pi / 4.0)) % 8]}"
        for colour, thickness in (((0, 0, 0), 4), ((255, 255, 255), 1)):
            cv2.putText(
                tile, f"{index}{looks}", (8, height - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.6, colour, thickness,
                cv2.LINE_AA,
            )  # fmt: skip
        tiles.append(tile)
    if not tiles:
        raise NoPath("no picture was kept")
    rows = math.ceil(len(tiles) / COLUMNS)
    sheet = np.full((rows * (height + 6) - 6, COLUMNS * (width + 6) - 6, 3), 255, dtype=np.uint8)
    for k, tile in enumerate(tiles):
        top, left = (k // COLUMNS) * (height + 6), (k % COLUMNS) * (width + 6)
        sheet[top : top + height, left : left + width] = tile
    used = min(len(tiles), COLUMNS) * (width + 6) - 6
    done, coded = cv2.imencode(".jpg", sheet[:, :used], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise NoPath("the contact sheet could not be coded")
    return "data:image/jpeg;base64," + base64.b64encode(coded.tobytes()).decode()


def _place(thing: Entry) -> tuple[float, float] | None:
    given = thing.get("position")
    if not isinstance(given, list) or len(given) < 2:
        return None
    x, y = number(given[0]), number(given[1])
    return None if x is None or y is None else (x, y)


def _corners(thing: Entry) -> list[tuple[float, float]]:
    """Return the corners of an outline that are known."""
    given = thing.get("outline")
    corners = []
    for corner in given if isinstance(given, list) else []:
        if isinstance(corner, list) and len(corner) >= 2:
            x, y = number(corner[0]), number(corner[1])
            if x is not None and y is not None:
                corners.append((x, y))
    return corners
