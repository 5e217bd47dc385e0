# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The helicopter node: accepts a plan inside the envelope, or plans a look at a target; flies and logs it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry
from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node
from sensor_msgs.msg import BatteryState, Range
from std_msgs.msg import Bool
from std_srvs.srv import Trigger
from wayscout_interfaces.action import Fly, Recon
from wayscout_interfaces.msg import FlightLog
from wayscout_interfaces.msg import FlightPlan as FlightPlanMsg

from wayscout.errors import InvalidInput, WayscoutError
from wayscout.flight.energy import EnergyMeter
from wayscout.flight.envelope import OutsideEnvelope, check
from wayscout.flight.ground import Ground
from wayscout.flight.guidance import ABORTED, COMPLETE, DESCEND, LOST, Command, Guidance
from wayscout.flight.log import FlightRecord, totals
from wayscout.flight.plan import FlightPlan, HelicopterLimits
from wayscout.flight.recon import ReconParams
from wayscout.geometry import Pose
from wayscout.localisation.attitude import AttitudeFilter, AttitudeParams
from wayscout_nodes.common import convert, eyes, goals, parameters, qos
from wayscout_nodes.common.diagnostics import ERROR, OK, WARN, Diagnostics
from wayscout_nodes.common.lockstep import Answer, Instant, Lockstep
from wayscout_nodes.common.run import run
from wayscout_nodes.common.terrain import TerrainStore
from wayscout_nodes.helicopter import messages
from wayscout_nodes.helicopter.landing import LAYERS, PICTURE, LandingDesk
from wayscout_nodes.helicopter.services import Service, plan_look
from wayscout_nodes.mission import words

ODOM, RANGE, BATTERY = "helicopter/odom", "helicopter/range", "helicopter/battery"
COMMAND, MOTORS, TRIGGER = "helicopter/cmd_vel", "helicopter/motors", "helicopter/camera/trigger"
COLOUR_TRIGGER = "helicopter/colour/trigger"
LINK = ("map", "helicopter/odom")
FLIGHT_PERIOD = 0.1  # [s] of the control loop where there is no lock-step
FEEDBACK_PERIOD = 1.0  # [s]
PLANS_KEPT = 20  # for viewers that come late
BODY = ("mass", "gravity", "range_offset", "hover_power", "usable_energy", "battery_capacity")
"""Entries that no word changes while it runs: what it is rather than what it may do."""
FARTHEST_START = 10.0  # [m] from the helicopter to the first waypoint


@dataclass
class _Flight:
    """The flight that is on."""

    service: Service
    handle: ServerGoalHandle
    guidance: Guidance
    begun: float | None = None
    takeoff: Pose | None = None
    told: float = -np.inf


_Make = Callable[[Pose], tuple[FlightPlan, HelicopterLimits]]


@dataclass(frozen=True)
class _Early:
    """A goal that waits for the first position."""

    service: Service
    handle: ServerGoalHandle
    make: _Make


class Helicopter(Node):
    """Participant `helicopter` of the lock-step; serves helicopter/fly and helicopter/recon."""

    def __init__(self) -> None:
        super().__init__("helicopter", parameter_overrides=parameters.without_clock())
        lockstep = bool(parameters.declare_one(self, "lockstep", True, "wait for the embedded simulator"))
        self._limits = parameters.declare(
            self, "helicopter", HelicopterLimits, apply=self._take_limits, fixed=BODY
        )
        camera = str(parameters.declare_one(self, "camera", "navigation", "file in config/cameras"))
        self._scout = eyes.scout(parameters.declare(self, "recon", ReconParams), camera)
        self._energy = EnergyMeter(self._limits)
        self._terrain = TerrainStore(self, LAYERS)
        self._flight: _Flight | None = None
        self._early: _Early | None = None
        self._pose: Pose | None = None
        # as in the localiser, whose corrections are those of odometry filtered so
        self._attitude = AttitudeFilter(parameters.declare(self, "localiser", AttitudeParams))
        self._odom = Pose.identity()
        self._time = 0.0
        self._range = float("nan")
        self._log: list[FlightRecord] = []
        self._lost = False

        self._command = self.create_publisher(TwistStamped, COMMAND, qos.COMMAND)
        self._motors = self.create_publisher(Bool, MOTORS, qos.COMMAND)
        self._motors_on: bool | None = None  # as last told
        self._trigger = self.create_publisher(Bool, TRIGGER, qos.COMMAND)
        self._colour = self.create_publisher(Bool, COLOUR_TRIGGER, qos.COMMAND)
        self._plans = self.create_publisher(FlightPlanMsg, "helicopter/plan", qos.latched(PLANS_KEPT))
        self._log_publisher = self.create_publisher(FlightLog, "helicopter/log", qos.LATCHED)
        self._diagnostics = Diagnostics(self)
        self._lockstep = Lockstep(
            self, "helicopter", self._step, lockstep=lockstep, driver=ODOM, period=FLIGHT_PERIOD
        )
        self._lockstep.subscribe(Odometry, ODOM)
        self._lockstep.subscribe(Range, RANGE)
        if lockstep:
            self._lockstep.subscribe(BatteryState, BATTERY)
        else:  # at once: a pack that was just recharged carries the flight that is asked for next
            self.create_subscription(BatteryState, BATTERY, self._on_battery, qos.sensor(lockstep))
        self._landing = LandingDesk(self, self._lockstep, self._terrain, self._limits)
        if not lockstep:
            self._landing.rehearse(self._limits)
        self._lockstep.require_corrections({LINK: ODOM})
        fly = goals.GoalServer(self, Fly, "helicopter/fly", self._begin_plan, self._cancel)
        recon = goals.GoalServer(self, Recon, "helicopter/recon", self._begin_recon, self._cancel)
        self._fly_service, self._recon_service = Service(Fly, fly), Service(Recon, recon)
        self.create_service(Trigger, "helicopter/abort", self._abort)

    def _take_limits(self, limits: HelicopterLimits) -> None:
        self._limits = limits  # the next flight keeps to them; the one that is on was checked by the old

    # --- goals ------------------------------------------------------------------------------------------

    def _begin_plan(self, handle: ServerGoalHandle) -> None:
        self._begin(
            self._fly_service, handle, lambda pose: (messages.plan(handle.request.plan), self._limits)
        )

    def _begin_recon(self, handle: ServerGoalHandle) -> None:
        self._begin(self._recon_service, handle, lambda pose: self._plan_recon(handle.request, pose))

    def _begin(
        self,
        service: Service,
        handle: ServerGoalHandle,
        make: _Make,
    ) -> None:
        """Fly what `make` plans from the present pose, inside the limits that it names, or refuse."""
        if self._pose is None and self._early is None:
            # outside the lock-step a plan may come before the first position
            self._early = _Early(service, handle, make)
            return
        try:
            guidance = self._accept(*make(self._free_at()))
        except WayscoutError as error:
            self.get_logger().warning(f"flight refused: {error}")
            self._diagnostics.report(self._time, WARN, f"flight refused: {error}")
            service.finish(handle, goals.ABORTED, f"refused: {error}")
            return
        self._flight = _Flight(service, handle, guidance)
        self._energy.begin()
        self._plans.publish(words.to_plan(guidance.plan))
        self._diagnostics.report(self._time, OK, f"flying '{guidance.plan.name}'")
        self._lockstep.wake()

    def _free_at(self) -> Pose:
        """Return where the helicopter stands ready; raises InvalidInput when it does not."""
        if self._flight is not None:
            raise InvalidInput("flight", "new", f"'{self._flight.guidance.plan.name}' is being flown")
        if self._lost:
            raise InvalidInput("flight", "new", "the helicopter is lost")
        if self._pose is None:
            raise InvalidInput("flight", "new", "the helicopter's position is not known yet")
        return self._pose

    def _plan_recon(self, goal: Recon.Goal, pose: Pose) -> tuple[FlightPlan, HelicopterLimits]:
        bounds = self._terrain.orbital.bounds if self._terrain.orbital else None
        found = plan_look(self._scout, goal, pose.position, self._limits, self._ground(), bounds)
        self.get_logger().info(f"'{found.plan.name}': {found}")
        return found.plan, self._scout.params.within(self._limits)

    def _ground(self) -> Ground:
        return Ground(
            [self._terrain.orbital] if self._terrain.orbital else [], self._limits.ground_uncertainty
        )

    def _accept(self, plan: FlightPlan, limits: HelicopterLimits) -> Guidance:
        """Return the guidance of a plan; raises InvalidInput or OutsideEnvelope with the reason."""
        self._check_places(plan)
        ground = self._ground()
        cost = check(plan, limits, ground)
        left = self._energy.available
        if cost.energy + limits.energy_reserve > left:
            needed = cost.energy + limits.energy_reserve
            raise OutsideEnvelope(
                f"'{plan.name}' needs {needed:.0f} J with reserve, the battery holds {left:.0f} J"
            )
        if trouble := self._landing.watch.refusal(self._time):
            raise OutsideEnvelope(f"'{plan.name}': {trouble}")
        self._landing.begin(limits)
        if trouble := self._landing.lander.refusal(plan):
            raise OutsideEnvelope(f"'{plan.name}': {trouble}")
        return Guidance(plan, limits, ground, self._landing.lander)

    def _check_places(self, plan: FlightPlan) -> None:
        assert self._pose is not None
        first = plan.points[0]
        gap = float(np.hypot(*(first - self._pose.position[:2])))
        if gap > FARTHEST_START:
            raise InvalidInput(
                "plan.waypoints[0]", first.round(2).tolist(), f"within {FARTHEST_START:g} m of the helicopter"
            )
        if self._terrain.orbital is None:
            return
        bounds = self._terrain.orbital.bounds
        places = [
            ("waypoints", plan.points),
            ("landing_sites", np.asarray(plan.landing_sites).reshape(-1, 2)),
        ]
        for name, points in places:
            outside = np.flatnonzero(~bounds.contains(points[:, 0], points[:, 1]))
            if len(outside):
                where = points[outside[0]].round(2).tolist()
                raise InvalidInput(f"plan.{name}[{outside[0]}]", where, f"inside the map, {bounds}")

    def _cancel(self, handle: ServerGoalHandle) -> None:
        if self._early is not None and self._early.handle == handle:
            early, self._early = self._early, None
            early.service.finish(handle, goals.CANCELLED, "cancelled before the position was known")
        if self._flight is not None and self._flight.handle == handle:
            self._flight.guidance.cancel("cancelled")

    def _abort(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """End the flight that is on, at a person's word; one that lands already goes on with that."""
        if self._flight is None:
            response.message = "no flight is on"
            return response
        guidance = self._flight.guidance
        landing = guidance.phase == DESCEND
        guidance.cancel("aborted by the operator", ABORTED)
        response.success = True
        told = "is landing already" if landing else "ends, landing at the nearest safe site"
        response.message = f"'{guidance.plan.name}' {told}"
        self.get_logger().warning(response.message)
        return response

    # --- one instant ------------------------------------------------------------------------------------

    def _on_battery(self, message: BatteryState) -> None:
        self._energy.update(messages.charge(message))

    def _step(self, instant: Instant) -> Answer:
        self._time = instant.time
        if BATTERY in instant.messages:
            self._on_battery(instant.messages[BATTERY])
        if RANGE in instant.messages:
            self._range = _metres(instant.messages[RANGE])
        if ODOM in instant.messages and LINK in instant.corrections:
            try:
                local = convert.pose(instant.messages[ODOM].pose.pose, ODOM)
            except InvalidInput as error:
                self.get_logger().warning(f"odometry dropped: {error}")
            else:
                local = self._attitude.step(instant.time, local, convert.rates(instant.messages[ODOM]))
                self._odom = local
                self._pose = instant.corrections[LINK] @ local
                if not self._landing.lander.stood_on:
                    self._landing.stood(self._pose.position)
        if self._early is not None and self._pose is not None:
            early, self._early = self._early, None
            self._begin(early.service, early.handle, early.make)
        flight = self._flight
        if flight is None or self._pose is None:
            return Answer(idle=flight is None)
        return self._fly(flight, self._pose, instant)

    def _fly(self, flight: _Flight, pose: Pose, instant: Instant) -> Answer:
        if flight.begun is None:
            flight.begun, flight.takeoff = instant.time, pose
        guidance = flight.guidance
        self._energy.spend(instant.period)
        correction = pose @ self._odom.inverse()
        if trouble := self._landing.step(instant, correction, self._odom, self._range):
            guidance.cancel(trouble)
        if PICTURE in instant.messages:
            guidance.took_picture(convert.seconds(instant.messages[PICTURE].header.stamp))
        command = guidance.step(instant.time, pose, self._range, self._energy.available, self._landing.jump)
        self._landing.show(instant.time, pose.position, self._range)
        if command.trigger or instant.time - flight.told >= FEEDBACK_PERIOD:
            flight.told = instant.time
            self._tell(flight)
        topics = self._publish(instant.time, command)
        if guidance.done:
            self._end(flight, pose, instant.time)
        return Answer(idle=self._flight is None, topics=topics)

    def _publish(self, time: float, command: Command) -> tuple[str, ...]:
        twist = TwistStamped()
        twist.header.frame_id = "helicopter/base_link"
        twist.header.stamp = convert.to_stamp(time)
        linear = twist.twist.linear
        linear.x, linear.y, linear.z = (float(v) for v in command.velocity)
        twist.twist.angular.z = float(command.yaw_rate)
        self._command.publish(twist)
        topics = [COMMAND]
        if command.motors != self._motors_on:
            self._motors_on = command.motors
            self._motors.publish(Bool(data=command.motors))
            topics.append(MOTORS)
        if command.trigger:
            self._trigger.publish(Bool(data=True))
            topics.append(TRIGGER)
        if command.colour:
            self._colour.publish(Bool(data=True))
            topics.append(COLOUR_TRIGGER)
        return tuple(topics)

    def _tell(self, flight: _Flight) -> None:
        guidance = flight.guidance
        flight.service.feedback(flight.handle, guidance.phase, guidance.progress, self._energy.available)

    def _end(self, flight: _Flight, pose: Pose, time: float) -> None:
        """Book the flight, tell everyone, and be free for the next."""
        guidance, progress = flight.guidance, flight.guidance.progress
        takeoff = flight.takeoff or pose
        record = FlightRecord(
            flight=guidance.plan.flight,
            name=guidance.plan.name,
            takeoff=progress.airborne_since if progress.airborne_since is not None else time,
            landing=time,
            takeoff_x=float(takeoff.position[0]),
            takeoff_y=float(takeoff.position[1]),
            takeoff_z=float(takeoff.position[2]),
            landing_x=float(pose.position[0]),
            landing_y=float(pose.position[1]),
            landing_z=float(pose.position[2]),
            duration=float(progress.elapsed),
            distance=float(progress.distance),
            max_height=float(progress.max_height),
            max_speed=float(progress.max_speed),
            energy=self._energy.used,
            landing_tilt=pose.tilt(),
            pictures=progress.pictures,
            outcome=progress.outcome,
            message=progress.message,
            colour_pictures=progress.colour_pictures,
        )
        self._log.append(record)
        self._lost = record.outcome == LOST
        if not self._lost:
            self._landing.stood(pose.position)
        self._flight = None
        message = messages.log(record)
        self._log_publisher.publish(message)
        summary = totals(self._log)
        self._diagnostics.report(
            time,
            OK if record.outcome == COMPLETE else ERROR if self._lost else WARN,
            f"flight {record.flight} '{record.name}': {record.outcome} {record.message}".strip(),
            {
                "flights": summary.flights,
                "minutes": summary.minutes,
                "kilometres": summary.kilometres,
                "watt_hours": summary.watt_hours,
                "pictures": summary.pictures,
                "colour_pictures": summary.colour_pictures,
            },
        )
        success = record.outcome not in (ABORTED, LOST)
        how = goals.CANCELLED if flight.handle.is_cancel_requested else goals.SUCCEEDED
        text = (
            record.message or f"{record.duration:.0f} s, {record.distance:.0f} m, {record.pictures} pictures"
        )
        flight.service.finish(
            flight.handle,
            how if success else goals.ABORTED,
            text,
            success=success,
            plan=guidance.plan,
            log=message,
        )


def _metres(message: Range) -> float:
    """Return the range [m], NaN when there is none (REP-117: infinite, NaN or out of reach)."""
    value = float(message.range)
    if not np.isfinite(value) or value > message.max_range > 0.0:
        return float("nan")
    return value


def main() -> None:
    sys.exit(run(Helicopter))


if __name__ == "__main__":
    main()
