# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Planner over weighted grids, beside pyastar2d and scikit-image's MCP, all judged by the exact integral.

    python benchmarks/bench_planner.py [--sizes 250 500 1000 2000 4000] [--reference-up-to 1000]

pyastar2d, scikit-image and scikit-fmm are needed for this benchmark only; what is missing is left out.
The reference is scikit-fmm's travel time on a grid cut 4 x finer. Grids go corner to corner. Times are
seconds after warm-up (the best of three up to 1000^2); memory is what planning once adds to the peak of a
fresh process that holds the grid.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import yaml

from wayscout.routing.integral import path_cost
from wayscout.routing.planner import plan

Array = npt.NDArray[np.float64]
Point = tuple[float, float]


def grids(n: int, seed: int = 0) -> dict[str, Array]:
    """Return named (n, n) costs; the first and last corner are free."""
    rng = np.random.default_rng(seed)

    def noise(size: float) -> Array:
        field = cv2.GaussianBlur(rng.normal(size=(n, n)), (0, 0), size)
        return np.asarray((field - field.mean()) / field.std())

    smooth = np.exp(1.2 * noise(8.0))
    rocks = np.where(noise(4.0) > 1.1, np.inf, smooth)
    rocks[:20, :20] = rocks[-20:, -20:] = 1.0
    wall = smooth.copy()
    wall[:, n // 2] = np.inf
    return {
        "random per cell 1-10": rng.uniform(1.0, 10.0, (n, n)),
        "smooth random": smooth,
        "smooth with obstacles": rocks,
        "uniform": np.ones((n, n)),
        "no path": wall,
    }


def by_wayscout(cost: Array, start: Point, goal: Point) -> Array | None:
    return plan(cost, 1.0, start, goal).path


def by_pyastar2d(cost: Array, start: Point, goal: Point) -> Array | None:
    import pyastar2d

    weights = np.where(np.isfinite(cost), cost / np.nanmin(cost), np.inf).astype(np.float32)
    cells = pyastar2d.astar_path(
        weights, (int(start[1]), int(start[0])), (int(goal[1]), int(goal[0])), allow_diagonal=True
    )
    return None if cells is None else np.asarray(cells, dtype=np.float64)[:, ::-1] + 0.5


def by_mcp(cost: Array, start: Point, goal: Point) -> Array | None:
    from skimage.graph import MCP_Geometric

    search = MCP_Geometric(np.where(np.isfinite(cost), cost, -1.0), fully_connected=True)
    source, target = (int(start[1]), int(start[0])), (int(goal[1]), int(goal[0]))
    total, _ = search.find_costs([source], [target])
    if not np.isfinite(total[target]):
        return None
    return np.asarray(search.traceback(target), dtype=np.float64)[:, ::-1] + 0.5


def by_marching(cost: Array, start: Point, goal: Point, finer: int = 4) -> float | None:
    """Cost by fast marching (second order) on a grid cut finer; the front starts at the start's sub-cell."""
    try:
        import skfmm
    except ImportError:
        return None
    fine = np.kron(cost, np.ones((finer, finer)))
    blocked = ~np.isfinite(fine)
    front = np.ones(fine.shape)
    front[int(start[1] * finer), int(start[0] * finer)] = -1e-9
    speed = 1.0 / np.where(blocked, 1.0, fine)
    arrival = skfmm.travel_time(np.ma.MaskedArray(front, blocked), speed, dx=1.0 / finer)
    return float(arrival[int(goal[1] * finer), int(goal[0] * finer)])


PLANNERS: dict[str, Callable[[Array, Point, Point], Array | None]] = {
    "wayscout": by_wayscout,
    "pyastar2d": by_pyastar2d,
    "MCP": by_mcp,
}


def measure(
    name: str, cost: Array, start: Point, goal: Point, repeats: int
) -> tuple[float, float, float] | None:
    """Return cost (inf without a path, or for one that cuts an obstacle's corner), wall and CPU seconds."""
    run = PLANNERS[name]
    try:
        run(np.ones((12, 12)), (0.5, 0.5), (11.5, 11.5))
    except ImportError:
        return None
    wall = cpu = np.inf
    path = None
    for _ in range(repeats):
        t, p = time.perf_counter(), time.process_time()
        path = run(cost, start, goal)
        wall, cpu = min(wall, time.perf_counter() - t), min(cpu, time.process_time() - p)
    return (np.inf if path is None else path_cost(cost, 1.0, path)), wall, cpu


def _grown(n: int, kind: str, pipe: multiprocessing.connection.Connection) -> None:
    cost = grids(n)[kind]
    plan(np.ones((50, 50)), 1.0, (0.5, 0.5), (49.0, 49.0))
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak that making the grid took
    before = _peak()
    plan(cost, 1.0, (0.5, 0.5), (n - 0.5, n - 0.5))
    pipe.send(_peak() - before)


def _peak() -> float:
    """Largest resident size of this process [MB] (Linux)."""
    line = next(s for s in Path("/proc/self/status").read_text().splitlines() if s.startswith("VmHWM"))
    return float(line.split()[1]) / 1024.0


def added_memory(n: int, kind: str = "smooth random") -> float:
    """MB by which planning once raised the peak of a fresh process that holds the grid already."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=_grown, args=(n, kind, theirs))
    child.start()
    child.join()
    return float(ours.recv())


def scouting(folder: Path) -> None:
    """Compare with the published path costs of the RA-L 2025 scouting benchmark."""
    print(f"\n{'scouting benchmark':28}{'wayscout':>10}{'RRT*':>10}{'PRM':>10}{'seconds':>10}")
    for file in sorted(folder.glob("*.yaml")):
        info = yaml.safe_load(file.read_text().replace("\t", " "))
        image = cv2.imread(str(file.with_suffix(".png")))[..., ::-1].astype(np.float64) / 17.0
        identity = image[..., 0] * 225.0 + image[..., 1] * 15.0 + image[..., 2]
        cost = np.where(identity == 0.0, np.inf, identity)
        result = plan(cost, info["width"] / cost.shape[1], info["start_location"], info["goal_location"])
        print(
            f"{file.stem:28}{result.cost:10.1f}{info['optimal_rrt_rov_path_cost']:10.1f}"
            f"{info['optimal_prm_rov_path_cost']:10.1f}{result.seconds:10.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[250, 500, 1000, 2000, 4000])
    parser.add_argument(
        "--reference-up-to", type=int, default=1000, help="largest grid with a fast marching reference"
    )
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    arguments = parser.parse_args()
    print("cost: exact integral; vs FMM: cost over fast marching's on a 4 x finer grid")
    for n in arguments.sizes:
        print(f"\n{f'{n} x {n}':24}{'planner':>12}{'cost':>12}{'vs FMM':>9}{'wall s':>9}{'CPU s':>9}")
        for kind, cost in grids(n).items():
            start, goal = (0.5, 0.5), (n - 0.5, n - 0.5)
            wanted = n <= arguments.reference_up_to and kind != "no path"
            reference = by_marching(cost, start, goal) if wanted else None
            for name in PLANNERS:
                figures = measure(name, cost, start, goal, 3 if n <= 1000 else 1)
                if figures is None:
                    print(f"{kind:24}{name:>12}  not installed")
                    continue
                total, wall, cpu = figures
                ratio = f"{total / reference:9.4f}" if reference else f"{'-':>9}"
                print(f"{kind:24}{name:>12}{total:12.2f}{ratio}{wall:9.3f}{cpu:9.3f}", flush=True)
        print(f"added memory of wayscout: {added_memory(n):.0f} MB", flush=True)
    if (arguments.data / "scouting_benchmark").is_dir():
        scouting(arguments.data / "scouting_benchmark")
    else:
        print(f"scouting benchmark: {arguments.data} is missing", file=sys.stderr)


if __name__ == "__main__":
    main()
