# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The mapper: keeps a flight's pictures, fuses them when their track comes, publishes the terrain map."""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from nav_msgs.msg import OccupancyGrid
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from wayscout_interfaces.action import UpdateMap
from wayscout_interfaces.msg import Hazard, Hazards, OrbitalMap, PictureTrack, TerrainIndex, TerrainTile

from wayscout import config
from wayscout.errors import InvalidInput
from wayscout.grid import Grid
from wayscout.mapping import mapper as mapping
from wayscout.mapping import offline
from wayscout.mapping.coverage import corridor_coverage
from wayscout.mapping.pictures import without_useless
from wayscout.mapping.saved import SavedMap
from wayscout.mapping.tiles import Index
from wayscout.terrain import hazards as terrain_hazards
from wayscout_nodes.common import clouds, convert, diagnostics, parameters, qos
from wayscout_nodes.common.pictures import PictureShelf, Track, check_track
from wayscout_nodes.common.run import run
from wayscout_nodes.mapper import products

_TILES_KEPT = 160  # tiles a late joiner gets; the delta's 256 m square has 100
_MARGIN = 3.0  # [m] around a tile that its hazards are judged with


@dataclass(frozen=True)
class NodeParams:
    """What the node itself needs to know; see config/mapper.yaml."""

    kept_pictures: int
    picture_wait: float
    track_wait: float


@dataclass(frozen=True)
class Outcome:
    """How a flight's fusion ended."""

    success: bool
    message: str
    used: int = 0
    coverage: list[float] = field(default_factory=list)
    area: float = 0.0
    seconds: float = 0.0


@dataclass
class _TileView:
    """What is published of a tile besides itself."""

    hazards: list[Hazard]
    coarse: Grid


class Mapper(Node):
    """Pictures, camera and track in; tiles, hazards and viewers' layers out; serves `map/update`."""

    def __init__(self) -> None:
        super().__init__("mapper")
        lockstep = bool(
            parameters.declare_one(self, "lockstep", True, "embedded simulator: no picture is lost")
        )
        self._folder = parameters.declare_one(
            self, "map_folder", "", "where maps are written, empty for none"
        )
        start_map = parameters.declare_one(
            self, "start_map", "", "folder of a map made earlier to begin with, empty for none"
        )
        values: dict[str, object] = {}
        for kind in mapping.PARTS:
            values |= vars(parameters.declare(self, "mapper", kind))
        self._map_params = mapping.MapperParams.load(values)
        self._params = parameters.declare(
            self, "mapper", NodeParams, apply=self._take_params, fixed=("kept_pictures",)
        )
        self._limits = config.load("rover", terrain_hazards.Limits)
        self._diagnostics = diagnostics.Diagnostics(self)

        self._shelf = PictureShelf(self._params.kept_pictures)
        self._waiting_tracks: dict[int, tuple[Track, float]] = {}
        self._waiting_goals: list[tuple[ServerGoalHandle, float]] = []
        self._outcomes: dict[int, Outcome] = {}
        self._pictures_done = 0
        self._corridors: list[tuple[str, npt.NDArray[np.float64], float]] = []
        self._rover_hazards: list[Hazard] = []

        # Only the worker thread touches the map and the views; the executor's thread keeps the rest.
        self._mapper: mapping.TerrainMapper | None = None
        self._saved: SavedMap | None = None
        self._views: dict[Index, _TileView] = {}
        self._map_hazards: list[Hazard] = []
        self._jobs: queue.Queue[Track | None] = queue.Queue()
        self._taken: dict[int, tuple[list[npt.NDArray[np.uint8]], Track]] = {}

        self._tiles = self.create_publisher(TerrainTile, "map/tiles", qos.latched(_TILES_KEPT))
        self._index = self.create_publisher(TerrainIndex, "map/index", qos.LATCHED)
        self._hazards = self.create_publisher(Hazards, "map/hazards", qos.LATCHED)
        self._traversability = self.create_publisher(OccupancyGrid, "map/traversability", qos.LATCHED)
        self._cloud = self.create_publisher(PointCloud2, "map/elevation_cloud", qos.LATCHED)
        self._grid_map = clouds.grid_map_publisher(self, "map/grid_map")
        camera = "helicopter/camera/"
        if start_map:  # before anybody can ask for an update
            self._begin_with(Path(start_map))
        sensor = qos.sensor(lockstep)
        self.create_subscription(Image, camera + "image_raw", self._on_image, sensor)
        self.create_subscription(CameraInfo, camera + "camera_info", self._on_camera, sensor)
        self.create_subscription(PictureTrack, "helicopter/pictures", self._on_track, qos.COMMAND)
        self.create_subscription(OrbitalMap, "map/orbital", self._on_orbital, qos.LATCHED)
        self.create_subscription(Hazards, "rover/hazards", self._on_rover_hazards, qos.COMMAND)
        self._server = ActionServer(
            self,
            UpdateMap,
            "map/update",
            execute_callback=self._conclude,
            goal_callback=lambda _: GoalResponse.ACCEPT,
            handle_accepted_callback=self._on_goal,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )
        # Wall clock: simulated time stands still while the map is made.
        self.create_timer(0.2, self._tend, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._worker = threading.Thread(target=self._work, name="mapper", daemon=True)
        self._worker.start()

    def close(self) -> None:
        """End the worker; a fusion under way is given up with the process."""
        self._jobs.put(None)
        self._worker.join(timeout=2.0)

    # --- what comes in ---

    def _take_params(self, params: NodeParams) -> None:
        self._params = params

    def _on_image(self, message: Image) -> None:
        try:
            picture = convert.image(message, ["mono8"], "helicopter/camera/image_raw")
            camera = self._shelf.camera
            if camera is not None and picture.shape != (camera.height, camera.width):
                wanted = f"camera_info says {camera.width} x {camera.height}"
                raise InvalidInput("helicopter/camera/image_raw size", picture.shape[::-1], wanted)
        except InvalidInput as error:
            self._reject(error)
            return
        stamp = message.header.stamp
        self._shelf.put((stamp.sec, stamp.nanosec), np.asarray(picture, dtype=np.uint8))
        for flight, (track, _) in self._waiting_tracks.items():  # they are still coming
            self._waiting_tracks[flight] = (track, time.monotonic() + self._params.picture_wait)

    def _on_camera(self, message: CameraInfo) -> None:
        try:
            self._shelf.camera = convert.camera(message, "helicopter/camera/camera_info")
        except InvalidInput as error:
            self._reject(error)

    def _on_track(self, message: PictureTrack) -> None:
        try:
            track = check_track(message, "helicopter/pictures")
        except InvalidInput as error:
            self._reject(error)
            self._outcomes[int(message.flight)] = Outcome(False, str(error))
            return
        self._outcomes.pop(track.flight, None)
        self._waiting_tracks[track.flight] = (track, time.monotonic() + self._params.picture_wait)
        self._tend()

    def _on_orbital(self, message: OrbitalMap) -> None:
        try:
            self._corridors = products.corridor_lines(list(message.corridors), "map/orbital")
        except InvalidInput as error:
            self._reject(error)

    def _on_rover_hazards(self, message: Hazards) -> None:
        good = []
        for k, hazard in enumerate(message.hazards):
            try:
                convert.point(hazard.position, f"rover/hazards.hazards[{k}].position")
                if not (np.isfinite(hazard.radius) and hazard.radius >= 0.0 and np.isfinite(hazard.height)):
                    raise InvalidInput(
                        f"rover/hazards.hazards[{k}].radius", hazard.radius, "a size [m] is needed"
                    )
                good.append(hazard)
            except InvalidInput as error:
                self._reject(error)
        self._rover_hazards = [*self._rover_hazards, *good][-2000:]
        self._hazards.publish(
            products.hazards_message([*self._map_hazards, *self._rover_hazards], self._now())
        )

    def _on_goal(self, goal: ServerGoalHandle) -> None:
        self._waiting_goals.append((goal, time.monotonic() + self._params.track_wait))
        self._tend()

    # --- the executor's side ---

    def _tend(self) -> None:
        """Start fusions whose pictures have all come, and answer goals whose flight is fused."""
        now = time.monotonic()
        for flight, (track, deadline) in list(self._waiting_tracks.items()):
            missing = self._shelf.missing(track.stamps)
            if missing and now < deadline:
                continue
            del self._waiting_tracks[flight]
            if missing:
                text = f"flight {flight}: {missing} of {len(track.stamps)} pictures never came"
                self.get_logger().warning(text)
            pictures, poses, sigmas = self._shelf.take(track)
            self._taken[flight] = (pictures, Track(flight, track.stamps, poses, sigmas))
            self._jobs.put(self._taken[flight][1])
        for entry in list(self._waiting_goals):
            goal, deadline = entry
            flight = int(goal.request.flight)
            if flight not in self._outcomes:
                busy = flight in self._taken or flight in self._waiting_tracks
                if goal.request.pictures == 0 and not busy:
                    self._outcomes[flight] = Outcome(True, f"flight {flight} took no pictures")
                elif not busy and now > deadline:
                    wait = f"{self._params.track_wait:g} s"
                    text = f"helicopter/pictures of flight {flight} did not come in {wait}"
                    self._outcomes[flight] = Outcome(False, text)
            if flight in self._outcomes or goal.is_cancel_requested:
                self._waiting_goals.remove(entry)
                goal.execute()
            else:
                goal.publish_feedback(UpdateMap.Feedback(pictures_done=self._pictures_done))

    def _conclude(self, goal: ServerGoalHandle) -> UpdateMap.Result:
        """Answer a goal; called once its outcome is there or it is called off."""
        outcome = self._outcomes.get(int(goal.request.flight))
        if outcome is None:
            goal.canceled()
            return UpdateMap.Result(success=False, message="called off")
        if outcome.success:
            goal.succeed()
        else:
            goal.abort()
            if not outcome.used:  # a later goal for the same flight may wait anew
                self._outcomes.pop(int(goal.request.flight), None)
        return UpdateMap.Result(
            success=outcome.success,
            message=outcome.message,
            pictures_used=outcome.used,
            coverage=outcome.coverage,
            area=outcome.area,
            compute_seconds=outcome.seconds,
        )

    # --- the worker's side ---

    def _work(self) -> None:
        while (track := self._jobs.get()) is not None:
            start = time.perf_counter()
            try:
                outcome = self._fuse(track, start)
            except InvalidInput as error:
                self._reject(error)
                outcome = Outcome(False, str(error))
            except Exception as error:  # the node must outlive whatever a flight brings
                self.get_logger().error(f"flight {track.flight}: {traceback.format_exc()}")
                outcome = Outcome(False, f"fusing failed: {error!r}")
            self._outcomes[track.flight] = outcome
            self._taken.pop(track.flight, None)

    def _fuse(self, track: Track, start: float) -> Outcome:
        pictures = self._taken[track.flight][0]
        camera = self._shelf.camera
        if camera is None:
            raise InvalidInput(
                "helicopter/camera/camera_info", None, "it must come before the pictures' track"
            )
        if self._mapper is None or self._mapper.camera is not camera:
            if self._mapper is None:
                self._mapper = mapping.TerrainMapper(camera, self._map_params)
                if self._saved is not None:
                    self._mapper.store = self._saved.store
            self._mapper.camera = camera
        shown, dark = without_useless(pictures)
        told = f"; left out, as they show nothing: {dark} (is the camera well?)" if dark else ""
        if not shown:
            raise InvalidInput("helicopter/camera/image_raw", len(pictures), f"flight {track.flight}{told}")
        report = self._mapper.add_flight(
            [pictures[k] for k in shown],
            [track.poses[k] for k in shown],
            [track.sigmas[k] for k in shown],
            self._count_done(len(shown)),
        )
        self._publish(self._mapper)
        coverage = [corridor_coverage(self._mapper.store, line, width) for _, line, width in self._corridors]
        area = self._mapper.measured_area()
        self._write(self._mapper, coverage, area)
        seconds = time.perf_counter() - start
        used = f"{report.pictures_used} of {len(pictures)} pictures"
        text = f"flight {track.flight}: {used}, {len(report.tiles)} tiles{told}"
        self.get_logger().info(f"{text}; {area:.0f} m^2 measured, {seconds:.1f} s")
        if dark:
            self.get_logger().warning(f"flight {track.flight}{told}")
        success = report.pictures_used > 0
        level = diagnostics.OK if success and not dark else diagnostics.WARN
        numbers = {"area": area, "seconds": seconds, "rocks": len(self._mapper.rocks())}
        numbers["useless pictures"] = len(pictures) - len(shown)
        self._diagnostics.report(self._now(), level, text, numbers)
        message = text if success else f"{text}: no two pictures overlap enough, or show nothing to match"
        return Outcome(success, message, report.pictures_used, coverage, area, seconds)

    def _count_done(self, pictures: int) -> mapping.Progress:
        def count(done: int, total: int) -> None:
            self._pictures_done = round(pictures * done / max(total, 1))

        self._pictures_done = 0
        return count

    def _begin_with(self, folder: Path) -> None:
        """Publish a map made earlier; raises InvalidInput when it is no use."""
        sizes = self._map_params
        self._saved = SavedMap(folder, sizes.tile_size, sizes.resolution)
        self._publish(self._saved)
        self.get_logger().info(f"begun with the map in {folder}, {len(self._saved.store.tiles)} tiles")

    def _publish(self, mapper: mapping.TerrainMapper | SavedMap) -> None:
        now = self._now()
        for index in mapper.tiles_changed():
            grid = mapper.tile(index)
            version = mapper.store.tiles[index].version
            self._tiles.publish(convert.to_tile(grid, *index, version, products.UNITS, now))
            self._views[index] = self._view(mapper, index, grid)
        versions = {index: tile.version for index, tile in mapper.store.tiles.items()}
        size, resolution = mapper.store.size, mapper.store.resolution
        self._index.publish(products.index_message(versions, size, resolution, now))
        if not self._views:
            return
        views = [self._views[index] for index in sorted(self._views)]
        self._map_hazards = [hazard for view in views for hazard in view.hazards]
        self._hazards.publish(products.hazards_message([*self._map_hazards, *self._rover_hazards], now))
        whole = products.joined([view.coarse for view in views])
        self._traversability.publish(products.occupancy(whole, now))
        self._cloud.publish(clouds.cloud(whole, now, others=("cost",)))
        if self._grid_map is not None:
            message = clouds.grid_map(whole, products.VIEW_LAYERS, now, clouds.grid_map_msgs())
            self._grid_map.publish(message)

    def _view(self, mapper: mapping.TerrainMapper | SavedMap, index: Index, grid: Grid) -> _TileView:
        bounds = mapper.store.bounds(index)
        found, cost = terrain_hazards.assess(mapper.grid(bounds.grown(_MARGIN)), self._limits)
        hazards = products.rock_hazards(mapper.rocks(index), grid)
        for group in found:
            inside = bounds.contains(group.table[:, 0], group.table[:, 1])
            hazards += products.found_hazards(terrain_hazards.Found(group.kind, group.table[inside]))
        edge = round(_MARGIN / mapper.store.resolution)
        return _TileView(hazards, products.viewed(grid, cost[edge:-edge, edge:-edge]))

    def _write(self, mapper: mapping.TerrainMapper, coverage: list[float], area: float) -> None:
        """Write the maps for the report; a full disk must not cost the mission its map."""
        if not self._folder or not mapper.store.tiles:
            return
        try:
            folder = Path(self._folder)
            offline.write_maps(offline.trimmed(mapper.grid()), folder)
            shares = {name: share for (name, _, _), share in zip(self._corridors, coverage, strict=True)}
            (folder / "coverage.json").write_text(json.dumps({"area": area, "coverage": shares}, indent=1))
        except (OSError, InvalidInput) as error:
            self.get_logger().error(f"map_folder '{self._folder}': {error}")

    def _reject(self, error: InvalidInput) -> None:
        self.get_logger().warning(f"rejected: {error}")
        self._diagnostics.report(self._now(), diagnostics.WARN, f"rejected: {error}")

    def _now(self) -> float:
        return float(self.get_clock().now().nanoseconds) * 1e-9


def main() -> None:
    sys.exit(run(Mapper))


if __name__ == "__main__":
    main()
