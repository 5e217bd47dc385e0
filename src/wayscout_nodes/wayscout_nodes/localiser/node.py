# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The localiser: corrects drift of both vehicles and adjusts all pictures of a flight together."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from nav_msgs.msg import Odometry
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image, Range
from wayscout_interfaces.msg import FlightLog, OrbitalMap, PictureTrack, TerrainTile

from wayscout import config
from wayscout.camera import Camera, load_camera
from wayscout.errors import InvalidInput, OutOfTime
from wayscout.flight.rehearsal import flat_orbital, rehearse_localisation
from wayscout.geometry import Pose
from wayscout.localisation.attitude import FLIGHT, AttitudeFilter, AttitudeParams
from wayscout.localisation.campaign import Estimate, HelicopterCampaign
from wayscout.localisation.companion import Companion
from wayscout.localisation.flight_adjustment import AdjustedFlight, AdjustmentParams
from wayscout.localisation.helicopter import HelicopterParams
from wayscout.localisation.orbital import Orbital
from wayscout.localisation.rover import RoverFilter, RoverParams
from wayscout_nodes.common import bodies, convert, diagnostics, parameters, qos
from wayscout_nodes.common.lockstep import Answer, Instant, Lockstep
from wayscout_nodes.common.run import run
from wayscout_nodes.common.transforms import TransformSender
from wayscout_nodes.localiser import inputs
from wayscout_nodes.localiser.estimate_log import EstimateLog
from wayscout_nodes.localiser.past import Past, Waiting

HELICOPTER_ODOM, HELICOPTER_RANGE = "helicopter/odom", "helicopter/range"
PICTURE, PICTURE_INFO = "helicopter/camera/image_raw", "helicopter/camera/camera_info"
COLOUR_INFO = "helicopter/colour/camera_info"  # comes with each colour picture and is far shorter
ROVER_ODOM, DEPTH, DEPTH_INFO = "rover/odom", "rover/hazcam/depth", "rover/hazcam/camera_info"
# Where pictures may be lost on the way (no lock-step), a flight is adjusted without them after this time [s].
_PATIENCE = 3.0
_NEWCOMERS = 1.0  # s of wall clock between looks for those who have begun to listen
_NO_ODOMETRY = "no odometry of its instant"


class Localiser(Node):
    """Publishes map -> rover/odom and map -> helicopter/odom with the stamp of each odometry message."""

    def __init__(self) -> None:
        super().__init__("localiser", parameter_overrides=parameters.without_clock())
        cv2.setNumThreads(1)  # the same sums in the same order, whatever the machine
        self._flight_params = parameters.declare(self, "localiser", HelicopterParams)
        self._adjustment_params = parameters.declare(self, "localiser", AdjustmentParams)
        self._rover_params = parameters.declare(self, "localiser", RoverParams)
        lockstep = bool(
            parameters.declare_one(self, "lockstep", True, "the embedded simulator's steps pace the node")
        )
        self._send_odom = bool(
            parameters.declare_one(self, "publish_odom_tf", True, "publish odom -> base_link on /tf as well")
        )
        flown = str(
            parameters.declare_one(self, "flown_log", "", "file (.csv) for its poses in flight, or empty")
        )
        self._flown = EstimateLog(Path(flown) if flown else None)
        self._starts = inputs.declare_starts(self)
        self._orbital: Orbital | None = None
        self._attitude = AttitudeFilter(parameters.declare(self, "localiser", AttitudeParams), FLIGHT)
        self._helicopter: HelicopterCampaign | None = None
        self._colour = Companion(
            bodies.fixed_offset("helicopter", "colour_optical"),
            bodies.fixed_offset("helicopter", "navcam_optical"),
            self._adjustment_params.odometry_sigma_share,
        )
        self._rover: RoverFilter | None = None
        # What the configuration says, until camera_info tells better.
        cameras = config.directory() / "cameras"
        self._picture_camera = load_camera(cameras / "navigation.yaml")
        self._depth_camera = load_camera(cameras / "hazard_depth.yaml")
        if not lockstep:
            self._rehearse()
        self._first: dict[str, Pose] = {}
        self._odom: dict[str, Pose] = {}
        self._moved: dict[str, bool] = {"helicopter": False, "rover": False}
        self._tiles: dict[tuple[int, int], TerrainTile] = {}
        self._refused = 0  # pictures of the present flight that could not be used
        self._log: FlightLog | None = None
        self._adjusted: set[int] = set()
        self._time = 0.0
        self._past = {"helicopter": Past(), "rover": Past()}
        self._ranges: Waiting[float] = Waiting()
        self._pictures: Waiting[Image] = Waiting()
        self._depths: Waiting[Image] = Waiting()

        self._tf = TransformSender(self)
        self._tf.send_static(link for vehicle in self._moved for link in bodies.frames(vehicle))
        self._track = self.create_publisher(PictureTrack, "helicopter/pictures", qos.latched(10))
        self._colour_track = self.create_publisher(
            PictureTrack, "helicopter/colour/pictures", qos.latched(10)
        )
        self._diagnostics = diagnostics.Diagnostics(self)
        self._lockstep = Lockstep(
            self,
            "localiser",
            self._on_instant,
            lockstep=lockstep,
            driver=(HELICOPTER_ODOM, ROVER_ODOM),
            period=0.1,
            again=self._tf.send_again,
        )
        for kind, topic, driver in (
            (Odometry, HELICOPTER_ODOM, HELICOPTER_ODOM),
            (Range, HELICOPTER_RANGE, HELICOPTER_ODOM),
            (Image, PICTURE, HELICOPTER_ODOM),
            (CameraInfo, PICTURE_INFO, HELICOPTER_ODOM),
            (CameraInfo, COLOUR_INFO, HELICOPTER_ODOM),
            (Odometry, ROVER_ODOM, ROVER_ODOM),
            (Image, DEPTH, ROVER_ODOM),
            (CameraInfo, DEPTH_INFO, ROVER_ODOM),
        ):
            each = topic in (PICTURE, COLOUR_INFO, DEPTH)
            self._lockstep.subscribe(kind, topic, driver, each=each)
        if lockstep:  # while everybody rests no step tells a newcomer where the vehicles are
            steady = Clock(clock_type=ClockType.STEADY_TIME)
            self.create_timer(_NEWCOMERS, self._tf.serve_newcomers, clock=steady)
        self.create_subscription(OrbitalMap, "map/orbital", self._on_orbital, qos.LATCHED)
        self.create_subscription(TerrainTile, "map/tiles", self._on_tile, qos.latched(400))
        self.create_subscription(FlightLog, "helicopter/log", self._on_log, qos.LATCHED)

    def close(self) -> None:
        """Close the log."""
        self._flown.close()

    # -- one instant ------------------------------------------------------------------------------------

    def _on_instant(self, instant: Instant) -> Answer:
        if instant.time < self._time - 1e-6:
            self.get_logger().warning(f"time jumped back from {self._time:.2f} to {instant.time:.2f} s")
            if self._helicopter is not None:
                self._helicopter.discard_pictures()
            self._colour.discard()
            for waiting in (self._ranges, self._pictures, self._depths):
                waiting.clear()
        self._time = instant.time
        self._take_cameras(instant)
        if HELICOPTER_ODOM in instant.messages:
            self._step_helicopter(instant)
        if ROVER_ODOM in instant.messages:
            self._step_rover(instant)
        if self._log is not None:
            self._try_adjust()
        return Answer(idle=True)

    def _take_cameras(self, instant: Instant) -> None:
        for topic in (PICTURE_INFO, DEPTH_INFO):
            if topic not in instant.messages:
                continue
            try:
                camera = convert.camera(instant.messages[topic], topic)
            except InvalidInput as error:
                self._refuse(error)
                continue
            if topic == PICTURE_INFO and not _alike(camera, self._picture_camera):
                self._picture_camera = camera
                if self._helicopter is not None:
                    self._helicopter.set_camera(camera)
            if topic == DEPTH_INFO and not _alike(camera, self._depth_camera):
                self._depth_camera = camera
                if self._rover is not None:
                    self._rover.set_camera(camera)

    def _step_helicopter(self, instant: Instant) -> None:
        odom = self._read_odom("helicopter", instant)
        if odom is None:
            return
        time = convert.seconds(instant.messages[HELICOPTER_ODOM].header.stamp)
        odom = self._attitude.step(time, odom, convert.rates(instant.messages[HELICOPTER_ODOM]))
        if self._helicopter is None:
            self._helicopter = self._make_helicopter()
            self._helicopter.step(self._first["helicopter"])
        self._past["helicopter"].add(time, odom)
        if HELICOPTER_RANGE in instant.messages:
            distance = instant.messages[HELICOPTER_RANGE]
            self._ranges.add(convert.seconds(distance.header.stamp), inputs.distance(distance))
        self._helicopter.step(odom, self._take_ranges(time))
        if PICTURE in instant.messages:
            picture = instant.messages[PICTURE]
            self._pictures.add(convert.seconds(picture.header.stamp), picture)
        self._take_pictures(time, odom)
        self._colour.step(time, odom)
        if COLOUR_INFO in instant.messages:
            self._colour.add(convert.seconds(instant.messages[COLOUR_INFO].header.stamp))
        self._flown.add(time, self._helicopter.filter.pose, self._helicopter.filter.position_sigma)
        self._send("helicopter", time, self._helicopter.filter.correction(), odom)

    def _take_ranges(self, now: float) -> float:
        """Take the ranges whose instant odometry has passed, each there; return that of now, NaN for none.

        One that came late would make a climbing helicopter believe that it is lower than it is.
        """
        assert self._helicopter is not None
        past, newest = self._past["helicopter"], math.nan
        for time, distance in self._ranges.reached(now):
            past.add_range(time, distance)
            if time == now:
                newest = distance
            elif (then := past.odom(time)) is not None:
                self._helicopter.step(then, distance)
        return newest

    def _take_pictures(self, now: float, odom: Pose) -> None:
        """Take the pictures whose instant odometry has reached, each there."""
        assert self._helicopter is not None
        past = self._past["helicopter"]
        for time, message in self._pictures.reached(now):
            then = past.odom(time)
            if then is None:
                self._refused += 1
                self._refuse(InvalidInput(f"{PICTURE}.header.stamp", time, _NO_ODOMETRY))
                continue
            self._helicopter.step(then, past.distance(time))
            self._take_picture(time, message)
            if time < now:
                self._helicopter.step(odom)

    def _take_picture(self, time: float, message: Image) -> None:
        assert self._helicopter is not None
        try:
            image = convert.image(message, ["mono8"], PICTURE)
            result = self._helicopter.picture(time, image)
        except InvalidInput as error:
            self._refused += 1
            self._refuse(error)
            return
        f = self._helicopter.filter
        values: dict[str, object] = {
            "picture": self._helicopter.pictures,
            "position_sigma_m": float(np.max(f.position_sigma)),
            "shift_x_m": float(f.shift[0][0]),
            "shift_y_m": float(f.shift[0][1]),
        }
        if result.match is not None:
            values["match_score"] = result.match.score
        level = diagnostics.OK if result.used else diagnostics.WARN
        self._diagnostics.report(time, level, f"helicopter picture {result.reason or 'matched'}", values)

    def _step_rover(self, instant: Instant) -> None:
        odom = self._read_odom("rover", instant)
        if odom is None:
            return
        if self._rover is None:
            self._rover = self._make_rover()
            self._rover.step(self._first["rover"])
        now = convert.seconds(instant.messages[ROVER_ODOM].header.stamp)
        self._rover.step(odom)
        self._past["rover"].add(now, odom)
        if DEPTH in instant.messages:
            depth = instant.messages[DEPTH]
            self._depths.add(convert.seconds(depth.header.stamp), depth)
        self._take_depths(now, odom)
        self._send("rover", now, self._rover.correction(), odom)

    def _take_depths(self, now: float, odom: Pose) -> None:
        """Take the depth images whose instant odometry has reached, each there."""
        assert self._rover is not None
        for time, message in self._depths.reached(now):
            then = self._past["rover"].odom(time)
            if then is None:
                self._refuse(InvalidInput(f"{DEPTH}.header.stamp", time, _NO_ODOMETRY))
                continue
            if time < now:
                self._rover.step(then)
            self._take_depth(time, message)
            if time < now:
                self._rover.step(odom)

    def _take_depth(self, time: float, message: Image) -> None:
        assert self._rover is not None
        try:
            result = self._rover.depth(convert.image(message, ["32FC1"], DEPTH))
        except InvalidInput as error:
            self._refuse(error)
            return
        values: dict[str, object] = {
            "position_sigma_m": float(np.max(self._rover.position_sigma)),
            "slip": self._rover.slip,
        }
        if result.fit is not None:
            values["misfit_m"] = result.fit.rms
            values["points"] = result.fit.count
        level = diagnostics.OK if result.used else diagnostics.WARN
        self._diagnostics.report(time, level, f"rover depth {result.reason or 'matched'}", values)

    def _read_odom(self, vehicle: str, instant: Instant) -> Pose | None:
        """Return base_link in the odometry frame; for a bad message the last good one, None before any."""
        topic = f"{vehicle}/odom"
        try:
            odom = inputs.odometry(instant.messages[topic], topic)
        except InvalidInput as error:
            self._refuse(error)
            return self._odom.get(vehicle)
        first = self._first.setdefault(vehicle, odom)
        if float(np.linalg.norm(odom.position - first.position)) > 0.05:
            self._moved[vehicle] = True
        self._odom[vehicle] = odom
        return odom

    def _send(self, vehicle: str, time: float, correction: Pose, odom: Pose) -> None:
        links = [("map", f"{vehicle}/odom", correction)]
        if self._send_odom:
            links.append((f"{vehicle}/odom", f"{vehicle}/base_link", odom))
        self._tf.send(time, *links)

    def _refuse(self, error: InvalidInput | OutOfTime) -> None:
        self.get_logger().warning(f"message dropped: {error}")
        self._diagnostics.report(self._time, diagnostics.WARN, f"message dropped: {error}")

    # -- what comes between instants -----------------------------------------------------------------------

    def _make_helicopter(self) -> HelicopterCampaign:
        start = self._starts["helicopter"]
        pose, sigma = start.pose(self._orbital)
        return self._campaign(self._orbital, pose, sigma)

    def _campaign(self, orbital: Orbital | None, start: Pose, sigma: npt.ArrayLike) -> HelicopterCampaign:
        return HelicopterCampaign(
            self._picture_camera,
            bodies.fixed_offset("helicopter", "navcam_optical"),
            bodies.fixed_offset("helicopter", "range_link"),
            self._flight_params,
            self._adjustment_params,
            orbital,
            start,
            sigma,
            self._starts["helicopter"].yaw_sigma,
        )

    def _rehearse(self) -> None:
        """Compile now what the first pictures would else compile in flight."""
        flight = self._campaign(flat_orbital(), Pose.identity(), (0.1, 0.1, 0.1))
        mount = bodies.fixed_offset("helicopter", "navcam_optical")
        rehearse_localisation(flight, self._picture_camera, mount)

    def _make_rover(self) -> RoverFilter:
        start = self._starts["rover"]
        pose, sigma = start.pose(self._orbital)
        mount = bodies.fixed_offset("rover", "hazcam_optical")
        rover = RoverFilter(
            self._depth_camera, mount, self._rover_params, pose, sigma, start.yaw_sigma,
            orbital=self._orbital, slip=inputs.slip_curve(),
        )  # fmt: skip
        for tile in self._tiles.values():
            self._give_tile(rover, tile)
        if self._helicopter is not None:
            rover.set_shift(self._helicopter.filter.shift[0])
        return rover

    def _on_orbital(self, message: OrbitalMap) -> None:
        try:
            self._orbital = inputs.orbital(message)
        except InvalidInput as error:
            self._refuse(error)
            return
        # It may come after the first instants; vehicles that have not moved start afresh with it.
        for vehicle in ("helicopter", "rover"):
            if not self._moved[vehicle]:
                setattr(self, f"_{vehicle}", None)

    def _on_tile(self, message: TerrainTile) -> None:
        self._tiles[message.tile_row, message.tile_col] = message
        if self._rover is not None:
            self._give_tile(self._rover, message)

    def _give_tile(self, rover: RoverFilter, message: TerrainTile) -> None:
        try:
            rover.add_tile(convert.tile(message, "map/tiles"))
        except InvalidInput as error:
            self._refuse(error)

    # -- after a flight ------------------------------------------------------------------------------------

    def _on_log(self, log: FlightLog) -> None:
        if int(log.flight) in self._adjusted:
            return
        self._log = log
        self._try_adjust()

    def _try_adjust(self) -> None:
        log = self._log
        assert log is not None
        held = (self._helicopter.pictures if self._helicopter else 0) + self._refused
        waited = self._time - convert.seconds(log.landing)
        if held < log.pictures and waited < _PATIENCE:
            return
        self._log, self._refused = None, 0
        self._adjusted.add(int(log.flight))
        if self._helicopter is None:
            return
        if held < log.pictures:
            self.get_logger().warning(f"flight {log.flight}: {log.pictures - held} pictures never came")
        estimates, flight = self._helicopter.estimates, int(log.flight)
        try:
            adjusted = self._helicopter.finish_flight(self._attitude.smoothed())
        except InvalidInput as error:
            self._refuse(error)
            self._helicopter.discard_pictures()
            adjusted = None
        if adjusted is None:
            # Better the poses as known in flight than a mapper that waits for ever.
            self._publish_tracks(flight, estimates)
            return
        self._publish_tracks(
            flight,
            [
                Estimate(float(t), p, float(s))
                for t, p, s in zip(adjusted.times, adjusted.optical_poses, adjusted.sigmas, strict=True)
            ],
        )
        self._report_flight(flight, adjusted)

    def _publish_tracks(self, flight: int, estimates: list[Estimate]) -> None:
        """Publish where the pictures were taken, and where the colour pictures if there are any."""
        self._track.publish(self._to_track(flight, estimates))
        if len(self._colour) == 0:
            return
        try:
            colour = self._colour.finish(estimates)
        except (InvalidInput, OutOfTime) as error:
            self._refuse(error)
            return
        self._colour_track.publish(self._to_track(flight, colour))

    def _to_track(self, flight: int, estimates: list[Estimate]) -> PictureTrack:
        message = PictureTrack(flight=flight)
        message.header.frame_id = "map"
        message.header.stamp = convert.to_stamp(self._time)
        message.stamps = [convert.to_stamp(e.time) for e in estimates]
        message.poses = [convert.to_pose(e.optical) for e in estimates]
        message.position_sigma = [e.sigma for e in estimates]
        return message

    def _report_flight(self, flight: int, adjusted: AdjustedFlight) -> None:
        assert self._helicopter is not None
        self._send("helicopter", self._time, self._helicopter.filter.correction(), self._odom["helicopter"])
        if self._rover is not None:
            self._rover.set_shift(adjusted.shift)
        self._diagnostics.report(
            self._time, diagnostics.OK, f"flight {flight} adjusted",
            {
                "pictures": len(adjusted.times),
                "reprojection_rms_px": adjusted.reprojection_rms,
                "observations": adjusted.observations,
                "orbital_matches": adjusted.matches,
                "shift_x_m": float(adjusted.shift[0]),
                "shift_y_m": float(adjusted.shift[1]),
                "sigma_max_m": float(adjusted.sigmas.max()),
            },
        )  # fmt: skip
        self.get_logger().info(
            f"flight {flight}: {len(adjusted.times)} pictures adjusted, "
            f"reprojection {adjusted.reprojection_rms:.2f} px, "
            f"shift of the orbital map {adjusted.shift[0]:.2f} {adjusted.shift[1]:.2f} m"
        )


def _alike(first: Camera, second: Camera) -> bool:
    return (
        (first.width, first.height, first.model) == (second.width, second.height, second.model)
        and np.allclose(first.matrix, second.matrix, atol=1e-3)
        and np.allclose(first.distortion, second.distortion, atol=1e-6)
    )


def main() -> None:
    sys.exit(run(Localiser))


if __name__ == "__main__":
    main()
