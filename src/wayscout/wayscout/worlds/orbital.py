# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What the orbiter saw: coarse, smoothed, shifted, and wrong by a correlated error."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.grid import Grid
from wayscout.worlds.folder import Orbital, OrbitalMeta
from wayscout.worlds.noise import Field
from wayscout.worlds.texture import Scene, draw_rocks

Image = npt.NDArray[np.uint8]


def correlated_error(shape: tuple[int, int], correlation: float, rng: np.random.Generator) -> Field:
    """Gaussian random field of unit deviation whose correlation falls to 1/e at `correlation` [px]."""
    margin = int(4 * correlation)
    white = rng.standard_normal((shape[0] + 2 * margin, shape[1] + 2 * margin), dtype=np.float32)
    # White noise smoothed by a Gaussian of deviation s has correlation exp(-d^2 / 4 s^2).
    field = cv2.GaussianBlur(white, (0, 0), 0.5 * correlation)[margin:-margin, margin:-margin]
    result: Field = field / field.std()
    return result


def observe_elevation(
    ground: Grid, size: float, *, shift: tuple[float, float], blur: float, sigma: float, correlation: float,
    rng: np.random.Generator, post: float = 1.0,
) -> Grid:  # fmt: skip
    """Make the orbiter's elevation: a feature at p in truth appears at p + shift.

    Args:
        ground: truth with layer 'elevation', vertices as cell centres.
        size: side of the world [m].
        shift: x, y [m].
        blur: deviation of the smoothing by the stereo matcher's window [m], before averaging over a post.
        sigma, correlation: of the error [m].
        post: cell size [m].

    Returns:
        grid 'elevation' over the world's square.
    """
    smooth = ground["elevation"]
    deviation = np.hypot(blur, post / np.sqrt(12.0)) / ground.resolution
    smooth = cv2.GaussianBlur(smooth, (0, 0), float(deviation), borderType=cv2.BORDER_REPLICATE)
    n = round(size / post)
    result = Grid(size / n, (-0.5 * size, -0.5 * size), (n, n))
    xs, ys = result.centres()
    half = 0.5 * size
    x = np.clip(xs - shift[0], -half, half)
    y = np.clip(ys - shift[1], -half, half)
    u, v = ((np.stack([x, y]) - np.array(ground.origin)[:, None]) / ground.resolution - 0.5).astype(
        np.float32
    )
    map_u, map_v = np.meshgrid(u, v)
    seen = cv2.remap(smooth, map_u, map_v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    error = sigma * correlated_error((n, n), correlation / result.resolution, rng)
    grain = rng.normal(0.0, 0.12 * sigma, (n, n))
    result["elevation"] = seen + error + cv2.GaussianBlur(grain, (0, 0), 0.8)
    return result


def observe_image(
    grey: Image, size: float, *, shift: tuple[float, float], rng: np.random.Generator, pixel: float = 0.25
) -> Image:
    """Make the orbiter's image from a finer grey orthoimage (row 0 south) of the same square."""
    scale = grey.shape[0] / size
    n = round(size / pixel)
    back = np.array([[1.0, 0.0, -shift[0] * scale], [0.0, 1.0, -shift[1] * scale]])
    moved = cv2.warpAffine(
        grey,
        back,
        grey.shape[::-1],
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    image = cv2.resize(moved, (n, n), interpolation=cv2.INTER_AREA).astype(np.float32)
    image = cv2.GaussianBlur(image, (0, 0), 0.9)
    gain = 1.0 + 0.03 * correlated_error((n, n), 120.0, rng)
    image = image * gain + rng.normal(0.0, 2.5, (n, n)).astype(np.float32)
    return np.asarray(np.clip(image, 0, 255), np.uint8)


@dataclass(frozen=True)
class Orbiter:
    """How well the orbiter sees; lengths in metres.

    Attributes:
        sigma, correlation: of the elevation's error.
        blur: deviation of the stereo matcher's smoothing.
        shift: largest horizontal shift, which is drawn per world.
    """

    sigma: float
    correlation: float
    blur: float
    shift: float


def observe(
    ground: Grid, picture: Image, rocks: npt.NDArray[np.float64], scene: Scene, shift: tuple[float, float],
    orbiter: Orbiter, rng: np.random.Generator,
) -> Orbital:  # fmt: skip
    """Make all orbital products of a world from its ground, painted texture (BGR, row 0 south) and rocks."""
    elevation = observe_elevation(
        ground, scene.size, shift=shift, blur=orbiter.blur, sigma=orbiter.sigma,
        correlation=orbiter.correlation, rng=rng,
    )  # fmt: skip
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
    draw_rocks(grey, rocks, scene)
    image = observe_image(grey, scene.size, shift=shift, rng=rng)
    corner = (-0.5 * scene.size, -0.5 * scene.size)
    pixel = scene.size / image.shape[0]
    meta = OrbitalMeta(
        elevation_resolution=elevation.resolution, image_resolution=pixel, origin=corner,
        elevation_sigma=max(orbiter.sigma, 0.01), elevation_correlation=orbiter.correlation,
        shift_sigma=max(0.5 * orbiter.shift, 0.01),
    )  # fmt: skip
    return Orbital(elevation, image, pixel, corner, meta)
