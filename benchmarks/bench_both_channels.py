# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Drive both channels of some worlds, whatever was decided, and see who is passable: the whole stack.

    python benchmarks/bench_both_channels.py --seeds 20,21,22,24 --resume /tmp/both.jsonl [--surveyed]

Each drive is a mission of its own (`wayscout mission --channel A`): real nodes, physics, traction and
localisation, the router's best path through that channel on the helicopter's map even where it breaks a
limit, and the rover's own checks, eyes, slip and tilt limits to stop it. The first mission of a seed
flies both channels, the second begins with its map (`--map`). With --surveyed nobody flies: the map comes
from pictures rendered along the planned flights, as in bench_decision.py --mapped.

A drive confirms the truth's verdict (same router and limits on the ground with every rock) when the rover
truly reached the top of a passable channel, or stopped before the top of an impassable one near a place that
the truth calls blocked; in both cases without tilting or touching rocks beyond its limits.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from seeds import Row, keep_row, kept_rows, world_of

from wayscout.camera import load_camera
from wayscout.config import directory
from wayscout.mapping import offline
from wayscout.routing.compare import Decision
from wayscout.worlds.folder import World
from wayscout.worlds.truth import load_truth
from wayscout_sim.drives import ENDED, read_drive
from wayscout_sim.judge import decide_on_truth
from wayscout_sim.survey import surveyed

LONGEST = 3600.0  # [s] of wall clock for one mission
LAST_WORDS = 20.0  # [s] for a mission to end after being told to


def survey_of(world: Path, seed: int, folder: Path) -> Path:
    """Return a map folder made from rendered pictures, kept for the next time."""
    if not (folder / "elevation.tif").is_file():
        camera = load_camera(directory() / "cameras" / "navigation.yaml")
        offline.write_maps(offline.trimmed(surveyed(world, camera, seed)), folder)
    return folder


def drive(world: Path, seed: int, channel: str, map_folder: Path | None, run: Path) -> tuple[float, float]:
    """Run one mission up a channel; returns its wall clock and CPU time [s]."""
    command = [sys.executable, "-m", "wayscout_bringup.cli", "mission", "--world", str(world)]
    command += ["--run", str(run), "--seed", str(seed), "--channel", channel]
    command += ["--map", str(map_folder)] if map_folder is not None else []
    begin, used = time.perf_counter(), children_cpu()
    shutil.rmtree(run, ignore_errors=True)  # what an attempt that failed has left
    run.mkdir(parents=True)
    with (run / "mission.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            process.wait(LONGEST)
        except (subprocess.TimeoutExpired, KeyboardInterrupt) as error:
            process.send_signal(signal.SIGTERM)
            process.wait(LAST_WORDS)
            if isinstance(error, KeyboardInterrupt):
                raise
    return time.perf_counter() - begin, children_cpu() - used


def children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def judged(world: World, channel: str, run: Path, right: Decision) -> Row:
    """Return what the table shows of one drive."""
    truth = right.candidate(channel)
    went = read_drive(run, world, channel)
    decision = json.loads((run / "result.json").read_text())["decision"]
    thought = next((c for c in decision.get("candidates", []) if c["channel"] == channel), {})
    return {
        "truth": truth.passable,
        "truth_why": truth.reasons,
        "truth_choice": right.choice,
        "helicopter": thought.get("passable"),
        "helicopter_p": thought.get("success_probability"),
        "helicopter_choice": decision.get("choice"),
        "outcome": went.outcome,
        "message": went.message,
        "top": went.reached_top,
        "end": went.end.round(1).tolist(),
        "along_m": went.along,
        "length_m": went.length,
        "block_m": block if math.isfinite(block := went.block_distance(truth)) else None,
        "driven_m": went.driven,
        "tilt_deg": math.degrees(went.max_tilt),
        "slip": went.max_slip,
        "rock_m": went.rock_touched,
        "kept_limits": went.kept_limits,
        "confirmed": went.confirms(truth),
    }


def bench(seed: int, given: argparse.Namespace, done: dict[tuple[int, str], Row]) -> None:
    """Drive the channels of a seed that have not been driven, and keep their rows."""
    world = world_of(seed, given.recipe, given.worlds)
    known = load_truth(world)
    names = [c.name for c in known.world.corridors]
    wanted = given.channels.split(",") if given.channels else names
    missing = [name for name in wanted if (seed, name) not in done]
    if not missing:
        return
    right = decide_on_truth(known)
    for channel in missing:
        stem = f"{given.recipe}_{seed}"
        flown = [done[seed, n]["map"] for n in names if (seed, n) in done]
        flown = [folder for folder in flown if (Path(folder) / "elevation.tif").is_file()]
        start = Path(flown[0]) if flown else None
        if start is None and given.surveyed:
            start = survey_of(world, seed, given.runs / f"{stem}_map")
        run = given.runs / f"{stem}_{channel}"
        wall, cpu = drive(world, seed, channel, start, run)
        row: Row = {"seed": seed, "recipe": given.recipe, "surveyed": given.surveyed, "channel": channel}
        row |= {"map": str(start or run / "map"), "flown": start is None, "wall_s": wall, "cpu_s": cpu}
        row |= judged(known.world, channel, run, right)
        done[seed, channel] = row
        if row["outcome"] in ENDED:
            keep_row(given.resume, row)
        print(f"seed {seed} {channel}: {row['outcome']}, {wall:.0f} s", file=sys.stderr, flush=True)


def show(rows: list[Row]) -> None:
    print(
        f"{'seed':>5}{'channel':>8}{'truth':>9}{'helicopter':>14}{'drive':>9}{'abreast':>10}{'block':>7}{'driven':>8}"
        f"{'tilt':>6}{'slip':>6}{'rock':>6}  {'confirms':9}{'wall':>5}{'CPU':>6}  the mission's words"
    )
    word = {True: "passable", False: "blocked", None: "?"}
    for row in rows:
        thought = f"{word[row['helicopter']]} {row['helicopter_p'] or 0.0:.2f}"
        went = "top" if row["top"] else row["outcome"]
        block = f"{row['block_m']:.0f} m" if row["block_m"] is not None else "-"
        print(
            f"{row['seed']:5}{row['channel']:>8}{word[row['truth']]:>9}{thought:>14}{went:>9}"
            f"{row['along_m']:5.0f}/{row['length_m']:3.0f} {block:>6}{row['driven_m']:6.0f} m"
            f"{row['tilt_deg']:6.1f}{100.0 * row['slip']:5.0f}%{row['rock_m']:6.2f}  "
            f"{'yes' if row['confirmed'] else 'NO':9}{row['wall_s']:5.0f}{row['cpu_s']:6.0f}"
            f"  {row['message'][:110]}"
        )
    seeds = sorted({row["seed"] for row in rows})
    confirmed = [sum(row["confirmed"] for row in rows if row["seed"] == s) for s in seeds]
    both = sum(count > 1 for count in confirmed)
    agree = sum(row["truth"] == row["helicopter"] for row in rows)
    print(
        f"drives confirm who is passable in {sum(row['confirmed'] for row in rows)} of {len(rows)} channels, "
        f"both channels in {both} of {len(seeds)} seeds; the helicopter's map agrees in {agree} channels"
    )
    kept = sum(row["kept_limits"] for row in rows)
    print(f"tilt and rocks within the rover's limits in {kept} of {len(rows)} drives")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", default="20,21,22,24", help="a,b,c")
    parser.add_argument("--resume", type=Path, help="JSON lines; channels that it holds are not driven again")
    parser.add_argument("--recipe", default="delta")
    parser.add_argument("--channels", default="", help="A,B: drive only these; all of a world by default")
    parser.add_argument("--surveyed", action="store_true", help="map rendered pictures instead of flying")
    temporary = Path(tempfile.gettempdir())
    parser.add_argument("--worlds", type=Path, default=temporary / "wayscout_worlds")
    parser.add_argument(
        "--runs", type=Path, default=temporary / "wayscout_drives", help="runs are kept there"
    )
    given = parser.parse_args()
    seeds = [int(word) for word in given.seeds.split(",")]
    kept = kept_rows(given.resume, recipe=given.recipe, surveyed=given.surveyed)
    done = {(row["seed"], row["channel"]): row for row in kept}
    for seed in seeds:
        bench(seed, given, done)
    show([row for key, row in sorted(done.items()) if key[0] in seeds])


if __name__ == "__main__":
    main()
