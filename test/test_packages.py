# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Every package says who it is and names all that it imports."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from catkin_pkg.package import Package, parse_package

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = sorted(file.parent for file in (ROOT / "src").glob("*/package.xml"))
KEYS = {
    "catkin_pkg": "python3-catkin-pkg-modules",
    "cv2": "python3-opencv",
    "hypothesis": "python3-hypothesis",
    "matplotlib": "python3-matplotlib",
    "numba": "python3-numba",
    "numpy": "python3-numpy",
    "psutil": "python3-psutil",
    "pydantic": "python3-pydantic",
    "pytest": "python3-pytest",
    "rasterio": "python3-rasterio",
    "rich": "python3-rich",
    "scipy": "python3-scipy",
    "typer": "python3-typer",
    "yaml": "python3-yaml",
}
"""Module -> rosdep key, where they differ; a ROS package has one name for both."""
FROM_REQUIREMENTS = {"mujoco"}
"""Without a rosdep key that installs on Ubuntu 24.04 without pip: they come from requirements.txt."""
STARTED = {"ros2launch", "ros_gz_bridge", "ros_gz_sim", "rviz2", "rviz_default_plugins"}
"""What launch files start, or what that loads or runs them, without importing it."""
TEST_FOLDERS = {"wayscout_bringup": ROOT / "test"}
"""Whose package.xml names what a test folder outside the package needs."""


def packages() -> dict[str, Package]:
    return {folder.name: parse_package(str(folder)) for folder in FOLDERS}


def modules(files: Iterable[Path]) -> set[str]:
    """Return the top-level modules that files import, without Python's own."""
    found: set[str] = set()
    for file in files:
        for item in ast.walk(ast.parse(file.read_text())):
            if isinstance(item, ast.Import):
                found.update(name.name.partition(".")[0] for name in item.names)
            elif isinstance(item, ast.ImportFrom) and item.module and item.level == 0:
                found.add(item.module.partition(".")[0])
    return found - set(sys.stdlib_module_names)


def test_files(folder: Path) -> list[Path]:
    files = list((folder / "test").rglob("*.py"))
    other = TEST_FOLDERS.get(folder.name)
    return files + (list(other.rglob("*.py")) if other else [])


test_files.__test__ = False  # type: ignore[attr-defined]  # it helps tests and is none


def keys(imported: set[str], folder: Path) -> set[str]:
    """Return the rosdep keys of modules from outside the package."""
    helpers = {file.stem for file in (ROOT / "src").glob("*/test/**/*.py")}
    outside = imported - helpers - FROM_REQUIREMENTS - {folder.name}
    return {KEYS.get(module, module) for module in outside}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f.name)
def test_a_package_names_all_that_its_code_imports(folder: Path) -> None:
    package = parse_package(str(folder))
    named = {d.name for d in package.exec_depends}
    files = [*(folder / folder.name).rglob("*.py")]
    if folder.name == "wayscout_bringup":
        files += (ROOT / "launch").glob("*.py")
    missing = keys(modules(files), folder) - named
    assert not missing, f"exec_depend lacks {sorted(missing)}"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f.name)
def test_a_package_names_all_that_its_tests_import(folder: Path) -> None:
    package = parse_package(str(folder))
    named = {d.name for d in [*package.exec_depends, *package.test_depends]}
    missing = keys(modules(test_files(folder)), folder) - named
    assert not missing, f"test_depend lacks {sorted(missing)}"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f.name)
def test_a_package_names_nothing_that_it_does_not_use(folder: Path) -> None:
    package = parse_package(str(folder))
    if not (folder / folder.name).is_dir():
        pytest.skip("no Python")
    used = keys(modules([*(folder / folder.name).rglob("*.py"), *(ROOT / "launch").glob("*.py")]), folder)
    own = {f.name for f in FOLDERS}  # by a file in its share folder, or an executable
    unused = {d.name for d in package.exec_depends} - used - own
    assert not unused - STARTED


def test_names_versions_and_people_agree() -> None:
    found = packages()
    assert {p.name for p in found.values()} == set(found)
    for field in ("version", "package_format"):
        assert len({getattr(p, field) for p in found.values()}) == 1, field
    assert {p.package_format for p in found.values()} == {3}
    assert {tuple(p.licenses) for p in found.values()} == {("Apache-2.0",)}
    assert {p.maintainers[0].email for p in found.values()} == {"maintainers@wayscout.example.org"}
    assert all(p.urls for p in found.values())
    for package in found.values():
        package.validate()


@pytest.mark.parametrize("folder", [f for f in FOLDERS if (f / "setup.py").is_file()], ids=lambda f: f.name)
def test_setup_and_package_file_agree(folder: Path) -> None:
    package = parse_package(str(folder))
    text = (folder / "setup.py").read_text()
    assert f'NAME = "{package.name}"' in text
    assert f'version="{package.version}"' in text
    assert f'license="{package.licenses[0]}"' in text


def test_the_changelog_knows_the_version() -> None:
    version = next(iter(packages().values())).version
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text()


def test_messages_name_the_packages_of_their_fields() -> None:
    folder = ROOT / "src" / "wayscout_interfaces"
    files = [f for f in folder.rglob("*") if f.suffix in (".msg", ".srv", ".action")]
    assert files
    used = {
        line.split("/")[0]
        for file in files
        for line in file.read_text().splitlines()
        if "/" in line.split(" ")[0] and not line.startswith("#")
    }
    assert used == {d.name for d in parse_package(str(folder)).build_depends}
