# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Line of sight over the terrain."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wayscout.grid import Grid


def clearance(ground: Grid, a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Return how far the straight line between two points stays above the ground [m], negative below it.

    Unknown ground hides nothing; where no ground is known along the line the result is infinite.

    Args:
        ground: with layer 'elevation' [m].
        a, b: (3,) points in map [m].
    """
    start, end = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    count = max(2, int(np.ceil(np.hypot(*(end - start)[:2]) / ground.resolution)) + 1)
    along = np.linspace(0.0, 1.0, count)[:, None]
    line = start + along * (end - start)
    above = line[:, 2] - ground.sample("elevation", line[:, 0], line[:, 1])
    known = above[np.isfinite(above)]
    return float(known.min()) if len(known) else float("inf")
