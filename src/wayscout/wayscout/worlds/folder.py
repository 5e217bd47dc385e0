# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The public part of a world folder: world.yaml and orbital/, all that a mission may know.

What lies under truth/ is read by `wayscout.worlds.truth`, which nodes and brain never import.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import cv2
import numpy as np
import numpy.typing as npt
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from wayscout import raster
from wayscout.errors import InvalidInput
from wayscout.grid import Grid
from wayscout.mars import GRAVITY

Finite = Annotated[float, Field(allow_inf_nan=False)]
T = TypeVar("T", bound=BaseModel)
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StartPose(_Strict):
    """Where a vehicle stands before the mission, as the mission knows it."""

    x: Finite = Field(description="m, map frame")
    y: Finite = Field(description="m, map frame")
    yaw: Finite = Field(description="rad, 0 is east, counter-clockwise")
    z: Finite | None = Field(None, description="m, map frame, height of base_link; None: not surveyed")


class Start(_Strict):
    rover: StartPose
    helicopter: StartPose
    position_sigma: Positive = Field(0.1, description="m per axis, of x and y")
    height_sigma: Positive = Field(0.1, description="m, of z")
    yaw_sigma: Positive = Field(0.0035, description="rad (0.2 deg)")


class Goal(_Strict):
    x: Finite
    y: Finite
    radius: Positive = Field(description="m, the rover has arrived within it")


class Corridor(_Strict):
    """A channel as an operator draws it on the orbital map, the map's shift included."""

    name: str = Field(pattern=r"^[A-Z][A-Za-z0-9_]*$")
    centreline: list[tuple[Finite, Finite]] = Field(min_length=2, description="x, y [m], from start to goal")
    width: Positive = Field(description="m, wall to wall")


class ReconTarget(_Strict):
    """What a reconnaissance is to look at, as an operator marks it on the orbital map, its shift included."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: Literal["parachute", "backshell", "debris"]
    x: Finite = Field(description="m, map frame")
    y: Finite = Field(description="m, map frame")
    sigma: Positive = Field(description="m per axis, of x and y")
    size: Positive | None = Field(None, description="m across, as far as known")


class Sun(_Strict):
    azimuth: Finite = Field(description="rad, direction towards the sun, 0 is east, counter-clockwise")
    elevation: Finite = Field(gt=0.0, le=1.571, description="rad above the horizon")


class Terrain(_Strict):
    """Files for simulators, relative to the world folder; images have row 0 north."""

    heightmap: str
    height_span: Positive = Field(description="m; height = value / 65535 * height_span")
    texture: str
    rocks: str
    sand: str
    debris: str | None = Field(default=None, description="made things among the rocks, with their colours")


class World(_Strict):
    """world.yaml: a square of `size` metres about the map origin."""

    format: Literal[1] = 1
    name: str = Field(min_length=1, pattern=r"^[A-Za-z0-9_.-]+$")
    seed: int | None = Field(None, description="None for a world made from a DEM")
    origin: str = Field("generated", description="recipe with version, or the DEM's file name")
    size: Positive = Field(description="m, side of the square")
    resolution: Positive = Field(description="m, spacing of the heightmap's vertices")
    gravity: Positive = Field(default=GRAVITY, description="m/s^2")
    sun: Sun
    start: Start
    goal: Goal
    corridors: list[Corridor] = Field(default=[], max_length=4, description="none needs a target")
    targets: list[ReconTarget] = Field(default=[], max_length=16, description="for reconnaissance flights")
    terrain: Terrain

    @model_validator(mode="after")
    def _consistent(self) -> World:
        samples = self.size / self.resolution
        power = np.log2(samples)
        if abs(power - round(power)) > 1e-6:
            raise ValueError(f"size / resolution = {samples:g}: a power of two is needed")
        half = self.size / 2.0
        for what, x, y in (
            ("start.rover", self.start.rover.x, self.start.rover.y),
            ("start.helicopter", self.start.helicopter.x, self.start.helicopter.y),
            ("goal", self.goal.x, self.goal.y),
        ):
            if not (abs(x) < half and abs(y) < half):
                raise ValueError(f"{what} = ({x:g}, {y:g}) lies outside the world of +-{half:g} m")
        if not self.corridors and not self.targets:
            raise ValueError("corridors: at least one corridor or one target is needed")
        for what, names in (
            ("corridors", [c.name for c in self.corridors]),
            ("targets", [t.name for t in self.targets]),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"{what}: names {names} are not unique")
        for target in self.targets:
            if not (abs(target.x) < half and abs(target.y) < half):
                where = f"targets.{target.name} = ({target.x:g}, {target.y:g})"
                raise ValueError(f"{where} lies outside the world of +-{half:g} m")
        return self

    def target(self, name: str) -> ReconTarget:
        """Return the target of that name, or raise InvalidInput."""
        for target in self.targets:
            if target.name == name:
                return target
        raise InvalidInput("target", name, f"known are {[t.name for t in self.targets]}")

    def corridor(self, name: str) -> Corridor:
        """Return the corridor of that name, or raise InvalidInput."""
        for corridor in self.corridors:
            if corridor.name == name:
                return corridor
        raise InvalidInput("corridor", name, f"known are {[c.name for c in self.corridors]}")


class OrbitalMeta(_Strict):
    """orbital/orbital.yaml."""

    elevation_resolution: Positive = Field(description="m")
    image_resolution: Positive = Field(description="m")
    origin: tuple[Finite, Finite] = Field(description="x, y [m] of the south-west corner of both rasters")
    elevation_sigma: Positive = Field(description="m, of the spatially correlated error")
    elevation_correlation: Positive = Field(description="m, correlation length of that error")
    shift_sigma: Positive = Field(description="m per axis, of the unknown shift against map")


@dataclass(frozen=True)
class Orbital:
    """What the orbiter saw.

    Attributes:
        elevation: grid with layer 'elevation' [m], usually 1 m cells.
        image: (rows, cols) uint8, row 0 SOUTH like every grid, covering the same square.
        image_resolution: [m/px].
        image_origin: x, y [m] of the image's south-west corner.
        meta: sigmas and correlation lengths.
    """

    elevation: Grid
    image: npt.NDArray[np.uint8]
    image_resolution: float
    image_origin: tuple[float, float]
    meta: OrbitalMeta


def load_world(path: Path | str) -> World:
    """Read world.yaml of a world folder (or the file itself).

    Raises:
        InvalidInput: naming file and field when it is missing, no YAML or breaks the schema.
    """
    path = Path(path)
    file = path if path.suffix == ".yaml" else path / "world.yaml"
    return parse(World, read_yaml(file), file)


def load_orbital(path: Path | str) -> Orbital:
    """Read orbital/ of a world folder.

    Raises:
        InvalidInput: naming the file when one is missing, corrupt or does not fit the others.
    """
    folder = Path(path) / "orbital"
    meta = parse(OrbitalMeta, read_yaml(folder / "orbital.yaml"), folder / "orbital.yaml")
    elevation = raster.read_layer(folder / "elevation.tif", "elevation")
    if abs(elevation.resolution - meta.elevation_resolution) > 1e-6:
        raise InvalidInput(
            f"{folder / 'elevation.tif'} resolution", elevation.resolution, "orbital.yaml differs"
        )
    image = read_image(folder / "image.png", cv2.IMREAD_GRAYSCALE)
    span = image.shape[1] * meta.image_resolution
    if image.dtype != np.uint8 or abs(span - elevation.bounds.width) > meta.elevation_resolution:
        raise InvalidInput(
            f"{folder / 'image.png'}", (image.shape, str(image.dtype)), "8 bit over the elevation's area"
        )
    return Orbital(elevation, np.ascontiguousarray(image[::-1]), meta.image_resolution, meta.origin, meta)


def write_world(folder: Path, world: World) -> None:
    """Write world.yaml."""
    write_yaml(folder / "world.yaml", world.model_dump(mode="json"), "What a mission may know of this world.")


def write_orbital(folder: Path, orbital: Orbital) -> None:
    """Write orbital/elevation.tif, image.png and orbital.yaml."""
    target = folder / "orbital"
    target.mkdir(parents=True, exist_ok=True)
    raster.write_layer(target / "elevation.tif", orbital.elevation, "elevation")
    write_image(target / "image.png", orbital.image[::-1])
    write_yaml(
        target / "orbital.yaml",
        orbital.meta.model_dump(mode="json"),
        "What the orbiter's products are worth.",
    )


def parse(kind: type[T], content: Any, file: Path) -> T:
    """Check the content of a YAML file against a schema; errors name file and field."""
    if not isinstance(content, Mapping):
        raise InvalidInput(str(file), content, "a mapping is needed")
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        value = first["input"] if first["loc"] else "(whole file)"
        raise InvalidInput(f"{file}: {field}", value, first["msg"]) from error


def read_yaml(file: Path) -> Any:
    """Read a YAML file; InvalidInput names it when it is missing or malformed."""
    try:
        return yaml.safe_load(file.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidInput(str(file), file.name, f"not a readable YAML file ({error})") from error


def write_yaml(file: Path, content: Mapping[str, Any], comment: str) -> None:
    """Write a mapping as YAML with a leading comment."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        f"# {comment}\n" + yaml.safe_dump(dict(content), sort_keys=False, default_flow_style=None, width=110)
    )


def read_image(file: Path, flags: int) -> npt.NDArray[Any]:
    """Read an image file by OpenCV; InvalidInput names it when it can't be read."""
    image = cv2.imread(str(file), flags) if file.is_file() else None
    if image is None:
        raise InvalidInput(str(file), file.name, "not a readable image")
    return np.asarray(image)


def write_image(file: Path, image: npt.NDArray[Any], *, quality: int = 90) -> None:
    """Write an image (row 0 north, colour as BGR) by its suffix; `quality` is the JPEG's."""
    file.parent.mkdir(parents=True, exist_ok=True)
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if file.suffix == ".jpg" else []
    if not cv2.imwrite(str(file), np.ascontiguousarray(image), options):
        raise InvalidInput(str(file), image.shape, "the image can't be written")


def make_atomically(target: Path, make: Callable[[Path], None], *, replace: bool) -> None:
    """Let `make` fill a temporary folder beside `target`, then move it there.

    Raises:
        InvalidInput: when `target` holds something and may not be replaced.
    """
    if not replace and target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InvalidInput("out", str(target), "it exists already; give a new folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        fresh = work / target.name
        fresh.mkdir()
        make(fresh)
        if target.exists():
            os.rename(target, work / "old")
        os.rename(fresh, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def name_of(out: Path) -> str:
    """Return the world name that a new folder gives, or raise InvalidInput when it can't name a world."""
    name = out.expanduser().resolve().name
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", name):
        raise InvalidInput(
            "out", str(out), "its last part names the world: letters, digits, _ . - are allowed"
        )
    return name
