# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Disparities below a pixel: known shifts of a texture, and what must stay as it was."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from wayscout.mapping import subpixel

Array = npt.NDArray[np.float32]
SHAPE = (80, 120)


def pair(disparity: Array, seed: int = 5, noise: float = 1.0) -> tuple[npt.NDArray[np.uint8], ...]:
    """A texture and what the right raster shows of it where left at u lies at u - disparity."""
    rng = np.random.default_rng(seed)
    wide = cv2.GaussianBlur(rng.normal(0.0, 1.0, (SHAPE[0], SHAPE[1] + 40)).astype(np.float32), (0, 0), 1.5)
    wide = 110.0 + 30.0 * wide / wide.std()
    cols, rows = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in SHAPE[::-1]))
    right = wide[:, 20:-20]
    left = cv2.remap(wide, cols + 20.0 - disparity, rows, cv2.INTER_CUBIC)
    noisy = (side + rng.normal(0.0, noise, SHAPE) for side in (left, right))
    return tuple(np.clip(np.rint(side), 0, 255).astype(np.uint8) for side in noisy)


@pytest.mark.parametrize("brighter", [0, 12])
def test_what_is_drawn_to_whole_pixels_is_drawn_back(brighter: int) -> None:
    cols = np.arange(SHAPE[1], dtype=np.float32)
    true = np.broadcast_to(6.0 + 0.02 * cols, SHAPE).astype(np.float32)
    left, right = pair(true)
    left = left + np.uint8(brighter)
    drawn = (true - 0.15 * np.sin(2.0 * np.pi * true)).astype(np.float32)
    found = subpixel.refine(left, right, drawn, 3)
    error = (found - true)[8:-8, 16:-16]
    assert np.sqrt(np.mean(error**2)) < 0.04  # of 0.106
    assert abs(error.mean()) < 0.01


def test_an_edge_stays_where_it_is() -> None:
    true = np.full(SHAPE, 5.3, np.float32)
    true[:, 60:] = 9.7
    left, right = pair(true)
    found = subpixel.refine(left, right, np.rint(true).astype(np.float32), 3)
    assert np.abs(found - true)[8:-8, 16:56].max() < 0.3
    assert np.abs(found - true)[8:-8, 64:-16].max() < 0.3
    assert np.abs(found - true)[8:-8, 16:-16].max() < 1.5  # of 4.4 from side to side


def test_what_is_unknown_stays_unknown_and_bare_ground_where_it_was() -> None:
    disparity = np.full(SHAPE, 7.25, np.float32)
    disparity[20:30, 20:30] = np.nan
    flat = np.full(SHAPE, 90, np.uint8)
    found = subpixel.refine(flat, flat, disparity, 3)
    assert np.array_equal(np.isnan(found), np.isnan(disparity))
    assert np.nanmax(np.abs(found - disparity)) < 1e-5


def test_nothing_moves_by_more_than_a_pixel() -> None:
    true = np.full(SHAPE, 8.0, np.float32)
    left, right = pair(true)
    wrong = true + 5.0
    found = subpixel.refine(left, right, wrong, 3)
    assert np.abs(found - wrong).max() <= 1.0 + 1e-5
