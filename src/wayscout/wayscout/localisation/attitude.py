# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""White noise of a measured attitude averaged away along what the gyros say.

A picture's tilt error moves the ground below it by height times tilt, and a row of pictures sums such
errors up to a bend of the whole map; so each should know what all attitudes before it say, not its own alone.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.geometry import Pose, PoseBuffer

Array = npt.NDArray[np.float64]

FLIGHT = 300.0  # [s] to look back over a whole flight: twice the longest one of the envelope


@dataclass(frozen=True)
class AttitudeParams:
    """See config/localiser.yaml, which describes every number."""

    attitude_noise: float
    gyro_walk: float
    gyro_bias_sigma: float
    gyro_gap: float
    gyro_gate: float


@dataclass(frozen=True)
class _Expected:
    """What the filter expected of an instant by the gyros.

    Attributes:
        turn: (3, 3) from the body at that instant to that at the one before.
        rotation: (3, 3) attitude; covariance: (2, 2) of each axis.
    """

    turn: Array
    rotation: Array
    covariance: Array


@dataclass(frozen=True)
class _Instant:
    """What the filter knew at one instant.

    Attributes:
        odom: as it left the filter. bias: (3,) [rad/s]. covariance: (2, 2) of each axis.
        expected: before this instant's attitude was taken in; None where the filter began.
    """

    time: float
    odom: Pose
    bias: Array
    covariance: Array
    expected: _Expected | None = None


class AttitudeFilter:
    """Kalman filter of an attitude and its gyros' bias, and the smoother to it.

    The three axes are alike and small errors do not mix, so that one 2 x 2 covariance serves all of them
    (multiplicative error state: Markley & Crassidis, Fundamentals of Spacecraft Attitude Determination and
    Control, section 6.2, with a scalar per axis). A gap in time or an attitude that the gyros contradict
    begins it anew with the attitude as measured.

    Args:
        params: see AttitudeParams.
        kept: how long [s] `smoothed` can look back; nothing is kept for it by default.
    """

    def __init__(self, params: AttitudeParams, kept: float = 0.0) -> None:
        self._params, self._kept = params, kept
        self._time = float("nan")
        self._rotation = np.eye(3)
        self._bias = np.zeros(3)
        self._covariance = np.zeros((2, 2))
        self._instants: deque[_Instant] = deque()

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
        turn = _turn((rate - self._bias) * elapsed)
        expected = self._rotation @ turn
        step = np.array([[1.0, -elapsed], [0.0, 1.0]])
        covariance = step @ self._covariance @ step.T
        covariance[0, 0] += p.gyro_walk**2 * elapsed
        error = cv2.Rodrigues(expected.T @ measured)[0].ravel()
        variance = covariance[0, 0] + p.attitude_noise**2
        if float(np.abs(error).max()) > p.gyro_gate * np.sqrt(variance):
            return self._begin(odom, measured)
        gain = covariance[:, 0] / variance
        self._rotation = expected @ _turn(gain[0] * error)
        self._bias = self._bias + gain[1] * error
        self._covariance = covariance - np.outer(gain, covariance[0])
        filtered = Pose.from_rotation(self._rotation, odom.position)
        link = _Expected(turn, expected, covariance)
        self._keep(_Instant(time, filtered, self._bias, self._covariance, link))
        return filtered

    def smoothed(self) -> PoseBuffer:
        """Return the odometry as far back as it is kept, each attitude by all others, the later ones too.

        What was learned of the gyros' bias late in a flight so reaches its beginning (Rauch, Tung & Striebel,
        "Maximum likelihood estimates of linear dynamic systems", AIAA Journal 3(8), 1965).
        """
        poses: list[tuple[float, Pose]] = []
        later: _Instant | None = None
        rotation, bias = np.eye(3), np.zeros(3)  # of `later`, smoothed
        for now in reversed(self._instants):
            if later is None or later.expected is None:
                rotation, bias = now.odom.rotation(), now.bias
            else:
                expected = later.expected
                step = np.array([[1.0, now.time - later.time], [0.0, 1.0]])
                gain = now.covariance @ step.T @ np.linalg.pinv(expected.covariance)
                turned = expected.turn @ cv2.Rodrigues(expected.rotation.T @ rotation)[0].ravel()
                change = gain @ np.stack([turned, bias - now.bias])
                rotation, bias = now.odom.rotation() @ _turn(change[0]), now.bias + change[1]
            poses.append((now.time, Pose.from_rotation(rotation, now.odom.position)))
            later = now
        buffer = PoseBuffer(span=math.inf)
        for time, pose in reversed(poses):
            buffer.add(time, pose)
        return buffer

    def _begin(self, odom: Pose, measured: Array) -> Pose:
        self._rotation, self._bias = measured, np.zeros(3)
        self._covariance = np.diag([self._params.attitude_noise**2, self._params.gyro_bias_sigma**2])
        self._keep(_Instant(self._time, odom, self._bias, self._covariance))
        return odom

    def _keep(self, now: _Instant) -> None:
        if self._instants and not now.time > self._instants[-1].time:
            self._instants.clear()  # a jump back in time
        self._instants.append(now)
        while self._instants and self._instants[0].time <= now.time - self._kept:
            self._instants.popleft()


def _turn(vector: Array) -> Array:
    """Return the rotation matrix of a rotation vector [rad]."""
    return np.asarray(cv2.Rodrigues(vector)[0], dtype=np.float64)
