# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The SDF models of rover and helicopter: bodies from the URDFs, motors, springs, sensors, what they publish.

Rover: wheels touch as spheres of their radius, as in the embedded simulator (a cylinder's edges catch when it
is steered on the spot). The engine has no differential: a spring in each rocker, wound up so that it carries
the body's weight on level ground, holds the body instead. Helicopter: VelocityControl moves the body as it is
told, without gravity; it keeps level, and legs and ground still stop it. The other way, rotors with thrust,
needs four rotors and the true attitude, and follows plans less closely.

Sensors say what is true: the adapter adds the noise, with the numbers of the embedded simulator.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass

import numpy as np

from wayscout import config
from wayscout.camera import Camera, load_camera
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.mapping.shrink import shrink_camera
from wayscout_gazebo import names
from wayscout_gazebo.bodies import WORLD_LIGHT, add, model, pose_text
from wayscout_gazebo.numbers import GazeboNumbers, SimulatorNumbers
from wayscout_nodes.common.bodies import fixed_offset
from wayscout_sim.states import JOINTS, STEERS, WHEELS

FEET_FRICTION = 0.8
LASER_PIXELS = 15  # odd, so that one is in the middle
LASER_VIEW = 0.1  # rad, the least that SDF allows
_EYE = Pose.from_rotation(np.array([[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]]), [0.0, 0.0, 0.0])
"""Gazebo's camera frame (x along the view, z up) in an optical frame (z along the view, y down)."""
_DOWN = 0.02  # m, nearest that a camera sees


@dataclass(frozen=True)
class _Rover:
    wheel_diameter: float
    max_steer_rate: float
    hazcam_range: float


@dataclass(frozen=True)
class _World:
    gravity: float


def camera_of(name: str) -> Camera:
    """Return the helicopter's camera of that name.

    Raises:
        InvalidInput: when Gazebo's pinhole camera, looking straight ahead, cannot be it.
    """
    return _checked(name, load_camera(config.directory() / "cameras" / f"{name}.yaml"))


def colour_camera() -> Camera:
    """Return the helicopter's colour camera, with the pixels that the simulators give it."""
    full = load_camera(config.directory() / "cameras" / "colour.yaml")
    return _checked("colour", shrink_camera(full, config.load("simulator", SimulatorNumbers).colour_binning))


def _checked(name: str, camera: Camera) -> Camera:
    centre = np.array([0.5 * (camera.width - 1), 0.5 * (camera.height - 1)])
    f = camera.matrix[[0, 1], [0, 1]]
    if (
        np.any(camera.distortion != 0.0)
        or camera.model != "plumb_bob"
        or np.abs(camera.matrix[:2, 2] - centre).max() > 0.01
        or abs(f[0] - f[1]) > 0.01
    ):
        raise InvalidInput("camera", name, "Gazebo needs a pinhole camera, as 'navigation' is")
    return camera


def rover() -> ET.Element:
    """Return the rover's model."""
    numbers, shared = config.load("gazebo", GazeboNumbers), config.load("simulator", SimulatorNumbers)
    body = config.load("rover", _Rover)
    out = model("rover")
    base = out.find("link[@name='base_link']")
    assert base is not None
    for wheel in WHEELS:
        geometry = out.find(f"link[@name='{wheel}_link']/collision/geometry")
        collision = out.find(f"link[@name='{wheel}_link']/collision")
        axis = out.find(f"joint[@name='{wheel}']/axis/limit/effort")
        assert geometry is not None
        assert collision is not None
        assert axis is not None
        for shape in list(geometry):
            geometry.remove(shape)
        add(geometry, "sphere/radius", f"{0.5 * body.wheel_diameter:.9g}")
        _friction(collision, shared.wheel_friction)
        axis.text = f"{shared.wheel_torque:g}"
    _springs(out, numbers)
    _imu(base)
    _camera(
        base,
        "hazcam",
        "depth_camera",
        fixed_offset("rover", "hazcam_optical"),
        load_camera(config.directory() / "cameras" / "hazard_depth.yaml"),
        (0.1, 1.6 * body.hazcam_range),
        names.HAZCAM,
        names.HAZCAM_TRIGGER,
    )
    for wheel in WHEELS:
        motor = _plugin(out, "joint-controller", "JointController")
        add(motor, "joint_name", wheel)
        add(motor, "topic", names.in_gazebo(names.joint(wheel)))
    for steer in STEERS:
        motor = _plugin(out, "joint-position-controller", "JointPositionController")
        add(motor, "joint_name", steer)
        add(motor, "topic", names.in_gazebo(names.joint(steer)))
        add(motor, "use_velocity_commands", "true")
        rate = numbers.steer_reserve * body.max_steer_rate
        add(motor, "cmd_max", f"{rate:g}")
        add(motor, "cmd_min", f"{-rate:g}")
    states = _plugin(out, "joint-state-publisher", "JointStatePublisher")
    add(states, "topic", names.in_gazebo(names.JOINT_STATES))
    add(states, "update_rate", f"{numbers.drive_rate:g}")
    for joint in JOINTS:
        add(states, "joint_name", joint)
    _truth(out, names.ROVER_TRUTH, numbers.drive_rate)
    return out


def helicopter(camera: str = "navigation") -> ET.Element:
    """Return the helicopter's model with that navigation camera."""
    numbers, shared = config.load("gazebo", GazeboNumbers), config.load("simulator", SimulatorNumbers)
    out = model("helicopter")
    base = out.find("link[@name='base_link']")
    assert base is not None
    add(base, "gravity", "false")
    for collision in base.iterfind("collision"):
        _friction(collision, FEET_FRICTION)
    navcam = camera_of(camera)
    _camera(
        base,
        "navcam",
        "camera",
        fixed_offset("helicopter", "navcam_optical"),
        navcam,
        (_DOWN, 100.0),
        names.NAVCAM,
        names.NAVCAM_TRIGGER,
    )
    _camera(
        base,
        "colour",
        "camera",
        fixed_offset("helicopter", "colour_optical"),
        colour_camera(),
        (_DOWN, 100.0),
        names.COLOUR,
        names.COLOUR_TRIGGER,
    )
    _laser(base, numbers, shared)
    control = _plugin(out, "velocity-control", "VelocityControl")
    add(control, "topic", names.in_gazebo(names.HELICOPTER_VELOCITY))
    _truth(out, names.HELICOPTER_TRUTH, numbers.flight_rate)
    return out


def _friction(collision: ET.Element, mu: float) -> None:
    ode = add(collision, "surface/friction/ode")
    add(ode, "mu", f"{mu:g}")
    add(ode, "mu2", f"{mu:g}")


def spring_reference(out: ET.Element, stiffness: float, gravity: float) -> float:
    """Return the angle [rad] at which the rockers' springs are slack.

    The body hangs on both rockers; its weight, off their axis, turns it with m g (x_rocker - x_mass).
    """
    base = out.find("link[@name='base_link']")
    pivot = out.find("joint[@name='rocker_left']/pose")
    assert base is not None
    assert pivot is not None
    mass = float(base.findtext("inertial/mass", "0"))
    x = float(base.findtext("inertial/pose", "0").split()[0])
    moment = mass * gravity * (float(str(pivot.text).split()[0]) - x)
    # about +y the weight behind the pivot lifts the nose: the body turns by a negative angle, which is a
    # positive one of the rockers against it
    return -0.5 * moment / stiffness


def _springs(out: ET.Element, numbers: GazeboNumbers) -> None:
    gravity = config.load("helicopter", _World).gravity
    reference = spring_reference(out, numbers.rocker_spring, gravity)
    for side in ("left", "right"):
        dynamics = out.find(f"joint[@name='rocker_{side}']/axis/dynamics")
        damping = out.find(f"joint[@name='rocker_{side}']/axis/dynamics/damping")
        assert dynamics is not None
        assert damping is not None
        damping.text = f"{numbers.rocker_damping:g}"
        add(dynamics, "spring_reference", f"{reference:.9g}")
        add(dynamics, "spring_stiffness", f"{numbers.rocker_spring:g}")


def _plugin(out: ET.Element, file: str, name: str) -> ET.Element:
    return add(out, "plugin", filename=f"gz-sim-{file}-system", name=f"gz::sim::systems::{name}")


def _truth(out: ET.Element, topic: str, rate: float) -> None:
    truth = _plugin(out, "odometry-publisher", "OdometryPublisher")
    add(truth, "odom_topic", names.in_gazebo(topic))
    add(truth, "odom_covariance_topic", names.in_gazebo(f"{topic}/covariance"))
    add(truth, "tf_topic", names.in_gazebo(f"{topic}/tf"))
    add(truth, "odom_frame", "world")
    add(truth, "robot_base_frame", "base_link")
    add(truth, "dimensions", "3")
    add(truth, "odom_publish_frequency", f"{rate:g}")


def _imu(base: ET.Element) -> None:
    sensor = add(base, "sensor", name="imu", type="imu")
    add(sensor, "pose", pose_text(fixed_offset("rover", "imu_link")))
    add(sensor, "topic", names.in_gazebo(names.IMU))
    add(sensor, "update_rate", f"{config.load('gazebo', GazeboNumbers).drive_rate:g}")


def _camera(
    base: ET.Element,
    name: str,
    kind: str,
    mount: Pose,
    camera: Camera,
    clip: tuple[float, float],
    topic: str,
    trigger: str,
) -> None:
    """Add a camera that takes a picture when it is told to: one that always looks costs most of the speed.

    Pictures are in colour: Gazebo's grey ones (L8) are not gamma coded, so that shadows are black.
    """
    sensor = add(base, "sensor", name=name, type=kind)
    add(sensor, "pose", pose_text(mount @ _EYE))
    add(sensor, "topic", names.in_gazebo(topic))
    add(sensor, "update_rate", "30")
    lens = add(sensor, "camera")
    add(lens, "triggered", "true")
    add(lens, "trigger_topic", names.in_gazebo(trigger))
    add(lens, "camera_info_topic", names.in_gazebo(f"{topic}/camera_info"))
    add(lens, "horizontal_fov", f"{2.0 * np.arctan(0.5 * camera.width / camera.matrix[0, 0]):.9g}")
    image = add(lens, "image")
    add(image, "width", camera.width)
    add(image, "height", camera.height)
    add(image, "format", "R_FLOAT32" if kind == "depth_camera" else "R8G8B8")
    ends = add(lens, "clip")
    add(ends, "near", f"{clip[0]:g}")
    add(ends, "far", f"{clip[1]:g}")
    add(lens, "visibility_mask", WORLD_LIGHT)


def _laser(base: ET.Element, numbers: GazeboNumbers, shared: SimulatorNumbers) -> None:
    """Add the laser: a depth camera of a few pixels, whose middle one is the ray.

    Gazebo's own lidar draws the world around it for each scan: a third of a second on software GL.
    """
    up = Pose.from_euler(0.0, 0.0, numbers.laser_lift)
    sensor = add(base, "sensor", name="range", type="depth_camera")
    add(sensor, "pose", pose_text(up @ fixed_offset("helicopter", "range_link")))
    add(sensor, "topic", names.in_gazebo(names.LASER))
    add(sensor, "update_rate", f"{numbers.flight_rate:g}")
    lens = add(sensor, "camera")
    add(lens, "triggered", "true")
    add(lens, "trigger_topic", names.in_gazebo(names.LASER_TRIGGER))
    add(lens, "camera_info_topic", names.in_gazebo(f"{names.LASER}/camera_info"))
    add(lens, "horizontal_fov", LASER_VIEW)
    image = add(lens, "image")
    add(image, "width", LASER_PIXELS)
    add(image, "height", LASER_PIXELS)
    add(image, "format", "R_FLOAT32")
    ends = add(lens, "clip")
    add(ends, "near", f"{_DOWN:g}")
    add(ends, "far", f"{shared.range_reach + numbers.laser_lift:g}")
    add(lens, "visibility_mask", WORLD_LIGHT)
