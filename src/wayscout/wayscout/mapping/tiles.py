# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Height samples in square tiles: memory grows with the area that was seen, not with the pictures.

Each cell keeps the best few samples, one for each pair of pictures that measured it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from numba import njit

from wayscout.grid import Bounds, Grid, Layer

SLOTS = 12
Index = tuple[int, int]


@dataclass
class Tile:
    """Samples and fused layers of one square of n x n cells.

    Attributes:
        height, sigma: (n, n, SLOTS) float32 samples [m]; the first `count` are in use.
        count: (n, n) uint8.
        fused: layer name -> (n, n) float32.
        version: grows with every change.
    """

    height: Layer
    sigma: Layer
    count: npt.NDArray[np.uint8]
    fused: dict[str, Layer] = field(default_factory=dict)
    version: int = 0

    @classmethod
    def empty(cls, cells: int) -> Tile:
        shape = (cells, cells, SLOTS)
        return cls(
            np.zeros(shape, np.float32), np.zeros(shape, np.float32), np.zeros((cells, cells), np.uint8)
        )


@dataclass
class TileStore:
    """Tiles by (row, col); tile (r, c) covers [c S, (c + 1) S) x [r S, (r + 1) S).

    Attributes:
        size: side S of a tile [m].
        resolution: side of a cell [m].
    """

    size: float
    resolution: float
    tiles: dict[Index, Tile] = field(default_factory=dict)

    @property
    def cells(self) -> int:
        """Cells along a tile's side."""
        return round(self.size / self.resolution)

    def bounds(self, index: Index) -> Bounds:
        row, col = index
        return Bounds(col * self.size, row * self.size, (col + 1) * self.size, (row + 1) * self.size)

    def insert(self, first: tuple[int, int], height: Layer, sigma: Layer) -> set[Index]:
        """Add one sample per finite cell of a window; return the tiles it touched.

        Args:
            first: (row, col) of the window's cell (0, 0), counted from the frame's origin.
            height, sigma: (rows, cols) float32 [m], NaN where nothing was measured.
        """
        n = self.cells
        touched = set()
        for index, window, part in self._parts(first, height.shape):
            if not np.isfinite(height[window]).any():
                continue
            if index not in self.tiles:
                self.tiles[index] = Tile.empty(n)
            tile = self.tiles[index]
            _insert(tile.height[part], tile.sigma[part], tile.count[part], height[window], sigma[window])
            touched.add(index)
        return touched

    def _parts(
        self, first: tuple[int, int], shape: tuple[int, ...]
    ) -> Iterator[tuple[Index, tuple[slice, slice], tuple[slice, slice]]]:
        """Yield (tile, slice of the window, slice of the tile) for each tile that a window touches."""
        n = self.cells
        for row in range(first[0] // n, (first[0] + shape[0] - 1) // n + 1):
            for col in range(first[1] // n, (first[1] + shape[1] - 1) // n + 1):
                r0, r1 = max(first[0], row * n), min(first[0] + shape[0], (row + 1) * n)
                c0, c1 = max(first[1], col * n), min(first[1] + shape[1], (col + 1) * n)
                window = (slice(r0 - first[0], r1 - first[0]), slice(c0 - first[1], c1 - first[1]))
                yield (
                    (row, col),
                    window,
                    (slice(r0 - row * n, r1 - row * n), slice(c0 - col * n, c1 - col * n)),
                )

    def covered(self) -> Bounds | None:
        """Bounds of all tiles, None when there is none."""
        if not self.tiles:
            return None
        rows, cols = [r for r, _ in self.tiles], [c for _, c in self.tiles]
        s = self.size
        return Bounds(min(cols) * s, min(rows) * s, (max(cols) + 1) * s, (max(rows) + 1) * s)

    def grid(self, bounds: Bounds, names: tuple[str, ...]) -> Grid:
        """Assemble fused layers over `bounds`; NaN where no tile has them."""
        result = Grid.over(bounds, self.resolution)
        for name in names:
            result.add(name)
        first = (round(result.origin[1] / self.resolution), round(result.origin[0] / self.resolution))
        for index, window, part in self._parts(first, result.shape):
            tile = self.tiles.get(index)
            for name in names:
                if tile is not None and name in tile.fused:
                    result[name][window] = tile.fused[name][part]
        return result

    def put(self, grid: Grid, names: tuple[str, ...], within: Bounds | None = None) -> None:
        """Copy layers of a grid on the store's lattice into the existing tiles, if given only `within`."""
        first = (round(grid.origin[1] / self.resolution), round(grid.origin[0] / self.resolution))
        if within is not None:
            rows, cols = grid.window(within.grown(-1e-6))
            grid = grid.crop(within.grown(-1e-6))
            first = (first[0] + rows.start, first[1] + cols.start)
        for index, window, part in self._parts(first, grid.shape):
            tile = self.tiles.get(index)
            if tile is None:
                continue
            for name in names:
                if name not in tile.fused:
                    tile.fused[name] = np.full(tile.count.shape, np.nan, np.float32)
                tile.fused[name][part] = grid[name][window]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _insert(height: Layer, sigma: Layer, count: npt.NDArray[np.uint8], z: Layer, s: Layer) -> None:
    """Keep each cell's samples; when full, a better one takes the place of the worst."""
    rows, cols = z.shape
    slots = height.shape[2]
    for r in range(rows):
        for c in range(cols):
            if not np.isfinite(z[r, c]):
                continue
            n = int(count[r, c])
            if n < slots:
                height[r, c, n], sigma[r, c, n] = z[r, c], s[r, c]
                count[r, c] = n + 1
                continue
            worst = 0
            for k in range(1, slots):
                if sigma[r, c, k] > sigma[r, c, worst]:
                    worst = k
            if s[r, c] < sigma[r, c, worst]:
                height[r, c, worst], sigma[r, c, worst] = z[r, c], s[r, c]
