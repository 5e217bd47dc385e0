# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The painted ground: a colour orthoimage with sunlight and shadows baked in, rocks below 0.25 m included."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.grid import Grid, Layer
from wayscout.worlds import noise
from wayscout.worlds.noise import Octaves

Image = npt.NDArray[np.uint8]
AMBIENT = 0.30  # share of the light that comes from the dusty sky
BAND = 512  # rows painted at once
COARSE = 4  # fields without detail below half a metre are made on every fourth pixel
BROAD_FIELDS = frozenset({"broad", "bare", "bend", "hue"})


@dataclass(frozen=True)
class Scene:
    """What the painter must know besides the ground.

    Attributes:
        seed: of the albedo.
        size: side of the square [m].
        pixels: side of the texture [px].
        layer: thickness of rock layers that differ in brightness [m].
        sun_azimuth, sun_elevation: direction towards the sun [rad], azimuth from east, counter-clockwise.
    """

    seed: int
    size: float
    pixels: int
    layer: float
    sun_azimuth: float
    sun_elevation: float

    @property
    def pixel(self) -> float:
        """Size of a texture pixel [m]."""
        return self.size / self.pixels


def shadow_of(height: Layer, resolution: float, azimuth: float, elevation: float) -> Layer:
    """Shadow that terrain throws on itself: 1 dark, 0 lit, with a soft edge.

    Args:
        height: (rows, cols) [m], row 0 south.
        azimuth, elevation: direction towards the sun [rad], azimuth from east, counter-clockwise.
    """
    stride = 2 if height.shape[0] > 1100 else 1
    coarse = np.ascontiguousarray(height[::stride, ::stride])
    step = resolution * stride
    reach = min(float(np.ptp(height)) / np.tan(elevation), 0.5 * step * max(coarse.shape))
    above = np.full(coarse.shape, -np.inf, np.float32)
    distance = step
    while distance < reach:
        dx, dy = distance * np.cos(azimuth) / step, distance * np.sin(azimuth) / step
        towards = np.array([[1, 0, dx], [0, 1, dy]])
        ahead = cv2.warpAffine(
            coarse, towards, coarse.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        np.maximum(above, ahead - np.float32(distance * np.tan(elevation)), out=above)
        distance += step * max(1.0, 0.03 * distance / step)
    dark = noise.smoothstep(0.0, 0.12, above - coarse)
    dark = cv2.resize(dark, height.shape[::-1], interpolation=cv2.INTER_LINEAR) if stride > 1 else dark
    return np.asarray(dark, np.float32)


def sunlight(scene: Scene, height: Layer, resolution: float) -> Layer:
    """Direct light on each vertex as a share of that on level ground, cast shadows apart."""
    gy, gx = np.gradient(height, resolution)
    sun = (np.cos(scene.sun_azimuth), np.sin(scene.sun_azimuth), np.tan(scene.sun_elevation))
    light = (sun[2] - gx * sun[0] - gy * sun[1]) / (sun[2] * np.sqrt(1 + gx**2 + gy**2))
    result: Layer = np.clip(light, 0.0, 1.7).astype(np.float32)
    return result


def rock_shadows(rocks: npt.NDArray[np.float64], scene: Scene) -> Image:
    """(pixels, pixels) uint8, row 0 south: 255 where a rock's shadow falls (its own footprint included)."""
    mask = np.zeros((scene.pixels, scene.pixels), np.uint8)
    scale = scene.pixels / scene.size
    away = np.array([-np.cos(scene.sun_azimuth), -np.sin(scene.sun_azimuth)])
    angle = float(np.degrees(np.arctan2(away[1], away[0])))
    for x, y, _, width, depth, height, _ in rocks:
        reach = height / np.tan(scene.sun_elevation)
        radius = 0.25 * (width + depth)
        centre = np.array([x, y]) + away * 0.5 * reach
        _ellipse(mask, centre, (radius + 0.5 * reach, 0.92 * radius), angle, 255, scene.size, scale)
    return mask


def _ellipse(
    image: Image, centre: npt.NDArray[np.float64], axes: tuple[float, float], angle: float, value: int,
    size: float, scale: float,
) -> None:  # fmt: skip
    u, v = ((centre + 0.5 * size) * scale - 0.5) * 16
    a, b = (max(1, round(r * scale * 16)) for r in axes)
    cv2.ellipse(image, (round(u), round(v)), (a, b), angle, 0, 360, value, -1, cv2.LINE_AA, 4)


def draw_rocks(grey: Image, rocks: npt.NDArray[np.float64], scene: Scene) -> None:
    """Draw rocks as seen from above on a grey orthoimage (row 0 south): a lit and a dim side."""
    scale = grey.shape[0] / scene.size
    towards = np.array([np.cos(scene.sun_azimuth), np.sin(scene.sun_azimuth)])
    for x, y, _, width, depth, _, yaw in rocks:
        centre = np.array([x, y])
        _ellipse(grey, centre, (0.5 * width, 0.5 * depth), float(np.degrees(yaw)), 78, scene.size, scale)
        lit = centre + towards * 0.14 * width
        _ellipse(grey, lit, (0.36 * width, 0.36 * depth), float(np.degrees(yaw)), 128, scene.size, scale)


def paint(scene: Scene, ground: Grid, rocks: npt.NDArray[np.float64]) -> tuple[Image, float]:
    """Paint the ground.

    Returns:
        (pixels, pixels, 3) uint8 BGR, row 0 south, and the share of the area that lies in shadow.
    """
    n = scene.pixels
    height = ground["elevation"]
    shadow = shadow_of(height, ground.resolution, scene.sun_azimuth, scene.sun_elevation)
    gy, gx = np.gradient(height, ground.resolution)
    steep = noise.smoothstep(0.35, 0.8, np.hypot(gx, gy))
    light = sunlight(scene, height, ground.resolution)
    strata = _strata_albedo(scene, height, ground.resolution)
    layers = [light, shadow, steep, strata, ground["sand"], ground["dark"]]
    thrown = rock_shadows(rocks, scene)
    fields = _fields(scene)
    picture = np.empty((n, n, 3), np.uint8)
    for begin in range(0, n, BAND):
        end = min(n, begin + BAND)
        picture[begin:end] = _band(begin, end, scene, ground.resolution, layers, thrown[begin:end], fields)
    return picture, float(shadow.mean() + (thrown > 127).mean() * (1 - shadow.mean()))


def _fields(scene: Scene) -> dict[str, Octaves]:
    """The noise fields of the albedo; wavelengths in metres."""

    def field(name: str, wavelength: float, shortest: float, gain: float) -> Octaves:
        rng = noise.stream(scene.seed, "albedo", name)
        stride = COARSE if name in BROAD_FIELDS else 1
        n, pixel = scene.pixels // stride, scene.pixel * stride
        return Octaves((n, n), wavelength / pixel, rng, shortest=max(1.0, shortest / pixel), gain=gain)

    return {
        "broad": field("broad", 42.0, 1.0, 0.62),
        "fine": field("fine", 1.6, 0.0, 0.85),
        "grain": field("grain", 0.12, 0.0, 0.9),
        "plates": field("plates", 3.2, 0.3, 0.6),
        "bare": field("bare", 24.0, 0.8, 0.6),
        "bend": field("bend", 7.0, 1.5, 0.5),
        "hue": field("hue", 18.0, 0.6, 0.65),
    }


def _rows(field: Octaves, begin: int, end: int, stride: int) -> Layer:
    """Rows of a field; one that was made coarser by `stride` is interpolated, with a margin against seams."""
    if stride == 1:
        return field.rows(begin, end)
    coarse = field.rows(begin // stride - 1, end // stride + 1)
    fine = cv2.resize(coarse, (coarse.shape[1] * stride, coarse.shape[0] * stride))
    return np.asarray(fine[stride:-stride], np.float32)


def _pebbles(begin: int, end: int, scene: Scene, patches: Layer) -> Layer:
    """Stones of 5 to 25 cm: a lit and a dim side and a shadow, as change of brightness."""
    rng = noise.stream(scene.seed, "pebbles", str(begin))
    shape, pixel = (end - begin, scene.pixels), scene.pixel
    total = np.zeros(shape, np.float32)
    crowd = noise.smoothstep(-1.2, 1.2, patches) + 0.15
    for width, per_area in ((0.045, 40.0), (0.07, 14.0), (0.11, 4.0), (0.18, 0.8)):
        if width < 0.8 * pixel:
            continue
        dots = (rng.random(shape, dtype=np.float32) < per_area * pixel**2 * crowd).astype(np.float32)
        dots *= rng.uniform(0.6, 1.3, shape[1]).astype(np.float32)
        total += cv2.filter2D(dots, -1, _stone(width, scene), borderType=cv2.BORDER_CONSTANT)
    result: Layer = np.clip(total, -0.55, 0.45)
    return result


def _stone(width: float, scene: Scene) -> Layer:
    """Kernel of one stone of `width` [m] for cv2.filter2D, which mirrors it."""
    pixel = scene.pixel
    reach = 0.5 * width / np.tan(scene.sun_elevation)
    half = int(np.ceil((0.5 * width + reach) / pixel)) + 1
    fine = 5  # samples per pixel and axis
    axis = (np.arange((2 * half + 1) * fine) - (half + 0.5) * fine + 0.5) * pixel / fine
    x, y = np.meshgrid(-axis, -axis)
    along = x * np.cos(scene.sun_azimuth) + y * np.sin(scene.sun_azimuth)
    across = -x * np.sin(scene.sun_azimuth) + y * np.cos(scene.sun_azimuth)
    radius = 0.5 * width
    body = np.hypot(along, across) < radius
    shadow = (((along + 0.5 * reach) / (radius + 0.5 * reach)) ** 2 + (across / radius) ** 2 < 1.0) & ~body
    look = np.where(body, 0.08 + 0.34 * along / radius, 0.0) - 0.5 * shadow
    return np.asarray(cv2.resize(look.astype(np.float32), (2 * half + 1,) * 2, interpolation=cv2.INTER_AREA))


def _strata_albedo(scene: Scene, height: Layer, resolution: float) -> Layer:
    """Brightness of rock layers by height, about zero mean; they dip and wave a little."""
    rng = noise.stream(scene.seed, "bands")
    px = 1.0 / resolution
    wavy = 0.5 * noise.octave(height.shape, 26.0 * px, rng) + 0.12 * noise.octave(height.shape, 3.0 * px, rng)
    bands = rng.normal(0.0, 1.0, 400)
    level = height + wavy
    result: Layer = np.interp(level / scene.layer, np.arange(400) - 20.0, bands).astype(np.float32)
    return result


def _band(
    begin: int, end: int, scene: Scene, resolution: float, layers: list[Layer], thrown: Image,
    fields: dict[str, Octaves],
) -> Image:  # fmt: skip
    """Paint rows begin to end."""
    n, pixel = scene.pixels, scene.pixel
    scale = pixel / resolution
    to_vertex = np.array([[scale, 0, 0.5 * scale], [0, scale, (begin + 0.5) * scale]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    light, shadow, steep, strata, sand, dark = (
        cv2.warpAffine(a, to_vertex, (n, end - begin), flags=flags) for a in layers
    )
    value = {k: _rows(f, begin, end, COARSE if k in BROAD_FIELDS else 1) for k, f in fields.items()}
    bare = noise.smoothstep(-0.1, 0.7, value["bare"] + 1.5 * steep)
    # Bedrock breaks into plates with dark, sand-filled joints; regolith carries pebbles, light and dark.
    joints = noise.smoothstep(0.10, 0.02, np.abs(value["plates"])) * bare * (1 - steep)
    pebbles = _pebbles(begin, end, scene, value["broad"]) * (1.0 - sand)
    rough = 1.0 + 0.11 * value["broad"] + 0.09 * value["fine"] + 0.065 * value["grain"]
    rough += 0.09 * bare - 0.20 * joints + 0.10 * strata * (0.25 + 0.75 * steep) * bare + pebbles
    rough *= 1.0 - 0.24 * dark
    xs = (np.arange(n) + 0.5) * pixel - 0.5 * scene.size
    ys = (np.arange(begin, end) + 0.5) * pixel - 0.5 * scene.size
    crests = np.sin(noise.ripple_phase(scene.seed, 0.42, xs[None, :], ys[:, None], 0.16 * value["bend"]))
    smooth = 0.86 + 0.05 * value["broad"] + 0.018 * value["fine"] + 0.022 * value["grain"] + 0.035 * crests
    albedo = np.maximum(rough + sand * (smooth - rough), 0.25)
    direct = light * (1.0 - shadow) * (1.0 - thrown.astype(np.float32) * np.float32(0.92 / 255.0))
    grey = 0.36 * albedo * (AMBIENT + (1.0 - AMBIENT) * direct)
    warm = np.clip(0.5 + 0.18 * value["hue"] - 0.35 * sand - 0.3 * dark, 0.0, 1.0)
    # A camera's response: brightens the shadows without burning the sunlit walls.
    bright = np.float32(255.0) * grey ** np.float32(0.72)
    picture = np.empty((*bright.shape, 3), np.uint8)
    for band, (cold, change) in enumerate(((0.852, -0.193), (0.971, -0.059), (1.127, 0.147))):
        picture[..., band] = np.clip(bright * (cold + change * warm), 0.0, 255.0)
    return picture
