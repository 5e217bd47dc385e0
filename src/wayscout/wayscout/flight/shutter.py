# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""When pictures are due along a path: at its stations, and where a swing would part two of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wayscout.flight.trajectory import Trajectory
from wayscout.geometry import Pose

Array = npt.NDArray[np.float64]

LONGEST_DELAY = 1.0  # [s] after which a picture is not that which was asked for last
DELAY_SHARE = 0.3  # of the last picture's delay that enters the delay that is reckoned with
VIEW_MOVED = 1.8  # spacings of pictures by which a swing may move what the camera sees before one more is due


class Shutter:
    """Says when to ask for a picture.

    Attributes:
        pictured: (2,) where the last picture was asked for [m]; None before the first.
    """

    def __init__(self, path: Trajectory) -> None:
        self.pictured: Array | None = None
        self._viewed: Array | None = None  # x, y of the ground that the last picture shows in its middle
        self._asked_at, self._delay = -np.inf, 0.0  # when it was asked for, and how long pictures take [s]
        self.follow(path)

    def follow(self, path: Trajectory) -> None:
        """Go on with another path, from its beginning."""
        self._path = path
        self._next = self._next_colour = 0
        gaps = np.diff(path.pictures)
        self._spacing = float(np.median(gaps)) if len(gaps) else float("inf")

    @property
    def todo(self) -> int:
        """How many stations are left, those of grey and colour pictures counted each."""
        return len(self._path.pictures) - self._next + len(self._path.colours) - self._next_colour

    def due(self, s: float, speed: float, period: float, pose: Pose, height: float) -> tuple[bool, bool]:
        """Whether a grey and a colour picture are due; their stations count as reached.

        Args:
            s: distance along the path [m]. speed: along it [m/s]. period: to the next chance to ask [s].
            pose: base_link in map. height: above ground [m].
        """
        # Half a period ahead: the next chance would be further off. A camera that is late is asked sooner.
        reached = s + speed * (0.5 * period + self._delay)
        next_one = int(np.searchsorted(self._path.pictures, reached, side="right"))
        next_colour = int(np.searchsorted(self._path.colours, reached, side="right"))
        grey, colour = next_one > self._next, next_colour > self._next_colour
        self._next, self._next_colour = max(next_one, self._next), max(next_colour, self._next_colour)
        return grey or self._view_moved(_view(pose, height)), colour

    def asked(self, time: float, pose: Pose, height: float) -> None:
        """Note that a picture was asked for at a time [s]."""
        self.pictured, self._viewed = pose.position[:2].copy(), _view(pose, height)
        self._asked_at = time

    def took(self, time: float) -> None:
        """Note when the picture asked for last was taken [s]: the next are asked for sooner by that."""
        delay = time - self._asked_at
        if 0.0 <= delay < LONGEST_DELAY:
            self._delay += DELAY_SHARE * (delay - self._delay)

    def _view_moved(self, view: Array) -> bool:
        """Whether a swing has moved the view so far since the last picture that one more must tie them."""
        stations, due = self._path.pictures, self._next
        if self._viewed is None or not 0 < due < len(stations):
            return False
        on_leg = stations[due] - stations[due - 1] < 1.5 * self._spacing
        return bool(on_leg and np.hypot(*(view - self._viewed)) > VIEW_MOVED * self._spacing)


def _view(pose: Pose, height: float) -> Array:
    """Return the (2,) ground point in map that the body's down axis meets [m]."""
    up = pose.rotation()[:, 2]
    return np.asarray(pose.position[:2] - up[:2] * (height / max(float(up[2]), 0.5)))
