# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Numbers of the site analysis, read from config/sites.yaml."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SiteParams:
    """Fields are entries of config/sites.yaml."""

    reach: float
    ground_cell: float
    mosaic_cell: float
    coarsest_sampling: float
    colour_smooth: float
    soil_cell: float
    soil_reach: float
    cloth_redness: float
    orange_redness: float
    orange_share: float
    canopy_area: float
    edge_sigma: float
    bare_pale: float
    bare_orange: float
    dark_cloth: float
    mark_area: float
    mark_largest: float
    backshell_height: float
    backshell_widest: float
    rim_step: float
    rim_sigma: float
    debris_redness: float
    debris_core: float
    debris_smallest: float
    debris_largest: float
    debris_elongation: float
    debris_sharpness: float
    debris_slope: float
    debris_sampling: float
    line_contrast: float
