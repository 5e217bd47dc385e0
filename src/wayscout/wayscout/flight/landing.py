# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Where to land: flat, smooth and free of rocks, near a wanted point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.errors import InvalidInput
from wayscout.flight.plan import HelicopterLimits
from wayscout.grid import Bounds, Grid

Array = npt.NDArray[np.float64]

ORBITAL_UNCERTAINTY = 0.7  # share of the slope limit that the coarse map may use up: it smooths the ground
KNOWN_SHARE = 0.95  # of the footprint must be measured


@dataclass(frozen=True)
class LandingSite:
    """A place to land.

    Attributes:
        x, y: in map [m].
        slope: of the plane fitted to the footprint [rad].
        step: greatest departure from that plane within the footprint [m].
        clearance: distance to the nearest cell that is too rough, too steep or unknown [m].
        distance: to the wanted point [m].
        score: 0 perfect; sites are ranked by it.
        basis: 'map' where the footprint was measured from the air, 'orbital' where only the orbiter saw it.
    """

    x: float
    y: float
    slope: float
    step: float
    clearance: float
    distance: float
    score: float
    basis: str


def measures(grid: Grid, radius: float) -> tuple[Array, Array, Array]:
    """Fit a plane to the disc around each cell.

    Args:
        grid: layers 'elevation' [m] and, when present, 'rock' [m] and 'measured'.
        radius: of the disc [m], at least one cell is taken.

    Returns:
        (rows, cols) slope [rad], step [m] (greatest departure from the plane, or rock height, in the disc)
        and known share; slope and step are NaN where less than KNOWN_SHARE of the disc is known.
    """
    z = grid["elevation"].astype(np.float64)
    known = np.isfinite(z)
    if "measured" in grid:
        known &= np.nan_to_num(grid["measured"]) > 0.5
    cells = max(1, int(np.ceil(radius / grid.resolution)))
    span = np.arange(-cells, cells + 1) * grid.resolution
    dx, dy = np.meshgrid(span, span)
    disc = (np.hypot(dx, dy) <= max(radius, grid.resolution) + 1e-9).astype(np.float64)

    base = float(np.mean(z[known])) if known.any() else 0.0
    filled = np.where(known, z - base, 0.0)
    weight = known.astype(np.float64)

    def total(image: Array, kernel: Array) -> Array:
        result: Array = cv2.filter2D(image, cv2.CV_64F, kernel, borderType=cv2.BORDER_CONSTANT)
        return result

    # Moments of the known cells in the disc; where all are known the odd ones vanish.
    n = total(weight, disc)
    mean = total(filled, disc) / np.maximum(n, 1.0)
    share = n / disc.sum()
    gx = total(filled, disc * dx) - mean * total(weight, disc * dx)
    gy = total(filled, disc * dy) - mean * total(weight, disc * dy)
    spread = np.maximum(total(weight, disc * dx * dx), 1e-9)
    slope = np.arctan(np.hypot(gx, gy) / spread)

    # Each cell against the plane around itself; on a plane this is 0 whatever its slope.
    residual = np.where(known, np.abs(filled - mean), 0.0)
    if "rock" in grid:
        residual = np.maximum(residual, np.nan_to_num(grid["rock"]).astype(np.float64))
    step = cv2.dilate(residual, disc.astype(np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0.0)
    enough = share >= KNOWN_SHARE
    return np.where(enough, slope, np.nan), np.where(enough, step, np.nan), share


def find_sites(
    grid: Grid,
    wanted: Sequence[float],
    limits: HelicopterLimits,
    *,
    search: float = 8.0,
    count: int = 5,
    basis: str = "map",
    obstacles: npt.ArrayLike | None = None,
) -> list[LandingSite]:
    """Rank landing sites around a wanted point, best first; an empty list when there is none.

    Args:
        grid: see `measures`.
        wanted: x, y [m].
        search: radius of the search [m].
        basis: 'orbital' for a coarse map: then only the slope is judged, with a tighter limit.
        obstacles: (n, 3) x, y, radius [m] of things known otherwise, or None.
    """
    x, y = float(wanted[0]), float(wanted[1])
    if not (np.isfinite(x) and np.isfinite(y)):
        raise InvalidInput("landing.wanted", (x, y), "finite x, y [m] are needed")
    radius = limits.landing_radius
    reach = search + 4.0 * max(radius, grid.resolution)
    try:
        part = grid.crop(Bounds(x - reach, y - reach, x + reach, y + reach))
    except InvalidInput:
        return []  # no map there, no site
    slope, step, _ = measures(part, radius)
    coarse = basis == "orbital"
    slope_limit = limits.landing_slope * (ORBITAL_UNCERTAINTY if coarse else 1.0)
    step_limit = np.inf if coarse else limits.landing_rock
    bad = ~((slope <= slope_limit) & (step <= step_limit))
    xs, ys = part.centres()
    px, py = np.meshgrid(xs, ys)
    for ox, oy, size in np.asarray(
        obstacles if obstacles is not None else np.zeros((0, 3)), dtype=np.float64
    ):
        bad |= np.hypot(px - ox, py - oy) <= size + radius
    padded = cv2.copyMakeBorder((~bad).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    clearance = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1].astype(np.float64) * part.resolution
    distance = np.hypot(px - x, py - y)
    room = np.minimum(clearance / (2.0 * radius + part.resolution), 1.0)
    roughness = 0.0 if coarse else np.nan_to_num(step) / limits.landing_rock
    score = np.nan_to_num(slope) / slope_limit + roughness + 2.0 * (1.0 - room) + distance / max(search, 1e-6)
    score = np.where(bad | (distance > search), np.inf, score)

    sites: list[LandingSite] = []
    for index in np.argsort(score, axis=None, kind="stable"):
        if len(sites) >= count or not np.isfinite(score.flat[index]):
            break
        sx, sy = float(px.flat[index]), float(py.flat[index])
        if any(np.hypot(s.x - sx, s.y - sy) < 2.0 * radius for s in sites):
            continue
        sites.append(
            LandingSite(
                sx,
                sy,
                float(slope.flat[index]),
                float(step.flat[index]),
                float(clearance.flat[index]),
                float(distance.flat[index]),
                float(score.flat[index]),
                basis,
            )
        )
    return sites


def choose_site(
    wanted: Sequence[tuple[float, float]],
    limits: HelicopterLimits,
    measured: Grid | None = None,
    orbital: Grid | None = None,
    *,
    proven: Sequence[tuple[float, float]] = (),
    search: float = 8.0,
) -> tuple[LandingSite | None, str]:
    """Choose where to land among wanted points, preferred first, on what is known.

    A site that the map has measured as flat and free of rocks comes first; then a wanted point where the
    helicopter has stood before; then the flattest ground that the orbiter saw.

    Args:
        measured, orbital: maps, either may be missing.
        proven: x, y [m] of places it has stood on.

    Returns:
        The site (None when nothing is known to be safe) and why it was chosen, in words.
    """
    for point in wanted:
        if measured is not None:
            sites = find_sites(measured, point, limits, search=search, count=1)
            if sites:
                s = sites[0]
                slope = np.degrees(s.slope)
                return s, f"measured: slope {slope:.1f} deg, step {s.step:.2f} m, {s.clearance:.1f} m clear"
        for px, py in proven:
            if np.hypot(px - point[0], py - point[1]) <= limits.landing_radius:
                return LandingSite(px, py, 0.0, 0.0, 0.0, 0.0, 0.0, "proven"), "it has stood here before"
    if orbital is not None:
        for point in wanted:
            sites = find_sites(orbital, point, limits, search=search, count=1, basis="orbital")
            if sites:
                s = sites[0]
                return s, f"orbital map only: slope {np.degrees(s.slope):.1f} deg"
    return None, "no safe site is known near any wanted point"
