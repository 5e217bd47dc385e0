# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""TerrainMapper: flights of posed pictures in, a tiled elevation map and orthomosaic out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from typing import TypeVar

import numpy as np

from wayscout import config
from wayscout.camera import Camera
from wayscout.errors import InvalidInput
from wayscout.geometry import Array, Pose
from wayscout.grid import Bounds, Grid, Layer
from wayscout.mapping import fusion, matching, ortho, partners, surface
from wayscout.mapping.rectify import Image
from wayscout.mapping.tiles import Index, TileStore
from wayscout.terrain.rocks import find_rocks
from wayscout.terrain.sand import probability

LAYERS = ("elevation", "sigma", "measured", "intensity", "sand", "rock")
Progress = Callable[[int, int], None]
_RAW = ("height", "spread", "quality", "used")
MARGIN = 3.5  # [m] around a tile that its finishing looks at
T = TypeVar("T")


@dataclass(frozen=True)
class MapperParams:
    """All that the mapping needs to know; see config/mapper.yaml."""

    resolution: float
    tile_size: float
    threads: int
    match: matching.MatchParams
    partner: partners.PartnerParams
    fusion: fusion.FusionParams
    surface: surface.SurfaceParams

    @classmethod
    def load(cls, overrides: dict[str, object] | None = None) -> MapperParams:
        """Read config/mapper.yaml, with some values replaced."""
        given = dict(overrides or {})

        def part(kind: type[T]) -> T:
            names = {f.name for f in fields(kind)}  # type: ignore[arg-type]
            return config.load("mapper", kind, {k: v for k, v in given.items() if k in names})

        unknown = set(given) - set(config.read("mapper"))
        if unknown:
            raise InvalidInput(
                "mapper parameters", sorted(unknown), f"known are {sorted(config.read('mapper'))}"
            )
        own = part(SizeParams)
        return cls(
            own.resolution,
            own.tile_size,
            own.threads,
            part(matching.MatchParams),
            part(partners.PartnerParams),
            part(fusion.FusionParams),
            part(surface.SurfaceParams),
        )


@dataclass(frozen=True)
class SizeParams:
    """Raster and threads; see config/mapper.yaml."""

    resolution: float
    tile_size: float
    threads: int


PARTS = (SizeParams, matching.MatchParams, partners.PartnerParams, fusion.FusionParams, surface.SurfaceParams)
"""The groups that config/mapper.yaml fills."""


@dataclass(frozen=True)
class FlightReport:
    """What became of a flight's pictures.

    Attributes:
        pictures_used: pictures that took part in at least one matched pair.
        pairs: pairs that gave samples.
        tiles: tiles that changed.
        unused: indices of the pictures that matched nothing.
    """

    pictures_used: int
    pairs: int
    tiles: frozenset[Index]
    unused: tuple[int, ...]


@dataclass
class TerrainMapper:
    """Builds one terrain map from any number of flights; memory is linear in the area seen.

    Not safe for use from two threads at once; it uses `params.threads` worker threads itself.
    """

    camera: Camera
    params: MapperParams = field(default_factory=MapperParams.load)

    def __post_init__(self) -> None:
        self.store = TileStore(self.params.tile_size, self.params.resolution)
        self._changed: set[Index] = set()
        self._rocks: dict[Index, Array] = {}
        self._begin: Array | None = None  # where the first track of limited accuracy begins (x, y)

    def add_flight(
        self,
        pictures: Sequence[Image],
        poses: Sequence[Pose],
        sigmas: Sequence[float] | None = None,
        progress: Progress | None = None,
    ) -> FlightReport:
        """Fuse the pictures of a flight.

        Args:
            pictures: (height, width) uint8 each, in the order they were taken.
            poses: optical frame in map of each.
            sigmas: standard deviation of each position [m]; 0 when left out.
            progress: called with pairs done and pairs in all.

        Raises:
            InvalidInput: naming the picture whose size, type or sigma is wrong; the map stays as it was.
        """
        images = list(pictures)
        where = list(poses)
        accuracy = self._check(images, where, sigmas)
        p = self.params
        depths, pairs = self._pairs(images, where)

        def job(pair: tuple[int, int]) -> tuple[tuple[int, int], Layer, Layer] | None:
            i, j = pair
            found = matching.match(
                self.camera, (images[i], images[j]), (where[i], where[j]), self.params.match
            )
            return (
                None if found is None else fusion.samples(found, self.params.resolution, self.params.fusion)
            )

        if self._begin is None and accuracy.any():
            self._begin = where[0].position[:2]
        touched: set[Index] = set()
        used: set[int] = set()
        count = 0
        with ThreadPoolExecutor(self.params.threads) as pool:
            for done, (pair, sample) in enumerate(zip(pairs, pool.map(job, pairs), strict=True)):
                if sample is not None:
                    first, height, sigma = sample
                    shared = max(p.fusion.pair_sigma, p.fusion.pose_share * accuracy[list(pair)].max())
                    sigma = np.hypot(sigma, shared).astype(np.float32)
                    touched |= self.store.insert(first, height, sigma)
                    used.update(pair)
                    count += 1
                if progress is not None:
                    progress(done + 1, len(pairs))
        self._finish(touched)
        for i in sorted(used):
            ortho.paint(
                self.store,
                self.camera,
                images[i],
                where[i],
                float(depths[i]),
                self.params.match.max_view_angle,
            )
        self._interpret(touched)
        for index in touched:
            self.store.tiles[index].version += 1
        self._changed |= touched
        unused = tuple(sorted(set(range(len(images))) - used))
        return FlightReport(len(used), count, frozenset(touched), unused)

    def refinish(self) -> None:
        """Fuse and finish all tiles anew, after `params` were replaced; for calibrating."""
        self._finish(self.store.tiles)

    def tiles_changed(self) -> list[Index]:
        """Return the tiles changed since the last call, sorted."""
        changed, self._changed = sorted(self._changed), set()
        return changed

    def grid(self, bounds: Bounds | None = None) -> Grid:
        """Return the map's layers: `elevation`, `sigma` [m], `measured` (1 or 0), `intensity` (0-255), `sand`
        (probability) and `rock` (height of a rock above the ground [m], 0 elsewhere).

        Args:
            bounds: what to cover, all tiles when left out.

        Raises:
            InvalidInput: when there is neither a tile nor bounds.
        """
        covered = bounds or self.store.covered()
        if covered is None:
            raise InvalidInput("map", None, "no picture has been fused yet")
        return self.store.grid(covered, LAYERS)

    def tile(self, index: Index) -> Grid:
        """Return one tile's layers as a grid."""
        return self.grid(self.store.bounds(index).grown(-1e-6))

    def rocks(self, tile: Index | None = None) -> Array:
        """Return the rocks found so far, or those of a tile, (n, 5): x, y, width, height [m], confidence."""
        wanted = sorted(self._rocks) if tile is None else [i for i in (tile,) if i in self._rocks]
        tables = [self._rocks[index] for index in wanted]
        return np.concatenate(tables) if tables else np.zeros((0, 5))

    def measured_area(self) -> float:
        """Area of the measured cells [m^2]."""
        cells = sum(np.nansum(tile.fused["measured"]) for tile in self.store.tiles.values() if tile.fused)
        return float(cells) * self.params.resolution**2

    def _check(self, images: list[Image], poses: list[Pose], sigmas: Sequence[float] | None) -> Array:
        if len(images) != len(poses):
            raise InvalidInput(
                "poses", len(poses), f"one pose for each of the {len(images)} pictures is needed"
            )
        for i, image in enumerate(images):
            wanted = (self.camera.height, self.camera.width)
            if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.shape != wanted:
                got = getattr(image, "shape", None), str(getattr(image, "dtype", type(image)))
                raise InvalidInput(f"picture {i}", got, f"a grey uint8 picture of {wanted} is needed")
        accuracy = np.zeros(len(images)) if sigmas is None else np.asarray(sigmas, dtype=np.float64)
        if accuracy.shape != (len(images),):
            raise InvalidInput(
                "sigmas", accuracy.shape, f"one for each of the {len(images)} pictures is needed"
            )
        if not np.all(np.isfinite(accuracy) & (accuracy >= 0.0)):
            raise InvalidInput("sigmas", accuracy.tolist(), "finite numbers of at least 0 m are needed")
        return accuracy

    def _pairs(self, images: list[Image], poses: list[Pose]) -> tuple[Array, list[tuple[int, int]]]:
        """Find each picture's typical depth [m] and the pairs to match."""
        depths = np.full(len(images), np.nan)
        close = partners.nearest_pairs(poses)

        def probe(pair: tuple[int, int]) -> tuple[float, float, float] | None:
            i, j = pair
            both = (images[i], images[j]), (poses[i], poses[j])
            return matching.coarse_range(self.camera, *both, self.params.match)

        with ThreadPoolExecutor(self.params.threads) as pool:
            for (i, j), found in zip(close, pool.map(probe, close), strict=True):
                if found is not None:
                    depths[i] = depths[j] = found[1]
        known = np.isfinite(depths)
        if not known.any():
            return depths, []
        depths[~known] = np.median(depths[known])
        return depths, partners.choose(self.camera, poses, depths, self.params.partner)

    def _finish(self, touched: Iterable[Index]) -> None:
        """Fuse the samples of the touched tiles and finish their surface."""
        p = self.params
        indices = sorted(touched)
        for index in indices:
            tile = self.store.tiles[index]
            fused = fusion.fuse(tile.height, tile.sigma, tile.count, p.fusion.outlier_gate)
            tile.fused.update(zip(_RAW, fused, strict=True))
        incline = surface.incline_of((t.fused["height"] for t in self.store.tiles.values()), p.resolution)
        for index in indices:
            bounds = self.store.bounds(index)
            grid = self.store.grid(bounds.grown(MARGIN), _RAW)
            height = surface.without_strays(
                grid["height"], grid["used"], p.surface.stray_height, p.resolution
            )
            sigma = surface.sigma_of(
                height, grid["spread"], grid["used"], p.resolution, p.surface, self._way(grid), incline
            )
            reach = round(p.surface.fill_reach / p.resolution)
            full, wide = surface.fill_holes(height, sigma, reach, p.surface.sigma_filled_slope, p.resolution)
            grid["elevation"], grid["sigma"] = full, wide
            grid["measured"] = np.where(np.isfinite(full), np.isfinite(height), np.nan)
            self.store.put(grid, ("elevation", "sigma", "measured"), bounds)

    def _way(self, grid: Grid) -> Layer | None:
        """Distance of each cell to where the first track of limited accuracy begins [m]."""
        if self._begin is None:
            return None
        xs, ys = grid.centres()
        way: Layer = np.hypot(xs[None, :] - self._begin[0], ys[:, None] - self._begin[1]).astype(np.float32)
        return way

    def _interpret(self, touched: Iterable[Index]) -> None:
        """Find rocks and sand on the touched tiles."""
        for index in sorted(touched):
            bounds = self.store.bounds(index)
            grid = self.store.grid(bounds.grown(MARGIN), ("elevation", "sigma", "intensity", "texture"))
            found = find_rocks(grid)
            self._rocks[index] = found.within(bounds)
            grid["rock"] = found.height
            grid["sand"] = probability(grid)
            self.store.put(grid, ("rock", "sand"), bounds)
