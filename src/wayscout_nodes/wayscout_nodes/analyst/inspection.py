# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Serves science/inspect: colour pictures of a flight, their track and the map in; what lies there out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from wayscout_interfaces.action import Inspect
from wayscout_interfaces.msg import FlightLog, PictureTrack, SiteReport

from wayscout.camera import Camera
from wayscout.errors import InvalidInput
from wayscout.grid import Grid
from wayscout.report.site_folder import write_site
from wayscout.sites.inspect import inspect
from wayscout.sites.records import Prior, SiteFindings
from wayscout_nodes.analyst import markers, messages
from wayscout_nodes.analyst.worker import Done, Worker
from wayscout_nodes.common import convert, diagnostics, goals, qos
from wayscout_nodes.common.pictures import PictureShelf, Track, check_track
from wayscout_nodes.common.tiles import TileShelf

IMAGE, INFO, TRACK = (
    "helicopter/colour/image_raw",
    "helicopter/colour/camera_info",
    "helicopter/colour/pictures",
)


@dataclass(frozen=True)
class InspectionParams:
    """See config/analyst.yaml."""

    kept_colour_pictures: int
    colour_picture_wait: float
    colour_track_wait: float


@dataclass
class _Waiting:
    handle: ServerGoalHandle
    prior: Prior
    since: float


@dataclass(frozen=True)
class _Result:
    findings: SiteFindings
    seconds: float
    folder: str


class Inspection:
    """The part of the analyst that looks at sites.

    Args:
        node: gets the subscriptions, the publisher and the action server.
        tiles: of the terrain map, kept by the node.
        folder: a folder for each inspection is made in it, None for none.
    """

    def __init__(
        self,
        node: Node,
        params: InspectionParams,
        tiles: TileShelf,
        worker: Worker,
        board: markers.MarkerBoard,
        report: diagnostics.Diagnostics,
        folder: Path | None,
        *,
        lockstep: bool,
    ) -> None:
        self._node, self._params, self._tiles, self._worker = node, params, tiles, worker
        self._board, self._diagnostics, self._folder = board, report, folder
        self._shelf = PictureShelf(params.kept_colour_pictures)
        self._tracks: dict[int, tuple[Track, float]] = {}
        self._taken: dict[int, tuple[list[npt.NDArray[np.uint8]], Track]] = {}
        self._pictureless: set[int] = set()  # flights that took no colour pictures
        self._waiting: list[_Waiting] = []
        self._site = node.create_publisher(SiteReport, "science/site", qos.LATCHED)
        sensor = qos.sensor(lockstep)
        node.create_subscription(Image, IMAGE, self._on_image, qos.LARGE)
        node.create_subscription(CameraInfo, INFO, self._on_camera, sensor)
        node.create_subscription(PictureTrack, TRACK, self._on_track, qos.latched(10))
        node.create_subscription(FlightLog, "helicopter/log", self._on_log, qos.LATCHED)
        self._goals = goals.GoalServer(node, Inspect, "science/inspect", self._begin, lambda handle: None)

    # --- what comes in ---

    def _on_image(self, message: Image) -> None:
        try:
            picture = convert.image(message, ["rgb8", "bgr8"], IMAGE)
            camera = self._shelf.camera
            if camera is not None and picture.shape[:2] != (camera.height, camera.width):
                wanted = f"camera_info says {camera.width} x {camera.height}"
                raise InvalidInput(f"{IMAGE} size", picture.shape[1::-1], wanted)
        except InvalidInput as error:
            self._reject(error)
            return
        colours = np.asarray(picture, dtype=np.uint8)
        if message.encoding == "bgr8":
            colours = colours[..., ::-1]
        stamp = message.header.stamp
        self._shelf.put((stamp.sec, stamp.nanosec), colours)

    def _on_camera(self, message: CameraInfo) -> None:
        try:
            self._shelf.camera = convert.camera(message, INFO)
        except InvalidInput as error:
            self._reject(error)

    def _on_track(self, message: PictureTrack) -> None:
        try:
            track = check_track(message, TRACK)
        except InvalidInput as error:
            self._reject(error)
            return
        self._tracks[track.flight] = track, time.monotonic()
        self._taken.pop(track.flight, None)

    def _on_log(self, message: FlightLog) -> None:
        if message.colour_pictures == 0:
            self._pictureless.add(int(message.flight))

    def _reject(self, error: InvalidInput) -> None:
        self._node.get_logger().warning(f"rejected: {error}")
        self._diagnostics.report(self._now(), diagnostics.WARN, f"rejected: {error}")

    # --- goals ---

    def _begin(self, handle: ServerGoalHandle) -> None:
        try:
            known = messages.prior(handle.request)
        except InvalidInput as error:
            self._refuse(handle, str(error))
            return
        self._waiting.append(_Waiting(handle, known, time.monotonic()))

    def tend(self) -> None:
        """Start each inspection whose pictures and map have come; end those called off or waiting in vain."""
        for goal in list(self._waiting):
            flight = int(goal.handle.request.flight)
            if goal.handle.is_cancel_requested:
                self._waiting.remove(goal)
                self._goals.finish(goal.handle, goals.CANCELLED, Inspect.Result(message="called off"))
                continue
            if flight in self._pictureless:
                self._waiting.remove(goal)
                self._refuse(goal.handle, f"flight {flight} took no colour pictures")
                continue
            lacking, patience = self._lacking(flight)
            waited = time.monotonic() - goal.since
            if lacking and waited < patience:
                goal.handle.publish_feedback(Inspect.Feedback(phase=f"waiting for {lacking}"))
                continue
            self._waiting.remove(goal)
            if flight not in self._tracks:
                self._refuse(goal.handle, f"{lacking} did not come within {patience:g} s")
                continue
            if lacking:
                self._node.get_logger().warning(f"flight {flight}: inspected without {lacking}")
            self._start(goal, flight)

    def _lacking(self, flight: int) -> tuple[str, float]:
        """Return what has not come yet, in words, and how long it is waited for [s]."""
        params = self._params
        if flight not in self._tracks:
            return f"{TRACK} of flight {flight}", params.colour_track_wait
        if flight not in self._taken and (missing := self._shelf.missing(self._tracks[flight][0].stamps)):
            return f"{missing} colour pictures", params.colour_picture_wait
        if missing_tiles := self._tiles.missing():
            return f"{len(missing_tiles)} tiles that map/index names", params.colour_picture_wait
        return "", 0.0

    def _start(self, goal: _Waiting, flight: int) -> None:
        if flight not in self._taken:
            track = self._tracks[flight][0]
            stamps = [s for s in track.stamps if not self._shelf.missing([s])]
            pictures, poses, sigmas = self._shelf.take(track)
            self._taken[flight] = pictures, Track(flight, stamps, poses, sigmas)
        pictures, track = self._taken[flight]
        try:
            ground, camera = self._tiles.grid(), self._shelf.camera
            if ground is None:
                raise InvalidInput("map/tiles", None, "the map must come before an inspection")
            if camera is None:
                raise InvalidInput(INFO, None, "it must come before an inspection")
        except InvalidInput as error:
            self._refuse(goal.handle, str(error))
            return
        goal.handle.publish_feedback(Inspect.Feedback(phase=f"inspecting {len(pictures)} pictures"))
        self._worker.do(
            self._job(pictures, track, camera, ground, goal.prior),
            lambda done: self._conclude(goal.handle, flight, done),
        )

    def _job(
        self,
        pictures: list[npt.NDArray[np.uint8]],
        track: Track,
        camera: Camera,
        ground: Grid,
        prior: Prior,
    ) -> Callable[[], _Result]:
        """Return what the worker does; it touches nothing of this object."""
        root = self._folder
        log = self._node.get_logger()

        def job() -> _Result:
            begin = time.perf_counter()
            findings = inspect(pictures, track.poses, camera, ground, prior)
            seconds = time.perf_counter() - begin
            if root is None:
                return _Result(findings, seconds, "")
            times = [stamp[0] + 1e-9 * stamp[1] for stamp in track.stamps]
            try:
                folder = write_site(root, track.flight, findings, pictures, track.poses, times, seconds)
            except OSError as error:  # a full disk costs the record, not the answer
                log.error(f"{root}: {error}")
                return _Result(findings, seconds, "")
            return _Result(findings, seconds, str(folder))

        return job

    def _conclude(self, handle: ServerGoalHandle, flight: int, done: Done) -> None:
        if done.error:
            if done.trace:
                self._node.get_logger().error(done.trace)
            self._refuse(handle, done.error)
            return
        result: _Result = done.result
        findings = result.findings
        message = messages.to_report(findings, flight, self._now())
        self._site.publish(message)
        self._board.show("site", markers.of_site(findings), self._now())
        text = f"'{findings.prior.name}': {summary(findings)}"
        self._node.get_logger().info(f"{text} ({result.seconds:.1f} s)")
        self._diagnostics.report(
            self._now(), diagnostics.OK, text, {"pictures": findings.pictures, "seconds": result.seconds}
        )
        self._goals.finish(
            handle,
            goals.SUCCEEDED,
            Inspect.Result(
                success=True,
                message=text,
                report=message,
                folder=result.folder,
                compute_seconds=result.seconds,
            ),
        )

    def _refuse(self, handle: ServerGoalHandle, why: str) -> None:
        self._node.get_logger().warning(f"science/inspect refused: {why}")
        self._diagnostics.report(self._now(), diagnostics.WARN, why)
        self._goals.finish(handle, goals.ABORTED, Inspect.Result(success=False, message=why))

    def _now(self) -> float:
        return 1e-9 * float(self._node.get_clock().now().nanoseconds)


def summary(findings: SiteFindings) -> str:
    """Return what was found in one line."""
    parts = [
        f"{thing.kind} {thing.size:.2f} +- {thing.size_sigma:.2f} m"
        for thing in findings.objects
        if thing.kind in ("parachute", "backshell")
    ]
    debris = len(findings.of("debris"))
    parts += [f"{debris} pieces of debris"] if debris else []
    parts += [f"{findings.lines} lines"] if findings.lines else []
    return ", ".join(parts) or "nothing was found"
