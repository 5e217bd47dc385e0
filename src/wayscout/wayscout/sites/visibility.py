# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""How much of an object the pictures show, and from which sides."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.geometry import Pose
from wayscout.sites.mosaic import Views

Array = npt.NDArray[np.float64]
ENOUGH = 0.3  # share of an object that a picture must show to have seen it from its side


def seen(outline: Array, views: Views, poses: Sequence[Pose]) -> tuple[float, tuple[float, ...]]:
    """Return the share of an outline's (n, 2) [m] cells that pictures show, and the bearings to cameras.

    Bearings are from the object's middle, in map [rad], sorted.
    """
    ground = views.ground
    corners = (outline - np.array(ground.origin)) / ground.resolution - 0.5
    mask: npt.NDArray[np.uint8] = np.zeros(ground.shape, np.uint8)
    cv2.fillPoly(mask, [np.rint(corners).astype(np.int32)], 1)
    inside = mask > 0
    if not inside.any():
        return 0.0, ()
    shown = np.isfinite(views.sampling[:, inside])
    middle = outline.mean(axis=0)
    bearings = [
        float(np.arctan2(pose.position[1] - middle[1], pose.position[0] - middle[0]))
        for pose, share in zip(poses, shown.mean(axis=1), strict=True)
        if share >= ENOUGH
    ]
    # the map's area may end within the object: what lies beyond was not seen
    whole = abs(cv2.contourArea(corners.astype(np.float32)[:, None]))
    share = float(shown.any(axis=0).sum()) / max(whole, float(inside.sum()))
    return min(1.0, share), tuple(sorted(bearings))
