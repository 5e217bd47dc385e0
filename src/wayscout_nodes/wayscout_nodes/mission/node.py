# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The mission: ticks the behaviour tree, keeps the records, ends with a report and an exit code."""

from __future__ import annotations

import signal
import sys
import time
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

import py_trees
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rosgraph_msgs.msg import Clock
from std_srvs.srv import Trigger
from wayscout_interfaces.msg import (
    DriveState,
    Hazards,
    LandingSites,
    MissionStatus,
    OrbitalMap,
    PictureTrack,
    ScienceTargets,
)

from wayscout import config
from wayscout.camera import load_camera
from wayscout.errors import InvalidInput, WayscoutError
from wayscout.flight.campaign import check_campaign, read_campaign
from wayscout.flight.plan import HelicopterLimits
from wayscout.flight.solar import SunPower
from wayscout.report import write_report
from wayscout.worlds.folder import load_world
from wayscout_nodes.common import convert, parameters, qos
from wayscout_nodes.common.reader import Reader
from wayscout_nodes.common.run import BAD_INPUT
from wayscout_nodes.mission import actions, progress, tree, words
from wayscout_nodes.mission.agenda import Agenda
from wayscout_nodes.mission.recorder import Recorder
from wayscout_nodes.mission.settings import Settings
from wayscout_nodes.mission.site import read_site
from wayscout_nodes.mission.speedometer import Speedometer
from wayscout_nodes.mission.state import ANSWERS, FAILED, INTERRUPTED, Mission

TICK = 0.05  # [s] of wall clock between ticks of the tree
STATUS_INTERVAL = 1.0  # [s] of wall clock between status messages when nothing changes
LAST_WORDS = 0.3  # [s] for cancelled goals to reach their servers
HURRIED_REPORT = 0.7  # [s] for the report after a signal, so that the process ends within 3 s

OF_ITS_START = (
    *("world", "run_folder", "camera", "goal", "campaign", "start_map", "autostart", "progress"),
    *("systems_timeout", "silence_limit", "track_spacing"),
)
"""Entries that are used up at the start; a change of the others holds for the next choice they bear on."""
CLOCK, ROVER_STATE = "/clock", "rover/state"


class MissionNode(Node):
    """Owns topics, services and parameters; what to do next is the tree's."""

    def __init__(self) -> None:
        # the clock is read when needed, see Reader
        super().__init__("mission", parameter_overrides=parameters.without_clock())
        settings = parameters.declare(
            self, "mission", Settings, apply=self._take_settings, fixed=OF_ITS_START
        )
        site = read_site(settings.world, settings.goal)
        limits = config.load("helicopter", HelicopterLimits)
        agenda = _read_agenda(settings, limits)
        default = Path("runs") / datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
        self.recorder = Recorder(Path(settings.run_folder or default), settings.track_spacing)
        self.recorder.mission(
            world=site.world,
            world_folder=str(Path(settings.world).resolve()),
            goal=site.goal,
            goal_radius=site.goal_radius,
            start_rover=site.rover.position,
            start_helicopter=site.helicopter,
        )
        self.mission = Mission(
            settings=settings,
            ports=actions.connect(
                self, settings.silence_limit, recon=agenda is not None and agenda.campaign.needs_recon
            ),
            recorder=self.recorder,
            limits=limits,
            camera=load_camera(config.directory() / f"cameras/{settings.camera}.yaml"),
            goal=site.goal,
            rover=convert.to_pose(site.rover),
            helicopter=site.helicopter,
            agenda=agenda,
        )
        self.mission.write_agenda()
        self._status = self.create_publisher(MissionStatus, "mission/status", qos.COMMAND)
        self._speed = Speedometer()
        self._shown: tuple[Any, ...] = ()
        self._shown_at = 0.0
        self._notes_said = 0
        self._reader = Reader(self)
        self._reader.subscribe(Clock, CLOCK, 1)
        self._reader.subscribe(DriveState, ROVER_STATE, 500)
        self.create_subscription(OrbitalMap, "map/orbital", self._on_orbital, qos.LATCHED)
        self.create_subscription(PictureTrack, "helicopter/pictures", self._on_pictures, qos.COMMAND)
        self.create_subscription(LandingSites, "helicopter/landing_sites", self._on_sites, qos.COMMAND)
        self.create_subscription(
            Hazards, "rover/hazards", lambda m: self._on_hazards(m, "rover"), qos.COMMAND
        )
        self.create_subscription(ScienceTargets, "rover/passed", self._on_passed, qos.COMMAND)
        self.create_subscription(Hazards, "map/hazards", lambda m: self._on_hazards(m, "map"), qos.COMMAND)
        self.create_service(Trigger, "mission/start", self._on_start)
        self.create_service(Trigger, "mission/approve", self._on_approve)
        self.view = progress.make(settings.progress, self.get_logger().info)

    def _take_settings(self, settings: Settings) -> None:
        self.mission.settings = settings  # behaviours look there whenever they decide

    def look(self) -> None:
        """Take in clock and rover, and tell people."""
        for message in self._reader.take(CLOCK):
            self.recorder.clock(convert.seconds(message.clock))
        for state in self._reader.take(ROVER_STATE):
            try:
                convert.pose(state.pose, ROVER_STATE)
            except InvalidInput as error:
                self.get_logger().warning(f"dropped: {error}", throttle_duration_sec=5.0)
                continue
            self.mission.rover = state.pose
            self.recorder.track(words.track_values(state))
        self.recorder.save_hazards()
        self._tell()

    def close(self) -> None:
        self.view.close()
        self.recorder.close()
        self._reader.close()

    def _tell(self) -> None:
        now = time.monotonic()
        shown = self.mission.progress
        for note in self.recorder.notes[self._notes_said :]:
            self.view.say(note["text"])
        self._notes_said = len(self.recorder.notes)
        factor = self._speed.look(now, self.recorder.sim_time)
        state = (
            shown.phase,
            shown.text,
            shown.flight,
            round(shown.coverage, 3),
            round(shown.metres_to_go, 1),
        )
        if state == self._shown and now - self._shown_at < STATUS_INTERVAL:
            return
        self._shown, self._shown_at = state, now
        status = MissionStatus(
            phase=shown.phase,
            text=shown.text,
            flight=shown.flight,
            coverage=float(shown.coverage),
            metres_to_go=float(shown.metres_to_go),
            real_time_factor=factor,
        )
        status.header.frame_id = "map"
        status.header.stamp = convert.to_stamp(self.recorder.sim_time)
        self._status.publish(status)
        self.view.update(status)

    def _on_orbital(self, message: OrbitalMap) -> None:
        self.mission.orbital = message

    def _on_pictures(self, message: PictureTrack) -> None:
        self.recorder.flight(int(message.flight), **words.pictures_entry(message))

    def _on_sites(self, message: LandingSites) -> None:
        if self.mission.plan is not None:
            sites = words.landing_entries(message)
            self.recorder.flight(self.mission.plan.flight, landing_sites=sites)

    def _on_hazards(self, message: Hazards, seen_by: str) -> None:
        self.recorder.hazards(seen_by, words.hazard_entries(message, seen_by))

    def _on_passed(self, message: ScienceTargets) -> None:
        for target in message.targets:
            self.recorder.note(f"the rover: science target {target.rank} ({target.kind}) {target.reason}")

    def _on_start(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success, self.mission.started = not self.mission.started, True
        response.message = "begun" if response.success else "already under way"
        return response

    def _on_approve(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        held = self.mission.held
        # an approval in store would let something go that nobody has looked at
        response.success = self.mission.approved = bool(held)
        response.message = f"approved: {held}" if held else "nothing waits for an approval"
        return response


def _read_agenda(settings: Settings, limits: HelicopterLimits) -> Agenda | None:
    """Return the agenda of the parameter `campaign`; None for the main mission.

    Raises:
        InvalidInput: when the file or a task of it is no use in this world.
    """
    if not settings.campaign:
        return None
    campaign, world = read_campaign(Path(settings.campaign)), load_world(settings.world)
    check_campaign(campaign, world)
    return Agenda.of(campaign, world, config.load("campaign", SunPower), limits)


def work(node: MissionNode, stop: Event) -> int:
    """Tick the tree until the mission is over or a signal came; write the report; return the exit code."""
    mission = node.mission
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    root = tree.build(mission)
    next_tick = 0.0
    while not mission.over and not stop.is_set():
        executor.spin_once(timeout_sec=TICK)
        if time.monotonic() < next_tick:
            continue
        next_tick = time.monotonic() + TICK
        node.look()
        root.tick_once()
        if root.status != py_trees.common.Status.RUNNING and not mission.over:
            mission.end(FAILED, f"the mission ended without an answer while {mission.progress.phase}")
    if not mission.over:
        mission.end(INTERRUPTED, f"stopped by the user while {mission.progress.phase}")
    root.stop(py_trees.common.Status.INVALID)  # cancels what is still under way
    until = time.monotonic() + LAST_WORDS
    while time.monotonic() < until:
        executor.spin_once(timeout_sec=0.02)
    executor.remove_node(node)
    _report(node, stop)
    # a mission that ended because it was told to did well: launch calls any other code a death
    return 0 if mission.outcome in (*ANSWERS, INTERRUPTED) else 1


def _report(node: MissionNode, stop: Event) -> None:
    mission = node.mission
    mission.show("reporting", "")
    node.look()
    mission.write_outcome()
    folder = node.recorder.files.path
    try:
        if stop.is_set():
            write_report(folder, None, 0.0)  # without figures: whoever kills now finds a page
        page = write_report(folder, Path(mission.settings.world), HURRIED_REPORT if stop.is_set() else None)
        mission.write_outcome()  # with the time that the report took
        node.get_logger().info(f"{mission.outcome}: {mission.message}; report in {page}")
    except (WayscoutError, OSError) as error:
        node.get_logger().error(f"the report could not be written: {error}")


def main() -> None:
    stop = Event()

    def on_signal(_signum: int, _frame: object) -> None:
        stop.set()  # Ctrl-C may reach this process twice, from the terminal and from its parent

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    code = 0
    node: MissionNode | None = None
    try:
        node = MissionNode()
        # Drawing needs a library that takes a second to load; the mission begins with waiting anyway.
        Thread(target=_load_drawing, daemon=True).start()
        code = work(node, stop)
    except WayscoutError as error:
        print(f"mission: {error}", file=sys.stderr, flush=True)
        code = BAD_INPUT
    finally:
        if node is not None:
            node.close()
            node.destroy_node()
        rclpy.try_shutdown()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C while Python ends
    sys.exit(code)


def _load_drawing() -> None:
    import wayscout.report.page  # noqa: F401


if __name__ == "__main__":
    main()
