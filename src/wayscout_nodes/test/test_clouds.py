# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Elevation as others' messages: every field where its readers look for it."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from geometry_msgs.msg import Pose
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from wayscout.errors import InvalidInput
from wayscout.grid import Grid
from wayscout_nodes.common import clouds, convert
from wayscout_nodes.mapper import products
from wayscout_nodes.world_loader.orbital import coloured_ground


def read(message: PointCloud2) -> dict[str, np.ndarray]:
    """Return field -> values, as a reader finds them by name, offset and type."""
    assert all(f.datatype == PointField.FLOAT32 for f in message.fields)
    raw = np.frombuffer(message.data, np.uint8).reshape(message.width, message.point_step)
    return {f.name: raw[:, f.offset : f.offset + 4].copy().view(np.float32)[:, 0] for f in message.fields}


def slope(rows: int = 4, cols: int = 6, cell: float = 0.5) -> Grid:
    grid = Grid(cell, (10.0, -3.0), (rows, cols))
    grid["elevation"] = np.arange(rows * cols, dtype=np.float32).reshape(rows, cols)
    grid["intensity"] = 10.0 * grid["elevation"]
    return grid


def test_a_cloud_holds_place_and_colour_of_each_known_cell() -> None:
    grid = slope()
    grid["elevation"][1, 2] = np.nan
    grid["intensity"][0, 0] = np.nan
    message = clouds.cloud(grid, 4.5)
    values = read(message)
    assert message.header.frame_id == "map"
    assert convert.seconds(message.header.stamp) == 4.5
    assert message.width == 23
    assert len(message.data) == message.row_step == 23 * message.point_step
    np.testing.assert_allclose(values["x"][:3], [10.25, 10.75, 11.25])
    np.testing.assert_allclose(values["y"][[0, -1]], [-2.75, -1.25])
    assert values["z"][-1] == 23.0
    assert values["intensity"][-1] == 230.0
    assert values["intensity"][0] == clouds.UNKNOWN_GREY
    red_green_blue = values["rgb"].view(np.uint32)
    assert hex(red_green_blue[-1]) == "0xe6e6e6"


def test_a_large_cloud_is_thinned_and_an_empty_one_is_none() -> None:
    grid = Grid(0.5, (0.0, 0.0), (800, 800))
    grid["elevation"] = np.zeros(grid.shape)
    grid["intensity"] = np.zeros(grid.shape)
    assert 200_000 < clouds.cloud(grid, 0.0).width <= clouds.MOST_POINTS
    grid["elevation"][:] = np.nan
    assert clouds.cloud(grid, 0.0).width == 0


def test_a_grid_map_lies_as_grid_map_counts_it() -> None:
    fake = SimpleNamespace(
        GridMap=lambda **fields: SimpleNamespace(
            header=Header(),
            info=SimpleNamespace(resolution=0.0, length_x=0.0, length_y=0.0, pose=Pose()),
            data=[],
            **fields,
        )
    )
    grid = slope()
    message = clouds.grid_map(grid, ("elevation", "intensity"), 2.0, fake)
    assert message.layers == ["elevation", "intensity"]
    assert message.basic_layers == ["elevation"]
    info = message.info
    assert (info.resolution, info.length_x, info.length_y) == (0.5, 3.0, 2.0)
    assert (info.pose.position.x, info.pose.position.y) == (11.5, -2.0)
    array = message.data[0]
    outer, inner = array.layout.dim
    assert (outer.label, outer.size, outer.stride) == ("column_index", 4, 24)
    assert (inner.label, inner.size, inner.stride) == ("row_index", 6, 6)
    # grid_map: position of index (i, j) is centre + half the length - (i + 0.5, j + 0.5) cells
    matrix = np.array(array.data).reshape(outer.size, inner.size).T
    for i, j in ((0, 0), (5, 3), (2, 1)):
        x = info.pose.position.x + 0.5 * info.length_x - (i + 0.5) * info.resolution
        y = info.pose.position.y + 0.5 * info.length_y - (j + 0.5) * info.resolution
        row, col = grid.indices(x, y)
        assert matrix[i, j] == grid["elevation"][row, col]


def test_without_the_package_there_is_no_grid_map_and_with_it_a_latched_topic(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = []
    node = SimpleNamespace(create_publisher=lambda *how: made.append(how) or "publisher")
    monkeypatch.setitem(sys.modules, "grid_map_msgs", None)
    monkeypatch.delitem(sys.modules, "grid_map_msgs.msg", raising=False)
    clouds.grid_map_msgs.cache_clear()
    assert clouds.grid_map_publisher(node, "map/grid_map") is None
    package, module = ModuleType("grid_map_msgs"), ModuleType("grid_map_msgs.msg")
    module.GridMap = object  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "grid_map_msgs", package)
    monkeypatch.setitem(sys.modules, "grid_map_msgs.msg", module)
    clouds.grid_map_msgs.cache_clear()
    assert clouds.grid_map_publisher(node, "map/grid_map") == "publisher"
    assert made == [(object, "map/grid_map", clouds.qos.LATCHED)]
    clouds.grid_map_msgs.cache_clear()


def tile(col: int) -> Grid:
    grid = Grid(0.1, (25.6 * col, 0.0), (256, 256))
    for name in products.UNITS:
        grid.add(name, float(col))
    grid["rock"][100, 100] = 0.7
    return grid


def test_tiles_join_to_what_viewers_and_nav2_get() -> None:
    cost = np.full((256, 256), 20.0, np.float32)
    cost[4, 4] = 100.0
    cost[:, 128:] = np.nan
    parts = [products.viewed(tile(col), cost) for col in (2, 0)]
    assert parts[0].resolution == pytest.approx(0.4)
    assert parts[0].shape == (64, 64)
    assert parts[1]["rock"][25, 25] == np.float32(0.7)
    whole = products.joined(parts)
    assert whole.shape == (64, 192)
    assert np.isnan(whole["elevation"][0, 100])
    assert whole["elevation"][0, 150] == 2.0
    message = products.occupancy(whole, 3.0)
    values = np.array(message.data, np.int8).reshape(message.info.height, message.info.width)
    assert message.info.resolution == pytest.approx(0.4)
    assert set(np.unique(values)) == {-1, 20, 100}
    assert values[1, 1] == 100
    assert (values[:, 64:128] == -1).all()
    shown = read(clouds.cloud(whole, 3.0, others=("cost",)))
    assert len(shown["x"]) == 2 * 64 * 64
    assert set(shown["cost"]) == {-1.0, 20.0, 100.0}


def test_tiles_of_any_size_are_cut_into_whole_cells() -> None:
    odd = Grid(0.2, (0.0, 0.0), (77, 77))
    for name in products.UNITS:
        odd.add(name, 1.0)
    assert products.viewed(odd, odd["elevation"]).resolution == pytest.approx(0.2)
    other = products.viewed(tile(0), tile(0)["elevation"])
    with pytest.raises(InvalidInput, match="resolution"):
        products.joined([other, products.viewed(odd, odd["elevation"])])


def test_the_orbital_map_is_shown_with_its_picture() -> None:
    from wayscout_interfaces.msg import OrbitalMap

    ground = Grid(1.0, (-8.0, -8.0), (16, 16))
    ground["elevation"] = np.tile(np.arange(16, dtype=np.float32), (16, 1))
    picture = np.zeros((64, 64), np.uint8)
    picture[:8] = 200  # the northern edge
    message = OrbitalMap(
        elevation=convert.to_tile(ground, 0, 0, 1, {}, 0.0),
        image=convert.to_image(picture, "mono8", "map", 0.0),
        image_resolution=0.25,
        image_origin=convert.to_point((-8.0, -8.0)),
    )
    shown = coloured_ground(message)
    assert shown.resolution == 0.5
    assert shown.bounds == ground.bounds
    assert shown["intensity"][-1, 0] == 200.0
    assert shown["intensity"][0, 0] == 0.0
    assert shown["elevation"][3, 10] == pytest.approx(4.75, abs=1e-5)
