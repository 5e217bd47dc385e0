# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Hazards seen from the ground: rocks and steps in depth pictures that the map does not show."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.camera import Camera
from wayscout.driving.body import DrivingParameters
from wayscout.driving.tracking import clean_path, densify
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.grid import Bounds, Grid

Array = npt.NDArray[np.float64]

CELL = 0.1  # [m] of the local grid
NEAREST = 0.4  # [m] from the camera below which depth is not used
MAP_SLACK = 0.3  # [m] within which the map may have displaced a rock's edge
PIECE = 0.8  # [m] side of the pieces that a long or wide hazard is cut into
GROUND_ROUNDING = 0.8  # [m] standard deviation of the filter that finds the ground without a map
STANDS_OUT = 0.12  # [m] above that ground from which a cell is not ground
SAME_PLACE = 0.6  # [m] within which two sightings are one hazard
SHARP = 0.7  # share of the height limit by which a hazard stands out of the ground around it in the picture
CERTAIN = 1.5  # times the height limit that needs no second sighting
FORGOTTEN = 0.999  # probability after very many sightings


@dataclass(frozen=True)
class Hazard:
    """Something to keep the wheels off.

    Attributes:
        x, y, z: centre in map [m].
        radius: [m].
        height: above (negative: below) its surroundings [m].
        kind: 'rock' or 'step'.
        sightings: in how many pictures it was seen.
    """

    x: float
    y: float
    z: float
    radius: float
    height: float
    kind: str = "rock"
    sightings: int = 1

    @property
    def probability(self) -> float:
        """Share of belief that it is real: a half-chance of a false alarm in each sighting."""
        return min(1.0 - 0.5**self.sightings, FORGOTTEN)


class HazardDetector:
    """Turns depth pictures of one camera into hazards.

    Args:
        camera: intrinsics; depth is along the view (z of the optical frame).
    """

    def __init__(self, camera: Camera, parameters: DrivingParameters) -> None:
        self._parameters = parameters
        self._shape = (camera.height, camera.width)
        u, v = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
        rays = camera.rays(np.stack([u.ravel(), v.ravel()], axis=1))
        self._rays = (rays / rays[:, 2:]).astype(np.float64)

    def points(self, depth: npt.ArrayLike, optical: Pose) -> Array:
        """Return the (n, 3) points in map [m] of a (h, w) depth picture [m], given the optical frame in map.

        Raises:
            InvalidInput: when the picture has another size than the camera.
        """
        image = np.asarray(depth, dtype=np.float64)
        if image.shape != self._shape:
            raise InvalidInput("depth shape", image.shape, f"{self._shape} is needed")
        z = image.ravel()
        good = np.isfinite(z) & (z > NEAREST) & (z < self._parameters.hazard_range)
        return optical.apply(self._rays[good] * z[good, None])

    def detect(self, depth: npt.ArrayLike, optical: Pose, known: Grid | None = None) -> list[Hazard]:
        """Return what stands out of the map by more than `hazard_height`, or of gentle ground without one.

        Args:
            depth: (h, w) [m], NaN, infinite or 0 where there is none.
            optical: camera's optical frame in map.
            known: the map, layer 'elevation' [m], or None.
        """
        points = self.points(depth, optical)
        if len(points) < 50:
            return []
        seen = surface(points)
        top, low = seen["top"].astype(np.float64), seen["low"].astype(np.float64)
        ground = _smooth_ground(low)
        reference = _reference(seen, known, ground)
        difference = _level(top - reference, top)
        limit = self._parameters.hazard_height
        # A map that is wrong by a smooth amount (orbital ground, a drifted edge) hides no rock: what the
        # wheels meet is sharp in the picture itself.
        sharp = np.nan_to_num(top - ground) > SHARP * limit
        rocks = self._clusters(seen, difference, top, sharp & (difference > limit), "rock")
        if known is None:
            return rocks
        sunk = _level(low - _reference(seen, known, ground, lowest=True), low)
        sharp = np.nan_to_num(low - ground) < -SHARP * limit
        return rocks + self._clusters(seen, sunk, low, sharp & (sunk < -limit), "step")

    def _clusters(
        self, seen: Grid, difference: Array, height: Array, flagged: npt.NDArray[np.bool_], kind: str
    ) -> list[Hazard]:
        count, label, stats, _ = cv2.connectedComponentsWithStats(flagged.astype(np.uint8), connectivity=8)
        found = []
        for i in range(1, count):
            if stats[i, cv2.CC_STAT_AREA] < self._parameters.hazard_cells:
                continue
            rows, cols = np.nonzero(label == i)
            whole = _hazard(seen, rows, cols, difference, height, kind)
            if whole.radius <= PIECE:
                found.append(whole)
                continue
            # A circle around all of a long ledge would close the lane beside it.
            piece = np.stack([rows * CELL // PIECE, cols * CELL // PIECE], axis=1)
            for here in np.unique(piece, axis=0):
                own = (piece == here).all(axis=1)
                found.append(_hazard(seen, rows[own], cols[own], difference, height, kind))
        return found


def _hazard(
    seen: Grid,
    rows: npt.NDArray[np.intp],
    cols: npt.NDArray[np.intp],
    difference: Array,
    height: Array,
    kind: str,
) -> Hazard:
    """Return the hazard that some cells make."""
    x, y = seen.centre(rows, cols)
    cx, cy = float(x.mean()), float(y.mean())
    radius = float(np.hypot(x - cx, y - cy).max()) + 0.5 * CELL
    values = difference[rows, cols]
    peak = float(values[np.argmax(np.abs(values))])
    z = float(np.nanmin(height[rows, cols]) if kind == "step" else np.nanmax(height[rows, cols]))
    return Hazard(cx, cy, z, radius, peak, kind)


def surface(points: Array) -> Grid:
    """Return the highest ('top') and lowest ('low') point of each cell over (n, 3) points [m]."""
    x, y = points[:, 0], points[:, 1]
    bounds = Bounds(float(x.min()), float(y.min()), float(x.max()) + 1e-6, float(y.max()) + 1e-6)
    grid = Grid.over(bounds.grown(CELL), CELL)
    row, col = grid.indices(x, y)
    flat = row * grid.shape[1] + col
    top = np.full(grid.shape[0] * grid.shape[1], -np.inf)
    low = np.full_like(top, np.inf)
    np.maximum.at(top, flat, points[:, 2])
    np.minimum.at(low, flat, points[:, 2])
    grid["top"] = np.where(np.isfinite(top), top, np.nan).reshape(grid.shape)
    grid["low"] = np.where(np.isfinite(low), low, np.nan).reshape(grid.shape)
    return grid


def _reference(seen: Grid, known: Grid | None, gentle: Array, lowest: bool = False) -> Array:
    """Return the ground to compare with, as `seen`: the map with rocks widened, or the gentle ground."""
    if known is None:
        return gentle
    px, py = np.meshgrid(*seen.centres())
    ground = known.sample("elevation", px, py)
    missing = ~np.isfinite(ground)
    if missing.mean() > 0.5:
        return gentle
    size = 2 * round(MAP_SLACK / CELL) + 1
    kernel = np.ones((size, size), np.uint8)
    if lowest:
        wide = cv2.erode(np.where(missing, np.inf, ground), kernel)
    else:
        wide = cv2.dilate(np.where(missing, -np.inf, ground), kernel)
    return np.where(missing, np.nan, wide)


def _plane(z: Array) -> Array:
    """Return the plane that fits (rows, cols) heights best when what stands out is left away."""
    rows, cols = np.nonzero(np.isfinite(z))
    design = np.column_stack([rows, cols, np.ones(len(rows))])
    values = z[rows, cols]
    keep = np.ones(len(values), dtype=bool)
    solution = np.zeros(3)
    for _ in range(4):
        solution = np.asarray(np.linalg.lstsq(design[keep], values[keep], rcond=None)[0], dtype=np.float64)
        rest = values - design @ solution
        spread = max(1.5 * float(np.median(np.abs(rest[keep]))), 0.03)
        keep = np.abs(rest) < 2.0 * spread
    r, c = np.indices(z.shape)
    plane: Array = solution[0] * r + solution[1] * c + solution[2]
    return plane


def _smooth_ground(z: Array) -> Array:
    """Return the gentle ground under (rows, cols) heights, without what stands out of it."""
    plane = _plane(z)
    rest = z - plane
    ground = np.isfinite(rest)
    sigma = GROUND_ROUNDING / CELL
    smooth = np.zeros_like(plane)
    for _ in range(4):
        weight = cv2.GaussianBlur(ground.astype(np.float64), (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        total = cv2.GaussianBlur(np.where(ground, rest, 0.0), (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        smooth = total / np.maximum(weight, 1e-6)
        ground &= np.nan_to_num(rest) - smooth < STANDS_OUT
    return plane + smooth


def _level(difference: Array, z: Array) -> Array:
    """Take away the offset and tilt that pose errors put between picture and map."""
    good = np.isfinite(difference) & np.isfinite(z)
    if good.sum() < 20:
        return np.where(good, difference, 0.0)
    residual = difference - _plane(np.where(good, difference, np.nan))
    return np.where(good, residual, 0.0)


class HazardMemory:
    """Hazards over the drive: sightings of the same place are one hazard."""

    def __init__(self, parameters: DrivingParameters) -> None:
        self._parameters = parameters
        self.hazards: list[Hazard] = []

    def add(self, found: list[Hazard]) -> list[Hazard]:
        """Merge new sightings and return the hazards that have just become certain enough to act on."""
        certain = []
        for new in found:
            for i, old in enumerate(self.hazards):
                if (
                    old.kind == new.kind
                    and np.hypot(old.x - new.x, old.y - new.y) < SAME_PLACE + 0.5 * new.radius
                ):
                    share = 1.0 / (old.sightings + 1)
                    merged = replace(
                        new,
                        x=old.x + share * (new.x - old.x),
                        y=old.y + share * (new.y - old.y),
                        radius=max(new.radius, old.radius),
                        height=new.height if abs(new.height) > abs(old.height) else old.height,
                        sightings=old.sightings + 1,
                    )
                    self.hazards[i] = merged
                    if self.is_certain(merged) and not self.is_certain(old):
                        certain.append(merged)
                    break
            else:
                self.hazards.append(new)
                if self.is_certain(new):
                    certain.append(new)
        return certain

    def is_certain(self, hazard: Hazard) -> bool:
        p = self._parameters
        return hazard.sightings >= p.hazard_sightings or abs(hazard.height) > CERTAIN * p.hazard_height

    @property
    def certain(self) -> list[Hazard]:
        return [h for h in self.hazards if self.is_certain(h)]


def in_the_way(path: npt.ArrayLike, hazards: list[Hazard], parameters: DrivingParameters) -> list[Hazard]:
    """Return the hazards that the wheels of a rover on this path (n, 2) would come upon."""
    if not hazards:
        return []
    points, _ = densify(clean_path(path), CELL)
    return [
        h
        for h in hazards
        if float(np.hypot(points[:, 0] - h.x, points[:, 1] - h.y).min()) < h.radius + parameters.half_width
    ]
