"""Stand-in for `launch.events.process`."""

from dataclasses import dataclass


@dataclass
class ProcessExited:
    """Tells that a process ended."""

    returncode: int
