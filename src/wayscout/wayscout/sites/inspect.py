# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Find and measure what lies at a site: the one call of this package."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wayscout.camera import Camera
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.grid import Grid
from wayscout.sites.records import ColourImage, Mosaic, Prior, SiteFindings


def inspect(
    pictures: Sequence[ColourImage],
    poses: Sequence[Pose],
    camera: Camera,
    ground: Grid,
    prior: Prior,
) -> SiteFindings:
    """Find canopy, backshell, debris and lines near a target.

    Args:
        pictures: (h, w, 3) uint8 RGB each, of the colour camera.
        poses: optical frame in map of each, as the adjusted track has it.
        camera: of the pictures.
        ground: the navigation camera's map, with the layers 'elevation' and, where there, 'sigma' [m].
        prior: what is thought to lie where.

    Raises:
        InvalidInput: naming the picture or layer that cannot be used, and when no picture shows the place.
    """
    if not pictures:
        raise InvalidInput("pictures", 0, "at least one colour picture is needed")
    rows = cols = 1
    empty = Mosaic(
        0.02, (prior.x, prior.y), np.zeros((rows, cols, 3), np.uint8), np.full((rows, cols), -1, np.int16),
        np.full((rows, cols), np.nan, np.float32), np.full((rows, cols), np.nan, np.float32),
    )  # fmt: skip
    return SiteFindings(prior, empty, (), ("nothing was looked for yet",), 0, 0.0, len(pictures))
