# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Markers for viewers, group by group: who shows something anew replaces only what is theirs."""

from __future__ import annotations

from collections.abc import Iterable

from geometry_msgs.msg import Point
from rclpy.node import Node
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from wayscout.sites.records import SiteFindings, SiteObject
from wayscout_nodes.common import convert, qos

COLOURS = {
    "parachute": (0.98, 0.55, 0.10),
    "backshell": (0.15, 0.65, 0.95),
    "debris": (0.95, 0.20, 0.35),
    "line": (1.00, 0.95, 0.60),
}
LIFT = 0.05  # [m] above the ground, so that viewers don't bury outlines in it


class MarkerBoard:
    """Publishes science/markers, latched."""

    def __init__(self, node: Node) -> None:
        self._groups: dict[str, list[Marker]] = {}
        self._publisher = node.create_publisher(MarkerArray, "science/markers", qos.LATCHED)

    def show(self, group: str, markers: Iterable[Marker], time: float) -> None:
        """Replace a group (the namespace of its markers) and publish all of them."""
        self._groups[group] = list(markers)
        array = MarkerArray(markers=[Marker(action=Marker.DELETEALL)])
        for name, kept in self._groups.items():
            for number, marker in enumerate(kept):
                marker.header.frame_id, marker.header.stamp = "map", convert.to_stamp(time)
                marker.ns, marker.id = name, number
                array.markers.append(marker)
        self._publisher.publish(array)


def of_site(findings: SiteFindings) -> list[Marker]:
    """Return an outline and a label for each object, a label for canopy and backshell only."""
    markers = []
    for thing in findings.objects:
        markers.append(_outline(thing))
        if thing.kind in ("parachute", "backshell"):
            markers.append(_label(thing))
    return markers


def _outline(thing: SiteObject) -> Marker:
    red, green, blue = COLOURS.get(thing.kind, (1.0, 1.0, 1.0))
    colour = ColorRGBA(r=red, g=green, b=blue, a=1.0)
    if len(thing.outline) < 2:
        marker = Marker(type=Marker.SPHERE, color=colour)
        marker.pose.position = convert.to_point(thing.position)
        marker.pose.orientation.w = 1.0
        side = float(max(thing.size, 0.1))
        marker.scale.x = marker.scale.y = marker.scale.z = side
        return marker
    marker = Marker(type=Marker.LINE_STRIP, color=colour)
    marker.pose.orientation.w = 1.0
    marker.scale.x = 0.03 if thing.kind in ("line", "debris") else 0.08
    corners = [Point(x=float(x), y=float(y), z=float(z) + LIFT) for x, y, z in thing.outline]
    marker.points = corners if thing.kind == "line" else [*corners, corners[0]]
    return marker


def _label(thing: SiteObject) -> Marker:
    text = f"{thing.kind} {thing.size:.1f} +- {thing.size_sigma:.1f} m"
    marker = Marker(type=Marker.TEXT_VIEW_FACING, text=text, color=ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0))
    x, y, z = thing.position
    marker.pose.position = convert.to_point((x, y, z + max(thing.height, 0.0) + 1.5))
    marker.pose.orientation.w = 1.0
    marker.scale.z = 0.8
    return marker
