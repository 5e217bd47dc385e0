# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Flying a plan: from pose, range and energy to a velocity command, one control period at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from wayscout.flight.approach import Approach, Move, SiteFinder, measured, trusted
from wayscout.flight.envelope import landing_time, power, sink_rate
from wayscout.flight.ground import Ground, follow_ground
from wayscout.flight.plan import FlightPlan, FlightWaypoint, HelicopterLimits
from wayscout.flight.shutter import Shutter
from wayscout.flight.stand import QUARTER
from wayscout.flight.trajectory import Trajectory, build, segment_times
from wayscout.geometry import Pose, wrap_angle

Array = npt.NDArray[np.float64]

CLIMB, SURVEY, RETURN, DESCEND, LANDED = "climb", "survey", "return", "descend", "landed"
COMPLETE, CUT_SHORT, ABORTED, LOST = "complete", "cut short", "aborted", "lost"

POSITION_GAIN = 1.0  # [1/s] speed towards the path per metre of distance from it
LANDING_GAIN = 1.0  # [1/s] the same above the landing site
TOUCHING = 0.2  # [m] above ground below which nothing is corrected any more: a foot may stand
HEIGHT_GAIN = 0.8  # [1/s]
YAW_GAIN = 1.0  # [1/s]
GROUND_FILTER = 1.5  # [s] time constant of the difference between map and laser
CLIFF = 2.0  # [m] of relief around, with which that difference may as well be one of the map's place
SEARCH_AHEAD = 4.0  # [m] of path within which the nearest sample is sought each step
REACTION = 0.4  # [s] by which the vehicle lags behind its speed command
TURNING = 0.15  # [s] the same for the direction: a corner begun late is cut on its outer side
ON_PATH = 1.5  # [m] from the path within which the progress along it never rests
ARRIVED = 0.5  # [m] from the landing site at which the descent may begin
LOOK_FROM = 25.0  # [m] before the end of the path from which pictures of the landing place may be taken
HIGH = 1.0  # [m] above ground by laser that can't be a landing
SPEED_TIME = 1.0  # [s] over which speed is logged: from pose to pose it is noise
SETTLED_TIME = 1.2  # [s] over which sinking is judged
SETTLED_SHARE = 0.25  # of the commanded sinking below which it stands on the ground
TAKEOFF_LIMIT = 20.0  # [s] from rotor start within which it must be off the ground
LOST_TILT = 1.05  # [rad] from which there is no recovery
LANDED_TILT = 0.42  # [rad] tilt at rest from which it will not fly again (the fatal landing had 0.35)


@dataclass(frozen=True)
class Command:
    """What the helicopter shall do until the next step.

    Attributes:
        velocity: (3,) levelled body frame, x forward, y left, z up [m/s].
        yaw_rate: [rad/s].
        trigger: take a picture now.
        colour: take a colour picture now.
        motors: rotor on.
        phase: 'climb', 'survey', 'return', 'descend' or 'landed'.
    """

    velocity: Array
    yaw_rate: float
    trigger: bool
    motors: bool
    phase: str
    colour: bool = False


@dataclass
class Progress:
    """What has happened since lift-off, for feedback and log (SI units)."""

    elapsed: float = 0.0
    distance: float = 0.0
    max_height: float = 0.0
    max_speed: float = 0.0
    pictures: int = 0
    colour_pictures: int = 0
    outcome: str = COMPLETE
    message: str = ""
    airborne_since: float | None = None


@dataclass
class Guidance:
    """Fly one plan. Call `step` once each control period until `done`.

    Args:
        plan: checked against the envelope by the caller.
        limits: of the helicopter.
        ground: elevation known before or by now; the laser corrects it in flight.
        finder: judges where to land; without one it is the first wanted site (when nothing went wrong) or
            the nearest, unseen.
    """

    plan: FlightPlan
    limits: HelicopterLimits
    ground: Ground
    finder: SiteFinder | None = None
    phase: str = CLIMB
    progress: Progress = field(default_factory=Progress)

    def __post_init__(self) -> None:
        self._path: Trajectory
        self._path, self._altitude, self._below = follow_ground(
            build(self.plan, self.limits), self.ground, self.limits
        )
        times = segment_times(self._path.s, self._path.speed)
        self._until = np.append(np.cumsum(times[::-1])[::-1], 0.0)  # (n,) [s] from each sample to the end
        self._dt = 0.1
        self._begun = 0.0
        self._s = 0.0
        self._offset: float | None = None  # ground by laser minus ground by map [m]
        self._takeoff: Array | None = None
        self._site: tuple[float, float] | None = None
        self._heading: float | None = None  # to land with, or a quarter turn off [rad]
        self._last: tuple[float, Array] | None = None
        self._last_velocity = np.zeros(3)  # in map, as commanded
        self._range_time: float | None = None
        self._sinking: deque[tuple[float, float]] = deque()
        self._way = np.zeros(2)  # since lift-off, corrections of the pose left out
        self._passed: deque[tuple[float, Array]] = deque()  # times, and the way until then
        self._cut_short = self._diverted = self._asked = self._relative = False
        self._end_height = self.plan.waypoints[-1].height
        self._approach: Approach | None = None
        self._shutter = Shutter(self._path)
        self._time = 0.0
        self._energy = float("inf")

    @property
    def done(self) -> bool:
        return self.phase == LANDED

    @property
    def site(self) -> tuple[float, float] | None:
        """Where it will land, once chosen."""
        return self._site

    def cancel(self, reason: str, outcome: str = CUT_SHORT) -> None:
        """Give up the survey and land at the nearest safe site, for instance because the goal was cancelled.

        It may be called at any moment; a helicopter that is already landing goes on with that.
        """
        if self.phase in (CLIMB, SURVEY, RETURN) and not self._cut_short:
            self._cut_short = True
            self.progress.outcome, self.progress.message = outcome, reason

    def took_picture(self, time: float) -> None:
        """Note when the picture asked for last was taken [s]: the next are asked for sooner by that."""
        self._shutter.took(time)

    def step(
        self,
        time: float,
        pose: Pose,
        laser: float,
        energy_left: float,
        jump: Sequence[float] | Array = (0.0, 0.0),
    ) -> Command:
        """Decide on the next command.

        Args:
            time: [s].
            pose: base_link in map.
            laser: range along the body's down axis [m]; NaN or infinite when there is none.
            energy_left: [J] that this flight may still draw; infinite when unknown.
            jump: (2,) by which a correction moved the pose since the last step [m]; a site that was mapped
                from here moves with it.
        """
        if self.phase == LANDED:
            return Command(np.zeros(3), 0.0, False, False, LANDED)
        self._time, self._energy = time, energy_left
        if self._site is not None and self._relative:
            self._site = (self._site[0] + float(jump[0]), self._site[1] + float(jump[1]))
        dt, moved = self._measure(time, pose, jump)
        height = self._height(time, dt, pose, laser)
        self._book(time, pose, height, moved, dt)
        if pose.tilt() > LOST_TILT:
            return self._stop(LOST, f"it lies at {np.degrees(pose.tilt()):.0f} deg")
        if self.progress.airborne_since is None and time - self._begun > TAKEOFF_LIMIT:
            return self._stop(ABORTED, f"not off the ground after {TAKEOFF_LIMIT:.0f} s")
        if self.phase in (CLIMB, SURVEY, RETURN):
            self._watch(time, pose, height, energy_left)
        if self._cut_short and not self._diverted and self.phase != DESCEND:
            self._divert(pose, float(np.hypot(moved[0], moved[1])) / dt, height)
        if self.phase == CLIMB:
            command = self._climb(pose, height)
        elif self.phase in (SURVEY, RETURN):
            command = self._follow(pose, height, dt)
        else:
            command = self._descend(time, pose, height)
        return command

    # --- what is measured -------------------------------------------------------------------------------

    def _measure(self, time: float, pose: Pose, jump: Sequence[float] | Array) -> tuple[float, Array]:
        """Return the seconds since the last step and the way since then, (2,) [m], without the jump."""
        if self._last is None or time <= self._last[0]:
            dt, moved = self._dt, np.zeros(2)
        else:
            dt = time - self._last[0]
            moved = pose.position[:2] - self._last[1] - np.asarray(jump, dtype=np.float64)
        self._last, self._dt = (time, pose.position[:2].copy()), dt
        if self._takeoff is None:
            self._takeoff = pose.position.copy()
            self._range_time = self._begun = time
        return dt, moved

    def _height(self, time: float, dt: float, pose: Pose, laser: float) -> float:
        """Return the height above ground, by laser or else by map, and learn the map's offset."""
        x, y, z = pose.position
        mapped = float(self.ground.height(x, y))
        if not np.isfinite(mapped):
            mapped = float(np.interp(self._s, self._path.s, self._below))
        if self._offset is None and self._takeoff is not None:
            self._offset = float(self._takeoff[2]) - mapped  # it stands on the ground
        offset = self._offset or 0.0
        if np.isfinite(laser) and laser > 0.0:
            self._range_time = time
            height = max(laser * float(np.cos(pose.tilt())) - self.limits.range_offset, 0.0)
            # Above the foot of a cliff the map may show its top: what is learned there would hide the cliff.
            relief = float(np.nan_to_num(self.ground.relief(x, y)))
            share = min(1.0, dt / GROUND_FILTER) / (1.0 + (relief / CLIFF) ** 2)
            self._offset = offset + share * ((z - height) - mapped - offset)
            return height
        return float(z - mapped - offset)

    def _book(self, time: float, pose: Pose, height: float, moved: Array, dt: float) -> None:
        p = self.progress
        if p.airborne_since is None:
            if self._takeoff is not None and pose.position[2] - self._takeoff[2] > 0.2:
                p.airborne_since = time - dt
            return
        p.elapsed = time - p.airborne_since
        p.distance += float(np.hypot(moved[0], moved[1]))
        p.max_height = max(p.max_height, height)
        self._way = self._way + moved
        self._passed.append((time, self._way))
        while len(self._passed) > 2 and self._passed[1][0] <= time - SPEED_TIME:
            self._passed.popleft()
        begun, before = self._passed[0]
        if time - begun >= SPEED_TIME - 1e-6:
            p.max_speed = max(p.max_speed, float(np.hypot(*(self._way - before))) / (time - begun))

    # --- what may end a flight early --------------------------------------------------------------------

    def _watch(self, time: float, pose: Pose, height: float, energy_left: float) -> None:
        if self._cut_short:
            return
        home = self._time_home(pose, height)
        if self._range_time is not None and time - self._range_time > self.limits.range_dropout:
            self.cancel(f"no laser range for {time - self._range_time:.1f} s", ABORTED)
        elif self.progress.elapsed + home > self.limits.max_duration and self._saves(home):
            self.cancel(f"time: {home:.0f} s needed to land, limit {self.limits.max_duration:.1f} s")
        elif energy_left - home * power(self.limits) < self.limits.energy_reserve:
            self.cancel(f"energy: {energy_left:.0f} J left, {home:.0f} s needed to land")

    def _saves(self, home: float) -> bool:
        """Whether landing in `home` seconds is sooner than what is left of the plan."""
        if self.phase == RETURN:
            return False
        rest = float(np.interp(self._s, self._path.s, self._until))
        return rest + landing_time(self._end_height, self.limits) > home

    def _time_home(self, pose: Pose, height: float) -> float:
        """Time [s] to the nearest site that can be counted on, landing and a return from there included."""
        return min(self._time_to(site, pose, height) + self._way_back(site) for site in self._good_sites())

    def _time_to(self, site: tuple[float, float], pose: Pose, height: float) -> float:
        way = np.asarray(site) - pose.position[:2]
        distance = float(np.hypot(*way))
        limits = self.limits
        away = max(0.0, -float(way @ self._last_velocity[:2]) / max(distance, 1e-6))
        stop = away / limits.max_acceleration  # until then it flies on, and has to come back
        return (
            stop
            + (distance + 0.5 * away * stop) / limits.cruise_speed
            + limits.cruise_speed / limits.max_acceleration
            + landing_time(height, limits)
        )

    def _wanted_sites(self) -> list[tuple[float, float]]:
        sites = list(self.plan.wanted_landings)
        if self._takeoff is not None:
            here = (float(self._takeoff[0]), float(self._takeoff[1]))
            if min(np.hypot(s[0] - here[0], s[1] - here[1]) for s in sites) > 1.0:
                sites.append(here)
        return sites

    def _good_sites(self) -> list[tuple[float, float]]:
        """The wanted sites that can be counted on; all where none can."""
        sites, finder = self._wanted_sites(), self.finder
        return [site for site in sites if finder is not None and trusted(finder, site)] or sites

    def _nearest_site(self, pose: Pose) -> tuple[float, float]:
        x, y = pose.position[:2]
        return min(self._good_sites(), key=lambda s: float(np.hypot(s[0] - x, s[1] - y)))

    # --- where to land ----------------------------------------------------------------------------------

    def _divert(self, pose: Pose, speed: float, height: float) -> None:
        """Replace the rest of the path by the straight way to a landing site."""
        self._diverted = True
        if self.finder is None:
            self._site = self._nearest_site(pose)
            self._go_to(self._site, pose, speed)
            return
        self._approach = Approach(self.finder, self.limits, self._wanted_sites())
        move = self._approach.divert(pose.position[:2], lambda place: self._affordable(place, pose, height))
        self._make(move, pose, speed)

    def _affordable(self, place: tuple[float, float], pose: Pose, height: float) -> bool:
        """Whether it can fly to a place and land there before the reserve is touched by more than a tenth.

        Of a place that may turn out unsafe it must also be able to return to the nearest that is known to be.
        """
        seconds = self._time_to(place, pose, height) + self._way_back(place)
        return self._energy - seconds * power(self.limits) >= 0.9 * self.limits.energy_reserve

    def _way_back(self, place: tuple[float, float]) -> float:
        """Time [s] to look at a place and go on to the nearest known one; 0 for such a one or without any.

        Also 0 where a full pack would not do for the way there and back: then what the orbiter saw counts.
        """
        finder = self.finder
        if finder is None or measured(finder.verdict(place)):
            return 0.0
        known = [site for site in self._wanted_sites() if measured(finder.verdict(site))]
        gaps = [float(np.hypot(site[0] - place[0], site[1] - place[1])) for site in known]
        limits = self.limits
        if not gaps:
            return 0.0
        way = min(gaps) / limits.cruise_speed + limits.cruise_speed / limits.max_acceleration
        way += limits.landing_look_time + limits.landing_low_time
        there_and_back = 2.0 * way + landing_time(self._end_height, limits)
        return way if there_and_back * power(limits) < limits.usable_energy - limits.energy_reserve else 0.0

    def _make(self, move: Move, pose: Pose, speed: float) -> None:
        """Set out on a move of the approach."""
        if move.place is None:
            return
        if move.kind == "land":
            self._site, self._relative, self._heading = move.place, move.relative, move.heading
            self._explain(move)
            if float(np.hypot(*(np.asarray(move.place) - pose.position[:2]))) <= ARRIVED:
                self.phase = DESCEND
                return
        self._go_to(move.place, pose, speed, move.via, move.height)

    def _explain(self, move: Move) -> None:
        """Say so where it does not land where the plan wants it to."""
        if self._approach is None or move.place is None:
            return
        wanted = self._wanted_sites()[0]
        gap = float(np.hypot(move.place[0] - wanted[0], move.place[1] - wanted[1]))
        if self._approach.forced:
            self._note(move.why)
        elif not self._cut_short and gap > 1.5 * self.limits.landing_search:
            self._note(f"no safe site near ({wanted[0]:.1f}, {wanted[1]:.1f})")

    def _note(self, text: str) -> None:
        """Add to what is told of the flight, which by that is no longer complete."""
        p = self.progress
        if p.outcome == COMPLETE:
            p.outcome = CUT_SHORT
        p.message = f"{p.message}; {text}" if p.message else text

    def _go_to(
        self,
        site: tuple[float, float],
        pose: Pose,
        speed: float,
        via: tuple[float, float] | None = None,
        height: float | None = None,
    ) -> None:
        limits = self.limits
        here = pose.position[:2]
        self._end_height = min(height or self._end_height, self.plan.waypoints[-1].height)
        height = self._end_height

        def point(x: float, y: float) -> FlightWaypoint:
            return FlightWaypoint(float(x), float(y), height, limits.cruise_speed, pose.yaw)

        between = (point(*via),) if via is not None else ()
        plan = FlightPlan(self.plan.flight, self.plan.name, (point(*here), *between, point(*site)))
        path = build(plan, limits, start_speed=max(speed, 0.5))
        self._path, self._altitude, self._below = follow_ground(path, self.ground, limits)
        self._shutter.follow(self._path)
        self._s = 0.0
        self.phase = RETURN

    # --- the phases -------------------------------------------------------------------------------------

    def _climb(self, pose: Pose, height: float) -> Command:
        assert self._takeoff is not None
        target = float(self._path.height[0])
        error = max(target - height, float(self._altitude[0]) + (self._offset or 0.0) - pose.position[2])
        rise = float(
            np.clip(
                np.sqrt(max(2.0 * 0.7 * self.limits.max_acceleration * error, 0.0)),
                0.0,
                self.limits.max_climb_rate,
            )
        )
        if error < 0.5:
            self.phase = SURVEY
        hold = POSITION_GAIN * (self._path.xy[0] - pose.position[:2])
        hold = _shortened(hold, 1.0) if height > 2.0 else np.zeros(2)
        yaw_error = float(wrap_angle(self._path.yaw[0] - pose.yaw)) if height > 2.0 else 0.0
        return self._command(pose, np.array([hold[0], hold[1], max(rise, 0.3)]), YAW_GAIN * yaw_error, False)

    def _follow(self, pose: Pose, height: float, dt: float) -> Command:
        path, limits = self._path, self.limits
        before = self._s
        self._s = self._project(pose.position[:2])
        here, yaw, planned, _ = path.at(self._s)
        if float(np.hypot(*(here - pose.position[:2]))) < ON_PATH:
            # Where the path turns back on itself the nearest point stands still; time must not.
            self._s = min(max(self._s, before + 0.5 * max(planned, 0.2) * dt), path.length)
            here, yaw, _, _ = path.at(self._s)
        ahead = min(path.length, self._s + 0.5 + TURNING * planned)
        tangent = path.at(ahead)[0] - path.at(max(0.0, ahead - 1.0))[0]
        norm = float(np.hypot(*tangent))
        tangent = tangent / norm if norm > 1e-6 else np.zeros(2)
        # The profile starts from rest; half a metre ahead it already has a speed to begin with, and the
        # vehicle lags behind what it is told.
        speed = max(
            path.at(self._s + max(0.5, REACTION * planned))[2],
            0.2 if path.length > self._s else 0.0,
        )

        slope = self._slope(self._s)
        floor = float(np.interp(self._s, path.s, self._altitude)) + (self._offset or 0.0)
        rise = slope * speed + HEIGHT_GAIN * (floor - pose.position[2])
        low = min(limits.min_clearance, 0.5 * float(path.height.max()))
        if height < low:
            rise = limits.max_climb_rate
            speed = min(speed, 1.0)
        rise = float(np.clip(rise, -limits.max_climb_rate, limits.max_climb_rate))

        cross = _shortened(POSITION_GAIN * (here - pose.position[:2]), 2.0)
        planar = _shortened(tangent * speed + cross, limits.max_speed)
        yaw_slope = float(path.at(self._s + 1.0)[1] - path.at(self._s)[1])
        yaw_rate = yaw_slope * speed + YAW_GAIN * float(wrap_angle(yaw - pose.yaw))

        trigger, colour = self._shutter.due(self._s, speed, dt, pose, height)
        trigger = trigger or self._look_due(pose, height)
        self._arrive(pose, height)
        trigger = trigger or self._asked
        self._asked = False
        if trigger:
            self._shutter.asked(self._time, pose, height)
        self.progress.pictures += int(trigger)
        self.progress.colour_pictures += int(colour)
        if self.phase == SURVEY and self._shutter.todo == 0:
            self.phase = RETURN
        return self._command(pose, np.array([planar[0], planar[1], rise]), yaw_rate, trigger, colour)

    def _look_due(self, pose: Pose, height: float) -> bool:
        """Whether a picture of the landing place is due: near the path's end, a baseline after the last."""
        if self.finder is None or self._site is not None:
            return False
        if self._approach is None:
            if self._path.length - self._s > LOOK_FROM:
                return False
            self._approach = Approach(self.finder, self.limits, self._wanted_sites())
        here = pose.position[:2]
        if not self._approach.looks_at(here, height):
            return False
        spacing = self._approach.spacing(height)
        last = self._shutter.pictured
        return last is None or float(np.hypot(*(here - last))) >= spacing

    def _arrive(self, pose: Pose, height: float) -> None:
        """At the end of the path: judge the site, go there or elsewhere, then descend."""
        left = float(np.hypot(*(self._path.xy[-1] - pose.position[:2])))
        if self._path.length - self._s > ARRIVED or left > 2.0 * ARRIVED:
            return
        if self._site is not None:
            self.phase = DESCEND
            return
        if self.finder is None:
            self._make(Move("land", self._wanted_sites()[0]), pose, 0.0)
            return
        if self._approach is None:
            self._approach = Approach(self.finder, self.limits, self._wanted_sites())
        spare = self.limits.max_duration - self.progress.elapsed - landing_time(height, self.limits)
        move = self._approach.next(
            self._time, pose.position[:2], height, lambda place: self._affordable(place, pose, height), spare
        )
        self._asked = move.picture
        self._make(move, pose, 0.0)

    def _descend(self, time: float, pose: Pose, height: float) -> Command:
        assert self._site is not None
        limits = self.limits
        error = np.asarray(self._site) - pose.position[:2]
        hold = _shortened(LANDING_GAIN * error, 1.0)
        sink = sink_rate(height, limits)
        if self._range_time is not None and time - self._range_time > limits.range_dropout:
            sink = limits.landing_speed  # blind: the ground may come at any time
        if float(np.hypot(*error)) > 2.0 * ARRIVED and height > 2.0:
            sink = 0.0
        if height < TOUCHING:
            hold = np.zeros(2)
        if self._stands(time, float(pose.position[2]), sink, height):
            tilt = pose.tilt()
            if tilt > LANDED_TILT:
                return self._stop(LOST, f"landed at a tilt of {np.degrees(tilt):.0f} deg")
            return self._stop(self.progress.outcome, self.progress.message)
        return self._command(pose, np.array([hold[0], hold[1], -sink]), self._turn(pose, height), False)

    def _turn(self, pose: Pose, height: float) -> float:
        """Rate of turn [rad/s] to the heading with which the four feet stand best, or the nearest like it."""
        if self._heading is None or height < TOUCHING:
            return 0.0
        off = self._heading - pose.yaw
        return YAW_GAIN * (off - QUARTER * round(off / QUARTER))

    def _stop(self, outcome: str, message: str) -> Command:
        self.phase = LANDED
        self.progress.outcome, self.progress.message = outcome, message
        return Command(np.zeros(3), 0.0, False, False, LANDED)

    def _stands(self, time: float, z: float, sink: float, height: float) -> bool:
        """Whether it has sunk by far less than it was told over the last `SETTLED_TIME`."""
        if sink <= 0.0 or (height > HIGH and self._sees(time)):
            self._sinking.clear()
            return False
        self._sinking.append((time, z))
        while len(self._sinking) > 2 and self._sinking[1][0] <= time - SETTLED_TIME:
            self._sinking.popleft()
        first, lowest = self._sinking[0]
        return time - first >= SETTLED_TIME - 1e-6 and lowest - z < SETTLED_SHARE * sink * SETTLED_TIME

    def _sees(self, time: float) -> bool:
        return self._range_time is not None and time - self._range_time < 0.5

    # --- helpers ----------------------------------------------------------------------------------------

    def _project(self, position: Array) -> float:
        """Return the distance along the path of the nearest point, not behind and not far ahead."""
        path = self._path
        low = int(np.searchsorted(path.s, self._s - 0.5))
        high = int(np.searchsorted(path.s, self._s + SEARCH_AHEAD)) + 1
        low, high = max(0, min(low, len(path.s) - 1)), min(len(path.s), max(high, low + 2))
        a, b = path.xy[low : high - 1], path.xy[low + 1 : high]
        if len(a) == 0:
            return float(path.s[-1])
        d = b - a
        t = np.clip(((position - a) * d).sum(axis=1) / np.maximum((d * d).sum(axis=1), 1e-12), 0.0, 1.0)
        miss = np.hypot(*(a + t[:, None] * d - position).T)
        i = int(np.argmin(miss))
        s = float(path.s[low + i] + t[i] * (path.s[low + i + 1] - path.s[low + i]))
        return max(s, self._s)

    def _slope(self, s: float) -> float:
        path = self._path
        if path.length < 1e-6:
            return 0.0
        a, b = max(0.0, s - 0.5), min(path.length, s + 1.0)
        rise = np.interp(b, path.s, self._altitude) - np.interp(a, path.s, self._altitude)
        return float(rise / max(b - a, 1e-6))

    def _command(
        self, pose: Pose, velocity: Array, yaw_rate: float, trigger: bool = False, colour: bool = False
    ) -> Command:
        """Limit the change since the last command and turn map velocity into the levelled body frame."""
        change = velocity - self._last_velocity
        change[:2] = _shortened(change[:2], 1.5 * self.limits.max_acceleration * self._dt + 1e-9)
        limited = self._last_velocity + change
        self._last_velocity = limited
        c, s = float(np.cos(pose.yaw)), float(np.sin(pose.yaw))
        body = np.array([c * limited[0] + s * limited[1], -s * limited[0] + c * limited[1], limited[2]])
        rate = float(np.clip(yaw_rate, -self.limits.max_yaw_rate, self.limits.max_yaw_rate))
        return Command(body, rate, trigger, True, self.phase, colour)


def _shortened(vector: Array, most: float) -> Array:
    norm = float(np.hypot(vector[0], vector[1]))
    return vector * (most / norm) if norm > most else vector
