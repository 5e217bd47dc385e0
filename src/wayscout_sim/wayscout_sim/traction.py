# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""How much of a wheel's turning reaches the ground.

MuJoCo's friction holds or slides but does not creep, so slip is put in at the wheel: its surface moves
against its turning by the share that the slip curve gives for the slope along the wheel's heading, scaled
by the sand below it. On a cross slope in sand the surface also drifts downhill while the wheel turns.

Six wheels that keep their speeds exactly must fight on rough ground, where each has a way of its own to go.
Without creep that winds them up against each other until one lifts another off the ground and all slide;
so a wheel that pulls more than the others also slips more, and one that is pushed slips less.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from wayscout_sim.states import height_at

Array = npt.NDArray[np.float64]

_HALF_BASE = 0.3  # m before and behind a wheel over which its slope is taken
_MOST_CREEP = 0.3  # beyond it friction gives way by itself


@dataclass(frozen=True)
class SlipCurve:
    """Fields of config/rover.yaml."""

    slip_slopes: list[float]
    slip_on_sand: list[float]
    slip_on_rock: float


def creep(pull: Array, turning: Array, rate: float) -> Array:
    """Return (n,) slip from the wheels' different shares of the traction; the mean pull adds none.

    Traction grows with slip, steeply at first (Wong, Theory of Ground Vehicles, ch. 2); the slip that the
    slope asks of all wheels together is what `slips` gives.

    Args:
        pull: (n,) each wheel's traction over the mean load, positive forward.
        turning: (n,) wheel speeds, whose sign says which way is forward.
        rate: slip per unit of pull.
    """
    eager = pull * np.where(turning < 0.0, -1.0, 1.0)
    result: Array = np.clip(rate * (eager - eager.mean()), -_MOST_CREEP, _MOST_CREEP)
    return result


@njit(cache=True)
def slips(
    heights: npt.NDArray[np.float32],
    sand: npt.NDArray[np.float32],
    corner: float,
    cell: float,
    position: Array,
    heading: Array,
    turning: Array,
    on_rock: npt.NDArray[np.bool_],
    slopes: Array,
    curve: Array,
    firm: float,
    side: float,
) -> Array:
    """Return (n, 3) per wheel: slip along its way, sideways drift (positive to the left) and share of sand.

    Args:
        heights, sand: (m, m) vertices, row 0 south; sand is 0 to 1.
        corner, cell: coordinate of vertex (0, 0) and spacing [m].
        position: (n, 2) wheel centres; heading: (n,) [rad] of rolling forward.
        turning: (n,) wheel speeds, whose sign says which way is forward.
        on_rock: (n,) True for wheels that stand on a rock: no sand there.
        slopes, curve: the slip curve over the slope [rad].
        firm: slip where there is no sand; side: drift as a share of the curve at the cross slope.
    """
    n = position.shape[0]
    result = np.zeros((n, 3))
    for i in range(n):
        way = 1.0 if turning[i] >= 0.0 else -1.0
        c, s = np.cos(heading[i]) * way, np.sin(heading[i]) * way
        x, y, h = position[i, 0], position[i, 1], _HALF_BASE
        ahead = height_at(heights, corner, cell, x + h * c, y + h * s)
        behind = height_at(heights, corner, cell, x - h * c, y - h * s)
        left = height_at(heights, corner, cell, x - h * s, y + h * c)
        right = height_at(heights, corner, cell, x + h * s, y - h * c)
        climb = np.arctan((ahead - behind) / (2.0 * h))
        cross = np.arctan((left - right) / (2.0 * h))  # positive: the ground rises to the left
        share = 0.0 if on_rock[i] else height_at(sand, corner, cell, x, y)
        loose = np.interp(max(climb, 0.0), slopes, curve)
        result[i, 0] = share * loose + (1.0 - share) * firm
        drift = share * side * np.interp(abs(cross), slopes, curve)
        result[i, 1] = -drift * np.sign(cross) * way
        result[i, 2] = share
    return result
