# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Read and write grids as GeoTIFF (row 0 north in the file, row 0 south in memory)."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import from_origin

from wayscout.errors import InvalidInput
from wayscout.grid import Grid


def write_layer(path: Path, grid: Grid, name: str) -> None:
    """Write one layer of a grid as a float32 GeoTIFF, NaN as no-data."""
    _write(path, grid, grid[name][None, ::-1], np.nan)


def write_image(path: Path, grid: Grid, image: npt.NDArray[np.uint8]) -> None:
    """Write a (rows, cols[, bands]) uint8 image that lies on the grid's raster (row 0 south)."""
    bands = image[None] if image.ndim == 2 else np.moveaxis(image, 2, 0)
    if bands.shape[1:] != grid.shape:
        raise InvalidInput("image.shape", image.shape, f"{grid.shape} is needed")
    _write(path, grid, bands[:, ::-1], None)


def read_layer(path: Path, name: str, frame: str = "map") -> Grid:
    """Read the first band of a GeoTIFF as a one-layer grid; scale, offset and no-data are applied.

    Raises:
        InvalidInput: when the file is not a readable raster with square, north-up pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path) as source:
                band = source.read(1, masked=True).astype(np.float64)
                data = band.filled(np.nan) * source.scales[0] + source.offsets[0]
                transform = source.transform
    except rasterio.errors.RasterioIOError as error:
        raise InvalidInput(str(path), path.name, f"not a readable raster ({error})") from error
    if (
        transform.e >= 0.0
        or abs(transform.a + transform.e) > 1e-6 * transform.a
        or transform.b
        or transform.d
    ):
        raise InvalidInput(f"{path} transform", tuple(transform)[:6], "square pixels, north up, are needed")
    resolution = float(transform.a)
    origin = (float(transform.c), float(transform.f - resolution * data.shape[0]))
    return Grid(
        resolution, origin, (data.shape[0], data.shape[1]), frame, {name: data[::-1].astype(np.float32)}
    )


def _write(path: Path, grid: Grid, bands: npt.NDArray[np.generic], nodata: float | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            height=bands.shape[1],
            width=bands.shape[2],
            count=bands.shape[0],
            dtype=bands.dtype,
            nodata=nodata,
            compress="deflate",
            transform=from_origin(grid.bounds.x_min, grid.bounds.y_max, grid.resolution, grid.resolution),
        ) as target:
            target.write(bands)
