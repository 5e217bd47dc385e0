# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Where to land: how probable it is that a landing on a piece of ground is safe, and the best places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from wayscout.errors import InvalidInput
from wayscout.flight.plan import HelicopterLimits
from wayscout.flight.stand import HEADINGS, tilts
from wayscout.grid import Bounds, Grid

Array = npt.NDArray[np.float64]

ORBITAL_UNCERTAINTY = 0.7  # share of the slope limit that the coarse map may use up: it smooths the ground
ORBITAL_CHANCE = 0.5  # that ground which looks gentle from orbit holds no rock below the legs
PROVEN_CHANCE = 0.97  # that it stands well where it has stood: the landing scatters
SEEN_SHARE = 0.3  # of the ground around a place that must be measured for a refusal to stand
KNOWN_SHARE = 0.95  # of the footprint must be measured
DEFAULT_SIGMA = 0.01  # [m] of heights on a map that does not tell
FOOT_ARM = 0.9  # of the circle that the legs stand in: where the feet touch
# How a map's heights below a foot err against the next foot's: fitted on looks from 6 and 12 m, delta 0-17.
FOOT_RELIEF = 0.0052  # [m] that cells of 0.1 m do not show
FOOT_SHARE = 0.45  # share of a height's sigma
LEAN_BIAS, LEAN_SPREAD = 2.0, 1.3  # what that adds to the tilt, in sigmas of the slope from foot to foot
PROVEN_REACH = 1.5  # of the footprint's radius: how far from where it stood a look may shift the landing
ROTOR_ROOM = 0.3  # [m] what may stand above the ground below the rotor's edge
RISK_WEIGHT, SLOPE_WEIGHT, WAY_WEIGHT = 6.0, 0.3, 0.3  # of risk, slope and distance when sites are ranked

HOPELESS = 0.2  # greatest probability of a safe landing near a place with which no flight begins

MAP, LOOK, PROVEN, ORBITAL = "map", "look", "proven", "orbital"


@dataclass(frozen=True)
class LandingSite:
    """A place to land.

    Attributes:
        x, y: in map [m].
        slope: of the plane fitted to the footprint [rad].
        step: greatest departure from that plane within the footprint [m].
        clearance: distance to the nearest cell that is not safe or not known [m].
        distance: to the wanted point [m].
        score: 0 perfect; sites are ranked by it.
        basis: 'look' where it was mapped on the way in, 'map' where an earlier flight measured it, 'proven'
            where it has stood before, 'orbital' where only the orbiter saw it.
        probability: that a landing aimed here is safe, with the map's errors and the landing's scatter.
        heading: of the body with which it stands best [rad], and so a quarter turn further; NaN for any.
    """

    x: float
    y: float
    slope: float
    step: float
    clearance: float
    distance: float
    score: float
    basis: str
    probability: float = 0.0
    heading: float = float("nan")

    @property
    def reason(self) -> str:
        """In words."""
        if self.basis == PROVEN:
            return "it has stood here before"
        slope = f"slope {np.degrees(self.slope):.1f} deg"
        if self.basis == ORBITAL:
            return f"orbital map only: {slope}"
        seen = "measured on the way in" if self.basis == LOOK else "measured"
        room = f"step {self.step:.2f} m, {self.clearance:.1f} m clear"
        return f"{seen}: {slope}, {room}, safe with {100.0 * self.probability:.0f} %"


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
    known = _known(grid)
    dx, dy, disc = _disc(grid.resolution, radius)
    base = float(np.mean(z[known])) if known.any() else 0.0
    filled = np.where(known, z - base, 0.0)
    weight = known.astype(np.float64)

    # Moments of the known cells in the disc; where all are known the odd ones vanish.
    n = _total(weight, disc)
    mean = _total(filled, disc) / np.maximum(n, 1.0)
    share = n / disc.sum()
    gx = _total(filled, disc * dx) - mean * _total(weight, disc * dx)
    gy = _total(filled, disc * dy) - mean * _total(weight, disc * dy)
    spread = np.maximum(_total(weight, disc * dx * dx), 1e-9)
    slope = np.arctan(np.hypot(gx, gy) / spread)

    # Each cell against the plane around itself; on a plane this is 0 whatever its slope.
    residual = np.where(known, np.abs(filled - mean), 0.0)
    if "rock" in grid:
        residual = np.maximum(residual, np.nan_to_num(grid["rock"]).astype(np.float64))
    step = cv2.dilate(residual, disc.astype(np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0.0)
    enough = share >= KNOWN_SHARE
    return np.where(enough, slope, np.nan), np.where(enough, step, np.nan), share


def safety(grid: Grid, limits: HelicopterLimits, dispersion: float) -> Array:
    """Probability that a landing aimed at each cell is safe, with the heading of `stances`."""
    return stances(grid, limits, dispersion)[0]


def stances(grid: Grid, limits: HelicopterLimits, dispersion: float) -> tuple[Array, Array]:
    """Probability that a landing aimed at each cell is safe, at the best heading, and that heading.

    A landing is safe when the four feet stand with less tilt than `landing_slope` whichever way the body
    leans, nothing higher than `landing_rock` lies below them, and they find hold. Steps as measured are off
    by the heights' sigmas, normally distributed. The tilt is in the mean greater than measured: it is the
    length of a vector, to which errors of either sign add. Where the legs come down scatters about the aim
    by `dispersion`: the probabilities are averaged over that, and ground that nobody measured is unsafe.

    Args:
        grid: layers of `measures`, and when present 'sigma' [m] and 'sand' (probability).
        dispersion: standard deviation of the landing point about the aim, per axis [m].

    Returns:
        (rows, cols) probability, 0 where too little is known; (rows, cols) heading [rad], one of `HEADINGS`.
    """
    radius = limits.landing_feet
    _, step, _ = measures(grid, radius)
    _, _, disc = _disc(grid.resolution, radius)
    known = _known(grid)
    sigma = np.where(known, np.nan_to_num(grid["sigma"], nan=DEFAULT_SIGMA), 0.0) if "sigma" in grid else None
    count = np.maximum(_total(known.astype(np.float64), disc), 1.0)
    height_sigma = np.full(grid.shape, DEFAULT_SIGMA)
    if sigma is not None:
        height_sigma = np.sqrt(_total(sigma.astype(np.float64) ** 2, disc) / count)
    height_sigma = np.maximum(height_sigma, 1e-3)
    off = np.hypot(FOOT_RELIEF, FOOT_SHARE * height_sigma) / (np.sqrt(2.0) * FOOT_ARM * radius)
    firm = np.nan_to_num(ndtr((limits.landing_rock - step) / height_sigma))
    if "sand" in grid:
        loose = _total(np.where(known, np.nan_to_num(grid["sand"]), 0.0).astype(np.float64), disc) / count
        firm *= 1.0 - limits.landing_sand_risk * np.clip(loose, 0.0, 1.0)
    _, room, _ = measures(grid, limits.rotor_diameter * 0.5)
    firm = np.where(np.nan_to_num(room) > ROTOR_ROOM, 0.0, firm)
    z = grid["elevation"].astype(np.float64)
    height = np.where(known, z - (float(np.mean(z[known])) if known.any() else 0.0), 0.0) / grid.resolution
    chances = []
    for heading in HEADINGS:
        lean = np.maximum(*tilts(height, FOOT_ARM * radius / grid.resolution, heading))
        level = ndtr((limits.landing_slope - np.hypot(lean, LEAN_BIAS * off)) / (LEAN_SPREAD * off))
        chances.append(_scattered(firm * level, dispersion / grid.resolution))
    chance, best = np.max(chances, axis=0), np.argmax(chances, axis=0)
    return chance, np.asarray(HEADINGS)[best]


def _scattered(safe: Array, width: float) -> Array:
    """Average over where it comes down, `width` [cells] about the aim."""
    if width <= 0.0:
        return safe
    result: Array = cv2.GaussianBlur(safe, (0, 0), width, borderType=cv2.BORDER_CONSTANT)
    return result


def find_sites(
    grid: Grid,
    wanted: Sequence[float],
    limits: HelicopterLimits,
    *,
    search: float | None = None,
    count: int = 5,
    basis: str = MAP,
    obstacles: npt.ArrayLike | None = None,
    dispersion: float | None = None,
) -> list[LandingSite]:
    """Rank landing sites around a wanted point, best first; an empty list when there is none.

    Args:
        grid: see `safety`.
        wanted: x, y [m].
        search: radius of the search [m]; by default `landing_search`.
        basis: 'orbital' for a coarse map: then only the slope is judged, with a tighter limit.
        obstacles: (n, 3) x, y, radius [m] of things known otherwise, or None.
        dispersion: see `safety`; by default `landing_map_sigma` for an earlier map, else
            `landing_dispersion`.
    """
    x, y = float(wanted[0]), float(wanted[1])
    if not (np.isfinite(x) and np.isfinite(y)):
        raise InvalidInput("landing.wanted", (x, y), "finite x, y [m] are needed")
    search = limits.landing_search if search is None else search
    if dispersion is None:
        dispersion = limits.landing_map_sigma if basis == MAP else limits.landing_dispersion
    radius = limits.landing_radius
    reach = search + 4.0 * max(radius, grid.resolution)
    try:
        part = grid.crop(Bounds(x - reach, y - reach, x + reach, y + reach))
    except InvalidInput:
        return []  # no map there, no site
    slope, step, _ = measures(part, radius)
    if basis == ORBITAL:
        bad = ~(slope <= limits.landing_slope * ORBITAL_UNCERTAINTY)
        chance, heading = np.where(bad, 0.0, ORBITAL_CHANCE), np.full(part.shape, np.nan)
    else:
        chance, heading = stances(part, limits, dispersion)
        bad = ~((chance >= limits.landing_probability) & (slope <= limits.landing_slope))
    xs, ys = part.centres()
    px, py = np.meshgrid(xs, ys)
    for ox, oy, size in np.asarray(
        obstacles if obstacles is not None else np.zeros((0, 3)), dtype=np.float64
    ):
        bad |= np.hypot(px - ox, py - oy) <= size + radius
    padded = cv2.copyMakeBorder((~bad).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    clearance = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1].astype(np.float64) * part.resolution
    distance = np.hypot(px - x, py - y)
    score = RISK_WEIGHT * (1.0 - chance) / (1.0 - min(limits.landing_probability, 0.999))
    score += SLOPE_WEIGHT * np.nan_to_num(slope) / limits.landing_slope
    score += WAY_WEIGHT * distance / max(search, 1e-6)
    score = np.where(bad | (distance > search), np.inf, score)

    sites: list[LandingSite] = []
    for index in np.argsort(score, axis=None, kind="stable"):
        if len(sites) >= count or not np.isfinite(score.flat[index]):
            break
        sx, sy = float(px.flat[index]), float(py.flat[index])
        if any(np.hypot(s.x - sx, s.y - sy) < 2.0 * radius for s in sites):
            continue
        a, b, c, d, e = (float(v.flat[index]) for v in (slope, step, clearance, distance, score))
        p, turn = float(chance.flat[index]), float(heading.flat[index])
        sites.append(LandingSite(sx, sy, a, b, c, d, e, basis, p, turn))
    return sites


@dataclass(frozen=True)
class Verdict:
    """What came of looking for a site.

    Attributes:
        site: the chosen one, None when nothing is known to be safe.
        why: in words.
        sites: all that were considered, best first, the chosen one among them.
        seen: True where the ground was measured, so that a refusal stands.
        proven: True where the site lies beside a place that has borne it.
    """

    site: LandingSite | None
    why: str
    sites: tuple[LandingSite, ...]
    seen: bool = False
    proven: bool = False


def consider(
    point: tuple[float, float],
    limits: HelicopterLimits,
    *,
    look: Grid | None = None,
    measured: Grid | None = None,
    orbital: Grid | None = None,
    proven: Sequence[tuple[float, float]] = (),
    search: float | None = None,
) -> Verdict:
    """Find the best site near one wanted point.

    Where it has stood before, a site beside that place comes first which a map made on the way in shows as
    safe. Else what was mapped on the way in, then the map of earlier flights, then the place where it stood,
    then the flattest ground that the orbiter saw: this only where no better map has shown that there is none.

    Args:
        point: x, y [m].
        look, measured, orbital: maps, each may be missing.
        proven: x, y [m] of places it has stood on.
        search: radius [m]; by default `landing_search`.
    """
    sites: list[LandingSite] = []
    seen = False
    around = limits.landing_search if search is None else search
    stood = [p for p in proven if np.hypot(p[0] - point[0], p[1] - point[1]) <= limits.landing_radius]
    if look is not None:
        for place in stood:
            reach = PROVEN_REACH * limits.landing_radius
            sites = find_sites(look, place, limits, search=reach, basis=LOOK)
            if sites:
                return Verdict(sites[0], sites[0].reason, tuple(sites), True, True)
    for grid, basis in ((look, LOOK), (measured, MAP)):
        if grid is None:
            continue
        sites += find_sites(grid, point, limits, search=search, basis=basis)
        seen = seen or known_share(grid, point, around) > SEEN_SHARE
        if sites:
            return Verdict(sites[0], sites[0].reason, tuple(sites), True)
    if stood:
        px, py = stood[0]
        gap = float(np.hypot(px - point[0], py - point[1]))
        site = LandingSite(px, py, 0.0, 0.0, 0.0, gap, 1.0, PROVEN, PROVEN_CHANCE)
        return Verdict(site, site.reason, (site,), seen, True)
    if orbital is not None and not seen:
        sites = find_sites(orbital, point, limits, search=search, basis=ORBITAL)
        if sites:
            return Verdict(sites[0], sites[0].reason, tuple(sites))
    what = "measured ground" if seen else "any map"
    return Verdict(None, f"no safe site on {what} near ({point[0]:.1f}, {point[1]:.1f})", (), seen)


def refusal(
    wanted: Sequence[tuple[float, float]],
    limits: HelicopterLimits,
    measured: Grid | None = None,
    orbital: Grid | None = None,
    *,
    proven: Sequence[tuple[float, float]] = (),
) -> str:
    """Return why a flight that shall land at one of some points must not begin, '' when it may.

    It may where a site is known near one of them, where the map of an earlier flight leaves some hope (a look
    on the way in tells better), and where nothing is known at all.
    """
    for point in wanted:
        if consider(point, limits, measured=measured, orbital=orbital, proven=proven).site is not None:
            return ""
        if measured is not None and known_share(measured, point, limits.landing_search) > SEEN_SHARE:
            best = least_bad(measured, point, limits, MAP)
            if best is not None and best.probability >= HOPELESS:
                return ""
        elif orbital is None or not orbital.bounds.contains(*point):
            return ""
    return f"no safe landing is known near ({wanted[0][0]:.1f}, {wanted[0][1]:.1f})" if wanted else ""


def least_bad(
    grid: Grid, place: Sequence[float], limits: HelicopterLimits, basis: str = LOOK
) -> LandingSite | None:
    """Return the most probable site within `landing_search` when it has to land; None without a map."""
    x, y, reach = float(place[0]), float(place[1]), limits.landing_search
    try:
        part = grid.crop(Bounds(x - reach, y - reach, x + reach, y + reach))
    except InvalidInput:
        return None
    chance, heading = stances(part, limits, limits.landing_dispersion)
    best = int(np.argmax(chance))
    if not chance.flat[best] > 0.0:
        return None
    slope, step, _ = measures(part, limits.landing_feet)
    px, py = np.meshgrid(*part.centres())
    sx, sy = float(px.flat[best]), float(py.flat[best])
    gap, risk = float(np.hypot(sx - x, sy - y)), 1.0 - float(chance.flat[best])
    return LandingSite(
        sx, sy, float(slope.flat[best]), float(step.flat[best]), 0.0, gap, 10.0 + risk, basis, 1.0 - risk,
        float(heading.flat[best]),
    )  # fmt: skip


def known_share(grid: Grid, point: Sequence[float], radius: float) -> float:
    """Share of the disc around a point that a map has measured."""
    x, y = float(point[0]), float(point[1])
    try:
        part = grid.crop(Bounds(x - radius, y - radius, x + radius, y + radius))
    except InvalidInput:
        return 0.0
    px, py = np.meshgrid(*part.centres())
    inside = _known(part) & (np.hypot(px - x, py - y) <= radius)
    return float(inside.sum() * grid.resolution**2 / (np.pi * radius**2))


def _known(grid: Grid) -> npt.NDArray[np.bool_]:
    known: npt.NDArray[np.bool_] = np.isfinite(grid["elevation"])
    if "measured" in grid:
        known = known & (np.nan_to_num(grid["measured"]) > 0.5)
    return known


def _disc(resolution: float, radius: float) -> tuple[Array, Array, Array]:
    cells = max(1, int(np.ceil(radius / resolution)))
    span = np.arange(-cells, cells + 1) * resolution
    dx, dy = np.meshgrid(span, span)
    disc = (np.hypot(dx, dy) <= max(radius, resolution) + 1e-9).astype(np.float64)
    return dx, dy, disc


def _total(image: Array, kernel: Array) -> Array:
    result: Array = cv2.filter2D(image, cv2.CV_64F, kernel, borderType=cv2.BORDER_CONSTANT)
    return result
