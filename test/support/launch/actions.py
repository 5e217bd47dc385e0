# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Stand-in for `launch.actions`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from launch import Action, LaunchContext


class DeclareLaunchArgument(Action):
    """Gives an argument its default where the command line gives no value."""

    def __init__(self, name: str, *, default_value: str, description: str) -> None:
        self.name, self.default_value, self.description = name, default_value, description

    def execute(self, context: LaunchContext) -> None:
        context.launch_configurations.setdefault(self.name, self.default_value)


class OpaqueFunction(Action):
    """Calls a function when it is reached."""

    def __init__(self, *, function: Callable[..., Any], args: list[Any]) -> None:
        self.function, self.args = function, args

    def execute(self, context: LaunchContext) -> Any:
        return self.function(context, *self.args)


class ExecuteProcess(Action):
    """One process."""

    def __init__(
        self, *, cmd: list[str], name: str, output: str, sigterm_timeout: str, on_exit: Callable[..., Any]
    ) -> None:
        self.cmd, self.name, self.output, self.on_exit = cmd, name, output, on_exit
        self.sigterm_timeout = sigterm_timeout


class Shutdown(Action):
    """Ends the launch."""

    def __init__(self, *, reason: str) -> None:
        self.reason = reason
