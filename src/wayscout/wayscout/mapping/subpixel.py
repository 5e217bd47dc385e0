# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Disparities to small fractions of a pixel: the right raster laid on the left one by least squares.

Semi-global matching fits a parabola to three costs, which draws disparities to whole pixels (Shimizu and
Okutomi 2001, "Precise sub-pixel estimation on area-based matching") and smooths them. Here each window is
shifted along the scan line until its brightness agrees best (Lucas and Kanade 1981), with the mean of both
rasters' gradients (Malis 2004, efficient second-order minimisation). Each pixel of a window keeps the
disparity that it was matched with, and only their common error is sought: edges stay where they are.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.mapping.rectify import Image

Disparity = npt.NDArray[np.float32]

_ROUNDS = 2  # of linearising
_FARTHEST = 1.0  # [px] that a disparity may move: matching errs by fractions; farther off is another texture
_NOISE = 4.0  # [grey^2/px^2] mean square of a gradient that the pictures' noise makes: on less nothing moves
_PER_WINDOW = 0.25  # standard deviation of the Gaussian weights over the window's side


def refine(left: Image, right: Image, disparity: Disparity, reach: int) -> Disparity:
    """Return disparities that lay the right raster on the left one best.

    Args:
        left, right: rectified rasters, (rows, cols) uint8.
        disparity: of the left raster, (rows, cols) float32 [px], NaN where unknown: left at column u shows
            what right shows at u - disparity.
        reach: half width of the window that moves as one [px], at least 1.
    """
    window = 2 * reach + 1
    known = np.isfinite(disparity)
    weight = known.astype(np.float32)
    first = np.where(known, disparity, 0.0).astype(np.float32)
    cols, rows = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in disparity.shape[::-1]))
    bright, other = left.astype(np.float32), right.astype(np.float32)
    along_left, along_right = (cv2.Sobel(side, cv2.CV_32F, 1, 0, scale=1.0 / 8.0) for side in (bright, other))

    def mean(values: Disparity) -> Disparity:
        return np.asarray(cv2.GaussianBlur(values, (window, window), _PER_WINDOW * window))

    share = np.maximum(mean(weight), 1e-3)
    moved = np.zeros_like(first)
    for _ in range(_ROUNDS):
        at = cols - first - moved
        shown = cv2.remap(other, at, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        along = cv2.remap(along_right, at, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        gradient = 0.5 * (along + along_left) * weight
        difference = (bright - shown) * weight
        # About the window's means, so that one picture may be brighter than the other.
        slope = mean(gradient)
        both = mean(gradient * difference) - slope * mean(difference) / share
        square = mean(gradient * gradient) - slope * slope / share
        moved = np.clip(moved - both / (square + _NOISE), -_FARTHEST, _FARTHEST)
    return np.where(known, first + moved, np.nan).astype(np.float32)
