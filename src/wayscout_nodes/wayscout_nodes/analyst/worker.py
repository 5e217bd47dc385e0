# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""One thread for long computations, so that the node goes on listening."""

from __future__ import annotations

import queue
import threading
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wayscout.errors import WayscoutError


@dataclass(frozen=True)
class Done:
    """How a job ended: its result, or why there is none.

    Attributes:
        trace: where it went wrong, empty for an input that was refused.
    """

    result: Any = None
    error: str = ""
    trace: str = ""


class Worker:
    """Runs jobs one after the other in a thread; their ends are told in the thread that calls `tend`."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.Queue[tuple[Callable[[], Any], Callable[[Done], None]] | None] = queue.Queue()
        self._done: deque[tuple[Callable[[Done], None], Done]] = deque()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def do(self, job: Callable[[], Any], then: Callable[[Done], None]) -> None:
        """Queue a job; `then` is called with its end by `tend`."""
        self._jobs.put((job, then))

    def tend(self) -> None:
        """Tell the ends of the jobs done since the last call."""
        while self._done:
            then, done = self._done.popleft()
            then(done)

    def close(self) -> None:
        """End the thread; a job under way is given up with the process."""
        self._jobs.put(None)
        self._thread.join(timeout=2.0)

    def _work(self) -> None:
        while (entry := self._jobs.get()) is not None:
            job, then = entry
            try:
                done = Done(job())
            except WayscoutError as error:
                done = Done(error=str(error))
            except Exception as error:  # the node must outlive whatever a flight brings
                done = Done(error=f"it failed: {error!r}", trace=traceback.format_exc())
            self._done.append((then, done))
