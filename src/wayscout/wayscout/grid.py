# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Grid: named float layers on one metric raster.

Row 0 is the south edge and column 0 the west edge, so that row grows with y and column with x:
cell (row, col) covers [x0 + col R, x0 + (col + 1) R) x [y0 + row R, y0 + (row + 1) R). Unknown is
NaN. GeoTIFF files keep their own order (row 0 north); `wayscout.raster` turns them on the way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from wayscout.errors import InvalidInput

Layer = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bounds:
    """An axis-aligned rectangle in metres, half open: [x_min, x_max) x [y_min, y_max)."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float

    def contains(self, x: npt.ArrayLike, y: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        px, py = np.asarray(x), np.asarray(y)
        inside: npt.NDArray[np.bool_] = (
            (px >= self.x_min) & (px < self.x_max) & (py >= self.y_min) & (py < self.y_max)
        )
        return inside

    def grown(self, margin: float) -> Bounds:
        return Bounds(self.x_min - margin, self.y_min - margin, self.x_max + margin, self.y_max + margin)

    @property
    def width(self) -> float:
        return self.x_max - self.x_min

    @property
    def height(self) -> float:
        return self.y_max - self.y_min


@dataclass
class Grid:
    """Named (rows, cols) float32 layers over one raster.

    Attributes:
        resolution: cell size [m].
        origin: (x, y) [m] of the south-west corner of cell (0, 0).
        shape: (rows, cols).
        frame: frame that x, y (and heights) are expressed in.
        layers: name -> (rows, cols) float32, NaN where unknown.
    """

    resolution: float
    origin: tuple[float, float]
    shape: tuple[int, int]
    frame: str = "map"
    layers: dict[str, Layer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (np.isfinite(self.resolution) and self.resolution > 0.0):
            raise InvalidInput("grid.resolution", self.resolution, "a positive cell size [m] is needed")
        if len(self.shape) != 2 or min(self.shape) < 1:
            raise InvalidInput("grid.shape", self.shape, "at least one row and one column are needed")
        if not np.all(np.isfinite(self.origin)):
            raise InvalidInput("grid.origin", self.origin, "finite x, y [m] are needed")
        given, self.layers = self.layers, {}
        for name, data in given.items():
            self[name] = data

    @classmethod
    def over(cls, bounds: Bounds, resolution: float, frame: str = "map") -> Grid:
        """Make an empty grid that covers `bounds`, its corner on a multiple of the resolution."""
        x0 = np.floor(bounds.x_min / resolution + 1e-9) * resolution
        y0 = np.floor(bounds.y_min / resolution + 1e-9) * resolution
        rows = max(1, int(np.ceil((bounds.y_max - y0) / resolution - 1e-9)))
        cols = max(1, int(np.ceil((bounds.x_max - x0) / resolution - 1e-9)))
        return cls(resolution, (float(x0), float(y0)), (rows, cols), frame)

    def __getitem__(self, name: str) -> Layer:
        try:
            return self.layers[name]
        except KeyError:
            raise InvalidInput("grid layer", name, f"known layers are {sorted(self.layers)}") from None

    def __setitem__(self, name: str, data: npt.ArrayLike) -> None:
        layer = np.ascontiguousarray(data, dtype=np.float32)
        if layer.shape != self.shape:
            raise InvalidInput(f"grid layer '{name}' shape", layer.shape, f"{self.shape} is needed")
        self.layers[name] = layer

    def __contains__(self, name: str) -> bool:
        return name in self.layers

    def add(self, name: str, fill: float = np.nan) -> Layer:
        """Add a layer filled with one value and return it."""
        self.layers[name] = np.full(self.shape, fill, dtype=np.float32)
        return self.layers[name]

    @property
    def bounds(self) -> Bounds:
        x0, y0 = self.origin
        rows, cols = self.shape
        return Bounds(x0, y0, x0 + cols * self.resolution, y0 + rows * self.resolution)

    def indices(
        self, x: npt.ArrayLike, y: npt.ArrayLike
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Return the (row, col) that hold points x, y [m]; they may lie outside the grid."""
        col = np.floor((np.asarray(x, dtype=np.float64) - self.origin[0]) / self.resolution).astype(np.intp)
        row = np.floor((np.asarray(y, dtype=np.float64) - self.origin[1]) / self.resolution).astype(np.intp)
        return row, col

    def centre(self, row: npt.ArrayLike, col: npt.ArrayLike) -> tuple[Array, Array]:
        """Return x, y [m] of cell centres."""
        x = self.origin[0] + (np.asarray(col, dtype=np.float64) + 0.5) * self.resolution
        y = self.origin[1] + (np.asarray(row, dtype=np.float64) + 0.5) * self.resolution
        return x, y

    def centres(self) -> tuple[Array, Array]:
        """Return x (cols,) and y (rows,) of the cell centres [m]."""
        rows, cols = self.shape
        return self.centre(0, np.arange(cols))[0], self.centre(np.arange(rows), 0)[1]

    def sample(self, name: str, x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
        """Interpolate a layer bilinearly between cell centres at points x, y [m].

        Returns NaN outside the grid. Unknown corners are left out and the weights of the known
        ones renormalised, so that a hole spreads no further than its own cell.
        """
        layer = self[name]
        rows, cols = self.shape
        px, py = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        u = (px - self.origin[0]) / self.resolution - 0.5
        v = (py - self.origin[1]) / self.resolution - 0.5
        inside = (u >= -0.5) & (u < cols - 0.5) & (v >= -0.5) & (v < rows - 0.5)
        u = np.clip(np.where(inside, u, 0.0), 0.0, cols - 1.0)
        v = np.clip(np.where(inside, v, 0.0), 0.0, rows - 1.0)
        c0 = np.minimum(u.astype(np.intp), max(cols - 2, 0))
        r0 = np.minimum(v.astype(np.intp), max(rows - 2, 0))
        c1, r1 = np.minimum(c0 + 1, cols - 1), np.minimum(r0 + 1, rows - 1)
        fu, fv = u - c0, v - r0
        total = np.zeros(np.broadcast(px, py).shape)
        weight = np.zeros_like(total)
        for row, col, w in (
            (r0, c0, (1 - fv) * (1 - fu)),
            (r0, c1, (1 - fv) * fu),
            (r1, c0, fv * (1 - fu)),
            (r1, c1, fv * fu),
        ):
            value = layer[row, col].astype(np.float64)
            known = np.isfinite(value) & (w > 0.0)
            total += np.where(known, w * np.where(known, value, 0.0), 0.0)
            weight += np.where(known, w, 0.0)
        enough = inside & (weight > 0.25)
        return np.where(enough, total / np.where(enough, weight, 1.0), np.nan)

    def window(self, bounds: Bounds) -> tuple[slice, slice]:
        """Return the row and column slices of the cells that touch `bounds`, clipped to the grid."""
        row0, col0 = self.indices(bounds.x_min, bounds.y_min)
        row1, col1 = self.indices(bounds.x_max - 1e-9, bounds.y_max - 1e-9)
        rows, cols = self.shape
        return (
            slice(max(0, int(row0)), max(0, min(rows, int(row1) + 1))),
            slice(max(0, int(col0)), max(0, min(cols, int(col1) + 1))),
        )

    def crop(self, bounds: Bounds) -> Grid:
        """Return a copy of the part that touches `bounds`.

        Raises:
            InvalidInput: when the bounds miss the grid.
        """
        rows, cols = self.window(bounds)
        if rows.stop <= rows.start or cols.stop <= cols.start:
            raise InvalidInput("bounds", bounds, f"they miss the grid, which covers {self.bounds}")
        origin = (
            self.origin[0] + cols.start * self.resolution,
            self.origin[1] + rows.start * self.resolution,
        )
        shape = (rows.stop - rows.start, cols.stop - cols.start)
        return Grid(
            self.resolution,
            origin,
            shape,
            self.frame,
            {n: d[rows, cols].copy() for n, d in self.layers.items()},
        )

    def paste(self, tile: Grid) -> None:
        """Copy every layer of a tile on the same lattice into this grid, adding missing layers.

        Raises:
            InvalidInput: when frame, resolution or lattice differ.
        """
        if tile.frame != self.frame:
            raise InvalidInput("tile.frame", tile.frame, f"the grid is in '{self.frame}'")
        if abs(tile.resolution - self.resolution) > 1e-9:
            raise InvalidInput("tile.resolution", tile.resolution, f"the grid has {self.resolution} m")
        du = (tile.origin[0] - self.origin[0]) / self.resolution
        dv = (tile.origin[1] - self.origin[1]) / self.resolution
        col0, row0 = round(du), round(dv)
        if abs(du - col0) > 1e-3 or abs(dv - row0) > 1e-3:
            raise InvalidInput("tile.origin", tile.origin, "it does not lie on the grid's lattice")
        rows, cols = self.shape
        r0, r1 = max(0, row0), min(rows, row0 + tile.shape[0])
        c0, c1 = max(0, col0), min(cols, col0 + tile.shape[1])
        if r1 <= r0 or c1 <= c0:
            return
        for name, data in tile.layers.items():
            if name not in self:
                self.add(name)
            self[name][r0:r1, c0:c1] = data[r0 - row0 : r1 - row0, c0 - col0 : c1 - col0]

    def tiles(self, size: float) -> Iterator[tuple[int, int, Bounds]]:
        """Yield (tile row, tile col, bounds) of the lattice's squares of `size` [m] that touch the grid."""
        b = self.bounds
        for row in range(int(np.floor(b.y_min / size)), int(np.ceil(b.y_max / size - 1e-9))):
            for col in range(int(np.floor(b.x_min / size)), int(np.ceil(b.x_max / size - 1e-9))):
                yield row, col, Bounds(col * size, row * size, (col + 1) * size, (row + 1) * size)
