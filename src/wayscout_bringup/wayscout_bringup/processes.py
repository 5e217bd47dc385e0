# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Start the processes of a run, watch them, and end all of them whatever happens."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psutil

from wayscout_nodes.common.domains import free_domain

CLEAN_EXITS = (0, -signal.SIGINT, 128 + signal.SIGINT)
PATIENCE = (3.0, 1.0, 0.5)
"""Seconds given after SIGINT, SIGTERM and SIGKILL: less than 5 s in all."""
_LOCKS = ("_el", "_sl")
"""Ends of the names of Fast DDS's lock files: exclusive and shared."""


@dataclass(frozen=True)
class Ended:
    """A process that ended."""

    name: str
    code: int

    @property
    def clean(self) -> bool:
        return self.code in CLEAN_EXITS


class ProcessGroup:
    """Processes that live and die together; use it as a context manager.

    Each child leads a session of its own, so that the terminal's Ctrl-C reaches it once: from here.
    """

    def __init__(self, log_folder: Path) -> None:
        self._log_folder = log_folder
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._interrupted = threading.Event()
        self._old_handlers: dict[int, object] = {}

    def __enter__(self) -> ProcessGroup:
        self._log_folder.mkdir(parents=True, exist_ok=True)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._old_handlers[number] = signal.signal(number, lambda *_: self._interrupted.set())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        remove_shared_memory()

    @property
    def interrupted(self) -> bool:
        return self._interrupted.is_set()

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], *, terminal: bool = False
    ) -> None:
        """Start one process; its output goes to <log_folder>/<name>.log, or to the terminal too."""
        output = None if terminal else (self._log_folder / f"{name}.log").open("wb")
        self._children[name] = subprocess.Popen(
            list(command),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        if output is not None:
            output.close()

    def wait(self, timeout: float | None = None) -> Ended | None:
        """Wait until a process ends, a signal comes (None) or the timeout passes (None)."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._interrupted.wait(0.1):
            for name, child in self._children.items():
                code = child.poll()
                if code is not None:
                    return Ended(name, code)
            if deadline is not None and time.monotonic() > deadline:
                return None
        return None

    def stop(self) -> dict[str, int]:
        """End every process: SIGINT, then SIGTERM, then SIGKILL to whole sessions; return exit codes."""
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
        for number, patience in zip(numbers, PATIENCE, strict=True):
            running = [child for child in self._children.values() if child.poll() is None]
            for child in running:
                _signal_session(child.pid, number)
            deadline = time.monotonic() + patience
            for child in running:
                try:
                    child.wait(max(0.0, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    continue
        for child in self._children.values():
            # what a child left behind; a living process of that number would be a stranger
            if not psutil.pid_exists(child.pid):
                _signal_session(child.pid, signal.SIGKILL)
        return {name: child.returncode for name, child in self._children.items()}

    def tail(self, name: str, lines: int = 12) -> str:
        """Return the last lines of a process's log."""
        file = self._log_folder / f"{name}.log"
        return "\n".join(file.read_text(errors="replace").splitlines()[-lines:]) if file.is_file() else ""


def remove_shared_memory(folder: Path = Path("/dev/shm"), *, ending: bool = False) -> int:
    """Remove Fast DDS segments that no living process holds (killed nodes leave theirs); return how many.

    A segment is held by who maps or opens it, and by who locks its `_el` or `_sl` file: that alone tells of
    processes that cannot be seen from here, in another container. `fastdds shm clean` looks at nothing else.

    Args:
        ending: this process is about to end: what it alone holds goes too, since an interpreter may end
            without letting go of it.
    """
    files = [*folder.glob("fastrtps_*"), *folder.glob("sem.fastrtps_*")] if folder.is_dir() else []
    if not files:
        return 0
    own = _held(folder, [Path("/proc/self")]) if ending else set()
    locks = [file for file in files if file.name.endswith(_LOCKS) and str(file) not in own]
    locked = {_segment(file) for file in locks if _is_locked(file)}
    others = [p for p in Path("/proc").glob("[0-9]*") if not (ending and int(p.name) == os.getpid())]
    in_use = _held(folder, others)
    removed = 0
    for file in files:
        if str(file) not in in_use and _segment(file) not in locked:
            try:
                file.unlink(missing_ok=True)
                removed += 1
            except PermissionError:
                continue  # another user's
    return removed


def _held(folder: Path, processes: Iterable[Path]) -> set[str]:
    """Return the files below a folder that living processes map or have opened, of those that may be seen.

    Linux's /proc/<pid>/maps is read as it is: psutil adds up each mapping's pages, which can take seconds.
    """
    prefix = f"{folder}/"
    held: set[str] = set()
    for process in processes:
        with contextlib.suppress(OSError):  # ended meanwhile, or another user's
            for line in (process / "maps").read_text(errors="replace").splitlines():
                _, found, name = line.partition(prefix)
                if found:
                    held.add(prefix + name.removesuffix(" (deleted)"))
            held.update(os.readlink(opened) for opened in (process / "fd").iterdir())
    return held


def _segment(file: Path) -> str:
    """Return the segment that a file belongs to: itself, its lock or its mutex."""
    name = file.name.removeprefix("sem.").removesuffix("_mutex")
    return name[: -len(_LOCKS[0])] if name.endswith(_LOCKS) else name


def _is_locked(file: Path) -> bool:
    try:
        with file.open("ab") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:  # locked, or another user's
        return True
    return False


def private_domain() -> str:
    """Return the ROS_DOMAIN_ID of this run: the user's choice, or a free one."""
    return os.environ.get("ROS_DOMAIN_ID") or str(free_domain())


def _signal_session(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)
