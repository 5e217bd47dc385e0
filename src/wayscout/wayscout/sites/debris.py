# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Debris: compact pieces that are less or more red than the soil within a metre of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.sites import circles
from wayscout.sites.colour import Tint
from wayscout.sites.mosaic import filled
from wayscout.sites.records import Mosaic
from wayscout.sites.settings import SiteParams

Array = npt.NDArray[np.float64]
Layer = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
AROUND = 0.5  # m, deviation of the Gaussian over the soil around a piece
EDGE = 0.08  # m beside what was not seen in which nothing is looked for
HOLE = 0.06  # m^2, unseen specks up to which are taken to be as their surroundings
RISES = (1.0, 2.0, 4.0)  # times debris_redness at which pieces are told apart
FINEST = 0.03  # m, deviation of the smoothing before pieces are told apart


@dataclass(frozen=True)
class Piece:
    """A piece: its middle, longest side `size` and its standard deviation, corners (4, 2); all in metres."""

    x: float
    y: float
    size: float
    sigma: float
    outline: Array


def find(mosaic: Mosaic, tint: Tint, covered: Mask, params: SiteParams) -> list[Piece]:
    """Find pieces, largest first.

    Args:
        covered: (rows, cols), True where something else lies.
    """
    holes = _holes(mosaic)
    strange = _strange(mosaic, tint, covered, holes)
    unseen = ((mosaic.source < 0) & ~holes).astype(np.uint8)
    covered = covered | (cv2.dilate(unseen, circles.disk(EDGE / mosaic.resolution)) > 0)
    found: list[Piece] = []
    for sign in (-1.0, 1.0):
        depth = sign * strange
        for rise in RISES:
            # what lies on a drift of sand, or close to another piece, stands alone higher up only
            for piece in _pieces_above(rise * params.debris_redness, depth, covered, mosaic, params):
                if all(np.hypot(piece.x - f.x, piece.y - f.y) > 0.5 * max(piece.size, f.size) for f in found):
                    found.append(piece)
    return sorted(found, key=lambda p: -p.size)


def _pieces_above(
    level: float, depth: Layer, covered: Mask, mosaic: Mosaic, params: SiteParams
) -> Iterator[Piece]:
    """Yield the pieces among what is connected where the depth exceeds a level."""
    mask = ((depth > level) & ~covered).astype(np.uint8)
    # lines are thinner than pieces
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, circles.disk(0.035 / mosaic.resolution))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    least = 0.3 * (params.debris_smallest / mosaic.resolution) ** 2
    most = (params.debris_largest / mosaic.resolution) ** 2
    for k in range(1, count):
        if not least <= stats[k, cv2.CC_STAT_AREA] <= most:
            continue
        left, top, width, height = stats[k, :4]
        left, top = max(0, left - 3), max(0, top - 3)
        cut = slice(top, top + height + 6), slice(left, left + width + 6)
        piece = _piece(labels[cut] == k, depth[cut], (left, top), mosaic, params)
        if piece is not None:
            yield piece


def _holes(mosaic: Mosaic) -> Mask:
    """Unseen specks with seen ground all around: the far side of a piece, mostly."""
    unseen = (mosaic.source < 0).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(unseen, connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] * mosaic.resolution**2 < HOLE
    small[0] = False  # what is seen
    return np.asarray(small[labels])


def _strange(mosaic: Mosaic, tint: Tint, covered: Mask, holes: Mask) -> Layer:
    """Redness beside that of the soil within about a metre, smoothed a little; 0 where unknown."""
    unknown = ~np.isfinite(tint.redness) & ~holes
    red = np.nan_to_num(filled(tint.redness) if holes.any() else tint.redness)
    red[unknown] = 0.0
    red = cv2.GaussianBlur(red, (0, 0), FINEST / mosaic.resolution)
    stride = 4
    size = max(1, red.shape[1] // stride), max(1, red.shape[0] // stride)
    small = cv2.resize(red, size, interpolation=cv2.INTER_AREA)
    odd = cv2.resize((unknown | covered).astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.0
    soil = ~odd & (np.abs(small) < 3.5 * tint.noise)
    sigma = AROUND / mosaic.resolution / stride
    weight = cv2.GaussianBlur(soil.astype(np.float32), (0, 0), sigma)
    value = cv2.GaussianBlur(np.where(soil, small, 0.0).astype(np.float32), (0, 0), sigma)
    level = filled(np.where(weight > 0.05, value / np.maximum(weight, 1e-6), np.nan).astype(np.float32))
    red -= cv2.resize(level, red.shape[::-1], interpolation=cv2.INTER_LINEAR)
    red[unknown] = 0.0
    return np.asarray(red, np.float32)


def _piece(
    mask: Mask, depth: Layer, corner: tuple[int, int], mosaic: Mosaic, params: SiteParams
) -> Piece | None:
    """Measure one component by the cells that reach half of its depth; None when it is no piece."""
    core = float(np.quantile(depth[mask], 0.9))
    if core < params.debris_core:
        return None
    half = (mask & (depth > 0.5 * core)).astype(np.uint8)
    contours, _ = cv2.findContours(half, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    contour = max(contours, key=cv2.contourArea)
    slope = _slope(half, depth)
    if slope < params.debris_sharpness * core and slope < params.debris_slope:
        return None
    (u, v), sides, angle = cv2.minAreaRect(contour)
    long, short = (s + 1.0 for s in sorted(sides, reverse=True))
    size = long * mosaic.resolution
    if not params.debris_smallest <= size <= params.debris_largest or long / short > params.debris_elongation:
        return None
    box = cv2.boxPoints(((u, v), (sides[0] + 1.0, sides[1] + 1.0), angle)).astype(np.float64)
    box += np.array(corner, dtype=np.float64)
    outline = np.stack(mosaic.at(box[:, 1], box[:, 0]), axis=1)
    x, y = mosaic.at(v + corner[1], u + corner[0])
    row, col = round(v + corner[1]), round(u + corner[0])
    row, col = min(max(row, 0), mosaic.source.shape[0] - 1), min(max(col, 0), mosaic.source.shape[1] - 1)
    pixel = float(mosaic.sampling[row, col])
    if pixel > params.debris_sampling:
        return None
    sigma = float(np.hypot(mosaic.resolution, pixel if np.isfinite(pixel) else mosaic.resolution))
    return Piece(float(x), float(y), size, float(np.hypot(sigma, 0.1 * size)), outline)


def _slope(half: npt.NDArray[np.uint8], depth: Layer) -> float:
    """Mean slope of the depth along a component's rim [1/px].

    What lies on the soil ends within the pictures' blur; a drift of sand fades out over decimetres.
    """
    gx, gy = (cv2.Sobel(depth, cv2.CV_32F, *axes, ksize=3, scale=0.125) for axes in ((1, 0), (0, 1)))
    rim = (half > 0) & (cv2.erode(half, np.ones((3, 3), np.uint8), borderValue=0) == 0)
    return float(np.mean(np.hypot(gx, gy)[rim]))
