# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What is not the soil's colour: how red each cell is, beside the soil around it.

Light and shadow change all colours of a surface by about the same factor, so that the logarithm of red
over blue keeps to what the surface is made of (after Finlayson and Hordley's log-chromaticities). Martian
soil and rocks are red by a factor that varies slowly over metres. Cloth, tiles and metal are less red; orange
cloth and foil are redder.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.sites.mosaic import filled
from wayscout.sites.records import Mosaic
from wayscout.sites.settings import SiteParams

Layer = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Tint:
    """Colour of a mosaic's cells beside the soil around them; NaN where nothing was seen.

    Attributes:
        redness: log of red over blue, less that of the soil around.
        brightness: log of the mean of the colours, less that of the soil around.
        noise: standard deviation of the soil's redness.
    """

    redness: Layer
    brightness: Layer
    noise: float


def tint(mosaic: Mosaic, params: SiteParams, covered: Mask | None = None) -> Tint:
    """Compare each cell's colour with the soil's around it.

    Args:
        covered: (rows, cols), True where the soil is known to be covered.
    """
    seen = mosaic.source >= 0
    share = _smooth(seen.astype(np.float32), params.colour_smooth)
    bands = [
        _smooth(np.where(seen, mosaic.colours[..., k], 0).astype(np.float32), params.colour_smooth)
        / np.maximum(share, 1e-3)
        for k in range(3)
    ]
    red = np.log((bands[0] + 2.0) / (bands[2] + 2.0)).astype(np.float32)
    bright = np.log((bands[0] + bands[1] + bands[2]) / 3.0 + 2.0).astype(np.float32)
    red[~seen] = bright[~seen] = np.nan
    bare = seen if covered is None else seen & ~covered
    soil_red, soil_bright, noise = _soil(red, bright, bare, mosaic.resolution, params)
    return Tint(red - soil_red, bright - soil_bright, noise)


def _soil(
    red: Layer, bright: Layer, bare: Mask, resolution: float, params: SiteParams
) -> tuple[Layer, Layer, float]:
    """The soil's own redness and brightness: a local mean that leaves out, in rounds, what is strange."""
    stride = max(1, round(params.soil_cell / resolution))
    size = max(1, red.shape[1] // stride), max(1, red.shape[0] // stride)
    gaps = cv2.resize(bare.astype(np.float32), size, interpolation=cv2.INTER_AREA) < 0.999

    def coarse(layer: Layer) -> Layer:
        mean = cv2.resize(np.nan_to_num(layer), size, interpolation=cv2.INTER_AREA)
        return np.where(gaps, np.nan, mean).astype(np.float32)

    small, light = coarse(red), coarse(bright)
    middle = float(np.nanmedian(small))
    spread = 1.4826 * float(np.nanmedian(np.abs(small - middle)))
    soil = np.abs(small - middle) < 3.0 * spread
    sigma = params.soil_reach / (stride * resolution)
    noise = spread
    for _ in range(3):
        level = _masked_mean(small, soil, sigma)
        rest = small - level
        noise = 1.4826 * float(np.median(np.abs(rest[soil])))
        soil = np.abs(rest) < 2.5 * noise
        # what is strange reaches a little farther than it shows
        soil &= cv2.erode((soil | np.isnan(small)).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    size = red.shape[::-1]
    result = [
        cv2.resize(_masked_mean(layer, soil, sigma), size, interpolation=cv2.INTER_LINEAR)
        for layer in (small, light)
    ]
    return result[0], result[1], noise


def _masked_mean(layer: Layer, mask: Mask, sigma: float) -> Layer:
    """Gaussian mean of the cells of a mask; far from any, what `filled` makes of it."""
    weight = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma)
    value = cv2.GaussianBlur(np.where(mask, layer, 0.0).astype(np.float32), (0, 0), sigma)
    return filled(np.where(weight > 0.02, value / np.maximum(weight, 1e-6), np.nan).astype(np.float32))


def _smooth(layer: Layer, sigma: float) -> Layer:
    return np.asarray(cv2.GaussianBlur(layer, (0, 0), sigma), np.float32)
