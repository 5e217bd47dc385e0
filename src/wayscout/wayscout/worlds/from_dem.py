# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Make a world from a real elevation model: GeoTIFF, 16-bit PNG or npy.

Coordinates of start and goal are the model's own: those of its georeference, or, where it has none,
metres from its centre. A model that is not square is cropped to a square that holds start and goal,
or, where they lie too far apart, padded with a rising rim that nobody can drive on.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.errors import CRSError, NotGeoreferencedWarning
from rasterio.fill import fillnodata

from wayscout.errors import InvalidInput
from wayscout.grid import Grid
from wayscout.worlds import coarse, folder, generate, noise, orbital, texture, truth
from wayscout.worlds.folder import Corridor, Goal, Sun, Terrain, World
from wayscout.worlds.places import survey

Array = npt.NDArray[np.float64]
FOOT, SURVEY_FOOT = 0.3048, 1200.0 / 3937.0
MOST_HOLES = 0.20
LARGEST = 2048  # intervals of the heightmap
SUN_AZIMUTH, SUN_ELEVATION = 2.6, 0.70  # rad, of the painted light
ORBITER = orbital.Orbiter(sigma=0.35, correlation=12.0, blur=2.0, shift=2.0)


@dataclass(frozen=True)
class Dem:
    """An elevation model as read.

    Attributes:
        name: of its file.
        height: (rows, cols) float64 [m], row 0 SOUTH, NaN in holes.
        resolution: [m], square pixels.
        corner: x, y [m] of the south-west corner, in the model's own coordinates.
        unit: metres per unit of the coordinates that the user gives.
        notes: what was converted, for the user.
    """

    name: str
    height: Array
    resolution: float
    corner: tuple[float, float]
    unit: float
    notes: tuple[str, ...] = ()


def read_dem(path: Path, *, resolution: float | None = None, height: float | None = None) -> Dem:
    """Read an elevation model.

    Args:
        path: .tif/.tiff (scale, offset, no-data and units are applied), .png of 16 bit, or .npy of metres.
        resolution: [m] per pixel, needed for PNG and npy and for a GeoTIFF without georeference.
        height: [m] that the PNG's brightest value, 65535, stands above 0; needed for PNG.

    Raises:
        InvalidInput: naming file and field when it can't be used.
    """
    for name, value in (("resolution", resolution), ("height", height)):
        if value is not None and not (np.isfinite(value) and value > 0.0):
            raise InvalidInput(name, value, "a positive length [m] is needed")
    if not path.is_file():
        raise InvalidInput("dem", str(path), "there is no such file")
    suffix = path.suffix.lower()
    if suffix in (".tif", ".tiff"):
        return _read_geotiff(path, resolution)
    if suffix not in (".png", ".npy"):
        raise InvalidInput("dem", path.name, "a GeoTIFF (.tif), 16-bit .png or .npy is needed")
    if resolution is None:
        raise InvalidInput(
            "resolution", None, f"{path.name} does not say how large a pixel is; give metres per pixel"
        )
    if suffix == ".png":
        if height is None:
            raise InvalidInput(
                "height", None, f"{path.name} does not say how high it is; give metres for value 65535"
            )
        image = folder.read_image(path, cv2.IMREAD_UNCHANGED)
        if image.ndim != 2 or image.dtype != np.uint16:
            raise InvalidInput(str(path), (image.shape, str(image.dtype)), "one band of 16 bit is needed")
        data = image.astype(np.float64) * (height / 65535.0)
    else:
        try:
            data = np.asarray(np.load(path, allow_pickle=False), dtype=np.float64)
        except (OSError, ValueError, EOFError) as error:
            raise InvalidInput(str(path), path.name, f"not a readable array ({error})") from error
    return _checked(Dem(path.name, data[::-1], resolution, (0.0, 0.0), 1.0), centred=True)


def _read_geotiff(path: Path, resolution: float | None) -> Dem:
    notes = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path) as source:
                band = source.read(1, masked=True).astype(np.float64)
                data = band.filled(np.nan) * source.scales[0] + source.offsets[0]
                transform, crs, vertical = source.transform, source.crs, source.units[0]
    except rasterio.errors.RasterioIOError as error:
        raise InvalidInput(str(path), path.name, f"not a readable raster ({error})") from error
    if crs is not None and crs.is_geographic:
        raise InvalidInput(
            f"{path}: crs",
            crs.to_string()[:60],
            "its pixels are degrees; project it to metres first (gdalwarp -t_srs)",
        )
    unit = _metres_per_unit(path, crs)
    if unit != 1.0:
        notes.append(f"{path.name}: coordinates are feet; converted to metres")
    factor = _vertical_factor(path, vertical, unit)
    if factor != 1.0:
        notes.append(f"{path.name}: heights are feet; converted to metres")
    georeferenced = not transform.is_identity
    if not georeferenced:
        if resolution is None:
            raise InvalidInput("resolution", None, f"{path.name} has no georeference; give metres per pixel")
        return _checked(Dem(path.name, data[::-1] * factor, resolution, (0.0, 0.0), 1.0), centred=True)
    if resolution is not None:
        notes.append(f"{path.name}: has its own pixel size; the given resolution is not used")
    if transform.b or transform.d or transform.e >= 0.0 or transform.a <= 0.0:
        raise InvalidInput(
            f"{path}: transform", tuple(transform)[:6], "a raster with north up, not rotated, is needed"
        )
    width, depth = transform.a * unit, -transform.e * unit
    corner = (transform.c * unit, transform.f * unit - depth * data.shape[0])
    pixel = min(width, depth)
    if abs(width - depth) > 1e-4 * pixel:
        notes.append(f"{path.name}: pixels of {width:g} x {depth:g} m; resampled to {pixel:g} m")
        shape = (round(data.shape[1] * width / pixel), round(data.shape[0] * depth / pixel))
        data = np.asarray(cv2.resize(data, shape, interpolation=cv2.INTER_LINEAR))
    return _checked(Dem(path.name, data[::-1] * factor, pixel, corner, unit, tuple(notes)), centred=False)


def _metres_per_unit(path: Path, crs: rasterio.crs.CRS | None) -> float:
    """Horizontal unit of a raster's reference system; metres when it names none."""
    if crs is None:
        return 1.0
    try:
        name, factor = crs.linear_units_factor
    except CRSError:
        return 1.0
    if not 0.0 < factor < 1e4:
        raise InvalidInput(f"{path}: crs unit", name, "metres or feet are needed")
    return float(factor)


def _vertical_factor(path: Path, tag: str | None, horizontal: float) -> float:
    """Metres per unit of height: the band's unit tag, else as the coordinates."""
    word = (tag or "").strip().lower().replace("_", " ")
    if word in ("m", "metre", "meter", "metres", "meters"):
        return 1.0
    if word in ("ft", "foot", "feet", "international foot"):
        return FOOT
    if word in ("us survey foot", "us survey feet", "ftus", "us-ft", "foot us", "sft"):
        return SURVEY_FOOT
    if word:
        raise InvalidInput(f"{path}: units", tag, "metres or feet are needed")
    return horizontal


def _checked(dem: Dem, *, centred: bool) -> Dem:
    """Check shape and holes, fill the holes, and place a model without georeference about its centre."""
    data = dem.height
    if data.ndim != 2 or min(data.shape) < 8:
        raise InvalidInput(f"{dem.name} shape", data.shape, "a raster of at least 8 x 8 pixels is needed")
    data = np.where(np.isfinite(data), data, np.nan)
    corner = dem.corner
    if centred:
        corner = (-0.5 * data.shape[1] * dem.resolution, -0.5 * data.shape[0] * dem.resolution)
    return Dem(dem.name, data, dem.resolution, corner, dem.unit, dem.notes)


def world_from_dem(
    path: Path, start: tuple[float, float], goal: tuple[float, float], out: Path, *,
    resolution: float | None = None, height: float | None = None, image: Path | None = None, seed: int = 0,
) -> Path:  # fmt: skip
    """Make a world from an elevation model in a new folder and return it; see `read_dem` and `make_world`.

    What was converted, cropped, padded or filled is told by Python warnings.
    """
    name = folder.name_of(out)
    source = read_dem(path, resolution=resolution, height=height)

    def make(fresh: Path) -> None:
        for note in make_world(source, fresh, name=name, start=start, goal=goal, seed=seed, image=image):
            warnings.warn(note, UserWarning, stacklevel=4)

    folder.make_atomically(out, make, replace=False)
    return out


def make_world(
    dem: Dem, out: Path, *, name: str, start: tuple[float, float], goal: tuple[float, float], seed: int = 0,
    image: Path | None = None,
) -> list[str]:  # fmt: skip
    """Make a world folder from an elevation model and return notes for the user.

    Args:
        dem: as `read_dem` gives it.
        out: the folder to write.
        name: of the world.
        start, goal: x, y in the model's own coordinates (units included).
        seed: of the orbiter's error and the painted ground.
        image: an orthoimage of the same area as the model's file, to be used as texture; None paints one.

    Raises:
        InvalidInput: when start or goal lie outside or in a hole, or too much of the model is unknown.
    """
    notes = list(dem.notes)
    places = [_place(dem, what, p) for what, p in (("start", start), ("goal", goal))]
    if np.hypot(*(places[0] - places[1])) < 4.0:
        raise InvalidInput("goal", goal, "it lies within 4 m of the start")
    filled = _fill(dem, notes)
    height, centre, size = _square(dem, filled, places, notes)
    ground = _resample(height, size, dem.resolution)
    places = [p - centre for p in places]
    scene = texture.Scene(
        seed, size, int(np.clip(2 ** np.ceil(np.log2(size / 0.06)), 1024, 4096)),
        max(0.02 * _relief(ground), 0.05), SUN_AZIMUTH, SUN_ELEVATION,
    )  # fmt: skip
    rocks = np.zeros((0, 7))
    picture, shadow = texture.paint(scene, ground, rocks)
    if image is not None:
        picture = _use_image(image, dem, centre, size, scene.pixels)
    rng = noise.stream(seed, "orbital")
    bearing, reach = rng.uniform(0, 2 * np.pi), ORBITER.shift * np.sqrt(rng.uniform(0.1, 1.0))
    shift = (float(reach * np.cos(bearing)), float(reach * np.sin(bearing)))
    seen = orbital.observe(ground, picture, rocks, scene, shift, ORBITER, rng)
    world = _describe(dem, name, seed, ground, size, seen, places, shift)
    facts = {
        "source": dem.name,
        "shift": [round(v, 3) for v in shift],
        "shadow_share": round(shadow, 4),
        "centre": [round(float(v), 3) for v in centre],
    }
    generate.write(out, truth.Truth(world, ground, rocks, facts), seen, picture)
    return notes


def _place(dem: Dem, what: str, point: tuple[float, float]) -> Array:
    """Check a point given by the user and return it in metres."""
    if len(point) != 2 or not np.all(np.isfinite(point)):
        raise InvalidInput(what, point, "finite x, y are needed")
    rows, cols = dem.height.shape
    metres = np.array(point, dtype=np.float64) * dem.unit
    col, row = np.floor((metres - np.array(dem.corner)) / dem.resolution).astype(int)
    if not (0 <= row < rows and 0 <= col < cols):
        x0, y0 = (v / dem.unit for v in dem.corner)
        x1, y1 = x0 + cols * dem.resolution / dem.unit, y0 + rows * dem.resolution / dem.unit
        raise InvalidInput(what, point, f"{dem.name} covers x {x0:.1f} to {x1:.1f}, y {y0:.1f} to {y1:.1f}")
    if not np.isfinite(dem.height[row, col]):
        raise InvalidInput(what, point, f"it lies in a hole of {dem.name}")
    return metres


def _fill(dem: Dem, notes: list[str]) -> Array:
    """Fill holes by interpolation from their rims."""
    hole = ~np.isfinite(dem.height)
    share = float(hole.mean())
    if share > MOST_HOLES:
        raise InvalidInput(
            f"{dem.name} holes", f"{share:.0%}", f"at most {MOST_HOLES:.0%} of it may be unknown"
        )
    if share == 0.0:
        return dem.height
    notes.append(f"{dem.name}: {share:.1%} of the heights are unknown and were filled from around")
    data = np.where(hole, 0.0, dem.height).astype(np.float32)
    filled = fillnodata(data, mask=~hole, max_search_distance=float(max(data.shape)), smoothing_iterations=2)
    return np.where(hole, filled, dem.height).astype(np.float64)


def _square(dem: Dem, height: Array, places: list[Array], notes: list[str]) -> tuple[Array, Array, float]:
    """Cut or pad to a square; returns it with its centre in the model's metres and its side [m]."""
    rows, cols = height.shape
    corner = np.array(dem.corner)
    short, long = min(rows, cols), max(rows, cols)
    if rows != cols:
        axis = 1 if cols > rows else 0  # the axis along which it is too long: 0 is y, 1 is x
        along = sorted(float((p - corner)[1 - axis] / dem.resolution) for p in places)
        margin = min(0.04 * short, 0.5 * (short - (along[1] - along[0])))
        if margin >= 2.0:
            begin = int(np.clip(round(0.5 * (along[0] + along[1]) - 0.5 * short), 0, long - short))
            cut = (
                (slice(None), slice(begin, begin + short))
                if axis == 1
                else (slice(begin, begin + short), slice(None))
            )
            height = height[cut]
            corner = corner + np.array([begin, 0] if axis == 1 else [0, begin]) * dem.resolution
            notes.append(f"{dem.name}: cropped from {cols} x {rows} to {short} x {short} pixels")
        else:
            extra = long - short
            pad = (
                ((extra // 2, extra - extra // 2), (0, 0))
                if axis == 1
                else ((0, 0), (extra // 2, extra - extra // 2))
            )
            away = np.pad(np.zeros(height.shape), pad, mode="linear_ramp", end_values=extra // 2)
            height = np.pad(height, pad, mode="edge") + np.minimum(1.2 * away * dem.resolution, 10.0)
            corner = corner - np.array([0, extra // 2] if axis == 1 else [extra // 2, 0]) * dem.resolution
            notes.append(
                f"{dem.name}: padded from {cols} x {rows} to {long} x {long} pixels with a rising rim"
            )
    size = height.shape[0] * dem.resolution
    return height, corner + 0.5 * size, float(size)


def _resample(height: Array, size: float, resolution: float) -> Grid:
    """Interpolate pixel centres to 2^n + 1 vertices over the same square, lowest at 0."""
    power = int(np.clip(np.ceil(np.log2(size / resolution) - 1e-6), 6, np.log2(LARGEST)))
    ground = truth.vertex_grid(size, size / 2**power)
    xs, _ = ground.centres()
    u = ((xs + 0.5 * size) / resolution - 0.5).astype(np.float32)
    data = (height - height.min()).astype(np.float32)
    if ground.resolution > resolution:
        data = cv2.GaussianBlur(data, (0, 0), 0.4 * ground.resolution / resolution)
    map_u, map_v = np.meshgrid(u, u)
    fine = cv2.remap(data, map_u, map_v, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    ground["elevation"] = fine - fine.min()
    if _relief(ground) < 1e-3:
        raise InvalidInput("dem", f"{_relief(ground):g} m of relief", "it is flat")
    ground["sand"] = ground["dark"] = np.zeros(ground.shape)
    return ground


def _relief(ground: Grid) -> float:
    return float(np.ptp(ground["elevation"]))


def _use_image(path: Path, dem: Dem, centre: Array, size: float, pixels: int) -> texture.Image:
    """Cut the square out of an orthoimage that covers the model's whole area; outside it the rim repeats."""
    image = folder.read_image(path, cv2.IMREAD_COLOR)
    rows, cols = dem.height.shape
    scale = np.array([image.shape[1] / cols, image.shape[0] / rows]) / dem.resolution  # px/m in x, y
    axis = (np.arange(pixels) + 0.5) * (size / pixels) - 0.5 * size
    u = ((axis + centre[0] - dem.corner[0]) * scale[0] - 0.5).astype(np.float32)
    v = ((axis + centre[1] - dem.corner[1]) * scale[1] - 0.5).astype(np.float32)
    map_u, map_v = np.meshgrid(u, v)
    flags = cv2.INTER_LINEAR
    return np.asarray(cv2.remap(image[::-1], map_u, map_v, flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _describe(
    dem: Dem, name: str, seed: int, ground: Grid, size: float, seen: folder.Orbital, places: list[Array],
    shift: tuple[float, float],
) -> World:  # fmt: skip
    start, goal = (tuple(float(v) for v in p) for p in places)
    yaw = float(np.arctan2(goal[1] - start[1], goal[0] - start[0]))
    width = max(8.0, 0.06 * size)
    moved = [(p[0] + shift[0], p[1] + shift[1]) for p in (start, goal)]
    lines = coarse.draw_corridors(seen.elevation, moved[0], moved[1], width)
    side = 3.0 if start[0] + 3.0 < 0.5 * size - 1.0 else -3.0
    return World(
        name=name, seed=seed, origin=dem.name, size=size, resolution=size / (ground.shape[0] - 1),
        sun=Sun(azimuth=SUN_AZIMUTH, elevation=SUN_ELEVATION),
        start=survey(ground, seed, (start[0], start[1]), (start[0] + side, start[1]), yaw),
        goal=Goal(x=goal[0], y=goal[1], radius=2.0),
        corridors=[
            Corridor(
                name="AB"[i], width=round(width, 1),
                centreline=[(round(float(x), 2), round(float(y), 2)) for x, y in line],
            )
            for i, line in enumerate(lines)
        ],
        terrain=Terrain(
            heightmap="truth/heightmap.png", height_span=round(_relief(ground), 4),
            texture="truth/texture.jpg", rocks="truth/rocks.csv", sand="truth/sand.png",
        ),
    )  # fmt: skip
