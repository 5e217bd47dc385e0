# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The node `gazebo_adapter`: from what the bridge carries to the topics of the embedded simulator, and back.

It splits the rover's joint command to Gazebo's joint controllers, moves the helicopter as it is told, keeps
its battery, makes readings with noise and drift out of what is true, asks the cameras for pictures, and says
what time it is. Being a part of the simulation it sees the truth; nobody else listens to `gazebo/*`. There is
no lock-step: each message goes out when it comes, with the stamp of what it shows.
"""

from __future__ import annotations

import math
import sys
import time as wall
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry
from rclpy.clock import Clock as SteadyClock
from rclpy.clock import ClockType
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from rclpy.subscription import Subscription
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import BatteryState, CameraInfo, Image, Imu, JointState, Range
from std_msgs.msg import Bool, Float64
from wayscout_interfaces.srv import AdvanceTime

from wayscout import config
from wayscout.camera import Camera, load_camera
from wayscout.errors import InvalidInput
from wayscout.flight.solar import SOL, SunPower, charge_after
from wayscout.geometry import Pose
from wayscout.worlds.folder import load_world
from wayscout_gazebo import names, readings
from wayscout_gazebo.flight import Flight, HelicopterNumbers, levelling
from wayscout_gazebo.numbers import GazeboNumbers, SimulatorNumbers
from wayscout_gazebo.pace import Governor, Pace
from wayscout_gazebo.readings import Motion
from wayscout_gazebo.vehicles import camera_of, colour_camera
from wayscout_nodes.common import convert, diagnostics, parameters, qos
from wayscout_nodes.common.run import run
from wayscout_sim import messages
from wayscout_sim.sensors import HelicopterSensors, Noise, RoverSensors
from wayscout_sim.states import JOINTS, STEERS, WHEELS, HelicopterTruth, RoverTruth
from wayscout_sim.truth_log import TruthLog

_NEWEST = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.BEST_EFFORT)
_LOG_EVERY = 30.0  # s of wall clock between writes of the truth log
_PACE_EVERY = 3.0  # s of wall clock between changes of pace
_FIRST_SPEED = 2.0  # real-time factor with which the rover's drive begins
_IDLE_AFTER = 5.0  # s of simulated time after the last command
_PICTURE_PATIENCE = 3.0  # s of simulated time after which a picture is asked for again


@dataclass(frozen=True)
class _RoverNumbers:
    wheel_diameter: float
    camera_spacing: float
    hazcam_range: float


class GazeboAdapter(Node):
    """Between Gazebo's bridge and Wayscout's nodes."""

    def __init__(self) -> None:
        super().__init__("gazebo_adapter", parameter_overrides=parameters.without_clock())
        world = str(parameters.declare_one(self, "world", "", "the public part of a world folder"))
        seed = int(parameters.declare_one(self, "seed", 0, "of sensor noise"))
        camera = str(parameters.declare_one(self, "camera", "navigation", "file in config/cameras"))
        log = str(parameters.declare_one(self, "truth_log", "", "file (.npz) for what truly happened"))
        if not world:
            raise InvalidInput("world", world, "a world folder is needed")
        self._numbers = parameters.declare(self, "gazebo", GazeboNumbers)
        self._shared = config.load("simulator", SimulatorNumbers)
        self._seed = seed
        self._time = 0.0
        self._log = TruthLog(Path(log) if log else None)
        self._noted, self._logged = -math.inf, wall.monotonic()
        self._sensor = qos.sensor(False)
        self._clock_publisher = self.create_publisher(Clock, "/clock", qos.COMMAND)
        self._diagnostics = diagnostics.Diagnostics(self)
        self._pace = Pace(load_world(Path(world)).name, self.get_logger().warning)
        self.helicopter = _Helicopter(self, camera)
        self.rover = _Rover(self)
        self._governor: Governor | None = None
        self._delay = 0.0
        self._looked = (0.0, wall.monotonic())
        self._busy_until = -math.inf
        self.create_service(AdvanceTime, "simulation/advance", self._on_advance)
        self.create_timer(_PACE_EVERY, self._on_pace, clock=SteadyClock(clock_type=ClockType.STEADY_TIME))

    # -- what both vehicles use --

    @property
    def numbers(self) -> GazeboNumbers:
        return self._numbers

    @property
    def shared(self) -> SimulatorNumbers:
        return self._shared

    @property
    def seed(self) -> int:
        return self._seed

    def publish_sensor(self, kind: type, topic: str) -> Publisher:
        """Return the publisher of a sensor's topic."""
        return self.create_publisher(kind, topic, self._sensor)

    def listen(
        self, kind: type, topic: str, apply: Callable[[Any], None], *, newest: bool = False
    ) -> Subscription:
        """Subscribe; a message that makes no sense is dropped with a warning.

        Args:
            newest: forget what has been overtaken: it would only be acted on late.
        """

        def take(message: Any) -> None:
            try:
                apply(message)
            except InvalidInput as error:
                self.get_logger().warning(f"{topic} dropped: {error}")
                self._diagnostics.report(self._time, diagnostics.WARN, f"{topic} dropped: {error}")

        return self.create_subscription(kind, topic, take, _NEWEST if newest else qos.COMMAND)

    def tick(self, time: float) -> None:
        """Tell the time [s], if it is news."""
        if time > self._time or time < self._time - 1.0:
            self._time = time
            self._clock_publisher.publish(Clock(clock=convert.to_stamp(time)))

    def note(self, time: float) -> None:
        """Note what is true of both vehicles at the instant [s] of a reading of one of them."""
        if self.rover.truth is not None and self.helicopter.truth is not None and time > self._noted:
            self._noted = time
            self._log.add(time, self.rover.truth, self.helicopter.truth)
        if wall.monotonic() - self._logged > _LOG_EVERY:
            self._logged = wall.monotonic()
            self._log.write()

    def commanded(self, stamp: Time) -> None:
        """Note a command that was thought of at a stamp: where it comes late, time passes too fast."""
        self._delay = max(self._delay, self._time - convert.seconds(stamp))
        self._busy_until = self._time + _IDLE_AFTER
        if self._governor is None:
            n, flies = self._numbers, self.helicopter.flight.on
            most = n.flight_speed if flies else n.drive_speed
            allowed = n.flight_delay if flies else n.drive_delay
            self._governor = Governor(most, allowed, min(_FIRST_SPEED, most or _FIRST_SPEED))
            self._pace.set(self._governor.speed)

    def set_pace(self) -> None:
        """Begin anew: a flight begins or ends."""
        self._governor = None
        self._pace.set(self._numbers.flight_speed if self.helicopter.flight.on else self._numbers.rest_speed)

    def _on_pace(self) -> None:
        """Let time pass as fast as the nodes follow."""
        (time, now), self._looked = self._looked, (self._time, wall.monotonic())
        delay, self._delay = self._delay, 0.0
        if self._governor is None:
            return
        if self._time > self._busy_until and not self.helicopter.flight.on:
            self.set_pace()
            return
        before = self._governor.speed
        speed = self._governor.update(delay, max(0.0, self._time - time) / max(self._looked[1] - now, 1e-3))
        if abs(speed - before) > 0.15 * before:
            self._pace.set(speed)

    def close(self) -> None:
        """Write the truth log."""
        self._log.write()
        self._pace.close()

    def _on_advance(
        self, request: AdvanceTime.Request, response: AdvanceTime.Response
    ) -> AdvanceTime.Response:
        """Charge the battery for that long; the clock of a physics engine can't be put forward."""
        duration = float(request.duration)
        if not (math.isfinite(duration) and duration > 0.0):
            response.message = str(InvalidInput("duration", duration, "a positive time [s] is needed"))
        elif self.helicopter.flight.on:
            response.message = "the helicopter has to stand with motors off first"
        else:
            self.helicopter.recharge(duration, self._shared.sunlight)
            response.success = True
            response.message = f"charged for {duration:.0f} s; it is still {self._time:.1f} s"
        return response


class _Helicopter:
    """The helicopter's topics."""

    def __init__(self, node: GazeboAdapter, camera: str) -> None:
        self._node = node
        self._body = config.load("helicopter", HelicopterNumbers)
        self._reach = node.shared.range_reach
        self.flight = Flight(self._body, node.numbers.velocity_lag)
        self.truth: HelicopterTruth | None = None
        self._sensors: HelicopterSensors | None = None
        self._last: float | None = None
        self._heard = -math.inf
        self._sent = -math.inf
        self._count = 0
        self._distance = math.inf
        self._odom = node.publish_sensor(Odometry, "helicopter/odom")
        self._range = node.publish_sensor(Range, "helicopter/range")
        self._battery = node.publish_sensor(BatteryState, "helicopter/battery")
        grey = (names.NAVCAM, names.NAVCAM_TRIGGER, "helicopter/navcam_optical", "mono8")
        self._see("helicopter/camera", camera_of(camera), *grey)
        wide = (names.COLOUR, names.COLOUR_TRIGGER, "helicopter/colour_optical", "rgb8")
        self._see("helicopter/colour", colour_camera(), *wide)
        self._velocity = node.create_publisher(Twist, names.HELICOPTER_VELOCITY, qos.COMMAND)
        self._laser = node.create_publisher(Bool, names.LASER_TRIGGER, qos.COMMAND)
        node.listen(Image, names.LASER, self._on_laser, newest=True)
        node.listen(Odometry, names.HELICOPTER_TRUTH, self._on_truth, newest=True)
        node.listen(TwistStamped, "helicopter/cmd_vel", self._on_velocity)
        node.listen(Bool, "helicopter/motors", lambda m: self._on_motors(bool(m.data)))

    def recharge(self, duration: float, sunlight: float) -> None:
        """Charge the pack for a time [s], by the law that flights are planned by, and tell of it."""
        sun = config.load("campaign", SunPower).under(sunlight)
        charge = charge_after(self.flight.charge, duration / SOL, sun, self._body.battery_capacity)
        self.flight.recharge(charge - self.flight.charge)
        if self._last is not None:
            self._tell_charge(self._last)  # before the answer: a flight may be asked for next

    def _on_velocity(self, message: TwistStamped) -> None:
        v, w = message.twist.linear, message.twist.angular
        self.flight.command([v.x, v.y, v.z], w.z)
        self._heard = self._last if self._last is not None else -math.inf
        self._node.commanded(message.header.stamp)

    def _on_motors(self, on: bool) -> None:
        before = self.flight.on
        self.flight.motors(on)
        if self.flight.on and not before:
            if self._sensors is not None:
                self._sensors.begin_flight()
        elif before and not self.flight.on:
            self._stop()
        if self.flight.on != before:
            self._node.set_pace()

    def _stop(self) -> None:
        self._velocity.publish(Twist())
        self._distance = math.inf

    def _see(self, topic: str, camera: Camera, raw: str, trigger: str, frame: str, encoding: str) -> None:
        """Pass triggers on to a camera of Gazebo's, and its pictures back with a camera's faults."""
        node = self._node
        name = f"{topic}/image_raw"
        wide = encoding == "rgb8"
        picture = node.create_publisher(Image, name, qos.LARGE) if wide else node.publish_sensor(Image, name)
        info = node.publish_sensor(CameraInfo, f"{topic}/camera_info")
        tell = node.create_publisher(Bool, trigger, qos.COMMAND)

        def ask(message: Bool) -> None:
            if message.data:
                tell.publish(Bool(data=True))

        def show(message: Image) -> None:
            pixels = np.asarray(convert.image(message, ["rgb8"], raw), dtype=np.uint8)
            if self._sensors is None:
                return
            if encoding == "mono8":
                pixels = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
            time = convert.seconds(message.header.stamp)
            info.publish(convert.to_camera_info(camera, frame, time))
            picture.publish(convert.to_image(self._sensors.expose(pixels), encoding, frame, time))

        node.listen(Bool, f"{topic}/trigger", ask)
        node.listen(Image, raw, show)

    def _on_truth(self, message: Odometry) -> None:
        now = readings.motion(message, names.HELICOPTER_TRUTH)
        elapsed = 0.0 if self._last is None else max(0.0, now.time - self._last)
        self._last = now.time
        flew = self.flight.on
        if now.time - self._heard > self._node.numbers.command_life:
            self.flight.command(np.zeros(3), 0.0)
        if flew:
            self._laser.publish(Bool(data=True))  # each reading has to be drawn: in flight only
        linear, turn = self.flight.step(elapsed, now.pose.yaw, float(now.velocity[2]), self._distance)
        if flew or self.flight.lost:
            twist = Twist()
            roll, pitch, yaw = now.pose.euler()
            ahead = now.pose.rotation().T @ Pose.from_euler(0.0, 0.0, 0.0, yaw=yaw).apply(linear)
            twist.linear.x, twist.linear.y, twist.linear.z = (float(v) for v in ahead)
            twist.angular.x, twist.angular.y = levelling(roll, pitch)
            twist.angular.z = turn
            self._velocity.publish(twist)
        self.truth = self._observe(now)
        self._node.tick(now.time)
        if self._sensors is None:
            noise = config.load("simulator", Noise)
            self._sensors = HelicopterSensors(None, noise, self.truth, self._node.seed)
        if flew or now.time - self._sent >= self._node.numbers.rest_period:
            self._publish(now, self._sensors, self.truth)

    def _observe(self, now: Motion) -> HelicopterTruth:
        f = self.flight
        landed = not f.on or f.stands
        return HelicopterTruth(now.pose, now.velocity, now.rates, f.charge, f.power, f.on, landed, f.lost)

    def _publish(self, now: Motion, sensors: HelicopterSensors, truth: HelicopterTruth) -> None:
        stamp = convert.to_stamp(now.time)
        elapsed = now.time - self._sent if math.isfinite(self._sent) else 0.0
        if self._count % self._node.shared.battery_steps == 0 or not truth.motors:
            self._tell_charge(now.time)
        self._odom.publish(messages.odometry(sensors.odometry(truth, elapsed), "helicopter", stamp))
        self._sent = now.time
        self._count += 1
        self._node.note(now.time)

    def _tell_charge(self, time: float) -> None:
        pack, capacity = self.flight, self._body.battery_capacity
        stamp = convert.to_stamp(time)
        self._battery.publish(messages.battery_state(pack.charge, pack.power, capacity, stamp))

    def _on_laser(self, message: Image) -> None:
        if self._sensors is None or not self.flight.on:
            return
        self._distance = readings.distance(message, self._node.numbers.laser_lift, names.LASER)
        out = Range(radiation_type=Range.INFRARED, field_of_view=0.005, min_range=0.0, max_range=self._reach)
        out.range = self._sensors.measured(self._distance)
        out.header.stamp, out.header.frame_id = message.header.stamp, "helicopter/range_link"
        self._range.publish(out)


class _Rover:
    """The rover's topics."""

    def __init__(self, node: GazeboAdapter) -> None:
        self._node = node
        body = config.load("rover", _RoverNumbers)
        self._radius, self._spacing, self._reach = (
            0.5 * body.wheel_diameter,
            body.camera_spacing,
            body.hazcam_range,
        )
        self._camera = load_camera(config.directory() / "cameras" / "hazard_depth.yaml")
        self.truth: RoverTruth | None = None
        self._sensors: RoverSensors | None = None
        self._joints = (np.zeros(len(JOINTS)), np.zeros(len(JOINTS)))
        self._knows_joints = False
        self._force = np.zeros(3)
        self._moves = False
        self._last: Motion | None = None
        self._sent = -math.inf
        self._framed_at: tuple[float, float] | None = None
        self._asked = -math.inf
        self._odom = node.publish_sensor(Odometry, "rover/odom")
        self._imu = node.publish_sensor(Imu, "rover/imu")
        self._states = node.publish_sensor(JointState, "rover/joint_states")
        self._depth = node.publish_sensor(Image, "rover/hazcam/depth")
        self._info = node.publish_sensor(CameraInfo, "rover/hazcam/camera_info")
        self._motors = {
            name: node.create_publisher(Float64, names.joint(name), qos.COMMAND)
            for name in (*WHEELS, *STEERS)
        }
        self._trigger = node.create_publisher(Bool, names.HAZCAM_TRIGGER, qos.COMMAND)
        node.listen(Odometry, names.ROVER_TRUTH, self._on_truth, newest=True)
        node.listen(JointState, names.JOINT_STATES, self._on_joints, newest=True)
        node.listen(Imu, names.IMU, self._on_imu, newest=True)
        node.listen(Image, names.HAZCAM, self._on_depth)
        node.listen(JointState, "rover/joint_command", self._on_command)

    def _on_command(self, message: JointState) -> None:
        speeds, angles = messages.wheels(message)
        for name, value in (speeds | angles).items():
            self._motors[name].publish(Float64(data=value))
        self._node.commanded(message.header.stamp)
        self._moves = any(speed != 0.0 for speed in speeds.values())

    def _on_joints(self, message: JointState) -> None:
        self._joints = readings.joints(message, names.JOINT_STATES)
        self._knows_joints = True

    def _on_imu(self, message: Imu) -> None:
        self._force = readings.force(message)

    def _on_truth(self, message: Odometry) -> None:
        now = readings.motion(message, names.ROVER_TRUTH)
        self._last = now
        self._node.tick(now.time)
        if not self._knows_joints:
            return  # the odometry would start with a jump
        positions, speeds = self._joints
        self.truth = RoverTruth(
            now.pose, now.velocity, now.rates, self._force, positions, speeds, np.zeros(len(WHEELS)), 0.0
        )
        if self._sensors is None:
            self._sensors = RoverSensors(
                config.load("simulator", Noise), self._radius, self.truth, self._node.seed
            )
        active = self._moves or float(np.linalg.norm(now.velocity)) > 5e-3
        if active or now.time - self._sent >= self._node.numbers.rest_period:
            self._publish(now, self._sensors, self.truth)

    def _publish(self, now: Motion, sensors: RoverSensors, truth: RoverTruth) -> None:
        elapsed = now.time - self._sent if math.isfinite(self._sent) else 0.0
        stamp = convert.to_stamp(now.time)
        reading = sensors.odometry(truth, elapsed)
        self._imu.publish(messages.imu(reading, sensors.acceleration(truth), stamp))
        self._states.publish(messages.joint_states(truth.positions, truth.speeds, stamp))
        self._odom.publish(messages.odometry(reading, "rover", stamp))
        self._sent = now.time
        self._ask_for_depth(sensors, now.time)
        # in flight the helicopter's instants are noted: it is fast
        if not self._node.helicopter.flight.on:
            self._node.note(now.time)

    def _ask_for_depth(self, sensors: RoverSensors, time: float) -> None:
        if self._framed_at is not None:
            driven = sensors.travelled - self._framed_at[0]
            turned = abs(sensors.yaw - self._framed_at[1])
            if driven < self._spacing and turned < self._node.shared.hazcam_turn:
                return
        if time - self._asked > _PICTURE_PATIENCE:
            self._asked = time
            self._trigger.publish(Bool(data=True))

    def _on_depth(self, message: Image) -> None:
        exact = np.asarray(convert.image(message, ["32FC1"], names.HAZCAM), dtype=np.float32).copy()
        sensors = self._sensors
        if sensors is None:
            return
        self._framed_at, self._asked = (sensors.travelled, sensors.yaw), -math.inf
        exact[~np.isfinite(exact)] = 10.0 * self._reach
        frame, time = "rover/hazcam_optical", convert.seconds(message.header.stamp)
        self._info.publish(convert.to_camera_info(self._camera, frame, time))
        self._depth.publish(convert.to_image(sensors.depth(exact, self._reach), "32FC1", frame, time))


def main() -> None:
    sys.exit(run(GazeboAdapter))


if __name__ == "__main__":
    main()
