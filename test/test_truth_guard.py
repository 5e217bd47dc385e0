# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Nobody but the simulator opens the truth: by what nodes are told, and by a run of real processes.

In that run the truth is deleted as soon as the simulator has loaded it, before any other node starts, so
that not even a library in C could read it; an audit hook in every process notes who tries.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from wayscout_bringup.node_table import NodeEntry, Options
from wayscout_bringup.processes import ProcessGroup, private_domain

from wayscout.cli import find_world
from wayscout_bringup import node_table

ROOT = Path(__file__).resolve().parents[1]
# Seen by every Python process on whose PYTHONPATH it lies; notes what touches a folder named truth.
WATCH = """
import os
import sys

_name = os.path.basename(sys.orig_argv[1]) if len(sys.orig_argv) > 1 else "python"
_notes = os.open(os.path.join(os.environ["TRUTH_WATCH"], f"{_name}.{os.getpid()}"), os.O_WRONLY | os.O_CREAT)
_LOOKS = ("open", "os.listdir", "os.scandir")


def _watch(event, arguments):
    if event == "import" and arguments[0] == "wayscout.worlds.truth":
        os.write(_notes, b"import wayscout.worlds.truth\\n")
    elif event in _LOOKS and isinstance(arguments[0], (str, bytes, os.PathLike)):
        path = os.fsdecode(arguments[0])
        if "truth" in path.split(os.sep):
            os.write(_notes, f"{event} {path}\\n".encode())


sys.addaudithook(_watch)
"""


@pytest.fixture(scope="module")
def world() -> Path:
    return find_world("gully", ROOT / "worlds")


def test_only_the_simulator_is_told_where_the_world_is(world: Path, tmp_path: Path) -> None:
    options = Options(world, tmp_path / "run")
    for embedded in (True, False):
        entries = node_table.table(dataclasses.replace(options, embedded=embedded))
        told = [e.name for e in entries if any(str(world) in w for w in node_table.arguments(e, options))]
        assert told == (["simulator"] if embedded else ["gazebo"])


def test_nodes_get_the_public_part_alone(world: Path, tmp_path: Path) -> None:
    options = Options(world, tmp_path / "run")
    node_table.prepare(options)
    public = node_table.public_world(options)
    assert sorted(p.name for p in public.iterdir()) == ["orbital", "world.yaml"]
    copied = [p for p in public.rglob("*") if p.is_file()]
    assert not any(p.is_symlink() for p in public.rglob("*"))
    assert all(p.read_bytes() == (world / p.relative_to(public)).read_bytes() for p in copied)


def watched(folder: Path) -> dict[str, list[str]]:
    """Return what each process was seen to do, by the name of its executable."""
    notes: dict[str, list[str]] = {}
    for file in folder.iterdir():
        notes.setdefault(file.name.rpartition(".")[0], []).extend(file.read_text().splitlines())
    return notes


def test_nobody_but_the_simulator_opens_the_truth_during_a_run(world: Path, tmp_path: Path) -> None:
    pytest.importorskip("rclpy", reason="ROS 2 is not installed")
    pytest.importorskip("wayscout_interfaces.msg", reason="the workspace is not built")
    hook, notes, secret = tmp_path / "hook", tmp_path / "notes", tmp_path / "secret"
    for folder in (hook, notes):
        folder.mkdir()
    (hook / "sitecustomize.py").write_text(WATCH)
    shutil.copytree(world, secret)
    options = Options(secret, tmp_path / "run")
    entries = node_table.table(options)
    node_table.prepare(options)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(hook), os.environ.get("PYTHONPATH")])),
        "TRUTH_WATCH": str(notes),
        "ROS_DOMAIN_ID": private_domain(),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "ROS_LOG_DIR": str(tmp_path / "run" / "log"),
    }
    with ProcessGroup(options.run_folder / "log") as processes:

        def start(entry: NodeEntry) -> None:
            command = [sys.executable, str(node_table.executable(entry))]
            processes.start(entry.name, [*command, *node_table.arguments(entry, options)], environment)

        def wait(holds: Callable[[], bool], name: str) -> None:
            deadline = time.monotonic() + 90.0
            while not holds():
                ended = processes.wait(0.2)
                assert ended is None, f"{ended}\n{processes.tail(ended.name)}"
                assert time.monotonic() < deadline, processes.tail(name)

        simulator, *others = entries
        start(simulator)
        wait(lambda: "waiting for localiser" in processes.tail("simulator"), "simulator")
        shutil.rmtree(secret / "truth")
        for entry in others:
            start(entry)
        # the mission writes it when the nodes are there and the flights are planned
        wait((options.run_folder / "timeline.json").is_file, "mission")
        ended = processes.wait(12.0)
        assert ended is None, f"{ended}\n{processes.tail(ended.name)}"
        seen = watched(notes)
    assert {entry.executable for entry in entries} <= set(seen)
    opened = {name for name, lines in seen.items() if lines}
    assert opened == {"simulator"}, {name: seen[name] for name in opened - {"simulator"}}
    # the watch works: it caught the simulator
    assert f"open {secret / 'truth' / 'rocks.csv'}" in seen["simulator"]
