# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What may go wrong with air and camera in flight, and when it is reason to land."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wayscout.flight.plan import HelicopterLimits
from wayscout.geometry import Pose
from wayscout.mapping.pictures import DarkPictures

Array = npt.NDArray[np.float64]

SMOOTHING = 2.0  # [s] time constant of each of the two filters on speed and lean
SETTLING = 6.0  # [s] after lift-off before which the filters tell nothing
LEANS = 0.03  # [rad] which any flight by rotor exceeds; a simulator that moves it level tells no wind
AIRBORNE = 1.5  # [m] above ground from which the rotor alone carries it
WIND = "wind"


class WindMeter:
    """Tells the wind by how far the helicopter leans without speeding up.

    Along the horizontal, thrust and drag of the air accelerate it: a = g tan(lean) + k (w - v), so that the
    wind is w = v + (a - g tan(lean)) / k. Speed comes from odometry, whose noise two equal low-pass filters
    in a row take off; their difference gives the acceleration, and the lean passes the same two.

    Args:
        drag: k, acceleration per speed against the air [1/s].
        gravity: [m/s^2].
    """

    def __init__(self, drag: float, gravity: float) -> None:
        self._drag, self._gravity = drag, gravity
        self.reset()

    def reset(self) -> None:
        """Begin anew, on the ground."""
        self._last: tuple[float, Array] | None = None
        self._speed = np.zeros((2, 2))
        self._lean = np.zeros((2, 2))
        self._airborne = 0.0
        self._leans = False

    def step(self, time: float, odom: Pose, height: float) -> float:
        """Return the speed of the lasting wind [m/s]; 0 until it has flown for `SETTLING` seconds.

        Args:
            time: [s]. odom: base_link in the odometry frame. height: above ground [m].
        """
        position = odom.position[:2].copy()
        last, self._last = self._last, (time, position)
        if last is None or time <= last[0]:
            return self.speed
        dt = time - last[0]
        if not height > AIRBORNE:
            self._speed[:], self._lean[:], self._airborne = 0.0, 0.0, 0.0
            return 0.0
        self._airborne += dt
        up = odom.rotation()[:, 2]
        share = 1.0 - float(np.exp(-dt / SMOOTHING))
        lean = up[:2] / max(up[2], 0.2)
        self._leans = self._leans or float(np.hypot(*lean)) > LEANS
        for state, value in ((self._speed, (position - last[1]) / dt), (self._lean, lean)):
            state[0] += share * (value - state[0])
            state[1] += share * (state[0] - state[1])
        return self.speed

    @property
    def wind(self) -> Array:
        """(2,) lasting wind in the odometry frame [m/s]."""
        acceleration = (self._speed[0] - self._speed[1]) / SMOOTHING
        result: Array = self._speed[1] + (acceleration - self._gravity * self._lean[1]) / self._drag
        return result

    @property
    def speed(self) -> float:
        """Of the lasting wind [m/s]; 0 until the filters have settled."""
        tells = self._leans and self._airborne >= SETTLING
        return float(np.hypot(*self.wind)) if tells else 0.0


class FlightWatch:
    """Watches one flight after the other for wind and a blind camera.

    Attributes:
        calm_from: time [s] before which no flight shall begin, after wind cut one short.
    """

    def __init__(self, limits: HelicopterLimits) -> None:
        self.limits = limits
        self.meter = WindMeter(limits.air_drag, limits.gravity)
        self.calm_from = -np.inf

    def begin(self, limits: HelicopterLimits) -> None:
        """A flight begins under these limits."""
        self.limits = limits
        self.meter = WindMeter(limits.air_drag, limits.gravity)

    def step(self, time: float, odom: Pose, height: float, dark: DarkPictures) -> str:
        """Return why the flight shall be cut short, '' while nothing is wrong."""
        limits = self.limits
        wind = self.meter.step(time, odom, height)
        if wind > limits.wind_limit:
            self.calm_from = time + limits.wind_wait
            return f"{WIND}: {wind:.1f} m/s measured, limit {limits.wind_limit:g} m/s"
        if 0 < limits.dark_pictures <= dark.in_a_row:
            return f"camera: {dark.in_a_row} pictures in a row are {dark.reason}"
        return ""

    def refusal(self, time: float) -> str:
        """Return why no flight may begin now, '' when one may."""
        if time < self.calm_from:
            return f"wind cut the last flight short; the next may begin in {self.calm_from - time:.0f} s"
        return ""
