# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What the orbiter saw, and finding where on it a picture was taken.

The orbital map carries an unknown shift s: the ground at x in `map` lies at x + s in the orbital
map. A match therefore measures position plus shift; who calls tells the two apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt
from numba import njit

from wayscout.camera import Camera, sample
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.grid import Bounds, Grid

Array = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]


_DETAIL_REACH = 1.5  # m, scale (Gaussian sigma) above which brightness is taken for light, not for detail
_DETAIL_CONTRAST = 2.0  # grey values, contrast below which detail counts less: noise is about one

LASER_DOWN = Pose.from_euler(0.0, 0.0, 0.0, pitch=0.5 * np.pi)
"""A laser frame in base_link whose x axis, the one it measures along, looks straight down."""


@dataclass(frozen=True)
class Orbital:
    """The orbital map.

    Attributes:
        image: grid with layer 'image' (grey 0-255), about 0.25 m cells.
        elevation: grid with layer 'elevation' [m], about 1 m cells.
        shift_sigma: standard deviation of the horizontal shift [m] per axis.
        elevation_sigma: standard deviation of the correlated height error [m].
    """

    image: Grid
    elevation: Grid
    shift_sigma: float = 1.0
    elevation_sigma: float = 0.3

    def __post_init__(self) -> None:
        if "image" not in self.image:
            raise InvalidInput("orbital.image", sorted(self.image.layers), "a layer 'image' is needed")
        if "elevation" not in self.elevation:
            raise InvalidInput(
                "orbital.elevation", sorted(self.elevation.layers), "a layer 'elevation' is needed"
            )
        for name in ("shift_sigma", "elevation_sigma"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= 0.0):
                raise InvalidInput(f"orbital.{name}", value, "a standard deviation [m] is needed")

    @cached_property
    def detail(self) -> npt.NDArray[np.float32]:
        """(rows, cols) `detail_of` the image."""
        return detail_of(self.image["image"], self.image.resolution)


@dataclass(frozen=True)
class Match:
    """A picture found on the orbital image.

    Attributes:
        offset: (2,) [m], orbital position minus assumed position (so: pose error plus shift).
        score: normalised correlation at the peak, -1 to 1.
        lead: score minus the best score elsewhere.
        sigma: standard deviation [m] of the offset per axis, as far as correlation tells.
    """

    offset: Array
    score: float
    lead: float
    sigma: float


def laser_point(pose: Pose, laser: Pose, distance: float) -> Array:
    """Return the (3,) point in map that the laser hits; it looks along the laser frame's +x (REP-117).

    Args:
        pose: base_link in map. laser: laser frame in base_link. distance: [m].
    """
    return (pose @ laser).apply(np.array([distance, 0.0, 0.0]))


def check_picture(image: npt.NDArray[np.generic], camera: Camera) -> Picture:
    """Return the picture as (height, width) uint8 or raise InvalidInput naming what is wrong."""
    if image.shape != (camera.height, camera.width):
        raise InvalidInput(
            "picture.shape", image.shape, f"a grey {camera.height} x {camera.width} picture is needed"
        )
    if image.dtype != np.uint8:
        raise InvalidInput("picture.dtype", str(image.dtype), "8 bit grey (mono8) is needed")
    return np.ascontiguousarray(image)


def shrink(image: Picture, gsd: float, resolution: float) -> tuple[npt.NDArray[np.float32], float]:
    """Smooth and shrink a picture so that sampling it at `resolution` [m] does not alias.

    Args:
        gsd: ground covered by one pixel [m].

    Returns:
        The smaller picture and the factor from its pixels to the original's.
    """
    factor = max(1, int(0.4 * resolution / gsd))
    size = (image.shape[1] // factor, image.shape[0] // factor)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    sigma = max(0.3, 0.5 * resolution / (gsd * factor))
    smooth: npt.NDArray[np.float32] = cv2.GaussianBlur(small, (0, 0), sigma)
    return smooth, float(factor)


def sample_ground(
    small: npt.NDArray[np.float32], factor: float, camera: Camera, optical: Pose, points: Array
) -> npt.NDArray[np.float32]:
    """Grey values of ground points (n, 3) [m] in a shrunk picture taken at `optical`; NaN where not seen."""
    uv, seen = camera.project((points - optical.position) @ optical.rotation())
    grey: npt.NDArray[np.float32] = sample(small, (uv + 0.5) / factor - 0.5)
    grey[~seen] = np.nan
    return grey


def detail_of(grey: npt.NDArray[np.floating], resolution: float) -> npt.NDArray[np.float32]:
    """Take off the brightness of the surroundings and divide by their contrast.

    A shadow or a bright slope fills a picture with one broad gradient: all shifts then correlate alike, and
    the edge of a shadow pulls the match along. Detail has a sharp peak where it fits, or none.

    Args:
        grey: (rows, cols), NaN where unknown. resolution: [m].

    Returns:
        (rows, cols), NaN where unknown; about 1 where there is detail, less where there is only noise.
    """
    known = np.isfinite(grey)
    sigma = _DETAIL_REACH / resolution

    def around(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        blurred: npt.NDArray[np.float32] = cv2.GaussianBlur(
            values, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT
        )
        return blurred

    weight = np.maximum(around(known.astype(np.float32)), 1e-3)
    filled = np.where(known, grey, 0.0).astype(np.float32)
    off = np.where(known, filled - around(filled) / weight, 0.0).astype(np.float32)
    contrast = np.sqrt(around(off * off) / weight + _DETAIL_CONTRAST**2)
    return np.where(known, off / contrast, np.nan).astype(np.float32)


@njit(cache=True)
def _correlate(patch, area, search):  # type: ignore[no-untyped-def]
    """Normalised correlation of a patch (NaN = ignore) at every shift within +-search cells."""
    rows, cols = patch.shape
    size = 2 * search + 1
    scores = np.zeros((size, size))
    index_r = np.empty(rows * cols, np.int64)
    index_c = np.empty(rows * cols, np.int64)
    value = np.empty(rows * cols)
    n = 0
    for r in range(rows):
        for c in range(cols):
            if not np.isnan(patch[r, c]):
                index_r[n], index_c[n], value[n] = r, c, patch[r, c]
                n += 1
    if n < 50:
        return scores
    mean = value[:n].sum() / n
    square = 0.0
    for k in range(n):
        value[k] -= mean
        square += value[k] * value[k]
    for dr in range(size):
        for dc in range(size):
            total, total2, cross = 0.0, 0.0, 0.0
            for k in range(n):
                a = area[index_r[k] + dr, index_c[k] + dc]
                total += a
                total2 += a * a
                cross += a * value[k]
            variance = total2 - total * total / n
            if variance > 1e-6 * n and square > 1e-6 * n:
                scores[dr, dc] = cross / np.sqrt(variance * square)
    return scores


def match_patch(orbital: Orbital, patch: npt.NDArray[np.float32], corner: tuple[int, int], centre: Array,
                reach: Array) -> Match | None:  # fmt: skip
    """Find a north-up patch on the orbital image.

    Args:
        patch: (rows, cols) grey values at orbital cells, NaN where unknown.
        corner: (row, col) of the orbital cell that the patch's first cell is assumed to be.
        centre: (2,) offset [m] to search around. reach: half width of the search [m] (scalar).

    Returns:
        The match with subpixel offset, or None when patch or map hold too little.
    """
    r = orbital.image.resolution
    search = int(np.ceil(float(reach) / r)) + 2
    middle = np.rint(centre / r).astype(int)
    row0, col0 = corner[0] + middle[1] - search, corner[1] + middle[0] - search
    rows, cols = patch.shape[0] + 2 * search, patch.shape[1] + 2 * search
    area = np.full((rows, cols), np.nan)
    height, width = orbital.image.shape
    r0, r1, c0, c1 = max(row0, 0), min(row0 + rows, height), max(col0, 0), min(col0 + cols, width)
    if r1 - r0 < 8 or c1 - c0 < 8:
        return None
    area[r0 - row0 : r1 - row0, c0 - col0 : c1 - col0] = orbital.detail[r0:r1, c0:c1]
    unknown = ~np.isfinite(area)
    if np.mean(unknown) > 0.5:
        return None
    area[unknown] = 0.0
    if int(np.isfinite(patch).sum()) < 200 or float(np.nanstd(patch)) < 0.5:
        return None
    scores = _correlate(detail_of(patch, r).astype(np.float64), area, search)
    inner = scores[1:-1, 1:-1]
    at = np.unravel_index(int(np.argmax(inner)), inner.shape)
    pr, pc = int(at[0]) + 1, int(at[1]) + 1
    peak = float(scores[pr, pc])
    near = scores[pr - 1 : pr + 2, pc - 1 : pc + 2]
    dv, cv = _parabola(near[:, 1])
    du, cu = _parabola(near[1, :])
    others = scores.copy()
    others[max(0, pr - 4) : pr + 5, max(0, pc - 4) : pc + 5] = -1.0
    offset = (middle + np.array([pc + du - search, pr + dv - search])) * r
    # Noise of the peak: what the pictures do not share, over the curvature (Cramer-Rao bound of
    # correlation), with neighbouring cells counted as half independent.
    n = 0.5 * float(np.isfinite(patch).sum())
    noise = max(1.0 - peak**2, 0.02) / max(peak, 0.1) / n
    sigma = r * float(np.sqrt(noise / max(min(cu, cv), 1e-3)))
    return Match(offset, peak, peak - float(others.max()), sigma)


def _parabola(y: Array) -> tuple[float, float]:
    """Peak of the parabola through three values: its place (-0.5 to 0.5) and its curvature."""
    curvature = float(2.0 * y[1] - y[0] - y[2])
    if curvature <= 1e-9:
        return 0.0, 1e-9
    return float(np.clip(0.5 * (y[2] - y[0]) / curvature, -0.5, 0.5)), curvature


def ground_cells(orbital: Orbital, bounds: Bounds) -> tuple[tuple[int, int], Array, Array]:
    """Cells of the orbital image's lattice in `bounds` (also beyond the map's edge).

    Returns:
        (row, col) of the first cell, and the (rows, cols) x and y [m] of the cell centres.
    """
    g = orbital.image
    row0, col0 = (int(v) for v in g.indices(bounds.x_min, bounds.y_min))
    row1, col1 = (int(v) for v in g.indices(bounds.x_max, bounds.y_max))
    x, _ = g.centre(0, np.arange(col0, col1 + 1))
    _, y = g.centre(np.arange(row0, row1 + 1), 0)
    xx, yy = np.meshgrid(x, y)
    return (row0, col0), xx, yy


def match_picture(
    orbital: Orbital,
    image: Picture,
    camera: Camera,
    optical: Pose,
    ground: Array,
    centre: Array,
    reach: float,
) -> Match | None:
    """Match a downward picture to the orbital image.

    The ground's shape comes from the orbital elevation, its height from the laser: heights enter as
    elevation relative to the laser's point.

    Args:
        optical: assumed pose of the camera's optical frame in map.
        ground: (3,) point in map that the laser hit. centre: (2,) offset [m] to search around
            (the shift as far as it is known). reach: half width of the search [m].
    """
    distance = float(optical.position[2] - ground[2])
    if distance < 1.0:
        return None
    try:
        corners = camera.footprint(optical, float(ground[2]))
    except InvalidInput:
        return None
    spread = np.minimum(np.abs(corners[:, :2] - ground[:2]), 1.5 * distance)
    low, high = ground[:2] - spread.max(axis=0), ground[:2] + spread.max(axis=0)
    corner, x, y = ground_cells(orbital, Bounds(low[0], low[1], high[0], high[1]))
    z = orbital.elevation.sample("elevation", x + centre[0], y + centre[1])
    z -= orbital.elevation.sample("elevation", ground[0] + centre[0], ground[1] + centre[1])
    z = ground[2] + np.where(np.isfinite(z), z, 0.0)
    small, factor = shrink(image, camera.ground_sampling_distance(distance), orbital.image.resolution)
    points = np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1)
    patch = sample_ground(small, factor, camera, optical, points).reshape(x.shape)
    return match_patch(orbital, patch, corner, centre, np.asarray(reach))
