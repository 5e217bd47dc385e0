# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The helicopter's cameras: models from config/, places on the vehicle from its URDF."""

from __future__ import annotations

from wayscout import config
from wayscout.camera import load_camera
from wayscout.flight.recon import ReconParams, Scout
from wayscout.flight.views import Eye
from wayscout_nodes.common import bodies


def scout(params: ReconParams, camera: str = "navigation") -> Scout:
    """Return what plans reconnaissances with the vehicle's own cameras.

    Args:
        camera: file stem in config/cameras of the downward camera.
    """
    folder = config.directory() / "cameras"
    return Scout(
        params,
        Eye(load_camera(folder / "colour.yaml"), bodies.fixed_offset("helicopter", "colour_optical")),
        Eye(load_camera(folder / f"{camera}.yaml"), bodies.fixed_offset("helicopter", "navcam_optical")),
    )
