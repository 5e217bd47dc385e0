# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What is known of a site before a reconnaissance, and what is known after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from wayscout.errors import InvalidInput

Array = npt.NDArray[np.float64]
ColourImage = npt.NDArray[np.uint8]
Kind = Literal["parachute", "backshell", "debris", "line"]
PRIOR_KINDS = ("parachute", "backshell", "debris", "")


@dataclass(frozen=True)
class Prior:
    """Where something is thought to lie before the flight.

    Attributes:
        x, y: in map, as far as it is known [m].
        sigma: standard deviation of x and of y [m].
        kind: 'parachute', 'backshell', 'debris', or '' for anything.
        size: across [m], 0 where unknown.
        name: for people.

    Raises:
        InvalidInput: naming the field that is not a sensible number or word.
    """

    x: float
    y: float
    sigma: float
    kind: str = ""
    size: float = 0.0
    name: str = "target"

    def __post_init__(self) -> None:
        for field in ("x", "y"):
            if not np.isfinite(getattr(self, field)):
                raise InvalidInput(f"target.{field}", getattr(self, field), "a finite number [m] is needed")
        for field in ("sigma", "size"):
            value = getattr(self, field)
            if not (np.isfinite(value) and value >= 0.0):
                raise InvalidInput(f"target.{field}", value, "a finite number of at least 0 m is needed")
        if self.kind not in PRIOR_KINDS:
            raise InvalidInput("target.kind", self.kind, f"one of {PRIOR_KINDS} is needed")


@dataclass(frozen=True)
class Mark:
    """Something about a part of an object: a dark or a torn area of the canopy.

    Attributes:
        kind: what it is.
        x, y: its middle in map [m].
        area: [m^2].
    """

    kind: Literal["dark", "torn"]
    x: float
    y: float
    area: float


@dataclass(frozen=True)
class SiteObject:
    """An object at a site, as wayscout_interfaces/SiteObject carries it.

    Attributes:
        kind: 'parachute', 'backshell', 'debris' or 'line'.
        position: x, y, z of its middle in map [m].
        outline: (n, 3) corners in map [m], closed by itself; the two ends of a line; empty where not traced.
        size: diameter [m], or length of a line; `size_sigma` is its standard deviation.
        height: of its top above the ground around it [m].
        seen_share: share of it that pictures show, 0 to 1.
        seen_from: bearings in map from the object to the cameras that saw it [rad], sorted.
        marks: dark and torn areas.
        notes: sentences for people, limits of the resolution included.
    """

    kind: Kind
    position: tuple[float, float, float]
    outline: Array
    size: float
    size_sigma: float
    height: float
    seen_share: float
    seen_from: tuple[float, ...]
    marks: tuple[Mark, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mosaic:
    """Colour orthomosaic of a site; row 0 SOUTH, column 0 west, as every grid.

    Attributes:
        resolution: [m] of a pixel.
        origin: x, y [m] of the south-west corner.
        colours: (rows, cols, 3) uint8 RGB, 0 where nothing was seen.
        source: (rows, cols) int16, index of the picture that gave the colour, -1 where nothing was seen.
        sampling: (rows, cols) float32, metres of ground per pixel of that picture (the coarser direction).
        height: (rows, cols) float32, elevation [m], NaN where unknown.
    """

    resolution: float
    origin: tuple[float, float]
    colours: ColourImage
    source: npt.NDArray[np.int16]
    sampling: npt.NDArray[np.float32]
    height: npt.NDArray[np.float32]

    def at(self, row: npt.ArrayLike, col: npt.ArrayLike) -> tuple[Array, Array]:
        """Return x, y [m] of pixel centres; rows and columns may be fractions."""
        x = self.origin[0] + (np.asarray(col, dtype=np.float64) + 0.5) * self.resolution
        y = self.origin[1] + (np.asarray(row, dtype=np.float64) + 0.5) * self.resolution
        return x, y


@dataclass(frozen=True)
class SiteFindings:
    """What a reconnaissance found.

    Attributes:
        prior: what was looked for.
        mosaic: of all that was looked at.
        objects: canopy and backshell first, then debris by falling size, then lines.
        notes: about the site as a whole: lines counted, what was not seen, what the resolution hides.
        lines: suspension lines counted, and `lines_sigma` of that count.
        pictures: colour pictures used.
    """

    prior: Prior
    mosaic: Mosaic
    objects: tuple[SiteObject, ...]
    notes: tuple[str, ...]
    lines: int
    lines_sigma: float
    pictures: int

    def of(self, kind: Kind) -> tuple[SiteObject, ...]:
        """Return the objects of a kind."""
        return tuple(o for o in self.objects if o.kind == kind)
