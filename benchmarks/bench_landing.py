# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Landings on ground seen from the air for the first time: tilt, rocks below the legs, way to the aim.

Each world's helicopter hops from place to place. A hop's wanted point is drawn at random, gentle as far as
the orbital map tells; the helicopter flies there, maps the ground on the way in, chooses a site and lands.
Nothing is known of the ground but the orbital map and the pictures of the hop itself. Flown are the embedded
simulator's physics with wind and sensor noise, its pictures, the localiser's filter and the guidance, in one
process without ROS (`wayscout_sim.sortie`). Judged is where it truly stands: the body's tilt, and the truth's
rocks within the circle of the legs.

    benchmarks/bench_landing.py [--worlds FOLDER] [--seeds 10 11 ...] [--recipe delta] [--rows FILE]

Each landing is added to FILE, from which a later run goes on; a landing takes some 4 s of a core.
Stance and looks were fitted on seeds 20-24.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from seeds import Row, keep_row, kept_rows, world_of

from wayscout.flight import landing
from wayscout.flight.envelope import price
from wayscout.flight.ground import Ground
from wayscout.flight.plan import FlightPlan, FlightWaypoint
from wayscout_sim.sortie import Landing, Sortie

BODY_TILT, WORST_TILT = 6.0, 12.0  # deg
MARGIN = 18.0  # [m] kept from the world's edge, and no more than
MARGIN_SHARE = 0.14  # of its size
HOP = (12.0, 40.0)  # [m] length of a hop
HEIGHT, SPEED = 12.0, 5.0
SOL = 88775.0  # [s] of sun between hops, so that the pack is full


def wanted_point(sortie: Sortie, rng: np.random.Generator) -> tuple[float, float]:
    """Draw a point that a planner might choose by the orbital map."""
    here = sortie.believed.position[:2]
    size = sortie.sim.truth.world.size
    half = 0.5 * size - min(MARGIN, MARGIN_SHARE * size)
    for _ in range(2000):
        length, angle = rng.uniform(*HOP), rng.uniform(-np.pi, np.pi)
        x, y = here + length * np.array([np.cos(angle), np.sin(angle)])
        if max(abs(x), abs(y)) > half:
            continue
        if landing.find_sites(sortie.orbital, (x, y), sortie.limits, basis=landing.ORBITAL, search=2.0):
            return float(x), float(y)
    raise RuntimeError("no gentle ground around")


def hop(
    sortie: Sortie, rng: np.random.Generator, number: int, back: bool = False
) -> tuple[Landing, float, float]:
    """Fly to a drawn point, or there and back; return the landing, the flight's price and CPU time [s]."""
    x, y = wanted_point(sortie, rng)
    here = sortie.believed.position
    yaw = float(np.arctan2(y - here[1], x - here[0]))
    points = [(float(here[0]), float(here[1])), (x, y)]
    if back:
        points.append(points[0])
        x, y = points[0]
    way = tuple(FlightWaypoint(px, py, HEIGHT, SPEED, yaw) for px, py in points)
    begun = time.process_time()
    plan = FlightPlan(number, f"hop {number}", way, ((x, y),))
    ground = Ground([sortie.orbital], sortie.limits.ground_uncertainty)
    return sortie.fly(plan), price(plan, sortie.limits, ground).duration, time.process_time() - begun


def judged(sortie: Sortie, landed: Landing) -> Row:
    """What is true of a landing."""
    pose, truth = landed.true, sortie.sim.truth
    x, y = pose.position[:2]
    rocks = truth.rocks
    gap = np.hypot(rocks[:, 0] - x, rocks[:, 1] - y) - 0.5 * np.minimum(rocks[:, 3], rocks[:, 4])
    below = rocks[gap < sortie.limits.landing_feet]
    believed = landed.believed.position[:2]
    aim = np.asarray(landed.aim) if landed.aim is not None else believed
    site = landed.lander.chosen
    return {
        "tilt": float(np.degrees(pose.tilt())),
        "rock": float(below[:, 5].max()) if len(below) else 0.0,
        "outcome": landed.outcome,
        "message": landed.message,
        "basis": site.basis if site else "",
        "probability": site.probability if site else 0.0,
        "slope": float(np.degrees(site.slope)) if site else 0.0,
        "missed_x": float(believed[0] - aim[0]),
        "missed_y": float(believed[1] - aim[1]),
        "off": float(np.hypot(x - believed[0], y - believed[1])),
        "energy": landed.energy_left,
        "seconds": landed.seconds,
        "lost": landed.lost,
        "x": float(x),
        "y": float(y),
    }


def main() -> None:
    """Fly, keep the rows, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--worlds", type=Path, default=Path("worlds/landing_seeds"))
    parser.add_argument("--recipe", default="delta")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(20)))
    parser.add_argument("--hops", type=int, default=10)
    parser.add_argument("--draw", type=int, default=77, help="of the hops in each world")
    parser.add_argument("--back", action="store_true", help="every second hop comes back to where it began")
    parser.add_argument("--rows", type=Path, default=None, help="JSON lines to add to and go on from")
    args = parser.parse_args()
    rows: list[Row] = []
    for seed in args.seeds:
        kept = kept_rows(args.rows, recipe=args.recipe, seed=seed, draw=args.draw)
        if len(kept) >= args.hops:
            rows += kept
            continue
        sortie = Sortie(world_of(seed, args.recipe, args.worlds), seed)
        rng = np.random.default_rng([seed, args.draw])
        for number in range(args.hops):
            landed, priced, cpu = hop(sortie, rng, number, args.back and number % 2 == 1)
            row = {"recipe": args.recipe, "seed": seed, "draw": args.draw, "hop": number}
            row |= {"cpu": cpu, "priced": priced, **judged(sortie, landed)}
            rows.append(row)
            keep_row(args.rows, row)
            print(
                f"{args.recipe} {seed} {number}: {row['tilt']:4.1f} deg, rock {row['rock']:.2f} m, "
                f"{row['outcome']}, {row['basis']} p {row['probability']:.2f} slope {row['slope']:.1f}, "
                f"missed {np.hypot(row['missed_x'], row['missed_y']):.2f} m, off {row['off']:.2f} m, "
                f"{row['seconds']:.0f} s, cpu {cpu:.1f} s {row['message']} {row['lost']}",
                flush=True,
            )
            if landed.lost:
                break
            sortie.sim.rest(SOL)
        sortie.close()
    report(rows)


def report(rows: list[Row]) -> None:
    """Print the figures."""
    tilt = np.array([r["tilt"] for r in rows])
    rock = np.array([r["rock"] for r in rows])
    missed = np.array([(r["missed_x"], r["missed_y"]) for r in rows])
    print(f"{len(rows)} landings in {len({(r['recipe'], r['seed']) for r in rows})} worlds")
    print(
        f"tilt: median {np.median(tilt):.1f}, 90 % {np.percentile(tilt, 90):.1f}, most {tilt.max():.1f} deg"
    )
    print(f"tilt <= {BODY_TILT:g} deg: {100.0 * np.mean(tilt <= BODY_TILT):.1f} %")
    print(f"tilt > {WORST_TILT:g} deg: {int(np.sum(tilt > WORST_TILT))}")
    print(f"on a rock above 0.08 m: {int(np.sum(rock > 0.08))}")
    late = np.array([r["seconds"] - r["priced"] for r in rows])
    print(f"duration over its price: median {np.median(late):+.1f}, 90 % {np.percentile(late, 90):+.1f} s")
    print(f"scatter about the aim, by its own reckoning: {missed.std():.2f} m per axis")
    print(f"not complete: {sum(r['outcome'] != 'complete' for r in rows)}")
    for basis in sorted({r["basis"] for r in rows}):
        print(f"  site by '{basis}': {sum(r['basis'] == basis for r in rows)}")
    print(f"lost: {sum(bool(r['lost']) for r in rows)}")


if __name__ == "__main__":
    main()
