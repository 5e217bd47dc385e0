# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Both vehicles in a world, their sensors and the clock; no ROS. `wayscout_sim.node` adds the topics."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wayscout import config
from wayscout.camera import Camera, load_camera
from wayscout.errors import InvalidInput
from wayscout.link.radio import Contact, Radio, contact
from wayscout.mapping.shrink import shrink_camera
from wayscout.worlds.truth import load_truth
from wayscout_nodes.common.bodies import fixed_offset
from wayscout_sim.faults import FaultNumbers, Faults
from wayscout_sim.helicopter import HelicopterPhysics, HelicopterTruth
from wayscout_sim.pictures import PictureRenderer
from wayscout_sim.rover import RoverPhysics, RoverTruth
from wayscout_sim.sensors import HelicopterSensors, Noise, Odometry, RoverSensors
from wayscout_sim.states import drawn_start

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Settings:
    """Fields of config/simulator.yaml for the simulation as a whole."""

    drive_period: float
    flight_period: float
    idle_steps: int
    battery_steps: int
    colour_binning: int
    hazcam_turn: float


@dataclass(frozen=True)
class RoverCamera:
    """Fields of config/rover.yaml about the hazard camera."""

    camera_spacing: float
    hazcam_range: float


@dataclass(frozen=True)
class RoverReadings:
    """What the rover's sensors say at one instant.

    Attributes:
        odometry: pose in rover/odom.
        rates, acceleration: (3,) of the IMU in base_link.
        positions, speeds: (14,) joints in the order of `wayscout_sim.rover.JOINTS`.
        depth: (h, w) float32 [m], NaN where unknown, or None when no frame is due.
    """

    odometry: Odometry
    rates: Array
    acceleration: Array
    positions: Array
    speeds: Array
    depth: npt.NDArray[np.float32] | None


@dataclass(frozen=True)
class HelicopterReadings:
    """What the helicopter's sensors say at one instant.

    Attributes:
        odometry: pose in helicopter/odom.
        range: laser distance [m], infinite out of reach.
        charge: energy left [J]; power: drawn [W].
        picture: (h, w) uint8 grey, or None when none was asked for.
        colour: (h, w, 3) uint8 RGB of the colour camera, or None when none was asked for.
    """

    odometry: Odometry
    range: float
    charge: float
    power: float
    picture: npt.NDArray[np.uint8] | None
    colour: npt.NDArray[np.uint8] | None = None


class Simulation:
    """Both vehicles in one world.

    The vehicles do not touch each other, and a vehicle that rests is not stepped.

    Args:
        world: world folder with its truth.
        seed: of noise and gusts.
        camera: file stem in config/cameras of the helicopter's navigation camera.
        colour_camera: that of its colour camera.

    Raises:
        InvalidInput: when world or camera can't be used.
    """

    def __init__(
        self, world: Path | str, seed: int = 0, camera: str = "navigation", colour_camera: str = "colour"
    ) -> None:
        if seed < 0:
            raise InvalidInput("seed", seed, "a number of 0 or more is needed")
        self.settings = config.load("simulator", Settings)
        self._hazcam = config.load("rover", RoverCamera)
        self.truth = load_truth(world)
        cameras = config.directory() / "cameras"
        self.camera = _camera(cameras, camera)
        self.colour_camera = shrink_camera(_camera(cameras, colour_camera), self.settings.colour_binning)
        self.depth_camera = _camera(cameras, "hazard_depth")
        self.range_reach = config.load("simulator", Noise).range_reach
        self.renderer = PictureRenderer(world, self.truth)
        self._radio = config.load("link", Radio)
        noise = config.load("simulator", Noise)
        start = self.truth.world.start
        self.rover = RoverPhysics(self.truth, drawn_start(start, start.rover, seed, 0))
        self.helicopter = HelicopterPhysics(self.truth, drawn_start(start, start.helicopter, seed, 1), seed)
        self._rover_sensors = RoverSensors(noise, self.rover.wheel_radius, self.rover.observe(), seed)
        self._heli_sensors = HelicopterSensors(self.truth, noise, self.helicopter.observe(), seed)
        self.faults = Faults(config.load("simulator", FaultNumbers))
        self._navcam = fixed_offset("helicopter", "navcam_optical")
        self._colour = fixed_offset("helicopter", "colour_optical")
        self._laser = fixed_offset("helicopter", "range_link")
        self._eye = fixed_offset("rover", "hazcam_optical")
        self.time = 0.0
        self._read_at = {"rover": 0.0, "helicopter": 0.0}
        self._framed_at: tuple[float, float] | None = None  # travelled, heading of the last depth frame
        self.rover_truth: RoverTruth = self.rover.observe()
        self.helicopter_truth: HelicopterTruth = self.helicopter.observe()

    def step(self, period: float, *, rover: bool, helicopter: bool) -> None:
        """Let time pass [s] for the vehicles that are active."""
        if rover:
            self.rover.step(period)
            self.rover_truth = self.rover.observe()
        if helicopter:
            self.helicopter.mean_wind = self.faults.wind(self.time)
            self.helicopter.charge = self.faults.charge(self.time, self.helicopter.charge)
            self.helicopter.step(period)
            self.helicopter_truth = self.helicopter.observe()
        self.time = round(self.time + period, 6)

    def rest(self, duration: float) -> None:
        """Let both vehicles rest and the helicopter charge [s].

        Raises:
            InvalidInput: when the duration is not positive or a vehicle is under way.
        """
        if not (np.isfinite(duration) and duration > 0.0):
            raise InvalidInput("duration", duration, "a positive time [s] is needed")
        if self.helicopter.is_active:
            raise InvalidInput("duration", duration, "the helicopter has to stand with motors off first")
        self.helicopter.recharge(duration)
        self.helicopter_truth = self.helicopter.observe()
        self.time = round(self.time + duration, 6)

    def motors(self, on: bool) -> None:
        """Start or stop the rotors; a start draws the odometry errors of a new flight."""
        if on and not self.helicopter_truth.motors:
            self._heli_sensors.begin_flight()
            self.faults.begin_flight(self.time)
        self.helicopter.motors(on)
        self.helicopter_truth = self.helicopter.observe()

    def read_rover(self) -> RoverReadings:
        """Return the rover's sensors; a depth frame comes at first and with distance or turning."""
        state, sensors = self.rover_truth, self._rover_sensors
        odometry = sensors.odometry(state, self._elapsed("rover"))
        depth = None
        if self._frame_due():
            self._framed_at = (sensors.travelled, sensors.yaw)
            reach = self._hazcam.hazcam_range
            exact = self.renderer.depth(self.depth_camera, state.pose @ self._eye, reach=1.6 * reach)
            depth = sensors.depth(exact, reach)
        return RoverReadings(
            odometry, odometry.rates, sensors.acceleration(state), state.positions, state.speeds, depth
        )

    def read_helicopter(self, *, picture: bool = False, colour: bool = False) -> HelicopterReadings:
        """Return the helicopter's sensors, with a grey or colour picture when one is asked for."""
        state, sensors = self.helicopter_truth, self._heli_sensors
        odometry = sensors.odometry(state, self._elapsed("helicopter"))
        image = None
        if picture:
            image = sensors.expose(self.renderer.picture(self.camera, state.pose @ self._navcam))
            image = self.faults.picture(self.time, image)
        wide = None
        if colour:
            wide = sensors.expose(
                self.renderer.picture(self.colour_camera, state.pose @ self._colour, colour=True)
            )
        distance = self.faults.range(self.time, sensors.range(state.pose @ self._laser))
        return HelicopterReadings(odometry, distance, state.charge, state.power, image, wide)

    def contact(self) -> Contact:
        """Return how the two radios hear each other over the true ground."""
        positions = self.helicopter_truth.pose.position, self.rover_truth.pose.position
        return contact(self._radio, self.truth.ground, *positions)

    def close(self) -> None:
        """Free the graphics."""
        self.renderer.close()

    def _frame_due(self) -> bool:
        if self._framed_at is None:
            return True
        travelled, heading = self._framed_at
        driven = self._rover_sensors.travelled - travelled
        turned = abs(self._rover_sensors.yaw - heading)
        return driven >= self._hazcam.camera_spacing or turned >= self.settings.hazcam_turn

    def _elapsed(self, vehicle: str) -> float:
        elapsed = self.time - self._read_at[vehicle]
        self._read_at[vehicle] = self.time
        return elapsed


def _camera(folder: Path, name: str) -> Camera:
    file = folder / f"{name}.yaml"
    if not file.is_file():
        known = sorted(path.stem for path in folder.glob("*.yaml"))
        raise InvalidInput("camera", name, f"one of {known} is needed")
    return load_camera(file)
