# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""How the helicopter would stand on mapped ground: the tilt of four feet, at any heading."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

QUARTER = 0.5 * np.pi  # [rad] after which four feet in a square stand where they stood
HEADINGS = tuple(float(a) for a in np.arange(4) * QUARTER / 4)  # tried [rad]


def tilts(height: Array, arm: float, heading: float) -> tuple[Array, Array]:
    """Tilt [rad] with which four feet come to stand around each cell, to either side.

    Of four feet on rough ground three touch: the two on the diagonal that lies higher, and one of the others,
    on whichever side the body leans. At the arm's scale this is steeper than a plane fitted to the ground.

    Args:
        height: (rows, cols) [m]; as many metres up as `arm` and the result's cells have along a side.
        arm: from the middle to each foot [cells].
        heading: of the body [rad]; the feet stand 45 deg to both sides of it, before and behind.

    Returns:
        Two arrays (rows, cols); a body is as likely to lean to the one side as to the other.
    """
    feet = [_at(height, arm, heading + (0.5 + k) * QUARTER) for k in range(4)]
    first = feet[0] + feet[2] >= feet[1] + feet[3]
    front, back = np.where(first, feet[0], feet[1]), np.where(first, feet[2], feet[3])
    along = (front - back) / (2.0 * arm)
    middle = 0.5 * (front + back)
    left, right = (np.where(first, a, b) for a, b in ((feet[1], feet[0]), (feet[3], feet[2])))
    return _lean(along, (left - middle) / arm), _lean(along, (right - middle) / arm)


def _lean(along: Array, across: Array) -> Array:
    result: Array = np.arctan(np.hypot(along, across))
    return result


def _at(height: Array, arm: float, direction: float) -> Array:
    """Heights a distance away from each cell, rows growing with y."""
    shift = np.array([[1.0, 0.0, arm * np.cos(direction)], [0.0, 1.0, arm * np.sin(direction)]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (height.shape[1], height.shape[0])
    result: Array = cv2.warpAffine(height, shift, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return result
