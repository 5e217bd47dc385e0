# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""One drive along a path: tracking, checks ahead, detours, slip and tilt stops, one step at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wayscout.driving.body import DrivingParameters, RoverBody
from wayscout.driving.hazards import Hazard, in_the_way
from wayscout.driving.replan import detour
from wayscout.driving.settle import check_ahead
from wayscout.driving.slip import SLIPPING, STUCK, SlipMonitor
from wayscout.driving.steering import SteeringGate, WheelCommand, twist, wheels
from wayscout.driving.tracking import ARRIVED, TURNING, Tracker, clean_path
from wayscout.errors import InvalidInput, NoPath
from wayscout.geometry import Pose
from wayscout.grid import Grid

Array = npt.NDArray[np.float64]

BLOCKED, TILTED, CANCELLED = "blocked", "tilted", "cancelled"
DRIVING, REPLANNING, PAUSED, STOPPED = "driving", "replanning", "paused", "stopped"

DISTANCE_STEP = 0.2  # [m] of motion that is added to the distance at once: less is the localiser's noise
UNDERFOOT = 1.0  # [m] ahead that is not checked: the rover stands there already
OBSTACLE_RADIUS = 0.3  # [m] around a pose that the map forbids
MOST_DETOURS = 30  # in one drive, so that a false alarm can't keep it for ever


@dataclass
class DriveProgress:
    """What has happened since the drive began (SI units, rad)."""

    distance: float = 0.0
    duration: float = 0.0
    max_tilt: float = 0.0
    max_slip: float = 0.0
    tilt: float = 0.0
    slip: float = 0.0
    cross_track: float = 0.0
    to_go: float = 0.0
    detours: int = 0
    mode: str = DRIVING


class Drive:
    """Follow one path until it has arrived or must stop.

    Args:
        path: (n, 2) x, y in map [m].
        grid: the map (layer 'elevation'), or None: then nothing is checked ahead.
        speed, goal_tolerance: instead of the defaults, when positive.

    Attributes:
        outcome: '' while it goes on, then 'arrived', 'blocked', 'slipping', 'stuck', 'tilted' or 'cancelled'.
        message: why, in words.

    Raises:
        InvalidInput: naming the part of path or arguments that is no use.
    """

    def __init__(
        self,
        path: npt.ArrayLike,
        body: RoverBody,
        parameters: DrivingParameters,
        grid: Grid | None = None,
        *,
        speed: float = 0.0,
        goal_tolerance: float = 0.0,
    ) -> None:
        if not 0.0 <= speed <= parameters.max_wheel_speed:
            raise InvalidInput("drive.speed", speed, f"0 (default) to {parameters.max_wheel_speed:g} m/s")
        if not 0.0 <= goal_tolerance < np.inf:
            raise InvalidInput(
                "drive.goal_tolerance", goal_tolerance, "0 (default) or a positive distance [m]"
            )
        self.body, self.parameters = body, parameters
        self.grid = grid
        self._speed = speed or body.speed
        self._tolerance = goal_tolerance or parameters.goal_tolerance
        self._goal = clean_path(path)[-1]
        self._tracker = self._track(path)
        self._gate = SteeringGate(body, parameters.steer_gate)
        self._slip = SlipMonitor(body, parameters)
        self._last_command = WheelCommand(np.zeros(6), np.zeros(4))
        self._anchor: Array | None = None
        self._tilted_for = 0.0
        self._next_check = 0.0
        self._hazards: list[Hazard] = []
        self.paused = False
        self.progress = DriveProgress(to_go=self._tracker.length)
        self.outcome = ""
        self.message = ""

    def _track(self, path: npt.ArrayLike) -> Tracker:
        return Tracker(path, self.body, self.parameters, self._speed, self._tolerance)

    @property
    def path(self) -> Array:
        """(n, 2) samples of the path that is being followed, detours included."""
        return self._tracker.points

    @property
    def done(self) -> bool:
        return bool(self.outcome)

    def stop(self, outcome: str, message: str) -> None:
        """End the drive; the first reason holds."""
        if not self.outcome:
            self.outcome, self.message = outcome, message
            self.progress.mode = STOPPED

    def step(self, dt: float, pose: Pose, wheel_rates: Array | None = None) -> WheelCommand:
        """Decide on the wheels' and corners' targets until the next step.

        Args:
            dt: time since the last step and until the next [s].
            pose: base_link in map.
            wheel_rates: (6,) measured [rad/s] in the order of WHEELS; the last command when None.
        """
        progress = self.progress
        progress.duration += dt
        progress.tilt = pose.tilt()
        progress.max_tilt = max(progress.max_tilt, progress.tilt)
        self._measure_distance(pose)
        if self.done:
            return self._halt()
        self._judge_tilt(dt)
        if self.paused:
            progress.mode = PAUSED
            self._slip.reset()
            return self._halt()
        self._judge_slip(dt, pose, wheel_rates)
        x, y = float(pose.position[0]), float(pose.position[1])
        motion = self._tracker.step(x, y, pose.yaw)
        progress.cross_track, progress.to_go, progress.mode = motion.cross_track, motion.to_go, motion.mode
        if motion.mode == ARRIVED:
            self.stop(ARRIVED, f"{float(np.hypot(*(self._goal - [x, y]))):.2f} m from the goal")
        elif abs(motion.cross_track) > self.parameters.max_cross_track and motion.mode != TURNING:
            self.stop(BLOCKED, f"{abs(motion.cross_track):.1f} m away from the path")
        elif self._tracker.progress >= self._next_check:
            self._next_check = self._tracker.progress + self.parameters.check_spacing
            self._check(np.array([x, y]))
        if self.outcome:
            return self._halt()
        wanted = wheels(motion.v, motion.omega, self.body, self.parameters.max_wheel_speed)
        self._last_command = self._gate.step(wanted, dt)
        return self._last_command

    def beware(self, hazards: list[Hazard], pose: Pose) -> None:
        """Take hazards to keep off, and go around those in the way."""
        self._hazards = list(hazards)
        if self.done:
            return
        ahead = self._tracker.remaining(self.parameters.check_distance + self.parameters.half_width)
        if in_the_way(ahead, self._hazards, self.parameters):
            self._go_around(pose.position[:2])

    def _check(self, here: Array) -> None:
        """Look at the settled poses ahead on the map."""
        if self.grid is None:
            return
        ahead = self._tracker.remaining(self.parameters.check_distance)[round(UNDERFOOT / 0.1) :]
        if len(ahead) < 2:
            return
        found = check_ahead(ahead, self.grid, self.body, self.parameters)
        if found is not None:
            known = [h for h in self._hazards if np.hypot(h.x - found.x, h.y - found.y) < OBSTACLE_RADIUS]
            if not known:
                self._hazards.append(Hazard(found.x, found.y, 0.0, OBSTACLE_RADIUS, 0.0, found.kind))
            self._go_around(here, found.reason)

    def _go_around(self, here: Array, reason: str = "hazard in the way") -> None:
        self.progress.detours += 1
        self.progress.mode = REPLANNING
        if self.progress.detours > MOST_DETOURS:
            self.stop(BLOCKED, f"more than {MOST_DETOURS} detours; {reason}")
            return
        # A place that only the map forbids is kept off by its own radius: the body's width is judged there.
        slack = self.parameters.half_width
        seen = [h for h in self._hazards if h.kind in ("rock", "step")]
        mapped = [
            Hazard(h.x, h.y, h.z, h.radius - slack, h.height, h.kind)
            for h in self._hazards
            if h.kind not in ("rock", "step")
        ]
        try:
            way = detour(
                self._tracker.remaining(),
                here,
                seen + mapped,
                self.body,
                self.parameters,
                self.grid,
            )
        except NoPath as error:
            self.stop(BLOCKED, f"{reason}: {error}")
            return
        self._tracker = self._track(way)
        self._next_check = 0.0

    def _halt(self) -> WheelCommand:
        self._last_command = WheelCommand(np.zeros(6), self._gate.angles.copy())
        return self._last_command

    def _measure_distance(self, pose: Pose) -> None:
        if self._anchor is None:
            self._anchor = pose.position.copy()
        moved = float(np.linalg.norm(pose.position - self._anchor))
        if moved >= DISTANCE_STEP:
            self.progress.distance += moved
            self._anchor = pose.position.copy()

    def _judge_tilt(self, dt: float) -> None:
        over = self.progress.tilt > self.body.max_tilt
        self._tilted_for = self._tilted_for + dt if over else 0.0
        if over and self._tilted_for >= self.parameters.tilt_patience:
            tilt, limit = np.degrees(self.progress.tilt), np.degrees(self.body.max_tilt)
            self.stop(TILTED, f"tilt {tilt:.1f} deg, limit {limit:.1f} deg")

    def _judge_slip(self, dt: float, pose: Pose, wheel_rates: Array | None) -> None:
        last = self._last_command
        rates = last.speeds if wheel_rates is None else np.asarray(wheel_rates, dtype=np.float64)
        v, _, omega = twist(WheelCommand(rates, last.angles), self.body)
        if self.progress.mode == TURNING:
            verdict = self._slip.turn(pose.yaw, omega * dt)
        else:
            verdict = self._slip.drive(pose.position.tolist(), abs(v) * dt)
        self.progress.slip = self._slip.slip
        self.progress.max_slip = max(self.progress.max_slip, self._slip.slip)
        if verdict == SLIPPING:
            self.stop(SLIPPING, f"slip {100 * self._slip.slip:.0f} %, limit {100 * self.body.max_slip:.0f} %")
        elif verdict == STUCK:
            self.stop(STUCK, f"wheels turn, the rover does not move (slip {100 * self._slip.slip:.0f} %)")
