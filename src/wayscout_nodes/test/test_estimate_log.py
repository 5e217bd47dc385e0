# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The localiser's log of the helicopter's poses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from wayscout.geometry import Pose
from wayscout_nodes.localiser.estimate_log import HEADER, EstimateLog


def test_lines_are_on_disk_at_once(tmp_path: Path) -> None:
    file = tmp_path / "run" / "flown.csv"
    log = EstimateLog(file)
    log.add(1.5, Pose.from_euler(1.0, -2.0, 3.25, roll=0.1, yaw=0.5), np.array([0.1, 0.3, 0.2]))
    header, line = file.read_text().splitlines()
    assert header == HEADER
    assert [float(value) for value in line.split(",")] == pytest.approx([1.5, 1.0, -2.0, 3.25, 0.5, 0.3])
    log.close()


def test_without_a_file_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    log = EstimateLog(None)
    log.add(0.0, Pose.identity(), np.ones(3))
    log.close()
    assert not list(tmp_path.iterdir())
