# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""How fast and how exact the embedded simulator is, without ROS.

    python benchmarks/bench_simulator.py [WORLD]

Prints real-time factors of driving and flying, the cost of pictures and depth, georeferencing against the
truth. CPU seconds stand beside wall seconds: on a busy machine they tell more.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from wayscout.geometry import Pose
from wayscout_sim.rover import WHEELS
from wayscout_sim.simulation import Simulation

SPEED = 0.042  # m/s


def clocked(action: Callable[[], None]) -> tuple[float, float]:
    """Return wall and CPU seconds of an action."""
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - wall, time.process_time() - cpu


def report(what: str, seconds: tuple[float, float], simulated: float, wanted: str) -> None:
    wall, cpu = seconds
    print(f"{what:34s} {simulated / wall:7.1f} x real time ({simulated / cpu:.1f} by CPU)   wanted {wanted}")


def drive(sim: Simulation, duration: float) -> None:
    for _ in range(round(duration / 0.25)):
        sim.step(0.25, rover=True, helicopter=False)
        sim.read_rover()


def fly(sim: Simulation, velocity: tuple[float, float, float], duration: float) -> None:
    sim.helicopter.command(velocity, 0.0)
    for _ in range(round(duration / 0.1)):
        sim.step(0.1, rover=False, helicopter=True)
        sim.read_helicopter()


def georeference(sim: Simulation) -> None:
    """Compare back-projected depth with the truth's heights off the rocks."""
    camera = sim.camera
    v, u = np.mgrid[: camera.height, : camera.width]
    rays = camera.rays(np.stack([u.ravel(), v.ravel()], axis=1))
    errors = []
    for k in range(4):
        x, y = 3.0 * k - 4.5, 2.0 * k - 3.0
        z = float(sim.truth.ground.sample("elevation", x, y)) + 12.0
        pose = Pose.from_euler(x, y, z, roll=math.pi + 0.1, yaw=0.8 * k)
        depth = sim.renderer.depth(camera, pose)
        xyz = pose.apply(rays / rays[:, 2:] * depth.reshape(-1, 1))
        errors.append(xyz[:, 2] - sim.truth.ground.sample("elevation", xyz[:, 0], xyz[:, 1]))
    error = np.abs(np.concatenate(errors))
    mean, high = np.nanmedian(error) * 1000.0, np.nanpercentile(error, 95) * 1000.0
    print(
        f"{'depth against the heightmap':34s} median {mean:.2f} mm, 95 % below {high:.1f} mm (rocks included)"
    )


def pictures(sim: Simulation) -> None:
    def take(count: int) -> None:
        for k in range(count):
            x, y = 1.2 * k - 10.0, 0.8 * k - 8.0
            z = float(sim.truth.ground.sample("elevation", x, y)) + 12.0
            sim.renderer.picture(sim.camera, Pose.from_euler(x, y, z, roll=math.pi, yaw=0.3))

    take(1)
    wall, cpu = clocked(lambda: take(20))
    print(f"{'a picture, 640x480 from 12 m':34s} {wall / 20:.3f} s ({cpu / 20:.3f} s CPU)   wanted <= 0.4 s")


def main() -> None:
    world = Path(sys.argv[1] if len(sys.argv) > 1 else "worlds/gully")
    sim = Simulation(world, seed=1)
    sim.read_rover()
    sim.rover.command(dict.fromkeys(WHEELS, SPEED / sim.rover.wheel_radius), {})
    drive(sim, 5.0)
    report("driving with its sensors", clocked(lambda: drive(sim, 120.0)), 120.0, ">= 60 (20 with ROS)")
    report("driving, physics alone", clocked(lambda: sim.rover.step(60.0)), 60.0, ">= 60")
    sim.motors(True)
    fly(sim, (0.0, 0.0, 0.0), 1.0)
    fly(sim, (0.0, 0.0, 2.0), 6.0)
    report("flying without pictures", clocked(lambda: fly(sim, (2.0, 0.0, 0.0), 15.0)), 15.0, ">= 10")
    pictures(sim)
    georeference(sim)
    sim.close()


if __name__ == "__main__":
    main()
