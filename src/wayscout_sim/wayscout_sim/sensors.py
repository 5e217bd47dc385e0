# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What the vehicles' sensors say: the truth with noise, drift and seeds. Numbers in config/simulator.yaml."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from numba import njit

from wayscout.geometry import Pose
from wayscout.worlds.truth import Truth
from wayscout_sim.states import JOINTS, STEERS, WHEELS, HelicopterTruth, RoverTruth, height_at

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Noise:
    """Fields of config/simulator.yaml."""

    odometry_scale: float
    odometry_bearing: float
    odometry_walk: float
    odometry_lift: float
    attitude_noise: float
    yaw_walk: float
    rate_walk: float
    rate_bias: float
    range_noise: float
    range_noise_share: float
    range_reach: float
    gyro_walk: float
    gyro_bias: float
    gyro_scale: float
    wheel_scale: float
    gyro_noise: float
    acceleration_noise: float
    depth_noise: float
    depth_dropout: float
    picture_noise: float
    vignetting: float


@dataclass(frozen=True)
class Odometry:
    """A pose in the vehicle's odometry frame, whose origin and heading are those of the start.

    Attributes:
        pose: base_link in odom; gravity-aligned.
        velocity, rates: (3,) in base_link [m/s, rad/s]; the helicopter's rates are the mean since the last.
        covariance: (6,) variances of x y z roll pitch yaw.
    """

    pose: Pose
    velocity: Array
    rates: Array
    covariance: Array


class HelicopterSensors:
    """Odometry that drifts with the distance, attitude, gyros, laser range.

    Each flight draws its own error of scale, bearing and lift; position and heading also walk at random.
    Gyros integrate what turns between two readings, as inertial units that hand out angles do.
    Without a truth, `range` cannot be asked for; `measured` still can.
    """

    def __init__(self, truth: Truth | None, noise: Noise, start: HelicopterTruth, seed: int) -> None:
        self._truth, self._noise = truth, noise
        self._rng = np.random.default_rng([seed, 41])
        self._gyros = np.random.default_rng([seed, 43])
        self._bias = noise.rate_bias * self._gyros.standard_normal(3)
        self._true = start.pose
        self._position = np.zeros(3)
        self._yaw_offset = -start.pose.yaw
        self._travelled = 0.0
        self._map = Pose.identity()
        self.begin_flight()

    def begin_flight(self) -> None:
        """Draw the errors of the next flight."""
        n = self._noise
        self._scale = 1.0 + n.odometry_scale * self._rng.standard_normal()
        self._bearing = n.odometry_bearing * self._rng.standard_normal()
        self._lift = n.odometry_lift * self._rng.standard_normal()

    def odometry(self, state: HelicopterTruth, elapsed: float) -> Odometry:
        """Return the odometry after `elapsed` [s] since the last call."""
        n = self._noise
        way = state.pose.position - self._true.position
        rates = self._rates(state, elapsed)
        self._true = state.pose
        length = float(np.linalg.norm(way))
        moving = 1.0 if state.motors else 0.0
        self._yaw_offset += n.yaw_walk * np.sqrt(elapsed) * self._rng.standard_normal() * moving
        c, s = np.cos(self._yaw_offset + self._bearing), np.sin(self._yaw_offset + self._bearing)
        turned = np.array([c * way[0] - s * way[1], s * way[0] + c * way[1], way[2]])
        self._position += self._scale * turned + [0.0, 0.0, self._lift * np.hypot(way[0], way[1])]
        walk = n.odometry_walk * np.sqrt(length) * np.array([1.0, 1.0, 0.5])
        self._position += walk * self._rng.standard_normal(3) * moving
        self._travelled += length
        roll, pitch, yaw = state.pose.euler()
        white = n.attitude_noise * self._rng.standard_normal(3)
        heading = yaw + self._yaw_offset + white[2]
        pose = Pose.from_euler(*self._position, roll=roll + white[0], pitch=pitch + white[1], yaw=heading)
        sigma = 0.01 + 0.01 * self._travelled
        covariance = np.array([sigma, sigma, sigma, n.attitude_noise, n.attitude_noise, 0.01]) ** 2
        return Odometry(pose, state.pose.rotation().T @ state.velocity, rates, covariance)

    def _rates(self, state: HelicopterTruth, elapsed: float) -> Array:
        """Return the mean rates [rad/s] in base_link since the last attitude, as the gyros say."""
        if elapsed <= 0.0:
            return state.rates
        turned = cv2.Rodrigues(self._true.rotation().T @ state.pose.rotation())[0].ravel()
        turned += self._noise.rate_walk * np.sqrt(elapsed) * self._gyros.standard_normal(3)
        return np.asarray(turned / elapsed + self._bias)

    def range(self, laser: Pose) -> float:
        """Return the distance [m] along the laser's x axis, infinite beyond its reach (REP-117).

        Args:
            laser: range_link in map.
        """
        assert self._truth is not None
        direction = laser.rotation()[:, 0]
        return self.measured(ray(self._truth, laser.position, direction, self._noise.range_reach))

    def measured(self, distance: float) -> float:
        """Return what the laser makes of a true distance [m], infinite beyond its reach."""
        n = self._noise
        distance += (n.range_noise + n.range_noise_share * distance) * self._rng.standard_normal()
        return max(0.0, float(distance)) if distance <= n.range_reach else float("inf")

    def expose(self, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Add vignetting and photon noise to a grey (h, w) or colour (h, w, 3) picture."""
        n = self._noise
        h, w = picture.shape[:2]
        y, x = np.ogrid[:h, :w]
        off_axis = ((x - 0.5 * w) ** 2 + (y - 0.5 * h) ** 2) / (0.25 * (w * w + h * h))
        left = (1.0 - n.vignetting * off_axis).reshape(h, w, *(1,) * (picture.ndim - 2))
        light = picture * left
        grain = self._rng.standard_normal(light.shape, dtype=np.float32) * n.picture_noise
        grain *= np.sqrt(light / 128.0)
        return np.clip(light + grain + 0.5, 0.0, 255.0).astype(np.uint8)


class RoverSensors:
    """Wheel odometry (slip unseen, heading from a gyro), IMU, depth.

    The odometry advances by what the encoders say: the mean of the wheels' speeds along the body, times the
    wheel's radius. Roll and pitch come from the IMU, absolute and white.
    """

    def __init__(self, noise: Noise, wheel_radius: float, start: RoverTruth, seed: int) -> None:
        self._noise = noise
        self._rng = np.random.default_rng([seed, 42])
        self._radius = wheel_radius * (1.0 + noise.wheel_scale * self._rng.standard_normal())
        self._bias = noise.gyro_bias * self._rng.standard_normal()
        self._scale = 1.0 + noise.gyro_scale * self._rng.standard_normal()
        self._position = np.zeros(3)
        self._yaw = 0.0
        self._true_yaw = start.pose.yaw
        self._angles = start.positions[: len(WHEELS)]
        self._travelled = 0.0

    @property
    def travelled(self) -> float:
        """Distance by the encoders, forward and backward alike [m]."""
        return self._travelled

    @property
    def yaw(self) -> float:
        """Heading by the gyro since the start [rad], not wrapped."""
        return self._yaw

    def odometry(self, state: RoverTruth, elapsed: float) -> Odometry:
        """Return the odometry after `elapsed` [s] since the last call."""
        n = self._noise
        turn = (state.pose.yaw - self._true_yaw + np.pi) % (2.0 * np.pi) - np.pi
        self._true_yaw = state.pose.yaw
        walk = n.gyro_walk * np.sqrt(elapsed) * self._rng.standard_normal()
        middle = self._yaw + 0.5 * self._scale * turn
        self._yaw += self._scale * turn + self._bias * elapsed + walk
        step = self._wheel_step(state)
        white = n.attitude_noise * self._rng.standard_normal(2)
        roll, pitch, _ = state.pose.euler()
        roll, pitch = roll + white[0], pitch + white[1]
        forward = Pose.from_euler(0, 0, 0, roll=roll, pitch=pitch, yaw=middle).rotation()[:, 0]
        self._position += step * forward
        self._travelled += abs(step)
        pose = Pose.from_euler(*self._position, roll=roll, pitch=pitch, yaw=self._yaw)
        sigma = 0.01 + 0.02 * self._travelled
        covariance = np.array([sigma, sigma, sigma, n.attitude_noise, n.attitude_noise, 0.002]) ** 2
        velocity = np.array([step / elapsed if elapsed > 0.0 else 0.0, 0.0, 0.0])
        return Odometry(pose, velocity, self.rates(state), covariance)

    def rates(self, state: RoverTruth) -> Array:
        """Angular rates in base_link [rad/s] as the gyros say."""
        return np.asarray(state.rates + self._noise.gyro_noise * self._rng.standard_normal(3))

    def acceleration(self, state: RoverTruth) -> Array:
        """Specific force in base_link [m/s^2] as the accelerometers say."""
        return np.asarray(
            state.specific_force + self._noise.acceleration_noise * self._rng.standard_normal(3)
        )

    def depth(self, exact: npt.NDArray[np.float32], reach: float) -> npt.NDArray[np.float32]:
        """Add range noise and dropouts to a depth image; NaN beyond `reach` [m]."""
        n = self._noise
        noisy = exact + n.depth_noise * exact**2 * self._rng.standard_normal(exact.shape)
        noisy[(exact > reach) | (self._rng.random(exact.shape) < n.depth_dropout)] = np.nan
        return noisy.astype(np.float32)

    def _wheel_step(self, state: RoverTruth) -> float:
        angles = state.positions[: len(WHEELS)]
        turned = angles - self._angles
        self._angles = angles
        steer = dict(zip(JOINTS[len(WHEELS) :], state.positions[len(WHEELS) :], strict=True))
        along = [np.cos(steer[w.replace("wheel", "steer")]) if _steered(w) else 1.0 for w in WHEELS]
        return float(np.mean(turned * along)) * self._radius


def _steered(wheel: str) -> bool:
    return wheel.replace("wheel", "steer") in STEERS


def ray(truth: Truth, origin: Array, direction: Array, reach: float) -> float:
    """Return the distance [m] to ground or rock along a ray, infinite beyond `reach`."""
    ground = truth.ground
    corner = ground.origin[0] + 0.5 * ground.resolution
    distance = _ground_ray(ground["elevation"], corner, ground.resolution, origin, direction, reach)
    rocks = truth.rocks
    end = origin + direction * min(distance, reach)
    low, high = np.minimum(origin, end)[:2] - 3.0, np.maximum(origin, end)[:2] + 3.0
    near = rocks[np.all((rocks[:, :2] > low) & (rocks[:, :2] < high), axis=1)]
    for x, y, z, width, depth, height, yaw in near:
        c, s = np.cos(yaw), np.sin(yaw)
        turn = np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]]) / np.array(
            [[0.5 * width], [0.5 * depth], [height]]
        )
        p, d = turn @ (origin - [x, y, z]), turn @ direction
        a, b, e = d @ d, p @ d, p @ p - 1.0
        root = b * b - a * e
        if root >= 0.0:
            hit = (-b - np.sqrt(root)) / a
            if 0.0 <= hit < distance:
                distance = float(hit)
    return float(distance)


@njit(cache=True)
def _ground_ray(
    heights: npt.NDArray[np.float32],
    corner: float,
    cell: float,
    origin: Array,
    direction: Array,
    reach: float,
) -> float:
    step = 0.5 * cell
    before = 0.0
    s = 0.0
    while s <= reach:
        z = origin[2] + s * direction[2]
        if z <= height_at(heights, corner, cell, origin[0] + s * direction[0], origin[1] + s * direction[1]):
            low, high = before, s
            for _ in range(20):
                m = 0.5 * (low + high)
                x, y = origin[0] + m * direction[0], origin[1] + m * direction[1]
                if origin[2] + m * direction[2] <= height_at(heights, corner, cell, x, y):
                    high = m
                else:
                    low = m
            return high
        before = s
        s += step
    return np.inf
