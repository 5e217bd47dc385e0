# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The map as messages: tiles, index, hazards, and coarse layers for viewers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from geometry_msgs.msg import Point
from nav_msgs.msg import OccupancyGrid
from wayscout_interfaces.msg import Corridor, Hazard, Hazards, TerrainIndex

from wayscout.grid import Grid, Layer
from wayscout.mapping.tiles import Index
from wayscout.terrain.hazards import Found, coarser
from wayscout_nodes.common import convert

UNITS = {"elevation": "m", "sigma": "m", "measured": "1", "intensity": "1", "sand": "1", "rock": "m"}
LARGEST_VIEW_CELL = 0.5  # [m] of what viewers get: 0.4 for tiles of 256 cells of 0.1 m
VIEW_LAYERS = ("elevation", "sigma", "intensity", "sand", "rock", "cost")
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


def viewed(grid: Grid, cost: Layer) -> Grid:
    """Return a tile as viewers get it, at 0.4 m.

    Args:
        grid: the tile, with the layers of UNITS.
        cost: on the same raster, 0 to 100, NaN unknown.

    Returns:
        Its VIEW_LAYERS: of `cost` and `rock` the largest value within a cell, of all others the mean.
    """
    cells = min(grid.shape)
    fits = [k for k in range(1, cells + 1) if cells % k == 0 and k * grid.resolution <= LARGEST_VIEW_CELL]
    factor = max(fits, default=1)  # whole cells in a tile, so that all tiles lie on one lattice
    layers = {**grid.layers, "cost": cost}
    coarse = {name: coarser(layers[name], factor, largest=name in ("cost", "rock")) for name in VIEW_LAYERS}
    shape = (grid.shape[0] // factor, grid.shape[1] // factor)
    return Grid(factor * grid.resolution, grid.origin, shape, grid.frame, coarse)


def joined(tiles: Sequence[Grid]) -> Grid:
    """Return tiles on one lattice as one grid, NaN where there is none; at least one is needed."""
    boxes = [tile.bounds for tile in tiles]
    x, y = min(b.x_min for b in boxes), min(b.y_min for b in boxes)
    cell = tiles[0].resolution
    rows = round((max(b.y_max for b in boxes) - y) / cell)
    cols = round((max(b.x_max for b in boxes) - x) / cell)
    whole = Grid(cell, (x, y), (rows, cols), tiles[0].frame)
    for tile in tiles:
        whole.paste(tile)
    return whole


def occupancy(grid: Grid, time: float) -> OccupancyGrid:
    """Return the layer `cost` as an OccupancyGrid: 0 level and firm, 100 over a limit, -1 unknown."""
    cost = grid["cost"]
    values = np.where(np.isfinite(cost), np.rint(np.nan_to_num(cost)), -1.0).astype(np.int8)
    message = OccupancyGrid()
    message.header.frame_id = grid.frame
    message.header.stamp = message.info.map_load_time = convert.to_stamp(time)
    message.info.resolution = float(grid.resolution)
    message.info.height, message.info.width = values.shape
    message.info.origin.position = convert.to_point(grid.origin)
    message.info.origin.orientation.w = 1.0
    message.data = convert.to_array("b", values)
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
