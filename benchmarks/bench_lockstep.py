# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""How fast a flight without pictures goes in lock-step, with the real nodes as processes over DDS.

    python benchmarks/bench_lockstep.py worlds/gully

Flies once around the world's middle and prints the real-time factor, and the CPU time of each node: within
a step the nodes wait for one another, so that their sum bounds the factor on a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import rclpy
from geometry_msgs.msg import Point
from rclpy.action import ActionClient
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from wayscout_bringup.node_table import Options, arguments, executable, prepare, table
from wayscout_bringup.processes import private_domain
from wayscout_interfaces.action import Fly
from wayscout_interfaces.msg import FlightPlan, FlightWaypoint

from wayscout.worlds.folder import World, load_world

NODES = ("simulator", "world_loader", "localiser", "helicopter", "rover")
PACED = ("simulator", "localiser", "helicopter", "rover")  # those that work in every step
LIMIT = 240.0  # s of wall clock after which the flight counts as hung


def plan(world: World, rounds: int) -> FlightPlan:
    """Rounds over the middle of the world at 10 m height and 3 m/s, without pictures."""
    home, side = world.start.helicopter, 0.12 * world.size
    corners = [(side, -side), (side, side), (-side, side), (-side, -side)] * rounds
    places = [(home.x, home.y), *corners, (home.x, home.y)]
    points = [
        FlightWaypoint(position=Point(x=float(x), y=float(y)), height=10.0, speed=3.0) for x, y in places
    ]
    return FlightPlan(flight=1, name="rounds", waypoints=points, landing_sites=[points[0].position])


def cpu(process: subprocess.Popen[bytes]) -> float:
    """Return user and system time so far [s]."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def spin(node: Node, until: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT
    while not until():
        if time.monotonic() > end:
            raise TimeoutError("the flight did not go on")
        rclpy.spin_once(node, timeout_sec=0.2)


def fly(client: ActionClient, node: Node, goal: Fly.Goal) -> Fly.Result:
    sent = client.send_goal_async(goal)
    spin(node, sent.done)
    result = sent.result().get_result_async()
    spin(node, result.done)
    return result.result().result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("world", type=Path)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--profile", default="", help="node to run under cProfile, to PROFILE.prof")
    given = parser.parse_args()
    os.environ["ROS_DOMAIN_ID"] = private_domain()
    with tempfile.TemporaryDirectory() as folder:
        options = Options(given.world.resolve(), Path(folder) / "run", log_level="warn")
        prepare(options)
        processes: dict[str, subprocess.Popen[bytes]] = {}
        for entry in table(options):
            if entry.name not in NODES:
                continue
            command = [str(executable(entry)), *arguments(entry, options)]
            if entry.name == given.profile:
                command = [sys.executable, "-m", "cProfile", "-o", f"{given.profile}.prof", *command]
            processes[entry.name] = subprocess.Popen(command)
        rclpy.init()
        node = Node("bench")
        try:
            measure(node, processes, Fly.Goal(plan=plan(load_world(given.world), given.rounds)))
        finally:
            for process in processes.values():
                process.send_signal(signal.SIGINT)
            for process in processes.values():
                process.wait(timeout=20.0)
            node.destroy_node()
            rclpy.try_shutdown()


def measure(node: Node, processes: dict[str, subprocess.Popen[bytes]], goal: Fly.Goal) -> None:
    client = ActionClient(node, Fly, "helicopter/fly")
    if not client.wait_for_server(timeout_sec=60.0):
        raise TimeoutError("the helicopter node did not start")
    begun: list[Clock] = []
    clock = node.create_subscription(Clock, "/clock", begun.append, 1)
    spin(node, lambda: bool(begun))  # until all have found one another: a goal waits for that too
    node.destroy_subscription(clock)
    before, begin = {name: cpu(p) for name, p in processes.items()}, time.perf_counter()
    result = fly(client, node, goal)
    wall = time.perf_counter() - begin
    if result.log.duration == 0.0:
        raise RuntimeError(result.message)
    spent = {name: cpu(p) - before[name] for name, p in processes.items()}
    flown = float(result.log.duration)
    chain = sum(spent[name] for name in PACED)
    print(f"{result.message}; {result.log.outcome}")
    print(
        f"flight without pictures {flown / wall:5.1f} x real time ({flown / chain:.1f} by CPU)   wanted >= 10"
    )
    for name, seconds in spent.items():
        print(f"  {name:12s} {100.0 * seconds / flown:6.2f} ms CPU a step of 0.1 s")


if __name__ == "__main__":
    main()
