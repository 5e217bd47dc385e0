# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Torn areas of a canopy, where soil shows through, and dark ones; vent and gap are open by design."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.sites import circles
from wayscout.sites.colour import Tint
from wayscout.sites.records import Mark, Mosaic
from wayscout.sites.settings import SiteParams

Array = npt.NDArray[np.float64]
Layer = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
VENT, HEM = 0.085, 0.93  # shares of the radius between which marks are looked for
GAP = (0.60, 0.95)  # shares of the radius between which the gap before the band runs
GAP_STEP, GAP_HALF = 0.01, 0.045  # share of the radius: cells in which it is sought, half of its width
GAP_CORE = 0.02  # share of the radius beside the gap's way that shows nothing but soil
SWAY = 0.02  # of soil's share that a step of the gap inwards or outwards costs
EDGE = 0.2  # m beside what was not seen, where smoothing takes it for soil
BLUR, DARK_BLUR = 0.06, 0.12  # m, deviations of the smoothing of redness and of brightness
BARE_OPENING, DARK_OPENING = 0.08, 0.16  # m, radii of what is too narrow for a mark


def find(
    mosaic: Mosaic,
    tint: Tint,
    corners: Array,
    traced: Mask,
    middle: Array,
    inside: Mask,
    params: SiteParams,
) -> tuple[Mark, ...]:
    """Find the marks of a canopy, largest first. What was not seen, or lies before a guessed rim, has none.

    Args:
        corners, middle: (n, 2) outline from east counter-clockwise, (2,) its middle, both col, row.
        traced: (n,), False where the outline is guessed.
        inside: (rows, cols), True inside the outline.
    """
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 2, 0)
    high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 3, inside.shape[::-1])
    cut = slice(low[1], high[1]), slice(low[0], high[0])
    red, bright = np.nan_to_num(tint.redness[cut]), np.nan_to_num(tint.brightness[cut])
    seen = cv2.erode(np.isfinite(tint.redness[cut]).astype(np.uint8), circles.disk(EDGE / mosaic.resolution))
    cloth = inside[cut] & (seen > 0)
    share, bearing = _polar(corners, middle - low, low, cloth.shape)
    pale, orange = cloth & (red < -params.cloth_redness), cloth & (red > params.orange_redness)
    if not (pale.any() and orange.any()):
        return ()
    colours = float(np.median(red[pale])), float(np.median(red[orange]))
    smooth = cv2.GaussianBlur(red, (0, 0), BLUR / mosaic.resolution)
    gap = _gap((np.abs(smooth) < params.cloth_redness), cloth, share, bearing, len(corners))
    beside_gap = np.abs(share - gap[bearing])
    sought = cloth & (share < HEM) & (share > VENT) & (beside_gap > GAP_HALF) & traced[bearing]
    # soil below the canopy, which the gap shows, is not just as red as the soil around
    shown = smooth[cloth & (beside_gap < GAP_CORE)]
    soil = float(np.median(shown)) if shown.size else 0.0
    bare = (smooth > soil + params.bare_pale * (colours[0] - soil)) & (
        smooth < soil + params.bare_orange * (colours[1] - soil)
    )
    # each cell beside the brightness of its own cloth, the more so the less dust is on it
    light = float(np.median(bright[pale])), float(np.median(bright[orange]))
    level = np.interp(smooth, [colours[0], 0.0, colours[1]], [light[0], 0.0, light[1]])
    dark = cv2.GaussianBlur(bright, (0, 0), DARK_BLUR / mosaic.resolution) < level - params.dark_cloth
    found = [
        *_areas("torn", bare & sought, BARE_OPENING, mosaic, low, params),
        *_areas("dark", dark & sought, DARK_OPENING, mosaic, low, params),
    ]
    return tuple(sorted(found, key=lambda m: -m.area))


def _polar(
    corners: Array, middle: Array, low: npt.NDArray[np.int_], shape: tuple[int, ...]
) -> tuple[Array, npt.NDArray[np.int_]]:
    """Return each cell's distance from the middle as a share of the outline there, and its bearing number."""
    rows, cols = np.indices(shape)
    dx, dy = cols - middle[0], rows - middle[1]
    rim = np.hypot(*(corners - low - middle).T)
    turn = (np.arctan2(dy, dx) % (2.0 * np.pi)) / (2.0 * np.pi) * len(rim)
    share = np.hypot(dx, dy) / np.interp(turn, np.arange(len(rim) + 1), np.append(rim, rim[0]))
    return share, turn.astype(int) % len(rim)


def _gap(soil: Mask, cloth: Mask, share: Array, bearing: npt.NDArray[np.int_], bearings: int) -> Array:
    """Return the share of the radius at which the gap runs, (bearings,): the closed way over most soil."""
    cells = round((GAP[1] - GAP[0]) / GAP_STEP)
    at = ((share - GAP[0]) / GAP_STEP).astype(int)
    known: Mask = cloth & (at >= 0) & (at < cells) & (share >= GAP[0])
    number = bearing[known] * cells + at[known]
    size = bearings * cells

    def turns(weights: Array) -> Array:  # three of them, so that the way closes in the second
        cut = np.bincount(number, weights=weights, minlength=size).reshape(bearings, cells)
        return np.tile(cut, (3, 1))

    bare, count = turns(soil[known].astype(np.float64)), turns(np.ones(len(number)))
    worth = cv2.GaussianBlur(bare, (0, 0), sigmaX=1.5, sigmaY=3.0) / np.maximum(
        cv2.GaussianBlur(count, (0, 0), sigmaX=1.5, sigmaY=3.0), 1e-9
    )
    best, came = worth[0], np.zeros(worth.shape, int)
    for i in range(1, len(worth)):
        before = np.pad(best, 1, constant_values=-np.inf)
        ways = np.stack([before[:-2] - SWAY, before[1:-1], before[2:] - SWAY])
        came[i] = ways.argmax(axis=0) - 1
        best = worth[i] + ways.max(axis=0)
    way = np.zeros(len(worth), int)
    way[-1] = int(best.argmax())
    for i in range(len(worth) - 1, 0, -1):
        way[i - 1] = way[i] + came[i, way[i]]
    result: Array = GAP[0] + (way[bearings : 2 * bearings] + 0.5) * GAP_STEP
    return result


def _areas(
    kind: Literal["dark", "torn"], mask: Mask, opening: float, mosaic: Mosaic,
    low: npt.NDArray[np.int_], params: SiteParams,
) -> Iterator[Mark]:  # fmt: skip
    whole = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, circles.disk(opening / mosaic.resolution))
    count, _, stats, centres = cv2.connectedComponentsWithStats(whole)
    for k in range(1, count):
        area = float(stats[k, cv2.CC_STAT_AREA]) * mosaic.resolution**2
        if params.mark_area <= area <= params.mark_largest:
            x, y = mosaic.at(centres[k][1] + low[1], centres[k][0] + low[0])
            yield Mark(kind, float(x), float(y), area)
