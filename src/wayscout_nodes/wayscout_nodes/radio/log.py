# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""link.json in the run folder: what the link carried and when."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from wayscout.link.earth import Delivery
from wayscout.link.outbox import Counters, Item

WRITE_EVERY = 5.0  # [s] of wall clock


class LinkLog:
    """Keeps a line a second and a line a parcel. Without a file it does nothing.

    The file is replaced as a whole; it holds 'counters', 'queued', 'history' (time [s], distance [m],
    rate [bit/s], queued) and 'arrived' (kind, size [bytes], queued_at, arrived_at [s], worth; pass_at, start
    of the pass to Earth, and earth_at, when Earth has it [s]).
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._content: dict[str, Any] = {"counters": {}, "queued": 0, "history": [], "arrived": []}
        self._written = 0.0

    def state(self, now: float, distance: float, rate: float, queued: int, counters: Counters) -> None:
        """Note how the link stands."""
        self._content["counters"], self._content["queued"] = asdict(counters), queued
        self._content["history"].append((round(now, 2), round(distance, 2), round(rate), queued))
        if time.monotonic() - self._written > WRITE_EVERY:
            self.write()

    def arrived(self, now: float, item: Item, worth: float, earth: Delivery) -> None:
        """Note a parcel that arrived, and how it goes on to Earth."""
        self._content["arrived"].append(
            {
                "kind": item.kind,
                "size": item.size,
                "queued_at": round(item.queued_at, 2),
                "arrived_at": round(now, 2),
                "worth": round(worth, 2),
                "pass_at": round(earth.opened, 2),
                "earth_at": round(earth.arrives, 2),
            }
        )

    def write(self) -> None:
        """Replace the file."""
        self._written = time.monotonic()
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".json.part")
        draft.write_text(json.dumps(self._content) + "\n")
        os.replace(draft, self._file)
