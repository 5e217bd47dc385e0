# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The commands that need no ROS, as a user types them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest


def wayscout(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wayscout", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.fixture
def cost(tmp_path: Path) -> Path:
    values = np.ones((40, 60))
    values[10:30, 20] = np.inf
    np.save(tmp_path / "cost.npy", values)
    return tmp_path / "cost.npy"


def test_a_plan_is_one_json_object_on_stdout(cost: Path) -> None:
    done = wayscout("plan", cost, "--resolution", 0.5, "--start", 1, 1, "--goal", 29, 19)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["path"][0] == [1.0, 1.0]
    assert answer["path"][-1] == [29.0, 19.0]
    assert answer["length"] == pytest.approx(np.hypot(28, 18), rel=0.02)
    assert answer["cost"] == pytest.approx(answer["length"], rel=1e-6)


def test_no_path_is_an_answer_with_exit_code_3(tmp_path: Path) -> None:
    walled = np.ones((20, 20))
    walled[:, 10] = np.nan
    np.save(tmp_path / "walled.npy", walled)
    done = wayscout("plan", tmp_path / "walled.npy", "--resolution", 1, "--start", 1, 1, "--goal", 18, 1)
    assert done.returncode == 3
    assert json.loads(done.stdout)["path"] is None


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--resolution", -1, "--start", 1, 1, "--goal", 2, 2], "resolution"),
        (["--resolution", 0.5, "--start", 99, 1, "--goal", 2, 2], "start"),
        (["--resolution", 0.5, "--start", 1, 1, "--goal", "nan", 2], "goal"),
    ],
)
def test_bad_input_is_one_line_that_names_it(cost: Path, words: list[object], named: str) -> None:
    done = wayscout("plan", cost, *words)
    assert done.returncode == 2, done.stdout
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_no_cost_map_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "wrong.npy").write_text("not an array")
    done = wayscout("plan", tmp_path / "wrong.npy", "--resolution", 1, "--start", 1, 1, "--goal", 2, 2)
    assert done.returncode == 2
    assert "wrong.npy" in done.stderr


def test_mapping_without_pictures_names_the_folder(tmp_path: Path) -> None:
    (tmp_path / "poses.csv").write_text("image,x,y,z,qx,qy,qz,qw\n")
    camera = Path(__file__).resolve().parents[1] / "config" / "cameras" / "navigation.yaml"
    words = [
        "map",
        tmp_path,
        "--poses",
        tmp_path / "poses.csv",
        "--camera",
        camera,
        "--out",
        tmp_path / "out",
    ]
    done = wayscout(*words)
    assert done.returncode == 2
    assert "poses.csv" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [("plan",), ("map",), ("world", "from-dem")])
def test_help_loses_nothing_to_markup(words: tuple[str, ...]) -> None:
    done = wayscout(*words, "--help")
    assert done.returncode == 0
    assert "metres" in done.stdout
    assert "  where" not in done.stdout  # what a swallowed [m] leaves behind
