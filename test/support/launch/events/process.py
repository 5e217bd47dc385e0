# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Stand-in for `launch.events.process`."""

from dataclasses import dataclass


@dataclass
class ProcessExited:
    """Tells that a process ended."""

    returncode: int
