# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The executables run the node of their name, and end quietly however early."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

START = "import sys; import wayscout_nodes.start as s; sys.argv = {words}; print('now', flush=True); s.main()"


def start(*words: str) -> subprocess.Popen[str]:
    code = START.format(words=list(words))
    return subprocess.Popen(
        [sys.executable, "-c", code], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_the_name_of_the_executable_is_the_node() -> None:
    _, said = start("lib/wayscout_nodes/world_loader").communicate(timeout=60)
    assert said.startswith("world_loader: world = ''"), said


def test_ctrl_c_during_the_import_leaves_no_traceback() -> None:
    process = start("mission")
    assert process.stdout is not None
    assert process.stdout.readline() == "now\n"
    time.sleep(0.1)  # the import takes several times as long
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert "Traceback" not in said
    assert process.returncode == 0


def test_a_missing_package_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "needy.py").write_text("import a_package_that_nobody_has\n")
    code = "from wayscout_nodes.start import begin; begin('needy')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    assert done.returncode == 1
    assert (
        done.stderr
        == "needy: the Python package 'a_package_that_nobody_has' is missing; see docs/install.md\n"
    )
