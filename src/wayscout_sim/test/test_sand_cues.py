# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The cues of sand on painted ground, whose texture is as fine or as coarse as that of the worlds."""

import cv2
import numpy as np
import pytest

from wayscout import config
from wayscout.grid import Grid
from wayscout.terrain import sand
from wayscout.worlds import texture
from wayscout.worlds.paint import grain_picture

SIZE, PIXEL, CELL = 24.0, 0.02, 0.1  # side of the ground, of a picture's pixel and of a map's cell [m]
CELLS = round(SIZE / CELL)
PARAMS = config.load("terrain", sand.SandParams)


def mapped(texel: float, shade: float = 1.0, seed: int = 1, blur: float = 0.45) -> Grid:
    """Level ground, sand west and firm ground east, painted with texels of that size [m] and seen from above.

    Args:
        shade: share of the light that is left, as below a wall.
        blur: deviation of what lens and pixels blur [px].
    """
    vertices = Grid(0.125, (-SIZE / 2, -SIZE / 2), (round(SIZE / 0.125),) * 2)
    xs, _ = vertices.centres()
    vertices.add("elevation", 0.0)
    vertices.add("dark", 0.0)
    vertices.add("sand", 0.0)
    vertices["sand"][:, xs < 0.0] = 1.0
    scene = texture.Scene(seed, SIZE, round(SIZE / texel), 0.4, 0.7, 0.7)
    colours, _ = texture.paint(scene, vertices, np.zeros((0, 7)))
    n = round(SIZE / PIXEL)
    grey = cv2.resize(cv2.cvtColor(colours, cv2.COLOR_BGR2GRAY), (n, n), interpolation=cv2.INTER_LINEAR)
    light = shade * grey * np.resize(np.tile(grain_picture(0.07, PIXEL), (2, 2)), (2048, 2048))[:n, :n]
    light = cv2.GaussianBlur(light, (0, 0), blur)
    noise = PARAMS.sand_noise * np.sqrt(light / 128.0) * np.random.default_rng(seed).standard_normal((n, n))
    picture = np.clip(light + noise + 0.5, 0, 255).astype(np.uint8)
    per_cell = picture.reshape(CELLS, n // CELLS, CELLS, n // CELLS).transpose(0, 2, 1, 3)
    per_cell = per_cell.reshape(CELLS, CELLS, -1).astype(np.float32)
    grid = Grid(CELL, (-SIZE / 2, -SIZE / 2), (CELLS, CELLS))
    grid.add("elevation", 0.0)
    grid["intensity"], grid["texture"] = per_cell.mean(axis=2), per_cell.std(axis=2)
    return grid


def halves(grid: Grid, layer: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The layer's sand and firm halves, without what lies near their border."""
    xs, _ = grid.centres()
    return layer[:, xs < -2.0], layer[:, xs > 2.0]


@pytest.mark.parametrize("texel", [0.025, SIZE / 576])
@pytest.mark.parametrize("shade", [1.0, 0.4])
def test_sand_is_told_in_fine_and_coarse_texture_in_light_and_shadow(texel: float, shade: float) -> None:
    grid = mapped(texel, shade)
    soft, firm = halves(grid, sand.probability(grid) > 0.5)
    assert soft.mean() > 0.9
    assert firm.mean() < 0.1


def test_cues_of_sand_do_not_depend_on_light() -> None:
    lit, dim = (sand.features(mapped(0.025, shade), PARAMS) for shade in (1.0, 0.4))
    for name in sand.FEATURES:
        assert np.nanmedian(lit[name]) == pytest.approx(np.nanmedian(dim[name]), abs=0.08), name


def test_grain_tells_sand_only_where_the_noise_is_taken_off() -> None:
    grid = mapped(SIZE / 576, 0.25)
    kept = sand.SandParams(PARAMS.sand_near, PARAMS.sand_wide, 0.0, PARAMS.sand_weights, PARAMS.sand_prior)
    apart = []
    for params in (PARAMS, kept):
        soft, firm = halves(grid, sand.features(grid, params)["grain_near"])
        apart.append(np.median(firm) - np.median(soft))
    assert apart[0] > 1.1 * apart[1]


def test_a_lonely_smooth_spot_is_no_sand() -> None:
    grid = mapped(0.025)
    rows = cols = slice(200, 208)
    spot, smooth = (rows, cols), (rows, slice(100, 108))
    for layer in ("intensity", "texture"):
        grid[layer][spot] = grid[layer][smooth]
    assert np.mean(sand.probability(grid)[spot] > 0.5) < 0.2
