# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The maps of the report: where was flown, both channels, where was driven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from wayscout import raster
from wayscout.errors import WayscoutError
from wayscout.grid import Bounds, Grid
from wayscout.report import drawing
from wayscout.report.drawing import Ground
from wayscout.report.folder import Entry, RunRecord
from wayscout.worlds.folder import load_orbital

Array = npt.NDArray[np.float64]
MARGIN = 6.0  # [m] around what a map must show
MOST_HAZARDS = 4000


@dataclass
class Chart:
    """The rasters that maps are drawn on; None where there is none, and why in `missing`."""

    elevation: Grid | None = None
    ortho: Grid | None = None
    orbital: Ground | None = None
    missing: list[str] = field(default_factory=list)

    @property
    def extent(self) -> Bounds | None:
        if self.orbital is not None:
            return self.orbital.bounds
        return self.elevation.bounds if self.elevation is not None else None

    def surveyed(self, bounds: Bounds | None = None) -> Ground | None:
        """Return the helicopter's map within bounds, shaded; None where it has nothing."""
        if self.elevation is None:
            return None
        try:
            grid = self.elevation if bounds is None else self.elevation.crop(bounds)
        except WayscoutError:
            return None
        known = np.isfinite(grid["elevation"])
        return drawing.shaded(grid, image=self.ortho) if known.any() else None


def load_chart(run: Path, world: Path | None) -> Chart:
    """Read what there is of the run's map and of the world's orbital products."""
    chart = Chart()
    try:
        chart.elevation = raster.read_layer(run / "map/elevation.tif", "elevation")
    except WayscoutError:
        chart.missing.append("map/elevation.tif: the helicopter's map was never written")
    if chart.elevation is not None and (run / "map/ortho.tif").is_file():
        try:
            chart.ortho = raster.read_layer(run / "map/ortho.tif", "intensity")
        except WayscoutError as error:
            chart.missing.append(f"map/ortho.tif: {error}")
    if world is None:
        chart.missing.append("no world folder was given: the maps are without orbital pictures")
        return chart
    try:
        orbital = load_orbital(world)
    except WayscoutError as error:
        chart.missing.append(f"orbital products: {error}")
        return chart
    x, y = orbital.image_origin
    rows, cols = orbital.image.shape
    span = orbital.image_resolution
    chart.orbital = drawing.grey_ground(orbital.image, Bounds(x, y, x + cols * span, y + rows * span))
    return chart


def flights_map(record: RunRecord, chart: Chart) -> Figure:
    """Where the helicopter flew and took pictures, over the orbital picture."""
    bounds = _whole(record, chart)
    made = drawing.figure(5.6, 5.6 * bounds.height / bounds.width + 0.35)
    axes = made.add_subplot()
    _under(axes, chart, bounds)
    drawing.frame(axes, bounds)
    _corridors(axes, record)
    handles = []
    for i, flight in enumerate(record.flights):
        colour = drawing.FLIGHTS[i % len(drawing.FLIGHTS)]
        plan = _corners(flight.get("plan"))
        if len(plan):
            style = ":" if flight.get("outcome") in ("planned", "not flown") else "-"
            axes.plot(plan[:, 0], plan[:, 1], style, color=colour, lw=0.9, alpha=0.9)
        seen = _xy(flight.get("picture_positions"))
        if len(seen):
            axes.plot(seen[:, 0], seen[:, 1], "o", color="white", mec=colour, mew=0.6, ms=2.4)
        landing = _xy([flight["landing"]] if flight.get("landing") else None)
        if len(landing):
            axes.plot(landing[:, 0], landing[:, 1], "v", color=colour, mec="white", ms=6)
        label = f"{flight.get('flight', '?')}: {flight.get('name', '')}"
        handles.append(Line2D([], [], color=colour, label=label))
    if handles:
        axes.legend(
            handles=handles, fontsize=6.5, loc="upper left", framealpha=0.85, ncols=1 + len(handles) // 8
        )
    return made


def drive_map(record: RunRecord, chart: Chart) -> Figure:
    """Candidate paths and the driven track, over the map that the decision was made on."""
    bounds = _whole(record, chart)
    made = drawing.figure(5.6, 5.6 * bounds.height / bounds.width + 0.35)
    axes = made.add_subplot()
    _under(axes, chart, bounds)
    ground = chart.surveyed()
    if ground is not None:
        ground.show(axes)
    drawing.frame(axes, bounds)
    _corridors(axes, record)
    handles = _paths(axes, record) + _track(axes, record)
    _ends(axes, record)
    if handles:
        axes.legend(handles=handles, fontsize=6.5, loc="upper left", framealpha=0.85)
    return made


def channel_map(record: RunRecord, chart: Chart, index: int) -> Figure:
    """One channel twice: as the orbiter saw it, and as the helicopter did, with hazards and paths."""
    corridor = record.mission["corridors"][index]
    line = _xy(corridor["centreline"])
    reach = 0.5 * float(corridor["width"]) + MARGIN
    bounds = Bounds(*line.min(axis=0), *line.max(axis=0)).grown(reach)
    tall = bounds.height >= bounds.width
    ratio = bounds.height / bounds.width
    if tall:
        height = min(9.0, 2.75 * ratio)
        made = drawing.figure(2.0 * height / ratio + 0.7, height + 0.4)
        left, right = made.subplots(1, 2, sharey=True)
    else:
        made = drawing.figure(5.6, 2.0 * 5.2 * ratio + 0.8)
        left, right = made.subplots(2, 1, sharex=True)
    _under(left, chart, bounds)
    drawing.frame(left, bounds, "from orbit")
    ground = chart.surveyed(bounds)
    if ground is not None:
        ground.show(right)
    else:
        right.text(
            0.5, 0.5, "no helicopter map", ha="center", transform=right.transAxes, fontsize=9, color="#8a7c70"
        )
    drawing.frame(right, bounds, "from the helicopter")
    _hazards(right, record, bounds)
    for axes in (left, right):
        _paths(axes, record)
    _track(right, record)
    return made


def _under(axes: Axes, chart: Chart, bounds: Bounds) -> None:
    if chart.orbital is not None:
        chart.orbital.show(axes)
    elif chart.elevation is not None:
        ground = chart.surveyed(bounds)
        if ground is not None:
            ground.show(axes, alpha=0.6)


def _corridors(axes: Axes, record: RunRecord) -> None:
    for i, corridor in enumerate(record.mission.get("corridors", [])):
        line, half = _xy(corridor["centreline"]), 0.5 * float(corridor["width"])
        if len(line) < 2:
            continue
        ahead = np.gradient(line, axis=0)
        ahead /= np.maximum(np.hypot(ahead[:, 0], ahead[:, 1]), 1e-9)[:, None]
        side = half * np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
        outline = np.concatenate([line + side, (line - side)[::-1]])
        colour = drawing.channel_colour(i)
        axes.fill(outline[:, 0], outline[:, 1], fc=colour, ec=colour, alpha=0.14, lw=0.8)
        top = line[-1]
        text = axes.text(float(top[0]), float(top[1]), str(corridor["name"]), color=colour, ha="center")
        text.set(fontsize=11, fontweight="bold")
        text.set_path_effects([withStroke(linewidth=2.5, foreground="white")])


def _paths(axes: Axes, record: RunRecord) -> list[Line2D]:
    handles = []
    names = [c["name"] for c in record.mission.get("corridors", [])]
    for i, candidate in enumerate(record.decision.get("candidates", [])):
        path = _xy(candidate.get("path"))
        if len(path) < 2:
            continue
        channel = str(candidate.get("channel"))
        colour = drawing.channel_colour(names.index(channel) if channel in names else i)
        (line,) = axes.plot(path[:, 0], path[:, 1], "--", color=colour, lw=1.5, label=f"planned, {channel}")
        line.set_path_effects([withStroke(linewidth=2.8, foreground="white", alpha=0.7)])
        handles.append(line)
    return handles


def _track(axes: Axes, record: RunRecord) -> list[Line2D]:
    if len(record.track) < 2:
        return []
    x, y = record.column("x"), record.column("y")
    (line,) = axes.plot(x, y, color=drawing.DRIVEN, lw=1.8, label="driven")
    line.set_path_effects([withStroke(linewidth=3.2, foreground="white", alpha=0.8)])
    axes.plot(x[-1], y[-1], "o", color=drawing.DRIVEN, mec="white", ms=6)
    return [line]


def _ends(axes: Axes, record: RunRecord) -> None:
    for key, marker, text in (("start_rover", "s", "start"), ("goal", "*", "goal")):
        place = _xy([record.mission[key]] if record.mission.get(key) else None)
        if len(place):
            axes.plot(*place[0], marker, color=drawing.INK, mec="white", ms=10 if marker == "*" else 6)
            label = axes.annotate(text, place[0], xytext=(7, 0), textcoords="offset points", fontsize=7)
            label.set_path_effects([withStroke(linewidth=2.0, foreground="white")])


def _hazards(axes: Axes, record: RunRecord, bounds: Bounds) -> None:
    handles = []
    for kind, colour in drawing.HAZARDS.items():
        rows = [
            (float(h["x"]), float(h["y"]), 2.0 * float(h["radius"]))
            for h in record.hazards
            if h.get("kind") == kind and bounds.contains(float(h["x"]), float(h["y"]))
        ][:MOST_HAZARDS]
        if not rows:
            continue
        table = np.array(rows)
        filled = kind in ("sand", "tilt")
        axes.add_collection(
            EllipseCollection(
                table[:, 2],
                table[:, 2],
                np.zeros(len(table)),
                offsets=table[:, :2],
                units="xy",
                offset_transform=axes.transData,
                facecolors=colour if filled else "none",
                edgecolors="none" if filled else colour,
                linewidths=0.7,
                alpha=0.35 if filled else 0.9,
            )
        )
        handles.append(Line2D([], [], marker="o", ls="", color=colour, ms=4, label=f"{kind} ({len(rows)})"))
    if handles:
        axes.legend(handles=handles, fontsize=6.5, loc="lower right", framealpha=0.85)


def _whole(record: RunRecord, chart: Chart) -> Bounds:
    extent = chart.extent
    places: list[Array] = [_xy(c["centreline"]) for c in record.mission.get("corridors", [])]
    places += [_xy(f.get("plan")) for f in record.flights]
    places += [_xy([record.mission[k]]) for k in ("goal", "start_rover") if record.mission.get(k)]
    places += [record.track[:, 1:3]]
    together = np.concatenate([p for p in places if len(p)] or [np.zeros((1, 2))])
    shown = Bounds(*together.min(axis=0), *together.max(axis=0)).grown(4.0 * MARGIN)
    # near squares side by side read best
    half = 0.5 * max(shown.width, shown.height)
    x, y = 0.5 * (shown.x_min + shown.x_max), 0.5 * (shown.y_min + shown.y_max)
    square = Bounds(x - half, y - half, x + half, y + half)
    if extent is None:
        return square
    return Bounds(
        max(square.x_min, extent.x_min),
        max(square.y_min, extent.y_min),
        min(square.x_max, extent.x_max),
        min(square.y_max, extent.y_max),
    )


def _corners(plan: Entry | None) -> Array:
    """Return the (n, 2) waypoints of a plan in the form of plan files."""
    waypoints = plan.get("waypoints", []) if isinstance(plan, dict) else []
    return _xy([(w.get("x"), w.get("y")) for w in waypoints])


def _xy(rows: Sequence[Sequence[Any]] | None) -> Array:
    """Return the first two columns of rows as (n, 2); rows without two finite numbers are left out."""
    kept = []
    for row in rows or []:
        pair = [v for v in list(row)[:2] if isinstance(v, (int, float)) and np.isfinite(v)]
        if len(pair) == 2:
            kept.append(pair)
    return np.array(kept, dtype=np.float64).reshape(-1, 2)
