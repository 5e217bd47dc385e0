# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A rehearsal goes through everything that a flight and a landing go through."""

from __future__ import annotations

import numpy as np
import pytest

from wayscout import config
from wayscout.camera import Camera, load_camera
from wayscout.flight.lander import Lander
from wayscout.flight.look import LandingLook
from wayscout.flight.plan import HelicopterLimits
from wayscout.flight.rehearsal import flat_orbital, rehearse_landing, rehearse_localisation
from wayscout.geometry import Pose
from wayscout.localisation.campaign import HelicopterCampaign
from wayscout.localisation.flight_adjustment import AdjustmentParams
from wayscout.localisation.helicopter import HelicopterParams
from wayscout.localisation.orbital import LASER_DOWN
from wayscout.mapping.mapper import MapperParams

MOUNT = Pose.from_rotation(np.diag([1.0, -1.0, -1.0]), [0.0, 0.0, 0.0])
"""An optical frame that looks straight down."""


@pytest.fixture
def camera() -> Camera:
    return load_camera(config.directory() / "cameras" / "navigation.yaml")


def test_the_pictures_rehearsed_tell_where_they_were_taken(camera: Camera) -> None:
    flight = HelicopterCampaign(
        camera,
        MOUNT,
        LASER_DOWN,
        config.load("localiser", HelicopterParams),
        config.load("localiser", AdjustmentParams),
        flat_orbital(),
        Pose.identity(),
        (0.1, 0.1, 0.1),
        0.003,
    )
    rehearse_localisation(flight, camera, MOUNT)
    assert flight.pictures == 4
    np.testing.assert_allclose(flight.filter.pose.position, [3.6, 0.0, 6.0], atol=0.02)


def test_the_landing_rehearsed_is_judged_by_a_look(camera: Camera) -> None:
    look = LandingLook(
        camera, MOUNT, LASER_DOWN, config.load("localiser", AdjustmentParams), MapperParams.load()
    )
    lander = Lander(config.load("helicopter", HelicopterLimits), look)
    rehearse_landing(lander, camera, MOUNT)
    assert lander.chosen is not None
    assert lander.chosen.basis == "look"
    assert lander.chosen.slope < np.radians(1.0)
