# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Rocks as meshes for Gazebo: SDF has no instances, so the rocks of a tile share a mesh and a picture.

In the picture each rock has a square of its own, seen from above, with its colour, speckle and sunlight.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.worlds import folder, paint
from wayscout.worlds.folder import Sun

Array = npt.NDArray[np.float64]

TILE = 32.0  # m, rocks of one tile share a mesh
SQUARE = 48  # px, side of a rock's square in its tile's picture; whole blocks of a JPEG
_DISC = 0.46  # radius of the rock's outline as a share of its square: filters must not see the neighbours
SKY, ZENITH = 0.32, 0.68  # light from all around and from straight above, as shares of a flat ground's
MATERIAL = "rocks.mtl"
SIDES = 8
RINGS = (
    (-0.35, 0.94),
    (0.0, 1.0),
    (0.5, 0.866),
    (0.85, 0.527),
)  # height and radius as shares of the semi-axes


def write_meshes(
    media: Path, rocks: Array, colours: Array, speckles: npt.NDArray[np.intp], sun: Sun, look: paint.Look
) -> list[str]:
    """Write the rocks of each tile as `rocks_<column>_<row>.obj`, in map, and its picture as `.jpg`.

    Args:
        rocks: (n, 7) rock table. colours: (n, 3) BGR from 0 to 1. speckles: (n,) numbers of their speckle.

    Returns:
        The names without suffix.
    """
    media.mkdir(parents=True, exist_ok=True)
    # Gazebo takes the material of the SDF, but warns of a mesh that has none
    (media / MATERIAL).write_text("newmtl rock\nKd 1 1 1\nKs 0 0 0\n")
    names = []
    tiles = np.floor(rocks[:, :2] / TILE).astype(int)
    for tile in np.unique(tiles, axis=0) if len(rocks) else []:
        chosen = np.all(tiles == tile, axis=1)
        name = f"rocks_{tile[0]}_{tile[1]}"
        picture = atlas(rocks[chosen], colours[chosen], speckles[chosen], sun, look.ambient)
        folder.write_image(media / f"{name}.jpg", picture, quality=92)
        (media / f"{name}.obj").write_text(_obj(rocks[chosen]))
        names.append(name)
    return names


def rock_vertices(rocks: Array) -> Array:
    """Return (n, 1 + rings x sides, 3) vertices [m]: the top, then rings downwards, the lowest buried."""
    local = _unit()[None] * np.stack([0.5 * rocks[:, 3], 0.5 * rocks[:, 4], rocks[:, 5]], axis=1)[:, None]
    cos, sin = np.cos(rocks[:, 6])[:, None], np.sin(rocks[:, 6])[:, None]
    x = cos * local[..., 0] - sin * local[..., 1]
    y = sin * local[..., 0] + cos * local[..., 1]
    return np.stack([x, y, local[..., 2]], axis=-1) + rocks[:, None, :3]


def rock_faces() -> list[tuple[int, ...]]:
    """Triangles of one rock as indices into its vertices, counter-clockwise from outside."""
    faces: list[tuple[int, ...]] = []
    for i in range(SIDES):
        j = (i + 1) % SIDES
        faces.append((0, 1 + i, 1 + j))
        for ring in range(len(RINGS) - 1):
            upper, lower = 1 + ring * SIDES, 1 + (ring + 1) * SIDES
            faces += [(upper + i, lower + i, lower + j), (upper + i, lower + j, upper + j)]
    return faces


def rock_normals(rocks: Array) -> Array:
    """Return unit normals of `rock_vertices`, those of the ellipsoids."""
    local = rock_vertices(np.concatenate([np.zeros((len(rocks), 3)), rocks[:, 3:]], axis=1))
    cos, sin = np.cos(rocks[:, 6])[:, None], np.sin(rocks[:, 6])[:, None]
    x = (cos * local[..., 0] + sin * local[..., 1]) / (0.25 * rocks[:, 3, None] ** 2)
    y = (cos * local[..., 1] - sin * local[..., 0]) / (0.25 * rocks[:, 4, None] ** 2)
    z = local[..., 2] / rocks[:, 5, None] ** 2
    normals = np.stack([cos * x - sin * y, sin * x + cos * y, z], axis=-1)
    return np.asarray(normals / np.linalg.norm(normals, axis=-1, keepdims=True))


def texture_points(count: int) -> Array:
    """Return (count, 1 + rings x sides, 2) places of `rock_vertices` in the picture, from its lower left."""
    across = _across(count)
    rows, cols = np.divmod(np.arange(count), across)
    inside = 0.5 + _DISC * _unit()[None, :, :2] * [1.0, -1.0]
    points = (inside + np.stack([cols, rows], axis=1)[:, None]) / across
    return np.stack([points[..., 0], 1.0 - points[..., 1]], axis=-1)


def atlas(
    rocks: Array, colours: Array, speckles: npt.NDArray[np.intp], sun: Sun, ambient: float
) -> paint.Pixels:
    """Return the picture of a tile's rocks, a square each, as they look in the sun.

    Gazebo lights them once more, by `SKY` and `ZENITH`: the picture is brighter where that is little.
    """
    across = _across(len(rocks))
    out = np.zeros((across * SQUARE, across * SQUARE, 3), dtype=np.uint8)
    place = ((np.arange(SQUARE) + 0.5) / SQUARE - 0.5) / _DISC
    x, y = np.meshgrid(place, -place)
    outside = np.maximum(np.hypot(x, y) / 0.99, 1.0)
    x, y = x / outside, y / outside
    z = np.sqrt(1.0 - x * x - y * y)
    pictures = [paint.speckle(k).astype(np.float32) / 255.0 for k in range(paint.SPECKLES)]
    to_sun = np.array([np.cos(sun.elevation), np.sin(sun.elevation)])
    for k, rock in enumerate(rocks):
        a, b, c = 0.5 * rock[3], 0.5 * rock[4], rock[5]
        normal = np.stack([x / a, y / b, z / c])
        normal /= np.linalg.norm(normal, axis=0)
        along = normal[0] * np.cos(sun.azimuth - rock[6]) + normal[1] * np.sin(sun.azimuth - rock[6])
        light = ambient + paint.SUNLIGHT * np.maximum(0.0, along * to_sun[0] + normal[2] * to_sun[1])
        per_metre = 256 / paint.SPECKLE_SIDE
        at = np.stack([x * a, y * b]).astype(np.float32) * np.float32(per_metre) + np.float32(128.0)
        grain = cv2.remap(pictures[speckles[k]], at[0], at[1], cv2.INTER_AREA, borderMode=cv2.BORDER_WRAP)
        look = np.minimum(1.0, colours[k] * light[..., None]) * grain[..., None]
        row, col = divmod(k, across)
        square = out[row * SQUARE : (row + 1) * SQUARE, col * SQUARE : (col + 1) * SQUARE]
        square[:] = _unlit(look, normal[2])
    return out


def _unlit(look: Array, up: Array) -> paint.Pixels:
    """Return what a surface's 8 bit colour must be to look so (0-1) in Gazebo's light; `up`: normal's z."""
    linear = np.where(look <= 0.04045, look / 12.92, ((look + 0.055) / 1.055) ** 2.4)  # sRGB, IEC 61966-2-1
    linear = np.minimum(1.0, linear / (SKY + ZENITH * np.maximum(0.0, up))[..., None])
    coded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255.0 * coded), dtype=np.uint8)


def _unit() -> Array:
    angle = 2.0 * np.pi * np.arange(SIDES) / SIDES
    unit = [[0.0, 0.0, 1.0]]
    for height, radius in reversed(RINGS):
        unit += [[radius * np.cos(a), radius * np.sin(a), height] for a in angle]
    return np.array(unit)


def _across(count: int) -> int:
    return max(1, int(np.ceil(np.sqrt(count))))


def _obj(rocks: Array) -> str:
    vertices, faces = rock_vertices(rocks), rock_faces()
    lines = [f"mtllib {MATERIAL}", "usemtl rock"]
    lines += [f"v {x:.3f} {y:.3f} {z:.3f}" for x, y, z in vertices.reshape(-1, 3)]
    lines += [f"vt {u:.5f} {v:.5f}" for u, v in texture_points(len(rocks)).reshape(-1, 2)]
    lines += [f"vn {x:.2f} {y:.2f} {z:.2f}" for x, y, z in rock_normals(rocks).reshape(-1, 3)]
    per_rock = vertices.shape[1]
    for rock in range(len(rocks)):
        base = rock * per_rock + 1
        lines += ["f " + " ".join(f"{base + k}/{base + k}/{base + k}" for k in face) for face in faces]
    return "\n".join(lines) + "\n"
