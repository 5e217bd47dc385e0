# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Flight operations as people use them: flown, held, approved, aborted, interrupted; plans priced."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import yaml

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from wayscout.cli import find_world
from wayscout.errors import InvalidInput
from wayscout_bringup import operators

ROOT = Path(__file__).resolve().parents[1]
TASKS = [
    {"task": "survey", "corridors": ["A"]},
    {"task": "reposition", "x": 12.0, "y": -26.0},
    {"task": "survey", "corridors": ["B"]},
]
PLAN = {
    "name": "a short look",
    "waypoints": [
        {"x": x, "y": -22.0, "height": 8.0, "speed": 3.0, "picture_spacing": 2.0} for x in (6.0, -8.0)
    ],
    "landing_sites": [[2.44, -27.0]],
}
# to and fro for as long as may be: who aborts starts a process first
LONG = {**PLAN, "waypoints": PLAN["waypoints"] * 4}


@pytest.fixture(scope="module")
def world() -> Path:
    return find_world("gully", ROOT / "worlds")


def words(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "wayscout_bringup.cli", *map(str, arguments)]


def start(*arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "ROS_DOMAIN_ID": ""}
    return subprocess.Popen(
        words(*arguments), env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def say(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words(*arguments), capture_output=True, text=True, timeout=120)


def write(file: Path, content: dict[str, Any]) -> Path:
    file.write_text(yaml.safe_dump(content))
    return file


def read(run: Path, name: str) -> Any:
    return json.loads((run / f"{name}.json").read_text())


def wait(process: subprocess.Popen[str], until: Callable[[], bool], limit: float = 300.0) -> None:
    deadline = time.monotonic() + limit
    while not until():
        assert process.poll() is None, process.communicate()[0][-3000:]
        assert time.monotonic() < deadline, "it did not come so far"
        time.sleep(0.3)


def phase(run: Path, name: str) -> Callable[[], bool]:
    """Return whether a run is in a phase now."""

    def holds() -> bool:
        try:
            return bool(read(run, "timeline")[-1]["phase"] == name)
        except (OSError, ValueError, IndexError):
            return False

    return holds


def left(run: Path) -> list[psutil.Process]:
    """Return living processes that carry this run's folder on their command line."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if process.pid != os.getpid() and any(str(run) in word for word in process.info["cmdline"] or [])
    ]


def test_a_campaign_is_flown_from_spot_to_spot(world: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    file = write(tmp_path / "c.yaml", {"name": "two channels", "tasks": TASKS})
    process = start("campaign", file, "--world", world, "--run", run)
    output, _ = process.communicate(timeout=900)
    assert process.returncode == 0, output[-3000:]
    result = read(run, "result")
    assert result["outcome"] == "complete"
    assert [task["outcome"] for task in result["campaign"]["tasks"]] == ["complete"] * 3
    assert result["campaign"]["sols"] == len(result["flights"]) - 1
    totals = result["campaign"]["totals"]
    assert totals["count"] == len(result["flights"]) == 3
    assert totals["minutes"] == pytest.approx(result["flight_totals"]["duration_s"] / 60.0)
    flights = read(run, "flights")
    for before, after in pairwise(flights):
        assert np.hypot(*(np.array(before["landing"]) - after["takeoff"])[:2]) < 1.0
    assert np.hypot(*(np.array(flights[1]["landing"])[:2] - [12.0, -26.0])) <= 16.0
    assert all(share > 0.7 for share in result["coverage"].values()), "what was pictured from there is mapped"
    assert 'id="campaign"' in (run / "report.html").read_text()
    assert not (run / operators.FILE).exists()
    assert not left(run)


def test_a_flight_is_held_approved_and_aborted(world: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = start("flight", write(tmp_path / "p.yaml", LONG), "--world", world, "--run", run, "--approval")
    try:
        wait(process, lambda: (run / operators.FILE).is_file() and phase(run, "waiting")())
        wait(process, lambda: "approve" in str(read(run, "timeline")[-1]["detail"]))
        assert not read(run, "flights")[0].get("duration_s")
        refused = say("abort", run)
        assert refused.returncode == 1, "nothing is flying"
        assert "no flight" in refused.stderr
        approved = say("approve", run)
        assert approved.returncode == 0, approved.stderr
        assert "flight 1 'a short look'" in approved.stdout
        wait(process, phase(run, "flight"))
        aborted = say("abort", run)
        assert aborted.returncode == 0, aborted.stderr
        output, _ = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == 1, output[-3000:]
    (flight,) = read(run, "flights")
    assert (flight["outcome"], flight["message"]) == ("aborted", "aborted by the operator")
    assert flight["landing_tilt_deg"] < 25.0
    assert read(run, "result")["outcome"] == "partly"
    assert not left(run)
    over = say("approve", run)
    assert over.returncode == 2
    assert "no run is under way" in over.stderr


def test_ctrl_c_leaves_a_report_of_the_campaign(world: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = start(
        "campaign", write(tmp_path / "c.yaml", {"name": "c", "tasks": TASKS}), "--world", world, "--run", run
    )
    wait(process, phase(run, "flight"))
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output[-3000:]
    result = read(run, "result")
    assert result["outcome"] == "interrupted"
    assert [task["outcome"] for task in result["campaign"]["tasks"]] == ["under way", "waiting", "waiting"]
    assert (run / "report.html").is_file()
    assert not left(run)


# --- without ROS --------------------------------------------------------------------------------------------


def test_a_plan_is_priced(world: Path, tmp_path: Path) -> None:
    done = say("flight", write(tmp_path / "p.yaml", PLAN), "--world", world, "--check")
    assert done.returncode == 0, done.stderr
    for name in ("time", "distance", "energy", "pictures", "link", "landing", "risk"):
        assert f"\n{name}" in "\n" + done.stdout


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        ({"height": 30.0}, 3, "exceeds the limit of 24.0 m"),
        ({"speed": 12.0}, 3, "exceeds the limit of 10.0 m/s"),
        ({"height": -8.0}, 2, "waypoints.0.height"),
        ({"x": float("nan")}, 2, "waypoints.0.x"),
        ({"x": 400.0}, 2, "within +-32 m"),
    ],
)
def test_a_plan_that_may_not_be_flown_says_why(
    world: Path, tmp_path: Path, change: dict[str, float], code: int, told: str
) -> None:
    first = {**PLAN["waypoints"][0], **change}
    file = write(tmp_path / "p.yaml", {**PLAN, "waypoints": [first, PLAN["waypoints"][1]]})
    done = say("flight", file, "--world", world, "--check")
    assert done.returncode == code, done.stdout
    assert told in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


def test_a_campaign_is_priced(world: Path, tmp_path: Path) -> None:
    done = say(
        "campaign", write(tmp_path / "c.yaml", {"name": "c", "tasks": TASKS}), "--world", world, "--check"
    )
    assert done.returncode == 0, done.stderr
    assert "3 flights" in done.stdout
    assert done.stdout.count("survey") == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("campaign", "nothing"), "nothing"),
        (("campaign", "none.yaml"), "none.yaml"),
        (("recon", "--target", "beagle", "--world", "gully"), "beagle"),
        (("recon", "--target", "rock", "--height", "-3", "--world", "gully"), "height"),
        (("recon", "--world", "gully"), "gully knows no targets"),
        (
            ("recon", "--target", "a", "--target", "b", "--position", "1", "2", "--world", "gully"),
            "recon.position",
        ),
        (("approve", "/nowhere"), "/nowhere"),
        (("abort", "/nowhere"), "/nowhere"),
    ],
)
def test_bad_words_are_one_line(arguments: tuple[str, ...], told: str) -> None:
    done = say(*arguments)
    assert done.returncode == 2, done.stdout
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_the_newest_run_under_way_is_spoken_to(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        operators.announce(tmp_path / "runs" / name, "7", "team")
    os.utime(tmp_path / "runs/old" / operators.FILE, (1.0, 1.0))
    folder, told = operators.running(tmp_path)
    assert folder.name == "new"
    assert told == {"domain": 7, "namespace": "team"}
    (tmp_path / "runs/new" / operators.FILE).write_text('{"domain": 7, "namespace": "", "process": 99999999}')
    assert operators.running(tmp_path)[0].name == "old", "the new one's process is gone"
    operators.withdraw(tmp_path / "runs/old")
    with pytest.raises(InvalidInput, match="no run is under way"):
        operators.running(tmp_path)
