# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The rover node: drives a path, sees hazards, stops safely, and can be driven by hand."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry
from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import Bool
from wayscout_interfaces.action import Drive as DriveAction
from wayscout_interfaces.msg import DriveState, Hazards

from wayscout.driving.body import DrivingParameters, RoverBody
from wayscout.driving.drive import ARRIVED, CANCELLED, Drive, DriveProgress
from wayscout.driving.hazards import HazardDetector, HazardMemory
from wayscout.driving.steering import SteeringGate, WheelCommand, wheels
from wayscout.errors import InvalidInput, WayscoutError
from wayscout.geometry import OutOfTime, Pose, PoseBuffer
from wayscout_nodes.common import convert, goals, parameters, qos
from wayscout_nodes.common.bodies import fixed_offset
from wayscout_nodes.common.diagnostics import OK, WARN, Diagnostics
from wayscout_nodes.common.lockstep import Answer, Instant, Lockstep
from wayscout_nodes.common.run import run
from wayscout_nodes.common.terrain import TerrainStore
from wayscout_nodes.rover import messages
from wayscout_nodes.rover.targets import TargetDesk

ODOM, JOINTS = "rover/odom", "rover/joint_states"
DEPTH, CAMERA = "rover/hazcam/depth", "rover/hazcam/camera_info"
COMMAND = "rover/joint_command"
LINK = ("map", "rover/odom")
DRIVE_PERIOD = 0.25  # [s] of the control loop where there is no lock-step
SHAPE = (
    *("wheel_diameter", "wheelbase", "track_outer", "track_middle", "belly_clearance", "body_radius"),
    *("max_steer", "max_steer_rate"),
)
"""Entries of config/rover.yaml that no word changes while it runs."""
HELD = ("steer_gate", "hazard_range", "hazard_height", "hazard_cells", "hazard_sightings")
"""Entries of config/driving.yaml that what is made once holds."""
STATE_PERIOD = 1.0  # [s] between states
IDLE, STOPPED, TELEOPERATED = "idle", "stopped", "teleoperated"


@dataclass
class _ByHand:
    """The newest teleoperation command; void `since` + timeout."""

    v: float
    omega: float
    since: float | None = None


class Rover(Node):
    """Participant `rover` of the lock-step; serves rover/drive."""

    def __init__(self) -> None:
        super().__init__("rover", parameter_overrides=parameters.without_clock())
        lockstep = bool(parameters.declare_one(self, "lockstep", True, "wait for the embedded simulator"))
        self._body = parameters.declare(self, "rover", RoverBody, apply=self._take_body, fixed=SHAPE)
        self._driving = parameters.declare(
            self, "driving", DrivingParameters, apply=self._take_driving, fixed=HELD
        )
        self._terrain = TerrainStore(self, ("elevation",), self._on_terrain)
        self._camera_offset = fixed_offset("rover", "hazcam_optical")
        self._detector: HazardDetector | None = None
        self._memory = HazardMemory(self._driving)
        self._gate = SteeringGate(self._body, self._driving.steer_gate)

        self._drive: Drive | None = None
        self._handle: ServerGoalHandle | None = None
        self._by_hand: _ByHand | None = None
        self._stopped = self._paused = False
        self._halt_owed = False
        self._pose: Pose | None = None
        self._track = PoseBuffer()
        self._time = 0.0
        self._told = -np.inf
        self._mode = IDLE

        self._command = self.create_publisher(JointState, COMMAND, qos.COMMAND)
        self._state = self.create_publisher(DriveState, "rover/state", qos.COMMAND)
        self._hazards = self.create_publisher(Hazards, "rover/hazards", qos.COMMAND)
        self._diagnostics = Diagnostics(self)
        self._targets = TargetDesk(self)
        self._lockstep = Lockstep(
            self, "rover", self._step, lockstep=lockstep, driver=ODOM, period=DRIVE_PERIOD
        )
        for kind, topic in ((Odometry, ODOM), (JointState, JOINTS), (Image, DEPTH), (CameraInfo, CAMERA)):
            self._lockstep.subscribe(kind, topic)
        self._lockstep.require_corrections({LINK: ODOM})
        self.create_subscription(Bool, "rover/stop", self._on_stop, qos.COMMAND)
        self.create_subscription(Bool, "rover/pause", self._on_pause, qos.COMMAND)
        self.create_subscription(TwistStamped, "rover/cmd_vel", self._on_teleoperation, qos.COMMAND)
        self._goals = goals.GoalServer(self, DriveAction, "rover/drive", self._begin, self._cancel)

    # What has been changed holds from the next drive on; the one that is on keeps to what it began with.

    def _take_body(self, body: RoverBody) -> None:
        self._body = body

    def _take_driving(self, driving: DrivingParameters) -> None:
        self._driving = driving

    # --- goals and commands -----------------------------------------------------------------------------

    def _begin(self, handle: ServerGoalHandle) -> None:
        try:
            drive = self._accept(handle.request)
        except WayscoutError as error:
            self.get_logger().warning(f"drive refused: {error}")
            self._diagnostics.report(self._time, WARN, f"drive refused: {error}")
            result = DriveAction.Result(outcome="refused", message=f"refused: {error}")
            self._goals.finish(handle, goals.ABORTED, result)
            return
        self._drive, self._handle = drive, handle
        drive.paused = self._paused
        self._told = -np.inf
        self._diagnostics.report(self._time, OK, f"driving {drive.progress.to_go:.1f} m")
        self._lockstep.wake()

    def _accept(self, goal: DriveAction.Goal) -> Drive:
        """Return the drive of a goal; raises InvalidInput with the reason why not."""
        frame = goal.path.header.frame_id
        if frame not in ("", "map"):
            raise InvalidInput("path.header.frame_id", frame, "'map' is needed")
        path = convert.path(goal.path, "path")[:, :2]
        if self._drive is not None:
            raise InvalidInput("path", len(path), "another drive is going on")
        if self._stopped:
            raise InvalidInput("path", len(path), "the rover is stopped (rover/stop)")
        if self._pose is None:
            raise InvalidInput("path", len(path), "the rover's position is not known yet")
        gap = float(np.hypot(*(path - self._pose.position[:2]).T).min())
        if gap > self._driving.start_tolerance:
            raise InvalidInput(
                "path", f"{gap:.1f} m from the rover", f"within {self._driving.start_tolerance:g} m"
            )
        if self._terrain.orbital is not None:
            bounds = self._terrain.orbital.bounds
            outside = np.flatnonzero(~bounds.contains(path[:, 0], path[:, 1]))
            if len(outside):
                i = int(outside[0])
                raise InvalidInput(f"path.poses[{i}]", path[i].round(2).tolist(), f"inside the map, {bounds}")
        drive = Drive(
            path,
            self._body,
            self._driving,
            self._terrain.measured,
            speed=goal.speed,
            goal_tolerance=goal.goal_tolerance,
        )
        drive.beware(self._memory.certain, self._pose)
        return drive

    def _cancel(self, handle: ServerGoalHandle) -> None:
        if self._drive is not None and self._handle == handle:
            self._drive.stop(CANCELLED, "cancelled")
            self._lockstep.wake()

    def _on_stop(self, message: Bool) -> None:
        self._stopped = bool(message.data)
        self._by_hand = None
        if self._stopped and self._drive is not None:
            self._drive.stop(CANCELLED, "stopped (rover/stop)")
        self._halt_owed = self._halt_owed or self._stopped
        self._lockstep.wake()

    def _on_pause(self, message: Bool) -> None:
        self._paused = bool(message.data)
        if self._drive is not None:
            self._drive.paused = self._paused
            self._lockstep.wake()

    def _on_teleoperation(self, message: TwistStamped) -> None:
        try:
            v, omega = messages.teleoperation(message)
        except InvalidInput as error:
            self.get_logger().warning(f"teleoperation dropped: {error}")
            return
        if not self._stopped:
            self._by_hand = _ByHand(v, omega)
            self._lockstep.wake()

    def _on_terrain(self) -> None:
        if self._drive is not None:
            self._drive.grid = self._terrain.measured

    # --- one instant ------------------------------------------------------------------------------------

    def _step(self, instant: Instant) -> Answer:
        self._time = instant.time
        if ODOM not in instant.messages or LINK not in instant.corrections:
            return Answer(idle=self._resting)
        try:
            self._pose = instant.corrections[LINK] @ convert.pose(instant.messages[ODOM].pose.pose, ODOM)
        except InvalidInput as error:
            self.get_logger().warning(f"odometry dropped: {error}")
            return Answer(idle=self._resting)
        if CAMERA in instant.messages and self._detector is None:
            self._on_camera(instant.messages[CAMERA])
        self._track.add(instant.time, self._pose)
        self._targets.look(self._pose.position, instant.time)
        if DEPTH in instant.messages:
            self._look(instant.messages[DEPTH], self._then(instant.messages[DEPTH]))
        command = self._decide(instant, self._pose)
        topics: tuple[str, ...] = ()
        if command is not None:
            self._command.publish(messages.joint_command(command, instant.time))
            topics = (COMMAND,)
        self._tell(self._pose, instant.time)
        if self._drive is not None and self._drive.done:
            self._end(self._drive)
        return Answer(idle=self._resting, topics=topics)

    @property
    def _resting(self) -> bool:
        """Whether it needs no time to pass; a paused drive waits without time for whoever continues it."""
        active = self._drive is not None and not (self._drive.paused and not self._drive.done)
        return not active and self._by_hand is None and not self._halt_owed

    def _decide(self, instant: Instant, pose: Pose) -> WheelCommand | None:
        """Return what the joints shall do, None when nothing is to be said."""
        hand = self._by_hand
        if hand is not None:
            if hand.since is None:
                hand.since = instant.time
            if instant.time - hand.since < self._driving.teleoperation_timeout:
                self._mode = TELEOPERATED
                self._halt_owed = True
                wanted = wheels(hand.v, hand.omega, self._body, self._driving.max_wheel_speed)
                return self._gate.step(wanted, instant.period)
            self._by_hand = None
        if self._drive is not None:
            rates = messages.wheel_rates(instant.messages[JOINTS]) if JOINTS in instant.messages else None
            command = self._drive.step(instant.period, pose, rates)
            self._mode = self._drive.progress.mode
            self._gate.angles = command.angles.copy()
            self._halt_owed = False
            return command
        self._mode = STOPPED if self._stopped else IDLE
        if self._halt_owed:
            self._halt_owed = False
            return WheelCommand(np.zeros(6), self._gate.angles.copy())
        return None

    def _on_camera(self, message: CameraInfo) -> None:
        try:
            self._detector = HazardDetector(convert.camera(message, CAMERA), self._driving)
        except InvalidInput as error:
            self.get_logger().error(f"hazard camera unusable: {error}")

    def _then(self, message: Image) -> Pose:
        """Return where the rover was at the message's stamp, which may be older than the newest odometry."""
        try:
            return self._track.lookup(convert.seconds(message.header.stamp))
        except OutOfTime:
            return self._track.latest()[1]

    def _look(self, message: Image, pose: Pose) -> None:
        """Search a depth picture for hazards; publish what is known when it changed."""
        if self._detector is None:
            return
        try:
            depth = convert.image(message, ("32FC1",), DEPTH)
            found = self._detector.detect(depth, pose @ self._camera_offset, self._terrain.measured)
        except InvalidInput as error:
            self.get_logger().warning(f"depth picture dropped: {error}")
            return
        if not found or not self._memory.add(found):
            return
        self._hazards.publish(messages.hazards(self._memory.certain, self._time))
        if self._drive is not None:
            self._drive.beware(self._memory.certain, pose)

    def _tell(self, pose: Pose, time: float) -> None:
        """Publish the state once a second and when the mode changes."""
        drive = self._drive
        changed = drive is not None and drive.done
        if time - self._told < STATE_PERIOD and not changed:
            return
        if drive is None and self._by_hand is None and self._told > -np.inf:
            return
        self._told = time
        progress = drive.progress if drive is not None else DriveProgress(tilt=pose.tilt())
        state = messages.drive_state(progress, pose, self._mode, time)
        self._state.publish(state)
        if self._handle is not None:
            self._handle.publish_feedback(DriveAction.Feedback(state=state))

    def _end(self, drive: Drive) -> None:
        assert self._handle is not None
        handle, self._drive, self._handle = self._handle, None, None
        if self._pose is not None:
            self._targets.look(self._pose.position, self._time, end=True)
        p = drive.progress
        result = DriveAction.Result(
            outcome=drive.outcome,
            message=drive.message,
            distance=float(p.distance),
            max_tilt=float(p.max_tilt),
            max_slip=float(p.max_slip),
            duration=float(p.duration),
        )
        arrived = drive.outcome == ARRIVED
        how = goals.SUCCEEDED if arrived else goals.CANCELLED if handle.is_cancel_requested else goals.ABORTED
        text = f"drive {drive.outcome}: {drive.message}, {p.distance:.1f} m, {p.detours} detours"
        self.get_logger().info(text)
        self._diagnostics.report(self._time, OK if arrived else WARN, text)
        self._goals.finish(handle, how, result)


def main() -> None:
    sys.exit(run(Rover))


if __name__ == "__main__":
    main()
