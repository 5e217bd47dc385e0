# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The program that starts Gazebo: what it is told, what it runs, and that nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from wayscout_gazebo import server

SUPERVISE = (
    "import sys; from wayscout_gazebo.server import supervise; sys.exit(supervise({words!r}, {env!r}))"
)
STUBBORN = "trap '' INT TERM; sleep {seconds} & sleep {seconds}"


def supervised(*words: str) -> subprocess.Popen[str]:
    code = SUPERVISE.format(words=list(words), env=dict(os.environ))
    return subprocess.Popen([sys.executable, "-c", code], text=True, stderr=subprocess.PIPE)


def alive(seconds: str) -> list[psutil.Process]:
    """Return the living processes that sleep for so long."""
    wanted = ["sleep", seconds]
    return [p for p in psutil.process_iter(["cmdline", "status"]) if p.info["cmdline"] == wanted]


def until(done: bool, seconds: str, limit: float = 20.0) -> None:
    deadline = time.monotonic() + limit
    while bool(alive(seconds)) != done:
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def test_it_takes_the_node_tables_arguments() -> None:
    words = ["--ros-args", "-p", "world:='/a b'", "-p", "seed:=3", "-p", "headless:=true", "-r", "__node:=x"]
    assert server.given(words) == {"world": "/a b", "seed": 3, "headless": True}


def test_the_window_is_left_out_where_there_is_none_to_be() -> None:
    shown = server.command("gz", Path("s.sdf"), headless=False)
    assert set(server.command("gz", Path("s.sdf"), headless=True)) - set(shown) == {
        "-s",
        "--headless-rendering",
    }
    assert shown[-1] == "s.sdf"


def test_software_gl_does_without_the_filter_that_takes_ten_times_as_long() -> None:
    inner = server.environment({"LIBGL_ALWAYS_SOFTWARE": "1"})
    assert "anisotropic" in inner["MESA_EXTENSION_OVERRIDE"]
    assert (
        server.environment({**inner, "MESA_EXTENSION_OVERRIDE": "mine"})["MESA_EXTENSION_OVERRIDE"] == "mine"
    )


@pytest.mark.parametrize("lacking", ["world", "run_folder"])
def test_a_missing_folder_is_one_line(lacking: str) -> None:
    given = {"world": "w", "run_folder": "r"}
    del given[lacking]
    words = [word for name, value in given.items() for word in ("-p", f"{name}:={value}")]
    done = subprocess.run(
        [sys.executable, "-m", "wayscout_gazebo.server", "--ros-args", *words], capture_output=True, text=True
    )
    assert done.returncode == server.BAD_INPUT
    assert done.stderr.startswith(f"gazebo: {lacking} = ''")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_of_a_group_that_will_not_go(number: signal.Signals) -> None:
    seconds = f"{1000 + os.getpid() % 1000}.{int(number)}"
    process = supervised("bash", "-c", STUBBORN.format(seconds=seconds))
    until(True, seconds)
    process.send_signal(number)
    process.send_signal(number)  # from the terminal and from launch
    _, told = process.communicate(timeout=30)
    assert (process.returncode, told) == (0, "")
    until(False, seconds)


def test_gazebos_own_end_ends_what_it_started_and_tells_its_code() -> None:
    seconds = f"{1000 + os.getpid() % 1000}.77"
    process = supervised("bash", "-c", f"sleep {seconds} & exit 7")
    assert process.wait(timeout=30) == 7
    until(False, seconds)
    assert process.stderr is not None
    process.stderr.close()
