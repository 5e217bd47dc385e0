# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The node `simulator`: the embedded simulation behind the topics of docs/architecture.md, in lock-step."""

from __future__ import annotations

import sys
import time as wall
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry as OdometryMsg
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.publisher import Publisher
from rosgraph_msgs.msg import Clock as ClockMsg
from sensor_msgs.msg import BatteryState, CameraInfo, Image, Imu, JointState, Range
from std_msgs.msg import Bool
from wayscout_interfaces.msg import LinkState, Step, StepDone
from wayscout_interfaces.srv import AdvanceTime

from wayscout.errors import InvalidInput
from wayscout_nodes.common import convert, diagnostics, parameters, qos
from wayscout_nodes.common.newcomers import Newcomers
from wayscout_nodes.common.run import run
from wayscout_sim import messages
from wayscout_sim.barrier import Barrier
from wayscout_sim.faults import FaultNumbers
from wayscout_sim.simulation import Settings, Simulation
from wayscout_sim.truth_log import TruthLog

STEP, STEP_DONE = "simulation/step", "simulation/step_done"
CMD_VEL, MOTORS = "helicopter/cmd_vel", "helicopter/motors"
COLOUR = "helicopter/colour/image_raw"
TRIGGERS = {"camera": "helicopter/camera/trigger", "colour": "helicopter/colour/trigger"}
JOINT_COMMAND = "rover/joint_command"
SILENT = 3
"""Exit code when a participant did not answer."""
_SETTLED = 1.0  # s of wall clock without a newcomer before the first step
_AGAIN_AFTER = 1.0  # s of wall clock after which the first instant is told once more
_LOG_EVERY = 30.0  # s of wall clock between writes of the truth log


@dataclass(frozen=True)
class Limits:
    """Fields of config/simulator.yaml that a run may override."""

    step_timeout: float
    start_timeout: float


class Simulator(Node):
    """Publishes one instant, waits for the participants, moves the clock."""

    def __init__(self) -> None:
        super().__init__("simulator", parameter_overrides=parameters.without_clock())
        world = str(parameters.declare_one(self, "world", "", "world folder, with its truth"))
        seed = int(parameters.declare_one(self, "seed", 0, "of sensor noise and gusts"))
        camera = str(parameters.declare_one(self, "camera", "navigation", "file in config/cameras"))
        colour = str(
            parameters.declare_one(self, "colour_camera", "colour", "file in config/cameras, in colour")
        )
        log = str(
            parameters.declare_one(self, "truth_log", "", "file (.npz) for what truly happened, or empty")
        )
        names = parameters.declare_one(
            self, "participants", ["localiser", "helicopter", "rover"], "nodes that answer each step"
        )
        self._radio = bool(parameters.declare_one(self, "radio", False, "tell helicopter/modem"))
        self._limits = parameters.declare(self, "simulator", Limits, apply=self._take_limits)
        faults = parameters.declare(self, "simulator", FaultNumbers, apply=lambda n: self._sim.faults.set(n))
        if not world:
            raise InvalidInput("world", world, "a world folder is needed")
        self.exit_code = 0
        self._sim = Simulation(Path(world), seed, camera, colour)
        self._sim.faults.set(faults)
        self._settings: Settings = self._sim.settings
        self._barrier = Barrier(tuple(names))
        self._log = TruthLog(Path(log) if log else None)
        self._logged = wall.monotonic()
        self._triggers = dict.fromkeys(TRIGGERS, 0)  # pictures asked for and not yet taken
        self._steps = 0
        self._published: dict[str, int] = {"rover": -1, "helicopter": -1}  # step of the last message
        self._was_active = {"rover": False, "helicopter": False}
        self._begun = False
        self._opened = self._told = wall.monotonic()
        self._sensed: dict[str, Any] = {}  # topic -> message of the present instant
        self._last = Step()
        self._seen: tuple[int, float] = (0, wall.monotonic())
        self._make_publishers()
        self._make_subscriptions()
        self._diagnostics = diagnostics.Diagnostics(self)
        # wall time: simulated time stands still exactly when this is needed
        self._watch = self.create_timer(0.1, self._on_watch, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self.get_logger().info(f"waiting for {', '.join(self._barrier.participants)}")

    def close(self) -> None:
        """Write the truth log and free the graphics."""
        self._log.write()
        self._sim.close()

    def _take_limits(self, limits: Limits) -> None:
        self._limits = limits

    # -- topics --

    def _make_publishers(self) -> None:
        sensor = qos.sensor(True)
        kinds: dict[str, type] = {
            "helicopter/odom": OdometryMsg,
            "helicopter/range": Range,
            "helicopter/battery": BatteryState,
            "helicopter/camera/image_raw": Image,
            "helicopter/camera/camera_info": CameraInfo,
            COLOUR: Image,
            "helicopter/colour/camera_info": CameraInfo,
            "helicopter/modem": LinkState,
            "rover/odom": OdometryMsg,
            "rover/imu": Imu,
            "rover/joint_states": JointState,
            "rover/hazcam/depth": Image,
            "rover/hazcam/camera_info": CameraInfo,
        }
        self._sensors: dict[str, Publisher] = {
            topic: self.create_publisher(kind, topic, qos.LARGE if topic == COLOUR else sensor)
            for topic, kind in kinds.items()
        }
        self._clock_publisher = self.create_publisher(ClockMsg, "/clock", qos.COMMAND)
        self._newcomers = Newcomers(self._clock_publisher)
        self._step = self.create_publisher(Step, STEP, sensor)

    def _make_subscriptions(self) -> None:
        self.create_subscription(StepDone, STEP_DONE, self._on_done, qos.COMMAND)
        self._listen(TwistStamped, CMD_VEL, self._on_velocity)
        self._listen(Bool, MOTORS, lambda m: self._sim.motors(bool(m.data)))
        for camera, topic in TRIGGERS.items():
            self._listen(Bool, topic, partial(self._on_trigger, camera))
        self._listen(JointState, JOINT_COMMAND, lambda m: self._sim.rover.command(*messages.wheels(m)))
        self.create_service(AdvanceTime, "simulation/advance", self._on_advance)

    def _listen(self, kind: type, topic: str, apply: Callable[[Any], None]) -> None:
        def take(message: Any) -> None:
            try:
                apply(message)
            except InvalidInput as error:
                self.get_logger().warning(f"{topic} dropped: {error}")
            self._barrier.receive(topic)
            self._proceed()

        self.create_subscription(kind, topic, take, qos.COMMAND)

    def _on_velocity(self, message: TwistStamped) -> None:
        v, w = message.twist.linear, message.twist.angular
        self._sim.helicopter.command([v.x, v.y, v.z], w.z)

    def _on_trigger(self, camera: str, message: Bool) -> None:
        self._triggers[camera] += int(message.data)

    # -- lock-step --

    def _on_done(self, message: StepDone) -> None:
        if self._barrier.answer(
            message.node, messages.nanoseconds(message.stamp), message.idle, message.topics
        ):
            self._proceed()

    def _proceed(self) -> None:
        """Move on when all that was awaited has come and somebody needs time."""
        if not self._begun or not self._barrier.complete or self._barrier.resting:
            return
        helicopter = not self._barrier.is_idle("helicopter") or self._sim.helicopter.is_active
        rover = not self._barrier.is_idle("rover") or self._sim.rover.is_moving
        period = self._settings.flight_period if helicopter else self._settings.drive_period
        self._sim.step(period, rover=rover, helicopter=helicopter)
        self._publish(rover=rover, helicopter=helicopter)

    def _publish(self, *, rover: bool, helicopter: bool) -> None:
        """Publish the sensors of this instant, the clock, then the step; open the barrier.

        Args:
            rover, helicopter: whether that vehicle is active; one that rests is published now and then only.
        """
        self._steps += 1
        stamp = convert.to_stamp(self._sim.time)
        self._sensed = {}
        if self._due("rover", rover):
            self._sensed |= messages.rover(self._sim, stamp)
        if self._due("helicopter", helicopter):
            picture, colour = (self._triggers[camera] > 0 for camera in ("camera", "colour"))
            self._triggers = {camera: max(0, n - 1) for camera, n in self._triggers.items()}
            battery = not helicopter or self._steps % self._settings.battery_steps == 0
            self._sensed |= messages.helicopter(
                self._sim, stamp, picture=picture, colour=colour, battery=battery
            )
            if self._radio and battery:
                self._sensed |= messages.modem(self._sim, stamp)
        self._log.add(self._sim.time, self._sim.rover_truth, self._sim.helicopter_truth)
        self._barrier.open(messages.nanoseconds(stamp))
        period = self._settings.flight_period if helicopter else self._settings.drive_period
        self._last = Step(stamp=stamp, period=period, topics=list(self._sensed))
        self._opened = wall.monotonic()
        self._tell()

    def _due(self, vehicle: str, active: bool) -> bool:
        """An active vehicle publishes every step; a resting one now and then, and when it comes to rest."""
        changed = active != self._was_active[vehicle]
        self._was_active[vehicle] = active
        last = self._published[vehicle]
        waiting = vehicle == "helicopter" and any(self._triggers.values())
        if not (active or changed or waiting or last < 0 or self._steps - last >= self._settings.idle_steps):
            return False
        self._published[vehicle] = self._steps
        return True

    def _tell(self) -> None:
        """Publish the present instant; those who have answered it before just answer again."""
        self._told = wall.monotonic()
        for topic, message in self._sensed.items():
            self._sensors[topic].publish(message)
        self._clock_publisher.publish(ClockMsg(clock=self._last.stamp))
        self._step.publish(self._last)

    def _on_advance(
        self, request: AdvanceTime.Request, response: AdvanceTime.Response
    ) -> AdvanceTime.Response:
        if not self._begun or not self._barrier.resting:
            response.message = f"somebody is under way: {', '.join(self._busy()) or 'the run has not begun'}"
            return response
        try:
            self._sim.rest(float(request.duration))
        except InvalidInput as error:
            response.message = str(error)
            return response
        self._published = {"rover": -1, "helicopter": -1}
        self._publish(rover=False, helicopter=False)
        response.success = True
        response.message = f"it is {self._sim.time:.1f} s now"
        return response

    def _busy(self) -> list[str]:
        missing = self._barrier.waiting_for()
        return missing + [
            n for n in self._barrier.participants if n not in missing and not self._barrier.is_idle(n)
        ]

    # -- wall clock --

    def _on_watch(self) -> None:
        now = wall.monotonic()
        if self._newcomers.came() and self._begun:
            # while everybody rests nothing else would tell them what time it is
            self._clock_publisher.publish(ClockMsg(clock=self._last.stamp))
        if not self._begun:
            self._begin_when_all_are_there(now)
        elif not self._barrier.complete and self._steps == 1 and now - self._told > _AGAIN_AFTER:
            # It is seen whom these topics have reached, not whether the participants have found one another:
            # one that starts slowly may have missed the first transforms of another.
            self._tell()
        elif not self._barrier.complete and now - self._opened > self._limits.step_timeout:
            names = ", ".join(self._barrier.waiting_for())
            self._give_up(
                f"no answer from {names} within {self._limits.step_timeout:g} s of wall clock"
                f" at {self._sim.time:.2f} s"
            )
        if now - self._logged > _LOG_EVERY:
            self._logged = now
            self._log.write()

    def _begin_when_all_are_there(self, now: float) -> None:
        here = {info.node_name for info in self.get_subscriptions_info_by_topic(self._step.topic_name)}
        answering = {
            info.node_name for info in self.get_publishers_info_by_topic(self._step.topic_name + "_done")
        }
        missing = [name for name in self._barrier.participants if name not in here & answering]
        # their other subscriptions are found a little later: wait until no more come
        count = sum(p.get_subscription_count() for p in [*self._sensors.values(), self._step])
        if missing or count != self._seen[0]:
            self._seen = (count, now)
            if missing and now - self._opened > self._limits.start_timeout:
                self._give_up(f"{', '.join(missing)} did not start within {self._limits.start_timeout:g} s")
        elif now - self._seen[1] > _SETTLED:
            self._begun = True
            self._publish(rover=False, helicopter=False)

    def _give_up(self, text: str) -> None:
        self.get_logger().fatal(text)
        self._diagnostics.report(self._sim.time, diagnostics.ERROR, text)
        self.exit_code = SILENT
        self._watch.cancel()
        raise KeyboardInterrupt  # `run` ends the process with this node's exit code


def main() -> None:
    sys.exit(run(Simulator))


if __name__ == "__main__":
    main()
