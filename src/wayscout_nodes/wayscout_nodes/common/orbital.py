# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What the orbital map says, for whoever plans ways on it."""

from __future__ import annotations

import math

from wayscout_interfaces.msg import OrbitalMap

from wayscout.corridor import Corridor
from wayscout.errors import InvalidInput
from wayscout.routing.costs import OrbitalKnowledge
from wayscout_nodes.common import convert


def knowledge(message: OrbitalMap) -> tuple[OrbitalKnowledge, list[Corridor]]:
    """Return what `map/orbital` says; raises InvalidInput naming the field."""
    grid = convert.tile(message.elevation, "map/orbital.elevation")
    grid["elevation"]
    for name in ("elevation_sigma", "shift_sigma"):
        value = getattr(message, name)
        if not (math.isfinite(value) and value >= 0.0):
            raise InvalidInput(f"map/orbital.{name}", value, "zero or more metres are needed")
    corridors = [Corridor.of(c.name, [(p.x, p.y) for p in c.centreline], c.width) for c in message.corridors]
    return OrbitalKnowledge(grid, message.elevation_sigma, message.shift_sigma), corridors
