# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Style and structure hold over the whole tree: ruff, mypy, and who may import what."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [ROOT / "src", ROOT / "test", ROOT / "benchmarks", ROOT / "launch"]
BRAIN = ROOT / "src" / "wayscout" / "wayscout"
NODES = ROOT / "src" / "wayscout_nodes" / "wayscout_nodes"
ROS_AND_SIMULATORS = (
    "rclpy",
    "launch",
    "tf2_ros",
    "ament_index_python",
    "mujoco",
    "wayscout_sim",
    "wayscout_nodes",
)
TRUTH = "wayscout.worlds.truth"


def run(*command: str) -> None:
    result = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout[-4000:]}\n{result.stderr[-2000:]}"


def imports(file: Path) -> set[str]:
    """Return every module that a file imports, 'a.b' for 'from a import b' too."""
    found: set[str] = set()
    for item in ast.walk(ast.parse(file.read_text())):
        if isinstance(item, ast.Import):
            found.update(name.name for name in item.names)
        elif isinstance(item, ast.ImportFrom) and item.module and item.level == 0:
            found.add(item.module)
            found.update(f"{item.module}.{name.name}" for name in item.names)
    return found


def test_ruff_finds_nothing_to_mend() -> None:
    run("ruff", "check", ".")


def test_every_file_is_formatted() -> None:
    run("ruff", "format", "--check", ".")


def test_every_file_states_copyright_and_licence() -> None:
    stated = "# Copyright 2026 The Wayscout authors\n# SPDX-License-Identifier: Apache-2.0\n"
    files = [f for top in SOURCES for f in top.rglob("*.py")]
    without = [
        str(f.relative_to(ROOT)) for f in files if f.stat().st_size and not f.read_text().startswith(stated)
    ]
    assert len(files) > 200
    assert not without


@pytest.mark.skipif(np.__version__ < "2", reason="NumPy 1 names some of its types otherwise")
def test_types_of_the_brain_are_strict() -> None:
    run("mypy")


@pytest.mark.parametrize("file", sorted(BRAIN.rglob("*.py")), ids=lambda f: str(f.relative_to(BRAIN)))
def test_the_brain_imports_no_ros_and_no_simulator(file: Path) -> None:
    wrong = {
        m
        for m in imports(file)
        if m.split(".")[0] in ROS_AND_SIMULATORS or m.endswith((".msg", ".srv", ".action"))
    }
    assert not wrong, f"{file.relative_to(ROOT)} imports {sorted(wrong)}"


@pytest.mark.parametrize("folder", [BRAIN, NODES], ids=["brain", "nodes"])
def test_nobody_but_simulators_and_tests_reads_the_truth(folder: Path) -> None:
    makers = BRAIN / "worlds"  # what makes a world also writes its truth
    readers = [
        str(file.relative_to(ROOT))
        for file in folder.rglob("*.py")
        if makers not in file.parents and any(m.startswith(TRUTH) for m in imports(file))
    ]
    assert not readers


def test_every_room_is_smaller_than_a_hall() -> None:
    halls = {
        str(file.relative_to(ROOT)): lines
        for top in SOURCES
        for file in top.rglob("*.py")
        if (lines := len(file.read_text().splitlines())) > 600
    }
    assert not halls
