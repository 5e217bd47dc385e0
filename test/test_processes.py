# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Processes of a run die together and leave nothing: no grandchild, no shared memory, no foreign domain."""

from __future__ import annotations

import fcntl
import mmap
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from wayscout_bringup.processes import ProcessGroup

from wayscout_bringup import processes

STUBBORN = """
import signal, subprocess, sys, time
from pathlib import Path
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
file, depth = Path(sys.argv[1]), int(sys.argv[2])
if depth:
    child = subprocess.Popen([sys.executable, __file__, str(file), str(depth - 1)])
with file.open("a") as out:
    out.write(f"{__import__('os').getpid()}\\n")
time.sleep(600)
"""


def wait_for_lines(file: Path, count: int) -> list[int]:
    deadline = time.monotonic() + 30.0
    while time.monotonic() < deadline:
        if file.is_file() and len(lines := file.read_text().split()) == count:
            return [int(line) for line in lines]
        time.sleep(0.05)
    raise AssertionError(f"{file} never got {count} lines")


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until_gone(pids: list[int]) -> list[int]:
    """Return those that still live after a second; the kernel needs a moment to reap."""
    deadline = time.monotonic() + 1.0
    while any(map(is_running, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return [pid for pid in pids if is_running(pid)]


def test_a_child_that_ignores_signals_is_killed_with_its_children(tmp_path: Path) -> None:
    script, pids = tmp_path / "stubborn.py", tmp_path / "pids"
    script.write_text(STUBBORN)
    with ProcessGroup(tmp_path / "log") as group:
        group.start("stubborn", [sys.executable, str(script), str(pids), "1"], os.environ)
        family = wait_for_lines(pids, 2)
        codes = group.stop()
    assert codes == {"stubborn": -signal.SIGKILL}
    assert not wait_until_gone(family)
    # what the signals may take is stated, not measured: a loaded machine must not fail this
    assert sum(processes.PATIENCE) < 5.0


def test_a_grandchild_does_not_outlive_a_parent_that_ended_well(tmp_path: Path) -> None:
    script, pids = tmp_path / "stubborn.py", tmp_path / "pids"
    script.write_text(STUBBORN)
    polite = tmp_path / "polite.py"
    polite.write_text(
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, {str(script)!r}, {str(pids)!r}, '0'])\n"
        "time.sleep(600)\n"
    )
    with ProcessGroup(tmp_path / "log") as group:
        group.start("polite", [sys.executable, str(polite)], os.environ)
        family = wait_for_lines(pids, 1)
        group.stop()
    left = wait_until_gone(family)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left


def test_a_child_that_listens_ends_by_the_first_signal(tmp_path: Path) -> None:
    with ProcessGroup(tmp_path / "log") as group:
        script = "import time\nprint('here', flush=True)\ntime.sleep(600)"
        group.start("polite", [sys.executable, "-c", script], os.environ)
        deadline = time.monotonic() + 30.0
        while "here" not in group.tail("polite") and time.monotonic() < deadline:
            time.sleep(0.05)
        assert group.stop() == {"polite": -signal.SIGINT}


def test_the_first_to_end_is_named_with_its_code(tmp_path: Path) -> None:
    with ProcessGroup(tmp_path / "log") as group:
        group.start("lasting", [sys.executable, "-c", "import time; time.sleep(600)"], os.environ)
        group.start("failing", [sys.executable, "-c", "print('reason'); raise SystemExit(7)"], os.environ)
        ended = group.wait(30.0)
        assert ended == processes.Ended("failing", 7)
        assert not ended.clean
        assert group.tail("failing") == "reason"


def test_an_error_inside_ends_everything_too(tmp_path: Path) -> None:
    pids: list[int] = []

    def fail() -> None:
        with ProcessGroup(tmp_path / "log") as group:
            group.start("lasting", [sys.executable, "-c", "import time; time.sleep(600)"], os.environ)
            pids.extend(child.pid for child in psutil.Process().children())
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        fail()
    assert pids
    assert not wait_until_gone(pids)


def test_shared_memory_of_the_dead_goes_and_that_of_the_living_stays(tmp_path: Path) -> None:
    names = ("fastrtps_mapped", "fastrtps_opened", "fastrtps_dead", "sem.fastrtps_dead", "another")
    files = {name: tmp_path / name for name in names}
    for file in files.values():
        file.write_bytes(bytes(mmap.PAGESIZE))
    script = (
        "import mmap, sys, time\n"
        "with open(sys.argv[1], 'r+b') as file:\n"
        "    kept = mmap.mmap(file.fileno(), 0)\n"
        "opened = open(sys.argv[2], 'rb')\n"
        "print('here', flush=True)\n"
        "time.sleep(600)\n"
    )
    command = [sys.executable, "-c", script, str(files["fastrtps_mapped"]), str(files["fastrtps_opened"])]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as living:
        try:
            assert living.stdout is not None
            assert living.stdout.readline() == b"here\n"
            assert processes.remove_shared_memory(tmp_path) == 2
            kept = {name for name, file in files.items() if file.exists()}
            assert kept == {"fastrtps_mapped", "fastrtps_opened", "another"}
        finally:
            living.kill()
    assert processes.remove_shared_memory(tmp_path) == 2
    assert [name for name, file in files.items() if file.exists()] == ["another"]


@pytest.mark.parametrize("lock", ["fastrtps_port7411_el", "fastrtps_port7411_sl"])
def test_shared_memory_that_somebody_locks_stays_with_all_its_files(tmp_path: Path, lock: str) -> None:
    names = {"fastrtps_port7411", "sem.fastrtps_port7411_mutex", lock}
    for name in {*names, "fastrtps_port7413", "fastrtps_port7413_el"}:
        (tmp_path / name).touch()
    with (tmp_path / lock).open() as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        assert processes.remove_shared_memory(tmp_path) == 2
        assert {file.name for file in tmp_path.iterdir()} == names
        # it was this process that locked it: at its end that is no reason to leave it
        assert processes.remove_shared_memory(tmp_path, ending=True) == 3
    assert not list(tmp_path.iterdir())


def test_a_process_that_ends_leaves_what_others_hold(tmp_path: Path) -> None:
    for name in ("fastrtps_own", "fastrtps_own_el", "fastrtps_foreign", "fastrtps_foreign_el"):
        (tmp_path / name).touch()
    script = (
        "import fcntl, sys\n"
        "file = open(sys.argv[1])\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        "print('here', flush=True)\n"
        "input()\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "fastrtps_foreign_el")]
    with (tmp_path / "fastrtps_own_el").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as living:
            assert living.stdout is not None
            assert living.stdout.readline() == b"here\n"
            processes.remove_shared_memory(tmp_path, ending=True)
            living.kill()
    assert {file.name for file in tmp_path.iterdir()} == {"fastrtps_foreign", "fastrtps_foreign_el"}


def test_no_shared_memory_folder_is_no_error(tmp_path: Path) -> None:
    assert processes.remove_shared_memory(tmp_path / "missing") == 0


def test_the_users_domain_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", "42")
    assert processes.private_domain() == "42"


@pytest.mark.parametrize("value", [None, ""])
def test_without_one_a_free_domain_is_found(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if value is None:
        monkeypatch.delenv("ROS_DOMAIN_ID", raising=False)
    else:
        monkeypatch.setenv("ROS_DOMAIN_ID", value)
    assert 1 <= int(processes.private_domain()) <= 101
