# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The helicopter's physics: a rigid body with rotor thrust, its inner loops, gusts, battery and legs.

Simplified: rotor thrust is one force along the body's z axis and one torque, the blades don't flap, and
thrust follows its command with a first-order lag. Air drags on the rotors in proportion to the speed
against the air. The inner attitude and velocity loops, which fly on the vehicle's own board, see the true
state; every sensor that leaves the vehicle carries noise.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import mujoco
import numpy as np
import numpy.typing as npt

from wayscout import config
from wayscout.flight.solar import SOL, SunPower, charge_after
from wayscout.geometry import Pose
from wayscout.worlds.truth import Truth
from wayscout_nodes.common.bodies import urdf_text
from wayscout_sim.commands import within_limits
from wayscout_sim.ground import NearRocks, add_ground
from wayscout_sim.states import HelicopterTruth, ground_pose

Array = npt.NDArray[np.float64]

_CONTROL = 2  # physics steps between updates of the loops
_THRUST_LAG = 0.06  # s
_SPIN_UP = 0.5  # s from motors on to thrust on command
_IDLE_THRUST = 0.15  # share of weight while standing with motors on
_GROUND_FRICTION = 0.8
_WRECKED_TILT = np.radians(45.0)  # rad, on the ground: the rotors have struck it
_WRECKED_SPEED = 3.0  # m/s at touchdown that breaks the legs


@dataclass(frozen=True)
class HelicopterNumbers:
    """Fields of config/helicopter.yaml."""

    mass: float
    rotor_diameter: float
    range_offset: float
    max_speed: float
    max_acceleration: float
    max_climb_rate: float
    max_yaw_rate: float
    hover_power: float
    climb_efficiency: float
    battery_capacity: float


@dataclass(frozen=True)
class FlightNumbers:
    """Fields of config/simulator.yaml."""

    timestep: float
    rock_reach: float
    rock_contacts: int
    thrust_ratio: float
    attitude_bandwidth: float
    velocity_gain: float
    velocity_integral: float
    max_lean: float
    wind_speed: float
    wind_time: float
    rotor_drag: float
    sunlight: float


@dataclass
class HelicopterPhysics:
    """Steps the helicopter.

    Args:
        truth: the world.
        start: base_link's x, y and yaw are used; it stands on the ground there.
        seed: of the gusts.
    """

    truth: Truth
    start: Pose
    seed: int = 0
    numbers: FlightNumbers = field(default_factory=lambda: config.load("simulator", FlightNumbers))
    body: HelicopterNumbers = field(default_factory=lambda: config.load("helicopter", HelicopterNumbers))

    def __post_init__(self) -> None:
        self.model = self._build(urdf_text("helicopter", **vars(self.body)))
        self.data = mujoco.MjData(self.model)
        self._rocks = NearRocks(self.model, self.data, self.truth.rocks, self.numbers.rock_reach)
        self._base = self.model.body("base_link").id
        self._own = np.array([g for g in range(self.model.ngeom) if self.model.geom_contype[g]])
        self._rng = np.random.default_rng([self.seed, 31])
        self._weight = self.body.mass * self.truth.world.gravity
        self._command = np.zeros(4)
        self._reference = np.zeros(3)
        self._integral = np.zeros(3)
        self._yaw = self.start.yaw
        self._wind = np.zeros(3)
        self.mean_wind = np.zeros(3)
        self._thrust = 0.0
        self._spin = 0.0
        self._motors = False
        self._lost = ""
        self._power = 0.0
        self._landed = True
        self.charge = self.body.battery_capacity
        pose = ground_pose(self.truth, *self.start.position[:2], self.start.yaw, 0.3)
        q = pose.quaternion
        self.data.qpos[:3] = pose.position
        self.data.qpos[2] += 0.01
        self.data.qpos[3:7] = [q[3], q[0], q[1], q[2]]
        mujoco.mj_forward(self.model, self.data)
        self.step(2.0)

    def motors(self, on: bool) -> None:
        """Start or stop the rotors; a lost helicopter's stay off."""
        on = on and not self._lost
        if on and not self._motors:
            self._spin = 0.0
            self._yaw = self.pose.yaw
            self._integral[:] = 0.0
            self._reference[:] = 0.0
        self._motors = on

    def command(self, velocity: npt.ArrayLike, yaw_rate: float) -> None:
        """Take a velocity (x forward, y left, z up, levelled body frame) [m/s] and a yaw rate [rad/s].

        Raises:
            InvalidInput: when a number is not finite.
        """
        self._command = within_limits(velocity, yaw_rate, self.body)

    def recharge(self, duration: float) -> None:
        """Charge the pack while resting [s], by the law that flights are planned by."""
        sun = config.load("campaign", SunPower).under(self.numbers.sunlight)
        self.charge = charge_after(self.charge, duration / SOL, sun, self.body.battery_capacity)

    def step(self, duration: float) -> None:
        """Let time pass [s]."""
        steps = round(duration / (self.numbers.timestep * _CONTROL))
        for _ in range(steps):
            self._advance()

    @property
    def pose(self) -> Pose:
        """base_link in map."""
        w, x, y, z = self.data.xquat[self._base]
        return Pose(self.data.xpos[self._base].copy(), np.array([x, y, z, w]))

    @property
    def is_active(self) -> bool:
        """True while the rotors turn or the body still moves."""
        return self._motors or not self._landed or bool(np.linalg.norm(self.data.qvel[:3]) > 0.02)

    def observe(self) -> HelicopterTruth:
        """Return what is true now."""
        d = self.data
        return HelicopterTruth(
            self.pose,
            d.qvel[:3].copy(),
            d.qvel[3:6].copy(),
            self.charge,
            self._power,
            self._motors,
            self._landed,
            self._lost,
        )

    # -- one update of the loops --

    def _advance(self) -> None:
        dt = self.numbers.timestep * _CONTROL
        d = self.data
        self._rocks.update(d.xpos[self._base, :2])
        touching = bool(d.ncon) and bool(np.isin(d.contact.geom, self._own).any())
        rotation = d.xmat[self._base].reshape(3, 3)
        self._watch(touching, rotation)
        self._blow(dt)
        wanted, torque = self._fly(dt, touching, rotation) if self._motors else (0.0, np.zeros(3))
        self._thrust += (wanted - self._thrust) * min(1.0, dt / _THRUST_LAG)
        if not self._motors:
            self._thrust = 0.0
        drag = self.numbers.rotor_drag * self.body.mass * (self.mean_wind + self._wind - d.qvel[:3])
        force = rotation[:, 2] * self._thrust + (drag if self._motors and not touching else 0.0)
        d.xfrc_applied[self._base, :3] = force
        d.xfrc_applied[self._base, 3:] = rotation @ torque
        self._drain(dt)
        mujoco.mj_step(self.model, d, _CONTROL)

    def _fly(self, dt: float, touching: bool, rotation: Array) -> tuple[float, Array]:
        """Return the thrust [N] and the torque (3,) in the body frame [N m] of the inner loops."""
        d, n = self.data, self.numbers
        self._spin = min(1.0, self._spin + dt / _SPIN_UP)
        stands = touching and self._command[2] <= 0.05
        self._landed = stands
        if stands or self._spin < 1.0:
            # standing: let the legs carry the weight, hold nothing
            self._reference[:] = d.qvel[:3]
            self._integral[:] = 0.0
            self._yaw = float(np.arctan2(rotation[1, 0], rotation[0, 0]))
            return _IDLE_THRUST * self._weight * self._spin, np.zeros(3)
        self._yaw += self._command[3] * dt
        c, s = np.cos(self._yaw), np.sin(self._yaw)
        x, y, z = self._command[:3]
        goal = np.array([c * x - s * y, s * x + c * y, z])
        change = goal - self._reference
        limit = self.body.max_acceleration * dt
        length = float(np.linalg.norm(change))
        step = change if length <= limit else change * (limit / length)
        self._reference += step
        error = self._reference - d.qvel[:3]
        self._integral = np.clip(self._integral + error * dt, -2.0, 2.0)
        wish = step / dt + n.velocity_gain * error + n.velocity_integral * self._integral
        gravity = self.truth.world.gravity
        vertical = max(wish[2] + gravity, 0.3 * gravity)
        lean = float(np.hypot(wish[0], wish[1]))
        most = np.tan(n.max_lean) * vertical
        if lean > most:
            wish[:2] *= most / lean
        force = self.body.mass * np.array([wish[0], wish[1], vertical])
        thrust = min(float(force @ rotation[:, 2]), n.thrust_ratio * self._weight)
        up = force / np.linalg.norm(force)
        # the nose over the heading that is wanted, however the body leans
        left = _cross(up, np.array([c, s, -(c * up[0] + s * up[1]) / up[2]]))
        left /= np.linalg.norm(left)
        target = np.column_stack([_cross(left, up), left, up])
        skew = target.T @ rotation - rotation.T @ target
        tilt = 0.5 * np.array([skew[2, 1], skew[0, 2], skew[1, 0]])
        rates = d.qvel[3:6] - np.array([0.0, 0.0, self._command[3]])
        w = n.attitude_bandwidth
        inertia = self.model.body_inertia[self._base]
        torque = -inertia * (w * w * tilt + 1.6 * w * rates)
        return max(thrust, 0.0), np.asarray(torque)

    def _watch(self, touching: bool, rotation: Array) -> None:
        if not self._motors:
            self._landed = touching
        if not touching or self._lost:
            return
        if np.arccos(np.clip(rotation[2, 2], -1.0, 1.0)) > _WRECKED_TILT:
            self._lost = "tipped over on the ground"
        elif np.linalg.norm(self.data.qvel[:3]) > _WRECKED_SPEED:
            self._lost = f"struck the ground at {np.linalg.norm(self.data.qvel[:3]):.1f} m/s"
        if self._lost:
            self._motors = False

    def _blow(self, dt: float) -> None:
        """Gusts: a Gauss-Markov process per axis (Dryden's longitudinal spectrum); half as strong upwards."""
        n = self.numbers
        fade = np.exp(-dt / n.wind_time)
        spread = n.wind_speed * np.sqrt(1.0 - fade * fade) * np.array([1.0, 1.0, 0.5])
        self._wind = self._wind * fade + spread * self._rng.standard_normal(3)

    def _drain(self, dt: float) -> None:
        """Rotor power: hover power x (thrust over weight)^1.5, plus what climbing costs."""
        if not self._motors:
            self._power = 0.0
            return
        share = self._thrust / self._weight
        climb = max(float(self.data.qvel[2]), 0.0) * self._thrust / self.body.climb_efficiency
        self._power = self.body.hover_power * share**1.5 + climb
        self.charge = max(0.0, self.charge - self._power * dt)
        if self.charge <= 0.0:
            self._motors = False
            self._lost = self._lost or "the battery ran empty in flight"

    def _build(self, urdf: str) -> mujoco.MjModel:
        n = self.numbers
        spec = mujoco.MjSpec.from_string(urdf)
        spec.compiler.fusestatic = False
        spec.option.timestep = n.timestep
        spec.option.gravity = [0.0, 0.0, -self.truth.world.gravity]
        spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
        add_ground(spec, self.truth, n.rock_contacts, _GROUND_FRICTION)
        spec.body("base_link").add_freejoint()
        for geom in spec.geoms:
            own = geom.name.endswith("_collision")
            geom.contype, geom.conaffinity = (1, 0) if own else (0, 1)
        return spec.compile()


def _cross(a: Array, b: Array) -> Array:
    """What np.cross gives, in a tenth of its time: it is called two hundred times a second."""
    (ax, ay, az), (bx, by, bz) = a.tolist(), b.tolist()
    return np.array([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])
