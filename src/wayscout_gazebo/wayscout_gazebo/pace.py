# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""How fast Gazebo lets time pass: as fast as the nodes can follow.

It is told through Gazebo's own command line, since the bridge has no such service.
"""

from __future__ import annotations

import queue
import shutil
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass

from wayscout.worlds.sdf import STEP

_TIMEOUT_MS = 4000
_TRIES = 3
_SLOWEST = 0.1
_UNLIMITED = 1000.0  # Gazebo ignores a wish for 0, which only a file can say


def request(world: str, speed: float) -> list[str]:
    """Return the arguments of `gz` that set a world's real-time factor; 0 is unlimited."""
    return [
        "service", "-s", f"/world/{world}/set_physics", "--reqtype", "gz.msgs.Physics",
        "--reptype", "gz.msgs.Boolean", "--timeout", str(_TIMEOUT_MS),
        "--req", f"max_step_size: {STEP:g}, real_time_factor: {speed or _UNLIMITED:g}",
    ]  # fmt: skip


@dataclass
class Governor:
    """Finds how fast time may pass so that the nodes' commands come in time: nothing else waits for them.

    Attributes:
        most: largest real-time factor, 0 for none. allowed: delay of commands [s] of simulated time.
        speed: the real-time factor at first.
    """

    most: float
    allowed: float
    speed: float

    def update(self, delay: float, reached: float) -> float:
        """Return the real-time factor to ask for next.

        Args:
            delay: largest of late [s]. reached: real-time factor of late, by which one may be limited anyway.
        """
        base = min(self.speed, 1.2 * reached) if reached > 0.0 else self.speed
        change = min(1.5, max(0.4, self.allowed / max(delay, 0.01)))
        self.speed = min(max(base * change, _SLOWEST), self.most or _UNLIMITED)
        return self.speed


class Pace:
    """Sets the real-time factor from a thread of its own; the newest wish counts.

    Args:
        world: its name in the SDF. warn: takes a line when Gazebo does not answer.
    """

    def __init__(self, world: str, warn: Callable[[str], None]) -> None:
        self._world, self._warn = world, warn
        self._wishes: queue.Queue[float | None] = queue.Queue()
        self._gz = shutil.which("gz")
        self._thread = threading.Thread(target=self._work, name="pace", daemon=True)
        self._thread.start()

    def set(self, speed: float) -> None:
        """Ask for a largest real-time factor, 0 for none."""
        self._wishes.put(speed)

    def close(self) -> None:
        """End the thread."""
        self._wishes.put(None)
        self._thread.join(timeout=1.0)

    def _work(self) -> None:
        while (speed := self._wishes.get()) is not None:
            if self._wishes.empty() and self._gz is not None and not self._ask(self._gz, speed):
                self._warn(f"Gazebo did not take the real-time factor {speed:g}")

    def _ask(self, gz: str, speed: float) -> bool:
        for _ in range(_TRIES):
            try:
                answer = subprocess.run(
                    [gz, *request(self._world, speed)], capture_output=True, text=True, timeout=20.0
                )
            except (OSError, subprocess.TimeoutExpired):
                continue
            if "true" in answer.stdout:
                return True
        return False
