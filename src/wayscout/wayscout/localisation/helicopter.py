# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Where the helicopter is while it flies: odometry, laser range and single pictures on the orbital image.

An extended Kalman filter over nine numbers (and the position at the last picture, to which the way between
pictures refers): position in map (3), turn of the odometry frame about the
vertical, odometry's share of scale error, its error of travel direction, the orbital map's shift (2), and the
orbital elevation's local error. Roll and pitch are measured absolutely and taken as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wayscout.camera import Camera
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.localisation.drift import DriftFilter
from wayscout.localisation.flight_adjustment import AdjustmentParams
from wayscout.localisation.orbital import (
    LASER_DOWN,
    Match,
    Orbital,
    check_picture,
    laser_point,
    match_picture,
)
from wayscout.localisation.picture_odometry import PictureOdometry

Array = npt.NDArray[np.float64]
_X, _Y, _Z, _TURN, _SCALE, _BEARING, _SX, _SY, _BIAS = range(9)
_SIZE = 12
_CLONE = slice(9, 12)
_OVER_STAND = 0.7  # m, how far from its stand the laser still sees the same ground


@dataclass(frozen=True)
class HelicopterParams:
    """See config/localiser.yaml, which describes every number."""

    flight_scale_sigma: float
    flight_bearing_sigma: float
    flight_walk: float
    flight_turn_walk: float
    flight_pixel_sigma: float
    flight_attitude_sigma: float
    elevation_match_sigma: float
    elevation_correlation: float
    stand_sigma: float
    picture_match_sigma: float
    picture_min_score: float
    picture_min_lead: float
    picture_max_reach: float
    gate: float


@dataclass(frozen=True)
class PictureResult:
    """What became of a picture: the match, whether it was used and why not."""

    match: Match | None
    used: bool
    reason: str


class HelicopterFilter(DriftFilter):
    """Drift correction of the helicopter, step by step.

    Args:
        camera: the downward camera; mount: its optical frame in base_link; laser: laser frame in base_link.
        params: see HelicopterParams. following: how points are followed from picture to picture.
        orbital: orbital map, or None when there is none.
        start: base_link in map before take-off; start_sigma: (3,) [m]; heading_sigma: [rad].
    """

    def __init__(
        self,
        camera: Camera,
        mount: Pose,
        params: HelicopterParams,
        following: AdjustmentParams,
        orbital: Orbital | None,
        start: Pose,
        start_sigma: npt.ArrayLike = (0.1, 0.1, 0.05),
        heading_sigma: float = 0.0035,
        *,
        laser: Pose | None = None,
    ) -> None:
        self._mount, self._params, self._following, self._orbital = mount, params, following, orbital
        self._laser = laser or LASER_DOWN
        super().__init__(_SIZE, start)
        self._distance = float("nan")
        self._since_range = np.inf
        shift_sigma = orbital.shift_sigma if orbital else 1.0
        self._state[:3] = start.position
        sigma = [*np.asarray(start_sigma, dtype=np.float64), heading_sigma, params.flight_scale_sigma,
                 params.flight_bearing_sigma, shift_sigma, shift_sigma, self._bias_sigma]  # fmt: skip
        self._covariance[:9, :9] = np.diag(np.square(np.maximum(sigma, 1e-4)))
        self.set_camera(camera)
        self._has_clone = False
        self._stand = start.position.copy()

    @property
    def _bias_sigma(self) -> float:
        return max(self._orbital.elevation_sigma if self._orbital else 0.5, 0.1) * 1.2

    def set_camera(self, camera: Camera) -> None:
        """Use other intrinsics from now on."""
        self._camera = camera
        self._way = PictureOdometry(
            camera,
            self._mount,
            self._laser,
            self._following,
            pixel_sigma=self._params.flight_pixel_sigma,
            attitude_sigma=self._params.flight_attitude_sigma,
        )

    @property
    def shift(self) -> tuple[Array, Array]:
        """(2,) shift of the orbital map [m] and its standard deviation (2,) [m]."""
        return self._state[[_SX, _SY]].copy(), np.sqrt(np.diag(self._covariance)[[_SX, _SY]])

    def step(self, odom: Pose, distance: float = float("nan")) -> Pose:
        """Take one odometry message and the laser range of the same instant; return map -> odom.

        Args:
            odom: base_link in the odometry frame. distance: [m], NaN where the laser had no echo.
        """
        if self._odom is None:
            self._state[_TURN] = self._start.yaw - odom.yaw
        else:
            self._predict(odom)
        self._odom = odom
        self._distance = float(distance) if np.isfinite(distance) and distance > 0.0 else float("nan")
        if np.isfinite(self._distance) and self._since_range > 0.5:
            self._match_range()
            self._since_range = 0.0
        return self.correction()

    def _predict(self, odom: Pose) -> None:
        assert self._odom is not None
        p, x = self._params, self._state
        step = odom.position - self._odom.position
        length = float(np.linalg.norm(step))
        if length < 1e-6:
            return
        angle = x[_TURN] + x[_BEARING]
        c, s = np.cos(angle), np.sin(angle)
        turned = np.array([c * step[0] - s * step[1], s * step[0] + c * step[1], step[2]])
        moved = (1.0 + x[_SCALE]) * turned
        jacobian = np.eye(_SIZE)
        jacobian[:3, _SCALE] = turned
        jacobian[0, _TURN] = jacobian[0, _BEARING] = -moved[1]
        jacobian[1, _TURN] = jacobian[1, _BEARING] = moved[0]
        keep = float(np.exp(-np.hypot(step[0], step[1]) / p.elevation_correlation))
        jacobian[_BIAS, _BIAS] = keep
        x[:3] += moved
        x[_BIAS] *= keep
        noise = np.zeros(_SIZE)
        noise[:3] = p.flight_walk**2 * length
        noise[_TURN] = p.flight_turn_walk**2 * length
        noise[_BIAS] = self._bias_sigma**2 * (1.0 - keep**2)
        self._covariance = jacobian @ self._covariance @ jacobian.T + np.diag(noise)
        self._since_range += length

    def _match_range(self) -> None:
        """Height from the laser over the orbital elevation, whose error is one of the unknowns."""
        hit = laser_point(self.pose, self._laser, self._distance)
        h = np.zeros(_SIZE)
        if np.hypot(*(hit[:2] - self._stand[:2])) < _OVER_STAND:
            # Straight above the place where it stood: that ground's height is the stand's.
            h[_Z] = 1.0
            self._update(
                h[None], np.array([self._stand[2] - hit[2]]), np.array([[self._params.stand_sigma**2]])
            )
        if self._orbital is None:
            return
        sx, sy = self._state[[_SX, _SY]]
        o = np.array([0.0, 1.0, -1.0, 0.0, 0.0])
        z = self._orbital.elevation.sample("elevation", hit[0] + sx + o, hit[1] + sy + o[[0, 3, 4, 1, 2]])
        if not np.all(np.isfinite(z)):
            return
        gx, gy = 0.5 * (z[1] - z[2]), 0.5 * (z[3] - z[4])
        # hit_z + bias = elevation(x + sx, y + sy)
        h = np.zeros(_SIZE)
        h[_Z], h[_BIAS] = 1.0, 1.0
        h[_X], h[_Y], h[_SX], h[_SY] = -gx, -gy, -gx, -gy
        rough = 0.25 * float(np.ptp(z))
        self._update(
            h[None],
            np.array([z[0] - hit[2] - self._state[_BIAS]]),
            np.array([[(self._params.elevation_match_sigma + rough) ** 2]]),
        )

    def picture(self, image: npt.NDArray[np.generic]) -> PictureResult:
        """Match a picture taken at the instant of the last step.

        Raises:
            InvalidInput: for a picture of wrong size or type.
        """
        grey = check_picture(image, self._camera)
        self._match_way(grey)
        result = self._match_orbital(grey)
        self._state[_CLONE] = self._state[:3]
        self._covariance[_CLONE] = self._covariance[:3]
        self._covariance[:, _CLONE] = self._covariance[:, :3]
        self._has_clone = True
        return result

    def _match_way(self, grey: npt.NDArray[np.uint8]) -> None:
        """The way since the last picture, seen by points on the ground."""
        if self._odom is None:
            return
        way = self._way.step(grey, self._odom, self._distance)
        if way is None or not self._has_clone:
            return
        turn = Pose.from_euler(0.0, 0.0, 0.0, yaw=float(self._state[_TURN])).rotation()
        turned = turn @ way.step
        h = np.zeros((3, _SIZE))
        h[:, :3], h[:, _CLONE] = np.eye(3), -np.eye(3)
        h[0, _TURN], h[1, _TURN] = turned[1], -turned[0]
        noise = turn @ way.covariance @ turn.T
        self._update(h, turned - (self._state[:3] - self._state[_CLONE]), noise, gated=True)

    def _match_orbital(self, grey: npt.NDArray[np.uint8]) -> PictureResult:
        if self._orbital is None:
            return PictureResult(None, False, "no orbital map")
        if self._odom is None or not np.isfinite(self._distance):
            return PictureResult(None, False, "no laser range")
        p = self._params
        pose = self.pose
        both = np.zeros((2, _SIZE))
        both[0, [_X, _SX]] = 1.0
        both[1, [_Y, _SY]] = 1.0
        spread = np.sqrt(np.diag(both @ self._covariance @ both.T))
        reach = float(np.clip(3.0 * spread.max() + 0.3, 0.75, p.picture_max_reach))
        ground = laser_point(pose, self._laser, self._distance)
        shift = self._state[[_SX, _SY]].copy()
        match = match_picture(self._orbital, grey, self._camera, pose @ self._mount, ground, shift, reach)
        if match is None:
            return PictureResult(None, False, "nothing to compare")
        if match.score < p.picture_min_score or match.lead < p.picture_min_lead:
            return PictureResult(match, False, f"weak match (score {match.score:.2f}, lead {match.lead:.2f})")
        sigma = float(np.hypot(p.picture_match_sigma, match.sigma))
        used = self._update(both, match.offset - shift, sigma**2 * np.eye(2), gated=True)
        return PictureResult(match, used, "" if used else "outlier")

    def _update(self, h: Array, residual: Array, noise: Array, gated: bool = False) -> bool:
        covariance = self._covariance
        innovation = h @ covariance @ h.T + noise
        distance = float(residual @ np.linalg.solve(innovation, residual))
        if gated and distance > self._params.gate**2:
            return False
        if not gated and distance > self._params.gate**2:
            innovation *= distance / self._params.gate**2
        gain = covariance @ h.T @ np.linalg.inv(innovation)
        self._state += gain @ residual
        keep = np.eye(_SIZE) - gain @ h
        self._covariance = keep @ covariance @ keep.T + gain @ noise @ gain.T
        return True

    def settle(
        self,
        correction: Pose,
        position_sigma: npt.ArrayLike,
        heading_sigma: float,
        shift: npt.ArrayLike | None = None,
        shift_sigma: npt.ArrayLike | None = None,
    ) -> None:
        """Take over what the adjustment of a flight found; the next flight draws new odometry errors.

        Args:
            correction: odometry frame in map (map -> odom) at the landed pose.

        Raises:
            InvalidInput: before the first step.
        """
        if self._odom is None:
            raise InvalidInput("helicopter odometry", None, "no odometry has come yet")
        landed = correction @ self._odom
        if correction.tilt() > 0.05:
            raise InvalidInput("correction", correction.euler(), "a turn about the vertical is needed")
        p = self._params
        old = self._covariance
        self._state[:3], self._state[_TURN] = landed.position, correction.yaw
        self._state[[_SCALE, _BEARING]] = 0.0
        sigma = [*np.asarray(position_sigma, dtype=np.float64), heading_sigma, p.flight_scale_sigma,
                 p.flight_bearing_sigma, np.sqrt(old[_SX, _SX]), np.sqrt(old[_SY, _SY]),
                 self._bias_sigma]  # fmt: skip
        if shift is not None and shift_sigma is not None:
            self._state[[_SX, _SY]] = np.asarray(shift, dtype=np.float64)
            sigma[6:8] = np.asarray(shift_sigma, dtype=np.float64)
        self._state[_BIAS] = 0.0
        self._covariance = np.zeros((_SIZE, _SIZE))
        self._covariance[:9, :9] = np.diag(np.square(np.maximum(sigma, 1e-4)))
        self._stand = landed.position.copy()
        self._way.forget()
        self._has_clone = False
        self._since_range = np.inf
