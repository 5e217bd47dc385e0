# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A look before landing: a small map of the ground below, from pictures taken on the way in.

The flight's own pictures serve, with the same adjustment and the same mapping as the terrain map; only that
it is made in flight, of a few pictures, and hangs on where the helicopter believes to be *now*. So what it
shows lies where the helicopter will find it, whatever the drift in `map` is.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from wayscout.camera import Camera
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.grid import Bounds, Grid
from wayscout.localisation.flight_adjustment import AdjustmentParams, FlightAdjuster
from wayscout.mapping.mapper import MapperParams, TerrainMapper

Array = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

FEWEST = 3  # pictures of which a map is made: two leave every cell to one pair
CLOSE = 0.3  # [m] within which two pictures count as taken from one place


@dataclass(frozen=True)
class _Taken:
    time: float
    image: Picture
    odom: Pose
    distance: float


class LandingLook:
    """Keeps the last pictures of a flight and makes a map of those near a place.

    Args:
        camera: the downward camera; mount: its optical frame in base_link; laser: laser frame in base_link.
        adjustment, mapper: as for the whole flight; the mapper's threads are set to one.
        kept: how many pictures are kept and used at most.
    """

    def __init__(
        self,
        camera: Camera,
        mount: Pose,
        laser: Pose,
        adjustment: AdjustmentParams,
        mapper: MapperParams,
        kept: int = 6,
    ) -> None:
        self.camera = camera
        self._mount, self._laser = mount, laser
        self._adjustment, self._mapper = adjustment, replace(mapper, threads=1)
        self._taken: deque[_Taken] = deque(maxlen=kept)

    def begin(self) -> None:
        """Forget the pictures of the flight before."""
        self._taken.clear()

    def add(self, time: float, image: Picture, odom: Pose, distance: float) -> None:
        """Keep a picture.

        Args:
            time: [s], growing. image: (height, width) uint8.
            odom: base_link in the odometry frame at that time. distance: laser range [m], NaN for none.
        """
        if self._taken and np.linalg.norm(odom.position - self._taken[-1].odom.position) < CLOSE:
            return
        self._taken.append(_Taken(time, image, odom, distance))

    def seen_from(self, correction: Pose, place: Array, reach: float) -> int:
        """Return how many of the pictures kept were taken within `reach` [m] of a place x, y in map."""
        return len(self._near(correction, place, reach))

    def map(self, correction: Pose, place: Array, reach: float) -> Grid | None:
        """Return a map of the ground around a place, layers as of the terrain map; None when too few saw it.

        Args:
            correction: odometry frame in map (map -> odom), now.
            place: (2,) x, y in map [m]; pictures taken within `reach` [m] of it are used.
        """
        near = self._near(correction, place, reach)
        if len(near) < FEWEST:
            return None
        adjuster = FlightAdjuster(self.camera, self._mount, self._adjustment, None, laser=self._laser)
        try:
            for t in near:
                adjuster.add_picture(t.time, t.image, t.odom, t.distance, correction @ t.odom)
            adjusted = adjuster.adjust(start_sigma=(0.01, 0.01, 0.01), heading_sigma=0.001)
        except (InvalidInput, np.linalg.LinAlgError):
            return None  # nothing to follow on this ground: no map is better than a bent one
        # The newest picture hangs where odometry has it now.
        newest = correction @ near[-1].odom @ self._mount
        off = newest.position - adjusted.optical_poses[-1].position
        poses = [Pose(p.position + off, p.quaternion) for p in adjusted.optical_poses]
        mapper = TerrainMapper(self.camera, self._mapper)
        mapper.add_flight([t.image for t in near], poses)
        covered = mapper.store.covered()
        if covered is None:
            return None
        x, y = float(place[0]), float(place[1])
        around = Bounds(x - 2.0 * reach, y - 2.0 * reach, x + 2.0 * reach, y + 2.0 * reach)
        try:
            return mapper.grid().crop(around)
        except InvalidInput:
            return None

    def _near(self, correction: Pose, place: Array, reach: float) -> list[_Taken]:
        def gap(taken: _Taken) -> float:
            position = (correction @ taken.odom).position
            return float(np.hypot(position[0] - place[0], position[1] - place[1]))

        return [t for t in self._taken if gap(t) <= reach]
