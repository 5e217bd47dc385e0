"""Loose sand from above: even grey at every scale, and no steeper than sand can lie.

Cues with a physical reason, joined by a logistic function whose weights were fitted on generated worlds: fine
sand has no stones or cracks to cast contrast (grey contrast within a cell, within half a metre, and within
three times that, where shadows and edges count too), and it slides off above its angle of repose. Contrast
is taken relative to the grey, so that shadow neither helps nor hurts. Brightness and the roughness of the
elevation were tried and left out: dark firm patches imitate the one, errors of the poses the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from wayscout import config
from wayscout.errors import InvalidInput
from wayscout.grid import Grid, Layer
from wayscout.terrain import metrics

FEATURES = ("grain", "contrast_small", "contrast_large", "slope")


@dataclass(frozen=True)
class SandParams:
    """How sand is told from firm ground; see config/terrain.yaml."""

    sand_window: float
    sand_patch: float
    sand_weights: list[float]
    sand_prior: float


def probability(grid: Grid, params: SandParams | None = None) -> Layer:
    """Probability of loose sand per cell, (rows, cols) float32, NaN where grid or picture are unknown.

    Args:
        grid: with the layers `elevation` [m], `intensity` and `texture` (grey levels 0-255).

    Raises:
        InvalidInput: when a layer is missing or the number of weights is wrong.
    """
    p = params or config.load("terrain", SandParams)
    if len(p.sand_weights) != len(FEATURES):
        raise InvalidInput("terrain.sand_weights", p.sand_weights, f"one for each of {FEATURES} is needed")
    cues = features(grid, p.sand_window, p.sand_patch)
    score = np.full(grid.shape, p.sand_prior)
    for weight, name in zip(p.sand_weights, FEATURES, strict=True):
        score += weight * cues[name]
    result: Layer = (1.0 / (1.0 + np.exp(-np.clip(score, -30, 30)))).astype(np.float32)
    return result


def features(grid: Grid, window: float, patch: float) -> dict[str, npt.NDArray[np.float32]]:
    """The cues, taken over `window` and averaged over `patch` [m]; (rows, cols) float32, NaN unknown.

    grain: log contrast within a cell; contrast_small, contrast_large: log contrast within `window` and three
    times that; slope: tangent of the plane over the window beyond 0.4.
    """
    for name in ("elevation", "intensity", "texture"):
        if name not in grid:
            raise InvalidInput("grid layer", name, "finding sand needs it")
    grey, texture, z = grid["intensity"], grid["texture"], grid["elevation"]
    known = np.isfinite(grey) & np.isfinite(z) & np.isfinite(texture)
    side = max(3, 2 * round(0.5 * window / grid.resolution) + 1)
    half = max(1, round(0.5 * window / grid.resolution))
    slope_x, slope_y = metrics.fit_planes(z, grid.resolution, half, 0.3)[:2]
    mean, small = _contrast(grey, known, side)
    around, large = _contrast(grey, known, 3 * side)
    grain = _mean(texture, known, side) / np.maximum(mean, 5.0)
    result = {
        "grain": np.log(np.maximum(grain, 1e-3)),
        "contrast_small": np.log(np.maximum(small / np.maximum(mean, 5.0), 1e-3)),
        "contrast_large": np.log(np.maximum(large / np.maximum(around, 5.0), 1e-3)),
        "slope": np.maximum(np.hypot(slope_x, slope_y) - 0.4, 0.0),
    }
    side = max(1, 2 * round(0.5 * patch / grid.resolution) + 1)
    return {name: _patches(cue, known, side) for name, cue in result.items()}


def _patches(
    cue: npt.NDArray[np.floating], known: npt.NDArray[np.bool_], side: int
) -> npt.NDArray[np.float32]:
    """A cue averaged over the square that decides about a cell: sand lies in patches."""
    valid = known & np.isfinite(cue)
    result: npt.NDArray[np.float32] = np.where(valid, _mean(cue, valid, side), np.nan).astype(np.float32)
    return result


def _mean(values: Layer, known: npt.NDArray[np.bool_], side: int) -> npt.NDArray[np.float64]:
    total = cv2.blur(
        np.where(known, values, 0.0).astype(np.float64), (side, side), borderType=cv2.BORDER_ISOLATED
    )
    weight = cv2.blur(known.astype(np.float64), (side, side), borderType=cv2.BORDER_ISOLATED)
    return np.asarray(total / np.maximum(weight, 1e-9))


def _contrast(
    grey: Layer, known: npt.NDArray[np.bool_], side: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean and standard deviation of the known cells in a square."""
    mean = _mean(grey, known, side)
    square = _mean(np.where(known, grey, 0.0) ** 2, known, side)
    return mean, np.sqrt(np.maximum(square - mean * mean, 0.0))
