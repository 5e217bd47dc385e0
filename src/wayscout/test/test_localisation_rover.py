# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The rover on the elevation map: slip and drift are recovered; unknown ground and bad depth do no harm."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))

import synthetic_drive as sd
import synthetic_survey as survey

from wayscout import config
from wayscout.camera import Camera
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.grid import Bounds, Grid
from wayscout.localisation import relief
from wayscout.localisation.rover import RoverFilter, RoverParams, SlipCurve

CAMERA = Camera.pinhole(160, 120, np.deg2rad(70.0))
PARAMS = config.load("localiser", RoverParams)


@pytest.fixture(scope="module")
def drive():
    """Samples of a drive over rocks and slippery sand, the map of it, and the start pose as it is known."""
    ground = survey.make_ground(0, (64.0, 30.0))
    samples = sd.drive(ground, CAMERA, length=40.0, seed=2)
    first = samples[0].truth
    start = Pose.from_euler(*(first.position + np.array([0.08, -0.06, 0.02])), yaw=first.yaw + 0.003)
    return samples, sd.helicopter_map(ground, (0.0, 0.0, 0.0), 3), start


def follow(drive, change=None, tiles=None, **options):
    samples, ground, start = drive
    f = RoverFilter(CAMERA, sd.MOUNT, PARAMS, start, **options)
    for tile in [ground] if tiles is None else tiles:
        f.add_tile(tile)
    errors = []
    for k, s in enumerate(samples):
        f.step(s.odom)
        if s.depth is not None:
            f.depth(s.depth if change is None else change(k, s.depth))
        errors.append(f.pose.position - s.truth.position)
    return np.array(errors), f


def test_slip_does_not_lead_the_rover_astray(drive):
    samples, _, _ = drive
    way = [np.linalg.norm(b.odom.position - a.odom.position) for a, b in itertools.pairwise(samples)]
    true = [np.linalg.norm(b.truth.position - a.truth.position) for a, b in itertools.pairwise(samples)]
    assert sum(way) - sum(true) > 1.5
    errors, f = follow(drive)
    assert np.linalg.norm(errors[-1]) < 0.2
    assert np.linalg.norm(errors[:, :2], axis=1).max() < 0.5
    assert np.sqrt(np.mean(errors**2, axis=0)).max() < 0.15
    assert f.position_sigma.max() < 0.2


def test_tiles_give_the_same_as_one_map(drive):
    _, ground, _ = drive
    tiles = [ground.crop(bounds) for _, _, bounds in ground.tiles(25.6) if _touches(ground, bounds)]
    whole, _ = follow(drive)
    parts, _ = follow(drive, tiles=tiles)
    assert np.abs(whole - parts).max() < 1e-6


def _touches(grid, bounds):
    rows, cols = grid.window(bounds)
    return rows.stop > rows.start and cols.stop > cols.start


def test_garbage_depth_is_gated(drive):
    rng = np.random.default_rng(0)

    frames = itertools.count()

    def spoil(_, depth):
        k = next(frames)
        if k % 5 == 4:
            return rng.uniform(1, 8, depth.shape).astype(np.float32)
        return np.full_like(depth, np.nan) if k % 7 == 6 else depth

    errors, _ = follow(drive, spoil)
    assert np.linalg.norm(errors[-1]) < 0.3


def test_without_a_map_uncertainty_grows(drive):
    samples, _, start = drive
    f = RoverFilter(CAMERA, sd.MOUNT, PARAMS, start)
    f.step(samples[0].odom)
    before = f.position_sigma.max()
    for s in samples[1:100]:
        f.step(s.odom)
        if s.depth is not None:
            assert not f.depth(s.depth).used
    assert f.position_sigma.max() > before + 0.05


def test_expected_slip_shortens_the_way():
    sand = Grid.over(Bounds(-5, -5, 15, 5), 0.1)
    sand["elevation"], sand["sand"] = np.zeros(sand.shape), np.ones(sand.shape)
    f = RoverFilter(
        CAMERA, sd.MOUNT, PARAMS, Pose.identity(), slip=SlipCurve(np.array([0.0, 0.2]), np.array([0.0, 0.4]))
    )
    f.add_tile(sand)
    uphill = Pose.from_euler(0.0, 0.0, 0.0, pitch=-0.1)
    for k in range(11):
        f.step(Pose(np.array([0.1 * k, 0.0, 0.0]), uphill.quaternion))
    assert f.pose.position[0] == pytest.approx(0.8, abs=0.01)


def test_a_cloud_finds_its_place_on_the_map():
    rng = np.random.default_rng(1)
    grid = Grid.over(Bounds(-10, -10, 10, 10), 0.1)
    xs, ys = grid.centres()
    z = 0.3 * np.sin(xs[None] / 0.9) * np.cos(ys[:, None] / 1.1) + 0.1 * xs[None]
    grid["elevation"] = z
    x, y = rng.uniform(-4, 4, (2, 600))
    cloud = np.stack([x, y, grid.sample("elevation", x, y)], 1)
    offset = np.array([0.5, -0.3, 0.0])
    found, met = relief.search(
        cloud - offset, np.zeros(3), 0.0, grid["elevation"], 0.1, grid.origin, 1.0, 0.1
    )
    assert met == 600
    assert np.allclose(found, offset[:2], atol=0.05)
    at = relief.fit(cloud, np.zeros(3), 0.0, grid["elevation"], 0.1, grid.origin, 0.05)
    assert at.rms < 0.01
    assert np.abs(np.linalg.solve(at.information, at.gradient)).max() < 0.01


def test_bad_input_is_named():
    f = RoverFilter(CAMERA, sd.MOUNT, PARAMS, Pose.identity())
    f.step(Pose.identity())
    with pytest.raises(InvalidInput, match=r"depth\.shape"):
        f.depth(np.zeros((3, 3), np.float32))
    with pytest.raises(InvalidInput, match=r"depth\.dtype"):
        f.depth(np.zeros((120, 160), np.uint16))
    tile = Grid.over(Bounds(0, 0, 5, 5), 0.1)
    with pytest.raises(InvalidInput, match="elevation"):
        f.add_tile(tile)
    tile.add("elevation", 0.0)
    f.add_tile(tile)
    with pytest.raises(InvalidInput, match="tile"):
        f.add_tile(Grid(0.2, (10.0, 0.0), (5, 5), "map", {"elevation": np.zeros((5, 5))}))
