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
from visualization_msgs.msg import MarkerArray
from wayscout_interfaces.msg import RouteCandidate, RouteDecision

from wayscout.grid import Grid
from wayscout.routing.compare import Candidate, Decision
from wayscout_nodes.common import convert, markers

_BLOCKED = (0.85, 0.1, 0.1)
_LIFT, _THIN, _THICK, _BALL = 0.3, 0.25, 0.8, 2.0  # [m] above the ground; of lines and balls


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


def to_markers(decision: Decision) -> MarkerArray:
    """Return one line for each channel, the chosen one thick, and a ball at each blocking place."""
    shown = []
    for i, c in enumerate(decision.candidates):
        colour = markers.ROUTES[i % len(markers.ROUTES)]
        heights = np.nan_to_num(c.height) + _LIFT
        width = _THICK if c.channel == decision.choice else _THIN
        if len(c.path) > 1:
            xyz = np.column_stack([c.path, heights])
            shown.append(markers.line(c.channel, 0, xyz, width, colour))
        if len(c.blocked_at):
            blocked = np.asarray(c.blocked_at, dtype=np.float64)
            near = [int(np.argmin(np.hypot(*(c.path - place).T))) for place in blocked]
            xyz = np.column_stack([blocked, heights[near]])
            shown.append(markers.balls(f"{c.channel} blocked", 0, xyz, _BALL, _BLOCKED))
    return markers.fresh(shown)


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
