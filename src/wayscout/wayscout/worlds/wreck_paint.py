# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Paints canopy, backshell and suspension lines on a world's texture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.grid import Grid, Layer
from wayscout.worlds import noise
from wayscout.worlds.texture import AMBIENT, Image, Scene, shadow_of, sunlight
from wayscout.worlds.wreck import CONE_TOP, GAP, GORES, RINGS, Backshell, Blemish, Canopy, Line, Wreck

# Linear albedo, red green blue; soil has about 0.36.
WHITE, ORANGE = (0.74, 0.72, 0.69), (0.66, 0.24, 0.06)
SHELL, INSIDE = (0.60, 0.57, 0.52), (0.10, 0.09, 0.085)
LINE = (0.80, 0.78, 0.74)
GAMMA = 0.72  # of the painted response, as in `texture`


@dataclass(frozen=True)
class Window:
    """A part of the texture: rows and columns, and where its pixels lie in map [m]."""

    rows: slice
    cols: slice
    x: Layer
    y: Layer
    pixel: float

    @classmethod
    def around(cls, scene: Scene, x: float, y: float, reach: float) -> Window:
        """The pixels within `reach` [m] of a point along each axis."""

        def cut(at: float) -> slice:
            begin = int((at - reach + 0.5 * scene.size) / scene.pixel)
            return slice(max(0, begin), min(scene.pixels, max(0, begin) + int(2.0 * reach / scene.pixel) + 1))

        rows, cols = cut(y), cut(x)
        xs = ((np.arange(cols.start, cols.stop) + 0.5) * scene.pixel - 0.5 * scene.size).astype(np.float32)
        ys = ((np.arange(rows.start, rows.stop) + 0.5) * scene.pixel - 0.5 * scene.size).astype(np.float32)
        return cls(rows, cols, *np.meshgrid(xs, ys), scene.pixel)

    def sampled(self, layer: Layer, ground: Grid) -> Layer:
        """Interpolate a layer of the ground at the pixels."""
        u = (self.x - ground.origin[0]) / ground.resolution - 0.5
        v = (self.y - ground.origin[1]) / ground.resolution - 0.5
        return np.asarray(cv2.remap(layer, u.astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR))

    def texture(self, wavelength: float, shortest: float, gain: float, rng: np.random.Generator) -> Layer:
        """Fractal noise over the window, its wavelengths in metres."""
        px = 1.0 / self.pixel
        return noise.fractal(self.x.shape, wavelength * px, rng, shortest=max(1.0, shortest * px), gain=gain)


def paint(picture: Image, scene: Scene, ground: Grid, wreck: Wreck, line_width: float) -> None:
    """Paint a wreck into a texture (BGR, row 0 south) whose ground bears it already, in place.

    Args:
        line_width: of a suspension line [m].
    """
    light = sunlight(scene, ground["elevation"], ground.resolution)
    shadow = shadow_of(ground["elevation"], ground.resolution, scene.sun_azimuth, scene.sun_elevation)
    direct: Layer = light * (1.0 - shadow)
    _paint_lines(picture, scene, wreck.lines, line_width, direct, ground)
    _paint_canopy(picture, scene, wreck.canopy, direct, ground)
    _paint_backshell(picture, scene, wreck.backshell, direct, ground)


def _lit(albedo: Layer, direct: Layer) -> Layer:
    """Colour (BGR, 0-255) of something of a linear albedo (rows, cols, 3 RGB) in the light of a place."""
    linear = np.clip(albedo, 0.0, 1.0) * (AMBIENT + (1.0 - AMBIENT) * direct)[..., None]
    result: Layer = (255.0 * np.clip(linear, 0.0, 1.0) ** GAMMA)[..., ::-1].astype(np.float32)
    return result


def _blend(picture: Image, window: Window, colour: Layer, share: Layer) -> None:
    part = picture[window.rows, window.cols].astype(np.float32)
    part += share[..., None] * (colour - part)
    picture[window.rows, window.cols] = np.clip(part + 0.5, 0.0, 255.0).astype(np.uint8)


def _paint_canopy(picture: Image, scene: Scene, canopy: Canopy, direct: Layer, ground: Grid) -> None:
    window = Window.around(scene, canopy.x, canopy.y, float(canopy.rim.max()) + 0.3)
    rng = noise.stream(scene.seed, "fabric")
    bend = [0.10 * window.texture(1.5, 0.2, 0.6, rng) for _ in range(2)]
    share, bearing = canopy.polar(window.x, window.y)
    radius = share * canopy.radius(bearing)
    cover = np.clip((canopy.radius(bearing) - radius) / window.pixel + 0.5, 0.0, 1.0)
    # folds bend the seams, but not the rim
    inner, angle = canopy.polar(window.x + bend[0], window.y + bend[1])
    ring = np.searchsorted(np.array(RINGS), np.where(inner < GAP[0], inner, 0.99))
    ring = np.clip(ring - 1, 0, len(canopy.pattern) - 1)
    turned = ((angle - canopy.turn) / (2.0 * np.pi) * GORES) % GORES
    orange = canopy.pattern[ring, np.minimum(turned.astype(int), GORES - 1)]
    cover = np.where(((inner > GAP[0]) & (inner < GAP[1])) | (inner < RINGS[0]), 0.12 * cover, cover)
    albedo = np.where(orange[..., None], np.array(ORANGE), np.array(WHITE)).astype(np.float32)
    seam = np.abs(turned - np.rint(turned)) * (2.0 * np.pi / GORES) * np.maximum(radius, 0.5)
    albedo *= (1.0 - 0.18 * noise.smoothstep(0.03, 0.01, seam))[..., None]
    albedo *= (1.0 + 0.09 * window.texture(0.6, 0.03, 0.75, rng))[..., None]
    for blemish in canopy.blemishes:
        inside = ragged(blemish, window, rng)
        if blemish.kind == "torn":
            cover = cover * (1.0 - inside)
        else:
            albedo *= (1.0 - 0.72 * inside)[..., None]
    dust = np.clip(canopy.dust + 0.16 * window.texture(5.0, 0.15, 0.6, rng), 0.03, 0.65)
    colour = _lit(albedo, window.sampled(direct, ground))
    _blend(picture, window, colour, (cover * (1.0 - dust)).astype(np.float32))


def ragged(blemish: Blemish, window: Window, rng: np.random.Generator) -> Layer:
    """1 inside a blemish, 0 outside; its rim wanders by a tenth of its size."""
    dx, dy = window.x - blemish.x, window.y - blemish.y
    c, s = np.cos(blemish.yaw), np.sin(blemish.yaw)
    u, v = (c * dx + s * dy) / blemish.a, (c * dy - s * dx) / blemish.b
    wander = 0.12 * np.sin(5.0 * np.arctan2(v, u) + rng.uniform(0, 6.28))
    return noise.smoothstep(1.03, 0.97, np.hypot(u, v) - wander)


def _paint_backshell(picture: Image, scene: Scene, shell: Backshell, direct: Layer, ground: Grid) -> None:
    window = Window.around(scene, shell.x, shell.y, 0.5 * shell.diameter + 0.2)
    rng = noise.stream(scene.seed, "backshell")
    dx, dy = window.x - shell.x, window.y - shell.y
    r, bearing = np.hypot(dx, dy), np.arctan2(dy, dx)
    radius = shell.radius(bearing)
    cover = np.clip((radius - r) / window.pixel + 0.5, 0.0, 1.0)
    share = r / (0.5 * shell.diameter)
    streaks = noise.curve(2.0 * np.pi, 0.25, (bearing + np.pi).ravel(), rng).reshape(r.shape)
    albedo = np.array(SHELL, np.float32) * (1.0 + 0.10 * streaks * share)[..., None]
    albedo *= (1.0 + 0.07 * window.texture(0.5, 0.03, 0.7, rng))[..., None]
    for seam in (CONE_TOP, 0.62, 0.93):
        albedo *= (1.0 - 0.5 * noise.smoothstep(0.03, 0.012, np.abs(share - seam) * 0.5 * shell.diameter))[
            ..., None
        ]
    ragged_rim = noise.smoothstep(0.22, 0.10, radius - r) * (radius < 0.499 * shell.diameter)
    albedo += ragged_rim[..., None] * (np.array(INSIDE, np.float32) - albedo)  # what it is made of inside
    dust = np.clip(0.18 + 0.12 * window.texture(1.5, 0.1, 0.6, rng), 0.0, 0.5)
    colour = _lit(albedo.astype(np.float32), window.sampled(direct, ground))
    _blend(picture, window, colour, (cover * (1.0 - dust)).astype(np.float32))


def _paint_lines(
    picture: Image, scene: Scene, lines: tuple[Line, ...], width: float, direct: Layer, ground: Grid
) -> None:
    """Lines are thinner than a pixel: each takes the share of a pixel that its width covers."""
    points = np.concatenate([line.points for line in lines])
    middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
    window = Window.around(
        scene, float(middle[0]), float(middle[1]), 0.5 * float(np.ptp(points, 0).max()) + 1
    )
    clear: npt.NDArray[np.float32] = np.ones(window.x.shape, np.float32)
    stroke = np.zeros(window.x.shape, np.uint8)
    for line in lines:
        stroke[:] = 0
        u = (line.points[:, 0] - float(window.x[0, 0])) / scene.pixel * 16
        v = (line.points[:, 1] - float(window.y[0, 0])) / scene.pixel * 16
        pixels = np.rint(np.stack([u, v], axis=1)).astype(np.int32)
        for begin, end in runs(line.visible):
            cv2.polylines(stroke, [pixels[begin:end]], False, 255, 1, cv2.LINE_AA, 4)
        low, high = np.maximum(pixels.min(axis=0) // 16 - 3, 0), pixels.max(axis=0) // 16 + 4
        part = (slice(low[1], high[1]), slice(low[0], high[0]))
        clear[part] *= 1.0 - min(1.0, width / scene.pixel) * stroke[part] / np.float32(255.0)
    colour = _lit(
        np.broadcast_to(np.array(LINE, np.float32), (*clear.shape, 3)), window.sampled(direct, ground)
    )
    _blend(picture, window, colour, (0.9 * (1.0 - clear)).astype(np.float32))


def runs(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return begin and end (exclusive) of the stretches of at least two True in a row."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2) if b - a > 1]
