# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What a node knows of the ground: the orbital map and the tiles that the mapper has sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rclpy.node import Node
from wayscout_interfaces.msg import OrbitalMap, TerrainTile

from wayscout.errors import InvalidInput
from wayscout.grid import Grid
from wayscout_nodes.common import convert, qos

TILES_KEPT = 400  # as many tiles as a late joiner may be sent


class TerrainStore:
    """Keeps `map/orbital` and pastes `map/tiles` into one grid that covers the orbital map.

    Attributes:
        orbital: layer 'elevation' [m], 1 m cells; None until it came.
        measured: the wanted layers of the tiles; None until the first tile and the orbital map came.

    Args:
        layers: of the tiles to keep.
        on_change: called after each change.
    """

    def __init__(
        self, node: Node, layers: Iterable[str], on_change: Callable[[], None] | None = None
    ) -> None:
        self._node = node
        self._layers = tuple(layers)
        self._on_change = on_change
        self._early: list[Grid] = []
        self.orbital: Grid | None = None
        self.measured: Grid | None = None
        node.create_subscription(OrbitalMap, "map/orbital", self._on_orbital, qos.LATCHED)
        node.create_subscription(TerrainTile, "map/tiles", self._on_tile, qos.latched(TILES_KEPT))

    def _on_orbital(self, message: OrbitalMap) -> None:
        try:
            grid = convert.tile(message.elevation, "map/orbital.elevation")
            if "elevation" not in grid:
                raise InvalidInput("map/orbital.elevation.layers", list(grid.layers), "'elevation' is needed")
        except InvalidInput as error:
            self._node.get_logger().error(f"orbital map dropped: {error}")
            return
        self.orbital = grid
        early, self._early = self._early, []
        for tile in early:
            self._paste(tile)
        self._changed()

    def _on_tile(self, message: TerrainTile) -> None:
        try:
            tile = convert.tile(message, "map/tiles")
            tile.layers = {name: tile.layers[name] for name in self._layers if name in tile.layers}
            if "elevation" not in tile:
                raise InvalidInput("map/tiles.layers", list(message.layers), "'elevation' is needed")
            self._paste(tile)
        except InvalidInput as error:
            self._node.get_logger().warning(f"tile dropped: {error}")
            return
        self._changed()

    def _paste(self, tile: Grid) -> None:
        if self.orbital is None:
            self._early.append(tile)
            return
        if self.measured is None:
            bounds = self.orbital.bounds.grown(2.0 * tile.resolution)
            self.measured = Grid.over(bounds, tile.resolution, tile.frame)
        self.measured.paste(tile)

    def _changed(self) -> None:
        if self._on_change is not None:
            self._on_change()
