# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The site analysis against painted scenes whose answers are known."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from wayscout import config
from wayscout.camera import Camera
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.grid import Bounds, Grid
from wayscout.sites import backshell, canopy, debris, visibility
from wayscout.sites.colour import tint
from wayscout.sites.inspect import inspect
from wayscout.sites.mosaic import Views, filled, look, paint
from wayscout.sites.records import Mosaic, Prior
from wayscout.sites.settings import SiteParams

Image = npt.NDArray[np.uint8]
PARAMS = config.load("sites", SiteParams)
CELL = 0.04
SOIL, WHITE, ORANGE, FOIL = (142, 116, 92), (205, 198, 190), (200, 95, 35), (200, 140, 50)
CAMERA = Camera.pinhole(480, 360, math.radians(60.0))


def scene(side: float = 30.0, cell: float = CELL, seed: int = 3) -> Image:
    """Soil (rows south to north, RGB) with grain and slow changes of colour."""
    n = round(side / cell)
    rng = np.random.default_rng(seed)
    slow = cv2.resize(rng.normal(0.0, 1.0, (6, 6)), (n, n), interpolation=cv2.INTER_CUBIC)
    grain = cv2.GaussianBlur(rng.normal(0.0, 1.0, (n, n)), (0, 0), 1.0)
    light = 1.0 + 0.15 * grain + 0.08 * slow
    soil = np.array(SOIL) * light[..., None] * (1.0 + 0.008 * slow[..., None] * np.array([1.0, 0.0, -1.0]))
    return np.clip(soil, 0, 255).astype(np.uint8)


def disc(image: Image, at: tuple[float, float], radius: float, colour: tuple[int, int, int]) -> None:
    """Paint a disc at x, y [m] from the middle."""
    middle = 0.5 * image.shape[0]
    cv2.circle(
        image, (round((at[0] / CELL + middle) * 16), round((at[1] / CELL + middle) * 16)),
        round(radius / CELL * 16), colour, -1, cv2.LINE_AA, 4,
    )  # fmt: skip


def as_mosaic(image: Image) -> Mosaic:
    n = image.shape[0]
    corner = -0.5 * n * CELL
    flat = np.zeros((n, n), np.float32)
    return Mosaic(CELL, (corner, corner), image, np.zeros((n, n), np.int16), flat + 0.02, flat)


def cloth(diameter: float = 21.5, seed: int = 5) -> Image:
    """A canopy in 16 sectors about (1, -0.5), with a gap ring and one torn place at (4, 2)."""
    image = scene(seed=seed)
    n = image.shape[0]
    y, x = ((np.indices((n, n)) + 0.5) * CELL - 15.0) - np.array([-0.5, 1.0])[:, None, None]
    r, angle = np.hypot(x, y), np.arctan2(y, x)
    sector = np.floor(angle / (math.pi / 8)).astype(int) % 2 == 0
    inside = r < 0.5 * diameter
    inside &= ~((r > 0.77 * 0.5 * diameter) & (r < 0.83 * 0.5 * diameter))
    inside &= np.hypot(x - 3.0, y - 2.5) > 0.6
    light = image.mean(axis=2, keepdims=True) / np.mean(SOIL)
    fabric = np.where(sector[..., None], np.array(WHITE), np.array(ORANGE)) * light
    image[inside] = np.clip(fabric, 0, 255).astype(np.uint8)[inside]
    return image


def test_soil_alone_is_nothing_strange() -> None:
    mosaic = as_mosaic(scene())
    colours = tint(mosaic, PARAMS)
    assert np.abs(colours.redness).max() < PARAMS.cloth_redness
    assert canopy.find(mosaic, colours, PARAMS) is None
    assert debris.find(mosaic, colours, np.zeros(mosaic.source.shape, bool), PARAMS) == []


def test_light_and_shadow_change_no_redness() -> None:
    image = scene()
    dim = image.copy()
    dim[200:400, 200:400] = (dim[200:400, 200:400] * 0.6).astype(np.uint8)
    a, b = (tint(as_mosaic(i), PARAMS).redness[230:370, 230:370] for i in (image, dim))
    assert np.abs(np.mean(a - b)) < 0.02


@pytest.mark.parametrize("diameter", [18.0, 21.5])
def test_canopy_is_measured_with_its_gap_and_tear(diameter: float) -> None:
    mosaic = as_mosaic(cloth(diameter))
    first = canopy.find(mosaic, tint(mosaic, PARAMS), PARAMS)
    assert first is not None
    colours = tint(mosaic, PARAMS, canopy.around(first, mosaic, 0.6))
    found = canopy.find(mosaic, colours, PARAMS)
    assert found is not None
    assert found.diameter == pytest.approx(diameter, rel=0.01)
    assert (found.x, found.y) == pytest.approx((1.0, -0.5), abs=0.1)
    assert found.traced > 0.95
    assert 0.01 < found.sigma < 0.5
    torn = [m for m in found.marks if m.kind == "torn"]
    assert len(torn) == 1, "the gap before the band is open by design"
    assert any(np.hypot(m.x - 4.0, m.y - 2.0) < 0.3 and 0.6 < m.area < 1.5 for m in torn)


@pytest.mark.parametrize("hidden_from", [6.0, 1.0])
def test_the_size_of_a_partly_seen_canopy_is_as_sure_as_it_says(hidden_from: float) -> None:
    whole = as_mosaic(cloth())
    unseen = np.zeros(whole.source.shape, bool)
    unseen[:, round((1.0 + hidden_from + 15.0) / CELL) :] = True  # the east of it
    part = replace(whole, source=np.where(unseen, -1, 0).astype(np.int16))
    colours = tint(part, PARAMS)
    found = canopy.find(part, colours, PARAMS)
    sure = canopy.find(whole, tint(whole, PARAMS), PARAMS)
    assert found is not None
    assert sure is not None
    assert abs(found.diameter - 21.5) < 2.5 * found.sigma
    assert abs(found.diameter - 21.5) < 0.06 * 21.5
    assert found.sigma > sure.sigma
    assert found.traced < 0.8


def test_what_was_not_seen_is_not_torn() -> None:
    whole = as_mosaic(cloth())
    hidden = np.zeros(whole.source.shape, bool)
    for x, y in ((-4.0, -3.0), (2.5, -5.0), (6.0, 0.0)):
        rows, cols = (slice(round((at + 15.0) / CELL), round((at + 16.2) / CELL)) for at in (y, x))
        hidden[rows, cols] = True
    part = replace(whole, source=np.where(hidden, -1, 0).astype(np.int16))
    found = canopy.find(part, tint(part, PARAMS), PARAMS)
    assert found is not None
    assert found.traced > 0.9
    (torn,) = [m for m in found.marks if m.kind == "torn"]
    assert np.hypot(torn.x - 4.0, torn.y - 2.0) < 0.3


def test_pieces_are_found_and_measured_but_not_lines_nor_drifts() -> None:
    image = scene()
    pieces = [((-6.0, 4.0), 0.4, WHITE), ((5.0, -7.0), 0.25, FOIL), ((8.0, 8.0), 0.6, (80, 78, 78))]
    for at, radius, colour in pieces:
        disc(image, at, radius, colour)
    cv2.line(image, (100, 100), (650, 180), (163, 142, 122), 1, cv2.LINE_AA)  # a third of a cell is thread
    n = image.shape[0]
    y, x = (np.indices((n, n)) + 0.5) * CELL - 15.0
    drift = np.clip(1.2 - np.hypot(x + 8.0, y + 8.0) / 1.5, 0.0, 1.0)[..., None]
    image = (image * (1 - 0.12 * drift * np.array([1.0, 0.0, -1.0]))).astype(np.uint8)
    mosaic = as_mosaic(image)
    params = replace(PARAMS, debris_sharpness=0.1)  # cells are twice as large as the default ones
    found = debris.find(mosaic, tint(mosaic, params), np.zeros(mosaic.source.shape, bool), params)
    assert len(found) == len(pieces)
    for at, radius, _ in pieces:
        piece = min(found, key=lambda p, at=at: np.hypot(p.x - at[0], p.y - at[1]))  # type: ignore[misc]
        assert (piece.x, piece.y) == pytest.approx(at, abs=0.05)
        assert piece.size == pytest.approx(2.0 * radius, abs=0.12)


def test_holes_in_the_ground_are_filled_from_around() -> None:
    y, x = np.indices((40, 60), dtype=np.float32)
    plane = 0.1 * x - 0.05 * y
    holed = plane.copy()
    holed[10:20, 20:30] = np.nan
    full = filled(holed)
    assert np.array_equal(full[~np.isnan(holed)], plane[~np.isnan(holed)])
    assert np.abs(full - plane).max() < 0.5


def ground(size: float = 12.0, cell: float = 0.1) -> Grid:
    grid = Grid.over(Bounds(-size, -size, size, size), cell)
    grid["elevation"] = np.zeros(grid.shape)
    return grid


def down(x: float, y: float, z: float, pitch: float, yaw: float) -> Pose:
    """A camera that looks `pitch` [rad] below the horizon towards `yaw`."""
    forward = np.array([math.cos(pitch) * math.cos(yaw), math.cos(pitch) * math.sin(yaw), -math.sin(pitch)])
    right = np.array([math.sin(yaw), -math.cos(yaw), 0.0])
    return Pose.from_rotation(np.stack([right, np.cross(forward, right), forward], axis=1), [x, y, z])


def test_mosaic_puts_colours_where_they_lie() -> None:
    board = ((np.indices((240, 240)) // 20).sum(axis=0) % 2 * 120 + 60).astype(np.uint8)  # 2 m squares
    pose = down(-8.0, 0.0, 8.0, 0.8, 0.0)
    v, u = np.mgrid[: CAMERA.height, : CAMERA.width]
    rays = CAMERA.rays(np.stack([u.ravel(), v.ravel()], axis=1)) @ pose.rotation().T
    hit = pose.position + rays * (-pose.position[2] / np.minimum(rays[:, 2], -1e-3))[:, None]
    row, col = (np.clip((hit[:, k] + 12.0) / 0.1, 0, 239).astype(int) for k in (1, 0))
    picture = np.repeat(board[row, col].reshape(CAMERA.height, CAMERA.width, 1), 3, axis=2)
    params = replace(PARAMS, reach=9.0)
    views = look([pose], CAMERA, ground(), Prior(0.0, 0.0, 0.5), params)
    mosaic = paint([picture], [pose], CAMERA, views, 0.05)
    rows, cols = np.nonzero(mosaic.source >= 0)
    x, y = mosaic.at(rows, cols)
    true = board[((y + 12.0) / 0.1).astype(int), ((x + 12.0) / 0.1).astype(int)]
    inner = (np.abs(x % 2 - 1) < 0.8) & (np.abs(y % 2 - 1) < 0.8)
    off = np.abs(mosaic.colours[rows, cols, 0].astype(int) - true)[inner]
    assert len(off) > 5000
    assert np.mean(off < 10) > 0.97


def test_what_stands_before_hides_what_lies_behind() -> None:
    area = ground()
    xs, ys = area.centres()
    area["elevation"][np.ix_(np.abs(ys) < 1.0, np.abs(xs) < 1.0)] = 2.0
    params = replace(PARAMS, reach=10.0)
    poses = [down(-9.0, 0.0, 5.0, 0.5, 0.0), down(9.0, 0.0, 5.0, 0.5, math.pi)]
    views = look(poses, CAMERA, area, Prior(0.0, 0.0, 0.1), params)
    row, col = views.ground.indices(1.8, 0.0)
    assert not np.isfinite(views.sampling[0, row, col])
    assert np.isfinite(views.sampling[1, row, col])
    behind = np.array([[1.4, -0.5], [2.2, -0.5], [2.2, 0.5], [1.4, 0.5]])
    share, bearings = visibility.seen(behind, views, poses)
    assert share == pytest.approx(1.0, abs=0.05)
    assert bearings == pytest.approx([0.0], abs=0.02)
    with pytest.raises(InvalidInput, match="none shows"):
        look(
            [down(-9.0, 0.0, 5.0, 0.5, math.pi)],
            CAMERA,
            area,
            Prior(5.0, 0.0, 0.0),
            replace(params, reach=5.0),
        )


def test_a_broken_rim_gives_its_whole_circle() -> None:
    rng = np.random.default_rng(1)
    bearing = rng.uniform(0, 2 * np.pi, 300)
    radius = np.where(np.abs(bearing - 2.0) < 0.5, 1.5, 2.25) + rng.normal(0.0, 0.02, 300)
    cot = rng.uniform(0.6, 1.4, 300)
    towards = np.stack([np.cos(bearing), np.sin(bearing)], axis=1)
    points = np.array([3.0, -1.0]) + radius[:, None] * towards
    points -= 0.12 * cot[:, None] * towards  # the rim is 0.12 m high, and seen from its own side
    edges = np.column_stack([points, towards, cot])
    fit = backshell._circle(edges, np.array([2.5, -0.5, 1.7]))
    assert fit is not None
    (x, y, r, _), sigma, good = fit
    assert (x, y) == pytest.approx((3.0, -1.0), abs=0.03)
    assert r == pytest.approx(2.25, rel=0.015)
    assert sigma < 0.1
    side = backshell._circle(
        edges[np.abs(np.angle(np.exp(1j * (bearing + 1.0)))) < 0.8], np.array([2.5, -0.5, 1.7])
    )
    assert side is not None
    assert side[1] > 2.0 * sigma, "a quarter of the rim tells the radius badly"
    assert abs(2.0 * side[0][2] - 4.5) < 2.5 * side[1]
    assert good.mean() == pytest.approx(1.0 - 1.0 / (2 * np.pi), abs=0.08)


def test_bad_input_is_named() -> None:
    picture = np.zeros((CAMERA.height, CAMERA.width, 3), np.uint8)
    pose = down(-8.0, 0.0, 8.0, 0.8, 0.0)
    prior = Prior(0.0, 0.0, 1.0)
    for pictures, poses, named in (
        ([], [], "pictures"),
        ([picture], [], "poses"),
        ([picture[:-1]], [pose], "picture 0"),
        ([picture.astype(float)], [pose], "picture 0"),
    ):
        with pytest.raises(InvalidInput, match=named):
            inspect(pictures, poses, CAMERA, ground(), prior)  # type: ignore[arg-type]
    fisheye = Camera(CAMERA.width, CAMERA.height, CAMERA.matrix, np.zeros(4), "equidistant")
    with pytest.raises(InvalidInput, match="distortion_model"):
        inspect([picture], [pose], fisheye, ground(), prior)
    nothing = Grid.over(Bounds(-5, -5, 5, 5), 0.1)
    nothing.add("elevation")
    with pytest.raises(InvalidInput, match="near the target"):
        inspect([picture], [pose], CAMERA, nothing, prior)
    for bad in ({"x": math.nan}, {"sigma": -1.0}, {"size": math.inf}, {"kind": "teapot"}):
        with pytest.raises(InvalidInput, match=next(iter(bad))):
            Prior(**{"x": 0.0, "y": 0.0, "sigma": 1.0, **bad})  # type: ignore[arg-type]


def test_an_empty_place_is_reported_as_empty() -> None:
    image = scene(24.0, 0.1)
    pose = down(-8.0, 0.0, 8.0, 0.8, 0.0)
    v, u = np.mgrid[: CAMERA.height, : CAMERA.width]
    rays = CAMERA.rays(np.stack([u.ravel(), v.ravel()], axis=1)) @ pose.rotation().T
    hit = pose.position + rays * (-pose.position[2] / np.minimum(rays[:, 2], -1e-3))[:, None]
    at = ((hit[:, :2] + 12.0) / 0.1 - 0.5).astype(np.float32).reshape(CAMERA.height, CAMERA.width, 2)
    picture = cv2.remap(image, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    findings = inspect([picture], [pose], CAMERA, ground(), Prior(0.0, 0.0, 0.5), replace(PARAMS, reach=8.0))
    assert findings.of("parachute") == findings.of("backshell") == ()
    assert any("canopy" in note for note in findings.notes)
    assert findings.lines == 0
    assert isinstance(findings.mosaic, Mosaic)


def test_views_without_pictures_of_a_cell_are_infinite() -> None:
    grid = ground(2.0)
    views = Views(grid, np.full((2, *grid.shape), np.inf, np.float32))
    assert np.all(np.isinf(views.best))
