# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Where the vehicles have been, from the transforms."""

from __future__ import annotations

from geometry_msgs.msg import Point
from tf2_msgs.msg import TFMessage

from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout_nodes.common import convert

MOST = 4000  # points of a track; when there are more, every second one is given up


class Track:
    """The line that a vehicle's base_link has drawn in `map`.

    Args:
        vehicle: prefix of its frames.
        spacing: least distance between points [m]; it doubles whenever the track gets too long.
    """

    def __init__(self, vehicle: str, spacing: float) -> None:
        odom = f"{vehicle}/odom"
        self._links: dict[tuple[str, str], Pose | None] = {
            ("map", odom): None,
            (odom, f"{vehicle}/base_link"): None,
        }
        self._spacing = spacing
        self.points: list[Point] = []
        self.pose: Pose | None = None

    def take(self, message: TFMessage) -> None:
        """Follow one message of /tf; what is no use is left out, the localiser's listeners say so."""
        moved = False
        for item in message.transforms:
            link = (item.header.frame_id, item.child_frame_id)
            if link not in self._links:
                continue
            try:
                self._links[link] = convert.transform(item.transform, "/tf")
                moved = True
            except InvalidInput:
                continue
        correction, odom = self._links.values()
        if not moved or correction is None or odom is None:
            return
        self.pose = correction @ odom
        here = convert.to_point(self.pose.position)
        if self.points and _distance(here, self.points[-1]) < self._spacing:
            return
        self.points.append(here)
        if len(self.points) > MOST:
            self.points = self.points[::2]
            self._spacing *= 2.0


def _distance(a: Point, b: Point) -> float:
    return float(((a.x - b.x) ** 2 + (a.y - b.y) ** 2 + (a.z - b.z) ** 2) ** 0.5)
