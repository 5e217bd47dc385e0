# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Suspension lines: thin threads that run from the canopy to the backshell, counted where they lie apart.

A line of a few millimetres covers a part of a pixel only. Redness is averaged along the ways that lines take,
which point to the backshell, so that a thread shows where a single pixel would drown in the soil's grain.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d, map_coordinates
from scipy.signal import find_peaks

from wayscout.sites.backshell import Backshell
from wayscout.sites.canopy import Canopy
from wayscout.sites.colour import Tint
from wayscout.sites.records import Mosaic
from wayscout.sites.settings import SiteParams

Array = npt.NDArray[np.float64]
BANDS = (0.55, 0.65, 0.75, 0.85)  # of the way from backshell to rim, at which lines are counted
ALONG = 0.6  # m over which a thread is averaged


@dataclass(frozen=True)
class Lines:
    """Lines as counted.

    Attributes:
        count: in the band that shows most of them; `sigma` from how much bands differ.
        ends: (n, 2, 2) x, y [m] of each line's ends: near the canopy, at the backshell's rim.
        spacing: median distance between neighbours where they were counted [m].
    """

    count: int
    sigma: float
    ends: Array
    spacing: float


def find(mosaic: Mosaic, tint: Tint, canopy: Canopy, shell: Backshell, params: SiteParams) -> Lines | None:
    """Count threads across the fan between canopy and backshell; None where the fan was not seen."""
    towards = np.arctan2(canopy.y - shell.y, canopy.x - shell.x)
    radius, apart = 0.5 * canopy.diameter, float(np.hypot(canopy.x - shell.x, canopy.y - shell.y))
    if apart <= radius + 0.5 * shell.diameter:
        return None
    half = float(np.arcsin(min(1.0, radius / apart)))
    gap = apart - radius
    counts: list[tuple[int, float, Array]] = []
    for band in BANDS:
        reach = 0.5 * shell.diameter + band * (gap - 0.5 * shell.diameter)
        step = 0.5 * mosaic.resolution / reach
        angle = towards + np.arange(-half, half, step)
        radii = reach + np.arange(-0.5 * ALONG, 0.5 * ALONG, mosaic.resolution)
        x = shell.x + radii[:, None] * np.cos(angle)[None]
        y = shell.y + radii[:, None] * np.sin(angle)[None]
        cols = (x - mosaic.origin[0]) / mosaic.resolution - 0.5
        rows = (y - mosaic.origin[1]) / mosaic.resolution - 0.5
        red = map_coordinates(tint.redness, [rows, cols], order=1, mode="constant", cval=np.nan)
        known = np.isfinite(red).mean(axis=0) > 0.8
        if known.mean() < 0.5:
            continue
        profile = -np.nan_to_num(np.nanmedian(np.where(np.isfinite(red), red, np.nan), axis=0))
        pixel = 2.0  # samples
        thread = gaussian_filter1d(profile, 0.8 * pixel) - gaussian_filter1d(profile, 5.0 * pixel)
        peaks, _ = find_peaks(
            np.where(known, thread, 0.0), height=params.line_contrast, prominence=params.line_contrast,
            distance=round(1.5 * pixel),
        )  # fmt: skip
        counts.append((len(peaks), reach, angle[peaks]))
    if not counts:
        return None
    count, reach, angle = max(counts, key=lambda c: c[0])
    sigma = float(np.hypot(np.std([c[0] for c in counts]), np.sqrt(max(count, 1))))
    directions = np.stack([np.cos(angle), np.sin(angle)], axis=1).reshape(-1, 2)
    centre = np.array([shell.x, shell.y])
    ends = np.stack(
        [centre + _to_rim(directions, canopy, centre)[:, None] * directions,
         centre + 0.5 * shell.diameter * directions], axis=1,
    )  # fmt: skip
    spacing = float(np.median(np.diff(np.sort(angle)))) * reach if count > 1 else 0.0
    return Lines(count, sigma, ends, spacing)


def _to_rim(directions: Array, canopy: Canopy, centre: Array) -> Array:
    """Distance [m] from the backshell along directions to the canopy's circle, or to beside it."""
    to = np.array([canopy.x, canopy.y]) - centre
    along = directions @ to
    aside2 = float(to @ to) - along**2
    inside = np.maximum(0.25 * canopy.diameter**2 - aside2, 0.0)
    return np.asarray(along - np.sqrt(inside))


def corridor(mosaic: Mosaic, canopy: Canopy, shell: Backshell) -> npt.NDArray[np.bool_]:
    """True in the fan between canopy and backshell, where threads cross the soil."""
    towards = np.arctan2(canopy.y - shell.y, canopy.x - shell.x) + 0.5 * np.pi
    side = 0.5 * canopy.diameter * np.array([np.cos(towards), np.sin(towards)])
    a, b = np.array([canopy.x, canopy.y]) + side, np.array([canopy.x, canopy.y]) - side
    corners = np.array([a, b, [shell.x, shell.y]])
    pixels = (corners - np.array(mosaic.origin)) / mosaic.resolution - 0.5
    mask: npt.NDArray[np.uint8] = np.zeros(mosaic.source.shape, np.uint8)
    cv2.fillPoly(mask, [np.rint(pixels).astype(np.int32)], 1)
    return mask > 0
