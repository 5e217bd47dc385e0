# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Matching a picture to the orbital image: known offsets, and what must not match."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wayscout.camera import Camera
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.grid import Grid
from wayscout.localisation.orbital import Orbital, check_picture, detail_of, match_patch, match_picture

DOWN = Pose.from_rotation([[0.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, -1.0]], [0.0, 0.0, 0.0])
CAMERA = Camera.pinhole(320, 240, 0.82)


def ground(seed=0, size=60.0):
    """A flat textured square: grid of 0.05 m greys and its orbital map without shift."""
    rng = np.random.default_rng(seed)
    n = int(size / 0.05)
    texture = sum(
        a * cv2.GaussianBlur(rng.normal(size=(n, n)), (0, 0), s) * s for a, s in ((60, 4), (60, 12), (60, 40))
    )
    grey = np.clip(128 + texture, 0, 255)
    fine = Grid(0.05, (-size / 2, -size / 2), (n, n), "map", {"grey": grey})
    image = Grid(0.25, fine.origin, (n // 5, n // 5))
    image["image"] = cv2.resize(
        cv2.GaussianBlur(grey, (0, 0), 2.5), (n // 5, n // 5), interpolation=cv2.INTER_AREA
    )
    elevation = Grid(
        1.0, fine.origin, (int(size), int(size)), "map", {"elevation": np.zeros((int(size), int(size)))}
    )
    return fine, Orbital(image, elevation)


FINE, ORBITAL = ground()


def picture(pose):
    v, u = np.mgrid[: CAMERA.height, : CAMERA.width]
    rays = CAMERA.rays(np.stack([u.ravel(), v.ravel()], 1)) @ pose.rotation().T
    hit = pose.position + rays * (-pose.position[2] / rays[:, 2])[:, None]
    grey = FINE.sample("grey", hit[:, 0], hit[:, 1])
    return np.nan_to_num(grey).reshape(CAMERA.height, CAMERA.width).astype(np.uint8)


@settings(max_examples=15, deadline=None)
@given(
    x=st.floats(-10, 10), y=st.floats(-10, 10), yaw=st.floats(-3.1, 3.1),
    dx=st.floats(-2, 2), dy=st.floats(-2, 2), tilt=st.floats(-0.05, 0.05),
)  # fmt: skip
def test_the_offset_of_a_picture_is_found(x, y, yaw, dx, dy, tilt):
    true = Pose.from_euler(x, y, 12.0, tilt, -tilt, yaw) @ DOWN
    assumed = Pose(true.position + np.array([dx, dy, 0.0]), true.quaternion)
    match = match_picture(
        ORBITAL, picture(true), CAMERA, assumed, np.array([x + dx, y + dy, 0.0]), np.zeros(2), 3.0
    )
    assert match is not None
    assert np.abs(match.offset + np.array([dx, dy])).max() < 0.08
    assert match.score > 0.8
    assert match.lead > 0.2


def test_light_that_the_orbiter_saw_otherwise_does_not_pull_the_match():
    """A broad slope of brightness, and a shadow whose edge has moved on by 0.6 m."""
    x, _ = ORBITAL.image.centres()
    lit = Grid(ORBITAL.image.resolution, ORBITAL.image.origin, ORBITAL.image.shape, "map")
    shade = np.where(x > 0.6, 0.35, 1.0) * (1.0 + 0.02 * x)
    lit["image"] = ORBITAL.image["image"] * cv2.GaussianBlur(shade[None], (0, 0), 2.0)
    true = Pose.from_euler(0.0, 0.0, 12.0) @ DOWN
    half = np.where(np.arange(CAMERA.height) < CAMERA.height // 2, 0.35, 1.0)[:, None]  # the sun from behind
    seen = (picture(true) * half).astype(np.uint8)
    match = match_picture(Orbital(lit, ORBITAL.elevation), seen, CAMERA, true, np.zeros(3), np.zeros(2), 2.0)
    assert match is not None
    assert np.abs(match.offset).max() < 0.1
    assert match.lead > 0.2


def test_detail_is_as_strong_in_shadow_as_in_light_and_unknown_where_the_picture_is():
    rng = np.random.default_rng(1)
    grey = 100.0 + 20.0 * cv2.GaussianBlur(rng.normal(size=(80, 80)), (0, 0), 1.5)
    grey[:, 40:] *= 0.4
    grey[:10] = np.nan
    detail = detail_of(grey, 0.25)
    assert detail.shape == grey.shape
    assert np.array_equal(np.isnan(detail), np.isnan(grey))
    left, right = np.nanstd(detail[:, :25]), np.nanstd(detail[:, 55:])
    assert 0.5 < right / left < 1.2
    assert abs(np.nanmean(detail)) < 0.1


def test_black_and_foreign_pictures_do_not_match():
    pose = Pose.from_euler(0.0, 0.0, 12.0) @ DOWN
    black = np.zeros((CAMERA.height, CAMERA.width), np.uint8)
    assert match_picture(ORBITAL, black, CAMERA, pose, np.zeros(3), np.zeros(2), 3.0) is None
    noise = np.random.default_rng(0).integers(0, 255, black.shape).astype(np.uint8)
    foreign = match_picture(
        ORBITAL, cv2.GaussianBlur(noise, (0, 0), 8), CAMERA, pose, np.zeros(3), np.zeros(2), 3.0
    )
    assert foreign is None or foreign.score < 0.5


def test_off_the_map_there_is_no_match():
    pose = Pose.from_euler(200.0, 0.0, 12.0) @ DOWN
    grey = picture(Pose.from_euler(0.0, 0.0, 12.0) @ DOWN)
    assert match_picture(ORBITAL, grey, CAMERA, pose, np.array([200.0, 0.0, 0.0]), np.zeros(2), 3.0) is None
    assert (
        match_patch(ORBITAL, np.full((20, 20), np.nan, np.float32), (50, 50), np.zeros(2), np.asarray(2.0))
        is None
    )


def test_bad_pictures_and_maps_are_named():
    with pytest.raises(InvalidInput, match=r"picture\.shape"):
        check_picture(np.zeros((10, 10), np.uint8), CAMERA)
    with pytest.raises(InvalidInput, match=r"picture\.dtype"):
        check_picture(np.zeros((CAMERA.height, CAMERA.width), np.float32), CAMERA)
    with pytest.raises(InvalidInput, match=r"orbital\.image"):
        Orbital(ORBITAL.elevation, ORBITAL.elevation)
    with pytest.raises(InvalidInput, match="shift_sigma"):
        Orbital(ORBITAL.image, ORBITAL.elevation, float("nan"))
