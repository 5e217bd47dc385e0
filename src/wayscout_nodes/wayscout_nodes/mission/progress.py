# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The mission's progress for people: live on a terminal, otherwise one line a change."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.rule import Rule
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text
from wayscout_interfaces.msg import MissionStatus

PHASES = ("waiting", "planning", "flight", "mapping", "recharging", "driving", "reporting")
_COLOURS = {"flight": "cyan", "mapping": "magenta", "planning": "yellow", "driving": "green"}


class Progress(Protocol):
    def update(self, status: MissionStatus) -> None: ...
    def say(self, text: str) -> None: ...
    def close(self) -> None: ...


def make(mode: str, log: Callable[[str], None], console: Console | None = None) -> Progress:
    """Return live progress for mode 'on', or 'auto' on a terminal; one-line logs through `log` otherwise."""
    console = console or Console(stderr=True)
    if mode == "on" or (mode == "auto" and console.is_terminal):
        return LiveProgress(console)
    return PlainProgress(log)


class LiveProgress:
    """A small panel that is redrawn in place."""

    def __init__(self, console: Console) -> None:
        self._began = time.monotonic()
        self._longest = 0.0
        self._spinner = Spinner("dots")
        self._live = Live(console=console, refresh_per_second=4, transient=True)
        self._live.start()

    def update(self, status: MissionStatus) -> None:
        self._longest = max(self._longest, status.metres_to_go) if status.phase == "driving" else 0.0
        elapsed = time.monotonic() - self._began
        self._live.update(render(status, elapsed, self._longest, self._spinner))

    def say(self, text: str) -> None:
        self._live.console.print(Text("  " + text, style="dim"))

    def close(self) -> None:
        self._live.stop()


class PlainProgress:
    """A line whenever the phase changes, and every 15 seconds of wall clock within one."""

    def __init__(self, log: Callable[[str], None], interval: float = 15.0) -> None:
        self._log = log
        self._interval = interval
        self._phase = ""
        self._last = 0.0

    def update(self, status: MissionStatus) -> None:
        now = time.monotonic()
        if status.phase != self._phase or now - self._last >= self._interval:
            self._phase, self._last = status.phase, now
            self._log(line(status))

    def say(self, text: str) -> None:
        self._log(text)

    def close(self) -> None:
        """Nothing to put away."""


def line(status: MissionStatus) -> str:
    """Return a status as one line of plain text."""
    parts = [f"{status.phase}: {status.text}" if status.text else status.phase]
    if status.coverage > 0.0:
        parts.append(f"map {100.0 * status.coverage:.0f} %")
    if status.phase == "driving" and status.metres_to_go > 0.0:
        parts.append(f"{status.metres_to_go:.0f} m to go")
    if status.real_time_factor > 0.05:
        parts.append(f"{status.real_time_factor:.1f} x real time")
    return ", ".join(parts)


def render(status: MissionStatus, elapsed: float, longest: float, spinner: Spinner) -> RenderableType:
    """Return a status as a panel of a few lines.

    Args:
        elapsed: wall clock since the start [s].
        longest: greatest metres to go so far in this drive, the full length of its bar.
    """
    colour = _COLOURS.get(status.phase, "white")
    head = Table.grid(padding=(0, 1))
    spinner.update(style=colour)
    head.add_row(spinner, Text(status.phase, style=f"bold {colour}"), Text(status.text, overflow="ellipsis"))
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="dim", width=10)
    rows.add_column(width=28)
    rows.add_column()
    if status.flight:
        rows.add_row("flight", str(status.flight), "")
    rows.add_row(
        "mapped", ProgressBar(total=1.0, completed=status.coverage, width=28), f"{status.coverage:.0%}"
    )
    if longest > 0.0:
        done = longest - status.metres_to_go
        rows.add_row(
            "drive",
            ProgressBar(total=longest, completed=done, width=28),
            f"{status.metres_to_go:.0f} m to go",
        )
    minutes, seconds = divmod(int(elapsed), 60)
    factor = (
        f"{status.real_time_factor:.1f} x real time"
        if status.real_time_factor > 0.05
        else "time stands still"
    )
    rows.add_row("clock", f"{minutes}:{seconds:02d} min", factor)
    return Group(Rule("wayscout", style="dim"), head, rows)
