# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Elevation as messages of others' types: a coloured PointCloud2, and GridMap where that is installed."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Float32MultiArray, MultiArrayDimension

from wayscout.grid import Grid
from wayscout_nodes.common import convert, qos

MOST_POINTS = 300_000
UNKNOWN_GREY, UNKNOWN = 128.0, -1.0


def cloud(grid: Grid, time: float, others: Sequence[str] = ()) -> PointCloud2:
    """Return `elevation` [m] and `intensity` (grey, 0 to 255) as a cloud of at most 300,000 points.

    Its fields are x, y, z [m], rgb (packed, as RViz and PCL have it), intensity and the `others` (layers,
    -1 where unknown), all float32; cells without elevation are left out, ones without grey are grey.
    """
    names = ("x", "y", "z", "rgb", "intensity", *others)
    rows, cols = np.nonzero(np.isfinite(grid["elevation"]))
    step = -(-len(rows) // MOST_POINTS) or 1
    rows, cols = rows[::step], cols[::step]
    grey = grid["intensity"][rows, cols]
    grey = np.clip(np.where(np.isfinite(grey), grey, UNKNOWN_GREY), 0.0, 255.0)
    whole = grey.astype(np.uint32)
    packed = np.empty((len(rows), len(names)), np.float32)
    packed[:, 0], packed[:, 1] = grid.centre(rows, cols)
    packed[:, 2] = grid["elevation"][rows, cols]
    packed[:, 3] = (whole << 16 | whole << 8 | whole).view(np.float32)
    packed[:, 4] = grey
    for k, name in enumerate(others, 5):
        packed[:, k] = np.nan_to_num(grid[name][rows, cols], nan=UNKNOWN)
    message = PointCloud2(
        height=1,
        width=len(packed),
        point_step=packed.itemsize * len(names),
        row_step=packed.nbytes,
        is_dense=True,
    )
    message.header.frame_id = grid.frame
    message.header.stamp = convert.to_stamp(time)
    message.fields = [
        PointField(name=name, offset=packed.itemsize * k, datatype=PointField.FLOAT32, count=1)
        for k, name in enumerate(names)
    ]
    message.data = convert.to_array("B", packed)
    return message


@lru_cache(maxsize=1)
def grid_map_msgs() -> ModuleType | None:
    """Return the module of GridMap, None where grid_map_msgs is not installed."""
    try:
        return importlib.import_module("grid_map_msgs.msg")
    except ImportError:
        return None


def grid_map_publisher(node: Node, topic: str) -> Publisher | None:
    """Return a latched publisher of GridMap, None where grid_map_msgs is not installed."""
    messages = grid_map_msgs()
    return None if messages is None else node.create_publisher(messages.GridMap, topic, qos.LATCHED)


def grid_map(grid: Grid, layers: Iterable[str], time: float, messages: Any) -> Any:
    """Return layers of a grid as grid_map_msgs/GridMap, the first of them its basic layer.

    grid_map counts rows against x and columns against y, from the corner where both are greatest, and
    stores a layer column by column (grid_map_ros, GridMapMsgHelpers).

    Args:
        messages: the module grid_map_msgs.msg.
    """
    names = list(layers)
    message = messages.GridMap(layers=names, basic_layers=names[:1])
    message.header.frame_id = grid.frame
    message.header.stamp = convert.to_stamp(time)
    box = grid.bounds
    message.info.resolution = float(grid.resolution)
    message.info.length_x, message.info.length_y = float(box.width), float(box.height)
    middle = (0.5 * (box.x_min + box.x_max), 0.5 * (box.y_min + box.y_max))
    message.info.pose.position = convert.to_point(middle)
    message.info.pose.orientation.w = 1.0
    message.data = [_matrix(grid[name]) for name in names]
    return message


def _matrix(layer: npt.NDArray[np.float32]) -> Float32MultiArray:
    along_y, along_x = layer.shape
    array = Float32MultiArray()
    array.layout.dim = [
        MultiArrayDimension(label="column_index", size=along_y, stride=layer.size),
        MultiArrayDimension(label="row_index", size=along_x, stride=along_x),
    ]
    array.data = convert.to_array("f", layer[::-1, ::-1])
    return array
