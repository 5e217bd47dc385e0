# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A flight over made-up ground with drifting odometry, laser range, pictures and an orbital map: for tests
and benchmarks of the localisation."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import ray_caster
import synthetic_survey as survey

from wayscout.camera import Camera
from wayscout.geometry import Pose
from wayscout.grid import Grid
from wayscout.localisation.orbital import Orbital

Array = npt.NDArray[np.float64]
MOUNT = Pose.from_rotation(survey.DOWN, [0.06, 0.0, 0.12])  # camera in base_link
LASER = Pose.from_euler(0.02, 0.03, 0.10, pitch=0.5 * np.pi)


@dataclass
class Sample:
    """What the sensors gave at one instant, and the truth."""

    time: float
    truth: Pose  # base_link in map
    odom: Pose
    distance: float  # laser [m], NaN for none
    image: npt.NDArray[np.uint8] | None


def make_orbital(
    ground: survey.Ground, shift: tuple[float, float], seed: int, margin: float = 0.0
) -> Orbital:
    """What an orbiter sees of the ground: blurred, coarse, shifted, with correlated height error."""
    rng = np.random.default_rng(seed)
    b = ground.height.bounds
    image = Grid.over(b, 0.25)
    step = round(0.25 / ground.grey.resolution)
    blurred = cv2.GaussianBlur(ground.grey["grey"], (0, 0), 0.5 * step)
    fine = Grid(ground.grey.resolution, ground.grey.origin, ground.grey.shape, "map", {"grey": blurred})
    xs, ys = image.centres()
    grey = fine.sample("grey", xs[None] - shift[0], ys[:, None] - shift[1])
    image["image"] = np.clip(grey + rng.normal(0, 2.0, grey.shape), 0, 255)
    elevation = Grid.over(b, 1.0)
    xs, ys = elevation.centres()
    z = ground.height.sample("elevation", xs[None] - shift[0], ys[:, None] - shift[1])
    elevation["elevation"] = z + 0.3 * survey._noise(rng, elevation.shape, 10.0)
    return Orbital(image, elevation, 1.0, 0.3)


def fly(
    ground: survey.Ground,
    camera: Camera,
    *,
    length: float,
    seed: int = 0,
    speed: float = 4.0,
    period: float = 0.1,
    spacing: float = 2.6,
    height: float = 12.0,
    aside: float = 6.5,
    drift: float = 0.01,
    noise: float = 2.0,
    y: float = -2.0,
    pictures: bool = True,
) -> list[Sample]:
    """Climb at the west end, fly one leg out and one back, descend.

    Odometry carries one scale and one heading error for the flight (normal, `drift`), a random walk of
    2 cm per square root metre times drift / 1 %, noise of 0.05 deg in roll and pitch, slow drift of yaw.
    """
    rng = np.random.default_rng(seed)
    track = _track(-0.5 * length, y - 0.5 * aside, length, aside, height, speed, period)
    odometer = DriftingOdometry(rng, drift)
    samples: list[Sample] = []
    last_picture: Array | None = None
    wander = np.zeros(2)
    for k, (x, yy, above, yaw) in enumerate(track):
        wander = 0.9 * wander + rng.normal(0, 0.006, 2)
        z = _smooth_ground(ground, x, yy) + above
        truth = Pose.from_euler(x, yy, z, wander[0], wander[1], yaw + 0.01 * np.sin(0.1 * k))
        odom = odometer.read(truth)
        distance = _range(ground, truth @ LASER, rng)
        image = None
        away = np.inf if last_picture is None else np.linalg.norm(truth.position[:2] - last_picture)
        if pictures and above > 0.95 * height and away >= spacing:
            image = survey.render(ground, camera, truth @ MOUNT, noise, seed=1000 + k)
            last_picture = truth.position[:2]
        samples.append(Sample(k * period, truth, odom, distance, image))
    return samples


class DriftingOdometry:
    """One scale and one heading error for the flight, a random walk, 0.05 deg of noise in roll and pitch.

    Args:
        drift: deviation of scale and heading error; the walk is twice that times root metres.
    """

    def __init__(self, rng: np.random.Generator, drift: float) -> None:
        self._rng, self._drift = rng, drift
        self._scale, self._bearing = 1.0 + drift * rng.normal(), drift * rng.normal()
        self._position, self._yaw_error = np.zeros(3), 0.0
        self._last: Array | None = None

    def new_flight(self) -> None:
        """Draw another scale and heading error."""
        self._scale, self._bearing = 1.0 + self._drift * self._rng.normal(), self._drift * self._rng.normal()

    def read(self, truth: Pose) -> Pose:
        """Return base_link in the odometry frame for the next true pose."""
        rng = self._rng
        if self._last is not None:
            step = truth.position - self._last
            d = float(np.linalg.norm(step))
            c, s = np.cos(self._bearing + self._yaw_error), np.sin(self._bearing + self._yaw_error)
            turned = np.array([c * step[0] - s * step[1], s * step[0] + c * step[1], step[2]])
            walk = rng.normal(0, 2.0 * self._drift * np.sqrt(d + 1e-9), 3)
            self._position = self._position + self._scale * turned + walk
            self._yaw_error += rng.normal(0, 0.0002)
        self._last = truth.position
        roll, pitch, yaw = truth.euler()
        level = rng.normal(0, np.deg2rad(0.05), 2)
        return Pose.from_euler(*self._position, roll + level[0], pitch + level[1], yaw + self._yaw_error)


def _track(
    x0: float, y0: float, length: float, aside: float, height: float, speed: float, period: float
) -> list[Array]:
    """Rows of x, y, height above ground, yaw."""
    rows = []
    climb = np.arange(0.0, height, 2.0 * period)
    rows += [np.array([x0, y0, h, 0.0]) for h in climb]
    along = np.arange(0.0, length, speed * period)
    rows += [np.array([x0 + d, y0, height, 0.0]) for d in along]
    turn = np.linspace(0.0, 1.0, int(aside / (0.4 * speed) / period))
    rows += [np.array([x0 + length, y0 + aside * f, height, np.pi * f]) for f in turn]
    rows += [np.array([x0 + length - d, y0 + aside, height, np.pi]) for d in along]
    rows += [np.array([x0, y0 + aside, h, np.pi]) for h in climb[::-1]]
    return rows


def _smooth_ground(ground: survey.Ground, x: float, y: float) -> float:
    """Mean height of a 4 m square: a helicopter does not follow every rock."""
    o = np.linspace(-2.0, 2.0, 9)
    xx, yy = np.meshgrid(x + o, y + o)
    return float(np.nanmean(ground.height.sample("elevation", xx, yy)))


def _range(ground: survey.Ground, laser: Pose, rng: np.random.Generator) -> float:
    t = float(ray_caster.distances(ground.height, laser.position, laser.rotation()[:, :1].T)[0])
    if not np.isfinite(t):
        return float("nan")
    return max(0.0, t + float(rng.normal(0, 0.02 + 0.002 * t)))
