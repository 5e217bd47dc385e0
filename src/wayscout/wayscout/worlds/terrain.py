# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The heightmap of a planned world: a layered delta front with two channels cut into it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from wayscout.grid import Grid, Layer
from wayscout.worlds import noise, places
from wayscout.worlds.plan import STEP, Channel, Plan
from wayscout.worlds.recipe import Recipe
from wayscout.worlds.truth import vertex_grid


@dataclass(frozen=True)
class Position:
    """Where every vertex lies relative to a channel, and the channel's curves there [m].

    `along` the centreline from the mouth, `offset` to its left.
    """

    along: Layer
    offset: Layer
    half_width: Layer
    lane: Layer
    lane_half: Layer

    def lane_distance(self) -> Layer:
        """Distance from the lane's edge, negative inside [m]."""
        distance: Layer = np.abs(self.offset - self.lane) - self.lane_half
        return distance

    def between(self, begin: float, end: float, soft: float = 0.5) -> Layer:
        """1 between two places along the channel, 0 elsewhere, with soft ends."""
        low, high = begin - soft, begin + soft
        rising = noise.smoothstep(low, high, self.along)
        mask: Layer = rising * noise.smoothstep(end + soft, end - soft, self.along)
        return mask

    def on_floor(self, margin: float = 0.0, soft: float = 0.7) -> Layer:
        """1 on the channel's floor, 0 on its walls and beyond."""
        return noise.smoothstep(soft, -soft, np.abs(self.offset) - self.half_width - margin)


@dataclass(frozen=True)
class Land:
    """The ground of a world: 'elevation', 'sand' and, for the painter, 'dark'; positions by channel."""

    ground: Grid
    positions: dict[str, Position]


def make_land(plan: Plan, recipe: Recipe) -> Land:
    """Shape elevation [m, lowest point 0] and sand [1] of a planned world."""
    ground = vertex_grid(recipe.size, recipe.resolution)
    positions = {c.name: _position(c, ground, recipe) for c in plan.channels}
    height, cut = _front(plan, recipe, ground, positions)
    # Below the walls' feet the floors are kept apart from strata and warps, so that what is planned holds.
    wall = np.ones(ground.shape, np.float32)
    for channel in plan.channels:
        valley, fan, outside = _valley(channel, positions[channel.name], plan, recipe, ground)
        height = _smooth_minimum(height, valley, 0.05 * recipe.rise[0] ** 0.8)
        height = -_smooth_minimum(-height, -fan, 0.1)
        wall = np.minimum(wall, outside)
    height = _strata(height, wall * cut, plan, recipe)
    height += _roughness(wall, positions, plan, recipe, ground)
    height, level = places.level(height, ground, recipe.pads, plan.seed)
    sand, dark = _sand(height, positions, plan, recipe, ground, level)
    height += _ripples(sand, plan, recipe, ground)
    height -= height.min()
    ground["elevation"], ground["sand"], ground["dark"] = height, sand, dark
    return Land(ground, positions)


def _position(channel: Channel, ground: Grid, recipe: Recipe) -> Position:
    """Project every vertex on the channel's centreline, which is extended straight at both ends."""
    reach = np.arange(STEP, recipe.size, STEP)[:, None]
    first, last = channel.centreline[0], channel.centreline[-1]
    into, out = (
        v / np.linalg.norm(v) for v in (channel.centreline[1] - first, last - channel.centreline[-2])
    )
    before = (first - reach * into)[::-1]
    line = np.concatenate([before, channel.centreline, last + reach * out])
    tangent = np.gradient(line, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    stride = max(1, (ground.shape[0] - 1) // 512)
    xs, ys = (c[::stride] for c in ground.centres())
    points = np.stack(np.meshgrid(xs, ys), axis=-1)
    _, index = cKDTree(line).query(points.reshape(-1, 2))
    delta = points - line[index].reshape(points.shape)
    t = tangent[index].reshape(points.shape)
    along = (index.reshape(points.shape[:2]) - len(before)) * STEP + (delta * t).sum(-1)
    offset = t[..., 0] * delta[..., 1] - t[..., 1] * delta[..., 0]
    # Behind the bends' centres the projection jumps from one stretch to another; smoothing rounds that.
    far = noise.smoothstep(0.55 * recipe.floor_width[1], 1.4 * recipe.floor_width[1], np.abs(offset))
    deviation = 0.16 * recipe.floor_width[1] / (stride * recipe.resolution)
    smooth = (cv2.GaussianBlur(a.astype(np.float32), (0, 0), deviation) for a in (along, np.abs(offset)))
    along, reach = (a + far * (b - a) for a, b in zip((along, np.abs(offset)), smooth, strict=True))
    s, n = (_refine(a, stride, ground.shape) for a in (along, np.copysign(reach, offset)))
    curves = (
        np.interp(s, channel.along, c).astype(np.float32)
        for c in (channel.half_width, channel.lane, channel.lane_half)
    )
    return Position(s, n, *curves)


def _refine(coarse: npt.NDArray[np.floating], stride: int, shape: tuple[int, int]) -> Layer:
    """Interpolate from every `stride`th vertex to all."""
    if stride == 1:
        return coarse.astype(np.float32)
    scale = np.array([[1 / stride, 0, 0], [0, 1 / stride, 0]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    fine: Layer = cv2.warpAffine(
        coarse.astype(np.float32), scale, shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return fine


def _front(plan: Plan, recipe: Recipe, ground: Grid, positions: dict[str, Position]) -> tuple[Layer, Layer]:
    """The delta front without channels, and where strata may carve it (1) and not (0, floor and top)."""
    rng = noise.stream(plan.seed, "front")
    px = 1.0 / recipe.resolution
    amplitude, wavelength = recipe.front_warp
    _, ys = ground.centres()
    warp = amplitude * noise.fractal(
        ground.shape, wavelength * px, rng, shortest=wavelength * px / 20.0, gain=0.45
    )
    # Spurs and alcoves: ridges across the slope, as water and rockfall leave them.
    spurs = 1.0 - np.abs(
        noise.fractal(ground.shape, 0.42 * wavelength * px, rng, shortest=0.08 * wavelength * px)
    )
    # No spur may reach over a channel's mouth into the crater, nor far out between them.
    foot, mouth = recipe.front[1][0], recipe.channel_y[0]
    south = ys[:, None].astype(np.float32)
    beside = np.min([np.abs(p.offset) for p in positions.values()], axis=0) - recipe.floor_width[1]
    most = np.float32(0.6 * (foot - mouth)) + np.maximum(south - np.float32(mouth), 0.0)
    most = np.minimum(most + 0.6 * np.maximum(beside, 0.0), 1.5 * amplitude)
    y = south + np.minimum(warp + 0.35 * amplitude * spurs, most)
    profile = np.array(recipe.front, dtype=np.float64)
    height = (np.interp(y, profile[:, 0], profile[:, 1]) * plan.rise).astype(np.float32)
    deviation, length = recipe.undulation
    height += deviation * noise.fractal(ground.shape, length * px, rng, shortest=length * px / 9.0, gain=0.4)
    share = height / plan.rise
    cut = noise.smoothstep(0.02, 0.10, share) * noise.smoothstep(1.03, 0.98, share)
    return height, cut


def _valley(
    channel: Channel, position: Position, plan: Plan, recipe: Recipe, ground: Grid
) -> tuple[Layer, Layer, Layer]:
    """Floor with walls, floor with the fan at its mouth, and a mask: 0 on the floor, 1 beside it."""
    rng = noise.stream(plan.seed, "valley", channel.name)
    px = 1.0 / recipe.resolution
    size = float(np.mean(recipe.floor_width)) / 11.0
    s, n = position.along, position.offset
    floor = np.interp(s, channel.along, channel.height).astype(np.float32)
    floor += np.float32(0.010 / size) * np.minimum(np.abs(n), 1.2 * position.half_width) ** 2
    wobble = 0.8 * noise.octave(ground.shape, 3.0 * px, rng)
    for f in channel.features:
        if f.kind in ("ledge", "breached_ledge", "small_ledge"):
            floor += _ledge(f.kind, f.middle, f.value, position, wobble)
    edge = np.abs(n) - position.half_width
    # Alcoves and buttresses: walls wander, least at their feet, so that floors keep their width.
    alcoves = noise.fractal(ground.shape, 22.0 * size * px, rng, shortest=1.2 * px, gain=0.6)
    distance = np.maximum(edge, 0.0) * np.clip(1.0 + 0.3 * alcoves, 0.62, 1.8)
    talus = 2.4 * size * np.clip(1.0 + 0.6 * noise.octave(ground.shape, 11.0 * size * px, rng), 0.2, 2.5)
    wall = np.tan(np.radians(38.0)) * np.minimum(distance, talus)
    wall += np.tan(np.radians(recipe.wall_slope)) * np.maximum(distance - talus, 0.0)
    # Beyond mouth and head the channel runs out: it neither cuts a trench nor builds a dam.
    beyond = np.maximum(np.maximum(-s, s - channel.length), 0.0)
    valley: Layer = (floor + wall + 0.12 * beyond).astype(np.float32)
    fan: Layer = (floor - 0.16 * np.maximum(edge + 0.6, 0.0) - 0.12 * beyond).astype(np.float32)
    outside = np.maximum(noise.smoothstep(0.3, 2.0, edge), noise.smoothstep(0.0, 8.0 * size, beyond))
    return valley, fan, outside


def _ledge(kind: str, middle: float, height: float, position: Position, wobble: Layer) -> Layer:
    """A step across the floor; its rise is taken back over 8 m either side, so that the profile stays."""
    ahead = position.along - np.float32(middle) - wobble
    half = np.full(ahead.shape, 0.14, np.float32)
    if kind == "breached_ledge":
        ramp = np.float32(max(0.5 * height / np.tan(np.radians(5.0)), 0.5))
        half += ramp * noise.smoothstep(1.0, 0.1, position.lane_distance())
    elif kind == "small_ledge":
        half += np.float32(1.2) * noise.smoothstep(1.2, 0.2, position.lane_distance())
    step = np.clip(0.5 + 0.5 * ahead / half, 0.0, 1.0)
    back = np.clip(0.5 + (position.along - np.float32(middle)) / 16.0, 0.0, 1.0)
    result: Layer = np.float32(height) * (step - back)
    return result


def _smooth_minimum(a: Layer, b: Layer, radius: float) -> Layer:
    """The lower of two surfaces with the crease rounded over `radius` [m] of difference."""
    h = np.maximum(radius - np.abs(a - b), 0.0) / radius
    result: Layer = np.minimum(a, b) - h * h * np.float32(radius * 0.25)
    return result


def _strata(height: Layer, strength: Layer, plan: Plan, recipe: Recipe) -> Layer:
    """Carve layers of harder and softer rock into slopes: terraces of uneven thickness, dipping a little."""
    rng = noise.stream(plan.seed, "strata")
    px = 1.0 / recipe.resolution
    wavy = 0.25 * noise.octave(height.shape, 30.0 * px, rng) + 0.08 * noise.octave(
        height.shape, 4.0 * px, rng
    )
    thickness = np.maximum(rng.uniform(0.35, 1.0, 200) * recipe.rise[0] / 20.0, 0.35)
    tops = np.concatenate([[-30.0], -30.0 + np.cumsum(thickness)])
    # Within a layer the slope is gentle below and steep above: t -> t^3 blended with t.
    fine = np.linspace(tops[0], tops[-1], 20001)
    index = np.clip(np.searchsorted(tops, fine, side="right") - 1, 0, len(thickness) - 1)
    t = (fine - tops[index]) / thickness[index]
    hardness = rng.uniform(0.35, 0.8, len(thickness))[index]
    carved = tops[index] + thickness[index] * ((1 - hardness) * t + hardness * t**4)
    level = height + wavy
    delta = np.interp(level, fine, carved).astype(np.float32) - level
    # Keeps clear of floors: terraces fade in with height above the feet of the walls.
    result: Layer = height + strength * delta
    return result


def _roughness(
    wall: Layer, positions: dict[str, Position], plan: Plan, recipe: Recipe, ground: Grid
) -> Layer:
    """Ground waves of metres and small stones; least in the lanes, most on the walls."""
    rng = noise.stream(plan.seed, "roughness")
    px = 1.0 / recipe.resolution
    metres = noise.fractal(ground.shape, 7.0 * px, rng, shortest=1.5 * px, gain=0.5)
    small = noise.fractal(ground.shape, 0.9 * px, rng, shortest=1.0, gain=0.7)
    amount = 0.035 + 0.10 * wall
    fine = 0.010 + 0.02 * wall
    calm = np.ones(ground.shape, np.float32)
    for p in positions.values():
        inside = p.on_floor(1.0) * noise.smoothstep(1.0, 0.0, p.lane_distance()) * (wall < 0.5)
        calm -= 0.5 * inside
        amount = amount + 0.03 * p.on_floor() * (1 - inside)
    # Small stones as single raised vertices: rocks below 0.25 m are roughness, not objects.
    stones = (rng.random(ground.shape, dtype=np.float32) < 0.004) * rng.uniform(0.03, 0.09)
    stones = cv2.GaussianBlur(stones.astype(np.float32), (3, 3), 0.6) * 1.6
    result: Layer = (amount * calm * metres + fine * small + stones * calm).astype(np.float32)
    return result


def _sand(
    height: Layer, positions: dict[str, Position], plan: Plan, recipe: Recipe, ground: Grid, level: Layer
) -> tuple[Layer, Layer]:
    """Share of loose sand, and of firm ground that is as dark as sand."""
    rng = noise.stream(plan.seed, "sand")
    px = 1.0 / recipe.resolution
    smooth = cv2.GaussianBlur(height, (0, 0), 1.5 * px)
    gy, gx = np.gradient(smooth, recipe.resolution)
    slope = np.hypot(gx, gy).astype(np.float32)
    wave = 0.11 * recipe.size
    patches = noise.fractal(ground.shape, wave * px, rng, shortest=1.0 * px, gain=0.55)
    dark = noise.fractal(ground.shape, wave * px, rng, shortest=1.0 * px, gain=0.55)
    flat = noise.smoothstep(0.13, 0.09, slope)
    threshold = float(np.quantile(patches[::8, ::8], 1.0 - recipe.sand_share))
    sand = noise.smoothstep(threshold - 0.15, threshold + 0.15, patches) * flat * (1.0 - level)
    dark_share = noise.smoothstep(1.0, 1.3, dark)
    edge = 0.6 * noise.fractal(ground.shape, 2.5 * px, rng, shortest=0.5 * px)
    for channel in plan.channels:
        p = positions[channel.name]
        # Wind blows floors clear except where sand is planted; else chance would decide who is passable.
        floor = p.on_floor(1.5) * p.between(0.0, channel.length, 3.0)
        sand *= 1.0 - floor
        dark_share *= 1.0 - floor
        for f in channel.features:
            along = Position(p.along + edge, p.offset, p.half_width, p.lane, p.lane_half)
            if f.kind == "sand_slope":
                sand = np.maximum(sand, along.between(f.begin - 0.3, f.end + 0.3, 0.4) * p.on_floor(1.5))
            elif f.kind == "sand_pocket":
                sand = np.maximum(
                    sand,
                    along.between(f.begin, f.end) * p.on_floor(0.3) * (p.offset + edge < 0.25 * p.half_width),
                )
            elif f.kind == "dark_patch":
                dark_share = np.maximum(dark_share, along.between(f.begin, f.end) * p.on_floor(1.0))
    return np.clip(sand, 0, 1).astype(np.float32), np.clip(dark_share * (1 - sand), 0, 1).astype(np.float32)


def _ripples(sand: Layer, plan: Plan, recipe: Recipe, ground: Grid) -> Layer:
    """Ripples on sand: crests about 2.4 m apart, up to 6 cm high, where sand lies thick."""
    rng = noise.stream(plan.seed, "ripples")
    px = 1.0 / recipe.resolution
    xs, ys = ground.centres()
    bend = 0.9 * noise.octave(ground.shape, 9.0 * px, rng)
    phase = noise.ripple_phase(plan.seed, 2.4, xs[None, :], ys[:, None], bend)
    result: Layer = np.float32(0.03) * sand * (np.sin(phase) + 0.3 * np.sin(2 * phase + 0.7))
    return result
