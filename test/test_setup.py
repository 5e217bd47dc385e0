# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Set-up: one clear message for what it cannot do, and nothing done twice."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from wayscout_bringup import bootstrap


class HandedOver(Exception):
    """Stands for the end of set-up: this process would have become the command line."""


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of its own, nothing sourced."""
    root = tmp_path / "checkout"
    (root / "src" / "pack").mkdir(parents=True)
    (root / "src" / "pack" / "setup.py").write_text("# a package\n")
    for name in ("requirements.txt", "requirements-ros.txt"):
        (root / name).write_text("numpy\n")
    for name, path in (("ROOT", root), ("VENV", root / ".venv"), ("STATE", root / ".wayscout")):
        monkeypatch.setattr(bootstrap, name, path)
    for name in ("ROS_DISTRO", "AMENT_PREFIX_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(bootstrap.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(bootstrap, "APT", {})

    def hand_over(*_: object) -> NoReturn:
        raise HandedOver

    monkeypatch.setattr(bootstrap.os, "execve", hand_over)
    return root


@pytest.fixture
def commands(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Record the commands of set-up instead of running them; they leave what theirs would leave."""
    recorded: list[list[str]] = []

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[Any]:
        recorded.append([str(word) for word in command])
        if "venv" in command:
            (fresh / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
        if builds(command):
            (fresh / "install").mkdir(exist_ok=True)
            (fresh / "install" / "setup.bash").write_text("")
        answer = b"1.26.4" if "numpy" in command[-1] else b"PATH=/bin\0PYTHONPATH=/built\0"
        return subprocess.CompletedProcess(command, 0, stdout=answer)

    monkeypatch.setattr(bootstrap.subprocess, "run", run)
    return recorded


def builds(command: list[str]) -> bool:
    """Tell whether a command is a build by colcon in the environment's Python."""
    words = [str(word) for word in command]
    return words[0].endswith(".venv/bin/python") and Path(words[1]).name == "colcon"


def set_up(*arguments: str) -> None:
    with pytest.raises(HandedOver):
        bootstrap.main(list(arguments))


def test_missing_packages_without_the_right_to_install_are_one_message(
    fresh: Path,
    commands: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def absent() -> bool:
        return False

    monkeypatch.setattr(bootstrap, "APT", {"c++ compiler": (absent, ["g++"]), "cmake": (absent, ["cmake"])})
    monkeypatch.setattr(bootstrap, "_privilege", lambda: None)
    assert bootstrap.main(["mission"]) == 2
    message = capsys.readouterr().err
    assert len(message.splitlines()) == 1
    assert "c++ compiler, cmake" in message
    assert "sudo apt-get install cmake g++" in message
    assert not commands


def test_packages_that_are_there_are_not_asked_for(
    fresh: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table: dict[str, tuple[Callable[[], bool], list[str]]] = {
        "git": (lambda: True, ["git"]),
        "cmake": (lambda: False, ["cmake"]),
    }
    monkeypatch.setattr(bootstrap, "APT", table)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda _: None)  # a machine without apt
    assert bootstrap.main([]) == 2
    message = capsys.readouterr().err
    assert "cmake" in message
    assert "git" not in message


def test_another_processor_is_told_what_to_do(
    fresh: Path,
    commands: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(bootstrap.platform, "machine", lambda: "aarch64")
    assert bootstrap.main(["mission"]) == 2
    message = capsys.readouterr().err
    assert "aarch64" in message
    assert "x86-64" in message
    assert "setup.bash" in message
    assert not commands


def test_another_processor_with_ros_sourced_goes_on(
    fresh: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap.platform, "machine", lambda: "aarch64")
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    monkeypatch.setenv("AMENT_PREFIX_PATH", "/opt/ros/jazzy")
    set_up("mission")
    assert not any("requirements-ros.txt" in word for command in commands for word in command)
    assert any("--system-site-packages" in command for command in commands)
    installed = next(command for command in commands if "pip" in command)
    assert installed[-1] == "numpy==1.26.4"  # ROS 2 was compiled against the system's


def test_a_missing_colcon_is_one_message(
    fresh: Path,
    commands: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(bootstrap.shutil, "which", lambda *_, **__: None)
    assert bootstrap.main(["mission"]) == 2
    assert "python3-colcon-common-extensions" in capsys.readouterr().err


@pytest.mark.parametrize("distribution", ["humble", "iron", "noetic"])
def test_an_old_ros_is_refused(
    distribution: str,
    fresh: Path,
    commands: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ROS_DISTRO", distribution)
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"/opt/ros/{distribution}")
    assert bootstrap.main(["mission"]) == 2
    message = capsys.readouterr().err
    assert distribution in message
    assert "Jazzy" in message
    assert not commands


def test_a_second_set_up_does_nothing(fresh: Path, commands: list[list[str]]) -> None:
    set_up("mission")
    assert any(builds(command) for command in commands)
    commands.clear()
    set_up("mission")
    assert not commands


def test_a_changed_requirement_is_installed_into_the_same_environment(
    fresh: Path, commands: list[list[str]]
) -> None:
    set_up()
    commands.clear()
    (fresh / "requirements.txt").write_text("numpy\nscipy\n")
    set_up()
    assert any("pip" in command for command in commands)
    assert not any("venv" in command for command in commands)
    assert not any(builds(command) for command in commands)


def test_a_new_source_file_is_built(fresh: Path, commands: list[list[str]]) -> None:
    set_up()
    commands.clear()
    (fresh / "src" / "pack" / "node.py").write_text("")
    set_up()
    assert [builds(command) or command[0] for command in commands] == [True, "bash"]


def test_what_python_reads_anew_is_not_built_again(fresh: Path, commands: list[list[str]]) -> None:
    (fresh / "src" / "pack" / "node.py").write_text("")
    set_up()
    commands.clear()
    (fresh / "src" / "pack" / "node.py").write_text("changed = True\n")
    set_up()
    assert not commands


def test_a_failed_command_leaves_no_stamp(
    fresh: Path,
    commands: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    working = bootstrap.subprocess.run

    def failing(command: list[str], **options: Any) -> subprocess.CompletedProcess[Any]:
        if "pip" in command:
            raise subprocess.CalledProcessError(1, command)
        return working(command, **options)

    monkeypatch.setattr(bootstrap.subprocess, "run", failing)
    assert bootstrap.main([]) == 2
    assert "set-up failed" in capsys.readouterr().err
    monkeypatch.setattr(bootstrap.subprocess, "run", working)
    commands.clear()
    set_up()
    assert any("pip" in command for command in commands)
