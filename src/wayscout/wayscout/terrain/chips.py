# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Picture chips: a target cut from the orthomosaic, stretched, with its outline and a scale."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.errors import InvalidInput
from wayscout.grid import Bounds, Grid

Image = npt.NDArray[np.uint8]
_QUALITY = 88
_UNSEEN = 30  # grey of what no picture saw
_MARK = (80, 200, 255)


def cut(grid: Grid, x: float, y: float, size: float, side: float, pixels: int) -> Image:
    """Return a chip around x, y [m], (pixels, pixels, 3) uint8 BGR, north up.

    Args:
        grid: with the layer `intensity` (grey levels).
        size: diameter of the target [m], drawn as a circle.
        side: of the chip [m].

    Raises:
        InvalidInput: on a place off the map, a side or a number of pixels that is not positive.
    """
    if not side > 0.0 or pixels < 8:
        raise InvalidInput("chip", (side, pixels), "a positive side [m] and at least 8 pixels are needed")
    if not grid.bounds.contains(x, y):
        raise InvalidInput("chip position", (x, y), f"a place on the map {grid.bounds} is needed")
    half = 0.5 * side
    part = grid.crop(Bounds(x - half, y - half, x + half, y + half))
    grey = part["intensity"]
    known = np.isfinite(grey)
    low, high = np.percentile(grey[known], [1.0, 99.0]) if known.any() else (0.0, 255.0)
    stretched = 255.0 * (np.nan_to_num(grey) - low) / max(float(high - low), 1.0)
    levels = np.where(known, np.clip(stretched, 0, 255), _UNSEEN).astype(np.uint8)
    scale = pixels / side
    # Pixel (u, v) of the chip, row 0 north, to cells of the part, whose row 0 is south.
    step = grid.resolution
    to_cells = np.array(
        [
            [1 / scale / step, 0.0, (x - half + 0.5 / scale - part.origin[0]) / step - 0.5],
            [0.0, -1 / scale / step, (y + half - 0.5 / scale - part.origin[1]) / step - 0.5],
        ]
    )
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    chip = cv2.warpAffine(levels, to_cells, (pixels, pixels), flags=flags, borderValue=(_UNSEEN,))
    colours = cv2.cvtColor(np.asarray(chip, np.uint8), cv2.COLOR_GRAY2BGR)
    centre, radius = (pixels // 2, pixels // 2), max(3, round((0.5 * size + 0.2) * scale))
    cv2.circle(colours, centre, radius, _MARK, 1, cv2.LINE_AA)
    metre = round(scale)
    cv2.line(colours, (6, pixels - 8), (6 + metre, pixels - 8), (255, 255, 255), 2)
    cv2.putText(colours, "1 m", (10 + metre, pixels - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 255), 1)
    return np.asarray(colours, np.uint8)


def encode(chip: Image) -> bytes:
    """Return a chip as JPEG."""
    done, data = cv2.imencode(".jpg", chip, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise InvalidInput("chip", chip.shape, "it cannot be encoded")
    return bytes(data.tobytes())
