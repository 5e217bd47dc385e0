# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""From a plan to a trajectory: where to be, how fast, how high and where to take pictures.

Pricing and guidance use the same trajectory, so what was priced is what is flown.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from wayscout.flight.plan import FlightPlan, HelicopterLimits

Array = npt.NDArray[np.float64]

STEP = 0.5  # [m] between samples of a trajectory
ROUNDING = 1.5  # [m] standard deviation of the filter that rounds corners
YAW_ROUNDING = 4.0  # [m] the same for the heading
BESIDE = 1.0  # [m] from a colour picture within which no other picture is due
CREEP = 0.3  # [m/s] slowest speed assigned between the ends, so that time stays finite


@dataclass(frozen=True)
class Trajectory:
    """A sampled flight over ground, from above the take-off to above the landing.

    Attributes:
        s: (n,) distance along the path [m], from 0, strictly growing (a single 0 for a hover).
        xy: (n, 2) position in map [m].
        yaw: (n,) heading, unwrapped [rad].
        speed: (n,) ground speed [m/s] within speed, acceleration and yaw rate limits; 0 at both ends.
        height: (n,) above ground [m].
        pictures: (k,) distances along the path at which a picture is due [m].
        colours: (m,) the same for colour pictures; each is among `pictures`, too.
    """

    s: Array
    xy: Array
    yaw: Array
    speed: Array
    height: Array
    pictures: Array
    colours: Array = field(default_factory=lambda: np.zeros(0))

    @property
    def length(self) -> float:
        return float(self.s[-1])

    @property
    def seconds(self) -> float:
        """Time from end to end at the profile's speed [s]."""
        return float(segment_times(self.s, self.speed).sum())

    def at(self, s: float) -> tuple[Array, float, float, float]:
        """Return position (2,), yaw, speed and height at a distance along the path."""
        s = float(np.clip(s, 0.0, self.length))
        x = np.interp(s, self.s, self.xy[:, 0])
        y = np.interp(s, self.s, self.xy[:, 1])
        return (
            np.array([x, y]),
            float(np.interp(s, self.s, self.yaw)),
            float(np.interp(s, self.s, self.speed)),
            float(np.interp(s, self.s, self.height)),
        )


def segment_times(s: Array, speed: Array) -> Array:
    """Return the (n - 1,) seconds between samples under constant acceleration from one to the next."""
    mean = 0.5 * (speed[1:] + speed[:-1])
    result: Array = np.diff(s) / np.maximum(mean, 0.5 * CREEP)
    return result


def build(plan: FlightPlan, limits: HelicopterLimits, start_speed: float = 0.0) -> Trajectory:
    """Sample a plan's path with rounded corners and give it a speed profile.

    Args:
        start_speed: ground speed at the first waypoint [m/s], for a path taken up in flight.
    """
    points = plan.points
    leg = np.hypot(*np.diff(points, axis=0).T) if len(points) > 1 else np.zeros(0)
    keep = np.concatenate([[True], leg > 1e-3])
    waypoints = [w for w, k in zip(plan.waypoints, keep, strict=True) if k]
    points = points[keep]
    if len(points) == 1:
        w = waypoints[0]
        zero = np.zeros(1)
        return Trajectory(zero, points.copy(), np.array([w.yaw]), zero, np.array([w.height]), np.zeros(0))

    corner = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    count = max(2, int(np.ceil(corner[-1] / STEP)) + 1)
    along = np.linspace(0.0, corner[-1], count)
    raw = np.stack([np.interp(along, corner, points[:, i]) for i in range(2)], axis=1)
    step = float(along[1])
    xy = smooth(raw, ROUNDING / step)
    leg_of = np.clip(np.searchsorted(corner, along, side="left"), 1, len(points) - 1)

    def per_leg(name: str) -> Array:
        return np.array([getattr(w, name) for w in waypoints], dtype=np.float64)[leg_of]

    yaw = smooth(np.unwrap(per_leg("yaw"))[:, None], YAW_ROUNDING / step, pin=False)[:, 0]
    height = smooth(per_leg("height")[:, None], YAW_ROUNDING / step, pin=False)[:, 0]
    s = np.concatenate([[0.0], np.cumsum(np.maximum(np.hypot(*np.diff(xy, axis=0).T), 1e-6))])

    top = np.minimum(per_leg("speed"), limits.max_speed)
    # Where pictures are taken, it flies gently: an acceleration tilts the camera.
    gaps, colour_gaps = per_leg("picture_spacing"), per_leg("colour_spacing")
    gently = (gaps > 0.0) | (colour_gaps > 0.0)
    most = np.where(gently, limits.survey_acceleration, limits.max_acceleration)
    top = np.minimum(top, np.sqrt(most / np.maximum(curvature(xy, s), 1e-6)))
    turn = np.abs(np.gradient(yaw, s))
    top = np.minimum(top, limits.max_yaw_rate / np.maximum(turn, 1e-6))
    speed = limit_acceleration(s, np.maximum(top, CREEP), most, start_speed)
    colours = picture_stations(s, colour_gaps)
    pictures = beside(picture_stations(s, gaps), colours)
    return Trajectory(s, xy, yaw, speed, height, pictures, colours)


def smooth(values: Array, sigma: float, pin: bool = True) -> Array:
    """Filter (n, k) values along the first axis; with `pin` both ends stay where they are."""
    n = len(values)
    pad = int(np.ceil(4.0 * sigma)) + 1
    if n < 2 or sigma <= 0.0:
        return values.copy()
    ends = ((pad, pad), (0, 0))
    # Mirrored through its end point, the line stays there by symmetry.
    padded = (
        np.pad(values, ends, mode="reflect", reflect_type="odd") if pin else np.pad(values, ends, mode="edge")
    )
    result: Array = gaussian_filter1d(padded, sigma, axis=0, mode="nearest")[pad : pad + n]
    return result


def curvature(xy: Array, s: Array) -> Array:
    """Return the (n,) absolute curvature [1/m] of a sampled path; a reversal counts as a turn by pi."""
    result = np.zeros(len(s))
    if len(s) < 3:
        return result
    d = np.diff(xy, axis=0)
    heading = np.arctan2(d[:, 1], d[:, 0])
    turn = np.abs((np.diff(heading) + np.pi) % (2.0 * np.pi) - np.pi)
    result[1:-1] = turn / np.maximum(0.5 * (s[2:] - s[:-2]), 1e-6)
    return result


def limit_acceleration(
    s: Array, top: Array, acceleration: float | Array, start: float = 0.0, end: float = 0.0
) -> Array:
    """Lower a speed limit (n,) [m/s] until v dv/ds stays within +-acceleration, from start to end speed.

    Args:
        acceleration: [m/s^2], one for all or (n,) one for each sample.
    """
    squared = np.asarray(top, dtype=np.float64) ** 2
    squared[0] = min(squared[0], start**2) if start > 0.0 else 0.0
    squared[-1] = min(squared[-1], end**2)
    gain = 2.0 * np.broadcast_to(acceleration, s.shape)[:-1] * np.diff(s)
    for i in range(1, len(s)):
        squared[i] = min(squared[i], squared[i - 1] + gain[i - 1])
    for i in range(len(s) - 2, -1, -1):
        squared[i] = min(squared[i], squared[i + 1] + gain[i])
    result: Array = np.sqrt(squared)
    return result


def picture_stations(s: Array, spacing: Array) -> Array:
    """Return where pictures are due: at the start of each leg that wants them and then every spacing."""
    stations: list[float] = []
    next_at = -np.inf
    for here, gap in zip(s, spacing, strict=True):
        if gap <= 0.0:
            next_at = -np.inf
        elif here >= next_at - 1e-9:
            station = float(here) if not np.isfinite(next_at) else next_at
            stations.append(station)
            next_at = station + float(gap)
    return np.array(stations, dtype=np.float64)


def beside(pictures: Array, colours: Array) -> Array:
    """Return the (n,) stations of pictures with one at each colour picture, in order.

    What is adjusted after the flight is where the pictures were taken: with one taken at the same instant, a
    colour picture's place and attitude are known as well. Stations less than `BESIDE` from one of them go.
    """
    if len(colours) == 0:
        return pictures
    gap = np.abs(pictures[:, None] - colours[None, :]).min(axis=1) if len(pictures) else np.zeros(0)
    return np.sort(np.concatenate([pictures[gap >= BESIDE], colours]))
