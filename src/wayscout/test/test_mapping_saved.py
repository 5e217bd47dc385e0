# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A map folder read again gives the tiles and rocks that were written."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from wayscout import raster
from wayscout.camera import Camera
from wayscout.errors import InvalidInput
from wayscout.grid import Grid
from wayscout.mapping import offline
from wayscout.mapping.mapper import TerrainMapper
from wayscout.mapping.saved import SavedMap

sys.path.insert(0, str(Path(__file__).parent / "support"))
import synthetic_survey as survey

CAMERA = Camera.pinhole(320, 240, np.radians(47.0))


@pytest.fixture(scope="module")
def flown() -> TerrainMapper:
    ground = survey.make_ground(5, (24.0, 20.0))
    poses = survey.survey_poses(ground, CAMERA, length=8.0, legs=2)
    mapper = TerrainMapper(CAMERA)
    mapper.add_flight([survey.render(ground, CAMERA, p, seed=i) for i, p in enumerate(poses)], poses)
    return mapper


@pytest.fixture
def folder(flown: TerrainMapper, tmp_path: Path) -> Path:
    offline.write_maps(offline.trimmed(flown.grid()), tmp_path / "map")
    return tmp_path / "map"


def read(folder: Path, flown: TerrainMapper) -> SavedMap:
    return SavedMap(folder, flown.params.tile_size, flown.params.resolution)


def test_every_tile_comes_back(flown: TerrainMapper, folder: Path) -> None:
    saved = read(folder, flown)
    assert saved.tiles_changed() == sorted(flown.store.tiles)
    for index in saved.tiles_changed():
        old, new = flown.tile(index), saved.tile(index)
        assert new.origin == pytest.approx(old.origin)
        for name in ("elevation", "sigma", "measured", "sand", "rock"):
            np.testing.assert_allclose(new[name], old[name], atol=1e-5, err_msg=name)
        grey = np.isfinite(old["intensity"])
        np.testing.assert_array_equal(np.isfinite(new["intensity"]), grey)  # what was not seen is not black
        assert np.abs(new["intensity"][grey] - old["intensity"][grey]).max() <= 1.0
        np.testing.assert_allclose(saved.rocks(index), flown.rocks(index))


def test_a_mapper_goes_on_from_it(flown: TerrainMapper, folder: Path) -> None:
    saved = read(folder, flown)
    mapper = TerrainMapper(CAMERA)
    mapper.store = saved.store
    ground = survey.make_ground(5, (24.0, 20.0))
    poses = survey.survey_poses(ground, CAMERA, length=8.0, legs=1)
    mapper.add_flight([survey.render(ground, CAMERA, p, seed=9 + i) for i, p in enumerate(poses)], poses)
    before, after = flown.grid(), mapper.grid(flown.grid().bounds.grown(-1e-6))
    kept = before["measured"] > 0.5
    assert (after["measured"][kept] > 0.5).mean() > 0.97
    assert np.nanmedian(np.abs(after["elevation"] - before["elevation"])[kept]) < 0.03
    assert max(tile.version for tile in mapper.store.tiles.values()) == 2


def test_a_folder_without_a_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="map folder"):
        SavedMap(tmp_path, 25.6, 0.1)


def test_another_resolution_is_refused(folder: Path) -> None:
    with pytest.raises(InvalidInput, match="resolution"):
        SavedMap(folder, 25.6, 0.2)


def test_rasters_that_do_not_fit_are_refused(folder: Path) -> None:
    small = Grid(0.1, (0.0, 0.0), (4, 4))
    small["sigma"] = np.zeros((4, 4))
    raster.write_layer(folder / "sigma.tif", small, "sigma")
    with pytest.raises(InvalidInput, match="sigma"):
        SavedMap(folder, 25.6, 0.1)
    (folder / "sigma.tif").unlink()
    with pytest.raises(InvalidInput, match="sigma"):
        SavedMap(folder, 25.6, 0.1)


def test_a_map_that_knows_nothing_is_refused(folder: Path) -> None:
    grid = raster.read_layer(folder / "elevation.tif", "elevation")
    grid["elevation"] = np.full(grid.shape, np.nan)
    raster.write_layer(folder / "elevation.tif", grid, "elevation")
    with pytest.raises(InvalidInput, match="no known cell"):
        SavedMap(folder, 25.6, 0.1)
