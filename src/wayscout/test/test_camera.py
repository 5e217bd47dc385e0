# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Cameras project and back-project alike; files are read or refused by field."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wayscout import config
from wayscout.camera import FISHEYE, RATIONAL, Camera, load_camera, sample
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose

PINHOLE = Camera.pinhole(640, 480, np.radians(47.0))
DISTORTED = Camera(640, 480, PINHOLE.matrix, np.array([-0.2, 0.05, 0.001, -0.001, 0.0]))
WIDE = Camera(640, 480, PINHOLE.matrix * [[0.6, 1, 1], [1, 0.6, 1], [1, 1, 1]], np.array([-0.28, 0.09]))
RATIO = Camera(640, 480, WIDE.matrix, np.array([0.3, 0.1, 0.0, 0.001, 0.01, 0.6, 0.2, 0.02]), RATIONAL)
FISH = Camera(
    640, 480, PINHOLE.matrix * [[0.5, 1, 1], [1, 0.5, 1], [1, 1, 1]], np.array([0.01, 0, 0, 0]), FISHEYE
)
DOWN = Pose.from_rotation(np.array([[0.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, -1.0]]), [0.0, 0.0, 10.0])


@pytest.mark.parametrize(
    "camera",
    [PINHOLE, DISTORTED, WIDE, RATIO, FISH],
    ids=["pinhole", "distorted", "wide", "rational", "fisheye"],
)
@given(st.floats(1.0, 638.0), st.floats(1.0, 478.0), st.floats(0.5, 50.0))
def test_a_pixel_comes_back_from_its_ray(camera: Camera, u: float, v: float, distance: float) -> None:
    pixels, visible = camera.project(camera.rays([[u, v]]) * distance)
    assert visible.all()
    np.testing.assert_allclose(pixels, [[u, v]], atol=1e-5)


def test_the_field_of_view_is_the_one_asked_for() -> None:
    top, bottom = PINHOLE.rays([[319.5, -0.5], [319.5, 479.5]])
    assert np.degrees(np.arccos(top @ bottom)) == pytest.approx(47.0, abs=0.01)


def test_what_is_behind_is_not_seen() -> None:
    _, visible = PINHOLE.project([[0.0, 0.0, -1.0], [0.0, 0.0, 1.0], [9.0, 0.0, 1.0]])
    assert visible.tolist() == [False, True, False]


def test_the_footprint_of_a_camera_looking_down() -> None:
    corners = PINHOLE.footprint(DOWN, 0.0)
    # image up is body forward (x), image right is body right (-y)
    assert corners[0, 0] > 0.0
    assert corners[0, 1] > corners[1, 1]
    assert np.ptp(corners[:, 0]) == pytest.approx(2 * 10.0 * np.tan(np.radians(23.5)) * 479 / 480, rel=1e-3)


@pytest.mark.parametrize("count", [0, 1, 1024, 40_000])
def test_any_number_of_pixels_is_sampled(count: int) -> None:
    image = np.arange(12, dtype=np.float32).reshape(3, 4)
    pixels = np.tile([1.5, 2.0], (count, 1))
    assert np.array_equal(sample(image, pixels), np.full(count, 9.5))
    colours = np.stack([image, 2 * image], axis=-1)
    assert sample(colours, pixels).shape == (count, 2)


def test_a_camera_that_sees_the_sky_has_no_footprint() -> None:
    with pytest.raises(InvalidInput, match="camera pose"):
        PINHOLE.footprint(Pose.from_euler(0.0, 0.0, 10.0), 0.0)


@pytest.mark.parametrize("name", ["navigation", "navigation_fisheye", "hazard_depth"])
def test_the_cameras_of_the_configuration_are_readable(name: str) -> None:
    camera = load_camera(config.directory() / "cameras" / f"{name}.yaml")
    assert camera.name == name


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("image_width: 4", "image_height"),
        ("{image_width: 4, image_height: 4, camera_matrix: {data: [1, 2]}}", "camera_matrix"),
        ("{image_width: 4, image_height: 4, camera_matrix: {data: fast}}", "camera_matrix"),
        ("{image_width: 0, image_height: 4, camera_matrix: {data: [1,0,0,0,1,0,0,0,1]}}", "size"),
        (
            "{image_width: 4, image_height: 4, distortion_model: odd, camera_matrix: [1,0,0,0,1,0,0,0,1]}",
            "distortion_model",
        ),
        ("[1, 2", "camera_info"),
    ],
)
def test_a_broken_camera_file_is_refused_by_field(tmp_path: Path, text: str, field: str) -> None:
    file = tmp_path / "camera.yaml"
    file.write_text(text)
    with pytest.raises(InvalidInput, match=field):
        load_camera(file)
