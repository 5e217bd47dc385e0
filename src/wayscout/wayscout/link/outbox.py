# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A queue of things to send over a link that drops packets; nothing in it is ever lost.

Each thing is cut into packets. A packet that was dropped is sent again (selective repeat); acknowledgements
are short and stand in each frame of the other side, so their loss only delays and is not modelled.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from wayscout.errors import InvalidInput


@dataclass
class Item:
    """One thing to send.

    Attributes:
        key: tells things apart.
        kind: for instance 'thumbnail' or 'picture'.
        size: [bytes].
        content: what the receiver is handed.
        queued_at: [s].
    """

    key: Hashable
    kind: str
    size: int
    content: Any = None
    queued_at: float = 0.0


@dataclass
class Counters:
    """What has happened so far: things and bytes that arrived, packets dropped and sent again."""

    sent: int = 0
    bytes: int = 0
    lost: int = 0
    repeated: int = 0


@dataclass
class _Transfer:
    item: Item
    missing: int  # packets that have not arrived
    fresh: int  # packets never sent


class Outbox:
    """What waits to be sent, the most urgent first.

    Args:
        packet: size of a packet [bytes].
        urgency: of an item, asked for whenever the next one is chosen; the greatest goes first, of equals the
            one that was put first.
        seed: of the packets' fate.

    Raises:
        InvalidInput: when the packet size is not positive.
    """

    def __init__(self, packet: int, urgency: Callable[[Item], Any], seed: int = 0) -> None:
        if packet <= 0:
            raise InvalidInput("packet", packet, "a positive size [bytes] is needed")
        self._packet = packet
        self._urgency = urgency
        self._rng = np.random.default_rng(seed)
        self._waiting: list[Item] = []
        self._current: _Transfer | None = None
        self._credit = 0.0
        self.counters = Counters()

    def __len__(self) -> int:
        """Return how many things wait or are under way."""
        return len(self._waiting) + (self._current is not None)

    def put(self, item: Item) -> None:
        """Queue a thing; raises InvalidInput for one without size."""
        if item.size <= 0:
            raise InvalidInput(
                f"size of {item.kind} {item.key}", item.size, "a positive size [bytes] is needed"
            )
        self._waiting.append(item)

    def tick(self, seconds: float, rate: float, loss: float = 0.0) -> list[Item]:
        """Let time pass and return what arrived, in order.

        Args:
            seconds: since the last tick.
            rate: of the link [bit/s], 0 for none.
            loss: share of packets that are dropped, 0 to 1.
        """
        self._credit += max(seconds, 0.0) * max(rate, 0.0) / 8.0
        arrived: list[Item] = []
        while (transfer := self._next()) is not None:
            count = min(transfer.missing, int(self._credit // self._packet))
            if count == 0:
                break
            self._credit -= count * self._packet
            dropped = int(self._rng.binomial(count, loss))
            first = min(count, transfer.fresh)
            transfer.fresh -= first
            transfer.missing -= count - dropped
            self.counters.repeated += count - first
            self.counters.lost += dropped
            if transfer.missing == 0:
                self.counters.sent += 1
                self.counters.bytes += transfer.item.size
                arrived.append(transfer.item)
                self._current = None
        if not len(self):
            self._credit = 0.0  # air time that nothing used is gone
        return arrived

    def _next(self) -> _Transfer | None:
        if self._current is None and self._waiting:
            best = max(range(len(self._waiting)), key=lambda i: (self._urgency(self._waiting[i]), -i))
            item = self._waiting.pop(best)
            packets = -(-item.size // self._packet)
            self._current = _Transfer(item, packets, packets)
        return self._current
