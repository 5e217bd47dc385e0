# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What one flight has drawn and may still draw, by the battery's charge or else by time in the air."""

from __future__ import annotations

from wayscout.flight.plan import HelicopterLimits


class EnergyMeter:
    """Book-keeping of one pack; `begin` opens a flight."""

    def __init__(self, limits: HelicopterLimits) -> None:
        self._limits = limits
        self._charge: float | None = None
        self._at_begin: float | None = None
        self._by_time = 0.0
        self._silent = 0.0  # [J] drawn by the clock since the battery last told

    def begin(self) -> None:
        """Open a flight: what is drawn counts from now."""
        self._at_begin, self._silent = self._charge, 0.0
        self._by_time = 0.0

    def update(self, charge: float | None) -> None:
        """Take the battery's charge, 0 to 1; None when the battery does not tell."""
        if charge is not None:
            self._charge, self._silent = charge, 0.0
            if self._at_begin is None or charge > self._at_begin:
                self._at_begin = charge  # no pack fills in flight: what is known of its beginning was old

    def spend(self, seconds: float) -> None:
        """Count time with the rotor on [s]; used while the battery tells nothing, and until it tells anew."""
        drawn = self._limits.hover_power * seconds
        self._by_time += drawn
        self._silent += drawn

    @property
    def used(self) -> float:
        """Energy drawn since `begin` [J]."""
        if self._charge is None or self._at_begin is None:
            return self._by_time
        return max((self._at_begin - self._charge) * self._limits.battery_capacity, 0.0) + self._silent

    @property
    def available(self) -> float:
        """Energy that may still be drawn [J]: of the flight's share, and of the pack above its rest.

        The pack keeps what one flight may not use (it heats the helicopter at night).
        """
        limits = self._limits
        share = limits.usable_energy - self.used
        if self._charge is None:
            return share
        rest = limits.battery_capacity - limits.usable_energy
        return min(share, self._charge * limits.battery_capacity - self._silent - rest)
