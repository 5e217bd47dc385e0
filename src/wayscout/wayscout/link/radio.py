# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What the radio between helicopter and rover can carry, from where they stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wayscout.grid import Grid
from wayscout.link.sight import clearance

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Radio:
    """The pair of radios; fields are entries of config/link.yaml (SI units)."""

    top_rate: float
    full_rate_distance: float
    reach: float
    sight_margin: float
    helicopter_antenna: float
    rover_antenna: float


@dataclass(frozen=True)
class Contact:
    """How the two hear each other.

    Attributes:
        distance: between the antennas [m].
        clearance: of the line between them above the ground [m].
        in_sight: whether the ground leaves the margin free.
        rate: what gets through [bit/s]; 0 out of sight or out of reach.
    """

    distance: float
    clearance: float
    in_sight: bool
    rate: float


def rate(radio: Radio, distance: float) -> float:
    """Return the rate over a free line of sight [bit/s].

    Full up to `full_rate_distance`; beyond it, it falls with the square of the distance as the received
    power does (free-space path loss: with noise and modulation given, rate is proportional to power);
    0 beyond `reach`.
    """
    if not distance <= radio.reach:  # also for NaN
        return 0.0
    return radio.top_rate * min(1.0, (radio.full_rate_distance / max(distance, 1e-3)) ** 2)


def contact(radio: Radio, ground: Grid, helicopter: npt.ArrayLike, rover: npt.ArrayLike) -> Contact:
    """Return the contact between two vehicles.

    Args:
        ground: with layer 'elevation'.
        helicopter, rover: (3,) where their legs or wheels stand or hover [m]; antennas are above that.
    """
    a, b = (_raised(p, h) for p, h in ((helicopter, radio.helicopter_antenna), (rover, radio.rover_antenna)))
    distance = float(np.linalg.norm(a - b))
    free = clearance(ground, a, b)
    # next to an antenna the line is as near to the ground as the antenna itself
    needed = min(radio.sight_margin, 0.5 * radio.helicopter_antenna, 0.5 * radio.rover_antenna)
    in_sight = free >= needed
    return Contact(distance, free, in_sight, rate(radio, distance) if in_sight else 0.0)


def _raised(foot: npt.ArrayLike, height: float) -> Array:
    x, y, z = np.asarray(foot, dtype=np.float64)
    return np.array([x, y, z + height])
