# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Hazards that the map's layers don't hold, entered into the planning map."""

from __future__ import annotations

from wayscout_interfaces.msg import Hazards

from wayscout.grid import Grid


def mark_hazards(grid: Grid, hazards: Hazards) -> None:
    """Enter rocks and steps that the map's layers don't hold, such as those the rover saw, into `rock`."""
    if "rock" not in grid:
        grid.add("rock", 0.0)
    xs, ys = grid.centres()
    for hazard in hazards.hazards:
        if hazard.kind not in ("rock", "step") or hazard.probability < 0.5:
            continue
        x, y, radius = hazard.position.x, hazard.position.y, min(max(hazard.radius, grid.resolution), 3.0)
        height = abs(hazard.height)
        cols = slice(*(int(v) for v in xs.searchsorted([x - radius, x + radius])))
        rows = slice(*(int(v) for v in ys.searchsorted([y - radius, y + radius])))
        if cols.start == cols.stop or rows.start == rows.stop:
            continue
        part = grid["rock"][rows, cols]
        inside = (xs[cols][None, :] - x) ** 2 + (ys[rows][:, None] - y) ** 2 <= radius**2
        part[inside & ~(part >= height)] = height
