# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""White noise of a measured attitude averaged away along what the gyros say.

A picture's tilt error moves the ground below it by height times tilt, and a row of pictures sums such
errors up to a bend of the whole map; so each should know what all attitudes before it say, not its own alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.geometry import Pose

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class AttitudeParams:
    """See config/localiser.yaml, which describes every number."""

    attitude_noise: float
    gyro_walk: float
    gyro_bias_sigma: float
    gyro_gap: float
    gyro_gate: float


class AttitudeFilter:
    """Kalman filter of an attitude and its gyros' bias.

    The three axes are alike and small errors do not mix, so that one 2 x 2 covariance serves all of them
    (multiplicative error state: Markley & Crassidis, Fundamentals of Spacecraft Attitude Determination and
    Control, section 6.2, with a scalar per axis). A gap in time or an attitude that the gyros contradict
    begins it anew with the attitude as measured.
    """

    def __init__(self, params: AttitudeParams) -> None:
        self._params = params
        self._time = float("nan")
        self._rotation = np.eye(3)
        self._bias = np.zeros(3)
        self._covariance = np.zeros((2, 2))

    def step(self, time: float, odom: Pose, rates: npt.ArrayLike) -> Pose:
        """Return the odometry with its attitude filtered.

        Args:
            time: [s]. odom: base_link in the odometry frame, its attitude with white noise.
            rates: (3,) [rad/s] in base_link, the mean since the step before. Where they are not finite,
                the attitude passes as it is.
        """
        p = self._params
        measured, rate = odom.rotation(), np.asarray(rates, dtype=np.float64)
        elapsed = time - self._time
        self._time = time
        if not (0.0 < elapsed <= p.gyro_gap and np.isfinite(rate).all()):
            return self._begin(odom, measured)
        self._rotation = self._rotation @ _turn((rate - self._bias) * elapsed)
        step = np.array([[1.0, -elapsed], [0.0, 1.0]])
        self._covariance = step @ self._covariance @ step.T
        self._covariance[0, 0] += p.gyro_walk**2 * elapsed
        error = cv2.Rodrigues(self._rotation.T @ measured)[0].ravel()
        variance = self._covariance[0, 0] + p.attitude_noise**2
        if float(np.abs(error).max()) > p.gyro_gate * np.sqrt(variance):
            return self._begin(odom, measured)
        gain = self._covariance[:, 0] / variance
        self._rotation = self._rotation @ _turn(gain[0] * error)
        self._bias = self._bias + gain[1] * error
        self._covariance = self._covariance - np.outer(gain, self._covariance[0])
        return Pose.from_rotation(self._rotation, odom.position)

    def _begin(self, odom: Pose, measured: Array) -> Pose:
        self._rotation, self._bias = measured, np.zeros(3)
        self._covariance = np.diag([self._params.attitude_noise**2, self._params.gyro_bias_sigma**2])
        return odom


def _turn(vector: Array) -> Array:
    """Return the rotation matrix of a rotation vector [rad]."""
    return np.asarray(cv2.Rodrigues(vector)[0], dtype=np.float64)
