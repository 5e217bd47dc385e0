# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The mapping against made-up ground whose heights are known."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wayscout.camera import FISHEYE, Camera
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.grid import Bounds, Grid
from wayscout.mapping import fusion, partners, rectify, surface
from wayscout.mapping.coverage import corridor_coverage
from wayscout.mapping.mapper import MapperParams, TerrainMapper
from wayscout.mapping.tiles import SLOTS, TileStore

sys.path.insert(0, str(Path(__file__).parent / "support"))
import synthetic_survey as survey

CAMERA = Camera.pinhole(320, 240, np.radians(47.0))
GROUND = survey.make_ground(11, (26.0, 20.0), rocks_per_hectare=400.0)
POSES = survey.survey_poses(GROUND, CAMERA, length=10.0, legs=2)
PICTURES = [survey.render(GROUND, CAMERA, pose, seed=k) for k, pose in enumerate(POSES)]
Errors = tuple[float, float, np.ndarray, np.ndarray]


def errors(grid: Grid) -> Errors:
    """RMSE after a constant shift, the shift, errors and sigmas of the measured cells."""
    error = grid["elevation"] - survey.truth(GROUND, grid)
    cells = np.isfinite(error) & (grid["measured"] == 1.0)
    shift = float(np.median(error[cells]))
    rest = error[cells] - shift
    return float(np.sqrt(np.mean(rest**2))), shift, rest, grid["sigma"][cells]


@pytest.fixture(scope="module")
def mapped() -> TerrainMapper:
    mapper = TerrainMapper(CAMERA)
    report = mapper.add_flight(PICTURES, POSES)
    assert report.pictures_used == len(PICTURES)
    assert report.unused == ()
    return mapper


def test_heights_are_right_to_centimetres_and_sigma_says_so(mapped: TerrainMapper) -> None:
    rmse, shift, rest, sigma = errors(mapped.grid())
    assert rmse < 0.06
    assert abs(shift) < 0.03
    assert np.mean(np.abs(rest) <= sigma) > 0.55
    best = sigma <= np.median(sigma)
    assert np.sqrt(np.mean(rest[best] ** 2)) <= 0.85 * rmse
    assert np.all(sigma > 0.0)
    grid = mapped.grid()
    assert np.array_equal(np.isfinite(grid["sigma"]), np.isfinite(grid["elevation"]))


def test_wrong_poses_show_in_the_sigma() -> None:
    rng = np.random.default_rng(3)
    poses = [survey.disturbed(pose, rng, 0.01, np.radians(0.01)) for pose in POSES]
    mapper = TerrainMapper(CAMERA)
    mapper.add_flight(PICTURES, poses, [0.03] * len(poses))
    rmse, _, rest, sigma = errors(mapper.grid())
    assert rmse < 0.2
    assert np.mean(np.abs(rest) <= 2.0 * sigma) > 0.6  # it is fitted to tracks that were adjusted
    exact = TerrainMapper(CAMERA)
    exact.add_flight(PICTURES, POSES)
    assert np.median(sigma) > 2.0 * np.median(errors(exact.grid())[3])


def test_the_orthomosaic_is_the_ground_without_ghosts(mapped: TerrainMapper) -> None:
    grid = mapped.grid()
    xs, ys = grid.centres()
    grey = GROUND.grey.sample("grey", *np.meshgrid(xs, ys))
    known = np.isfinite(grid["intensity"]) & np.isfinite(grey)
    a = cv2.blur(np.where(known, grid["intensity"], 0).astype(np.float32), (3, 3))[known]
    b = cv2.blur(np.where(known, grey, 0).astype(np.float32), (3, 3))[known]
    assert np.corrcoef(a, b)[0, 1] > 0.8


def test_a_second_flight_adds_to_the_first_and_raises_versions() -> None:
    half = len(POSES) // 2
    mapper = TerrainMapper(CAMERA)
    mapper.add_flight(PICTURES[:half], POSES[:half])
    first, changed = mapper.measured_area(), mapper.tiles_changed()
    assert changed
    assert mapper.tiles_changed() == []
    mapper.add_flight(PICTURES[half:], POSES[half:])
    assert mapper.measured_area() > 1.2 * first
    assert any(mapper.store.tiles[index].version == 2 for index in mapper.tiles_changed())
    assert errors(mapper.grid())[0] < 0.08


def test_the_same_pictures_give_the_same_map(mapped: TerrainMapper) -> None:
    again = TerrainMapper(CAMERA)
    again.add_flight(PICTURES, POSES)
    for name, layer in again.grid().layers.items():
        assert np.array_equal(layer, mapped.grid()[name], equal_nan=True), name


def test_a_fisheye_maps_too() -> None:
    matrix = np.array([[150.0, 0.0, 159.5], [0.0, 150.0, 119.5], [0.0, 0.0, 1.0]])
    camera = Camera(320, 240, matrix, np.zeros(4), FISHEYE)
    poses = survey.survey_poses(GROUND, CAMERA, length=8.0, legs=1)
    mapper = TerrainMapper(camera)
    mapper.add_flight([survey.render(GROUND, camera, p, seed=k) for k, p in enumerate(poses)], poses)
    assert mapper.measured_area() > 60.0
    assert errors(mapper.grid())[0] < 0.15


@pytest.mark.parametrize("lean", [15.0, 30.0])
def test_oblique_views_map_as_well(lean: float) -> None:
    forward = Pose.from_euler(0.0, 0.0, 0.0, roll=np.radians(lean))  # about the optical x axis
    poses = [pose @ forward for pose in POSES]
    mapper = TerrainMapper(CAMERA)
    mapper.add_flight([survey.render(GROUND, CAMERA, p, seed=k) for k, p in enumerate(poses)], poses)
    assert mapper.measured_area() > 60.0
    rmse, shift, _, _ = errors(mapper.grid())
    assert rmse < 0.10
    assert abs(shift) < 0.03


def test_bad_input_is_refused_and_the_map_stays(mapped: TerrainMapper) -> None:
    before = mapped.measured_area()
    with pytest.raises(InvalidInput, match="picture 1"):
        mapped.add_flight([PICTURES[0], PICTURES[1][:100]], POSES[:2])
    with pytest.raises(InvalidInput, match="picture 0"):
        mapped.add_flight([PICTURES[0].astype(np.float32)], POSES[:1])
    with pytest.raises(InvalidInput, match="poses"):
        mapped.add_flight(PICTURES[:2], POSES[:1])
    with pytest.raises(InvalidInput, match="sigmas"):
        mapped.add_flight(PICTURES[:2], POSES[:2], [0.1, float("nan")])
    with pytest.raises(InvalidInput, match="no picture"):
        TerrainMapper(CAMERA).grid()
    with pytest.raises(InvalidInput, match="resolution"):
        MapperParams.load({"resolution": -1.0})
    assert mapped.measured_area() == before


def test_pictures_that_cannot_be_matched_change_nothing() -> None:
    mapper = TerrainMapper(CAMERA)
    for pictures, poses in (
        ([], []),
        (PICTURES[:1], POSES[:1]),
        ([PICTURES[0], PICTURES[0]], [POSES[0], POSES[0]]),
        ([np.zeros((240, 320), np.uint8)] * 2, POSES[:2]),
        (PICTURES[:2], [POSES[0], Pose(POSES[1].position + np.array([500.0, 0, 0]), POSES[1].quaternion)]),
    ):
        report = mapper.add_flight(pictures, poses)
        assert report.pairs == 0
        assert mapper.tiles_changed() == []


def test_coverage_counts_what_was_measured(mapped: TerrainMapper) -> None:
    assert corridor_coverage(mapped.store, np.array([[-3.0, 0.0], [3.0, 0.0]]), 4.0) > 0.97
    assert corridor_coverage(mapped.store, np.array([[300.0, 0.0], [310.0, 0.0]]), 4.0) == 0.0
    half_out = corridor_coverage(mapped.store, np.array([[0.0, 0.0], [60.0, 0.0]]), 4.0)
    assert 0.05 < half_out < 0.3


@settings(max_examples=30, deadline=None)
@given(
    st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), st.floats(-3, 3), st.floats(1.0, 4.0), st.floats(-1.0, 1.0)
)
def test_rectified_rows_and_disparities_agree(
    roll: float, pitch: float, yaw: float, ahead: float, up: float
) -> None:
    left = Pose.from_euler(0, 0, 12, roll=np.pi + roll, pitch=pitch, yaw=yaw)
    right = Pose.from_euler(ahead, 0.5, 12 + up, roll=np.pi, pitch=0.0, yaw=yaw + 0.4)
    g = rectify.plan(CAMERA, left, right, (8.0, 20.0))
    if g is None:
        return
    points = np.random.default_rng(1).uniform([-3, -3, -1], [3, 3, 2], (20, 3))
    from_left = (points - left.position) @ g.rotation
    from_right = (points - right.position) @ g.rotation
    assert np.allclose(from_left[:, 1:], from_right[:, 1:], atol=1e-9)
    u_left = g.focal * from_left[:, 0] / from_left[:, 2] + g.centre[0]
    u_right = g.focal * from_right[:, 0] / from_right[:, 2] + g.centre[0] - g.offset
    expected = [g.disparity(z) for z in from_left[:, 2]]
    assert np.allclose(u_left - u_right, expected, atol=1e-6)
    assert np.allclose([g.depth(d) for d in expected], from_left[:, 2])


def test_partners_have_baseline_and_overlap() -> None:
    params = MapperParams.load().partner
    depths = np.full(len(POSES), 12.0)
    pairs = partners.choose(CAMERA, POSES, depths, params)
    assert len(pairs) >= len(POSES) - 2
    for i, j in pairs:
        assert i < j
        ratio = np.linalg.norm(POSES[i].position - POSES[j].position) / 12.0
        assert params.min_ratio < ratio < params.max_ratio


def test_fusing_leaves_out_what_disagrees() -> None:
    height = np.zeros((1, 2, 5), np.float32)
    height[0, 0] = [1.0, 1.02, 0.98, 1.01, 7.0]
    sigma = np.full((1, 2, 5), 0.03, np.float32)
    count = np.array([[5, 0]], np.uint8)
    z, spread, _, used = fusion.fuse(height, sigma, count, 3.0)
    assert z[0, 0] == pytest.approx(1.0025, abs=1e-4)
    assert used[0, 0] == 4
    assert 0.02 < spread[0, 0] < 0.1
    assert np.isnan(z[0, 1])


PLANE = np.zeros((60, 60), np.float32)


def sigma_of(
    height: np.ndarray = PLANE,
    spread: float | np.ndarray = 0.01,
    way: np.ndarray | None = None,
    incline: tuple[float, float] = (0.0, 0.0),
) -> np.ndarray:
    """Sigma of a small map of eight samples a cell."""
    params = MapperParams.load().surface
    wide = np.broadcast_to(np.float32(spread), height.shape).astype(np.float32)
    return surface.sigma_of(height, wide, np.full_like(height, 8.0), 0.1, params, way, incline)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 0.2), st.floats(0.2, 1.0), st.floats(5.0, 200.0))
def test_sigma_grows_where_errors_do(spread: float, step: float, far: float) -> None:
    plain = sigma_of()
    assert np.ptp(plain) < 1e-6
    odd = np.full_like(PLANE, 0.01)
    odd[30, 30] += spread
    disagreeing = sigma_of(spread=odd)
    assert disagreeing[30, 30] > disagreeing[31, 30] > disagreeing[5, 5], "in the cell and around it"
    assert disagreeing[5, 5] == pytest.approx(plain[5, 5], rel=1e-4)
    edge = PLANE.copy()
    edge[:, 30:] = step
    at_edge = sigma_of(edge)
    assert at_edge[30, 29] > 0.15 * step
    assert at_edge[30, 10] == pytest.approx(plain[30, 10], rel=1e-4)
    p = MapperParams.load().surface
    tilted = sigma_of(PLANE + np.linspace(0.0, step, 60, dtype=np.float32))  # over 5.9 m: no step of its own
    more = float(tilted[30, 30] ** 2 - plain[30, 30] ** 2)
    assert more == pytest.approx((p.sigma_place * step / 5.9) ** 2, rel=1e-2)
    way = np.repeat(np.linspace(0.0, far, 60, dtype=np.float32)[None], 60, axis=0)
    bent = sigma_of(way=way)
    assert np.all(np.diff(bent[30]) > 0.0)
    assert bent[30, 0] == pytest.approx(plain[30, 0])
    growth = float(bent[30, -1] ** 2 - plain[30, -1] ** 2)
    assert growth == pytest.approx(p.sigma_bend**2 * far, rel=1e-3)


def test_what_is_off_sideways_does_not_count_on_the_slope_of_the_whole_map() -> None:
    y, x = np.meshgrid(np.arange(60), np.arange(60), indexing="ij")
    slope = (0.1 * (0.2 * y - 0.1 * x)).astype(np.float32)
    torn = slope.copy()
    torn[20:24, 30:50] = np.nan
    incline = surface.incline_of([torn[:30], torn[30:]], 0.1)
    np.testing.assert_allclose(incline, (0.2, -0.1), atol=1e-5)
    np.testing.assert_allclose(
        sigma_of(slope, incline=incline)[5:-5, 5:-5], sigma_of()[5:-5, 5:-5], rtol=1e-3
    )
    assert sigma_of(PLANE, incline=incline)[30, 30] > sigma_of()[30, 30], "flat ground on a map that slopes"


def test_the_incline_of_nothing_known_is_none() -> None:
    assert surface.incline_of([np.full((4, 4), np.nan, np.float32)], 0.1) == (0.0, 0.0)


def test_a_cell_that_one_pair_alone_saw_is_less_certain() -> None:
    spread = np.full_like(PLANE, 0.01)
    spread[30, 30] = 0.0
    sigma = sigma_of(spread=spread)
    assert sigma[30, 30] > sigma[31, 31]


def test_a_track_of_limited_accuracy_bends_away_from_where_it_begins(mapped: TerrainMapper) -> None:
    mapper = TerrainMapper(CAMERA)
    mapper.add_flight(PICTURES, POSES, [0.1] * len(POSES))
    exact, bent = mapped.grid(), mapper.grid()
    cells = (exact["measured"] == 1.0) & (bent["measured"] == 1.0)
    xs, ys = bent.centres()
    way = np.hypot(xs[None] - POSES[0].position[0], ys[:, None] - POSES[0].position[1])
    growth = bent["sigma"] ** 2 - exact["sigma"] ** 2
    near, far = (np.median(growth[cells & m]) for m in (way < 3.0, way > 9.0))
    assert far > near + 0.5 * mapper.params.surface.sigma_bend**2 * 6.0


def test_memory_is_linear_in_the_area_not_in_the_samples() -> None:
    store = TileStore(1.6, 0.1)
    window = np.ones((20, 20), np.float32)
    for k in range(3 * SLOTS):
        touched = store.insert((-4, 10), window * k, window * (0.5 if k % 2 else 0.05))
    assert touched == {(-1, 0), (0, 0), (-1, 1), (0, 1)}
    tile = store.tiles[(0, 0)]
    assert tile.count.max() == SLOTS
    assert np.all(tile.sigma[0, 12] == np.float32(0.05)), "better samples take the place of worse ones"
    assert store.covered() == Bounds(0.0, -1.6, 3.2, 1.6)


def test_stray_cells_and_patches_go_and_rocks_walls_and_slopes_stay() -> None:
    height = np.add.outer(np.zeros(120), 0.05 * np.arange(120)).astype(np.float32)  # a slope of 27 degrees
    height[:, 90:] += 3.0  # a wall
    height[20:32, 20:32] += 1.4  # a rock of 1.2 m
    used = np.full_like(height, 6.0)
    sound = height.copy()
    height[60:64, 40:44] -= 3.8  # many pairs agree on a pit of 0.4 m that cannot be
    height[100, 30], used[100, 30] = height[100, 30] + 0.8, 2.0
    height[100, 50] += 0.8  # as high, but many saw it
    found = surface.without_strays(height, used, 0.5, 0.1)
    gone = np.isnan(found)
    assert gone[60:64, 40:44].all()
    assert gone[100, 30]
    assert gone.sum() == 17
    kept = ~gone
    kept[100, 50] = False
    assert np.array_equal(found[kept], sound[kept])


def test_strays_at_the_rim_of_what_is_known_go_with_what_lies_far_beyond() -> None:
    height = np.full((120, 120), 2.0, np.float32)
    height[:, :80] += 0.03 * np.arange(80)  # rises to the rim
    height[:, 80:] = np.nan
    sound = height.copy()
    height[30:33, 80:84] = -3.0  # grown to the rim
    height[60:62, 84:87] = -4.0  # near it, with a gap between
    height[90:98, 80:84] = -6.0  # more than half a metre square, yet far deeper than wide
    found = surface.without_strays(height, np.full_like(height, 6.0), 0.5, 0.1)
    assert np.array_equal(found, sound, equal_nan=True)


def test_small_holes_are_filled_with_growing_doubt_and_edges_are_not_extended() -> None:
    x = np.arange(40, dtype=np.float32)[None, :] * 0.1
    height = np.repeat(x, 40, axis=0)
    height[18:22, 18:22] = np.nan
    height[:, 30:] = np.nan
    sigma = np.where(np.isfinite(height), 0.02, np.nan).astype(np.float32)
    full, doubt = surface.fill_holes(height, sigma, 4, 0.5, 0.1)
    assert np.allclose(full[18:22, 18:22], 0.1 * np.arange(18, 22), atol=0.15)
    assert doubt[20, 20] > doubt[18, 18] > 0.02
    assert np.isnan(full[:, 32:]).all()
    assert np.array_equal(full[:18, :30], height[:18, :30])
