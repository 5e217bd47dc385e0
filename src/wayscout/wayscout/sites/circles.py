# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Circles through points of which some are not on them, and how much of a rim a circle may guess."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
DRAWS = 400
SWELL = 60  # degrees over which a rim wanders off its circle to one side; fitted on made worlds 101 to 106


def agreed(points: Array, radius: float, near: float) -> tuple[float, float, float]:
    """Return x, y and radius of the circle through three of (n, 2) points [m] that most others lie on.

    Random sample consensus with a fixed seed among circles of half to twice a radius [m]; what is nearer
    than `near` [m] lies on it.
    """
    rng = np.random.default_rng(5)
    best, most = (*points.mean(axis=0), radius), -1
    for _ in range(DRAWS):
        a, b, c = points[rng.choice(len(points), 3, replace=False)]
        turn = 2.0 * np.linalg.det([b - a, c - a])
        if abs(turn) < 0.2:
            continue
        p, q = (b - a) @ (b - a), (c - a) @ (c - a)
        middle = a + np.array([(c - a)[1] * p - (b - a)[1] * q, (b - a)[0] * q - (c - a)[0] * p]) / turn
        r = float(np.hypot(*(a - middle)))
        if not 0.5 * radius < r < 2.0 * radius:
            continue
        on = int(np.sum(np.abs(np.hypot(*(points - middle).T) - r) < near))
        if on > most:
            best, most = (*middle, r), on
    return float(best[0]), float(best[1]), float(best[2])


def through(points: Array, start: tuple[float, float, float], floor: float) -> tuple[Array, float, float]:
    """Return middle (2,), radius and unevenness of the circle through most of (n, 2) points [m].

    Reweighted least squares (biweight) from the circle `start`; `floor` is the least unevenness believed.
    """
    middle, radius = np.array(start[:2]), start[2]
    spread = floor
    for _ in range(30):
        away = points - middle
        length = np.maximum(np.hypot(*away.T), 1e-6)
        rest = length - radius
        near = np.abs(rest) < 8.0 * max(spread, floor)
        if np.count_nonzero(near) < 3:
            break
        spread = max(floor, 1.4826 * float(np.median(np.abs(rest[near]))))
        weight = np.clip(1.0 - (rest / (4.0 * spread)) ** 2, 0.0, None)
        rows = np.column_stack([away / length[:, None], np.ones(len(away))])
        move, *_ = np.linalg.lstsq(rows * weight[:, None], rest * weight, rcond=None)
        middle, radius = middle + move[:2], radius + float(move[2])
        if np.abs(move).max() < 1e-4:
            break
    return middle, radius, spread


def guessed(bearing: Array, known: Mask) -> float:
    """Return the deviation of a rim's mean radius over its unevenness, where a circle guesses part of it.

    The circle's own error and the rim's wandering where it was not seen; what wanders is alike over `SWELL`.

    Args:
        bearing, known: (n,) all around [rad], and where the rim was seen.
    """
    alike = SWELL / 360.0 * len(bearing)
    rows = np.column_stack([np.cos(bearing), np.sin(bearing), np.ones(len(bearing))])
    spread = np.linalg.pinv(rows[known].T @ rows[known]) * alike
    mean = rows[~known].sum(axis=0) / len(bearing)
    wander = alike * np.count_nonzero(~known) / len(bearing) ** 2
    return float(np.sqrt(mean @ spread @ mean + wander))


def disk(radius: float) -> npt.NDArray[np.uint8]:
    """Return a round structuring element of so many cells, at least one, about its middle."""
    n = max(1, round(radius))
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * n + 1, 2 * n + 1)), np.uint8)
