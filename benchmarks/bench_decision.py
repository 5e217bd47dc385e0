# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Decisions over many worlds: on the truth, on the orbital map alone, and on the helicopter's map.

    python benchmarks/bench_decision.py --seeds 0:20 --resume /tmp/decisions.jsonl [--mapped] [--jobs 2]

Each seed's world is made in memory, with --mapped as a folder --worlds/<recipe>_<seed> that is kept. The
same router and limits decide on
    truth       the ground with every rock, no noise: what is right;
    orbital     all that is known before the flight, forced to choose;
    helicopter  what pictures of the corridors give: with --mapped rendered and mapped, with poses as
                good as an adjusted track's; without it by the noise model of `helicopter_map`.
A decision is right when it names what the truth names, or a channel that costs at most 5 % more there
(regret). The plan's own answer (truth.yaml) is printed beside it, so that disagreement shows.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from seeds import keep_row, kept_rows, world_of

from wayscout.camera import load_camera
from wayscout.config import directory
from wayscout.corridor import Corridor
from wayscout.grid import Grid
from wayscout.mapping.mapper import MapperParams
from wayscout.routing import costs
from wayscout.worlds import noise, orbital, recipe
from wayscout.worlds.generate import imagine
from wayscout.worlds.truth import Truth, load_truth
from wayscout_sim.judge import (
    ALLOWED_REGRET,
    costs_of,
    decide,
    decide_on_truth,
    regret,
    seen_from_orbit,
    with_rocks,
)
from wayscout_sim.survey import surveyed

Array = npt.NDArray[np.float64]

MAP_CELL = 0.1
# The modelled map's errors: smooth and white height error [m], share of cells without a measurement,
# deviation of a rock's height [m], share of rocks under 0.45 m missed, share of ground with sand misjudged.
SMOOTH_ERROR, SMOOTH_LENGTH, WHITE_ERROR = 0.05, 4.0, 0.02
HOLES, ROCK_ERROR, ROCKS_MISSED, SAND_MISJUDGED = 0.04, 0.05, 0.10, 0.08


def helicopter_map(truth: Truth, corridors: list[Corridor], seed: int) -> Grid:
    """Return what pictures over the corridors would show, by the noise model above, not by rendering."""
    rng = noise.stream(seed, "helicopter map")
    rocks = truth.rocks[rng.random(len(truth.rocks)) > ROCKS_MISSED * (truth.rocks[:, 5] < 0.45)].copy()
    rocks[:, 5] = np.maximum(rocks[:, 5] + rng.normal(0.0, ROCK_ERROR, len(rocks)), 0.02)
    seen = with_rocks(truth.ground, rocks)
    fine = Grid.over(truth.ground.bounds, MAP_CELL)
    size = fine.shape[::-1]
    for name in ("elevation", "rock", "sand"):
        fine[name] = cv2.resize(seen[name], size, interpolation=cv2.INTER_LINEAR)
    smooth = SMOOTH_ERROR * orbital.correlated_error(fine.shape, SMOOTH_LENGTH / MAP_CELL, rng)
    fine["elevation"] = fine["elevation"] + smooth + rng.normal(0.0, WHITE_ERROR, fine.shape)
    doubt = orbital.correlated_error(fine.shape, 30.0, rng)
    wrong = np.abs(doubt) > float(np.quantile(np.abs(doubt[::8, ::8]), 1.0 - SAND_MISJUDGED))
    fine["sand"] = np.where(wrong, np.clip(np.where(doubt > 0, 0.6, 0.4), 0, 1), fine["sand"])
    fine["sigma"] = np.full(fine.shape, math.hypot(SMOOTH_ERROR, WHITE_ERROR))
    xs, ys = (v[::4] for v in fine.centres())
    px, py = np.meshgrid(xs, ys)
    over = np.zeros(px.shape, bool)
    for corridor in corridors:
        over |= corridor.locate(px, py)[0] < 0.5 * corridor.width + 1.5
    over = cv2.resize(over.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    holes = orbital.correlated_error(fine.shape, 8.0, rng)
    over &= holes < float(np.quantile(holes[::8, ::8], 1.0 - HOLES))
    for name in fine.layers:
        fine[name] = np.where(over, fine[name], np.nan)
    fine["measured"] = over.astype(np.float32)
    return fine


def prior(truth: Truth, name: str) -> costs.OrbitalKnowledge:
    """Return the orbital elevation of an imagined world, with the recipe's errors."""
    book = recipe.find(name)[1]
    seen = orbital.observe_elevation(
        truth.ground,
        book.size,
        shift=tuple(truth.facts["shift"]),
        blur=book.orbital_blur,
        sigma=book.orbital_sigma,
        correlation=book.orbital_correlation,
        rng=noise.stream(int(truth.facts["seed"]), "orbital"),
    )
    return costs.OrbitalKnowledge(seen, book.orbital_sigma, 0.75)


def judge(seed: int, name: str, worlds: Path, by_pictures: bool, threads: int) -> dict[str, Any]:
    """Decide on all three maps of one seed; return what the table shows."""
    begin, cpu = time.perf_counter(), time.process_time()
    if by_pictures:
        folder = world_of(seed, name, worlds)
        truth, known = load_truth(folder), seen_from_orbit(folder)
    else:
        _, truth = imagine(seed, recipe.find(name)[1])
        known = prior(truth, name)
    world = truth.world
    if by_pictures:
        camera = load_camera(directory() / "cameras" / "navigation.yaml")
        fine = surveyed(folder, camera, seed, MapperParams.load({"threads": threads}))
    else:
        fine = helicopter_map(
            truth, [Corridor.of(c.name, c.centreline, c.width) for c in world.corridors], seed
        )
    decisions = {
        "truth": decide_on_truth(truth),
        "orbital": decide(world, known, None, may_look=False),
        "helicopter": decide(world, known, fine, may_look=True),
    }
    row: dict[str, Any] = {
        "seed": seed,
        "recipe": name,
        "mapped": by_pictures,
        "planned": truth.facts.get("best", "?"),
        "misleading": truth.facts.get("misleading"),
    }
    for basis, decision in decisions.items():
        row[basis] = decision.choice
        row[f"{basis}_cost"] = costs_of(decision)
        row[f"{basis}_p"] = {c.channel: round(c.success_probability, 3) for c in decision.candidates}
        row[f"{basis}_why"] = decision.reasons
    for basis in ("orbital", "helicopter"):
        row[f"{basis}_regret"] = regret(row["truth"], row[basis], row["truth_cost"])
    row["wall_s"], row["cpu_s"] = time.perf_counter() - begin, time.process_time() - cpu
    return row


def judge_all(
    seeds: Sequence[int], jobs: int, name: str, worlds: Path, by_pictures: bool
) -> Iterator[dict[str, Any]]:
    """Yield each seed's row as soon as it is done, with so many processes of one thread each."""
    if jobs == 1:
        both = MapperParams.load().threads
        yield from (judge(seed, name, worlds, by_pictures, both) for seed in seeds)
        return
    # Processes of their own, not forks: each needs its own graphics context. The libraries read the variables
    # when they are first loaded there.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NUMBA_NUM_THREADS="1")
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        waiting = [pool.submit(judge, seed, name, worlds, by_pictures, 1) for seed in seeds]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _one_thread() -> None:
    cv2.setNumThreads(1)


def show(rows: list[dict[str, Any]]) -> None:
    print(
        f"{'seed':>6}{'planned':>9}{'truth':>9}{'orbital':>9}{'regret':>8}{'helicopter':>12}{'regret':>8}{'s':>6}"
        "  costs on truth"
    )
    for row in rows:
        costs_text = " ".join(f"{k} {'-' if v is None else f'{v:.0f}'}" for k, v in row["truth_cost"].items())
        print(
            f"{row['seed']:6}{row['planned']:>9}{row['truth']:>9}{row['orbital']:>9}{row['orbital_regret']:8.2f}"
            f"{row['helicopter']:>12}{row['helicopter_regret']:8.2f}{row['wall_s']:6.1f}  {costs_text}"
        )
    n = len(rows)
    agree = sum(
        row["planned"] == row["truth"]
        or regret(row["truth"], row["planned"], row["truth_cost"]) <= ALLOWED_REGRET
        for row in rows
    )
    print(f"truth agrees with the plan in {agree} of {n}")
    for basis in ("orbital", "helicopter"):
        regrets = [row[f"{basis}_regret"] for row in rows]
        right = sum(r <= ALLOWED_REGRET for r in regrets)
        driven = [r for r in regrets if math.isfinite(r)]
        text = f"mean {np.mean(driven):.3f}, greatest {max(driven):.3f}" if driven else "none"
        print(
            f"{basis}: right in {right} of {n}, wrong in {n - right} (of these {n - len(driven)} of the "
            f"wrong kind); regret of the others: {text}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", default="0:20", help="a:b, b not included")
    parser.add_argument("--resume", type=Path, help="JSON lines; seeds that it holds are not decided again")
    parser.add_argument("--recipe", default="delta")
    parser.add_argument("--mapped", action="store_true", help="map rendered pictures, not the noise model")
    parser.add_argument("--worlds", type=Path, default=Path(tempfile.gettempdir()) / "wayscout_worlds")
    parser.add_argument("--jobs", type=int, default=1, choices=range(1, 65), metavar="N", help="processes")
    parser.add_argument("--why", action="store_true", help="print reasons where the truth is missed")
    arguments = parser.parse_args()
    first, last = (int(v) for v in arguments.seeds.split(":"))
    kept = kept_rows(arguments.resume, recipe=arguments.recipe, mapped=arguments.mapped)
    done = {row["seed"]: row for row in kept}
    missing = [seed for seed in range(first, last) if seed not in done]
    for row in judge_all(missing, arguments.jobs, arguments.recipe, arguments.worlds, arguments.mapped):
        seed = row["seed"]
        done[seed] = row
        keep_row(arguments.resume, row)
        print(f"seed {seed}: {done[seed]['wall_s']:.1f} s", file=sys.stderr, flush=True)
        if arguments.why:
            for basis in ("truth", "helicopter"):
                print(basis, *done[seed][f"{basis}_why"], sep="\n  ", file=sys.stderr)
    show([done[seed] for seed in range(first, last)])


if __name__ == "__main__":
    main()
