# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Between decisions and what is published and written of them."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from geometry_msgs.msg import Point
from nav_msgs.msg import Path as PathMsg
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray
from wayscout_interfaces.msg import OrbitalMap, RouteCandidate, RouteDecision

from wayscout.errors import InvalidInput
from wayscout.grid import Grid
from wayscout.routing.compare import Candidate, Decision
from wayscout.routing.corridor import Corridor
from wayscout.routing.costs import OrbitalKnowledge
from wayscout_nodes.common import convert

_COLOURS = ((0.10, 0.55, 0.95), (0.95, 0.55, 0.10), (0.45, 0.80, 0.25), (0.75, 0.35, 0.85))
_BLOCKED = (0.85, 0.1, 0.1)


def orbital(message: OrbitalMap) -> tuple[OrbitalKnowledge, list[Corridor]]:
    """Return what `map/orbital` says; raises InvalidInput naming the field."""
    grid = convert.tile(message.elevation, "map/orbital.elevation")
    grid["elevation"]
    for name in ("elevation_sigma", "shift_sigma"):
        value = getattr(message, name)
        if not (math.isfinite(value) and value >= 0.0):
            raise InvalidInput(f"map/orbital.{name}", value, "zero or more metres are needed")
    corridors = [Corridor.of(c.name, [(p.x, p.y) for p in c.centreline], c.width) for c in message.corridors]
    return OrbitalKnowledge(grid, message.elevation_sigma, message.shift_sigma), corridors


def to_path(candidate: Candidate, frame: str, time: float) -> PathMsg:
    """Return a candidate's path with heights and headings; no poses where it has none."""
    xyz = np.column_stack([candidate.path, np.nan_to_num(candidate.height)])
    return convert.to_path(xyz, candidate.heading, frame, time)


def to_decision(decision: Decision, frame: str, time: float, seconds: float) -> RouteDecision:
    message = RouteDecision(choice=decision.choice, basis=decision.basis, compute_seconds=seconds)
    message.header.frame_id, message.header.stamp = frame, convert.to_stamp(time)
    message.reasons = list(decision.reasons)
    message.look_at = [Point(x=float(x), y=float(y)) for x, y in decision.look_at]
    message.candidates = [_to_candidate(c, frame, time) for c in decision.candidates]
    return message


def _to_candidate(c: Candidate, frame: str, time: float) -> RouteCandidate:
    return RouteCandidate(
        channel=c.channel,
        passable=c.passable,
        path=to_path(c, frame, time),
        cost=c.cost,
        length=c.length,
        climb=c.climb,
        steepest_slope=c.steepest_slope,
        largest_tilt=c.largest_tilt,
        energy=c.energy,
        duration=c.duration,
        margin=c.margin,
        unknown_share=c.unknown_share,
        success_probability=c.success_probability,
        reasons=list(c.reasons),
    )


def to_markers(decision: Decision, frame: str, time: float) -> MarkerArray:
    """Return one line for each channel, the chosen one thick, and a ball at each blocking place."""
    array = MarkerArray(markers=[_marker(frame, time, "clear", 0, Marker.CUBE)])
    array.markers[0].action = Marker.DELETEALL
    for i, c in enumerate(decision.candidates):
        line = _marker(frame, time, c.channel, 0, Marker.LINE_STRIP)
        line.scale.x = 0.8 if c.channel == decision.choice else 0.25
        line.color = _colour(_COLOURS[i % len(_COLOURS)])
        heights = np.nan_to_num(c.height) + 0.3
        line.points = [convert.to_point((x, y, z)) for (x, y), z in zip(c.path, heights, strict=True)]
        if len(line.points) > 1:
            array.markers.append(line)
        for k, (x, y) in enumerate(c.blocked_at):
            ball = _marker(frame, time, f"{c.channel} blocked", k, Marker.SPHERE)
            near = int(np.argmin(np.hypot(c.path[:, 0] - x, c.path[:, 1] - y)))
            ball.pose.position = convert.to_point((x, y, heights[near]))
            ball.scale.x = ball.scale.y = ball.scale.z = 2.0
            ball.color = _colour(_BLOCKED)
            array.markers.append(ball)
    return array


def _marker(frame: str, time: float, space: str, number: int, kind: int) -> Marker:
    marker = Marker(ns=space, id=number, type=kind, action=Marker.ADD)
    marker.header.frame_id, marker.header.stamp = frame, convert.to_stamp(time)
    marker.pose.orientation.w = 1.0
    return marker


def _colour(rgb: tuple[float, float, float]) -> ColorRGBA:
    return ColorRGBA(r=rgb[0], g=rgb[1], b=rgb[2], a=0.95)


def write(folder: Path, decision: Decision, planning_map: Grid, time: float, seconds: float) -> None:
    """Write decision.json (all numbers) and candidates.npz (paths, planning layers) over older ones."""
    folder.mkdir(parents=True, exist_ok=True)
    entry = asdict(decision) | {"sim_s": time, "compute_s": seconds}
    (folder / "decision.json").write_text(json.dumps(_plain(entry), indent=1))
    arrays: dict[str, Any] = {f"path_{c.channel}": c.path for c in decision.candidates}
    arrays |= {f"height_{c.channel}": c.height for c in decision.candidates}
    arrays |= {f"layer_{name}": layer for name, layer in planning_map.layers.items()}
    grid = np.array([planning_map.resolution, *planning_map.origin])
    np.savez_compressed(folder / "candidates.npz", resolution_x0_y0=grid, **arrays)


def _plain(value: Any) -> Any:
    """Turn arrays into lists and what JSON has no word for into null."""
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
