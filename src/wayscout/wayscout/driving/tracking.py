# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Following a path: pure pursuit that knows its sideslip, with turns in place at sharp corners."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wayscout.driving.body import DrivingParameters, RoverBody
from wayscout.errors import InvalidInput
from wayscout.geometry import wrap_angle

Array = npt.NDArray[np.float64]

SPACING = 0.1  # [m] between samples of the path
CORNER_WINDOW = 0.3  # [m] before and behind a sample over which its bend is measured
CORNER_REACHED = 0.15  # [m] from a sharp corner at which the rover turns
SIDESLIP_STEP = 0.4  # [m] of way that one measurement of sideslip takes
SIDESLIP_MEMORY = 1.5  # [m] of way over which sideslip is averaged
MOST_SIDESLIP = 0.35  # [rad]
AS_NEAR = 0.5  # [m] by which a sample may be farther away than the nearest when the path is taken up
SEARCH = 2.0  # [m] of path ahead in which the nearest sample is sought
SLOW_DOWN = 0.6  # [m] before the end over which the rover slows down

DRIVING, TURNING, ARRIVED = "driving", "turning", "arrived"


@dataclass(frozen=True)
class Motion:
    """What to do until the next step.

    Attributes:
        v: forward speed [m/s].
        omega: yaw rate [rad/s].
        mode: 'driving', 'turning' or 'arrived'.
        cross_track: signed distance from the path, positive to its left [m].
        to_go: metres of path left.
    """

    v: float
    omega: float
    mode: str
    cross_track: float
    to_go: float


def clean_path(points: npt.ArrayLike) -> Array:
    """Return a path as (n, 2) float64 without repeated points.

    Raises:
        InvalidInput: when it is empty, not finite or of the wrong shape.
    """
    try:
        path = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInput("path", points, "an (n, 2) array of x, y [m] is needed") from None
    if path.ndim != 2 or len(path) == 0 or path.shape[1] < 2:
        raise InvalidInput("path shape", path.shape, "at least one point x, y [m] is needed")
    path = path[:, :2]
    bad = np.flatnonzero(~np.isfinite(path).all(axis=1))
    if len(bad):
        raise InvalidInput(f"path[{bad[0]}]", path[bad[0]].tolist(), "finite x, y [m] are needed")
    step = np.hypot(*np.diff(path, axis=0).T) if len(path) > 1 else np.zeros(0)
    kept: Array = path[np.concatenate([[True], step > 1e-6])]
    return kept


def densify(path: Array, spacing: float) -> tuple[Array, Array]:
    """Return (m, 2) samples of a polyline at most `spacing` apart, corners kept, and their distance (m,)."""
    if len(path) == 1:
        return path.copy(), np.zeros(1)
    parts = []
    for a, b in itertools.pairwise(path):
        count = max(1, int(np.ceil(np.hypot(*(b - a)) / spacing - 1e-9)))
        parts.append(a + (b - a) * (np.arange(count) / count)[:, None])
    points = np.concatenate([*parts, path[-1:]])
    return points, np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])


class Tracker:
    """Follow one path from wherever the rover stands.

    Args:
        path: (n, 2) x, y in map [m].
        speed: [m/s].
        goal_tolerance: distance from the last point that counts as arrived [m].
    """

    def __init__(
        self,
        path: npt.ArrayLike,
        body: RoverBody,
        parameters: DrivingParameters,
        speed: float | None = None,
        goal_tolerance: float | None = None,
    ) -> None:
        self._body, self._parameters = body, parameters
        self._speed = body.speed if speed is None else speed
        self._tolerance = parameters.goal_tolerance if goal_tolerance is None else goal_tolerance
        self.points, self.s = densify(clean_path(path), SPACING)
        self._corners = _sharp_corners(self.points, self.s, parameters.turn_threshold)
        self._index = 0
        self._located = self._turning = False
        self._last: tuple[float, float, float] | None = None
        self._made_way = np.zeros(2)
        self.progress = 0.0

    @property
    def length(self) -> float:
        return float(self.s[-1])

    def remaining(self, distance: float = np.inf) -> Array:
        """Return the (n, 2) samples of path still ahead, as far as `distance` [m]."""
        end = int(np.searchsorted(self.s, self.progress + distance, side="right"))
        return self.points[self._index : max(end, self._index + 1)]

    @property
    def sideslip(self) -> float:
        """Angle from the heading to the direction the rover really moves in [rad]."""
        if self._made_way[0] < 0.2:
            return 0.0
        return float(np.clip(np.arctan2(self._made_way[1], self._made_way[0]), -MOST_SIDESLIP, MOST_SIDESLIP))

    def step(self, x: float, y: float, yaw: float) -> Motion:
        """Return the motion for a rover whose base_link stands at x, y [m] with heading yaw [rad] in map."""
        if not (np.isfinite(x) and np.isfinite(y) and np.isfinite(yaw)):
            raise InvalidInput("rover pose", (x, y, yaw), "finite x, y [m] and yaw [rad] are needed")
        self._learn_sideslip(x, y, yaw)
        here = np.array([x, y])
        cross = self._locate(here)
        to_go = self.length - self.progress
        end = self.points[-1] - here
        left = float(np.hypot(end[0], end[1]))
        if left <= self._tolerance and to_go <= max(2.0 * self._tolerance, 0.5):
            return Motion(0.0, 0.0, ARRIVED, cross, 0.0)

        stop = self._next_corner(here)
        ahead = min(self.progress + self._parameters.lookahead + abs(cross) * 0.5, stop)
        target = self._at(ahead)
        reach = target - here
        distance = float(np.hypot(reach[0], reach[1]))
        if distance < 1e-3:
            target = self._at(min(self.length, ahead + SPACING))
            reach = target - here
            distance = max(float(np.hypot(reach[0], reach[1])), 1e-3)
        slip = 0.0 if self._turning else self.sideslip
        error = float(wrap_angle(np.arctan2(reach[1], reach[0]) - yaw - slip))

        if self._turning and abs(error) < self._parameters.turn_done:
            self._turning = False
        elif not self._turning and abs(error) > self._parameters.turn_threshold:
            self._turning = True
            self._made_way[:] = 0.0
        if self._turning:
            return Motion(0.0, float(np.copysign(self._turn_rate(), error)), TURNING, cross, to_go)

        speed = self._speed * float(np.clip(left / SLOW_DOWN, 0.3, 1.0)) if to_go < SLOW_DOWN else self._speed
        curvature = 2.0 * np.sin(error) / max(distance, 0.5 * self._parameters.lookahead)
        curvature = float(np.clip(curvature, -1.0 / self._body.least_radius, 1.0 / self._body.least_radius))
        return Motion(speed, speed * curvature, DRIVING, cross, to_go)

    def _turn_rate(self) -> float:
        reach = float(np.max(np.hypot(*self._body.wheel_positions().T)))
        return self._speed / reach

    def _at(self, s: float) -> Array:
        return np.array([np.interp(s, self.s, self.points[:, 0]), np.interp(s, self.s, self.points[:, 1])])

    def _locate(self, here: Array) -> float:
        """Move on to the nearest sample ahead; return the signed distance from the path."""
        if not self._located:  # it may begin far behind; where it comes back here, its first pass counts
            self._located = True
            away = np.hypot(*(self.points - here).T)
            self._index = int(np.argmax(away <= away.min() + AS_NEAR))
        # From there no corner is skipped.
        limit = min(self.s[self._index] + SEARCH, self._corner_s(self._index) + 1e-9)
        high = int(np.searchsorted(self.s, limit, side="right"))
        window = self.points[self._index : high]
        self._index += int(np.argmin(((window - here) ** 2).sum(axis=1)))
        i = self._index
        a, b = (
            (self.points[i], self.points[i + 1])
            if i + 1 < len(self.points)
            else (self.points[i - 1], self.points[i])
        )
        d = b - a
        norm = float(np.hypot(d[0], d[1]))
        if len(self.points) == 1 or norm < 1e-9:
            self.progress = float(self.s[i])
            return 0.0
        offset = here - a
        along = float(offset @ d) / norm if i + 1 < len(self.points) else 0.0
        self.progress = float(np.clip(self.s[i] + np.clip(along, 0.0, norm), 0.0, self.length))
        return float(d[0] * offset[1] - d[1] * offset[0]) / norm

    def _corner_s(self, index: int) -> float:
        after = self._corners[self._corners >= index]
        return float(self.s[after[0]]) if len(after) else float("inf")

    def _next_corner(self, here: Array) -> float:
        """Return how far along the path the rover may look: to the next sharp corner until it is there."""
        while len(self._corners):
            corner = int(self._corners[0])
            gap = self.points[corner] - here
            passed = self.progress >= self.s[corner] - 1e-6
            if float(np.hypot(gap[0], gap[1])) <= CORNER_REACHED or (passed and self._behind(corner, here)):
                self._corners = self._corners[1:]
                continue
            return float(self.s[corner])
        return self.length

    def _behind(self, corner: int, here: Array) -> bool:
        arrival = self.points[corner] - self.points[max(corner - 1, 0)]
        return float((here - self.points[corner]) @ arrival) >= 0.0

    def _learn_sideslip(self, x: float, y: float, yaw: float) -> None:
        """Average over ways long enough that the localiser's noise does not matter."""
        if self._turning or self._last is None:
            self._last = (x, y, yaw)
            return
        lx, ly, lyaw = self._last
        way = float(np.hypot(x - lx, y - ly))
        if way < SIDESLIP_STEP:
            return
        if way < 2.0 * SIDESLIP_STEP:  # more is a jump of the localiser, not motion
            heading = lyaw + 0.5 * float(wrap_angle(yaw - lyaw))
            c, s = np.cos(heading), np.sin(heading)
            moved = np.array([c * (x - lx) + s * (y - ly), -s * (x - lx) + c * (y - ly)])
            self._made_way = self._made_way * np.exp(-way / SIDESLIP_MEMORY) + moved
        self._last = (x, y, yaw)


def _sharp_corners(points: Array, s: Array, threshold: float) -> npt.NDArray[np.intp]:
    """Return the indices of samples where the path bends by more than `threshold` [rad] over a short way."""
    if len(points) < 3:
        return np.zeros(0, dtype=np.intp)

    def at(where: Array) -> Array:
        return np.stack([np.interp(where, s, points[:, 0]), np.interp(where, s, points[:, 1])], axis=1)

    before = points - at(s - CORNER_WINDOW)
    after = at(s + CORNER_WINDOW) - points
    bend = wrap_angle(np.arctan2(after[:, 1], after[:, 0]) - np.arctan2(before[:, 1], before[:, 0]))
    bend = np.abs(bend)
    bend[[0, -1]] = 0.0
    corners: list[int] = []
    for i in np.argsort(-bend, kind="stable"):
        if bend[i] <= threshold:
            break
        if all(abs(s[i] - s[j]) > CORNER_WINDOW for j in corners):
            corners.append(int(i))
    return np.array(sorted(corners), dtype=np.intp)
