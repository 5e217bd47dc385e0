# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""`wayscout doctor`: what this machine has, what is missing, what to do about it."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

_DRAW = "import mujoco; c = mujoco.GLContext(64, 64); c.make_current(); c.free()"


def examine(root: Path, console: Console) -> int:
    """Print one line a check; returns 0 when nothing that a mission needs is missing."""
    checks: list[tuple[str, Callable[[], str]]] = [
        ("Python", lambda: f"{platform.python_version()} at {sys.executable}"),
        ("machine", lambda: f"{platform.machine()}, {os.cpu_count()} cores, {_memory()}"),
        (
            "ROS 2",
            lambda: (
                f"{os.environ['ROS_DISTRO']}, {os.environ.get('RMW_IMPLEMENTATION', 'default middleware')}"
            ),
        ),
        *(
            (f"module {name}", _version(name))
            for name in ("rclpy", "wayscout_interfaces", "tf2_msgs", "mujoco", "cv2")
        ),
        ("pictures without a display", _rendering),
        ("disk", lambda: f"{shutil.disk_usage(root).free / 1e9:.1f} GB free"),
        ("shared memory", _shared_memory),
    ]
    report = Table(show_header=False, box=None, padding=(0, 2))
    missing = 0
    for name, check in checks:
        try:
            report.add_row("[green]ok[/green]", name, check())
        except Exception as error:  # whatever a broken installation raises is the finding
            missing += 1
            report.add_row("[red]missing[/red]", name, str(error))
    console.print(report)
    return 1 if missing else 0


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"


def _version(name: str) -> Callable[[], str]:
    def check() -> str:
        module = importlib.import_module(name)
        return str(getattr(module, "__version__", "present"))

    return check


def _rendering() -> str:
    for backend in ("egl", "osmesa"):
        result = subprocess.run(
            [sys.executable, "-c", _DRAW], env={**os.environ, "MUJOCO_GL": backend}, capture_output=True
        )
        if result.returncode == 0:
            return backend
    raise RuntimeError("neither EGL nor OSMesa draws: apt-get install libegl1 libgl1-mesa-dri libosmesa6")


def _shared_memory() -> str:
    stale = list(Path("/dev/shm").glob("fastrtps_*"))
    return f"{len(stale)} Fast DDS segments in /dev/shm"
