# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Terrain metrics against planes, steps and holes whose answers are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wayscout.errors import InvalidInput
from wayscout.grid import Grid
from wayscout.terrain import metrics

PARAMS = metrics.MetricsParams(footprint=1.5, wheel_scale=0.5, body_scale=2.2, min_known=0.2)


def plane(a: float, b: float, c: float, shape: tuple[int, int] = (40, 50)) -> Grid:
    grid = Grid(0.1, (3.0, -7.0), shape)
    x, y = grid.centres()
    grid["elevation"] = a * x[None, :] + b * y[:, None] + c
    return grid


@settings(max_examples=20, deadline=None)
@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-50, 50))
def test_a_plane_has_its_own_slope_and_nothing_else(a: float, b: float, c: float) -> None:
    result = metrics.compute(plane(a, b, c), PARAMS)
    assert np.allclose(result["slope_x"], a, atol=2e-3)
    assert np.allclose(result["slope_y"], b, atol=2e-3)
    assert np.allclose(result["slope"], np.arctan(np.hypot(a, b)), atol=2e-3)
    for name in ("step", "roughness", "rise", "clearance"):
        assert np.nanmax(np.abs(result[name])) < 5e-3, name


def test_a_rock_on_a_slope_is_a_step_of_its_height_to_be_cleared_by_the_belly() -> None:
    grid = plane(0.2, 0.0, 0.0, (60, 60))
    grid["elevation"][30, 30] += 0.35
    result = metrics.compute(grid, PARAMS)
    assert result["step"][30, 30] == pytest.approx(0.35, abs=0.02)
    assert result["step"][30, 32] == pytest.approx(0.35, abs=0.02)
    assert result["step"][30, 34] < 0.02
    assert result["clearance"][30, 40] == pytest.approx(0.35, abs=0.02)
    assert result["clearance"][30, 45] < 0.05


def test_a_ledge_is_a_step_along_its_whole_length() -> None:
    grid = plane(0.0, 0.0, 5.0, (60, 60))
    grid["elevation"][:, 30:] += 0.4
    step = metrics.compute(grid, PARAMS)["step"]
    assert np.all(step[:, 29:31] > 0.25)
    assert np.all(step[:, :20] < 1e-3)


def test_unknown_cells_take_no_part() -> None:
    whole, holed = plane(0.3, -0.1, 2.0), plane(0.3, -0.1, 2.0)
    holed["elevation"][10:14, 10:14] = np.nan
    holed["elevation"][:, 30:] = np.nan
    result, expected = metrics.compute(holed, PARAMS), metrics.compute(whole, PARAMS)
    known = np.isfinite(result["slope_x"])
    assert known[12, 12]
    assert not known[:, 38:].any()
    assert np.allclose(result["slope_x"][known], expected["slope_x"][known], atol=2e-3)
    assert np.isnan(result["step"][12, 12])
    assert result["known"][25, 20] == 1.0
    assert result["known"][20, 45] == 0.0


def test_a_grid_without_elevation_or_without_anything_known() -> None:
    with pytest.raises(InvalidInput, match="elevation"):
        metrics.compute(Grid(0.1, (0.0, 0.0), (5, 5)), PARAMS)
    empty = Grid(0.1, (0.0, 0.0), (5, 5))
    empty.add("elevation")
    assert np.isnan(metrics.compute(empty, PARAMS)["slope"]).all()
