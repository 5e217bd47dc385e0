# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A flight without ROS: physics, sensors and pictures, the localiser's filter, guidance and landing.

What the nodes do over topics happens here in one loop, in the order of the lock-step: for tests and
benchmarks of whole flights. Only what the sensors say reaches filter and guidance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wayscout import config
from wayscout.errors import InvalidInput
from wayscout.flight.energy import EnergyMeter
from wayscout.flight.ground import Ground
from wayscout.flight.guidance import Guidance
from wayscout.flight.lander import Lander
from wayscout.flight.look import LandingLook
from wayscout.flight.plan import FlightPlan, HelicopterLimits
from wayscout.flight.watch import FlightWatch
from wayscout.geometry import Pose
from wayscout.grid import Grid
from wayscout.localisation.attitude import FLIGHT, AttitudeFilter, AttitudeParams
from wayscout.localisation.campaign import HelicopterCampaign
from wayscout.localisation.flight_adjustment import AdjustmentParams
from wayscout.localisation.helicopter import HelicopterParams
from wayscout.localisation.orbital import Orbital
from wayscout.mapping.mapper import MapperParams
from wayscout.worlds.folder import load_orbital
from wayscout_nodes.common.bodies import fixed_offset
from wayscout_sim.simulation import HelicopterReadings, Simulation

Array = npt.NDArray[np.float64]
LONGEST = 400.0  # [s] after which a flight counts as hung


@dataclass(frozen=True)
class Landing:
    """How a flight ended.

    Attributes:
        outcome, message: of the guidance.
        true: where base_link truly stands, in map.
        aim: x, y [m] in map of the site it aimed at, by its own reckoning.
        believed: where it believes to stand.
        energy_left: [J] that the flight might still have drawn.
        seconds: in the air.
        lander: what was known of the ground.
        lost: why it will not fly again by the physics, '' while it can.
    """

    outcome: str
    message: str
    true: Pose
    aim: tuple[float, float] | None
    believed: Pose
    energy_left: float
    seconds: float
    lander: Lander
    lost: str


class Sortie:
    """A helicopter in a world, ready for flights.

    Args:
        world: world folder with its truth.
        seed: of noise and gusts.
        looks: whether it takes pictures of where it lands.
    """

    def __init__(self, world: Path, seed: int, *, looks: bool = True) -> None:
        self.sim = Simulation(world, seed)
        self.limits = config.load("helicopter", HelicopterLimits)
        seen = load_orbital(world)
        self.orbital: Grid = seen.elevation
        mount, laser = (fixed_offset("helicopter", name) for name in ("navcam_optical", "range_link"))
        adjustment = config.load("localiser", AdjustmentParams)
        image = Grid(seen.image_resolution, seen.image_origin, seen.image.shape, "map")  # type: ignore[arg-type]
        image["image"] = seen.image.astype(np.float32)
        orbital = Orbital(image, seen.elevation, seen.meta.shift_sigma, seen.meta.elevation_sigma)
        told = self.sim.truth.world.start
        z = float(self.sim.helicopter_truth.pose.position[2])
        believed = Pose.from_euler(told.helicopter.x, told.helicopter.y, z, yaw=told.helicopter.yaw)
        sigma = np.array([told.position_sigma, told.position_sigma, 0.1])
        self._attitude = AttitudeFilter(config.load("localiser", AttitudeParams), FLIGHT)
        self._localiser = HelicopterCampaign(
            self.sim.camera,
            mount,
            laser,
            config.load("localiser", HelicopterParams),
            adjustment,
            orbital,
            believed,
            sigma,
            told.yaw_sigma,
        )
        look = LandingLook(self.sim.camera, mount, laser, adjustment, MapperParams.load()) if looks else None
        self.lander = Lander(self.limits, look, orbital=self.orbital)
        self.energy = EnergyMeter(self.limits)
        self.watch = FlightWatch(self.limits)
        self._localiser.step(self._odom(self.sim.read_helicopter()))
        x, y, _ = self._localiser.filter.pose.position
        self.lander.stood_on.append((float(x), float(y)))

    @property
    def believed(self) -> Pose:
        """base_link in map as the filter has it."""
        return self._localiser.filter.pose

    def set_energy(self, energy: float) -> None:
        """Charge the pack so that flights may draw so much [J]."""
        self.sim.helicopter.charge = self.limits.battery_capacity - self.limits.usable_energy + energy

    def fly(self, plan: FlightPlan, each_step: Callable[[Guidance, float], None] | None = None) -> Landing:
        """Fly a plan to its end.

        Args:
            each_step: called with the guidance and the time in flight [s] before each step.

        Raises:
            InvalidInput: when it has not landed after `LONGEST` seconds.
        """
        sim, lander, period = self.sim, self.lander, self.sim.settings.flight_period
        lander.begin()
        self.watch.begin(self.limits)
        guidance = Guidance(plan, self.limits, Ground([self.orbital], self.limits.ground_uncertainty), lander)
        self.energy.begin()
        begun, trigger = sim.time, False
        before: tuple[Pose, Pose] | None = None  # correction, odometry
        while not guidance.done:
            if sim.time - begun > LONGEST:
                raise InvalidInput("flight", plan.name, f"it has not landed after {LONGEST:g} s")
            reading = sim.read_helicopter(picture=trigger)
            odom, distance = self._odom(reading), reading.range
            correction = self._localiser.step(odom, distance)
            if reading.picture is not None:
                self._localiser.picture(sim.time, reading.picture)
                correction = self._localiser.filter.correction()
                lander.add_picture(sim.time, reading.picture, odom, distance)
                guidance.took_picture(sim.time)
            self.energy.update(reading.charge / self.limits.battery_capacity)
            pose = correction @ odom
            jump = np.zeros(2)
            if before is not None:
                jump = ((correction @ before[1]).position - (before[0] @ before[1]).position)[:2]
            before = correction, odom
            height = distance if np.isfinite(distance) else 0.0
            lander.locate(correction, height)
            if trouble := self.watch.step(sim.time, odom, height, lander.dark):
                guidance.cancel(trouble)
            if each_step is not None:
                each_step(guidance, sim.time - begun)
            command = guidance.step(sim.time, pose, distance, self.energy.available, jump)
            trigger = command.trigger
            sim.motors(command.motors)
            sim.helicopter.command(command.velocity, command.yaw_rate)
            sim.step(period, rover=False, helicopter=True)
        for _ in range(10):  # the legs settle
            sim.step(period, rover=False, helicopter=True)
        truth = sim.helicopter_truth
        self._localiser.step(self._odom(sim.read_helicopter()))
        self._localiser.finish_flight(self._attitude.smoothed())
        landed = self.believed.position
        lander.stood_on.append((float(landed[0]), float(landed[1])))
        return Landing(
            guidance.progress.outcome,
            guidance.progress.message,
            truth.pose,
            guidance.site,
            self.believed,
            self.energy.available,
            guidance.progress.elapsed,
            lander,
            truth.lost,
        )

    def _odom(self, reading: HelicopterReadings) -> Pose:
        return self._attitude.step(self.sim.time, reading.odometry.pose, reading.odometry.rates)

    def close(self) -> None:
        """Free the graphics."""
        self.sim.close()
