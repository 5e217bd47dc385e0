# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What is worth a second look: science targets planted in and beside the channels of a world.

They are made after everything else and from a random stream of their own, so that a world's plan, rocks and
outcome are the same with and without them. All are paint but for the ledges of layered outcrop, which stand
only where it is too steep to drive.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.grid import Bounds, Grid, Layer
from wayscout.worlds import noise
from wayscout.worlds.plan import STEP, Channel, Plan
from wayscout.worlds.recipe import Recipe
from wayscout.worlds.terrain import Land, Position
from wayscout.worlds.texture import Image, Scene, shadow_of

Array = npt.NDArray[np.float64]
Kind = Literal["layers", "light patch", "pebbles", "colour"]
KINDS: tuple[Kind, ...] = ("layers", "light patch", "pebbles", "colour")
TRIES = 80  # places drawn for a target before it is left out
GAP = 1.5  # m between the rims of two targets
LIT = 0.85  # share of a target that the sun must reach
SPACING = 0.45  # m from one dark band of an outcrop to the next
LEDGE = 0.07  # m, height of an outcrop's ledges
RESPONSE = 0.72  # exponent of the painter's camera response
# Blue, green and red over a grey ground: blue-grey clay, green olivine sand-stone, purple haematite.
TINTS = ((1.32, 1.02, 0.80), (0.85, 1.22, 0.86), (1.15, 0.78, 1.12))


@dataclass(frozen=True)
class Target:
    """A planted target: an ellipse with a wandering rim.

    Attributes:
        x, y: middle [m].
        along, across: half axes [m]; `along` lies at `yaw` [rad] from east.
    """

    kind: Kind
    x: float
    y: float
    along: float
    across: float
    yaw: float

    @property
    def size(self) -> float:
        """Across its longer axis [m]."""
        return 2.0 * max(self.along, self.across)

    def as_facts(self) -> dict[str, Any]:
        """Return what truth.yaml says of it."""
        numbers = {k: round(getattr(self, k), 3) for k in ("x", "y", "size", "along", "across", "yaw")}
        return {"kind": self.kind, **numbers}

    def frame(self, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Array, Array]:
        """Return points in the ellipse's own axes [m]: along, across."""
        dx, dy = np.asarray(x, np.float64) - self.x, np.asarray(y, np.float64) - self.y
        cos, sin = np.cos(self.yaw), np.sin(self.yaw)
        return np.asarray(cos * dx + sin * dy), np.asarray(cos * dy - sin * dx)


def plant(plan: Plan, recipe: Recipe, land: Land, rocks: Array) -> list[Target]:
    """Choose places that the sun reaches, free of loose sand, rocks and what else stands in the channels."""
    rng = noise.stream(plan.seed, "science")
    number = int(rng.integers(recipe.targets[0], recipe.targets[1] + 1))
    if number == 0:
        return []
    ground = _thinned(land.ground, plan)
    kinds = [KINDS[k] for _ in range(number) for k in rng.permutation(len(KINDS))][:number]
    side = int(rng.integers(2))
    chosen: list[Target] = []
    for index, kind in enumerate(kinds):
        for _ in range(TRIES):
            channel = plan.channels[(index + side) % 2]
            target = _draw(kind, channel, recipe, rng)
            if _fits(target, channel, plan, recipe, ground, rocks, chosen):
                chosen.append(target)
                break
    return chosen


def _thinned(ground: Grid, plan: Plan) -> Grid:
    """Every second vertex or fewer, with how much of the sun's light is kept off."""
    stride = max(2, ground.shape[0] // 512)
    layers = {name: ground[name][::stride, ::stride] for name in ("elevation", "sand")}
    shape = layers["sand"].shape
    corner = 0.5 * (ground.resolution - stride * ground.resolution)
    thin = Grid(
        stride * ground.resolution, (ground.origin[0] + corner, ground.origin[1] + corner),
        (shape[0], shape[1]), ground.frame, layers,
    )  # fmt: skip
    thin["shadow"] = shadow_of(thin["elevation"], thin.resolution, plan.sun_azimuth, plan.sun_elevation)
    return thin


def _draw(kind: Kind, channel: Channel, recipe: Recipe, rng: np.random.Generator) -> Target:
    """Draw a place on the floor, of layers across the foot of a wall, and a size."""
    scale = float(np.sqrt(np.mean(recipe.floor_width) / 6.4))
    at = int(rng.uniform(0.07, 0.93) * (len(channel.centreline) - 1))
    line = channel.centreline
    tangent = line[min(at + 4, len(line) - 1)] - line[max(at - 4, 0)]
    tangent /= np.hypot(*tangent)
    half = float(channel.half_width[at])
    along, across = scale * rng.uniform(0.8, 1.2), scale * rng.uniform(0.7, 0.9)
    if kind == "layers":
        along, across = scale * rng.uniform(1.2, 1.8), scale * rng.uniform(0.9, 1.1)
        offset = half + rng.uniform(-0.3, 0.4)
    else:
        offset = rng.uniform(0.0, half - 0.6 * across)
    offset *= rng.choice([-1.0, 1.0])
    x, y = line[at] + offset * np.array([-tangent[1], tangent[0]])
    yaw = float(np.arctan2(tangent[1], tangent[0])) + rng.uniform(-0.2, 0.2)
    return Target(kind, float(x), float(y), along, across, yaw)


def _fits(
    target: Target, channel: Channel, plan: Plan, recipe: Recipe, ground: Grid, rocks: Array,
    others: Sequence[Target],
) -> bool:  # fmt: skip
    reach = max(target.along, target.across)
    if any(np.hypot(target.x - o.x, target.y - o.y) < reach + max(o.along, o.across) + GAP for o in others):
        return False
    if any(float(pad.beyond(target.x, target.y)) < reach + 1.0 for pad in recipe.pads):
        return False
    nearest = np.argmin(np.hypot(*(channel.centreline - [target.x, target.y]).T))
    s = STEP * float(nearest)
    if any(f.begin - reach < s < f.end + reach for f in channel.features):
        return False
    near = np.hypot(rocks[:, 0] - target.x, rocks[:, 1] - target.y) < reach
    if float((0.25 * np.pi * rocks[near, 3] * rocks[near, 4]).sum()) > 0.06 * np.pi * reach**2:
        return False
    window = Bounds(target.x - reach, target.y - reach, target.x + reach, target.y + reach)
    part = ground.crop(window)
    xs, ys = part.centres()
    u, v = target.frame(xs[None, :], ys[:, None])
    inside = (u / target.along) ** 2 + (v / target.across) ** 2 < 1.0
    lit = 1.0 - float(part["shadow"][inside].mean())
    return bool(part["sand"][inside].mean() < 0.1 and lit > LIT)


def add_ledges(ground: Grid, positions: dict[str, Position], targets: Sequence[Target], seed: int) -> None:
    """Carve the ledges of layered outcrop into a heightmap, off the floors and where it is steep."""
    for index, target in enumerate(targets):
        if target.kind != "layers":
            continue
        reach = 1.3 * max(target.along, target.across)
        window = Bounds(target.x - reach, target.y - reach, target.x + reach, target.y + reach)
        rows, cols = ground.window(window.grown(2.0))
        xs, ys = ground.centres()
        x, y = xs[None, cols], ys[rows, None]
        height = ground["elevation"][rows, cols]
        smooth = cv2.GaussianBlur(height, (0, 0), 0.7 / ground.resolution)
        gy, gx = np.gradient(smooth, ground.resolution)
        # From 25 deg: no rover plans there. Floors keep half a metre besides.
        weight = noise.smoothstep(0.47, 0.6, np.hypot(gx, gy))
        for p in positions.values():
            weight = weight * noise.smoothstep(
                0.5, 0.9, np.abs(p.offset[rows, cols]) - p.half_width[rows, cols]
            )
        shape, phase = _shape(target, x, y, ground.resolution, seed, index)
        within = phase / SPACING - np.floor(phase / SPACING)
        step = within**3 - 0.25  # gentle, then a riser: no mean change
        ground["elevation"][rows, cols] = np.clip(
            height + LEDGE * weight * shape * step, 0.0, float(ground["elevation"].max())
        )


def _shape(target: Target, x: Array, y: Array, pixel: float, seed: int, index: int) -> tuple[Layer, Layer]:
    """How much of a target each point is, 1 inside, 0 outside, and the distance across its bands [m]."""
    u, v = target.frame(x, y)
    rng = noise.stream(seed, "science", str(index))
    # Nodes 0.5 m apart on a lattice of the target's own: the same rim on every raster.
    bends = rng.standard_normal((2, 16, 16)).astype(np.float32)
    near = (np.stack([u, v]) / 0.5 + 7.5).astype(np.float32)
    rim, wave = (
        cv2.remap(b, near[0], near[1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT) for b in bends
    )
    across = 2.0 * float(min(target.along, target.across))
    radius = np.hypot(u / target.along, v / target.across)
    soft = max(2.0 * pixel, 0.12) / across
    shape = noise.smoothstep(1.0 + soft, 1.0 - soft, radius + 0.16 * rim)
    return shape, np.asarray(v + 0.05 * wave, np.float32)


def paint(picture: Image, scene: Scene, targets: Sequence[Target]) -> None:
    """Paint targets on a world's texture (BGR, row 0 south), in place, below its light and shadows."""
    for index, target in enumerate(targets):
        for rows, cols, x, y in _windows(target, scene):
            shape, phase = _shape(target, x, y, scene.pixel, scene.seed, index)
            look = _look(target, phase, scene, index)
            factor = 1.0 + shape[..., None] * (look - 1.0)
            # The texture holds light to the power of the camera's response.
            part = picture[rows, cols] * np.maximum(factor, 0.05) ** RESPONSE
            picture[rows, cols] = np.clip(np.rint(part), 0, 255).astype(np.uint8)


def _windows(target: Target, scene: Scene) -> Iterator[tuple[slice, slice, Array, Array]]:
    """The pixels around a target, with their places [m]; nothing when it lies off the texture."""
    reach = 1.45 * max(target.along, target.across) + 0.3
    canvas = Grid(scene.pixel, (-0.5 * scene.size, -0.5 * scene.size), (scene.pixels, scene.pixels))
    rows, cols = canvas.window(Bounds(target.x - reach, target.y - reach, target.x + reach, target.y + reach))
    if rows.stop > rows.start and cols.stop > cols.start:
        x, _ = canvas.centre(0, np.arange(cols.start, cols.stop))
        _, y = canvas.centre(np.arange(rows.start, rows.stop), 0)
        yield rows, cols, x[None, :], y[:, None]


def _look(target: Target, phase: Layer, scene: Scene, index: int) -> npt.NDArray[np.float32]:
    """Albedo over that of the ground around by channel, (rows, cols, 3) or (rows, cols, 1)."""
    rng = noise.stream(scene.seed, "science look", str(index))
    if target.kind == "layers":
        wave = np.sin(2.0 * np.pi * phase / SPACING)
        return np.asarray(1.0 + 0.42 * np.tanh(2.0 * wave), np.float32)[..., None]
    if target.kind == "light patch":
        return np.full((1, 1, 1), rng.uniform(1.55, 1.8), np.float32)
    if target.kind == "colour":
        tint = np.array(TINTS[int(rng.integers(len(TINTS)))])
        return np.asarray(rng.uniform(0.5, 0.6) * tint, np.float32)[None, None, :]
    return np.asarray(_pebbles(phase.shape, scene, rng), np.float32)[..., None]


def _pebbles(shape: tuple[int, ...], scene: Scene, rng: np.random.Generator) -> Layer:
    """Rounded stones of 8 to 22 cm, side by side: each with a lit and a dim side and a shadow."""
    look = np.full(shape, 0.92, np.float32)
    scale = 1.0 / scene.pixel
    sun = np.array([np.cos(scene.sun_azimuth), np.sin(scene.sun_azimuth)])
    area = shape[0] * shape[1] * scene.pixel**2
    widths = np.sort(rng.uniform(0.08, 0.22, int(30.0 * area)))
    places = rng.uniform(0.0, 1.0, (len(widths), 2)) * [shape[1], shape[0]]
    for width, place in zip(widths, places, strict=True):
        tone = rng.uniform(0.95, 1.25)
        for offset, radius, value in (
            (-0.3 * width * sun, 0.5 * width, 0.42),
            (0.0 * sun, 0.5 * width, 0.85 * tone),
            (0.10 * width * sun, 0.34 * width, 1.3 * tone),
        ):
            u, v = np.rint(16.0 * (place + offset * scale)).astype(int)
            cv2.circle(look, (int(u), int(v)), round(16 * radius * scale), value, -1, cv2.LINE_8, 4)
    return look
