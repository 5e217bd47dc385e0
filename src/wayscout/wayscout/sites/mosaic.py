# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Colour orthomosaic of a site: each cell takes its colour from the picture that shows it finest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from numba import njit, prange

from wayscout.camera import FISHEYE, Camera
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.grid import Bounds, Grid
from wayscout.sites.records import ColourImage, Mosaic, Prior
from wayscout.sites.settings import SiteParams

Array = npt.NDArray[np.float64]
Layer = npt.NDArray[np.float32]
RAISED = 0.04  # m above the ground at which a cell is looked for, so that it does not hide itself
MARGIN = 2.0  # px at the pictures' borders that are left out


@dataclass(frozen=True)
class Views:
    """What the pictures see of the ground's cells.

    Attributes:
        ground: grid with 'elevation' [m] everywhere, and 'known', 1 where it was measured, 0 where filled.
        sampling: (pictures, rows, cols) float32, metres of ground per pixel in the coarser direction, inf
            where a picture does not show a cell.
    """

    ground: Grid
    sampling: npt.NDArray[np.float32]

    @property
    def best(self) -> Layer:
        """(rows, cols) finest sampling [m], inf where nothing shows a cell."""
        return np.asarray(self.sampling.min(axis=0))


def look(poses: Sequence[Pose], camera: Camera, ground: Grid, prior: Prior, params: SiteParams) -> Views:
    """Find which pictures show which cells of the ground near a target.

    Raises:
        InvalidInput: when no picture shows the place.
    """
    area = _ground_near(ground, prior, params)
    sampling = np.stack([_sampling(pose, camera, area, params) for pose in poses])
    views = Views(area, sampling)
    seen = np.isfinite(views.best)
    if not seen.any():
        raise InvalidInput(
            "pictures", len(poses), f"none shows the ground near ({prior.x:.1f}, {prior.y:.1f})"
        )
    rows, cols = np.nonzero(seen)
    cut = slice(rows.min(), rows.max() + 1), slice(cols.min(), cols.max() + 1)
    origin = (
        area.origin[0] + cut[1].start * area.resolution,
        area.origin[1] + cut[0].start * area.resolution,
    )
    layers = {name: layer[cut].copy() for name, layer in area.layers.items()}
    small = Grid(
        area.resolution, origin, (rows.max() + 1 - rows.min(), cols.max() + 1 - cols.min()), layers=layers
    )
    return Views(small, np.ascontiguousarray(sampling[:, cut[0], cut[1]]))


def paint(
    pictures: Sequence[ColourImage], poses: Sequence[Pose], camera: Camera, views: Views, resolution: float
) -> Mosaic:
    """Paint the orthomosaic: cells of `resolution` [m] over the area of the views."""
    ground = views.ground
    fine = max(1, round(ground.resolution / resolution))
    step = ground.resolution / fine
    chosen = np.where(np.isfinite(views.best), np.argmin(views.sampling, axis=0), -1).astype(np.int16)
    shape = (ground.shape[0] * fine, ground.shape[1] * fine)
    colours = np.zeros((*shape, 3), np.uint8)
    height = np.empty(shape, np.float32)
    f = np.array([camera.fx, camera.fy, camera.matrix[0, 2], camera.matrix[1, 2]])
    for k, (picture, pose) in enumerate(zip(pictures, poses, strict=True)):
        _paint(
            picture, pose.rotation(), pose.position, f, ground["elevation"], chosen, k, fine, step,
            np.array(ground.origin), colours, height,
        )  # fmt: skip
    source = np.repeat(np.repeat(chosen, fine, axis=0), fine, axis=1)
    sampling = np.where(np.isfinite(views.best), views.best, np.nan).astype(np.float32)
    sampling = np.repeat(np.repeat(sampling, fine, axis=0), fine, axis=1)
    height[source < 0] = np.nan
    return Mosaic(step, ground.origin, colours, source, sampling, height)


def straightened(pictures: Sequence[ColourImage], camera: Camera) -> tuple[list[ColourImage], Camera]:
    """Check pictures, take a lens's distortion out of them, and return them with a pinhole camera.

    Raises:
        InvalidInput: naming the picture of a wrong size or type; for a fisheye camera.
    """
    for i, picture in enumerate(pictures):
        wanted = (camera.height, camera.width, 3)
        if not isinstance(picture, np.ndarray) or picture.dtype != np.uint8 or picture.shape != wanted:
            got = getattr(picture, "shape", None), str(getattr(picture, "dtype", type(picture)))
            raise InvalidInput(f"picture {i}", got, f"an RGB uint8 picture of {wanted} is needed")
    if camera.model == FISHEYE:
        raise InvalidInput(
            "camera.distortion_model", camera.model, "colour pictures need a camera that is no fisheye"
        )
    plain = Camera(camera.width, camera.height, camera.matrix, np.zeros(5), name=camera.name)
    if not np.any(camera.distortion):
        return [np.ascontiguousarray(p) for p in pictures], plain
    return [np.asarray(cv2.undistort(p, camera.matrix, camera.distortion)) for p in pictures], plain


def _ground_near(ground: Grid, prior: Prior, params: SiteParams) -> Grid:
    """The elevation within reach of the target, its holes and surroundings filled smoothly."""
    if "elevation" not in ground:
        raise InvalidInput("ground", sorted(ground.layers), "a layer 'elevation' is needed")
    reach = params.reach + 2.0 * prior.sigma + 0.5 * prior.size
    bounds = Bounds(prior.x - reach, prior.y - reach, prior.x + reach, prior.y + reach)
    area = Grid.over(bounds, params.ground_cell)
    x, y = area.centres()
    rough = ground.sample("elevation", *np.meshgrid(x, y))
    known = np.isfinite(rough)
    if not known.any():
        raise InvalidInput(
            "ground", f"({prior.x:.1f}, {prior.y:.1f})", "the map shows nothing near the target"
        )
    area["elevation"] = filled(rough.astype(np.float32))
    area["known"] = known.astype(np.float32)
    return area


def filled(layer: Layer) -> Layer:
    """Fill unknown cells from around: known ones averaged over ever wider squares (pull-push)."""
    known = np.isfinite(layer)
    if known.all():
        return layer
    if min(layer.shape) < 2:
        return np.where(known, layer, np.float32(np.mean(layer[known]))).astype(np.float32)
    weight = known.astype(np.float32)
    half = (layer.shape[1] + 1) // 2, (layer.shape[0] + 1) // 2
    value = cv2.resize(np.where(known, layer, 0.0).astype(np.float32), half, interpolation=cv2.INTER_AREA)
    share = cv2.resize(weight, half, interpolation=cv2.INTER_AREA)
    coarse = np.where(share > 0.0, value / np.maximum(share, 1e-6), np.nan).astype(np.float32)
    wide = cv2.resize(filled(coarse), layer.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.where(known, layer, wide).astype(np.float32)


def _sampling(pose: Pose, camera: Camera, area: Grid, params: SiteParams) -> Layer:
    f = np.array([camera.fx, camera.fy, camera.matrix[0, 2], camera.matrix[1, 2]])
    size = np.array([camera.width, camera.height], dtype=np.float64)
    return np.asarray(
        _sampling_kernel(
            pose.rotation(), pose.position, f, size, area["elevation"], np.array(area.origin),
            area.resolution, params.coarsest_sampling, float(area["elevation"].max()),
        )
    )  # fmt: skip


@njit(cache=True, parallel=True)  # type: ignore[untyped-decorator]
def _sampling_kernel(
    rotation: Array, eye: Array, f: Array, size: Array, height: Layer, origin: Array, cell: float,
    coarsest: float, top: float,
) -> Layer:  # fmt: skip
    rows, cols = height.shape
    result = np.full((rows, cols), np.inf, np.float32)
    for r in prange(rows):
        y = origin[1] + (r + 0.5) * cell
        for c in range(cols):
            x = origin[0] + (c + 0.5) * cell
            z = height[r, c]
            dx, dy, dz = x - eye[0], y - eye[1], z - eye[2]
            depth = rotation[0, 2] * dx + rotation[1, 2] * dy + rotation[2, 2] * dz
            if depth <= 0.1 or dz >= -0.1:
                continue
            u = (rotation[0, 0] * dx + rotation[1, 0] * dy + rotation[2, 0] * dz) / depth * f[0] + f[2]
            v = (rotation[0, 1] * dx + rotation[1, 1] * dy + rotation[2, 1] * dz) / depth * f[1] + f[3]
            if not (MARGIN <= u <= size[0] - 1 - MARGIN and MARGIN <= v <= size[1] - 1 - MARGIN):
                continue
            far = dx * dx + dy * dy + dz * dz
            # a pixel's ray is finer off the axis, by the cosine squared
            sampling = far / (f[0] * -dz) * (depth * depth / far)
            if sampling > coarsest:
                continue
            # walk towards the eye until above everything
            across = np.sqrt(dx * dx + dy * dy)
            hidden = False
            if across > cell:
                step = cell / across
                t = 1.5 * step
                while t < 1.0:
                    level = z + RAISED - t * dz
                    if level > top:
                        break
                    rr = int((y - t * dy - origin[1]) / cell)
                    cc = int((x - t * dx - origin[0]) / cell)
                    if rr < 0 or rr >= rows or cc < 0 or cc >= cols:
                        break
                    if height[rr, cc] > level:
                        hidden = True
                        break
                    t += step
            if not hidden:
                result[r, c] = sampling
    return result


@njit(cache=True, parallel=True)  # type: ignore[untyped-decorator]
def _paint(
    picture: ColourImage, rotation: Array, eye: Array, f: Array, height: Layer,
    chosen: npt.NDArray[np.int16], index: int, fine: int, step: float, origin: Array,
    colours: ColourImage, fine_height: Layer,
) -> None:  # fmt: skip
    rows, cols = height.shape
    for r in prange(rows):
        for c in range(cols):
            if chosen[r, c] != index:
                continue
            for i in range(fine):
                fr = r + (i + 0.5) / fine - 0.5
                r0 = min(max(int(np.floor(fr)), 0), rows - 2)
                wr = min(max(fr - r0, 0.0), 1.0)
                y = origin[1] + (r * fine + i + 0.5) * step
                for j in range(fine):
                    fc = c + (j + 0.5) / fine - 0.5
                    c0 = min(max(int(np.floor(fc)), 0), cols - 2)
                    wc = min(max(fc - c0, 0.0), 1.0)
                    x = origin[0] + (c * fine + j + 0.5) * step
                    z = (height[r0, c0] * (1 - wc) + height[r0, c0 + 1] * wc) * (1 - wr) + (
                        height[r0 + 1, c0] * (1 - wc) + height[r0 + 1, c0 + 1] * wc
                    ) * wr
                    row, col = r * fine + i, c * fine + j
                    fine_height[row, col] = z
                    dx, dy, dz = x - eye[0], y - eye[1], z - eye[2]
                    depth = rotation[0, 2] * dx + rotation[1, 2] * dy + rotation[2, 2] * dz
                    if depth <= 0.05:
                        continue
                    u = (rotation[0, 0] * dx + rotation[1, 0] * dy + rotation[2, 0] * dz) / depth * f[0] + f[
                        2
                    ]
                    v = (rotation[0, 1] * dx + rotation[1, 1] * dy + rotation[2, 1] * dz) / depth * f[1] + f[
                        3
                    ]
                    u = min(max(u, 0.0), picture.shape[1] - 1.001)
                    v = min(max(v, 0.0), picture.shape[0] - 1.001)
                    u0, v0 = int(u), int(v)
                    a, b = u - u0, v - v0
                    for k in range(3):
                        top = picture[v0, u0, k] * (1 - a) + picture[v0, u0 + 1, k] * a
                        low = picture[v0 + 1, u0, k] * (1 - a) + picture[v0 + 1, u0 + 1, k] * a
                        colours[row, col, k] = np.uint8(top * (1 - b) + low * b + 0.5)
