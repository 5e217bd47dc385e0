# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Things that break on purpose, so that users and tests can rehearse them; see docs/faults.md."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NONE, BATTERY, WIND, CAMERA, RANGE = "", "battery", "wind", "camera", "range"
_DARK_CURRENT = 2.0  # grey levels that a black picture's noise reaches


@dataclass(frozen=True)
class FaultNumbers:
    """Fields of config/simulator.yaml."""

    fault: str
    fault_flight: int
    fault_time: float
    fault_charge: float
    fault_wind: float


class Faults:
    """Tells what is broken now.

    Args:
        numbers: which fault, and when: so many seconds after the rotors of a flight started.
    """

    def __init__(self, numbers: FaultNumbers) -> None:
        self.numbers = numbers
        self._flights = 0
        self._begun = np.inf
        self._drained = False

    def set(self, numbers: FaultNumbers) -> None:
        """Take another fault, or none, while it runs."""
        self.numbers = numbers

    def begin_flight(self, time: float) -> None:
        """The rotors start [s]."""
        self._flights += 1
        self._begun = time

    def has(self, kind: str, time: float) -> bool:
        """Whether this is broken at a time [s]."""
        n = self.numbers
        return n.fault == kind and self._flights >= n.fault_flight and time - self._begun >= n.fault_time

    def wind(self, time: float) -> npt.NDArray[np.float64]:
        """(3,) wind that blows beside the gusts, in map [m/s]."""
        return np.array([self.numbers.fault_wind if self.has(WIND, time) else 0.0, 0.0, 0.0])

    def charge(self, time: float, charge: float) -> float:
        """Energy left in the pack [J]: when a cell fails, a share is gone at once, once."""
        if self._drained or not self.has(BATTERY, time):
            return charge
        self._drained = True
        return charge * self.numbers.fault_charge

    def picture(self, time: float, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """What a camera delivers instead of a picture."""
        if not self.has(CAMERA, time):
            return image
        noise = np.random.default_rng(round(1000 * time)).uniform(0.0, _DARK_CURRENT, image.shape)
        return noise.astype(np.uint8)

    def range(self, time: float, distance: float) -> float:
        """What the laser tells instead of a distance [m]."""
        return float("inf") if self.has(RANGE, time) else distance
