# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A map folder as `offline.write_maps` leaves it, read again: the same tiles, without the pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from wayscout import raster
from wayscout.errors import InvalidInput
from wayscout.geometry import Array
from wayscout.grid import Bounds, Grid
from wayscout.mapping.mapper import LAYERS, MARGIN
from wayscout.mapping.tiles import Index, TileStore
from wayscout.terrain.rocks import find_rocks

_FILES = {"sigma": "sigma", "measured": "measured", "intensity": "ortho", "sand": "sand"}


class SavedMap:
    """Tiles and rocks of a map made earlier; reads like a `TerrainMapper`.

    Attributes:
        store: the tiles, all of version 1. Each measured cell counts as one sample, so that a mapper may go
            on from here.

    Args:
        folder: with elevation.tif, sigma.tif, measured.tif, sand.tif and ortho.tif.
        tile_size, resolution: of the tiles to make [m].

    Raises:
        InvalidInput: when a raster is missing or unreadable, when they do not fit each other or the tiles'
            raster, or when nothing in them is known.
    """

    def __init__(self, folder: Path, tile_size: float, resolution: float) -> None:
        whole = read_map(folder, resolution)
        self.store = TileStore(tile_size, resolution)
        self._rocks: dict[Index, Array] = {}
        first = (round(whole.origin[1] / resolution), round(whole.origin[0] / resolution))
        self.store.insert(first, whole["elevation"], whole["sigma"])
        self.store.put(whole, tuple(whole.layers))
        for index, tile in self.store.tiles.items():
            tile.version = 1
            tile.count[~(tile.fused["measured"] > 0.5)] = 0  # what was filled in is no sample
            self._find_rocks(index)

    def tiles_changed(self) -> list[Index]:
        """Return every tile, sorted."""
        return sorted(self.store.tiles)

    def grid(self, bounds: Bounds | None = None) -> Grid:
        """Return the layers over `bounds`, all tiles when left out; see `TerrainMapper.grid`."""
        covered = bounds or self.store.covered()
        assert covered is not None  # a map without a known cell was refused
        return self.store.grid(covered, LAYERS)

    def tile(self, index: Index) -> Grid:
        """Return one tile's layers as a grid."""
        return self.grid(self.store.bounds(index).grown(-1e-6))

    def rocks(self, tile: Index) -> Array:
        """Return the rocks of a tile, (n, 5): x, y, width, height [m], confidence."""
        return self._rocks[tile]

    def _find_rocks(self, index: Index) -> None:
        bounds = self.store.bounds(index)
        grid = self.store.grid(bounds.grown(MARGIN), ("elevation", "sigma", "intensity"))
        found = find_rocks(grid)
        self._rocks[index] = found.within(bounds)
        grid["rock"] = found.height
        self.store.put(grid, ("rock",), bounds)


def read_map(folder: Path, resolution: float) -> Grid:
    """Return a map folder's rasters as one grid: elevation, sigma [m], measured, intensity, sand if there.

    Raises:
        InvalidInput: as of `SavedMap`.
    """
    if not (folder / "elevation.tif").is_file():
        raise InvalidInput("map folder", str(folder), "elevation.tif of an earlier run is needed in it")
    grid = raster.read_layer(folder / "elevation.tif", "elevation")
    if abs(grid.resolution - resolution) > 1e-6:
        raise InvalidInput(f"{folder} resolution", grid.resolution, f"cells of {resolution:g} m are needed")
    offset = np.abs(np.array(grid.origin) / resolution - np.round(np.array(grid.origin) / resolution))
    if offset.max() > 1e-3:
        raise InvalidInput(f"{folder} origin", grid.origin, f"a multiple of {resolution:g} m is needed")
    for name, file in _FILES.items():
        path = folder / f"{file}.tif"
        if name == "sand" and not path.is_file():  # not every map tells sand
            continue
        other = raster.read_layer(path, name)
        if other.shape != grid.shape or not np.allclose(other.origin, grid.origin, atol=1e-6):
            raise InvalidInput(
                f"{path} raster", other.shape, f"that of elevation.tif, {grid.shape}, is needed"
            )
        grid[name] = other[name]
    known = np.isfinite(grid["elevation"])
    if not known.any():
        raise InvalidInput(f"{folder}/elevation.tif", "no known cell", "a map with measured ground is needed")
    grid["intensity"] = np.where(known & (grid["intensity"] > 0.0), grid["intensity"], np.nan)  # 0: not seen
    return grid
