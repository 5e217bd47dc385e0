# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The rover's physics: its URDF on the ground in MuJoCo, motors, traction, and what truly happens to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import mujoco
import numpy as np
import numpy.typing as npt

from wayscout import config
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.worlds.truth import Truth
from wayscout_nodes.common.bodies import urdf_text
from wayscout_sim.ground import NearRocks, add_ground
from wayscout_sim.states import JOINTS, STEERS, WHEELS, RoverTruth, ground_pose
from wayscout_sim.traction import SlipCurve, creep, slips

Array = npt.NDArray[np.float64]

_WHEEL_STIFFNESS = 6000.0  # N m/rad, of the wheels' servo: gives by 3 mm on a slope of 20 deg
_WHEEL_DAMPING = 500.0  # N m s/rad
_STEER_STIFFNESS = 8000.0  # N m/rad
_STEER_DAMPING = 500.0  # N m s/rad
_DROP = 0.02  # m above the ground at which the rover is set down
_SETTLE = 4.0  # s


@dataclass(frozen=True)
class RoverNumbers:
    """Fields of config/rover.yaml that shape the body and its limits."""

    mass: float
    wheel_diameter: float
    wheelbase: float
    track_outer: float
    track_middle: float
    belly_clearance: float
    max_steer: float
    max_steer_rate: float


@dataclass(frozen=True)
class PhysicsNumbers:
    """Fields of config/simulator.yaml for contact and motors."""

    rover_timestep: float
    slip_period: float
    wheel_torque: float
    wheel_friction: float
    creep: float
    side_slip: float
    rock_reach: float
    rock_contacts: int


@dataclass
class RoverPhysics:
    """Steps the rover.

    Args:
        truth: the world.
        start: base_link's x, y and yaw are used; the rover settles on the ground there.
    """

    truth: Truth
    start: Pose
    numbers: PhysicsNumbers = field(default_factory=lambda: config.load("simulator", PhysicsNumbers))

    def __post_init__(self) -> None:
        body = config.load("rover", RoverNumbers)
        curve = config.load("rover", SlipCurve)
        self._rate_limit = body.max_steer_rate
        self._steer_limit = body.max_steer
        self.wheel_radius = 0.5 * body.wheel_diameter
        self._slopes, self._curve = np.radians(curve.slip_slopes), np.array(curve.slip_on_sand)
        self._firm = curve.slip_on_rock
        self.model = self._build(urdf_text("rover", **vars(body)))
        # N m that turn a wheel whose traction is its mean load
        self._stall = self.wheel_radius * body.mass * self.truth.world.gravity / len(WHEELS)
        self.data = mujoco.MjData(self.model)
        self._rocks = NearRocks(self.model, self.data, self.truth.rocks, self.numbers.rock_reach)
        m = self.model
        self._base = m.body("base_link").id
        self._joint_q = np.array([m.jnt_qposadr[m.joint(j).id] for j in JOINTS])
        self._joint_v = np.array([m.jnt_dofadr[m.joint(j).id] for j in JOINTS])
        self._wheel_geoms = np.array([m.geom(f"{w}_collision").id for w in WHEELS])
        self._speeds = np.zeros(6)
        self._steering = np.zeros(4)
        self._slip = np.zeros(6)
        self._on_rock = np.zeros(6, dtype=bool)
        self._tallest = 0.0
        self.touched: dict[int, float] = {}  # rock -> height [m], of every rock touched so far
        ground = self.truth.ground
        corner = ground.origin[0] + 0.5 * ground.resolution
        self._ground = (ground["elevation"], ground["sand"], corner, ground.resolution)
        self._set_down()

    def command(self, speeds: Mapping[str, float], steering: Mapping[str, float]) -> None:
        """Take wheel speeds [rad/s] and steering angles [rad] by joint name; unnamed joints keep theirs.

        Raises:
            InvalidInput: for an unknown joint or a number that is not finite.
        """
        for given, names, held in ((speeds, WHEELS, self._speeds), (steering, STEERS, self._steering)):
            for name, value in given.items():
                if name not in names:
                    raise InvalidInput("joint_command.name", name, f"one of {list(names)} is needed")
                if not np.isfinite(value):
                    raise InvalidInput(f"joint_command {name}", value, "a finite number is needed")
                held[names.index(name)] = value
        np.clip(self._steering, -self._steer_limit, self._steer_limit, out=self._steering)

    def step(self, duration: float) -> None:
        """Let time pass [s]."""
        remaining = round(duration / self.numbers.rover_timestep)
        chunk = max(1, round(self.numbers.slip_period / self.numbers.rover_timestep))
        while remaining > 0:
            count = min(chunk, remaining)
            self._advance(count)
            remaining -= count

    @property
    def pose(self) -> Pose:
        """base_link in map."""
        return _pose(self.data, self._base)

    @property
    def is_moving(self) -> bool:
        """True while a wheel is told to turn, a steering motor is on its way, or the body still swings."""
        turning = bool(np.any(self._speeds != 0.0))
        steering = bool(np.any(np.abs(self.data.ctrl[6:] - self._steering) > 1e-9))
        return turning or steering or bool(np.linalg.norm(self.data.qvel[:3]) > 5e-3)

    def observe(self) -> RoverTruth:
        """Return what is true now; resets the tallest contact."""
        d = self.data
        pose = self.pose
        rotation = pose.rotation()
        velocity = d.qvel[:3].copy()
        acceleration = d.qacc[:3] - self.model.opt.gravity
        tallest, self._tallest = self._tallest, 0.0
        return RoverTruth(
            pose,
            velocity,
            d.qvel[3:6].copy(),
            rotation.T @ acceleration,
            d.qpos[self._joint_q].copy(),
            d.qvel[self._joint_v].copy(),
            self._slip.copy(),
            tallest,
        )

    def _advance(self, count: int) -> None:
        self._rocks.update(self.data.xpos[self._base, :2])
        dt = count * self.numbers.rover_timestep
        # a stalled motor must not wind its servo up beyond what its torque needs
        angles = self.data.qpos[self._joint_q[:6]]
        most = self.numbers.wheel_torque + np.abs(self._speeds) * _WHEEL_DAMPING
        reach = most / _WHEEL_STIFFNESS
        np.clip(self.data.act, angles - reach, angles + reach, out=self.data.act)
        self.data.ctrl[:6] = self._speeds
        change = np.clip(self._steering - self.data.ctrl[6:], -self._rate_limit * dt, self._rate_limit * dt)
        self.data.ctrl[6:] += change
        self._slide()
        mujoco.mj_step(self.model, self.data, count)
        self._note_contacts()

    def _slide(self) -> None:
        """Let the wheels' surfaces move as the traction law says."""
        # the geom's z axis is the axle, pointing to the wheel's left or right: forward is up x left
        axle = self.data.geom_xmat[self._wheel_geoms].reshape(-1, 3, 3)[:, :, 2]
        sign = np.sign(axle @ self.data.xmat[self._base].reshape(3, 3)[:, 1])
        left = axle * sign[:, None]
        heading = np.arctan2(-left[:, 0], left[:, 1])
        position = self.data.geom_xpos[self._wheel_geoms]
        result = slips(
            *self._ground,
            position[:, :2].copy(),
            heading,
            self._speeds,
            self._on_rock,
            self._slopes,
            self._curve,
            self._firm,
            self.numbers.side_slip,
        )
        pull = self.data.actuator_force[:6] / self._stall
        slip = result[:, 0] + creep(pull, self._speeds, self.numbers.creep)
        self._slip = np.where(self._speeds != 0.0, slip, 0.0)
        travel = np.abs(self._speeds) * self.wheel_radius
        surface = self.model.geom_surfacevel
        surface[self._wheel_geoms, 5] = -self._slip * self._speeds * sign
        surface[self._wheel_geoms, 2] = -result[:, 1] * travel * sign
        self.model.flg_surfacevel = True

    def _note_contacts(self) -> None:
        """Note which wheels stand on rocks, and every rock that anything touches."""
        pairs = self.data.contact.geom
        self._on_rock[:] = False
        rocks = self._rocks.rocks_of(pairs)
        for (first, second), rock in zip(pairs[rocks >= 0], rocks[rocks >= 0], strict=True):
            self._on_rock |= (self._wheel_geoms == first) | (self._wheel_geoms == second)
            height = float(self.truth.rocks[rock, 5])
            self.touched[int(rock)] = height
            self._tallest = max(self._tallest, height)

    def _build(self, urdf: str) -> mujoco.MjModel:
        n = self.numbers
        spec = mujoco.MjSpec.from_string(urdf)
        spec.compiler.fusestatic = False  # base_link is no part of the world
        spec.option.timestep = n.rover_timestep
        spec.option.gravity = [0.0, 0.0, -self.truth.world.gravity]
        spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
        spec.option.noslip_iterations = 3  # without it wheels creep down slopes by millimetres a second
        add_ground(spec, self.truth, n.rock_contacts, n.wheel_friction)
        spec.body("base_link").add_freejoint()
        for geom in spec.geoms:
            own = geom.name.endswith("_collision")
            geom.contype, geom.conaffinity = (1, 0) if own else (0, 1)
            if own:
                geom.friction = [n.wheel_friction, 0.005, 0.0001]
                geom.condim = 3
        for name in WHEELS:
            # A wheel touches as a sphere of its radius: on even ground a cylinder makes six contacts for one.
            geom = spec.geom(f"{name}_collision")
            geom.type, geom.size = mujoco.mjtGeom.mjGEOM_SPHERE, [self.wheel_radius, 0.0, 0.0]
            motor = spec.add_actuator(name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
            motor.set_to_intvelocity(kp=_WHEEL_STIFFNESS, kv=_WHEEL_DAMPING)
            motor.forcerange = [-n.wheel_torque, n.wheel_torque]
        for name in STEERS:
            motor = spec.add_actuator(name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
            motor.set_to_position(kp=_STEER_STIFFNESS, kv=_STEER_DAMPING)
            motor.forcerange = [-600.0, 600.0]
        return spec.compile()

    def _set_down(self) -> None:
        """Put the rover on the plane through the ground below it, a little above, and let it settle."""
        x, y, _ = self.start.position
        pose = ground_pose(self.truth, x, y, self.start.yaw, 1.2)
        q = pose.quaternion
        self.data.qpos[:3] = pose.position
        self.data.qpos[2] += _DROP
        self.data.qpos[3:7] = [q[3], q[0], q[1], q[2]]
        mujoco.mj_forward(self.model, self.data)
        self.step(_SETTLE)
        self.touched.clear()
        self._tallest = 0.0


def _pose(data: mujoco.MjData, body: int) -> Pose:
    w, x, y, z = data.xquat[body]
    return Pose(data.xpos[body].copy(), np.array([x, y, z, w]))
