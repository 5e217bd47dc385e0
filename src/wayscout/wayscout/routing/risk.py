# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What a path meets, and the probability that the rover gets through."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from wayscout.corridor import Corridor
from wayscout.grid import Grid
from wayscout.mars import GRAVITY
from wayscout.routing.parameters import RouterParams, RoverLimits
from wayscout.routing.search import slip

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_CLEARANCE_SIGMA = 0.2  # [m] of the distance to an obstacle: place of its edge and cross-track error


@dataclass(frozen=True)
class Profile:
    """Samples along a path, each (n,); lengths m, angles rad.

    Attributes:
        s: distance along the path.
        slope: in driving direction, uphill positive.
        step: tallest step or rock under the wheels' sweep.
        measured: a picture measured the ground.
        margin: smallest share left of a planning limit, negative beyond it.
        failure: probability that the true ground breaks a limit here, by what is known of it.
        hidden: rate of hidden blocks [1/m].
    """

    path: Array
    heading: Array
    s: Array
    z: Array
    slope: Array
    tilt: Array
    step: Array
    clearance: Array
    slip: Array
    sand: Array
    measured: Mask
    margin: Array
    failure: Array
    hidden: Array


def profile(
    grid: Grid, path: Array, corridor: Corridor, params: RouterParams, limits: RoverLimits
) -> Profile:
    """Read a planning map along an (n, 2) path x, y [m]."""
    rows, cols = grid.shape
    row, col = grid.indices(path[:, 0], path[:, 1])
    r, c = np.clip(row, 0, rows - 1), np.clip(col, 0, cols - 1)

    def at(name: str) -> Array:
        return grid[name][r, c].astype(np.float64)

    d = np.gradient(path, axis=0) if len(path) > 1 else np.ones((1, 2))
    heading = np.arctan2(d[:, 1], d[:, 0])
    sx, sy, sand = np.nan_to_num(at("slope_x")), np.nan_to_num(at("slope_y")), at("sand")
    slope = np.arctan(sx * np.cos(heading) + sy * np.sin(heading))
    tilt = np.arctan(np.hypot(sx, sy))
    slopes, slips = np.radians(limits.slip_slopes), np.asarray(limits.slip_on_sand, dtype=np.float64)
    lost = np.array(
        [
            slip(a, q, slopes, slips, limits.slip_on_rock) if a > 0.0 else limits.slip_on_rock
            for a, q in zip(slope, sand, strict=True)
        ]
    )
    loose = np.interp(np.abs(slope), slopes, slips)
    steeper = np.interp(np.abs(slope) + at("tilt_sigma"), slopes, slips)
    slip_sigma = np.hypot(at("sand_sigma") * loose * (slope > 0.0), sand * (steeper - loose)) + 0.01
    step, clearance = at("obstacle"), at("clearance")
    need = params.half_width + params.keep_off
    margin = np.minimum.reduce(
        [1.0 - tilt / limits.plan_tilt, 1.0 - lost / limits.max_slip, np.minimum(1.0, clearance / need - 1.0)]
    )
    margin = np.where(
        clearance >= need, np.minimum(margin, np.clip(1.0 - step / limits.plan_step, 0.0, 1.0)), margin
    )
    # Of independent causes at one place the likeliest counts; a step fails only if the wheels can't avoid it.
    struck = ndtr((step - limits.max_step) / at("step_sigma"))
    failure = np.maximum.reduce(
        [
            ndtr((tilt - limits.max_tilt) / np.maximum(at("tilt_sigma"), 1e-3)),
            ndtr((lost - limits.max_slip) / slip_sigma),
            struck * ndtr((need - clearance) / _CLEARANCE_SIGMA),
            ndtr((0.8 * params.half_width - clearance) / _CLEARANCE_SIGMA),
        ]
    )
    pieces = np.hypot(*np.diff(path, axis=0).T)
    _, along = corridor.locate(path[:, 0], path[:, 1])
    abreast = (along > 1.0) & (along < corridor.length - 1.0)
    measured = at("measured") > 0.5
    hidden = np.where(
        measured, 0.0, np.where(abreast, params.hidden_blocks / corridor.length, params.hidden_rate_open)
    )
    s = np.concatenate([[0.0], np.cumsum(pieces)])
    return Profile(
        path, heading, s, at("elevation"), slope, tilt, step, clearance, lost, sand, measured,
        margin, failure, hidden,
    )  # fmt: skip


def success(p: Profile, params: RouterParams) -> tuple[float, float]:
    """Return the probability of success, and what it would be if nothing were hidden on unmeasured ground.

    Errors of the map count as one over `correlation` metres: of such a stretch the worst place decides, and
    stretches are independent. Hidden blocks follow a Poisson process along unmeasured ground.
    """
    stretch = (p.s / params.correlation).astype(int)
    worst = np.zeros(stretch.max() + 1)
    np.maximum.at(worst, stretch, p.failure)
    known = float(np.prod(1.0 - worst))
    hidden = float(np.sum(0.5 * (p.hidden[1:] + p.hidden[:-1]) * np.diff(p.s)))
    return known * math.exp(-hidden), known


def effort(p: Profile, limits: RoverLimits, efficiency: float) -> tuple[float, float]:
    """Return energy [J] and duration [s] of driving a path at the default speed, slip included."""
    length = np.diff(p.s)
    slope = 0.5 * (p.slope[1:] + p.slope[:-1])
    lost = np.minimum(0.5 * (p.slip[1:] + p.slip[:-1]), 0.9)
    seconds = length / (limits.speed * (1.0 - lost))
    lift = limits.mass * GRAVITY * np.sin(slope) * limits.speed / efficiency
    power = limits.idle_power + np.maximum(limits.drive_power + lift, 0.0)
    return float(np.sum(power * seconds)), float(np.sum(seconds))


def blocks(p: Profile, params: RouterParams, limits: RoverLimits) -> list[tuple[int, str]]:
    """Return where a path breaks planning limits: (index of the worst sample, why), one for each stretch."""
    need = params.half_width + params.keep_off
    broken = (p.tilt > limits.plan_tilt) | (p.slip >= limits.max_slip) | (p.clearance < need - 1e-6)
    found: list[tuple[int, str]] = []
    i = 0
    while i < len(broken):
        if not broken[i]:
            i += 1
            continue
        j = i
        while j + 1 < len(broken) and broken[j + 1 : j + 5].any():
            j += 1
        worst = i + int(np.argmin(p.margin[i : j + 1]))
        found.append((worst, _why(p, worst, need, limits)))
        i = j + 1
    return found


def _why(p: Profile, i: int, need: float, limits: RoverLimits) -> str:
    x, y = p.path[i]
    place = f"at ({x:.0f}, {y:.0f})"
    if p.clearance[i] < need - 1e-6 and p.step[i] > limits.plan_step:
        most = f"planned for at most {limits.plan_step:.2f} m"
        return f"step or rocks of {p.step[i]:.2f} m across the way {place}, {most}"
    if p.slip[i] >= limits.max_slip:
        return (
            f"slip of {100 * p.slip[i]:.0f} % on sand rising {math.degrees(p.slope[i]):.0f} deg {place}, "
            f"limit {100 * limits.max_slip:.0f} %"
        )
    if p.tilt[i] > limits.plan_tilt:
        return (
            f"ground tilted {math.degrees(p.tilt[i]):.0f} deg {place}, "
            f"planned for at most {math.degrees(limits.plan_tilt):.0f} deg"
        )
    return f"a gap of only {2.0 * p.clearance[i]:.1f} m {place}, {2.0 * need:.1f} m are needed"
