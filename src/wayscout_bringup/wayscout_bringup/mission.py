# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""`wayscout mission`: start every node of the table, wait for the mission's end, say what came of it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from wayscout.report import write_report
from wayscout_bringup import operators
from wayscout_bringup.node_table import Options, check_gazebo, command, prepare, table
from wayscout_bringup.processes import ProcessGroup, private_domain

INTERRUPTED = 130
FAILED = 1
BAD_INPUT = 2


def run_mission(options: Options, console: Console) -> int:
    """Run one mission; returns the exit code.

    It is 0 after an answer, 1 after a failure, 2 when a node refused a parameter, 130 after Ctrl-C.

    Raises:
        InvalidInput: before anything starts, when the world or an override is unusable.
    """
    if not options.embedded:
        check_gazebo()
    entries = table(options)
    prepare(options)
    environment = {
        **os.environ,
        "ROS_DOMAIN_ID": private_domain(),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "ROS_LOG_DIR": str(options.run_folder / "log"),
        "PYTHONUNBUFFERED": "1",
    }
    started = time.monotonic()
    operators.announce(options.run_folder, environment["ROS_DOMAIN_ID"], options.team)
    with ProcessGroup(options.run_folder / "log") as processes:
        for entry in entries:
            words = command(entry, options)
            inner = environment | entry.environment
            processes.start(entry.name, words, inner, terminal=entry.name == "mission")
        ended = processes.wait()
        if ended is None:
            console.print("wayscout: interrupted, ending every process", style="yellow")
            code = INTERRUPTED
        elif ended.name == "mission":
            code = INTERRUPTED if _result(options.run_folder).get("outcome") == "interrupted" else ended.code
        else:
            console.print(f"wayscout: {ended.name} ended with exit code {ended.code}", style="red")
            console.print(processes.tail(ended.name), markup=False, highlight=False)
            code = BAD_INPUT if ended.code == BAD_INPUT else FAILED
    operators.withdraw(options.run_folder)
    if not (options.run_folder / "result.json").is_file():
        write_report(options.run_folder, None, 0.0)  # the mission node was not there yet
    summarise(options.run_folder, time.monotonic() - started, console)
    return code


def summarise(run_folder: Path, wall: float, console: Console) -> None:
    """Print what the mission wrote to result.json, and where everything lies."""
    result = _result(run_folder)
    if not result:
        console.print(f"wayscout: no result was written; the nodes' logs are in {run_folder / 'log'}")
        return
    summary = Table(show_header=False, box=None, padding=(0, 2))
    summary.add_row("outcome", f"[bold]{result.get('outcome')}[/bold]")
    if campaign := result.get("campaign"):
        done = sum(task["outcome"] == "complete" for task in campaign["tasks"])
        sums = campaign["totals"]
        summary.add_row("tasks", f"{done} of {len(campaign['tasks'])} complete")
        summary.add_row("in the air", f"{sums['minutes']:.1f} min, {sums['kilometres']:.2f} km")
    summary.add_row("channel", str(result.get("channel") or "none"))
    summary.add_row("driven", _number(result.get("distance_m"), "m"))
    summary.add_row("largest tilt", _number(result.get("max_tilt_deg"), "deg"))
    summary.add_row("flights", str(len(result.get("flights") or [])))
    summary.add_row("simulated time", _number(result.get("sim_s"), "s"))
    summary.add_row("wall time", f"{wall:.0f} s")
    summary.add_row("report", str(run_folder / "report.html"))
    console.print(summary)


def _result(run_folder: Path) -> dict[str, Any]:
    """Return what the mission wrote to result.json; empty when there is nothing to read."""
    try:
        result: dict[str, Any] = json.loads((run_folder / "result.json").read_text())
    except (OSError, json.JSONDecodeError):
        return {}
    return result


def _number(value: Any, unit: str) -> str:
    return f"{value:.1f} {unit}" if isinstance(value, (int, float)) else "-"
