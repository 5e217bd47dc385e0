# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""How ground and rocks look from near: grain finer than the world's texture, speckled rocks in the sun.

Both simulators draw with it, so that a rock looks alike in both. Nothing here is known to the mission.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.worlds.folder import Sun

Array = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]

SUNLIGHT = 0.9  # strength of the sun on rocks, where 1 saturates without sky light
SPECKLES = 4  # different pictures of speckle
SPECKLE_SIDE = 2.0  # m that a picture of speckle covers
_GRAIN_PIXELS = 1024  # side of the periodic picture of soil grain
_BAND = 512  # rows that are grained at a time


@dataclass(frozen=True)
class Look:
    """Fields of config/simulator.yaml."""

    texel: float
    grain: float
    ambient: float


def grain_picture(contrast: float, texel: float) -> npt.NDArray[np.float32]:
    """Return a periodic (p, p) factor about 1: soil grain from one texel to about half a metre."""
    rng = np.random.default_rng(20)
    p = _GRAIN_PIXELS
    frequency = np.hypot(np.fft.fftfreq(p)[:, None], np.fft.rfftfreq(p)[None])
    lowest = texel / 0.5
    spectrum = np.where(frequency > 0, 1.0 / np.maximum(frequency, lowest) ** 0.8, 0.0)
    spectrum *= np.clip(frequency / lowest, 0.0, 1.0)
    field = np.fft.irfft2(spectrum * np.fft.rfft2(rng.standard_normal((p, p))), s=(p, p))
    return np.asarray(1.0 + contrast * np.clip(field / field.std(), -3.0, 3.0), dtype=np.float32)


def grained(
    pixels: Pixels,
    grain: npt.NDArray[np.float32],
    scale: float,
    shape: tuple[int, int],
    first: tuple[int, int] = (0, 0),
) -> Pixels:
    """Cut a piece out of a world's texture, resampled and with grain.

    Args:
        pixels: (m, m, 3) texture, row 0 north.
        grain: periodic factor, see `grain_picture`.
        scale: the texture's pixels per texel of the piece.
        shape: texels of the piece, rows and columns.
        first: row and column of the piece's first texel, counted from the world's north-western corner.
    """
    rows, cols = shape
    north, west = first
    # pixel centres: texel i covers [i, i + 1), the file's pixel j covers [j, j + 1)
    to_file = np.array([[scale, 0.0, (west + 0.5) * scale - 0.5], [0.0, scale, (north + 0.5) * scale - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(pixels, to_file, (cols, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    p = len(grain)
    factor = grain[np.ix_((np.arange(rows) + north) % p, (np.arange(cols) + west) % p)]
    return np.asarray(np.clip(cut * factor[:, :, None] + 0.5, 0, 255).astype(np.uint8))


def ground_picture(pixels: Pixels, size: float, look: Look, most: int) -> Pixels:
    """Return a world's whole texture with grain.

    Args:
        pixels: (m, m, 3) texture. size: of the world [m]. most: largest side of the picture [px].
    """
    side = min(most, max(len(pixels), round(size / look.texel)))
    grain, scale = grain_picture(look.grain, size / side), len(pixels) / side
    out = np.empty((side, side, 3), dtype=np.uint8)
    for row in range(0, side, _BAND):
        rows = min(_BAND, side - row)
        out[row : row + rows] = grained(pixels, grain, scale, (rows, side), (row, 0))
    return out


def speckle(number: int) -> Pixels:
    """Return the (256, 256) speckle of the rocks that bear picture `number`, below `SPECKLES`."""
    rng = np.random.default_rng(21)
    for k in range(number + 1):
        noise = cv2.GaussianBlur(rng.standard_normal((256, 256, 1)), (0, 0), 1.2 + k * 0.5)
    return np.asarray(np.clip(225 + 22 * noise / noise.std(), 90, 255).astype(np.uint8).reshape(256, 256))


def rock_colours(
    pixels: Pixels, size: float, rocks: Array, debris: Array, sun: Sun, ambient: float
) -> tuple[Array, npt.NDArray[np.intp]]:
    """Return colours (n, 3) from 0 to 1, channels as in the texture, and the number of each rock's speckle.

    A rock has the colour of the ground beside it, on the sun's side, off its own shadow: a rock in the shadow
    of a wall is dark too. A rock's top is about as bright as the ground.

    Args:
        pixels: (m, m, 3) texture, row 0 north. size: of the world [m].
        rocks: (n, 7) rock table; its last rows are the debris, which has colours of its own.
        debris: (k, 3) colours 0-255.
        ambient: share of sky light on rocks.
    """
    small = cv2.resize(pixels, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA).astype(np.float64)
    scale = small.shape[0] / size
    away = 0.5 * np.maximum(rocks[:, 3], rocks[:, 4]) + 0.2
    x, y = rocks[:, 0] + away * np.cos(sun.azimuth), rocks[:, 1] + away * np.sin(sun.azimuth)
    col = np.clip((x + 0.5 * size) * scale, 0, small.shape[1] - 1).astype(int)
    row = np.clip((0.5 * size - y) * scale, 0, small.shape[0] - 1).astype(int)
    rank = np.empty(len(rocks), dtype=np.intp)
    rank[np.argsort(-rocks[:, 3], kind="stable")] = np.arange(len(rocks))
    shade = np.random.default_rng(22).uniform(0.8, 1.15, len(rocks))[rank]
    looks = small[row, col] * shade[:, None]
    looks[len(rocks) - len(debris) :] = debris
    # what the colours must be for the tops to look so in the sun
    lit = ambient + SUNLIGHT * np.sin(sun.elevation)
    return np.clip(looks / lit, 20, 255) / 255.0, rank % SPECKLES
