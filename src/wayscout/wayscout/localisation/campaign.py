# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The helicopter over several flights: filtered in flight, all pictures adjusted after each landing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wayscout.camera import Camera
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose, PoseBuffer
from wayscout.localisation.flight_adjustment import (
    AdjustedFlight,
    AdjustmentParams,
    FlightAdjuster,
    PosedPicture,
)
from wayscout.localisation.helicopter import HelicopterFilter, HelicopterParams, PictureResult
from wayscout.localisation.orbital import Orbital

Array = npt.NDArray[np.float64]

# After a flight, its pictures define the map frame for the next: what they leave open is how well a new
# picture meets them and the orbital image, not where the whole lies.
_TIED_SIGMA = 0.08
_TAIL_SHARE = 0.015


@dataclass
class _Start:
    position_sigma: Array
    heading_sigma: float


@dataclass(frozen=True)
class Estimate:
    """Where a picture was taken, as known in flight: stamp [s], optical frame in map, sigma [m]."""

    time: float
    optical: Pose
    sigma: float


class HelicopterCampaign:
    """Feeds one filter and, flight by flight, one adjuster.

    Args:
        camera: the downward camera; mount: its optical frame in base_link; laser: laser frame in base_link.
        flight: parameters of the filter; adjustment: of the adjustment. orbital: orbital map or None.
        start, start_sigma, heading_sigma: base_link in map before the first take-off, (3,) [m], [rad].
    """

    def __init__(
        self,
        camera: Camera,
        mount: Pose,
        laser: Pose,
        flight: HelicopterParams,
        adjustment: AdjustmentParams,
        orbital: Orbital | None,
        start: Pose,
        start_sigma: npt.ArrayLike,
        heading_sigma: float,
    ) -> None:
        self.filter = HelicopterFilter(
            camera, mount, flight, adjustment, orbital, start, start_sigma, heading_sigma, laser=laser
        )
        self._camera, self._mount, self._laser = camera, mount, laser
        self._adjustment, self._orbital = adjustment, orbital
        self._adjuster = FlightAdjuster(camera, mount, adjustment, orbital, laser=laser)
        self._start: _Start | None = None
        self._earlier: list[PosedPicture] = []
        self._shift: tuple[Array, Array] | None = None
        self.estimates: list[Estimate] = []
        self._odom: Pose | None = None
        self._distance = float("nan")
        self._at_picture: tuple[Pose, Pose] | None = None  # odometry and filtered pose at the last picture

    @property
    def pictures(self) -> int:
        """How many pictures of the present flight are held."""
        return len(self._adjuster)

    def set_camera(self, camera: Camera) -> None:
        """Use other intrinsics from now on; pictures held so far are forgotten."""
        self._camera = camera
        self.filter.set_camera(camera)
        self.discard_pictures()

    def step(self, odom: Pose, distance: float = float("nan")) -> Pose:
        """Take odometry and laser range of one instant; return map -> odom."""
        self._odom, self._distance = odom, distance
        return self.filter.step(odom, distance)

    def picture(self, time: float, image: npt.NDArray[np.generic]) -> PictureResult:
        """Take the picture of the last step's instant: correct the filter and keep it for the adjustment.

        Raises:
            InvalidInput: for a picture of wrong size or type, before any odometry, or a time that stands.
        """
        if self._odom is None:
            raise InvalidInput("picture", time, "odometry of the same instant is needed first")
        estimate = self.filter.pose
        sigma = _Start(self.filter.position_sigma, self.filter.heading_sigma)
        self._adjuster.add_picture(time, image, self._odom, self._distance, estimate)
        if len(self._adjuster) == 1:
            self._start = sigma
        result = self.filter.picture(image)
        self._at_picture = (self._odom, self.filter.pose)
        self.estimates.append(
            Estimate(time, self.filter.pose @ self._mount, float(self.filter.position_sigma.max()))
        )
        return result

    def finish_flight(self, odometry: PoseBuffer | None = None) -> AdjustedFlight | None:
        """Adjust the flight's pictures and settle the landed helicopter on them; None with fewer than two.

        Args:
            odometry: of the flight, where it is known better now than it was in flight.
        """
        if len(self._adjuster) < 2:
            self.discard_pictures()
            return None
        assert self._start is not None
        shift, shift_sigma = self._shift or (np.zeros(2), None)
        adjusted = self._adjuster.adjust(
            tuple(self._start.position_sigma), self._start.heading_sigma, shift, shift_sigma, self._earlier,
            odometry,
        )  # fmt: skip
        self._earlier += adjusted.pictures
        self._shift = (adjusted.shift, np.full(2, _TIED_SIGMA))
        self._settle(adjusted)
        self.discard_pictures()
        return adjusted

    def discard_pictures(self) -> None:
        """Forget the pictures of the present flight."""
        self._adjuster = FlightAdjuster(
            self._camera, self._mount, self._adjustment, self._orbital, laser=self._laser
        )
        self._start, self._at_picture = None, None
        self.estimates = []

    def _settle(self, adjusted: AdjustedFlight) -> None:
        assert self._at_picture is not None
        assert self._odom is not None
        odom, filtered = self._at_picture
        last = adjusted.optical_poses[-1] @ self._mount.inverse()
        # What came after the last picture is known from the filter alone; its scale beats odometry's.
        tail = self.filter.pose.position - filtered.position
        bend = Pose.from_euler(0.0, 0.0, 0.0, yaw=last.yaw - filtered.yaw)
        landed = last.position + bend.apply(tail)
        turn = Pose.from_euler(0.0, 0.0, 0.0, yaw=last.yaw - odom.yaw)
        correction = Pose(landed - turn.apply(self._odom.position), turn.quaternion)
        sigma = _TIED_SIGMA + _TAIL_SHARE * float(np.linalg.norm(tail))
        self.filter.settle(correction, np.full(3, sigma), 0.003, adjusted.shift, np.full(2, _TIED_SIGMA))
