# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""`wayscout approve` and `wayscout abort`: a word to a run that is under way.

A run writes to ros.json in its folder in which ROS domain and namespace it lives, and by which process, so
that a command in another terminal finds it.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import psutil

from wayscout.errors import InvalidInput

FILE = "ros.json"
PATIENCE = 20.0  # [s] of wall clock for the service to be found and to answer
DISCOVERY = "LOCALHOST"


def announce(run_folder: Path, domain: str, team: str) -> None:
    """Write down where a run can be spoken to."""
    content = {"domain": int(domain), "namespace": team, "process": os.getpid()}
    (run_folder / FILE).write_text(json.dumps(content) + "\n")


def withdraw(run_folder: Path) -> None:
    """Say no longer that a run can be spoken to."""
    (run_folder / FILE).unlink(missing_ok=True)


def running(root: Path, run_folder: Path | None = None) -> tuple[Path, dict[str, Any]]:
    """Return a run that is under way and where it can be spoken to: the given one, or the newest in runs/.

    Raises:
        InvalidInput: when there is none.
    """
    folders = (
        [run_folder]
        if run_folder is not None
        else [file.parent for file in (root / "runs").glob(f"*/{FILE}")]
    )
    alive = []
    for folder in folders:
        try:
            found = json.loads((folder / FILE).read_text())
            told = {"domain": int(found["domain"]), "namespace": str(found["namespace"])}
            if psutil.pid_exists(int(found["process"])):
                alive.append((folder, told))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    if not alive:
        where = str(run_folder) if run_folder is not None else str(root / "runs")
        raise InvalidInput("run", where, "no run is under way there")
    return max(alive, key=lambda run: (run[0] / FILE).stat().st_mtime)


def call(told: dict[str, Any], service: str) -> tuple[bool, str]:
    """Call a std_srvs/Trigger of a run; returns whether it did and what it said.

    Args:
        told: of `running`.
        service: relative name.

    Raises:
        InvalidInput: when the service is not there or does not answer.
    """
    # read by ROS when its context begins
    os.environ["ROS_DOMAIN_ID"] = str(told["domain"])
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", DISCOVERY)
    import rclpy
    from rclpy.executors import SingleThreadedExecutor
    from std_srvs.srv import Trigger

    context = rclpy.Context()
    rclpy.init(context=context, domain_id=told["domain"])
    try:
        node = rclpy.create_node(f"operator_{os.getpid()}", namespace=told["namespace"], context=context)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        client = node.create_client(Trigger, service)
        deadline = time.monotonic() + PATIENCE
        if not client.wait_for_service(PATIENCE):
            raise InvalidInput("service", service, f"nobody serves it in ROS domain {told['domain']}")
        answer = client.call_async(Trigger.Request())
        while not answer.done() and time.monotonic() < deadline:
            executor.spin_once(timeout_sec=0.1)
        if not answer.done():
            raise InvalidInput("service", service, f"did not answer within {PATIENCE:.0f} s")
        result = answer.result()
        node.destroy_node()
        return bool(result.success), str(result.message)
    finally:
        rclpy.try_shutdown(context=context)
