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


def pixel_sizes(eye: Eye, body: Pose, points: Array) -> Array:
    """Return the (n,) size [m] of a pixel on level ground at (n, 3) points, infinite where unseen.

    It is the side of a square of the pixel's area on the ground.
    """
    optical = (body @ eye.mount).inverse()
    count = len(points)
    east_of, north_of = np.array([PROBE, 0.0, 0.0]), np.array([0.0, PROBE, 0.0])
    probes = np.concatenate([points, points + east_of, points + north_of])
    pixels, inside = eye.camera.project(optical.apply(probes))
    at, east, north = pixels[:count], pixels[count : 2 * count], pixels[2 * count :]
    a, b = east - at, north - at
    area = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
    seen = inside[:count] & (area > 1e-12)
    return np.where(seen, PROBE / np.sqrt(np.where(seen, area, 1.0)), np.inf)


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
    points, weight = places(target, size)
    weight = weight / weight.sum()
    known = ground or Ground([])
    path, altitude, _ = follow_ground(build(plan, limits), known, limits)
    surface = np.column_stack([points, fill(known.height(points[:, 0], points[:, 1]))])

    def bodies(stations: Array) -> list[Pose]:
        poses = []
        for s in stations:
            (x, y), yaw, _, _ = path.at(float(s))
            poses.append(Pose.from_euler(x, y, float(np.interp(s, path.s, altitude)), yaw=yaw))
        return poses

    finest = np.full(len(points), np.inf)
    from_sector = np.zeros((len(points), SECTORS), dtype=bool)
    for body in bodies(path.colours):
        sampling = pixel_sizes(colour, body, surface)
        finest = np.minimum(finest, sampling)
        bearing = np.arctan2(body.position[1] - points[:, 1], body.position[0] - points[:, 0])
        sector = np.floor((bearing + np.pi) / (2.0 * np.pi) * SECTORS).astype(int) % SECTORS
        fine = sampling <= ground_sampling
        from_sector[np.flatnonzero(fine), sector[fine]] = True
    seen_from = from_sector.sum(axis=1)
    looks = np.zeros(len(points), dtype=int)
    if navigation is not None:
        for body in bodies(path.pictures):
            optical = (body @ navigation.mount).inverse()
            looks += navigation.camera.project(optical.apply(surface))[1]
    sampled = _median(finest, weight)
    return ExpectedViews(
        float(weight @ (seen_from > 0)),
        float(weight @ (seen_from >= sides)),
        int(_median(seen_from.astype(np.float64), weight)),
        sampled if np.isfinite(sampled) else float("nan"),
        float(weight @ (looks >= 2)),
        sides,
        len(path.colours),
        len(path.pictures),
    )


def _median(values: Array, weight: Array) -> float:
    """Return the value below which half of the weight lies."""
    order = np.argsort(values, kind="stable")
    return float(values[order][int(np.searchsorted(np.cumsum(weight[order]), 0.5))])
