# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A folder of pictures with poses -> elevation.tif, sigma.tif, ortho.tif: the mapping without ROS."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from wayscout import raster
from wayscout.camera import Camera, load_camera
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.grid import Grid
from wayscout.mapping.mapper import MapperParams, Progress, TerrainMapper
from wayscout.mapping.rectify import Image
from wayscout.mapping.shrink import shrink_camera, shrink_image

COLUMNS = ("image", "x", "y", "z", "qx", "qy", "qz", "qw")
MAX_PIXELS = 2_000_000


@dataclass(frozen=True)
class OfflineReport:
    """What a folder of pictures gave.

    Attributes:
        grid: the map, layers as in `TerrainMapper.grid`.
        pictures: pictures in the table; `pictures_used` of them were matched.
        area: measured area [m^2].
        unused: names of the pictures that matched nothing.
        files: what was written.
    """

    grid: Grid
    pictures: int
    pictures_used: int
    area: float
    unused: tuple[str, ...]
    files: tuple[Path, ...]


def map_folder(
    images: Path,
    poses: Path,
    camera: Path,
    resolution: float,
    out: Path,
    *,
    max_pixels: int = MAX_PIXELS,
    pose_sigma: float = 0.0,
    progress: Progress | None = None,
) -> OfflineReport:
    """Map a folder of pictures and write elevation.tif, sigma.tif [m] and ortho.tif (grey) into `out`.

    Args:
        images: folder that the table's picture names are relative to.
        poses: CSV with the columns image,x,y,z,qx,qy,qz,qw: the optical frame (z along the view, x right,
            y down) in map, metres.
        camera: calibration in ROS camera_info form, for the pictures' full size.
        resolution: cell size [m].
        max_pixels: larger pictures are shrunk by a whole factor before anything else.
        pose_sigma: standard deviation of the slow bends of the poses [m], 0 to 1; enters the map's sigma.
        progress: called with pairs done and pairs in all.

    Raises:
        InvalidInput: naming file, row and column, when something is missing or wrong, and when no two
            pictures overlap.
    """
    if not (math.isfinite(resolution) and resolution > 0.0):
        raise InvalidInput("resolution", resolution, "a positive cell size [m] is needed")
    if not 0.0 <= pose_sigma <= 1.0:
        raise InvalidInput("pose sigma", pose_sigma, "a standard deviation from 0 to 1 m is needed")
    model = load_camera(camera)
    rows = read_poses(poses, images)
    factor = max(1, math.ceil(math.sqrt(model.width * model.height / max_pixels)))
    pictures = [_read_picture(path, model, factor, where) for where, path, _ in rows]
    # Own poses bend alike everywhere: nothing is known of a place where their track begins.
    floor = math.hypot(MapperParams.load().surface.sigma_floor, pose_sigma)
    bend = {"sigma_floor": min(floor, 1.0), "sigma_bend": 0.0}
    params = MapperParams.load({"resolution": resolution, "tile_size": 256 * resolution, **bend})
    grid, used, unused = map_pictures(
        pictures, [pose for _, _, pose in rows], shrink_camera(model, factor), params, progress, pose_sigma
    )
    files = write_maps(grid, out)
    area = float(np.nansum(grid["measured"]) * resolution**2)
    return OfflineReport(grid, len(rows), used, area, tuple(rows[i][1].name for i in unused), files)


def map_pictures(
    pictures: Sequence[Image],
    poses: Sequence[Pose],
    camera: Camera,
    params: MapperParams | None = None,
    progress: Progress | None = None,
    pose_sigma: float = 0.0,
) -> tuple[Grid, int, tuple[int, ...]]:
    """Map pictures in memory; returns the grid, the number of pictures used and the indices of the others.

    Args:
        pose_sigma: standard deviation of every pose's position [m].

    Raises:
        InvalidInput: when no two pictures overlap enough to measure anything.
    """
    mapper = TerrainMapper(camera, params or MapperParams.load())
    report = mapper.add_flight(pictures, poses, [pose_sigma] * len(pictures), progress)
    if not report.tiles:
        raise InvalidInput(
            "pictures",
            len(pictures),
            "at least two pictures that overlap and show texture are needed; check the poses",
        )
    return trimmed(mapper.grid()), report.pictures_used, report.unused


def read_poses(path: Path, images: Path) -> list[tuple[str, Path, Pose]]:
    """Read a table of poses; returns (where it says so, picture file, pose) per row.

    Raises:
        InvalidInput: naming file, row (as an editor counts) and column.
    """
    try:
        with path.open(newline="") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            header = [name.strip() for name in reader.fieldnames or []]
            reader.fieldnames = header
            missing = [name for name in COLUMNS if name not in header]
            if missing:
                raise InvalidInput(f"{path.name}:1", header, f"the columns {', '.join(missing)} are missing")
            table = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(str(path), path.name, f"not a readable table of poses ({error})") from error
    result = []
    for line, row in table:
        where = f"{path.name}:{line}"
        numbers = [_number(row.get(column), f"{where} {column}") for column in COLUMNS[1:]]
        name = (row.get("image") or "").strip()
        file_path = images / name
        if not name or not file_path.is_file():
            raise InvalidInput(f"{where} image", name, f"no such picture in {images}")
        norm = float(np.linalg.norm(numbers[3:]))
        if not 0.99 <= norm <= 1.01:
            raise InvalidInput(f"{where} qx..qw", numbers[3:], "a unit quaternion is needed")
        result.append((where, file_path, Pose(np.array(numbers[:3]), np.array(numbers[3:]))))
    if len(result) < 2:
        raise InvalidInput(str(path), len(result), "at least two pictures are needed")
    return result


def write_maps(grid: Grid, out: Path) -> tuple[Path, ...]:
    """Write the layers that there are: float32 with NaN for unknown; ortho uint8 with 0 for unknown."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput("out", str(out), f"the folder cannot be made ({error})") from error
    names = [name for name in ("elevation", "sigma", "measured", "sand") if name in grid]
    for name in names:
        raster.write_layer(out / f"{name}.tif", grid, name)
    seen = np.isfinite(grid["intensity"])
    grey = np.where(seen, np.clip(np.nan_to_num(grid["intensity"]), 1, 255), 0).astype(np.uint8)
    raster.write_image(out / "ortho.tif", grid, grey)
    return tuple(out / f"{name}.tif" for name in (*names, "ortho"))


def _number(text: str | None, where: str) -> float:
    try:
        value = float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise InvalidInput(where, text, "a number is needed") from None
    if not math.isfinite(value):
        raise InvalidInput(where, text, "a finite number is needed")
    return value


def _read_picture(path: Path, camera: Camera, factor: int, where: str) -> Image:
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise InvalidInput(f"{where} image", path.name, "not a readable picture")
    if image.shape != (camera.height, camera.width):
        wanted = f"the camera file is for {camera.width} x {camera.height}"
        raise InvalidInput(f"{where} image", f"{path.name}, {image.shape[1]} x {image.shape[0]}", wanted)
    return shrink_image(np.asarray(image, dtype=np.uint8), factor)


def trimmed(grid: Grid) -> Grid:
    """Cut off the empty margin of whole tiles."""
    rows, cols = np.nonzero(np.isfinite(grid["elevation"]))
    if rows.size == 0:
        return grid
    r, c = slice(rows.min(), rows.max() + 1), slice(cols.min(), cols.max() + 1)
    origin = (grid.origin[0] + c.start * grid.resolution, grid.origin[1] + r.start * grid.resolution)
    layers = {name: layer[r, c] for name, layer in grid.layers.items()}
    return Grid(grid.resolution, origin, (r.stop - r.start, c.stop - c.start), grid.frame, layers)
