# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The helicopter node's eyes for landing: takes its pictures, shows the sites it weighs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Vector3
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray
from wayscout_interfaces.msg import LandingSite as LandingSiteMessage
from wayscout_interfaces.msg import LandingSites

from wayscout import config
from wayscout.camera import Camera, load_camera
from wayscout.errors import InvalidInput, OutOfTime
from wayscout.flight.lander import Lander
from wayscout.flight.landing import LandingSite
from wayscout.flight.look import LandingLook
from wayscout.flight.plan import HelicopterLimits
from wayscout.flight.rehearsal import rehearse_landing
from wayscout.flight.watch import FlightWatch
from wayscout.geometry import Pose, PoseBuffer
from wayscout.localisation.flight_adjustment import AdjustmentParams
from wayscout.mapping.mapper import MapperParams
from wayscout_nodes.common import bodies, convert, qos
from wayscout_nodes.common.lockstep import Instant, Lockstep
from wayscout_nodes.common.terrain import TerrainStore

PICTURE, PICTURE_INFO = "helicopter/camera/image_raw", "helicopter/camera/camera_info"
SITES, MARKERS = "helicopter/landing_sites", "helicopter/landing_markers"
LAYERS = ("elevation", "rock", "measured", "sigma", "sand")
"""Of the terrain map, that a landing is judged by."""


@dataclass(frozen=True)
class _At:
    """An instant's place: correction (map -> odom) and base_link in the odometry frame."""

    correction: Pose
    odom: Pose


class LandingDesk:
    """Feeds a `Lander` and publishes what it weighs.

    Args:
        node: gets the publishers. lockstep: gets the subscriptions of camera and camera_info.
        terrain: maps of orbiter and earlier flights, with `LAYERS`.
        limits: of the helicopter.

    Attributes:
        jump: (2,) by which the last correction moved the pose [m].
    """

    def __init__(
        self, node: Node, lockstep: Lockstep, terrain: TerrainStore, limits: HelicopterLimits
    ) -> None:
        self._node, self._terrain = node, terrain
        self._mount = bodies.fixed_offset("helicopter", "navcam_optical")
        self._laser = bodies.fixed_offset("helicopter", "range_link")
        self.lander = Lander(limits)
        self.watch = FlightWatch(limits)
        self.jump: npt.NDArray[np.float64] = np.zeros(2)
        self._at: _At | None = None
        self._past = PoseBuffer(span=2.0)
        self._shown: object = None
        self._sites = node.create_publisher(LandingSites, SITES, qos.LATCHED)
        self._markers = node.create_publisher(MarkerArray, MARKERS, qos.LATCHED)
        lockstep.subscribe(Image, PICTURE)
        lockstep.subscribe(CameraInfo, PICTURE_INFO)

    def rehearse(self, limits: HelicopterLimits) -> None:
        """Compile now what a landing would else compile while it hovers."""
        camera = load_camera(config.directory() / "cameras" / "navigation.yaml")
        rehearse_landing(Lander(limits, self._look_of(camera)), camera, self._mount)

    def begin(self, limits: HelicopterLimits) -> None:
        """A flight begins under these limits."""
        self.lander.set_limits(limits)
        self.lander.measured, self.lander.orbital = self._terrain.measured, self._terrain.orbital
        self.lander.begin()
        self.watch.begin(limits)
        self._at, self._shown = None, None

    def stood(self, position: npt.NDArray[np.float64]) -> None:
        """Remember a place that it stands on, (3,) in map [m]."""
        self.lander.stood_on.append((float(position[0]), float(position[1])))

    def step(self, instant: Instant, correction: Pose, odom: Pose, distance: float) -> str:
        """Take one instant in flight; return why the flight shall be cut short, '' while nothing is wrong.

        Args:
            distance: laser range [m], NaN for none.
        """
        before, self._at = self._at, _At(correction, odom)
        self.jump = np.zeros(2)
        if before is not None:
            stayed = before.odom.position
            self.jump = (correction.apply(stayed) - before.correction.apply(stayed))[:2]
        height = distance if np.isfinite(distance) else 0.0
        self.lander.locate(correction, height)
        self._past.add(instant.time, odom)
        if PICTURE_INFO in instant.messages:
            self._take_camera(instant.messages[PICTURE_INFO])
        if PICTURE in instant.messages:
            self._take_picture(instant.messages[PICTURE], distance)
        return self.watch.step(instant.time, odom, height, self.lander.dark)

    def _take_camera(self, message: CameraInfo) -> None:
        try:
            camera = convert.camera(message, PICTURE_INFO)
        except InvalidInput as error:
            self._node.get_logger().warning(f"message dropped: {error}")
            return
        look = self.lander.look
        if look is None or repr(look.camera) != repr(camera):  # it holds an array
            self.lander.look = self._look_of(camera)

    def _look_of(self, camera: Camera) -> LandingLook:
        adjustment = config.load("localiser", AdjustmentParams)
        return LandingLook(camera, self._mount, self._laser, adjustment, MapperParams.load())

    def _take_picture(self, message: Image, distance: float) -> None:
        time = convert.seconds(message.header.stamp)
        try:
            odom = self._past.lookup(time)  # without lock-step a picture is older than the instant
        except OutOfTime:
            odom = self._past.latest()[1]
        try:
            picture = np.asarray(convert.image(message, ["mono8"], PICTURE), dtype=np.uint8)
        except InvalidInput as error:
            self._node.get_logger().warning(f"picture dropped: {error}")
            return
        reason = self.lander.add_picture(time, picture, odom, distance)
        if reason:
            self._node.get_logger().warning(f"picture of no use for landing: {reason}")

    def show(self, time: float, position: npt.NDArray[np.float64], height: float) -> None:
        """Publish the sites that were weighed last, once they are new.

        Args:
            position: (3,) base_link in map [m]. height: above ground [m].
        """
        lander = self.lander
        if lander.chosen is self._shown or (not lander.considered and lander.chosen is None):
            return
        self._shown = lander.chosen
        sites = list(lander.considered) or [lander.chosen] if lander.chosen else list(lander.considered)
        ground = float(position[2]) - height
        message = LandingSites()
        message.header.frame_id, message.header.stamp = "map", convert.to_stamp(time)
        for site in sites:
            if site is not None:
                message.sites.append(self._site(site, ground, site is lander.chosen))
        self._sites.publish(message)
        self._markers.publish(to_markers(message))
        self._node.get_logger().info(f"landing at ({site_text(lander.chosen)}): {lander.why}")

    def _site(self, site: LandingSite, ground: float, chosen: bool) -> LandingSiteMessage:
        return LandingSiteMessage(
            position=convert.to_point((site.x, site.y, ground)),
            slope=site.slope,
            step=site.step,
            clearance=site.clearance,
            probability=site.probability,
            basis=site.basis,
            reason=self.lander.why if chosen else site.reason,
            chosen=chosen,
        )


def site_text(site: LandingSite | None) -> str:
    """A site's place in words."""
    return f"{site.x:.1f}, {site.y:.1f}" if site is not None else "nowhere"


def to_markers(message: LandingSites) -> MarkerArray:
    """Draw sites as discs of the footprint, red to green with the probability; the chosen one blue."""
    radius = config.load("helicopter", HelicopterLimits).landing_radius
    markers = MarkerArray()
    clear = Marker(action=Marker.DELETEALL)
    clear.header = message.header
    markers.markers.append(clear)
    for number, site in enumerate(message.sites):
        p = float(np.clip(site.probability, 0.0, 1.0))
        disc = Marker(ns="landing", id=number, type=Marker.CYLINDER, action=Marker.ADD, lifetime=Duration())
        disc.header = message.header
        disc.pose.position = convert.to_point((site.position.x, site.position.y, site.position.z + 0.05))
        disc.pose.orientation.w = 1.0
        disc.scale = Vector3(x=2.0 * radius, y=2.0 * radius, z=0.05)
        disc.color = ColorRGBA(r=1.0 - p, g=p, b=1.0 if site.chosen else 0.0, a=0.6)
        label = Marker(
            ns="landing_text", id=number, type=Marker.TEXT_VIEW_FACING, action=Marker.ADD, text=site.reason
        )
        label.header = message.header
        label.pose.position = convert.to_point((site.position.x, site.position.y, site.position.z + 0.8))
        label.pose.orientation.w = 1.0
        label.scale.z = 0.4
        label.color = ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0)
        markers.markers += [disc, label]
    return markers
