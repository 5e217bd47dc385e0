# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Where another camera's pictures of a flight were taken, from the track of the navigation pictures."""

from __future__ import annotations

import bisect
from collections import deque
from collections.abc import Sequence

import numpy as np

from wayscout.errors import InvalidInput
from wayscout.geometry import Pose, PoseBuffer, interpolate
from wayscout.localisation.campaign import Estimate

SAME = 1e-6  # [s] within which two pictures were taken at one instant
LONGEST = 600.0  # [s] of odometry that are kept: more than a flight and its landing


class Companion:
    """A camera beside the navigation camera, whose pictures are too few or too tilted to be adjusted.

    A picture taken at the instant of a navigation picture takes over its adjusted body pose. One in between
    is led from both neighbours by odometry, and the two results are blended by time.

    Args:
        mount: optical frame of this camera in base_link; navigation: that of the navigation camera.
        share: error of odometry as a share of the way to the nearer neighbour, added to its sigma.
    """

    def __init__(self, mount: Pose, navigation: Pose, share: float) -> None:
        self._mount = mount
        self._body = navigation.inverse()  # base_link in the navigation camera's optical frame
        self._share = share
        self._odometry = PoseBuffer(LONGEST)
        self._times: deque[float] = deque()

    def __len__(self) -> int:
        """How many pictures of this camera are held."""
        return len(self._times)

    def step(self, time: float, odom: Pose) -> None:
        """Take odometry, base_link in the odometry frame, of one instant [s]."""
        self._odometry.add(time, odom)

    def add(self, time: float) -> None:
        """Note that a picture was taken [s]."""
        self._times.append(time)

    def finish(self, track: Sequence[Estimate]) -> list[Estimate]:
        """Return where this camera's pictures were taken, and begin a new flight.

        Args:
            track: of the navigation pictures, as adjusted or as known in flight, in the order of time.

        Raises:
            InvalidInput: when there are pictures but no track to hang them on.
            OutOfTime: when odometry does not reach the time of a picture.
        """
        times = list(self._times)
        self.discard()
        if times and not track:
            raise InvalidInput("track", len(track), "navigation pictures of the same flight are needed")
        known = [estimate.time for estimate in track]
        return [self._locate(time, track, known) for time in times]

    def discard(self) -> None:
        """Forget the pictures of the present flight."""
        self._times.clear()

    def _locate(self, time: float, track: Sequence[Estimate], known: Sequence[float]) -> Estimate:
        after = min(bisect.bisect_left(known, time - SAME), len(known) - 1)
        before = after if known[after] <= time + SAME else max(after - 1, 0)
        if abs(known[after] - time) <= SAME:
            return Estimate(time, track[after].optical @ self._body @ self._mount, track[after].sigma)
        span = known[after] - known[before]
        fraction = float(np.clip((time - known[before]) / span, 0.0, 1.0)) if span > 0.0 else 0.0
        odom = self._odometry.lookup(time)
        first, second = (self._led(track[i], time, odom) for i in (before, after))
        way = min(
            float(np.linalg.norm(odom.position - self._odometry.lookup(known[i]).position))
            for i in (before, after)
        )
        sigma = max(track[before].sigma, track[after].sigma) + self._share * way
        return Estimate(time, interpolate(first, second, fraction) @ self._mount, sigma)

    def _led(self, known: Estimate, time: float, odom: Pose) -> Pose:
        """Return base_link in map at a time, by odometry from a navigation picture."""
        body, then = known.optical @ self._body, self._odometry.lookup(known.time)
        # Only position and heading of odometry drift; roll and pitch are measured at both instants.
        turn = Pose.from_euler(0.0, 0.0, 0.0, yaw=body.yaw - then.yaw)
        moved = body.position + turn.apply(odom.position - then.position)
        return Pose(moved, (turn @ odom).quaternion)
