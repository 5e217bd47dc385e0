# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The map as messages: tiles, index, hazards, and coarse layers for viewers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from geometry_msgs.msg import Point
from nav_msgs.msg import OccupancyGrid
from sensor_msgs.msg import PointCloud2, PointField
from wayscout_interfaces.msg import Corridor, Hazard, Hazards, TerrainIndex

from wayscout.grid import Grid, Layer
from wayscout.mapping.tiles import Index
from wayscout.terrain.hazards import Found, coarser
from wayscout_nodes.common import convert

UNITS = {"elevation": "m", "sigma": "m", "measured": "1", "intensity": "1", "sand": "1", "rock": "m"}
MOST_POINTS = 300_000
VIEW_CELL = 0.5  # cell of what viewers get [m]
Array = npt.NDArray[np.float64]


def index_message(
    versions: dict[Index, int], tile_size: float, resolution: float, time: float
) -> TerrainIndex:
    """Which tiles exist and how new they are."""
    message = TerrainIndex(tile_size=tile_size, resolution=resolution)
    message.header.frame_id = "map"
    message.header.stamp = convert.to_stamp(time)
    for (row, col), version in sorted(versions.items()):
        message.tile_rows.append(row)
        message.tile_cols.append(col)
        message.versions.append(version)
    return message


def rock_hazards(rocks: Array, grid: Grid) -> list[Hazard]:
    """(n, 5) x, y, width, height, confidence as hazards on the grid's elevation."""
    z = grid.sample("elevation", rocks[:, 0], rocks[:, 1])
    return [
        _hazard("rock", x, y, float(np.nan_to_num(top)), 0.5 * width, height, confidence)
        for (x, y, width, height, confidence), top in zip(rocks, z, strict=True)
    ]


def found_hazards(found: Found) -> list[Hazard]:
    """Steps or sand as hazards."""
    return [_hazard(found.kind, *row) for row in found.table]


def hazards_message(hazards: list[Hazard], time: float) -> Hazards:
    message = Hazards(hazards=hazards)
    message.header.frame_id = "map"
    message.header.stamp = convert.to_stamp(time)
    return message


def occupancy(parts: list[tuple[Grid, Layer]], time: float) -> OccupancyGrid:
    """Join the costs (0-100) of tiles into one grid of 0.5 m; -1 where unknown.

    Args:
        parts: each tile's grid and its cost on the same raster, coarsened to 0.5 m, NaN unknown.
    """
    xs, ys = [g.bounds.x_min for g, _ in parts], [g.bounds.y_min for g, _ in parts]
    width = max(g.bounds.x_max for g, _ in parts) - min(xs)
    height = max(g.bounds.y_max for g, _ in parts) - min(ys)
    cell = parts[0][0].bounds.width / parts[0][1].shape[1]
    values = np.full((round(height / cell), round(width / cell)), -1, np.int8)
    for grid, cost in parts:
        row, col = round((grid.bounds.y_min - min(ys)) / cell), round((grid.bounds.x_min - min(xs)) / cell)
        filled = np.where(np.isfinite(cost), np.nan_to_num(cost), -1.0)
        values[row : row + cost.shape[0], col : col + cost.shape[1]] = np.rint(filled).astype(np.int8)
    message = OccupancyGrid()
    message.header.frame_id = "map"
    message.header.stamp = message.info.map_load_time = convert.to_stamp(time)
    message.info.resolution = float(cell)
    message.info.height, message.info.width = values.shape
    message.info.origin.position = convert.to_point((min(xs), min(ys)))
    message.info.origin.orientation.w = 1.0
    message.data = convert.to_array("b", values)
    return message


def cloud_points(grid: Grid) -> npt.NDArray[np.float32]:
    """(n, 4) float32 x, y, z [m] and grey of the grid's elevation at 0.5 m."""
    factor = max(1, round(VIEW_CELL / grid.resolution))
    z = coarser(grid["elevation"], factor, largest=False)
    grey = coarser(grid["intensity"], factor, largest=False)
    rows, cols = np.nonzero(np.isfinite(z))
    x = grid.origin[0] + (cols + 0.5) * factor * grid.resolution
    y = grid.origin[1] + (rows + 0.5) * factor * grid.resolution
    points = np.stack([x, y, z[rows, cols], np.nan_to_num(grey[rows, cols], nan=128.0)], axis=1)
    return points.astype(np.float32)


def cloud(points: npt.NDArray[np.float32], time: float) -> PointCloud2:
    """(n, 4) x, y, z, grey as a coloured PointCloud2 of at most 300,000 points."""
    points = points[:: -(-len(points) // MOST_POINTS) or 1]
    grey = np.clip(points[:, 3], 0, 255).astype(np.uint32)
    packed = np.empty((len(points), 4), np.float32)
    packed[:, :3] = points[:, :3]
    packed[:, 3] = (grey << 16 | grey << 8 | grey).view(np.float32)
    message = PointCloud2(
        height=1, width=len(points), point_step=16, row_step=16 * len(points), is_dense=True
    )
    message.header.frame_id = "map"
    message.header.stamp = convert.to_stamp(time)
    message.fields = [
        PointField(name=name, offset=4 * k, datatype=PointField.FLOAT32, count=1)
        for k, name in enumerate(("x", "y", "z", "rgb"))
    ]
    message.data = convert.to_array("B", packed)
    return message


def corridor_lines(corridors: list[Corridor], field: str) -> list[tuple[str, Array, float]]:
    """Names, (n, 2) centrelines [m] and widths [m] of corridors.

    Raises:
        InvalidInput: naming the corridor with a point that is not finite.
    """
    return [
        (
            c.name,
            np.array([convert.point(p, f"{field}.corridors[{c.name}].centreline")[:2] for p in c.centreline]),
            float(c.width),
        )
        for c in corridors
    ]


def _hazard(
    kind: str, x: float, y: float, z: float, radius: float, height: float, probability: float
) -> Hazard:
    return Hazard(
        position=Point(x=float(x), y=float(y), z=float(z)),
        radius=float(radius),
        height=float(height),
        kind=kind,
        probability=float(np.clip(probability, 0.0, 1.0)),
    )
