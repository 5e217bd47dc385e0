# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What `wayscout test` makes of colcon's runs: which packages in turn, and the exit code."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from wayscout_bringup.testing import WHOLE, run_tests

RESULT = '<testsuites><testsuite tests="3" failures="{failed}" errors="0" skipped="1"/></testsuites>'


def run(
    monkeypatch: pytest.MonkeyPatch, root: Path, packages: list[str], codes: list[int], failed: int = 0
) -> tuple[int, list[list[str]]]:
    """Run the tests with a colcon that does nothing but leave results and these exit codes."""
    selections = []
    result = root / "build" / "part" / "pytest.xml"
    result.parent.mkdir(parents=True, exist_ok=True)

    def colcon(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        if "test" not in command:
            return subprocess.CompletedProcess(command, 0)
        result.write_text(RESULT.format(failed=failed))
        selections.append(command[command.index("console_cohesion+") + 1 :])
        return subprocess.CompletedProcess(command, codes[len(selections) - 1])

    monkeypatch.setattr("wayscout_bringup.testing.subprocess.run", colcon)
    return run_tests(root, packages), selections


def test_the_whole_is_tested_after_its_parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    skip, select = ["--packages-skip", WHOLE], ["--packages-select", WHOLE]
    assert run(monkeypatch, tmp_path, [], [0, 0]) == (0, [skip, select])
    named = ["--packages-select", "wayscout"]
    assert run(monkeypatch, tmp_path, ["wayscout", WHOLE], [0, 0]) == (0, [named, select])
    assert run(monkeypatch, tmp_path, ["wayscout"], [0]) == (0, [named])
    assert run(monkeypatch, tmp_path, [WHOLE], [0]) == (0, [select])


@pytest.mark.parametrize("codes", [[-15, 0], [0, -9], [2, 0], [0, 1]])
def test_a_run_that_was_killed_or_failed_is_no_success(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, codes: list[int]
) -> None:
    assert run(monkeypatch, tmp_path, [], codes)[0] != 0


def test_a_failed_test_is_no_success(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run(monkeypatch, tmp_path, [], [0, 0], failed=1)[0] == 1
