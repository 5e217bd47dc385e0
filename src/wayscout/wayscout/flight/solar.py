# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""How many sols the sun needs before the next flight.

The balance of one sol is simple: the panel collects area x efficiency x insolation x (1 - dust), heating
through the night and the idle hours draw from it, and the pack takes what is left up to its capacity. A
flight may take off when the pack holds the flight's energy and the reserve above what it keeps for the night
(capacity less `usable_energy`).

Whoever plans and whoever simulates charge by this law; a simulated sky may bring more or less of the
sunlight than is counted on (`under`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from wayscout.errors import InvalidInput
from wayscout.flight.envelope import OutsideEnvelope
from wayscout.flight.plan import HelicopterLimits

SOL = 88775.0
"""Length of a sol [s] (NASA: 24 h 39 min 35 s)."""


@dataclass(frozen=True)
class SunPower:
    """Panel and night; fields are entries of config/campaign.yaml (SI units)."""

    panel_area: float
    panel_efficiency: float
    insolation: float
    dust_loss: float
    survival_heating: float
    idle_energy: float
    most_sols: int

    @property
    def collected(self) -> float:
        """Energy from the panel in a sol [J]."""
        return self.panel_area * self.panel_efficiency * self.insolation * (1.0 - self.dust_loss)

    @property
    def gain(self) -> float:
        """What a sol adds to the pack [J]; negative when the night takes more than the day gives."""
        return self.collected - self.survival_heating - self.idle_energy

    def under(self, share: float) -> SunPower:
        """Return the same panel below a sky that lets a share of the sunlight through."""
        return replace(self, insolation=share * self.insolation)


def charge_after(charge: float, sols: float, sun: SunPower, capacity: float) -> float:
    """Return the charge [J] of a pack of `capacity` [J] after sols of rest."""
    return float(np.clip(charge + sols * sun.gain, 0.0, capacity))


def charge_needed(energy: float, limits: HelicopterLimits) -> float:
    """Return the charge [J] from which a flight that draws `energy` [J] may take off."""
    return energy + limits.energy_reserve + limits.battery_capacity - limits.usable_energy


def full_flight(limits: HelicopterLimits) -> float:
    """Return the most energy [J] that a flight may draw."""
    return limits.usable_energy - limits.energy_reserve


def sols_until(charge: float, energy: float, sun: SunPower, limits: HelicopterLimits) -> int:
    """Return the sols of rest, at least one, after which a flight of `energy` [J] may take off.

    Args:
        charge: of the pack now [J].

    Raises:
        InvalidInput: when charge or energy is no number or negative.
        OutsideEnvelope: when no wait (up to `most_sols`) is enough, with the figures.
    """
    for name, value in (("charge", charge), ("energy", energy)):
        if not (np.isfinite(value) and value >= 0.0):
            raise InvalidInput(f"recharge.{name}", value, "a finite energy [J] of 0 or more is needed")
    needed = charge_needed(energy, limits)
    if needed > limits.battery_capacity:
        raise OutsideEnvelope(
            f"a flight of {energy:.0f} J needs a charge of {needed:.0f} J, the pack holds "
            f"{limits.battery_capacity:.0f} J"
        )
    for sols in range(1, sun.most_sols + 1):
        if charge_after(charge, sols, sun, limits.battery_capacity) >= needed:
            return sols
    raise OutsideEnvelope(
        f"the sun does not bring the {needed:.0f} J for the next flight within {sun.most_sols} sols: "
        f"the pack holds {charge:.0f} J, a sol adds {sun.gain:.0f} J"
    )


class Pack:
    """The pack as a mission books it: what flights drew, what sols brought; full at first.

    Attributes:
        charge: [J]. sols: of rest so far.
    """

    def __init__(self, sun: SunPower, limits: HelicopterLimits) -> None:
        self.charge, self.sols = limits.battery_capacity, 0
        self._sun, self._limits = sun, limits

    def wait_for(self, energy: float | None) -> int:
        """Return the sols to rest before a flight of `energy` [J]; None for all that one may draw.

        Raises:
            OutsideEnvelope: when the sun never brings that much.
        """
        most = full_flight(self._limits)
        return sols_until(self.charge, most if energy is None else min(energy, most), self._sun, self._limits)

    def rest(self, sols: int) -> None:
        """Book sols of rest."""
        self.charge = charge_after(self.charge, sols, self._sun, self._limits.battery_capacity)
        self.sols += sols

    def draw(self, energy: float) -> None:
        """Book a flight's energy [J]."""
        self.charge = max(self.charge - energy, 0.0)
