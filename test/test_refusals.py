# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A parameter out of range ends a run with exit code 2 and one line that names it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from wayscout.cli import find_world

ROOT = Path(__file__).resolve().parents[1]


def test_a_bad_parameter_of_any_node_ends_the_run_with_its_name(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("rover: {ros__parameters: {max_tilt: 3.0}}\n")
    world = find_world("gully", ROOT / "worlds")
    command = [sys.executable, "-m", "wayscout_bringup.cli", "mission", "--world", str(world)]
    options = ["--run", str(tmp_path / "run"), "--params-file", str(file)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2, done.stderr
    assert "max_tilt = 3.0: must lie in" in " ".join((done.stdout + done.stderr).split())
