# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Loose sand from above: fine grain without stones, cracks or anything else that casts contrast.

Every cue is a ratio, so that shadow and exposure do not count, and each has a physical reason:

grain      contrast within a cell, the camera's noise taken off: sand has no stones, cracks and edges;
contrast   from a cell to the next, and
texture    over twice that: firm ground is mottled at every scale, wind sorts sand;
spots      how unevenly the grain is spread: stones lie apart with little between, sand is alike all over.

The noise must come off: in shadow it is as strong as the contrast of sand. Pictures show `grain` best, but it
grows with the sharpness of the ground. The others carry over: `contrast` and `texture` compare cells, which
are coarser than a pixel, and `spots` divides grain by grain. Each is taken over a near and a wide square:
patches of sand are wider than the smooth spots of firm ground. A logistic function joins them;
benchmarks/fit_sand.py fits its weights and says how well it does on worlds it has not seen. Brightness,
slope, ripples and the roughness of the elevation were tried and left out: they added hardly anything, and
dark firm patches imitate the first.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from wayscout import config
from wayscout.errors import InvalidInput
from wayscout.grid import Grid, Layer

CUES = ("grain", "contrast", "texture", "spots")
FEATURES = tuple(f"{cue}_{reach}" for reach in ("near", "wide") for cue in CUES)
_MID_GREY = 128.0
_DARKEST = 3.0  # grey level below which a picture says nothing of contrast
_LEAST = 0.1  # grain that eight bits cannot tell from none [grey levels]
_LOWEST = 1e-3  # ratio below which cues do not fall


@dataclass(frozen=True)
class SandParams:
    """How sand is told from firm ground; see config/terrain.yaml."""

    sand_near: float
    sand_wide: float
    sand_noise: float
    sand_weights: list[float]
    sand_prior: float


def probability(grid: Grid, params: SandParams | None = None) -> Layer:
    """Probability of loose sand per cell, (rows, cols) float32, NaN where elevation or picture are unknown.

    Args:
        grid: with the layers `elevation` [m], `intensity` and `texture` (grey levels 0-255).

    Raises:
        InvalidInput: when a layer is missing or the number of weights is wrong.
    """
    p = params or config.load("terrain", SandParams)
    if len(p.sand_weights) != len(FEATURES):
        raise InvalidInput("terrain.sand_weights", p.sand_weights, f"one for each of {FEATURES} is needed")
    cues = features(grid, p)
    score = np.full(grid.shape, p.sand_prior, np.float32)
    for weight, name in zip(p.sand_weights, FEATURES, strict=True):
        score += np.float32(weight) * cues[name]
    result: Layer = (1.0 / (1.0 + np.exp(-np.clip(score, -30, 30)))).astype(np.float32)
    return result


def features(grid: Grid, params: SandParams) -> dict[str, Layer]:
    """The cues by the names in `FEATURES`: logarithms of ratios, (rows, cols) float32, NaN where unknown.

    Raises:
        InvalidInput: when a layer is missing.
    """
    for name in ("elevation", "intensity", "texture"):
        if name not in grid:
            raise InvalidInput("grid layer", name, "finding sand needs it")
    known = np.isfinite(grid["elevation"]) & np.isfinite(grid["intensity"]) & np.isfinite(grid["texture"])
    grey = np.where(known, grid["intensity"], 0.0).astype(np.float32)
    noisy = np.where(known, grid["texture"], 0.0)
    photons = params.sand_noise**2 / _MID_GREY * grey  # their variance grows as the light
    grain = np.sqrt(np.maximum(noisy * noisy - photons, _LEAST**2)).astype(np.float32)
    smooth = _Mean(known, 3)(grey)
    fine, coarse = grey - smooth, smooth - _Mean(known, 7)(grey)
    result: dict[str, Layer] = {}
    for reach, side in (("near", params.sand_near), ("wide", params.sand_wide)):
        mean = _Mean(known, max(3, 2 * round(0.5 * side / grid.resolution) + 1))
        level, average = np.maximum(mean(grey), _DARKEST), np.maximum(mean(grain), _LEAST)
        cues = {  # a running sum may fall a little below zero
            "grain": average / level,
            "contrast": np.sqrt(np.maximum(mean(fine * fine), 0.0)) / level,
            "texture": np.sqrt(np.maximum(mean(coarse * coarse), 0.0)) / level,
            "spots": np.sqrt(np.maximum(mean(grain * grain) / average**2 - 1.0, 0.0)),
        }
        for cue, ratio in cues.items():
            layer = np.where(known, np.log(np.maximum(ratio, _LOWEST)), np.nan)
            result[f"{cue}_{reach}"] = layer.astype(np.float32)
    return result


class _Mean:
    """Mean of the known cells in the square of `side` cells around each."""

    def __init__(self, known: npt.NDArray[np.bool_], side: int) -> None:
        self._known, self._side = known.astype(np.float32), side
        self._share = np.maximum(self._blurred(self._known), 1e-3)

    def __call__(self, values: Layer) -> Layer:
        return np.asarray(self._blurred(values * self._known) / self._share, np.float32)

    def _blurred(self, values: Layer) -> Layer:
        size = (self._side, self._side)
        return np.asarray(cv2.blur(values, size, borderType=cv2.BORDER_ISOLATED | cv2.BORDER_REFLECT))
