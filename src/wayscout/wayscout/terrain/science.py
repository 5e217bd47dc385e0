# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Find what differs from the scene it lies in, and say how: targets for a closer look.

Novelty is a robust Mahalanobis distance: how many deviations a place lies from the usual ground of this very
map, in the descriptors of `terrain.descriptors`, their correlations taken off. Medians and quantiles give
the usual ground, so that what is rare does not shift it; the covariance is that of the deviations cut at
`winsor`. After whitening (the symmetric square root, which keeps each axis with its
descriptor) only what points to something counts: more bands, more grain, more colour, brighter or darker, but
not the lack of contrast. The descriptor that stands out most names the kind.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import cv2
import numpy as np
import numpy.typing as npt

from wayscout import config
from wayscout.errors import InvalidInput
from wayscout.grid import Grid, Layer
from wayscout.terrain import descriptors
from wayscout.terrain.descriptors import DescriptorParams, Mask

Array = npt.NDArray[np.float64]
KINDS = ("layers", "light patch", "pebbles", "colour")
_LEAST = 0.05  # spread below which ground is called even: of tone over mottle, of strengths' logarithms
SCORED = ("light", "bands", "grain", "colour")  # relief is told, not scored: walls are uneven everywhere
_STRENGTHS = ("bands", "colour")  # the others are a difference and a count


@dataclass(frozen=True)
class ScienceParams(DescriptorParams):
    """Scales of the descriptors and what makes a target of them; see config/science.yaml."""

    usable: float
    ordinary: float
    winsor: float
    least_score: float
    apart: float
    largest: float
    of_a_kind: float
    count: int
    chip_side: float
    chip_pixels: int


@dataclass(frozen=True)
class Target:
    """A place that differs from its scene.

    Attributes:
        kind: of `KINDS`.
        position: x, y, z [m] in the grid's frame.
        size: diameter of the circle with the area that stands out [m].
        score: distance from the usual ground [standard deviations].
        reason: why, in words.
    """

    kind: str
    position: tuple[float, float, float]
    size: float
    score: float
    reason: str


@dataclass(frozen=True)
class Novelty:
    """Whitened deviations of the usable ground.

    Attributes:
        parts: by name of `SCORED`, (rows, cols) float32 [standard deviations]; only what counts: `light` has
            either sign, the others are not negative.
        score: (rows, cols) float32, the length of all parts; 0 where the ground is not usable.
        mask: usable cells.
        relief: (rows, cols) float32, unevenness over the scene's median [1].
    """

    parts: dict[str, Layer]
    score: Layer
    mask: Mask
    relief: Layer


def params() -> ScienceParams:
    """Return the numbers of config/science.yaml."""
    return config.load("science", ScienceParams)


def novelty(grid: Grid, p: ScienceParams | None = None) -> Novelty:
    """Say how far each cell of a map lies from the scene's usual ground.

    Raises:
        InvalidInput: when `elevation` or `intensity` is missing, or too little lit ground is known.
    """
    p = p or params()
    mask = descriptors.usable(grid, p)
    layers = descriptors.describe(grid, mask, p)
    share = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 2.0 * p.window / grid.resolution)
    mask &= share > p.usable
    if not mask.any():
        raise InvalidInput("map", 0, "no lit firm ground as wide as a target's window is known")
    relief = layers["relief"] / max(float(np.median(layers["relief"][mask])), 1e-6)
    names = [name for name in SCORED if name in layers]
    stacked = np.stack(
        [_standard(layers[name], mask, p.ordinary, strength=name in _STRENGTHS) for name in names], axis=-1
    )
    white = stacked @ _whitening(stacked[mask], p.winsor)
    parts = {}
    for axis, name in enumerate(names):
        part = white[..., axis] if name == "light" else np.maximum(white[..., axis], 0.0)
        parts[name] = np.where(mask, part, 0.0).astype(np.float32)
    score = np.sqrt(sum(np.square(part) for part in parts.values()))
    return Novelty(parts, np.asarray(score, np.float32), mask, np.asarray(relief, np.float32))


def _standard(layer: Layer, mask: Mask, ordinary: float, *, strength: bool) -> Layer:
    """Deviation from the scene's median over its spread, upwards and downwards apart; of a strength, its
    logarithm's.

    The spread is that of a normal distribution with the same quantile `ordinary`: ground has heavier tails
    than a normal distribution, and no two descriptors the same.
    """
    if strength:  # strengths differ by factors
        layer = np.log(np.maximum(layer, max(1e-3 * float(np.median(layer[mask])), 1e-9)))
    values = layer[mask]
    middle = float(np.median(values))
    quantile = NormalDist().inv_cdf(ordinary)
    up = max((float(np.quantile(values, ordinary)) - middle) / quantile, _LEAST)
    down = max((middle - float(np.quantile(values, 1.0 - ordinary))) / quantile, _LEAST)
    rest = layer - np.float32(middle)
    return np.asarray(np.where(rest > 0.0, rest / up, rest / down), np.float32)


def _whitening(rows: npt.NDArray[np.floating], cut: float) -> npt.NDArray[np.float32]:
    """Symmetric inverse root of the covariance of standardised rows (n, k), cut at +-`cut`."""
    clipped = np.clip(rows.astype(np.float64), -cut, cut)
    covariance = np.atleast_2d(np.cov(clipped, rowvar=False))
    values, vectors = np.linalg.eigh(covariance)
    root = vectors @ np.diag(1.0 / np.sqrt(np.maximum(values, 0.05))) @ vectors.T
    return np.asarray(root, np.float32)


def find_targets(
    grid: Grid, p: ScienceParams | None = None, count: int | None = None, found: Novelty | None = None
) -> list[Target]:
    """Return the places of a map that differ most, best first, no two nearer than `apart`.

    While other kinds are there, no kind takes more than its share; what it has more comes last.

    Args:
        grid: layers `elevation` [m] and `intensity` (grey levels); `sand` and `rock` where known are left
            out, `red`, `green` and `blue` where known give colour.
        count: how many at most; None for the parameter.
        found: the map's novelty, when it is there already.

    Raises:
        InvalidInput: as of `novelty`; when `count` is not positive.
    """
    p = p or params()
    count = p.count if count is None else count
    if count < 1:
        raise InvalidInput("count", count, "at least 1 target")
    seen = found or novelty(grid, p)
    score = seen.score.copy()
    reach = p.apart / grid.resolution
    most = math.ceil(p.of_a_kind * count)
    chosen: list[Target] = []
    spare: list[Target] = []
    taken = dict.fromkeys(KINDS, 0)
    rows, cols = np.arange(score.shape[0])[:, None], np.arange(score.shape[1])[None, :]
    while len(chosen) < count:
        row, col = (int(v) for v in np.unravel_index(int(np.argmax(score)), score.shape))
        if score[row, col] < p.least_score:
            break
        if min(taken.values()) >= most and len(chosen) + len(spare) >= count:
            break  # what comes now is nobody's first choice
        region = _region(seen, row, col, p, grid.resolution)
        target = _target(grid, seen, row, col, region, p)
        (chosen if taken[target.kind] < most else spare).append(target)
        taken[target.kind] += 1
        score[(rows - row) ** 2 + (cols - col) ** 2 < reach**2] = 0.0
        score[region] = 0.0
    # Best first in each part: what exceeds its kind's share comes after the others.
    return chosen + spare[: count - len(chosen)]


def _region(seen: Novelty, row: int, col: int, p: ScienceParams, resolution: float) -> Mask:
    """Cells joined with the peak that reach half its score, within the largest size."""
    half = round(0.5 * p.largest / resolution)
    r0, c0 = max(0, row - half), max(0, col - half)
    part = seen.score[r0 : row + half + 1, c0 : col + half + 1]
    _, labels = cv2.connectedComponents((part > 0.5 * seen.score[row, col]).astype(np.uint8), connectivity=4)
    region = np.zeros(seen.score.shape, bool)
    region[r0 : row + half + 1, c0 : col + half + 1] = labels == labels[row - r0, col - c0]
    return region


def _target(grid: Grid, seen: Novelty, row: int, col: int, region: Mask, p: ScienceParams) -> Target:
    rows, cols = np.nonzero(region)
    weight = seen.score[rows, cols].astype(np.float64) ** 2
    middle_row, middle_col = (float(np.average(v, weights=weight)) for v in (rows, cols))
    if math.hypot(middle_row - row, middle_col - col) > 0.5 * p.apart / grid.resolution:
        middle_row, middle_col = float(row), float(col)  # a crooked region: its best place
    x, y = grid.centre(middle_row, middle_col)
    size = min(2.0 * math.sqrt(len(rows) / math.pi) * grid.resolution, p.largest)
    parts = {name: float(layer[row, col]) for name, layer in seen.parts.items()}
    kind = _kind(parts)
    z = float(grid["elevation"][round(middle_row), round(middle_col)])
    if not math.isfinite(z):
        z = float(grid["elevation"][row, col])
    reason = _reason(kind, parts, float(seen.relief[row, col]), "colour" in parts)
    return Target(kind, (float(x), float(y), z), size, float(seen.score[row, col]), reason)


def _kind(parts: dict[str, float]) -> str:
    loudest = max(parts, key=lambda name: abs(parts[name]))
    if loudest == "light":
        # In grey pictures an unusual colour shows as an unusual, mostly darker, tone.
        return "light patch" if parts["light"] > 0.0 else "colour"
    return {"bands": "layers", "grain": "pebbles", "colour": "colour"}[loudest]


def _reason(kind: str, parts: dict[str, float], relief: float, coloured: bool) -> str:
    """Say what stands out, the strongest first, with how much."""
    words = []
    for name in sorted(parts, key=lambda n: -abs(parts[n])):
        value = parts[name]
        if abs(value) < 2.0:
            continue
        how = {
            "light": "brighter than its surroundings" if value > 0 else "darker than its surroundings",
            "bands": "parallel bands",
            "grain": "bright spots side by side, as of stones in the sun",
            "colour": "colour unlike its surroundings",
        }[name]
        words.append(f"{how} ({abs(value):.1f} sigma)")
    if relief > 1.5:
        words.append(f"ground {relief:.1f} times as uneven as usual here")
    if kind == "colour" and not coloured:
        words.append("grey pictures show a colour as tone alone")
    return "; ".join(words) or "several descriptors together"
