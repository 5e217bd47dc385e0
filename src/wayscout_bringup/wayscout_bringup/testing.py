# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""`wayscout test`: colcon test, the failures in full, and one closing line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

WHOLE = "wayscout_bringup"
"""The package that registers the tests of test/."""


@dataclass(frozen=True)
class Counts:
    """How many test cases ended how."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


def run_tests(root: Path, packages: list[str]) -> int:
    """Run colcon test over the source packages; returns 0 when every test passed and there was one.

    The packages' own tests run side by side; those of the whole come after them, since each starts a
    system of its own.
    """
    for old in (root / "build").glob("**/*.xml"):
        if _is_result(old):
            old.unlink()
    # by this Python, so that tests run in its environment whatever colcon's own Python is
    colcon = [sys.executable, shutil.which("colcon") or "colcon"]
    command = [*colcon, "test", "--base-paths", "src", "--event-handlers", "console_cohesion+"]
    # all is built: no package's tests need wait for those of the packages that it uses
    environment = {**os.environ, "COLCON_FEATURE_FLAGS": "drop_test_deps"}
    codes = [
        subprocess.run([*command, *selection], cwd=root, env=environment).returncode
        for selection in _selections(packages)
    ]
    subprocess.run([*colcon, "test-result", "--verbose"], cwd=root)
    counts = sum((_count(file) for file in _results(root / "build")), Counts())
    print(f"{counts.passed} passed, {counts.failed} failed, {counts.skipped} skipped", flush=True)
    if counts.passed == 0:
        print("wayscout: no test was run", file=sys.stderr)
        return 1
    return 1 if counts.failed else next((code for code in codes if code), 0)


def _selections(packages: list[str]) -> list[list[str]]:
    """Return colcon's words for what is tested at once, in turn; no package named means all of them."""
    parts = [name for name in packages if name != WHOLE]
    selections = []
    if parts or not packages:
        selections.append(["--packages-select", *parts] if parts else ["--packages-skip", WHOLE])
    if WHOLE in packages or not packages:
        selections.append(["--packages-select", WHOLE])
    return selections


def _results(build: Path) -> list[Path]:
    # ament writes <package>/test_results/<package>/*.xunit.xml, colcon's pytest step <package>/pytest.xml
    files = [*build.glob("*/pytest.xml"), *build.glob("*/test_results/*/*.xunit.xml")]
    return [file for file in files if _is_result(file)]


def _is_result(file: Path) -> bool:
    return file.name == "pytest.xml" or file.name.endswith(".xunit.xml")


def _count(file: Path) -> Counts:
    try:
        suites = list(ElementTree.parse(file).getroot().iter("testsuite"))
    except ElementTree.ParseError:
        return Counts(failed=1)
    total = Counts()
    for suite in suites:
        tests, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        total += Counts(tests - failed - skipped, failed, skipped)
    return total
