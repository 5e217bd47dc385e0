# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures and depth against the heightmap and texture they are drawn from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from toy_world import ROCKS, hills, make_world

from wayscout import config
from wayscout.camera import Camera, load_camera
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.worlds import folder
from wayscout.worlds.truth import DEBRIS_COLUMNS, Truth, load_truth, write_rocks
from wayscout_sim.pictures import PictureRenderer

POSES = [
    Pose.from_euler(0.0, 0.0, 14.0, roll=math.pi),
    Pose.from_euler(2.0, -3.0, 12.0, roll=math.pi + 0.2, pitch=0.15, yaw=0.7),
    Pose.from_euler(-9.0, 8.13, 11.0, roll=math.pi - 0.1, yaw=-2.0),
]


def lined_texture() -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """White with dark lines at every metre, 32 px a metre; the north-west quarter is grey."""
    image = np.full((1024, 1024, 3), 220, dtype=np.uint8)
    image[:512, :512] = 120
    for k in range(1, 32):
        image[32 * k - 1 : 32 * k + 1, :] = 0
        image[:, 32 * k - 1 : 32 * k + 1] = 0
    return image


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures") / "lined"
    return make_world(folder, hills, rocks=ROCKS, texture=lined_texture())


@pytest.fixture(scope="module")
def truth(world: Path) -> Truth:
    return load_truth(world)


@pytest.fixture(scope="module")
def renderer(world: Path) -> Iterator[PictureRenderer]:
    with PictureRenderer(world) as made:
        yield made


@pytest.fixture(scope="module")
def camera() -> Camera:
    return load_camera(config.directory() / "cameras/navigation.yaml")


def points(camera: Camera, pose: Pose, depth: np.ndarray) -> np.ndarray:
    v, u = np.mgrid[: camera.height, : camera.width]
    rays = camera.rays(np.stack([u.ravel(), v.ravel()], axis=1))
    return pose.apply(rays / rays[:, 2:] * depth.reshape(-1, 1))


def off_rocks(xyz: np.ndarray) -> np.ndarray:
    return np.all([np.hypot(xyz[:, 0] - r[0], xyz[:, 1] - r[1]) > r[3] for r in ROCKS], axis=0)


@pytest.mark.parametrize("pose", POSES)
def test_depth_meets_the_heightmap(
    renderer: PictureRenderer, truth: Truth, camera: Camera, pose: Pose
) -> None:
    xyz = points(camera, pose, renderer.depth(camera, pose))
    xyz = xyz[np.all(np.abs(xyz[:, :2]) < 15.9, axis=1)]  # also drops NaN; beyond is the edge of the world
    ground = truth.ground.sample("elevation", xyz[:, 0], xyz[:, 1])
    error = (xyz[:, 2] - ground)[off_rocks(xyz)]
    assert len(error) > 250_000
    assert np.nanmax(np.abs(error)) < 0.01  # triangles against bilinear patches
    assert abs(np.nanmedian(error)) < 0.002


@pytest.mark.parametrize("pose", POSES)
def test_texture_lies_where_the_file_says(renderer: PictureRenderer, camera: Camera, pose: Pose) -> None:
    grey = renderer.picture(camera, pose).ravel().astype(float)
    xyz = points(camera, pose, renderer.depth(camera, pose))
    use = np.isfinite(xyz).all(axis=1) & off_rocks(np.nan_to_num(xyz))
    grey, xyz = grey[use], xyz[use]
    for axis, other in ((0, 1), (1, 0)):
        offset = xyz[:, axis] - np.round(xyz[:, axis])
        clear = np.abs(xyz[:, other] - np.round(xyz[:, other])) > 0.15
        dark = clear & (np.abs(offset) < 0.1)
        weight = 220.0 - np.clip(grey[dark], 0, 220)
        assert abs(np.sum(offset[dark] * weight) / np.sum(weight)) < 0.003
    inner = np.all(np.abs(xyz[:, :2] - np.round(xyz[:, :2])) > 0.1, axis=1)
    north_west = inner & (xyz[:, 0] < 0.0) & (xyz[:, 1] > 0.0)
    south_east = inner & (xyz[:, 0] > 0.0) & (xyz[:, 1] < 0.0)
    if north_west.any():
        assert abs(np.median(grey[north_west]) - 120.0) < 4.0
    if south_east.any():
        assert abs(np.median(grey[south_east]) - 220.0) < 4.0


def test_tiles_meet_without_seams(renderer: PictureRenderer, camera: Camera) -> None:
    """Tiles are 8 m wide: the picture across a border is as smooth as elsewhere."""
    pose = Pose.from_euler(8.5, 8.5, 12.0, roll=math.pi)
    depth = renderer.depth(camera, pose)
    assert np.isfinite(depth[100:-100, 100:-100]).all()
    second = np.abs(np.diff(depth, n=2, axis=1))
    assert second.max() < 0.02


def test_rocks_stand_as_tall_as_the_table_says(renderer: PictureRenderer, truth: Truth) -> None:
    narrow = Camera.pinhole(101, 101, 0.1)
    for x, y, z, _, _, height, _ in truth.rocks:
        pose = Pose.from_euler(x, y, z + 10.0, roll=math.pi)
        assert renderer.depth(narrow, pose)[50, 50] == pytest.approx(10.0 - height, abs=0.01)


def test_fisheye_agrees_with_the_pinhole(renderer: PictureRenderer, truth: Truth) -> None:
    fisheye = load_camera(config.directory() / "cameras/navigation_fisheye.yaml")
    pose = POSES[1]
    xyz = points(fisheye, pose, renderer.depth(fisheye, pose))
    xyz = xyz[np.isfinite(xyz).all(axis=1)]
    error = (xyz[:, 2] - truth.ground.sample("elevation", xyz[:, 0], xyz[:, 1]))[off_rocks(xyz)]
    assert len(error) > 100_000
    assert (
        np.nanpercentile(np.abs(error), 99) < 0.08
    )  # depth is taken from the nearest pixel of a cube's face


def test_unequal_focal_lengths_and_shifted_centre(renderer: PictureRenderer, truth: Truth) -> None:
    matrix = np.array([[300.0, 0, 140.0], [0, 340.0, 130.0], [0, 0, 1.0]])
    camera = Camera(320, 240, matrix, np.zeros(5))
    xyz = points(camera, POSES[0], renderer.depth(camera, POSES[0]))
    xyz = xyz[np.isfinite(xyz).all(axis=1)]
    error = (xyz[:, 2] - truth.ground.sample("elevation", xyz[:, 0], xyz[:, 1]))[off_rocks(xyz)]
    assert np.nanpercentile(np.abs(error), 99) < 0.05


def test_the_same_view_is_the_same_picture(renderer: PictureRenderer, camera: Camera) -> None:
    first = renderer.picture(camera, POSES[0])
    renderer.picture(camera, POSES[2])
    assert np.array_equal(first, renderer.picture(camera, POSES[0]))


def test_nothing_to_see_beyond_the_world(renderer: PictureRenderer, camera: Camera) -> None:
    up = Pose.from_euler(0.0, 0.0, 14.0)
    assert np.isnan(renderer.depth(camera, up)).all()
    assert renderer.picture(camera, up).max() == 0


def test_a_missing_world_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"world\.yaml"):
        PictureRenderer(tmp_path)


def test_debris_has_its_own_colour_and_a_colour_picture_a_sky(tmp_path: Path) -> None:
    path = make_world(tmp_path / "debris", lambda x, y: 0.0 * x)
    made = load_truth(path).world
    terrain = made.terrain.model_copy(update={"debris": "truth/debris.csv"})
    folder.write_world(path, made.model_copy(update={"terrain": terrain}))
    piece = np.array([[2.0, 1.0, 0.0, 1.2, 1.2, 0.3, 0.0, 210.0, 130.0, 40.0]])
    write_rocks(path / "truth/debris.csv", piece, DEBRIS_COLUMNS)
    truth = load_truth(path)
    assert len(truth.rocks) == 1
    camera = Camera.pinhole(160, 120, math.radians(60.0))
    with PictureRenderer(path, truth) as renderer:
        down = renderer.picture(camera, Pose.from_euler(2.0, 1.0, 6.0, roll=math.pi), colour=True)
        ahead = renderer.picture(camera, Pose.from_euler(0.0, 0.0, 3.0, roll=-math.pi / 2), colour=True)
        grey = renderer.picture(camera, Pose.from_euler(0.0, 0.0, 3.0, roll=-math.pi / 2))
    red, green, blue = down[57:63, 77:83].reshape(-1, 3).mean(axis=0)
    assert red > 1.3 * green > 1.3 * 1.5 * blue
    assert ahead[:20].min() > 60
    assert grey[:20].max() == 0
