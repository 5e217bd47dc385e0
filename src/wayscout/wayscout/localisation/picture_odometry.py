# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""How far the helicopter moved between two pictures: points followed, scaled by the laser.

Two pictures and their points are adjusted (wayscout.localisation.bundle) with the first held where odometry
has it. Odometry drifts by a hundredth of the way; this by about two thousandths. When the helicopter swings
or the laser's spot has no texture, that spot is not found again: the direction is then known alone, and so
how the way rises, which matters most; its length is left to odometry.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wayscout.camera import Camera
from wayscout.geometry import Pose
from wayscout.localisation import tracks
from wayscout.localisation.bundle import Observations, Priors, solve
from wayscout.localisation.flight_adjustment import AdjustmentParams
from wayscout.localisation.pinhole import Redrawing

Array = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

_CELL = 64  # px; coarser than the adjustment's, for speed
_FEWEST = 8
_VERTICAL = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Way:
    """How base_link moved between two pictures.

    Attributes:
        step: (3,) [m] in the odometry frame.
        covariance: (3, 3) [m^2]; half a metre along the step where the laser's spot was not found again.
    """

    step: Array
    covariance: Array


@dataclass
class _View:
    image: Picture
    optical: Pose
    depth: float


class PictureOdometry:
    """Compares each picture with the one before.

    Args:
        camera: the downward camera; mount: its optical frame in base_link; laser: laser frame in base_link.
        following: how points are followed, as for the adjustment of a flight.
        pixel_sigma: of a followed point [px]. attitude_sigma: of a picture's roll and pitch [rad].
    """

    def __init__(
        self,
        camera: Camera,
        mount: Pose,
        laser: Pose,
        following: AdjustmentParams,
        *,
        pixel_sigma: float,
        attitude_sigma: float,
    ) -> None:
        self._redraw = Redrawing(camera)
        self._camera = self._redraw.camera
        self._mount, self._laser = mount, laser
        self._following = following
        self._pixel_sigma, self._attitude_sigma = pixel_sigma, attitude_sigma
        self._last: _View | None = None

    def forget(self) -> None:
        """Start afresh with the next picture."""
        self._last = None

    def step(self, image: Picture, odom: Pose, distance: float) -> Way | None:
        """Return how base_link moved since the last picture.

        Args:
            image: (height, width) uint8. odom: base_link in the odometry frame. distance: laser range [m].

        Returns:
            None at the first picture, without a range, or when too few points were found again.
        """
        grey = self._redraw(image)
        hit = self._mount.inverse().apply(self._laser.apply(np.array([distance, 0.0, 0.0])))
        view = _View(grey, odom @ self._mount, float(hit[2]) if np.isfinite(distance) else float("nan"))
        last, self._last = self._last, view
        if last is None or not (last.depth > 1.0 and view.depth > 1.0):
            return None
        return self._compare(last, view, self._pixel_of_laser(last.depth))

    def _pixel_of_laser(self, depth: float) -> Array:
        start = self._mount.inverse().apply(self._laser.position)
        along = self._mount.rotation().T @ self._laser.rotation()[:, 0]
        hit = start + along * (depth - start[2]) / along[2]
        return self._camera.project(hit[None])[0]

    def _compare(self, last: _View, view: _View, laser_pixel: Array) -> Way | None:
        point = last.optical.position + last.optical.rotation()[:, 2] * last.depth
        homography = tracks.plane_homography(self._camera, last.optical, view.optical, point, _VERTICAL)
        if homography is None:
            return None
        p = self._following
        uv = np.concatenate([tracks.corners(last.image, _CELL, p.corner_threshold), laser_pixel])
        guess = tracks.map_pixels(homography, uv)
        found, good = tracks.follow(
            last.image, view.image, uv, guess, homography, window=p.follow_window, round_trip=p.round_trip
        )
        if good.sum() < _FEWEST:
            return None
        range_ = np.full(len(uv), np.nan)
        range_[-1] = last.depth
        uv, found, range_ = uv[good], found[good], range_[good]
        # Start values: the points on level ground.
        rays = self._camera.rays(uv) @ last.optical.rotation().T
        points = last.optical.position + rays / rays[:, 2:] * (point - last.optical.position)[2]
        solution = None
        for _ in range(2):
            n = len(uv)
            depth = np.full(2 * n, np.nan)
            depth[::2] = range_
            both = np.stack([uv, found], axis=1).reshape(-1, 2)
            seen = Observations(
                np.tile(np.array([0, 1]), n),
                np.repeat(np.arange(n), 2),
                (both - self._camera.matrix[:2, 2]) / np.array([self._camera.fx, self._camera.fy]),
                np.full(2 * n, self._pixel_sigma / self._camera.fx),
                depth,
                np.full(2 * n, p.range_sigma),
            )
            solution = solve(
                np.stack([last.optical.rotation(), view.optical.rotation()]),
                np.stack([last.optical.position, view.optical.position]),
                np.array([True, False]),
                points,
                seen,
                self._priors(last, view),
                iterations=8,
                tolerance=1e-3,
            )
            error = solution.residual.reshape(-1, 2).max(axis=1) * self._camera.fx
            keep = error < 1.0
            if keep.all():
                break
            if keep.sum() < _FEWEST:
                return None
            uv, found, range_, points = uv[keep], found[keep], range_[keep], points[keep]
        assert solution is not None
        # The camera's way, less what the turn of its lever arm made of it.
        arm = self._mount.inverse().position
        step = solution.centre[1] + solution.rotation[1] @ arm
        step -= last.optical.position + last.optical.rotation() @ arm
        return Way(step, solution.covariance[1])

    def _priors(self, last: _View, view: _View) -> Priors:
        empty, none = np.zeros((0, 3)), np.zeros(0)
        return Priors(
            up=np.stack([last.optical.rotation()[2], view.optical.rotation()[2]]),
            up_sigma=1.4 * self._attitude_sigma,
            steps=np.zeros((0, 2), np.int64),
            step=empty,
            step_rotation=np.zeros((0, 3, 3)),
            step_sigma=empty,
            yaw_step=none,
            yaw_sigma=none,
            anchors=np.array([1]),
            anchor=view.optical.position[None],
            anchor_sigma=np.full((1, 3), 0.5),
            headings=np.array([1]),
            heading=view.optical.rotation()[None],
            heading_sigma=np.array([0.02]),
        )
