# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The canopy: a disk of cloth, redder or less red than soil; its outline, its dark and torn areas."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates, median_filter

from wayscout.sites import circles, marks
from wayscout.sites.colour import Tint
from wayscout.sites.records import Mark, Mosaic
from wayscout.sites.settings import SiteParams

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
BEARINGS = 360
FAR = 20  # bearings from a traced one from which the circle is taken
UNEVEN = 0.05  # m, least unevenness of a rim
LEAST_TRACED = 0.2  # share of the outline below which nothing is said
ON_RIM = 0.25  # m from a circle that an outline's point lies on
OFF_RIM = 0.5  # m off the circle from which an edge is not the rim, where that is even
DISK_EDGE = 0.86  # share of the median radius below which an edge is not the rim; the disk ends at about 0.77


@dataclass(frozen=True)
class Canopy:
    """A canopy as found.

    Attributes:
        x, y: middle of the outline's area [m].
        outline: (n, 2) x, y [m].
        diameter: of the circle with the outline's area [m]; `sigma` is its standard deviation.
        traced: share of the outline that was traced, the rest is interpolated.
        marks: dark and torn areas.
        mask: (rows, cols) of the mosaic, True inside the outline.
    """

    x: float
    y: float
    outline: Array
    diameter: float
    sigma: float
    traced: float
    marks: tuple[Mark, ...]
    mask: Mask


def find(mosaic: Mosaic, tint: Tint, params: SiteParams) -> Canopy | None:
    """Find the largest disk of cloth with orange in it, or None."""
    stride = max(1, round(params.soil_cell / mosaic.resolution))
    red = np.nan_to_num(tint.redness)
    strange = cv2.resize(
        (np.abs(red) > params.cloth_redness).astype(np.float32), None, fx=1 / stride, fy=1 / stride,
        interpolation=cv2.INTER_AREA,
    )  # fmt: skip
    orange = cv2.resize(
        (red > params.orange_redness).astype(np.float32), None, fx=1 / stride, fy=1 / stride,
        interpolation=cv2.INTER_AREA,
    )  # fmt: skip
    cloth = (strange > 0.4).astype(np.uint8)
    cell = mosaic.resolution * stride
    cloth = cv2.morphologyEx(cloth, cv2.MORPH_OPEN, circles.disk(0.3 / cell))
    cloth = cv2.morphologyEx(cloth, cv2.MORPH_CLOSE, circles.disk(0.6 / cell))
    cloth = cv2.morphologyEx(cloth, cv2.MORPH_OPEN, circles.disk(0.8 / cell))
    count, labels, stats, centres = cv2.connectedComponentsWithStats(cloth)
    best, most = 0, params.canopy_area / cell**2
    for k in range(1, count):
        part = labels == k
        if stats[k, cv2.CC_STAT_AREA] > most and orange[part].mean() > params.orange_share:
            best, most = k, float(stats[k, cv2.CC_STAT_AREA])
    if best == 0:
        return None
    middle = centres[best] * stride + 0.5 * (stride - 1)  # col, row
    reach = float(np.sqrt(stats[best, cv2.CC_STAT_AREA] / np.pi)) * stride
    return _trace(mosaic, tint, middle, reach, params)


def around(canopy: Canopy, mosaic: Mosaic, margin: float) -> Mask:
    """True within `margin` [m] of the canopy."""
    stride = 8
    small = cv2.resize(canopy.mask.astype(np.uint8), None, fx=1 / stride, fy=1 / stride)
    wide = cv2.dilate(small, circles.disk(margin / mosaic.resolution / stride))
    return np.asarray(cv2.resize(wide, canopy.mask.shape[::-1], interpolation=cv2.INTER_NEAREST)) > 0


def _trace(mosaic: Mosaic, tint: Tint, middle: Array, reach: float, params: SiteParams) -> Canopy | None:
    """Follow rays from the middle outwards to the last cloth."""
    bearing = 2.0 * np.pi * np.arange(BEARINGS) / BEARINGS
    turn = np.stack([np.cos(bearing), np.sin(bearing)], axis=1)
    cell = mosaic.resolution
    for left in reversed(range(5)):  # each time from the middle that the rim tells: a part may be seen
        rim, found = _rim(mosaic, tint, middle, reach, bearing, params)
        if found.mean() < LEAST_TRACED:
            return None
        points = cell * rim[found, None] * turn[found]  # m from the middle
        start = circles.agreed(points, cell * reach, ON_RIM)
        moved, radius, uneven = circles.through(points, start, UNEVEN)
        if float(np.hypot(*moved)) < 0.01 * radius or left == 0:
            break
        middle, reach = middle + moved / cell, radius / cell
    # What lies far inside is the disk's edge at the gap where the band was not seen; far outside, pale sand.
    circle = (radius + turn @ moved) / cell
    found &= np.abs(rim - circle) < max(4.0 * uneven, OFF_RIM) / cell
    if found.mean() < LEAST_TRACED:
        return None
    rim = np.interp(np.arange(len(rim)), np.flatnonzero(found), rim[found], period=len(rim))
    guessed = _far_from(found)
    rim = np.where(guessed, circle, rim)
    corners = middle + rim[:, None] * turn
    moments = cv2.moments(corners.astype(np.float32)[:, None])
    # An edge is off by a share common to all of it; where it was guessed, by the rim's own unevenness too.
    sigma = 2.0 * params.edge_sigma
    if not found.all():
        sigma = float(np.hypot(sigma, 2.0 * uneven * circles.guessed(bearing, found)))
    middle = np.array([moments["m10"], moments["m01"]]) / moments["m00"]
    area = float(moments["m00"]) * mosaic.resolution**2
    mask: npt.NDArray[np.uint8] = np.zeros(mosaic.source.shape, np.uint8)
    cv2.fillPoly(mask, [np.rint(corners).astype(np.int32)], 1)
    x, y = mosaic.at(middle[1], middle[0])
    outline = np.stack(mosaic.at(corners[:, 1], corners[:, 0]), axis=1)
    diameter = 2.0 * float(np.sqrt(area / np.pi))
    told = marks.find(mosaic, tint, corners, ~guessed, middle, mask > 0, params)
    return Canopy(float(x), float(y), outline, diameter, sigma, float(found.mean()), told, mask > 0)


def _far_from(found: Mask) -> Mask:
    """Bearings with nothing traced nearby."""
    near = np.convolve(np.tile(found, 3).astype(float), np.ones(2 * FAR + 1), mode="same")
    return np.asarray(near[len(found) : 2 * len(found)] < 0.5)


def _rim(
    mosaic: Mosaic, tint: Tint, middle: Array, reach: float, bearing: Array, params: SiteParams
) -> tuple[Array, Mask]:
    """Return the distance [px] of the cloth's edge at each bearing, and whether it was found there."""
    radii = np.arange(0.5 * reach, 1.35 * reach)
    cols = middle[0] + radii[None] * np.cos(bearing)[:, None]
    rows = middle[1] + radii[None] * np.sin(bearing)[:, None]
    red = map_coordinates(np.nan_to_num(tint.redness), [rows, cols], order=1, mode="nearest")
    pale, orange = _levels(red, radii < reach, params)
    seen = map_coordinates((mosaic.source >= 0).astype(np.float32), [rows, cols], order=0, mode="constant")
    cloth = ((red < pale) | (red > orange)).astype(np.float32)
    # cloth on the way in, none on the way out: the place where the two shares differ most
    width = max(3, round(0.45 / mosaic.resolution))
    total = np.pad(np.cumsum(cloth, axis=1), ((0, 0), (1, 0)))
    k = np.arange(width, len(radii) - width)
    inside = (total[:, k] - total[:, k - width]) / width
    outside = (total[:, k + width] - total[:, k]) / width
    known = np.minimum.accumulate(seen, axis=1)[:, np.minimum(k + width, len(radii) - 1)] > 0
    # a step inside the gap ring is as clear as the rim: later ones are preferred
    step = np.where(known, inside - outside, -1.0)
    clear = step > 0.7
    found = clear.any(axis=1)
    last = clear.shape[1] - 1 - np.argmax(clear[:, ::-1], axis=1)
    rim = np.zeros(len(bearing))
    for i in np.flatnonzero(found):
        low = max(0, int(last[i]) - width)
        near = step[i, low : last[i] + 1]
        top = np.flatnonzero(near >= near.max() - 1e-6)
        rim[i] = radii[k[low + round(float(top.mean()))]] - 0.5
    if not bool(found.any()):
        return rim, np.asarray(found)
    # where dust hides the band, the last edge is that of the disk inside the gap
    found = np.asarray(found & (rim > DISK_EDGE * np.median(rim[found])))
    at = np.flatnonzero(found)
    smooth = np.interp(np.arange(len(bearing)), at, rim[at], period=len(bearing))
    steady = median_filter(smooth, 9, mode="wrap")
    found = np.asarray(found & (np.abs(rim - steady) < 0.4 / mosaic.resolution))
    at = np.flatnonzero(found)
    if not len(at):
        return rim, found
    smooth = np.interp(np.arange(len(bearing)), at, rim[at], period=len(bearing))
    return np.asarray(median_filter(smooth, 3, mode="wrap"), dtype=np.float64), found


def _levels(red: Array, inside: Mask, params: SiteParams) -> tuple[float, float]:
    """Redness below which and above which something is cloth: halfway to what most of this canopy's is.

    So a patch of sand beside the rim, less red than soil, is not taken for cloth.
    """
    known = red[:, inside]
    pale, orange = known[known < -params.cloth_redness], known[known > params.orange_redness]
    low = (
        -params.cloth_redness if not pale.size else min(-params.cloth_redness, 0.55 * float(np.median(pale)))
    )
    high = params.cloth_redness
    return low, high if not orange.size else max(high, 0.25 * float(np.median(orange)))
