# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What the pictures of a plan will show of a target whose place is uncertain.

The ground is taken as the map has it; what hides behind something else is not known before the flight and
not thought of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wayscout.camera import Camera
from wayscout.flight.ground import Ground, fill, follow_ground
from wayscout.flight.plan import FlightPlan, HelicopterLimits
from wayscout.flight.trajectory import build
from wayscout.geometry import Pose
from wayscout.sites.records import Prior

Array = npt.NDArray[np.float64]

SECTORS = 8  # sides of the horizon that are told apart
SIGMAS = 3.0  # [1] standard deviations around the target that are looked at
FINENESS = 11  # sample points along the radius of what is looked at
SMALLEST = 0.5  # [m] radius below which a target counts as one of this radius
PROBE = 0.05  # [m] on the ground by which the size of a pixel is measured


@dataclass(frozen=True)
class Eye:
    """A camera on the helicopter: its model and its optical frame in base_link."""

    camera: Camera
    mount: Pose


@dataclass(frozen=True)
class ExpectedViews:
    """What pictures will show, expected over where the target may lie.

    Attributes:
        share: of the target that at least one colour picture shows as finely as wished.
        sides_share: of the target that colour pictures show so from at least `wanted_sides` sides.
        sides: eighths of the horizon from which the median point of the target is seen so.
        ground_sampling: median over the target of its finest colour pixel on the ground [m], NaN unseen.
        stereo_share: of the target that at least two navigation pictures show.
        wanted_sides: see `sides_share`.
        colour_pictures, pictures: of each camera.
    """

    share: float
    sides_share: float
    sides: int
    ground_sampling: float
    stereo_share: float
    wanted_sides: int
    colour_pictures: int
    pictures: int


def places(target: Prior, size: float) -> tuple[Array, Array]:
    """Return (n, 2) points x, y [m] around a target and the (n,) probability that each lies on it.

    Args:
        size: across [m]; the target is taken as a disc, its place as normal with `sigma` in x and in y.
    """
    radius = max(0.5 * size, SMALLEST)
    reach = radius + SIGMAS * target.sigma
    axis = np.linspace(-reach, reach, 2 * FINENESS + 1)
    dx, dy = (offset.ravel() for offset in np.meshgrid(axis, axis))
    # Rings of equal probability stand for the normal distribution of the place (Rayleigh quantiles).
    rings = target.sigma * np.sqrt(-2.0 * np.log(1.0 - (np.arange(6) + 0.5) / 6.0))
    turn = np.arange(12) * (np.pi / 6.0)
    ox, oy = np.outer(rings, np.cos(turn)).ravel(), np.outer(rings, np.sin(turn)).ravel()
    on = np.hypot(dx[:, None] - ox[None, :], dy[:, None] - oy[None, :]) <= radius
    chance = on.mean(axis=1)
    kept = chance > 0.0
    return np.stack([target.x + dx[kept], target.y + dy[kept]], axis=1), chance[kept]


def project(eye: Eye, stations: Array, points: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Project points into pictures taken from level flight.

    Args:
        stations: (k, 4) x, y, z of base_link in map [m] and heading [rad].
        points: (n, 3) in map [m].

    Returns:
        (k, n, 2) pixels and (k, n) whether the point is in the picture.
    """
    c, s = np.cos(stations[:, 3])[:, None], np.sin(stations[:, 3])[:, None]
    way = points[None, :, :] - stations[:, None, :3]
    ahead, left = c * way[..., 0] + s * way[..., 1], -s * way[..., 0] + c * way[..., 1]
    body = np.stack([ahead, left, way[..., 2]], axis=-1)
    optical = (body - eye.mount.position) @ eye.mount.rotation()
    pixels, inside = eye.camera.project(optical.reshape(-1, 3))
    shape = (len(stations), len(points))
    return pixels.reshape(*shape, 2), inside.reshape(shape)


def pixel_sizes(eye: Eye, stations: Array, points: Array) -> Array:
    """Return the (k, n) size [m] of a pixel on level ground at points, infinite where a picture misses them.

    It is the side of a square of the pixel's area on the ground. Arguments as for `project`.
    """
    count = len(points)
    east_of, north_of = np.array([PROBE, 0.0, 0.0]), np.array([0.0, PROBE, 0.0])
    probes = np.concatenate([points, points + east_of, points + north_of])
    pixels, inside = project(eye, stations, probes)
    at = pixels[:, :count]
    a, b = pixels[:, count : 2 * count] - at, pixels[:, 2 * count :] - at
    area = np.abs(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])
    seen = inside[:, :count] & (area > 1e-12)
    return np.where(seen, PROBE / np.sqrt(np.where(seen, area, 1.0)), np.inf)


class Outlook:
    """What is to be seen of a target, wherever it may lie; asked for plan after plan.

    Args:
        target: where it is thought to lie; size: across [m].
        ground: level where it is not given.
    """

    def __init__(
        self, target: Prior, size: float, limits: HelicopterLimits, ground: Ground | None = None
    ) -> None:
        self._limits, self._ground = limits, ground or Ground([])
        self._points, weight = places(target, size)
        self._weight = weight / weight.sum()
        z = fill(self._ground.height(self._points[:, 0], self._points[:, 1]))
        self._surface = np.column_stack([self._points, z])

    def stations(self, plan: FlightPlan) -> tuple[Array, Array]:
        """Return where a plan takes navigation and colour pictures: (k, 4) x, y, z [m] and heading [rad]."""
        path, altitude, _ = follow_ground(build(plan, self._limits), self._ground, self._limits)

        def at(s: Array) -> Array:
            columns = (path.xy[:, 0], path.xy[:, 1], altitude, path.yaw)
            return np.stack([np.interp(s, path.s, column) for column in columns], axis=1)

        return at(path.pictures), at(path.colours)

    def colour(
        self, eye: Eye, stations: Array, ground_sampling: float, sides: int
    ) -> tuple[float, float, int, float]:
        """Return share, sides_share, sides and ground_sampling of `ExpectedViews`."""
        if len(stations) == 0:
            return 0.0, 0.0, 0, float("nan")
        sampling = pixel_sizes(eye, stations, self._surface)
        way = stations[:, None, :2] - self._points[None, :, :]
        bearing = np.arctan2(way[..., 1], way[..., 0])
        sector = np.floor((bearing + np.pi) / (2.0 * np.pi) * SECTORS).astype(int) % SECTORS
        fine = sampling <= ground_sampling
        seen_from = sum((fine & (sector == k)).any(axis=0).astype(int) for k in range(SECTORS))
        seen_from = np.asarray(seen_from)
        finest = _median(sampling.min(axis=0), self._weight)
        return (
            float(self._weight @ (seen_from > 0)),
            float(self._weight @ (seen_from >= sides)),
            int(_median(seen_from.astype(np.float64), self._weight)),
            finest if np.isfinite(finest) else float("nan"),
        )

    def stereo(self, eye: Eye, stations: Array) -> float:
        """Return the `stereo_share` of `ExpectedViews`."""
        if len(stations) == 0:
            return 0.0
        return float(self._weight @ (project(eye, stations, self._surface)[1].sum(axis=0) >= 2))


def expected_views(
    plan: FlightPlan,
    colour: Eye,
    target: Prior,
    limits: HelicopterLimits,
    *,
    size: float,
    ground_sampling: float,
    sides: int = 3,
    navigation: Eye | None = None,
    ground: Ground | None = None,
) -> ExpectedViews:
    """Return what the pictures of a plan will show of a target.

    Args:
        colour, navigation: the cameras; without a navigation camera `stereo_share` is 0.
        size: of the target across [m].
        ground_sampling: largest size of a colour pixel on the ground that counts as seen [m].
        sides: eighths of the horizon that `sides_share` asks for.
        ground: level where it is not given.
    """
    outlook = Outlook(target, size, limits, ground)
    pictures, colours = outlook.stations(plan)
    stereo = outlook.stereo(navigation, pictures) if navigation is not None else 0.0
    seen = outlook.colour(colour, colours, ground_sampling, sides)
    return ExpectedViews(*seen, stereo, sides, len(colours), len(pictures))


def _median(values: Array, weight: Array) -> float:
    """Return the value below which half of the weight lies."""
    order = np.argsort(values, kind="stable")
    return float(values[order][int(np.searchsorted(np.cumsum(weight[order]), 0.5))])
