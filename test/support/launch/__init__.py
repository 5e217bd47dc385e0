# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Stand-in for `launch`: keeps what it is given."""

from __future__ import annotations

from typing import Any


class Action:
    """Base of all actions."""


class LaunchContext:
    """Holds the command line and the arguments' values."""

    def __init__(self, argv: list[str]) -> None:
        self.argv = argv
        self.launch_configurations: dict[str, str] = {}
        self.is_shutdown = False


class LaunchDescription:
    """Holds actions."""

    def __init__(self, entities: list[Any]) -> None:
        self.entities = entities
