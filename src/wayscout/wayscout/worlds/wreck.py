# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What a landing leaves on the ground: a parachute's canopy, its lines, the backshell and debris.

Shapes after the pictures of Ingenuity's flight 26 (NASA/JPL, April 2022): a disk-gap-band canopy of 21.5 m in
orange and white gores with 80 suspension lines, a backshell about 4.5 m wide that broke on the ground.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from wayscout.grid import Grid, Layer
from wayscout.worlds import noise
from wayscout.worlds.recipe import SiteRecipe
from wayscout.worlds.truth import DEBRIS_COLUMNS

Array = npt.NDArray[np.float64]
GORES = 80  # sectors of the canopy, each with its suspension line
RINGS = (0.06, 0.27, 0.45, 0.62, 0.77)  # ends of the vent and of the disk's rings, shares of the rim's radius
GAP = (0.77, 0.83)  # between disk and band, where the ground shows
CONE_HEIGHT = 0.42  # of the backshell, share of its diameter
CONE_TOP = 0.33  # radius of its flat top, share of the rim's
RIM_HEIGHT = 0.15  # m, of its rim above the ground
SEPARATE = 0.18  # m between debris pieces
CLEAR = 0.25  # m between debris and canopy or backshell


@dataclass(frozen=True)
class Blemish:
    """A dark or torn area: an ellipse with a ragged rim; `a`, `b` are its semi-axes [m], a at `yaw` [rad]."""

    kind: Literal["dark", "torn"]
    x: float
    y: float
    a: float
    b: float
    yaw: float

    @property
    def area(self) -> float:
        return float(np.pi * self.a * self.b)


@dataclass(frozen=True)
class Canopy:
    """The laid canopy.

    Attributes:
        x, y: its middle [m].
        rim: (n,) radius of its outline [m] at n bearings, evenly spaced from east.
        turn: bearing of the first gore [rad].
        pattern: (rings and band, gores) True where a gore is orange.
        dust: mean share of the fabric's colour that dust hides.
        blemishes: dark and torn areas.
    """

    x: float
    y: float
    rim: Array
    turn: float
    pattern: npt.NDArray[np.bool_]
    dust: float
    blemishes: tuple[Blemish, ...]

    @property
    def diameter(self) -> float:
        """Diameter [m] of the circle with the area inside the outline, gap, vent and tears included."""
        return float(2.0 * np.sqrt(np.mean(self.rim**2)))

    def polar(self, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Array, Array]:
        """Return the share of the rim's radius and the bearing [rad] of points."""
        dx, dy = np.asarray(x, dtype=np.float64) - self.x, np.asarray(y, dtype=np.float64) - self.y
        bearing = np.arctan2(dy, dx)
        return np.hypot(dx, dy) / self.radius(bearing), bearing

    def radius(self, bearing: npt.ArrayLike) -> Array:
        """Radius of the outline [m] at bearings [rad]."""
        step = 2.0 * np.pi / len(self.rim)
        around = np.append(self.rim, self.rim[0])
        at = np.mod(np.asarray(bearing, dtype=np.float64), 2.0 * np.pi)
        result: Array = np.interp(at, np.arange(len(around)) * step, around)
        return result


@dataclass(frozen=True)
class Backshell:
    """The cone that held the parachute, standing on its rim.

    Attributes:
        x, y: middle of its rim [m].
        diameter: of the circle through its unbroken rim [m].
        broken: bearing and half width [rad] of the broken sector; `bite`, share of the radius, is how far.
        lean: bearing [rad] and slope [1] of its tilt.
    """

    x: float
    y: float
    diameter: float
    broken: tuple[float, float]
    bite: float
    lean: tuple[float, float]

    def radius(self, bearing: npt.ArrayLike) -> Array:
        """Radius of what is left of the cone at bearings [rad]."""
        away = np.abs((np.asarray(bearing) - self.broken[0] + np.pi) % (2.0 * np.pi) - np.pi)
        ragged = 0.06 * np.sin(9.0 * np.asarray(bearing)) + 0.04 * np.sin(23.0 * np.asarray(bearing) + 1.0)
        share = np.where(away < self.broken[1], 1.0 - self.bite + ragged, 1.0)
        result: Array = 0.5 * self.diameter * share
        return result


@dataclass(frozen=True)
class Line:
    """A suspension line from the canopy's rim to the backshell.

    Attributes:
        points: (n, 2) x, y [m], from the rim on.
        visible: (n,) True where no dust covers it.
    """

    points: Array
    visible: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Wreck:
    """All of it; `debris` is (n, 10), columns `truth.DEBRIS_COLUMNS`, z not filled in."""

    canopy: Canopy
    backshell: Backshell
    lines: tuple[Line, ...]
    debris: Array


def draw(seed: int, recipe: SiteRecipe) -> Wreck:
    """Draw the wreck of a seed."""
    rng = noise.stream(seed, "wreck")
    middle = rng.uniform(-recipe.site_reach, recipe.site_reach, 2)
    bearing = rng.uniform(0.0, 2.0 * np.pi)
    apart = rng.uniform(*recipe.separation) * np.array([np.cos(bearing), np.sin(bearing)])
    canopy = _canopy(middle - 0.4 * apart, recipe, rng)
    backshell = _backshell(middle + 0.6 * apart, recipe, rng)
    lines = _lines(canopy, backshell, recipe, rng)
    return Wreck(canopy, backshell, lines, _debris(canopy, backshell, recipe, rng))


def raise_ground(ground: Grid, wreck: Wreck, seed: int) -> Layer:
    """Return the heights [m] that canopy and backshell add to the ground, on its cells."""
    xs, ys = ground.centres()
    x, y = np.meshgrid(xs, ys)
    rng = noise.stream(seed, "folds")
    px = 1.0 / ground.resolution
    share, _ = wreck.canopy.polar(x, y)
    swell = np.abs(noise.fractal(ground.shape, 2.6 * px, rng, shortest=0.6 * px, gain=0.5))
    folds = 0.03 + 0.37 * noise.smoothstep(0.25, 1.7, swell)
    layer = folds * noise.smoothstep(1.0, 0.9, share)
    shell = wreck.backshell
    dx, dy = x - shell.x, y - shell.y
    r, bearing = np.hypot(dx, dy), np.arctan2(dy, dx)
    radius = 0.5 * shell.diameter
    top = CONE_TOP * radius
    cone = RIM_HEIGHT + CONE_HEIGHT * shell.diameter * np.clip((radius - r) / (radius - top), 0.0, 1.0)
    cone += shell.lean[1] * (dx * np.cos(shell.lean[0]) + dy * np.sin(shell.lean[0]))
    rubble = 0.05 + 0.10 * np.clip(swell, 0.0, 2.0)
    cone = np.where(r < shell.radius(bearing), np.maximum(cone, 0.05), rubble)
    return np.where(r < radius, cone, layer).astype(np.float32)


def _canopy(middle: Array, recipe: SiteRecipe, rng: np.random.Generator) -> Canopy:
    n = 720
    bearing = 2.0 * np.pi * np.arange(n) / n
    long_axis, stretch = rng.uniform(0, np.pi), rng.uniform(0.0, 0.035)
    rim = 1.0 + stretch * np.cos(2.0 * (bearing - long_axis))
    for waves in range(3, 15):  # the rim gathers here and there
        rim += rng.normal(0.0, 0.02 / waves**0.5) * np.cos(waves * (bearing - rng.uniform(0, 2 * np.pi)))
    for _ in range(rng.integers(1, 4)):  # an edge folded inwards
        at, width, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0.10, 0.28), rng.uniform(0.02, 0.07)
        away = (bearing - at + np.pi) % (2.0 * np.pi) - np.pi
        rim -= depth * np.exp(-0.5 * (away / width) ** 2)
    rim *= 0.5 * rng.uniform(*recipe.canopy_diameter) / np.sqrt(np.mean(rim**2))
    pattern = np.zeros((len(RINGS) + 1, GORES), bool)
    for ring in pattern:  # runs of gores of one colour, in each ring anew
        place, orange = 0, bool(rng.integers(2))
        while place < GORES:
            run = int(rng.integers(2, 8))
            ring[place : place + run] = orange
            place, orange = place + run, not orange
    canopy = Canopy(
        float(middle[0]), float(middle[1]), rim, rng.uniform(0, 2 * np.pi), pattern,
        rng.uniform(*recipe.dust), (),
    )  # fmt: skip
    return Canopy(**{**vars(canopy), "blemishes": _blemishes(canopy, rng)})


def _blemishes(canopy: Canopy, rng: np.random.Generator) -> tuple[Blemish, ...]:
    found: list[Blemish] = []
    counts: tuple[tuple[Literal["dark", "torn"], int], ...] = (
        ("dark", int(rng.integers(2, 6))),
        ("torn", int(rng.integers(2, 5))),
    )
    for kind, count in counts:
        for _ in range(200):
            if sum(b.kind == kind for b in found) == count:
                break
            a = rng.uniform(0.45, 1.1)
            b = a * (rng.uniform(0.5, 0.9) if kind == "dark" else rng.uniform(0.35, 0.6))
            bearing = rng.uniform(0, 2 * np.pi)
            mean = float(canopy.radius(bearing))
            reach = rng.uniform(0.12 * mean + a, GAP[0] * mean - a - 0.3)
            x, y = canopy.x + reach * np.cos(bearing), canopy.y + reach * np.sin(bearing)
            yaw = bearing if kind == "torn" else rng.uniform(0, np.pi)  # fabric tears along its seams
            if all(np.hypot(x - f.x, y - f.y) > a + f.a + 0.6 for f in found):
                found.append(Blemish(kind, float(x), float(y), float(a), float(b), float(yaw)))
    return tuple(found)


def _backshell(middle: Array, recipe: SiteRecipe, rng: np.random.Generator) -> Backshell:
    return Backshell(
        float(middle[0]), float(middle[1]), rng.uniform(*recipe.backshell_diameter),
        (rng.uniform(0, 2 * np.pi), rng.uniform(0.35, 0.75)), rng.uniform(0.25, 0.45),
        (rng.uniform(0, 2 * np.pi), rng.uniform(0.02, 0.10)),
    )  # fmt: skip


def _lines(
    canopy: Canopy, shell: Backshell, recipe: SiteRecipe, rng: np.random.Generator
) -> tuple[Line, ...]:
    """Lines leave the half of the rim that faces the backshell; those of the far half come out below it."""
    towards = np.arctan2(shell.y - canopy.y, shell.x - canopy.x)
    offsets = np.sort(np.linspace(-0.95, 0.95, recipe.lines) + rng.normal(0.0, 0.03, recipe.lines))
    result = []
    for offset in offsets:
        bearing = towards + offset
        reach = float(canopy.radius(bearing))
        begin = np.array([canopy.x + reach * np.cos(bearing), canopy.y + reach * np.sin(bearing)])
        to = np.arctan2(begin[1] - shell.y, begin[0] - shell.x)
        rim = 0.5 * shell.diameter * np.array([np.cos(to), np.sin(to)])
        end = np.array([shell.x, shell.y]) + rim
        span = float(np.hypot(*(end - begin)))
        n = max(8, round(span / 0.1))
        s = np.linspace(0.0, 1.0, n)
        along = (end - begin) / span
        aside = np.array([-along[1], along[0]])
        slack = rng.normal(0.0, 0.12) * np.sin(np.pi * s) + rng.normal(0.0, 0.05) * np.sin(
            2.0 * np.pi * rng.uniform(1, 3) * s
        )
        points = begin + s[:, None] * (end - begin) + slack[:, None] * aside
        cover = noise.curve(span, 2.5, s * span, rng)
        result.append(Line(points, cover < rng.uniform(0.3, 1.6)))
    return tuple(result)


# Linear albedo of what debris is made of, and how often it is found.
MATERIALS = (
    ((0.74, 0.72, 0.68), 0.35),  # painted or bare thermal tile
    ((0.50, 0.51, 0.53), 0.25),  # metal
    ((0.07, 0.07, 0.08), 0.15),  # charred
    ((0.72, 0.44, 0.10), 0.15),  # foil
    ((0.62, 0.53, 0.42), 0.10),  # tan ablator, nearly of the ground's colour
)


def _debris(canopy: Canopy, shell: Backshell, recipe: SiteRecipe, rng: np.random.Generator) -> Array:
    count = int(rng.integers(recipe.debris[0], recipe.debris[1] + 1))
    low, high = recipe.debris_width
    pieces: list[list[float]] = []
    main = rng.uniform(0, 2 * np.pi)
    weights = np.array([w for _, w in MATERIALS])
    for _ in range(60 * count):
        if len(pieces) == count:
            break
        # power law: many small ones
        width = float((low**-1.2 + rng.random() * (high**-1.2 - low**-1.2)) ** (-1 / 1.2))
        bearing = main + rng.normal(0.0, 1.3)
        away = 0.5 * shell.diameter + CLEAR + 0.5 * width + rng.exponential(0.4) * recipe.debris_reach
        x, y = shell.x + away * np.cos(bearing), shell.y + away * np.sin(bearing)
        if away > 1.6 * recipe.debris_reach or max(abs(x), abs(y)) > 0.5 * recipe.size - 4.0:
            continue
        at = np.arctan2(y - canopy.y, x - canopy.x)
        beside = np.hypot(x - canopy.x, y - canopy.y) - float(canopy.radius(at))
        gaps = [np.hypot(x - p[0], y - p[1]) - 0.5 * (width + p[3]) for p in pieces]
        if beside < 0.5 * width + CLEAR or (gaps and min(gaps) < SEPARATE):
            continue
        depth = width * rng.uniform(0.5, 0.95)
        height = float(np.clip(width * rng.uniform(0.15, 0.5), 0.05, 0.45))
        albedo = np.array(MATERIALS[int(rng.choice(len(MATERIALS), p=weights))][0])
        dust = rng.uniform(0.0, 0.45)
        clean = 255.0 * albedo**0.72  # as `texture` turns light into grey
        colour = (1.0 - dust) * clean + dust * np.array([142.0, 116.0, 92.0])  # sunlit soil
        pieces.append([x, y, 0.0, width, depth, height, rng.uniform(0, np.pi), *np.round(colour, 1)])
    return np.array(pieces, dtype=np.float64).reshape(-1, len(DEBRIS_COLUMNS))
