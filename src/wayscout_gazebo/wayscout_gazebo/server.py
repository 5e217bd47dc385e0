# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The program `server`: writes the scene of a run, starts `gz sim` on it, and leaves nothing of it behind.

`gz sim` with its window is several processes, some of which outlive the one that was started (gz-sim#2738):
they get a process group of their own, which is ended as a whole. It talks to its starter by the
node table's arguments alone: `--ros-args -p world:=... -p seed:=...`; it is no ROS node.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import yaml

from wayscout.errors import InvalidInput, WayscoutError

BAD_INPUT = 2
PATIENCE = (2.5, 0.5)  # s after SIGINT and SIGTERM: Gazebo has nothing to save
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
_NO_ANISOTROPY = "-GL_EXT_texture_filter_anisotropic -GL_ARB_texture_filter_anisotropic"


def given(words: Sequence[str]) -> dict[str, object]:
    """Return the values of '-p name:=value' among a program's arguments."""
    values: dict[str, object] = {}
    for flag, word in pairwise(words):
        if flag == "-p" and ":=" in word:
            name, _, text = word.partition(":=")
            values[name] = yaml.safe_load(text)
    return values


def command(gz: str, scene: Path, *, headless: bool) -> list[str]:
    """Return the command line of Gazebo: running from the start, with or without its window."""
    words = [gz, "sim", "-r", "-v", "2"]
    return [*words, *(["-s", "--headless-rendering"] if headless else []), str(scene)]


def environment(outer: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for Gazebo.

    Software GL takes ten times as long for an oblique picture when it filters textures anisotropically.
    """
    inner = dict(outer)
    asked = outer.get("LIBGL_ALWAYS_SOFTWARE") in ("1", "true")
    if asked or not list(Path("/dev/dri").glob("renderD*")):
        inner.setdefault("MESA_EXTENSION_OVERRIDE", _NO_ANISOTROPY)
    return inner


def main() -> None:
    """Run until Gazebo ends or a signal comes."""
    for number in _SIGNALS:
        signal.signal(number, lambda *_: os._exit(0))  # while there is nothing to end yet
    try:
        sys.exit(_run(given(sys.argv[1:])))
    except WayscoutError as error:
        print(f"gazebo: {error}", file=sys.stderr, flush=True)
        sys.exit(BAD_INPUT)


def _run(values: Mapping[str, object]) -> int:
    for name in ("world", "run_folder"):
        if not values.get(name):
            raise InvalidInput(name, values.get(name, ""), f"a folder is needed: -p {name}:=FOLDER")
    gz = shutil.which("gz")
    if gz is None:
        raise InvalidInput("simulator", "gazebo", "`gz` is not on the PATH; install Gazebo Harmonic (ros_gz)")
    world, run = Path(str(values["world"])), Path(str(values["run_folder"]))
    from wayscout_gazebo.scene import write_scene  # takes a second: `main` first sees to signals

    scene = run / "gazebo" / "scene.sdf"
    seed = values.get("seed", 0)
    write_scene(world, scene, int(str(seed)), str(values.get("camera", "navigation")))
    can_show = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    headless = bool(values.get("headless", False)) or not can_show
    return supervise(command(gz, scene, headless=headless), environment(os.environ))


def supervise(words: Sequence[str], inner: Mapping[str, str]) -> int:
    """Run a command in a process group of its own; SIGINT or SIGTERM to this process ends the group.

    Returns:
        The exit code; 0 after a signal.
    """
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True

    for number in _SIGNALS:
        signal.signal(number, stop)
    child = subprocess.Popen(list(words), env=dict(inner), process_group=0, preexec_fn=_die_with_parent)
    while child.poll() is None and not stopped:
        time.sleep(0.1)
    code = 0 if stopped else child.wait()
    for number, patience in zip((signal.SIGINT, signal.SIGTERM), PATIENCE, strict=True):
        _tell(child.pid, number)
        deadline = time.monotonic() + patience
        while _alive(child) and time.monotonic() < deadline:
            time.sleep(0.05)
    _tell(child.pid, signal.SIGKILL)
    for number in _SIGNALS:  # Ctrl-C comes twice, from the terminal and from launch: not while Python ends
        signal.signal(number, signal.SIG_IGN)
    return code


def _alive(child: subprocess.Popen[bytes]) -> bool:
    child.poll()
    try:
        os.killpg(child.pid, 0)
    except ProcessLookupError:
        return False
    return True


def _tell(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def _die_with_parent() -> None:
    """Let the kernel end the child when this process is killed (Linux)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGTERM)


if __name__ == "__main__":
    main()
