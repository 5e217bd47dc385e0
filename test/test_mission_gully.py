# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The whole mission in the small world: real processes, real DDS, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from wayscout.cli import find_world
from wayscout.worlds.folder import load_world
from wayscout_sim.drives import read_drive

ROOT = Path(__file__).resolve().parents[1]
Mission = tuple[Path, int, str]
"""Run folder, exit code and output."""


@pytest.fixture(scope="module")
def world() -> Path:
    return find_world("gully", ROOT / "worlds")


def start(world: Path, run: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "wayscout_bringup.cli",
        "mission",
        "--world",
        str(world),
        "--run",
        str(run),
    ]
    environment = {**os.environ, "ROS_DOMAIN_ID": ""}
    return subprocess.Popen(
        [*command, *arguments], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def node_processes(run: Path) -> list[psutil.Process]:
    """Return living processes that carry this run's folder on their command line."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if process.pid != os.getpid() and any(str(run) in word for word in process.info["cmdline"] or [])
    ]


@pytest.fixture(scope="module")
def missions(world: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Mission]:
    """The same mission twice, side by side: neither may disturb the other."""
    folder = tmp_path_factory.mktemp("missions")
    runs = [folder / "first", folder / "again"]
    processes = [start(world, run) for run in runs]
    with ThreadPoolExecutor() as pool:
        outputs = list(pool.map(lambda process: process.communicate(timeout=900)[0], processes))
    return [(r, p.returncode, out) for r, p, out in zip(runs, processes, outputs, strict=True)]


@pytest.fixture(scope="module")
def mission(missions: list[Mission]) -> Mission:
    return missions[0]


def result(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "result.json").read_text())
    return found


def test_the_rover_reaches_the_top(mission: Mission) -> None:
    run, code, output = mission
    assert code == 0, output[-3000:]
    assert result(run)["outcome"] == "arrived", output[-3000:]
    assert result(run)["max_tilt_deg"] <= 25.0


def test_the_channel_is_the_passable_one(mission: Mission, world: Path) -> None:
    import yaml

    truth = yaml.safe_load((world / "truth" / "truth.yaml").read_text())
    assert result(mission[0])["channel"] == truth["best"]


def test_the_run_folder_is_complete(mission: Mission) -> None:
    run = mission[0]
    wanted = (
        "report.html",
        "map/elevation.tif",
        "map/sigma.tif",
        "map/ortho.tif",
        "trajectory.csv",
        "flights.json",
    )
    missing = [name for name in wanted if not (run / name).is_file()]
    assert not missing
    for name in ("wall_s", "sim_s", "distance_m", "flights"):
        assert result(run)[name], name


def test_nothing_is_left_behind(missions: list[Mission]) -> None:
    for run, _, _ in missions:
        assert not node_processes(run)


def track(run: Path) -> np.ndarray:
    """Return the (n, 3) true track of the rover with its times: t, x, y."""
    log = np.load(run / "truth.npz")
    return np.column_stack([log["time"], log["rover"][:, :2]])


def test_the_same_seed_gives_the_same_mission_again(missions: list[Mission]) -> None:
    (run, _, _), (other, code, output) = missions
    assert code == 0, output[-3000:]
    assert result(other)["channel"] == result(run)["channel"]
    first, second = track(run), track(other)
    assert first[-1, 0] == pytest.approx(second[-1, 0], abs=5.0)
    times = np.linspace(0.0, min(first[-1, 0], second[-1, 0]), 2000)
    apart = [
        np.interp(times, first[:, 0], first[:, i]) - np.interp(times, second[:, 0], second[:, i])
        for i in (1, 2)
    ]
    assert np.hypot(*apart).max() <= 0.05


def test_sent_up_the_other_channel_it_stops_safely(mission: Mission, world: Path, tmp_path: Path) -> None:
    other = {"A": "B", "B": "A"}[result(mission[0])["channel"]]
    run = tmp_path / "run"
    process = start(world, run, "--channel", other, "--map", str(mission[0] / "map"))
    output, _ = process.communicate(timeout=900)
    found = result(run)
    assert (found["outcome"], process.returncode) == ("stopped", 1), output[-3000:]
    assert (found["channel"], found["forced_channel"]) == (other, other)
    assert found["flights"] == []
    assert found["decisions"][0]["choice"] == result(mission[0])["channel"], (
        "the map read again decides alike"
    )
    drive = read_drive(run, load_world(world), other)
    assert drive.driven > 10.0
    assert not drive.reached_top
    assert drive.kept_limits


def test_ctrl_c_ends_everything_and_leaves_a_report(world: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = start(world, run)
    deadline = time.monotonic() + 120
    while not (run / "timeline.json").is_file() and time.monotonic() < deadline:
        time.sleep(0.5)
    time.sleep(5.0)
    assert process.poll() is None, process.communicate()[0][-3000:]
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130, output[-3000:]
    assert not node_processes(run)
    assert result(run)["outcome"] == "interrupted"
    assert (run / "report.html").is_file()


def test_ctrl_c_at_once_leaves_a_report_too(world: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = start(world, run)
    while not (run / "log").is_dir():
        assert process.poll() is None
        time.sleep(0.1)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130, output[-3000:]
    assert not node_processes(run)
    assert result(run)["outcome"] in ("unfinished", "interrupted")
    assert (run / "report.html").is_file()


def test_an_unknown_world_is_one_clear_message(tmp_path: Path) -> None:
    process = start(Path("nowhere"), tmp_path / "run")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "nowhere" in output
    assert "Traceback" not in output
