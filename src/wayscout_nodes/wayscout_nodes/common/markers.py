# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Markers for viewers, in the frame `map`.

They carry no stamp: what is drawn in `map` holds at all times, and a viewer needs no transform for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from wayscout_nodes.common import convert

Colour = tuple[float, float, float]
"""Red, green, blue, 0 to 1."""
WHITE: Colour = (1.0, 1.0, 1.0)
ROUTES: tuple[Colour, ...] = ((0.10, 0.55, 0.95), (0.95, 0.55, 0.10), (0.45, 0.80, 0.25), (0.75, 0.35, 0.85))
"""One colour a channel, in their order."""


def marker(space: str, number: int, kind: int, colour: Colour, alpha: float = 0.95) -> Marker:
    """Return a marker of a namespace and type (Marker.SPHERE, ...), without size or place yet."""
    result = Marker(ns=space, id=number, type=kind, action=Marker.ADD)
    result.header.frame_id = "map"
    result.pose.orientation.w = 1.0
    result.color = ColorRGBA(r=colour[0], g=colour[1], b=colour[2], a=alpha)
    return result


def fresh(markers: Iterable[Marker]) -> MarkerArray:
    """Return an array that replaces all that its topic showed before."""
    clear = Marker(action=Marker.DELETEALL)
    clear.header.frame_id = "map"
    return MarkerArray(markers=[clear, *markers])


def points(xyz: npt.ArrayLike) -> list[Point]:
    """Return (n, 3) positions [m] as points; those that are not finite are left out."""
    array = np.asarray(xyz, dtype=np.float64).reshape(-1, 3)
    return [Point(x=x, y=y, z=z) for x, y, z in array[np.isfinite(array).all(axis=1)].tolist()]


def line(
    space: str, number: int, xyz: npt.ArrayLike, width: float, colour: Colour, *, pairs: bool = False
) -> Marker:
    """Return a line through (n, 3) positions, or with `pairs` one between each two; `width` in [m]."""
    result = marker(space, number, Marker.LINE_LIST if pairs else Marker.LINE_STRIP, colour)
    result.scale.x = width
    result.points = points(xyz)
    return result


def balls(space: str, number: int, xyz: npt.ArrayLike, size: float, colour: Colour) -> Marker:
    """Return one marker with a ball of a diameter [m] at each of (n, 3) positions."""
    result = marker(space, number, Marker.SPHERE_LIST, colour)
    result.scale.x = result.scale.y = result.scale.z = size
    result.points = points(xyz)
    return result


def text(
    space: str, number: int, words: str, place: Sequence[float], height: float, colour: Colour = WHITE
) -> Marker:
    """Return words that face the viewer, with capital letters of a height [m], at x, y, z [m]."""
    result = marker(space, number, Marker.TEXT_VIEW_FACING, colour, alpha=1.0)
    result.text = words
    result.scale.z = height
    result.pose.position = convert.to_point(place)
    return result
