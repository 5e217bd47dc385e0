# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Find and measure what lies at a site: the one call of this package."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from wayscout import config
from wayscout.camera import Camera
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.grid import Grid, Layer
from wayscout.sites import backshell, canopy, debris, lines, visibility
from wayscout.sites.colour import tint
from wayscout.sites.mosaic import Views, look, paint, straightened
from wayscout.sites.records import ColourImage, Mosaic, Prior, SiteFindings, SiteObject
from wayscout.sites.settings import SiteParams

Array = npt.NDArray[np.float64]
BESIDE = 0.2  # m around canopy and backshell in which no debris is looked for
LINES_KNOWN = 80  # of the Mars 2020 parachute (NASA)


def inspect(
    pictures: Sequence[ColourImage],
    poses: Sequence[Pose],
    camera: Camera,
    ground: Grid,
    prior: Prior,
    params: SiteParams | None = None,
) -> SiteFindings:
    """Find canopy, backshell, debris and lines near a target.

    Args:
        pictures: (h, w, 3) uint8 RGB each, of the colour camera.
        poses: optical frame in map of each, as the adjusted track has it.
        camera: of the pictures.
        ground: the navigation camera's map, with the layer 'elevation' [m], NaN where unknown.
        prior: what is thought to lie where.
        params: config/sites.yaml where None.

    Raises:
        InvalidInput: naming the picture or layer that cannot be used, and when no picture shows the place.
    """
    if not pictures:
        raise InvalidInput("pictures", 0, "at least one colour picture is needed")
    if len(pictures) != len(poses):
        raise InvalidInput("poses", len(poses), f"one for each of the {len(pictures)} pictures is needed")
    params = params or config.load("sites", SiteParams)
    plain, pinhole = straightened(pictures, camera)
    views = look(poses, pinhole, ground, prior, params)
    mosaic = paint(plain, poses, pinhole, views, params.mosaic_cell)
    colours = tint(mosaic, params)
    notes: list[str] = []
    objects: list[SiteObject] = []
    covered = np.zeros(mosaic.source.shape, bool)
    cloth = canopy.find(mosaic, colours, params)
    if cloth is not None:
        # once more, now that the cloth is not taken for soil
        covered = canopy.around(cloth, mosaic, BESIDE)
        colours = tint(mosaic, params, canopy.around(cloth, mosaic, 3.0 * BESIDE))
        cloth = canopy.find(mosaic, colours, params) or cloth
        objects.append(_canopy(cloth, mosaic, views, poses))
    else:
        notes.append("No canopy was found: no large disk of orange and white cloth shows.")
    height = backshell.above_ground(views.ground, params.backshell_widest)
    shell = backshell.find(mosaic, colours, views, plain, poses, pinhole, params)
    if shell is not None:
        covered |= _disk_at(mosaic, shell.x, shell.y, 0.5 * shell.diameter + BESIDE)
        objects.append(_backshell(shell, views, poses))
    else:
        notes.append("No backshell was found: nothing of its size stands out of the map with its colour.")
    threads = None
    if cloth is not None and shell is not None:
        threads = lines.find(mosaic, colours, cloth, shell, params)
    pieces = debris.find(mosaic, colours, covered, params)
    objects += [_piece(p, views, height, poses) for p in pieces]
    count, count_sigma = 0, 0.0
    if threads is not None:
        count, count_sigma = threads.count, threads.sigma
        objects += [_line(ends, views, poses) for ends in threads.ends]
        notes.append(
            f"{count} of {LINES_KNOWN} suspension lines are told apart where they fan out; those closer than "
            f"{2.0 * mosaic.resolution:.2f} m, covered by dust or below the canopy are not."
        )
    elif cloth is not None:
        notes.append("Lines were not counted: the ground between canopy and backshell was not seen.")
    seen = mosaic.source >= 0
    area, pixel = seen.sum() * mosaic.resolution**2, float(np.nanmedian(mosaic.sampling[seen]))
    notes.append(
        f"{area:.0f} m^2 were seen, at {pixel:.3f} m "
        f"of ground per pixel (median); pieces below {params.debris_smallest:g} m, or shown "
        f"coarser than {params.debris_sampling:g} m per pixel, are not reported."
    )
    return SiteFindings(prior, mosaic, tuple(objects), tuple(notes), count, count_sigma, len(pictures))


def _canopy(found: canopy.Canopy, mosaic: Mosaic, views: Views, poses: Sequence[Pose]) -> SiteObject:
    share, bearings = visibility.seen(found.outline, views, poses)
    ground = views.ground
    z = _heights(ground, found.outline)
    inside = mosaic.height[found.mask]
    top = float(np.nanquantile(inside, 0.99) - np.nanmedian(z)) if np.isfinite(inside).any() else 0.0
    dark = [m for m in found.marks if m.kind == "dark"]
    torn = [m for m in found.marks if m.kind == "torn"]
    notes = [
        f"{len(torn)} torn areas ({sum(m.area for m in torn):.1f} m^2) and {len(dark)} dark areas "
        f"({sum(m.area for m in dark):.1f} m^2, deep shadows of folds included).",
    ]
    if found.traced < 0.95:
        notes.append(
            f"{1.0 - found.traced:.0%} of the outline was not traced and is interpolated; torn and dark "
            "areas were looked for on what was seen alone."
        )
    x, y = found.x, found.y
    return SiteObject(
        "parachute", (x, y, float(ground.sample("elevation", x, y))),
        np.column_stack([found.outline, z]), found.diameter, found.sigma, max(0.0, top), share, bearings,
        found.marks, tuple(notes),
    )  # fmt: skip


def _backshell(found: backshell.Backshell, views: Views, poses: Sequence[Pose]) -> SiteObject:
    bearing = 2.0 * np.pi * np.arange(48) / 48
    rim = 0.5 * found.diameter * np.stack([np.cos(bearing), np.sin(bearing)], axis=1) + [found.x, found.y]
    share, bearings = visibility.seen(rim, views, poses)
    notes = []
    if found.whole < 0.9:
        notes.append(f"About {1.0 - found.whole:.0%} of the rim lies off its circle: broken or covered.")
    z = float(views.ground.sample("elevation", found.x, found.y))
    return SiteObject(
        "backshell", (found.x, found.y, z), np.column_stack([rim, _heights(views.ground, rim)]),
        found.diameter, found.sigma, found.height, share, bearings, (), tuple(notes),
    )  # fmt: skip


def _piece(piece: debris.Piece, views: Views, height: Layer, poses: Sequence[Pose]) -> SiteObject:
    share, bearings = visibility.seen(piece.outline, views, poses)
    ground = views.ground
    row, col = (int(v) for v in ground.indices(piece.x, piece.y))
    near = height[max(0, row - 2) : row + 3, max(0, col - 2) : col + 3]
    top = max(0.0, float(near.max())) if near.size else 0.0
    z = float(ground.sample("elevation", piece.x, piece.y))
    return SiteObject(
        "debris", (piece.x, piece.y, z), np.column_stack([piece.outline, _heights(ground, piece.outline)]),
        piece.size, piece.sigma, top, share, bearings,
    )  # fmt: skip


def _line(ends: Array, views: Views, poses: Sequence[Pose]) -> SiteObject:
    along = ends[1] - ends[0]
    length = float(np.hypot(*along))
    aside = 0.1 * np.array([-along[1], along[0]]) / max(length, 1e-6)
    strip = np.array([ends[0] - aside, ends[1] - aside, ends[1] + aside, ends[0] + aside])
    share, bearings = visibility.seen(strip, views, poses)
    z = _heights(views.ground, ends)
    middle = ends.mean(axis=0)
    return SiteObject(
        "line", (float(middle[0]), float(middle[1]), float(z.mean())), np.column_stack([ends, z]), length,
        0.1 * length, 0.0, share, bearings, (), ("Drawn straight; its length holds for the part in sight.",),
    )  # fmt: skip


def _heights(ground: Grid, points: Array) -> Array:
    z = ground.sample("elevation", points[:, 0], points[:, 1])
    return np.where(np.isfinite(z), z, float(np.nanmedian(ground["elevation"])))


def _disk_at(mosaic: Mosaic, x: float, y: float, radius: float) -> npt.NDArray[np.bool_]:
    mask: npt.NDArray[np.uint8] = np.zeros(mosaic.source.shape, np.uint8)
    at = (np.array([x, y]) - np.array(mosaic.origin)) / mosaic.resolution - 0.5
    cv2.circle(mask, (round(at[0]), round(at[1])), round(radius / mosaic.resolution), 1, -1)
    return mask > 0
