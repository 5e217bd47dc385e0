# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The node `radio`: the helicopter's pictures wait here for the link, the most useful first."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from nav_msgs.msg import Odometry
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from wayscout_interfaces.msg import LinkState, OrbitalMap, RouteDecision

from wayscout.camera import Camera
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.grid import Grid
from wayscout.link.earth import Downlink, Earth
from wayscout.link.outbox import Item, Outbox
from wayscout.link.usefulness import Usefulness
from wayscout_nodes.common import convert, parameters, qos
from wayscout_nodes.common.bodies import fixed_offset
from wayscout_nodes.common.diagnostics import OK, WARN, Diagnostics
from wayscout_nodes.common.lockstep import Answer, Instant, Lockstep
from wayscout_nodes.common.run import run
from wayscout_nodes.mapper.products import corridor_lines
from wayscout_nodes.radio import parcels
from wayscout_nodes.radio.earth import EarthRelay
from wayscout_nodes.radio.log import LinkLog

ODOM, MODEM = "helicopter/odom", "helicopter/modem"
LINK = ("map", "helicopter/odom")
RANKS = {parcels.THUMBNAIL: 2, parcels.PICTURE: 1, parcels.COLOUR: 0}
TOPICS = {
    parcels.THUMBNAIL: ("rover/radio/thumbnails", CompressedImage),
    parcels.PICTURE: ("rover/radio/image_raw", Image),
    parcels.COLOUR: ("rover/radio/colour", Image),
}
STATE_PERIOD = 1.0  # [s] of simulated time between messages on helicopter/link
DIAGNOSTICS_PERIOD = 30.0  # [s] of simulated time


@dataclass(frozen=True)
class Settings:
    """Fields of config/link.yaml that this node needs."""

    packet_size: int
    packet_loss: float
    picture_quality: int
    colour_quality: int
    thumbnail_width: int
    patience: float


class RadioNode(Node):
    """Participant `radio` of the lock-step: time has to pass while it has something to send."""

    def __init__(self) -> None:
        super().__init__("radio", parameter_overrides=parameters.without_clock())
        lockstep = bool(parameters.declare_one(self, "lockstep", True, "wait for the embedded simulator"))
        seed = int(parameters.declare_one(self, "seed", 0, "of the packets' fate"))
        log = str(parameters.declare_one(self, "link_log", "", "file for what the link carried, or empty"))
        self._settings = parameters.declare(self, "link", Settings)
        self._log = LinkLog(Path(log) if log else None)
        self._box = Outbox(self._settings.packet_size, self._urgency, seed)
        self._shown: dict[Any, npt.NDArray[np.intp]] = {}
        self._useful: Usefulness | None = None
        self._ground: Grid | None = None
        self._camera: Camera | None = None
        self._optical = fixed_offset("helicopter", "navcam_optical")
        self._pose: Pose | None = None
        self._contact = LinkState(distance=math.nan)
        self._time = math.nan
        self._heard = 0.0  # when a packet last got through, or the queue was empty
        self._told = self._reported = -math.inf
        self._counted = 0  # parcels sent when last told
        self._idle = True

        self._state = self.create_publisher(LinkState, "helicopter/link", qos.LATCHED)
        self._outputs = {
            kind: self.create_publisher(
                type_, topic, qos.LARGE if kind == parcels.COLOUR else qos.sensor(lockstep)
            )
            for kind, (topic, type_) in TOPICS.items()
        }
        self._diagnostics = Diagnostics(self)
        self._lockstep = Lockstep(self, "radio", self._step, lockstep=lockstep, driver=ODOM, period=0.1)
        self._lockstep.subscribe(Odometry, ODOM)
        self._lockstep.subscribe(LinkState, MODEM)
        self._lockstep.require_corrections({LINK: ODOM})
        earth = parameters.declare(self, "link", Earth)
        self._earth = EarthRelay(self, earth, lambda: self._time, self._wake)
        self._downlink = Downlink(earth)
        self.create_subscription(
            Image,
            "helicopter/camera/image_raw",
            lambda m: self._on_picture(parcels.PICTURE, m),
            qos.sensor(lockstep),
        )
        self.create_subscription(
            Image,
            "helicopter/colour/image_raw",
            lambda m: self._on_picture(parcels.COLOUR, m),
            qos.LARGE,
        )
        self.create_subscription(
            CameraInfo, "helicopter/camera/camera_info", self._on_camera, qos.sensor(lockstep)
        )
        self.create_subscription(OrbitalMap, "map/orbital", self._on_orbital, qos.LATCHED)
        self.create_subscription(RouteDecision, "route/decision", self._on_decision, qos.LATCHED)

    def close(self) -> None:
        self._log.write()

    # --- what comes in ---

    def _on_picture(self, kind: str, message: Image) -> None:
        s = self._settings
        quality = s.picture_quality if kind == parcels.PICTURE else s.colour_quality
        now = convert.seconds(message.header.stamp)
        try:
            small = parcels.thumbnail(message, s.thumbnail_width, now)
            whole = parcels.parcel(kind, message, quality, now)
        except InvalidInput as error:
            self.get_logger().warning(f"picture dropped: {error}", throttle_duration_sec=5.0)
            return
        if not len(self._box):
            self._heard = now
        if kind == parcels.PICTURE:
            self._shown[whole.key] = self._cells()
        self._box.put(small)
        self._box.put(whole)
        self._wake()

    def _on_camera(self, message: CameraInfo) -> None:
        if self._camera is None:
            try:
                self._camera = convert.camera(message, "helicopter/camera/camera_info")
            except InvalidInput as error:
                self.get_logger().warning(f"camera dropped: {error}", throttle_duration_sec=5.0)

    def _on_orbital(self, message: OrbitalMap) -> None:
        try:
            self._ground = convert.tile(message.elevation, "map/orbital.elevation")
            lines = corridor_lines(list(message.corridors), "map/orbital")
        except InvalidInput as error:
            self.get_logger().error(f"orbital map dropped: {error}")
            return
        self._useful = Usefulness(self._ground.bounds, [(line, width) for _, line, width in lines])

    def _on_decision(self, message: RouteDecision) -> None:
        if self._useful is None:
            return
        for candidate in message.candidates:
            try:
                path = convert.path(candidate.path, f"route/decision.{candidate.channel}")
            except InvalidInput as error:
                self.get_logger().warning(f"candidate path ignored: {error}")
                continue
            self._useful.prefer([path[:, :2]])

    # --- one instant ---

    def _step(self, instant: Instant) -> Answer:
        elapsed = 0.0 if math.isnan(self._time) else max(0.0, instant.time - self._time)
        self._time = instant.time
        if MODEM in instant.messages:
            self._contact = instant.messages[MODEM]
        if ODOM in instant.messages and LINK in instant.corrections:
            try:
                self._pose = instant.corrections[LINK] @ convert.pose(instant.messages[ODOM].pose.pose, ODOM)
            except InvalidInput as error:
                self.get_logger().warning(f"odometry dropped: {error}", throttle_duration_sec=5.0)
        rate = self._contact.rate if math.isfinite(self._contact.rate) else 0.0
        for item in self._box.tick(elapsed, rate, self._settings.packet_loss):
            self._deliver(item)
        self._earth.tick()
        if rate > 0.0 or not len(self._box):
            self._heard = self._time
        self._tell()
        self._idle = not (len(self._earth) or (len(self._box) and not self._given_up()))
        return Answer(idle=self._idle)

    def _deliver(self, item: Item) -> None:
        cells = self._shown.pop(item.key, None)
        worth = self._useful.value(cells) if self._useful is not None and cells is not None else 0.0
        if self._useful is not None and cells is not None:
            self._useful.sent(cells)
        self._log.arrived(self._time, item, worth, self._downlink.send(item.size, self._time))
        self._outputs[item.kind].publish(parcels.unpack(item))

    def _given_up(self) -> bool:
        """Whether nobody should wait for the link any longer; what is queued stays queued."""
        return self._time - self._heard > self._settings.patience

    def _wake(self) -> None:
        if self._idle:
            self._idle = False
            self._lockstep.wake()

    def _tell(self) -> None:
        # time may stand still once everything has arrived: told at once
        emptied = not len(self._box) and self._box.counters.sent > self._counted
        if self._time - self._told < STATE_PERIOD and not emptied:
            return
        self._told, self._counted = self._time, self._box.counters.sent
        counters, contact = self._box.counters, self._contact
        state = LinkState(
            in_sight=contact.in_sight,
            distance=contact.distance,
            rate=contact.rate,
            queued=len(self._box),
            sent=counters.sent,
            repeated=counters.repeated,
            lost=counters.lost,
            bytes=counters.bytes,
        )
        state.header.stamp = convert.to_stamp(self._time)
        self._state.publish(state)
        self._log.state(self._time, contact.distance, contact.rate, len(self._box), counters)
        if self._time - self._reported < DIAGNOSTICS_PERIOD:
            return
        self._reported = self._time
        silent = len(self._box) > 0 and self._given_up()
        text = (
            f"no contact for {self._time - self._heard:.0f} s, {len(self._box)} parcels stay aboard"
            if silent
            else f"{len(self._box)} parcels wait"
        )
        numbers = {
            "queued": len(self._box),
            "sent": counters.sent,
            "lost": counters.lost,
            "repeated": counters.repeated,
            "bytes": counters.bytes,
            "rate": float(contact.rate),
            "distance": float(contact.distance),
        }
        self._diagnostics.report(self._time, WARN if silent else OK, text, numbers)

    # --- what is useful ---

    def _urgency(self, item: Item) -> tuple[int, float]:
        cells = self._shown.get(item.key)
        worth = self._useful.value(cells) if self._useful is not None and cells is not None else 0.0
        return RANKS[item.kind], worth

    def _cells(self) -> npt.NDArray[np.intp]:
        """Return the cells that a picture taken now shows; none where that is not known."""
        nothing = np.zeros(0, dtype=np.intp)
        if self._useful is None or self._camera is None or self._pose is None or self._ground is None:
            return nothing
        x, y, z = self._pose.position
        below = float(self._ground.sample("elevation", x, y))
        if not (math.isfinite(below) and below < z):
            return nothing
        try:
            outline = self._camera.footprint(self._pose @ self._optical, below)
        except InvalidInput:
            return nothing  # it looks above the horizon
        return self._useful.cells(outline[:, :2])


def main() -> None:
    sys.exit(run(RadioNode))


if __name__ == "__main__":
    main()
