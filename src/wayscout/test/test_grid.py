# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Cells lie where the convention says; sampling, cropping, pasting and files keep it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wayscout import raster
from wayscout.errors import InvalidInput
from wayscout.grid import Bounds, Grid


def plane(resolution: float = 0.5, shape: tuple[int, int] = (20, 30)) -> Grid:
    """Return a grid whose layer is z = 2 x - 3 y + 1 at the cell centres."""
    grid = Grid(resolution, (-3.0, 4.0), shape)
    x, y = grid.centres()
    grid["z"] = 2.0 * x[None, :] - 3.0 * y[:, None] + 1.0
    return grid


def test_the_first_cell_is_in_the_south_west() -> None:
    grid = Grid(0.5, (-3.0, 4.0), (2, 2))
    assert [int(i) for i in grid.indices(-3.0, 4.0)] == [0, 0]
    assert [int(i) for i in grid.indices(-2.51, 4.6)] == [1, 0]
    assert grid.centre(0, 1) == (-2.25, 4.25)


@given(st.floats(-2.7, 11.7), st.floats(4.3, 13.7))
def test_a_plane_is_sampled_exactly(x: float, y: float) -> None:
    assert plane().sample("z", x, y) == pytest.approx(2.0 * x - 3.0 * y + 1.0, abs=1e-4)


def test_outside_is_unknown() -> None:
    assert np.isnan(plane().sample("z", [-3.1, 0.0], [5.0, 14.1])).all()


def test_a_hole_spreads_no_further_than_its_cell() -> None:
    grid = plane()
    grid["z"][5, 5] = np.nan
    x, y = grid.centre(5, 5)
    assert np.isnan(grid.sample("z", x, y))
    assert np.isfinite(grid.sample("z", x + 0.4, y))


def test_over_snaps_to_the_lattice() -> None:
    grid = Grid.over(Bounds(-0.93, 0.05, 1.01, 0.95), 0.1)
    assert grid.origin == pytest.approx((-1.0, 0.0))
    assert grid.shape == (10, 21)


def test_a_crop_keeps_its_place_and_pastes_back() -> None:
    grid = plane()
    crop = grid.crop(Bounds(0.2, 6.1, 3.3, 8.0))
    empty = Grid(grid.resolution, grid.origin, grid.shape)
    empty.paste(crop)
    known = np.isfinite(empty["z"])
    assert known.sum() == np.prod(crop.shape)
    np.testing.assert_array_equal(empty["z"][known], grid["z"][known])


def test_tiles_cover_the_grid_once() -> None:
    grid = plane()
    count = np.zeros(grid.shape, dtype=int)
    for _, _, bounds in grid.tiles(4.0):
        count[grid.window(bounds)] += 1
    assert (count == 1).all()


@pytest.mark.parametrize(
    ("change", "field"),
    [({"frame": "odom"}, "frame"), ({"resolution": 0.25}, "resolution"), ({"origin": (0.1, 4.0)}, "origin")],
)
def test_a_tile_that_does_not_fit_is_refused_by_name(change: dict[str, object], field: str) -> None:
    arguments = {"resolution": 0.5, "origin": (-3.0, 4.0), "shape": (4, 4), "frame": "map", **change}
    with pytest.raises(InvalidInput, match=rf"tile\.{field}"):
        plane().paste(Grid(**arguments))  # type: ignore[arg-type]


def test_a_layer_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(InvalidInput, match="shape"):
        plane()["wrong"] = np.zeros((3, 3))


def test_a_layer_comes_back_from_its_file(tmp_path: Path) -> None:
    grid = plane()
    grid["z"][3, 7] = np.nan
    raster.write_layer(tmp_path / "z.tif", grid, "z")
    back = raster.read_layer(tmp_path / "z.tif", "z")
    assert back.origin == pytest.approx(grid.origin)
    assert back.resolution == pytest.approx(grid.resolution)
    np.testing.assert_array_equal(back["z"], grid["z"])


def test_a_file_that_is_no_raster_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "wrong.tif").write_text("not a picture")
    with pytest.raises(InvalidInput, match=r"wrong\.tif"):
        raster.read_layer(tmp_path / "wrong.tif", "z")
