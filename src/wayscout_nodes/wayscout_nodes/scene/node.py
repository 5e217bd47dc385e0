# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The scene: what a viewer needs beside the nodes' own topics. It runs only where somebody watches.

Nothing here is done once a simulated step: transforms, joints and the rover's state are read a few times
a second of wall clock, and what is drawn is sent when it has changed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import Marker, MarkerArray
from wayscout_interfaces.msg import (
    DriveState,
    FlightPlan,
    Hazards,
    MissionStatus,
    OrbitalMap,
    PictureTrack,
)

from wayscout.errors import InvalidInput
from wayscout.grid import Grid
from wayscout_nodes.common import bodies, convert, markers, parameters, qos
from wayscout_nodes.common.reader import Reader
from wayscout_nodes.common.run import run
from wayscout_nodes.scene import drawing
from wayscout_nodes.scene.tracks import Track

PERIOD = 0.2  # [s] of wall clock between looks at joints and transforms
DRAW_EVERY = 5  # looks between drawings
MOST_TRANSFORMS = 20  # decoded at one look: tens of steps may have gone by
TF, JOINTS, STATE = "/tf", "rover/joint_states", "rover/state"
TRACKS = {"helicopter": (0.5, 0.12, (1.0, 1.0, 1.0)), "rover": (0.25, 0.20, (0.25, 0.95, 0.35))}
"""Vehicle -> spacing of its points [m], width [m] and colour of its line."""
PICTURES = {"pictures": "helicopter/pictures", "colour pictures": "helicopter/colour/pictures"}
FLIGHTS_KEPT = 20
GROUND_SINK = 3.0  # sigmas by which the orbital ground is drawn too low: the measured one then lies on it
WORDS = 1.0 / 64.0  # height of the words' capitals as a share of the map's side: a view from afar is read


class Scene(Node):
    """Publishes the vehicles' URDFs and joints, and markers: tracks, plans, pictures, hazards, words."""

    def __init__(self) -> None:
        super().__init__("scene", parameter_overrides=parameters.without_clock())
        self._ground: Grid | None = None
        self._orbital: OrbitalMap | None = None
        self._plans: dict[int, FlightPlan] = {}
        self._pictures: dict[str, dict[int, PictureTrack]] = {space: {} for space in PICTURES}
        self._hazards = Hazards()
        self._status: MissionStatus | None = None
        self._drive: DriveState | None = None
        self._looks = 0
        self._tracks = {vehicle: Track(vehicle, spacing) for vehicle, (spacing, _, _) in TRACKS.items()}
        self._stale: set[str] = set()
        self._drawn: dict[str, Callable[[], Iterable[Marker]]] = {
            "ground": self._draw_ground,
            "corridors": self._draw_corridors,
            "plans": self._draw_plans,
            "pictures": self._draw_pictures,
            "hazards": lambda: drawing.hazards(self._hazards),
            "tracks": self._draw_tracks,
            "status": self._draw_status,
        }
        self._boards = {
            name: self.create_publisher(MarkerArray, f"scene/{name}", qos.LATCHED) for name in self._drawn
        }
        self._descriptions = []
        for vehicle in TRACKS:
            publisher = self.create_publisher(String, f"{vehicle}/robot_description", qos.LATCHED)
            publisher.publish(String(data=bodies.urdf_text(vehicle)))
            self._descriptions.append(publisher)
        # Static although they move: a viewer then has them at any time, also one that comes while time
        # stands still, wheels don't trail behind the body, and nobody in lock-step has to read them.
        self._frames = self.create_publisher(TFMessage, "/tf_static", qos.LATCHED)
        self._turn({})
        latched = qos.LATCHED
        self.create_subscription(OrbitalMap, "map/orbital", self._on_orbital, latched)
        self.create_subscription(FlightPlan, "helicopter/plan", self._on_plan, qos.latched(FLIGHTS_KEPT))
        for space, topic in PICTURES.items():
            self.create_subscription(PictureTrack, topic, self._keeper(space), qos.latched(10))
        self.create_subscription(Hazards, "map/hazards", self._on_hazards, latched)
        self.create_subscription(MissionStatus, "mission/status", self._on_status, qos.COMMAND)
        self._reader = Reader(self)
        self._reader.subscribe(TFMessage, TF, 500)
        self._reader.subscribe(JointState, JOINTS, 1)
        self._reader.subscribe(DriveState, STATE, 1)
        self.create_timer(PERIOD, self._look, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def close(self) -> None:
        self._reader.close()

    # --- what comes in ---

    def _on_orbital(self, message: OrbitalMap) -> None:
        try:
            self._ground = convert.tile(message.elevation, "map/orbital.elevation")
        except InvalidInput as error:
            self.get_logger().warning(f"map/orbital dropped: {error}")
            return
        self._orbital = message
        self._stale |= {"ground", "corridors", "plans"}

    def _on_plan(self, message: FlightPlan) -> None:
        self._plans[int(message.flight)] = message
        self._stale.add("plans")

    def _keeper(self, space: str) -> Callable[[PictureTrack], None]:
        def keep(message: PictureTrack) -> None:
            self._pictures[space][int(message.flight)] = message
            self._stale.add("pictures")

        return keep

    def _on_hazards(self, message: Hazards) -> None:
        self._hazards = message
        self._stale.add("hazards")

    def _on_status(self, message: MissionStatus) -> None:
        self._status = message
        self._stale.add("status")

    # --- what goes out ---

    def _look(self) -> None:
        """Take in what moves; now and then draw what has changed."""
        for message in self._reader.take(TF, MOST_TRANSFORMS):
            for track in self._tracks.values():
                known = len(track.points)
                track.take(message)
                if len(track.points) != known:
                    self._stale |= {"tracks", "status"}
        for joints in self._reader.take(JOINTS):
            self._turn(dict(zip(joints.name, joints.position, strict=False)))
        for state in self._reader.take(STATE):
            self._drive = state
        self._looks += 1
        if self._looks % DRAW_EVERY == 0:
            self._draw()

    def _draw(self) -> None:
        stale, self._stale = self._stale, set()
        for name in sorted(stale):
            self._boards[name].publish(markers.fresh(self._drawn[name]()))

    def _turn(self, angles: dict[str, float]) -> None:
        """Tell where the rover's moving links stand, at joint angles [rad]."""
        self._frames.publish(
            TFMessage(
                transforms=[
                    convert.to_transform(
                        f"rover/{j.parent}", f"rover/{j.child}", 0.0, j.at(angles.get(name, 0.0))
                    )
                    for name, j in bodies.joints("rover").items()
                    if j.kind != "fixed"
                ]
            )
        )

    def _draw_ground(self) -> list[Marker]:
        if self._orbital is None or self._ground is None:
            return []
        return drawing.ground(self._ground, GROUND_SINK * self._orbital.elevation_sigma)

    def _draw_corridors(self) -> list[Marker]:
        if self._orbital is None or self._ground is None:
            return []
        return drawing.corridors(list(self._orbital.corridors), self._ground)

    def _draw_plans(self) -> list[Marker]:
        return [] if self._ground is None else drawing.plans(self._plans.values(), self._ground)

    def _draw_pictures(self) -> list[Marker]:
        return [
            marker
            for space, tracks in self._pictures.items()
            for marker in drawing.pictures(tracks.values(), space)
        ]

    def _draw_tracks(self) -> list[Marker]:
        shown = []
        for vehicle, (_, width, colour) in TRACKS.items():
            line = markers.line(vehicle, 0, [], width, colour)
            line.points = self._tracks[vehicle].points
            if len(line.points) > 1:
                shown.append(line)
        return shown

    def _draw_status(self) -> list[Marker]:
        """Write the words above the vehicle that has the floor."""
        if self._status is None:
            return []
        active = self._tracks["helicopter" if self._status.phase == "flight" else "rover"]
        x, y, z = (0.0, 0.0, 0.0) if active.pose is None else active.pose.position
        side = 0.0 if self._ground is None else max(self._ground.bounds.width, self._ground.bounds.height)
        size = max(1.0, WORDS * side)
        place = (x, y, z + 4.0 * size)
        return [markers.text("status", 0, drawing.words(self._status, self._drive), place, size)]


def main() -> None:
    sys.exit(run(Scene))


if __name__ == "__main__":
    main()
