# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Stand-in for `launch_ros.actions`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from launch import Action


class Node(Action):
    """One node's process; `cmd` follows the executable's name, put together as launch_ros does."""

    def __init__(
        self,
        *,
        package: str,
        executable: str,
        name: str,
        namespace: str,
        arguments: list[str],
        ros_arguments: list[str],
        output: str,
        sigterm_timeout: str,
        sigkill_timeout: str,
        additional_env: dict[str, str],
        on_exit: Callable[..., Any] | None,
    ) -> None:
        self.package, self.executable, self.name, self.on_exit = package, executable, name, on_exit
        self.output, self.patience = output, (float(sigterm_timeout), float(sigkill_timeout))
        self.additional_env = additional_env
        identity = ["--ros-args", "-r", f"__node:={name}", "-r", f"__ns:={namespace}"]
        self.cmd = [*arguments, "--ros-args", *ros_arguments, *identity]
