# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The tiles of the terrain map, checked against the index that says which there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from wayscout_interfaces.msg import TerrainIndex, TerrainTile

from wayscout.errors import InvalidInput, WayscoutError
from wayscout.grid import Grid
from wayscout_nodes.common import convert, qos
from wayscout_nodes.common.terrain import TILES_KEPT

LAYERS = ("elevation", "sigma", "measured", "sand", "rock")


class TileShelf:
    """Newest version of every tile.

    Args:
        layers: of the tiles to keep.
    """

    def __init__(self, layers: tuple[str, ...] = LAYERS) -> None:
        self._layers = layers
        self._tiles: dict[tuple[int, int], tuple[int, Grid]] = {}
        self._wanted: dict[tuple[int, int], int] = {}

    def listen(self, node: Node, drop: Callable[[str, WayscoutError], None]) -> None:
        """Take what the mapper publishes.

        Args:
            drop: told what was no use, and why.
        """

        def taken_by(what: str, take: Callable[[Any], None]) -> Callable[[Any], None]:
            def handle(message: Any) -> None:
                try:
                    take(message)
                except WayscoutError as error:
                    drop(what, error)

            return handle

        node.create_subscription(
            TerrainTile, "map/tiles", taken_by("tile", self.add), qos.latched(TILES_KEPT)
        )
        node.create_subscription(TerrainIndex, "map/index", taken_by("map/index", self.expect), qos.LATCHED)

    def add(self, message: TerrainTile) -> None:
        """Keep a tile unless a newer one is there; raises InvalidInput naming the field."""
        key = (int(message.tile_row), int(message.tile_col))
        known = self._tiles.get(key)
        if known is not None and known[0] > message.version:
            return
        grid = convert.tile(message, f"map/tiles ({key[0]}, {key[1]})")
        if "elevation" not in grid:
            raise InvalidInput("map/tiles.layers", list(message.layers), "'elevation' is needed")
        grid.layers = {name: grid[name] for name in self._layers if name in grid}
        self._tiles[key] = (int(message.version), grid)

    def expect(self, index: TerrainIndex) -> None:
        """Take over the list of tiles; raises InvalidInput when its columns differ in length."""
        lengths = {len(index.tile_rows), len(index.tile_cols), len(index.versions)}
        if len(lengths) != 1:
            raise InvalidInput(
                "map/index", sorted(lengths), "as many rows as columns and versions are needed"
            )
        keys = zip(index.tile_rows, index.tile_cols, strict=True)
        self._wanted = {(int(r), int(c)): int(v) for (r, c), v in zip(keys, index.versions, strict=True)}

    def missing(self) -> list[tuple[int, int]]:
        """Return the tiles that the index names and that have not come in that version yet."""
        return [k for k, v in self._wanted.items() if k not in self._tiles or self._tiles[k][0] < v]

    def grid(self) -> Grid | None:
        """Return all tiles as one grid, None when there is none; raises InvalidInput when they don't fit."""
        grids = [grid for _, grid in self._tiles.values()]
        if not grids:
            return None
        bounds = [g.bounds for g in grids]
        low_x, low_y = min(b.x_min for b in bounds), min(b.y_min for b in bounds)
        high_x, high_y = max(b.x_max for b in bounds), max(b.y_max for b in bounds)
        step = grids[0].resolution
        shape = (max(1, round((high_y - low_y) / step)), max(1, round((high_x - low_x) / step)))
        whole = Grid(step, (low_x, low_y), shape, grids[0].frame)
        for grid in grids:
            whole.paste(grid)
        return whole
