# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""All pictures of one flight adjusted together, after the flight.

Points are followed between neighbouring pictures, the poses adjusted to them (wayscout.localisation.bundle),
each picture then found on the orbital image over the relief that this gave, points followed again between
side-overlapping pictures and into those of earlier flights, and everything adjusted once more.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from wayscout.camera import Camera
from wayscout.errors import InvalidInput, OutOfTime
from wayscout.geometry import Pose, PoseBuffer
from wayscout.grid import Bounds
from wayscout.localisation import ground_points, tracks
from wayscout.localisation.bundle import Observations, Priors, Solution, solve
from wayscout.localisation.orbital import (
    LASER_DOWN,
    Orbital,
    check_picture,
    ground_cells,
    match_patch,
    sample_ground,
    shrink,
)
from wayscout.localisation.pinhole import Redrawing

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Picture = npt.NDArray[np.uint8]


_LEVEL_CELL = 15.0  # m
Found = TypeVar("Found")


@dataclass(frozen=True)
class AdjustmentParams:
    """See config/localiser.yaml, which describes every number."""

    attitude_sigma: float
    range_sigma: float
    range_sigma_share: float
    odometry_sigma_share: float
    odometry_sigma_floor: float
    yaw_step_sigma: float
    corner_cell: int
    corner_threshold: float
    follow_window: int
    follow_ahead: int
    side_pictures: int
    round_trip: float
    pixel_sigma: float
    outlier_pixels: float
    outlier_medians: float
    orbital_sigma: float
    orbital_min_score: float
    orbital_min_lead: float
    orbital_reach: float
    adjust_threads: int


@dataclass(frozen=True)
class PosedPicture:
    """An adjusted picture, kept so that later flights can be tied to it.

    Attributes:
        image: (height, width) uint8 as a pinhole saw it. optical: camera in map.
    """

    image: Picture
    optical: Pose


@dataclass(frozen=True)
class AdjustedFlight:
    """Result of an adjustment.

    Attributes:
        times: (n,) [s]. optical_poses: optical frame in map for each time.
        sigmas: (n,) [m] standard deviation of the position (root of the mean of the three variances).
        covariances: (n, 3, 3) [m^2].
        reprojection_rms: [px] of all observations that were kept.
        shift, shift_sigma: (2,) [m] of the orbital map.
        points: (p, 3) [m] ground points in map.
        observations, matches: how many sightings and orbital matches were used.
        pictures: the pictures with their poses, for later flights.
    """

    times: Array
    optical_poses: list[Pose]
    sigmas: Array
    covariances: Array
    reprojection_rms: float
    shift: Array
    shift_sigma: Array
    points: Array
    observations: int
    matches: int
    pictures: list[PosedPicture]


@dataclass
class _Picture:
    time: float
    image: Picture
    odom: Pose  # optical frame in the odometry frame
    pose: Pose  # optical frame in map, as far as known
    range_pixel: Array | None
    range_depth: float


@dataclass
class _Sightings:
    """Lists of observation arrays; points are numbered over the whole flight."""

    camera: list[Index] = field(default_factory=list)
    point: list[Index] = field(default_factory=list)
    uv: list[Array] = field(default_factory=list)
    depth: list[Array] = field(default_factory=list)

    def add(self, camera: int, point: Index, uv: Array, depth: Array | None = None) -> None:
        self.camera.append(np.full(len(point), camera, np.int64))
        self.point.append(point)
        self.uv.append(uv)
        self.depth.append(np.full(len(point), np.nan) if depth is None else depth)


@dataclass(frozen=True)
class _Followed:
    """Points of a picture, (n, 2) pixels, depth by laser and place; where the next pictures show them."""

    uv: Array
    depth: Array
    ground: Array
    sightings: list[tuple[int, npt.NDArray[np.bool_], Array]]


class FlightAdjuster:
    """Collects the pictures of a flight and adjusts them.

    Args:
        camera: the camera; fisheye or distorted pictures are redrawn as a pinhole's.
        mount: optical frame in base_link.
        params: see AdjustmentParams.
        orbital: orbital map, or None.
        laser: laser frame in base_link (it looks along +x, as sensor_msgs/Range has it).
    """

    def __init__(
        self,
        camera: Camera,
        mount: Pose,
        params: AdjustmentParams,
        orbital: Orbital | None = None,
        *,
        laser: Pose | None = None,
    ) -> None:
        self._mount = mount
        self._laser = laser or LASER_DOWN
        self._params = params
        self._orbital = orbital
        self._raw_camera = camera
        self._redraw = Redrawing(camera)
        self._camera = self._redraw.camera
        self._pictures: list[_Picture] = []

    def __len__(self) -> int:
        return len(self._pictures)

    def add_picture(
        self,
        time: float,
        image: npt.NDArray[np.generic],
        odom: Pose,
        distance: float = float("nan"),
        estimate: Pose | None = None,
    ) -> None:
        """Add the next picture.

        Args:
            time: [s], growing. image: (height, width) uint8.
            odom: base_link in the odometry frame. distance: laser range [m], NaN where it had no echo.
            estimate: base_link in map as known in flight; the first picture's starts the adjustment.

        Raises:
            InvalidInput: for a picture of wrong size or type, or a time that does not grow.
        """
        grey = check_picture(image, self._raw_camera)
        if not np.isfinite(time) or (self._pictures and time <= self._pictures[-1].time):
            raise InvalidInput("picture.time", time, "times must grow from picture to picture")
        grey = self._redraw(grey)
        pixel, depth = None, float("nan")
        if np.isfinite(distance) and distance > 0.5:
            hit = self._mount.inverse().apply(self._laser.apply(np.array([distance, 0.0, 0.0])))
            uv, seen = self._camera.project(hit[None])
            if seen[0]:
                pixel, depth = uv[0], float(hit[2])
        base = estimate if estimate is not None else odom
        self._pictures.append(_Picture(time, grey, odom @ self._mount, base @ self._mount, pixel, depth))

    def adjust(
        self,
        start_sigma: Sequence[float] = (0.15, 0.15, 0.1),
        heading_sigma: float = 0.005,
        shift: npt.ArrayLike = (0.0, 0.0),
        shift_sigma: npt.ArrayLike | None = None,
        earlier: Sequence[PosedPicture] = (),
        odometry: PoseBuffer | None = None,
    ) -> AdjustedFlight:
        """Adjust all pictures together.

        Args:
            start_sigma: (3,) [m] of the first picture's estimate; heading_sigma: [rad] of its heading.
            shift, shift_sigma: (2,) [m] what is already known of the orbital map's shift.
            earlier: pictures of earlier flights, held where they are.
            odometry: base_link in the odometry frame over the flight, where it is known better now than
                when the pictures were added.

        Raises:
            InvalidInput: with fewer than two pictures.
        """
        if odometry is not None:
            self._look_back(odometry)
        if len(self._pictures) < 2:
            raise InvalidInput("flight pictures", len(self._pictures), "at least two pictures are needed")
        work = _Adjustment(self._camera, self._params, self._orbital, self._pictures, list(earlier))
        if shift_sigma is None:
            shift_sigma = np.full(2, self._orbital.shift_sigma if self._orbital else 1.0)
        work.set_priors(
            np.asarray(start_sigma, dtype=np.float64), heading_sigma,
            np.asarray(shift, dtype=np.float64), np.maximum(np.asarray(shift_sigma, dtype=np.float64), 1e-3),
        )  # fmt: skip
        return work.run()

    def _look_back(self, odometry: PoseBuffer) -> None:
        """Take each picture's odometry from what is known of it now; those out of reach keep theirs."""
        for picture in self._pictures:
            with contextlib.suppress(OutOfTime):
                picture.odom = odometry.lookup(picture.time) @ self._mount


class _Adjustment:
    """The working state of one adjustment. Cameras: the flight's pictures, then earlier ones (fixed)."""

    def __init__(
        self,
        camera: Camera,
        params: AdjustmentParams,
        orbital: Orbital | None,
        pictures: list[_Picture],
        earlier: list[PosedPicture],
    ) -> None:
        self.camera, self.params, self.orbital, self.pictures = camera, params, orbital, pictures
        self.count = len(pictures)
        # Odometry is smooth where estimates in flight jump: chain it from the first estimate.
        start = pictures[0].pose @ pictures[0].odom.inverse()
        poses = [start @ p.odom for p in pictures]
        near = _near_track(earlier, poses, camera)
        self.images = [p.image for p in pictures] + [p.image for p in near]
        self.even = [tracks.evened(image) for image in self.images]
        poses += [p.optical for p in near]
        self.rotation = np.stack([p.rotation() for p in poses])
        self.centre = np.stack([p.position for p in poses])
        self.fixed = np.arange(len(poses)) >= self.count
        self.seen = _Sightings()
        self.first_point: list[int] = []  # number of each picture's first point
        self.pixels: list[Array] = []
        self.points = np.zeros((0, 3))
        self.residual_rms = float("nan")
        self.observations = 0

    # -- priors -------------------------------------------------------------------------------------

    def set_priors(self, start_sigma: Array, heading_sigma: float, shift: Array, shift_sigma: Array) -> None:
        p, n = self.params, self.count
        odom_r = np.stack([q.odom.rotation() for q in self.pictures])
        odom_c = np.stack([q.odom.position for q in self.pictures])
        step = np.diff(odom_c, axis=0)
        length = np.linalg.norm(step, axis=1)
        sigma = p.odometry_sigma_share * length + p.odometry_sigma_floor
        turn = np.array([_yaw_of(b @ a.T) for a, b in itertools.pairwise(odom_r)])
        self.shift = shift.copy()
        self.priors = Priors(
            up=odom_r[:, 2, :].copy(),
            up_sigma=p.attitude_sigma,
            steps=np.stack([np.arange(n - 1), np.arange(1, n)], axis=1),
            step=step,
            step_rotation=odom_r[:-1],
            step_sigma=np.repeat(sigma[:, None], 3, axis=1),
            yaw_step=turn,
            yaw_sigma=np.full(n - 1, p.yaw_step_sigma),
            anchors=np.array([0]),
            anchor=self.centre[:1].copy(),
            anchor_sigma=np.maximum(start_sigma, 1e-3)[None],
            headings=np.array([0]),
            heading=self.rotation[:1].copy(),
            heading_sigma=np.array([max(heading_sigma, 1e-4)]),
            shift=shift,
            shift_sigma=shift_sigma,
        )

    # -- steps --------------------------------------------------------------------------------------

    def run(self) -> AdjustedFlight:
        self.follow_ahead()
        solution = self.solve(iterations=12)
        if self.orbital is not None and self.match_orbital(self.params.orbital_reach):
            solution = self.solve(iterations=8)
        if self.follow_side():
            solution = self.solve(iterations=8)
        if self.orbital is not None and self.match_orbital(0.4 * self.params.orbital_reach):
            solution = self.solve(iterations=8)
        covariance = solution.covariance[: self.count]
        if self.orbital is not None and not self.fixed.any():
            covariance = self.level(covariance)
        poses = [self.pose(i) for i in range(self.count)]
        return AdjustedFlight(
            times=np.array([p.time for p in self.pictures]),
            optical_poses=poses,
            sigmas=np.sqrt(np.trace(covariance, axis1=1, axis2=2) / 3.0),
            covariances=covariance,
            reprojection_rms=self.residual_rms,
            shift=solution.shift,
            shift_sigma=np.sqrt(np.diag(solution.shift_covariance)),
            points=self.points[np.isfinite(self.points[:, 0])],
            observations=self.observations,
            matches=len(self.priors.orbital),
            pictures=[PosedPicture(p.image, q) for p, q in zip(self.pictures, poses, strict=True)],
        )

    def pose(self, i: int) -> Pose:
        return Pose.from_rotation(self.rotation[i], self.centre[i])

    def ground_plane(self, i: int) -> tuple[Array, Array]:
        """Plane (point, normal) below picture i before points are known: laser height, orbital slope."""
        picture = self.pictures[i]
        depth = picture.range_depth
        if not np.isfinite(depth):
            known = [p.range_depth for p in self.pictures if np.isfinite(p.range_depth)]
            depth = float(np.median(known)) if known else 10.0
        point = self.centre[i] + self.rotation[i][:, 2] * depth
        normal = np.array([0.0, 0.0, 1.0])
        if self.orbital is not None:
            x = point[0] + self.shift[0] + np.array([3.0, -3.0, 0.0, 0.0])
            y = point[1] + self.shift[1] + np.array([0.0, 0.0, 3.0, -3.0])
            z = self.orbital.elevation.sample("elevation", x, y)
            if np.all(np.isfinite(z)):
                normal = np.array([-(z[0] - z[1]) / 6.0, -(z[2] - z[3]) / 6.0, 1.0])
                normal /= np.linalg.norm(normal)
        return point, normal

    def follow_ahead(self) -> None:
        """Choose points in every picture and follow them into the next ones."""
        total = 0
        all_points = []
        for i, followed in enumerate(self.each(self._followed_from)):
            number = total + np.arange(len(followed.uv))
            self.first_point.append(total)
            self.pixels.append(followed.uv)
            total += len(followed.uv)
            self.seen.add(i, number, followed.uv, followed.depth)
            for j, good, found in followed.sightings:
                self.seen.add(j, number[good], found)
            all_points.append(followed.ground)
        self.points = np.concatenate(all_points)

    def each(self, work: Callable[[int], Found]) -> list[Found]:
        """Do something for every picture of the flight, several at a time; results in the flight's order."""
        with ThreadPoolExecutor(self.params.adjust_threads) as pool:
            return list(pool.map(work, range(self.count)))

    def _followed_from(self, i: int) -> _Followed:
        """Choose points in picture i and follow them into the next ones."""
        p, picture = self.params, self.pictures[i]
        uv = tracks.corners(picture.image, p.corner_cell, p.corner_threshold)
        depth = np.full(len(uv), np.nan)
        if picture.range_pixel is not None:
            uv = np.concatenate([uv, picture.range_pixel[None]])
            depth = np.append(depth, picture.range_depth)
        pose, (point, normal) = self.pose(i), self.ground_plane(i)
        rays = self.camera.rays(uv) @ pose.rotation().T
        reach = (point - pose.position) @ normal / np.minimum(rays @ normal, -0.05)
        ground = pose.position + rays * reach[:, None]
        sightings = []
        for j in range(i + 1, min(i + 1 + p.follow_ahead, self.count)):
            good, found = self.follow(i, j, uv, ground, point, normal)
            if good.sum() < 6:
                continue  # a swing between two pictures may leave them apart, yet not the next one
            sightings.append((j, good, found[good]))
            ground[good] = ground_points.on_rays(
                pose, rays[good], self.pose(j), self.camera.rays(found[good]), ground[good]
            )
        return _Followed(uv, depth, ground, sightings)

    def follow(
        self, i: int, j: int, uv: Array, ground: Array, point: Array, normal: Array
    ) -> tuple[npt.NDArray[np.bool_], Array]:
        """Follow pixels of picture i, thought to show `ground` [m], into picture j."""
        first, second = self.pose(i), self.pose(j)
        guess, _ = self.camera.project((ground - second.position) @ second.rotation())
        homography = tracks.plane_homography(self.camera, first, second, point, normal)
        if homography is None:
            return np.zeros(len(uv), np.bool_), guess
        found, good = tracks.follow(
            self.even[i], self.even[j], uv, guess, homography,
            window=self.params.follow_window, round_trip=self.params.round_trip,
        )  # fmt: skip
        return good, found

    def follow_side(self) -> bool:
        """Follow the points into pictures of other legs and earlier flights; True when any was found."""

        def followed(i: int) -> list[tuple[int, Index, Array]]:
            first = self.first_point[i]
            at = first + np.arange(len(self.pixels[i]))
            at = at[np.isfinite(self.points[at, 0])]
            if len(at) < 12:
                return []
            ground = self.points[at]
            point, normal = ground_points.plane(ground)
            sightings = []
            for j in self.overlapping(i, ground):
                good, found = self.follow(i, j, self.pixels[i][at - first], ground, point, normal)
                if good.sum() >= 6:
                    sightings.append((j, at[good], found[good]))
            return sightings

        found = [sighting for sightings in self.each(followed) for sighting in sightings]
        for sighting in found:
            self.seen.add(*sighting)
        return bool(found)

    def overlapping(self, i: int, ground: Array) -> list[int]:
        """Pictures of other legs, and as many of earlier flights, that see most of picture i's (n, 3) points.

        Nearness alone would not do: a swing of 15 degrees moves the view by a quarter of its width. Legs
        side by side see more of each other than of an earlier flight: it would never be chosen among them.
        """
        p = self.params
        distance = np.linalg.norm(self.centre[:, :2] - self.centre[i, :2], axis=1)
        distance[max(0, i - p.follow_ahead) : i + p.follow_ahead + 1] = np.inf
        size = np.array([self.camera.width, self.camera.height])
        height = float(self.centre[i, 2] - np.median(ground[:, 2]))
        share = {}
        for j in np.flatnonzero(distance < 1.5 * height):
            pixels, before = self.camera.project((ground - self.centre[j]) @ self.rotation[j])
            inside = before & np.all((pixels > 6.0) & (pixels < size - 7.0), axis=1)
            if inside.sum() >= 12:
                share[int(j)] = int(inside.sum())
        best = sorted(share, key=lambda j: -share[j])
        legs, flights = ([j for j in best if self.fixed[j] == fixed] for fixed in (False, True))
        return legs[: p.side_pictures] + flights[: p.side_pictures]

    def match_orbital(self, reach: float) -> bool:
        """Find each picture on the orbital image over the ground points; True when any was found."""
        assert self.orbital is not None
        p = self.params
        known = self.points[np.isfinite(self.points[:, 0])]
        if len(known) < 50:
            return False
        surface = ground_points.surface(known)
        half = 0.5 * np.hypot(self.camera.width / self.camera.fx, self.camera.height / self.camera.fy)
        orbital = self.orbital

        def matched(i: int) -> tuple[Array, float] | None:
            """Where picture i was taken, by the orbital image, and how sure that is."""
            pose = self.pose(i)
            at = surface.sample("elevation", pose.position[0], pose.position[1])
            if not np.isfinite(at) or pose.position[2] - at < 1.0:
                return None
            height = float(pose.position[2] - at)
            x, y = pose.position[:2]
            r = half * height
            corner, xx, yy = ground_cells(orbital, Bounds(x - r, y - r, x + r, y + r))
            z = surface.sample("elevation", xx, yy)
            gsd = self.camera.ground_sampling_distance(height)
            small, factor = shrink(self.images[i], gsd, orbital.image.resolution)
            points = np.stack([xx.ravel(), yy.ravel(), np.where(np.isfinite(z), z, at).ravel()], axis=1)
            patch = sample_ground(small, factor, self.camera, pose, points).reshape(xx.shape)
            patch[~np.isfinite(z)] = np.nan
            match = match_patch(orbital, patch, corner, self.shift, np.asarray(reach))
            if match is None or match.score < p.orbital_min_score or match.lead < p.orbital_min_lead:
                return None
            return pose.position[:2] + match.offset, float(np.hypot(p.orbital_sigma, match.sigma))

        found = [(i, *match) for i, match in enumerate(self.each(matched)) if match is not None]
        cameras, positions, sigmas = ([entry[k] for entry in found] for k in range(3))
        self.priors.orbital = np.array(cameras, dtype=np.int64)
        self.priors.orbital_xy = np.array(positions).reshape(-1, 2)
        self.priors.orbital_sigma = np.array(sigmas)
        return bool(cameras)

    def level(self, covariance: Array) -> Array:
        """Blend the height of the start with that of the orbital elevation below all points.

        The orbital error is as good as independent from one square of _LEVEL_CELL to the next: over a whole
        flight it averages to less than the error of an unsurveyed start.
        """
        assert self.orbital is not None
        known = self.points[np.isfinite(self.points[:, 0])]
        x, y = known[:, 0] + self.shift[0], known[:, 1] + self.shift[1]
        difference = self.orbital.elevation.sample("elevation", x, y) - known[:, 2]
        good = np.isfinite(difference)
        if not good.any():
            return covariance
        cells = np.unique(np.floor(known[good, :2] / _LEVEL_CELL), axis=0)
        variance = self.orbital.elevation_sigma**2 / len(cells) + 0.05**2
        start = float(self.priors.anchor_sigma[0, 2] ** 2)
        lift = float(np.median(difference[good])) * start / (start + variance)
        self.centre[: self.count, 2] += lift
        self.points[:, 2] += lift
        result = covariance.copy()
        result[:, 2, 2] = np.maximum(result[:, 2, 2] - start, 0.0) + start * variance / (start + variance)
        return result

    def solve(self, iterations: int) -> Solution:
        """Adjust, throw out what does not fit, adjust again; keeps poses, points and shift."""
        solution = self._solve_once(iterations)
        solution = self._solve_once(max(4, iterations // 2), reject=True)
        return solution

    def _solve_once(self, iterations: int, reject: bool = False) -> Solution:
        p, f = self.params, self.camera.fx
        s = self.seen
        camera, point = np.concatenate(s.camera), np.concatenate(s.point)
        uv, depth = np.concatenate(s.uv), np.concatenate(s.depth)
        xy = (uv - self.camera.matrix[:2, 2]) / np.array([self.camera.fx, self.camera.fy])
        if reject:
            keep = self._fitting(camera, point, xy)
            s.camera, s.point, s.uv, s.depth = [camera[keep]], [point[keep]], [uv[keep]], [depth[keep]]
            camera, point, xy, depth = camera[keep], point[keep], xy[keep], depth[keep]
        sightings = np.bincount(point, minlength=len(self.points))
        usable = (sightings >= 2) & np.isfinite(self.points[:, 0])
        number = np.full(len(self.points), -1, np.int64)
        number[usable] = np.arange(int(usable.sum()))
        keep = usable[point]
        laser_sigma = np.sqrt(p.range_sigma**2 + (p.range_sigma_share * np.nan_to_num(depth[keep])) ** 2)
        seen = Observations(
            camera[keep], number[point[keep]], xy[keep],
            np.full(int(keep.sum()), p.pixel_sigma / f), depth[keep], laser_sigma,
        ).sorted()  # fmt: skip
        solution = solve(
            self.rotation, self.centre, self.fixed, self.points[usable], seen, self.priors,
            shift=self.shift, iterations=iterations,
        )  # fmt: skip
        self.rotation, self.centre, self.shift = solution.rotation, solution.centre, solution.shift
        self.points[:] = np.nan
        self.points[usable] = solution.points
        error = solution.residual * f
        self.residual_rms = float(np.sqrt(np.mean(error**2))) if len(error) else float("nan")
        self.observations = len(error)
        return solution

    def _fitting(self, camera: Index, point: Index, xy: Array) -> npt.NDArray[np.bool_]:
        """Tell which sightings of points (normalised image coordinates) fit as most of them do."""
        p = self.params
        y = np.einsum("kji,kj->ki", self.rotation[camera], self.points[point] - self.centre[camera])
        with np.errstate(invalid="ignore", divide="ignore"):
            error = np.linalg.norm(y[:, :2] / y[:, 2:] - xy, axis=1) * self.camera.fx
        near = np.isfinite(error) & (y[:, 2] > 0.5)
        usual = float(np.median(error[near])) if near.any() else 0.0
        limit = min(p.outlier_pixels, max(p.pixel_sigma, p.outlier_medians * usual))
        result: npt.NDArray[np.bool_] = near & (error < limit)
        return result


def _near_track(earlier: list[PosedPicture], poses: list[Pose], camera: Camera) -> list[PosedPicture]:
    """Earlier pictures within a picture's width of the flight's track."""
    track = np.stack([p.position for p in poses])
    near = []
    for picture in earlier:
        away = np.linalg.norm(track[:, :2] - picture.optical.position[:2], axis=1).min()
        if away < 15.0 * camera.width / camera.fx:
            near.append(picture)
    return near


def _yaw_of(rotation: Array) -> float:
    return float(np.arctan2(rotation[1, 0] - rotation[0, 1], rotation[0, 0] + rotation[1, 1]))
