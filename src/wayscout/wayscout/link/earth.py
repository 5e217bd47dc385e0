# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The way to Earth and back: light takes minutes, and both ends only listen at certain times of a sol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wayscout.errors import InvalidInput


@dataclass(frozen=True)
class Delivery:
    """How a product gets to Earth: start of the pass that ends it, when it has left Mars, and arrives [s]."""

    opened: float
    left: float
    arrives: float


@dataclass(frozen=True)
class Earth:
    """When Earth can be heard and reached; fields are entries of config/link.yaml.

    Attributes:
        light_time: one way [s].
        sol: length of a Martian day [s].
        passes: starts of the relay passes within a sol [s], each `pass_length` [s] long.
        pass_rate: to Earth during a pass [bit/s].

    Raises:
        InvalidInput: when a pass lies outside the sol or has no length.
    """

    light_time: float
    sol: float
    passes: list[float]
    pass_length: float
    pass_rate: float

    def __post_init__(self) -> None:
        if not self.passes:
            raise InvalidInput("passes", self.passes, "one relay pass a sol at least is needed")
        for start in self.passes:
            if not 0.0 <= start < self.sol:
                raise InvalidInput("passes", start, f"a time within the sol, 0 to {self.sol:g} s, is needed")

    def next_pass(self, time: float) -> tuple[float, float]:
        """Return start and end [s] of the pass that is on at a time, or of the next one."""
        day = time - time % self.sol
        for offset in (-self.sol, 0.0, self.sol):
            for start in sorted(self.passes):
                begin = day + offset + start
                if begin + self.pass_length > time:
                    return begin, begin + self.pass_length
        raise AssertionError("a sol without a pass")

    def command_arrives(self, sent: float) -> float:
        """Return when a command that leaves Earth at `sent` [s] reaches the rover [s].

        It needs the light's time and then waits, at the orbiter, for a pass.
        """
        there = sent + self.light_time
        return max(there, self.next_pass(there)[0])

    def deliver(self, sizes: Sequence[int], ready: float) -> list[float]:
        """Return when Earth holds each of some products [s], sent in this order.

        Args:
            sizes: [bytes].
            ready: when the first may leave the rover [s].
        """
        return [delivery.arrives for delivery in self.deliveries(sizes, ready)]

    def deliveries(self, sizes: Sequence[int], ready: float) -> list[Delivery]:
        """Return how each of some products gets to Earth, sent in this order; see `deliver`."""
        found: list[Delivery] = []
        time = ready
        for size in sizes:
            left = 8.0 * size / self.pass_rate  # [s] of passes that it needs
            opened = self.next_pass(time)[0]
            while left > 0.0:
                opened, end = self.next_pass(time)
                begin = max(opened, time)
                used = min(left, end - begin)
                left -= used
                time = begin + used
            found.append(Delivery(opened, time, time + self.light_time))
        return found


class Downlink:
    """Sends the rover's products to Earth in turn."""

    def __init__(self, earth: Earth) -> None:
        self._earth = earth
        self._free = 0.0  # [s] when all before have left

    def send(self, size: int, ready: float) -> Delivery:
        """Return how a product of some bytes, ready at a time [s], gets to Earth after all before it."""
        delivery = self._earth.deliveries([size], max(ready, self._free))[0]
        self._free = delivery.left
        return delivery
