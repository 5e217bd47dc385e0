# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The simulator's side of lock-step: who has answered, which commands are still on their way. No ROS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Barrier:
    """Waits, for each instant, for every participant's answer and for the commands that the answers name.

    Stamped commands are known by their stamp; others by counting, so that one that overtakes its answer on
    the wire still counts.

    Attributes:
        participants: names that must answer.
    """

    participants: tuple[str, ...]
    _stamp: int = -1
    _idle: dict[str, bool] = field(default_factory=dict)
    _named: Counter[str] = field(default_factory=Counter)
    _received: Counter[str] = field(default_factory=Counter)

    def open(self, stamp: int) -> None:
        """Begin an instant; its stamp is in nanoseconds."""
        self._stamp = stamp
        self._idle.clear()

    def answer(self, name: str, stamp: int, idle: bool, topics: Iterable[str]) -> bool:
        """Take a participant's answer; False when it is for another instant or from a stranger.

        A second answer to the same instant replaces the first: a goal has woken the participant.
        """
        if stamp != self._stamp or name not in self.participants:
            return False
        self._idle[name] = idle
        self._named.update(topics)
        return True

    def receive(self, topic: str) -> None:
        """Take note of a command message."""
        self._received[topic] += 1

    @property
    def complete(self) -> bool:
        """True when every answer and every named command has come."""
        return len(self._idle) == len(self.participants) and not self._missing_commands()

    @property
    def resting(self) -> bool:
        """True when all have answered that they need no time."""
        return self.complete and all(self._idle.values())

    def is_idle(self, name: str) -> bool:
        """True when that participant needs no time, and for one that is no participant."""
        return self._idle.get(name, True)

    def waiting_for(self) -> list[str]:
        """Name what is missing: silent participants and commands that were named but have not come."""
        silent = [name for name in self.participants if name not in self._idle]
        return silent + [f"the message on {topic}" for topic in self._missing_commands()]

    def _missing_commands(self) -> list[str]:
        return [topic for topic, count in self._named.items() if self._received[topic] < count]
