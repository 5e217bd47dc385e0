# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The any-angle planner and its exact integral."""

from __future__ import annotations

import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from wayscout.errors import InvalidInput
from wayscout.routing.integral import path_cost
from wayscout.routing.offline import load_cost, plan_path
from wayscout.routing.planner import plan

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


def _random(seed: int, blocked: float = 0.2, size: int | None = None) -> np.ndarray:
    rng = np.random.default_rng(seed)
    shape = (size, size) if size else tuple(rng.integers(3, 24, 2))
    cost = rng.choice([1.0, 1.5, 3.0, 10.0], shape) * rng.uniform(0.9, 1.1, shape)
    cost[rng.random(shape) < blocked] = np.inf
    cost[0, 0] = cost[-1, -1] = 2.0
    return cost


def _ends(cost: np.ndarray, resolution: float = 1.0) -> tuple[tuple[float, float], tuple[float, float]]:
    rows, cols = cost.shape
    return (0.3 * resolution, 0.6 * resolution), ((cols - 0.4) * resolution, (rows - 0.7) * resolution)


def test_integral_on_a_known_grid() -> None:
    cost = np.array([[1.0, 2.0], [4.0, np.inf]])
    assert path_cost(cost, 2.0, [(1.0, 1.0), (3.0, 1.0)]) == pytest.approx(3.0)
    assert path_cost(cost, 2.0, [(0.5, 0.5), (0.5, 3.5)]) == pytest.approx(1.5 + 6.0)
    along = [(2.0, 0.0), (2.0, 2.0)]  # a border counts the cheaper side
    assert path_cost(cost, 2.0, along) == path_cost(cost, 2.0, along[::-1]) == pytest.approx(2.0)
    assert path_cost(cost, 2.0, [(0.0, 2.0), (2.0, 2.0)]) == pytest.approx(2.0)
    assert path_cost(cost, 2.0, [(1.0, 1.0), (3.0, 3.0)]) == math.inf
    assert path_cost(cost, 2.0, [(1.0, 1.0), (-1.0, 1.0)]) == math.inf
    assert path_cost(cost, 2.0, [(1.0, 1.0)]) == 0.0


def test_integral_through_corners() -> None:
    free = np.array([[1.0, 1.0], [1.0, 3.0]])
    assert path_cost(free, 1.0, [(0.5, 0.5), (1.5, 1.5)]) == pytest.approx(2.0 * math.sqrt(2.0))
    for blocked in (np.array([[1.0, np.inf], [np.inf, 1.0]]), np.array([[1.0, 1.0], [np.inf, 1.0]])):
        assert path_cost(blocked, 1.0, [(0.5, 0.5), (1.5, 1.5)]) == math.inf
        assert path_cost(blocked, 1.0, [(0.5, 0.5), (1.0, 1.0), (1.5, 1.5)]) == math.inf


def test_uniform_ground_gives_a_straight_line() -> None:
    result = plan(np.full((40, 60), 2.0), 0.5, (1.0, 1.0), (29.0, 18.7))
    assert result.length == pytest.approx(math.hypot(28.0, 17.7), rel=1e-4)
    assert result.cost == pytest.approx(2.0 * result.length)
    assert result.path is not None
    assert len(result.path) == 2


def test_two_media_refract_by_snell() -> None:
    cost = np.ones((200, 100))
    cost[100:] = 3.0
    result = plan(cost, 0.1, (0.5, 0.0), (9.5, 20.0))
    x = np.linspace(0.5, 9.5, 200_001)
    best = np.min(np.hypot(x - 0.5, 10.0) + 3.0 * np.hypot(9.5 - x, 10.0))
    assert result.cost == pytest.approx(best, rel=1e-3)


def test_wall_with_a_gap() -> None:
    cost = np.ones((50, 50))
    cost[25, :] = np.inf
    cost[25, 40] = 1.0
    result = plan(cost, 1.0, (5.5, 5.5), (5.5, 45.5))
    assert result.cost == pytest.approx(2.0 * math.hypot(40.0 - 5.5, 25.0 - 5.5) + 1.0, rel=2e-3)


def test_no_path_is_an_answer() -> None:
    cost = np.ones((30, 30))
    cost[:, 15] = np.nan
    result = plan(cost, 1.0, (2.0, 2.0), (28.0, 2.0))
    assert result.path is None
    assert result.as_dict() == {"path": None, "length": None, "cost": None, "seconds": result.seconds}
    blocked = plan(cost, 1.0, (15.5, 2.0), (28.0, 2.0))
    assert blocked.path is None


@pytest.mark.parametrize("free", [0.0, 1e-9])
def test_ground_that_costs_nothing_is_crossed(free: float) -> None:
    cost = np.ones((60, 40))
    cost[20:50] = free
    found = plan(cost, 0.5, (3.0, 1.0), (15.0, 29.0))
    assert found.path is not None
    assert found.cost == pytest.approx(
        9.0 + 4.0, abs=0.01
    )  # straight down on both sides, for nothing between
    everywhere = plan(np.full((30, 30), free), 1.0, (0.5, 0.5), (28.0, 20.0))
    assert everywhere.cost == pytest.approx(0.0, abs=1e-6)


def test_start_is_goal_and_far_edge() -> None:
    cost = np.ones((5, 8))
    same = plan(cost, 1.0, (2.0, 2.0), (2.0, 2.0))
    assert same.cost == 0.0
    corner = plan(cost, 1.0, (0.0, 0.0), (8.0, 5.0))
    assert corner.cost == pytest.approx(math.hypot(8.0, 5.0))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.2, 0.4]))
def test_path_is_valid_and_bounded(seed: int, blocked: float) -> None:
    cost = _random(seed, blocked)
    start, goal = _ends(cost)
    result = plan(cost, 1.0, start, goal)
    regions, _ = ndimage.label(np.isfinite(cost))
    assert (result.path is not None) == (regions[0, 0] == regions[-1, -1])
    if result.path is None:
        return
    straight = math.dist(start, goal)
    assert result.cost >= cost.min() * straight - 1e-9
    assert result.cost == pytest.approx(path_cost(cost, 1.0, result.path))
    assert math.isfinite(result.cost)
    # A dense walk over the path meets no obstacle's cell, whichever way borders are rounded.
    for a, b in zip(result.path[:-1], result.path[1:], strict=True):
        walk = a + np.linspace(0.0, 1.0, 500)[:, None] * (b - a)
        col = np.clip(np.floor(walk[:, 0]).astype(int), 0, cost.shape[1] - 1)
        row = np.clip(np.floor(walk[:, 1]).astype(int), 0, cost.shape[0] - 1)
        assert np.all(np.isfinite(cost[row, col]))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_symmetries(seed: int) -> None:
    cost = _random(seed, 0.1)
    start, goal = _ends(cost)
    forth = plan(cost, 1.0, start, goal)
    back = plan(cost, 1.0, goal, start)
    turned = plan(cost.T, 1.0, start[::-1], goal[::-1])
    scaled = plan(7e5 * cost, 0.25, [0.25 * v for v in start], [0.25 * v for v in goal])
    if forth.path is None:
        assert back.path is turned.path is scaled.path is None
        return
    assert back.cost == pytest.approx(forth.cost, rel=0.06)  # near ties may be broken either way
    assert turned.cost == pytest.approx(forth.cost, rel=0.06)
    assert scaled.cost == pytest.approx(0.25 * 7e5 * forth.cost, rel=0.06)


def test_against_dijkstra_on_finely_cut_borders() -> None:
    """The optimum over paths through a few points of every border bounds the cost from above."""
    for seed in range(4):
        cost = _random(seed, 0.15, size=12)
        start, goal = _ends(cost)
        result = plan(cost, 1.0, start, goal)
        assert result.cost <= 1.01 * _steiner(cost, start, goal, 9)


def _steiner(cost: np.ndarray, start: tuple[float, float], goal: tuple[float, float], k: int) -> float:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import dijkstra

    rows, cols = cost.shape
    points: dict[tuple[float, float], int] = {}
    edges: dict[tuple[int, int], float] = {}
    inner = (np.arange(k) + 0.5) / k
    for r in range(rows):
        for c in range(cols):
            if not np.isfinite(cost[r, c]):
                continue
            around = [(c + t, float(line)) for t in inner for line in (r, r + 1)]
            around += [(float(line), r + t) for t in inner for line in (c, c + 1)]
            around += [p for p in (start, goal) if (int(p[0]), int(p[1])) == (c, r)]
            ids = [points.setdefault((round(p[0], 6), round(p[1], 6)), len(points)) for p in around]
            for i, p in zip(ids, around, strict=True):
                for j, q in zip(ids, around, strict=True):
                    if i < j:
                        d = cost[r, c] * math.dist(p, q)
                        edges[i, j] = min(edges.get((i, j), math.inf), d)
    ij = np.array(list(edges))
    graph = coo_array((list(edges.values()), (ij[:, 0], ij[:, 1])), shape=(len(points), len(points))).tocsr()
    first, last = (points[round(p[0], 6), round(p[1], 6)] for p in (start, goal))
    return float(dijkstra(graph, directed=False, indices=first)[last])


@pytest.mark.parametrize("name", ["map_102", "map_110", "map_112"])
def test_beats_the_published_references(name: str) -> None:
    folder = SHARED / "scouting_benchmark"
    if not folder.is_dir():
        pytest.skip(f"{folder} is missing")
    image = cv2.imread(str(folder / f"{name}.png"))[..., ::-1].astype(np.float64) / 17.0
    identity = image[..., 0] * 225.0 + image[..., 1] * 15.0 + image[..., 2]
    cost = np.where(identity == 0.0, np.inf, identity)
    text = (folder / f"{name}.yaml").read_text().replace("\t", " ")
    info = yaml.safe_load(text)
    result = plan(cost, info["width"] / cost.shape[1], info["start_location"], info["goal_location"])
    assert result.cost <= 1.01 * info["optimal_rrt_rov_path_cost"]


@pytest.mark.parametrize("share", [10, 15, 20])
def test_nav2_maps(share: int) -> None:
    folder = SHARED / "nav2_planner_maps"
    if not folder.is_dir():
        pytest.skip(f"{folder} is missing")
    image = cv2.imread(str(folder / f"nav2_100by100_{share}.png"), cv2.IMREAD_GRAYSCALE)
    occupied = image > 0.65 * 255  # negate: 1
    cost = np.where(cv2.dilate(occupied.astype(np.uint8), np.ones((3, 3))) > 0, np.inf, 1.0)[::-1]
    rows, cols = np.nonzero(np.isfinite(cost))
    first, last = np.argmin(rows + cols), np.argmax(rows + cols)
    start = ((cols[first] + 0.5) * 0.05, (rows[first] + 0.5) * 0.05)
    goal = ((cols[last] + 0.5) * 0.05, (rows[last] + 0.5) * 0.05)
    result = plan(cost, 0.05, start, goal)
    regions, _ = ndimage.label(np.isfinite(cost))
    assert (result.path is not None) == (regions[rows[first], cols[first]] == regions[rows[last], cols[last]])
    if result.path is not None:
        assert result.length <= 1.5 * math.dist(start, goal)


@pytest.mark.parametrize(
    ("cost", "resolution", "start", "goal", "field"),
    [
        (np.ones(5), 1.0, (0.5, 0.5), (1.0, 1.0), "cost.shape"),
        (np.ones((0, 3)), 1.0, (0.5, 0.5), (1.0, 1.0), "cost.shape"),
        (np.ones((3, 3), dtype=complex), 1.0, (0.5, 0.5), (1.0, 1.0), "cost.dtype"),
        (-np.ones((3, 3)), 1.0, (0.5, 0.5), (1.0, 1.0), "cost"),
        (np.ones((3, 3)), 0.0, (0.5, 0.5), (1.0, 1.0), "resolution"),
        (np.ones((3, 3)), math.nan, (0.5, 0.5), (1.0, 1.0), "resolution"),
        (np.ones((3, 3)), 1.0, (math.nan, 0.5), (1.0, 1.0), "start.x"),
        (np.ones((3, 3)), 1.0, (0.5, 0.5), (1.0, 3.5), "goal.y"),
        (np.ones((3, 3)), 1.0, (0.5, 0.5, 0.0), (1.0, 1.0), "start"),
    ],
)
def test_bad_input_is_named(
    cost: np.ndarray, resolution: float, start: tuple, goal: tuple, field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        plan(cost, resolution, start, goal)
    assert caught.value.field == field


def test_files(tmp_path: Path) -> None:
    np.save(tmp_path / "cost.npy", np.ones((10, 10)))
    answer = plan_path(load_cost(tmp_path / "cost.npy"), 1.0, (0.5, 0.5), (9.5, 9.5))
    assert set(json.loads(json.dumps(answer))) == {"path", "length", "cost", "seconds"}
    np.save(tmp_path / "wall.npy", np.where(np.eye(10) > 0, np.nan, 1.0)[::-1])
    assert plan_path(load_cost(tmp_path / "wall.npy"), 1.0, (0.5, 0.5), (9.5, 9.5))["path"] is None
    np.savez(tmp_path / "archive.npz", a=np.ones(3))
    (tmp_path / "bad.npy").write_text("no array")
    for name in ("bad.npy", "missing.npy", "archive.npz"):
        with pytest.raises(InvalidInput, match=name):
            load_cost(tmp_path / name)
