# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What a reconnaissance finds at made landing sites: sizes, debris, lines, and the time that takes.

Pictures and map are those of four legs at 8 m height without the flight's own simulation, with the pose
errors of an adjusted track (`wayscout_sim.reconnaissance`).

    python benchmarks/bench_sites.py --seeds 101 102 103 --worlds /tmp/worlds [--keep /tmp/recon]
"""

from __future__ import annotations

import argparse
import pickle
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from seeds import Row, keep_row, kept_rows, world_of

from wayscout.sites.inspect import inspect
from wayscout.sites.records import Prior, SiteFindings
from wayscout.worlds.folder import load_world
from wayscout.worlds.truth import Truth, load_truth
from wayscout_sim.reconnaissance import Reconnaissance, fly

SMALLEST = 0.3  # m, pieces that count
NEARLY = 0.24  # m: a piece that is 20 % smaller is no mistake, neither in truth nor as measured
NEAR = 0.1  # m beyond a piece's rim within which a report is of it
MARK_NEAR = 0.9  # m between a blemish and its report


def flown(seed: int, world: Path, keep: Path | None) -> Reconnaissance:
    """Fly a world, or take the flight that an earlier run kept (a file of this benchmark's own)."""
    file = None if keep is None else keep / f"recon_{seed}.pkl"
    if file is not None and file.is_file():
        with file.open("rb") as opened:
            kept: Reconnaissance = pickle.load(opened)
            return kept
    result = fly(world, seed)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as opened:
            pickle.dump(result, opened)
    return result


def judged(findings: SiteFindings, truth: Truth) -> Row:
    """Compare findings with the truth."""
    row: Row = {}
    for kind, fact in (("parachute", "canopy"), ("backshell", "backshell")):
        true = truth.facts[fact]
        found = next(iter(findings.of(kind)), None)  # type: ignore[arg-type]
        row[f"{fact}_found"] = found is not None
        if found is not None:
            row[f"{fact}_error"] = found.size / true["diameter"] - 1.0
            row[f"{fact}_sigmas"] = (found.size - true["diameter"]) / found.size_sigma
            row[f"{fact}_off"] = float(np.hypot(found.position[0] - true["x"], found.position[1] - true["y"]))
            row[f"{fact}_seen"], row[f"{fact}_sides"] = found.seen_share, len(found.seen_from)
    row |= _debris(findings, truth.debris) | _marks(findings, truth.facts["canopy"]["blemishes"])
    shown = np.array([line["visible"] for line in _same_length(truth.facts["lines"])])
    row["lines"], row["lines_visible"] = findings.lines, int((shown.mean(axis=1) > 0.5).sum())
    return row


def _same_length(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    n = min(len(line["visible"]) for line in lines)
    return [{"visible": line["visible"][:n]} for line in lines]


def _debris(findings: SiteFindings, debris: np.ndarray[Any, Any]) -> Row:
    found = np.array([[*o.position[:2], o.size] for o in findings.of("debris")]).reshape(-1, 3)
    apart = np.hypot(found[:, None, 0] - debris[None, :, 0], found[:, None, 1] - debris[None, :, 1])
    near = apart < 0.5 * debris[None, :, 3] + NEAR
    wanted, reported = debris[:, 3] > SMALLEST, found[:, 2] > SMALLEST
    caught = (near & (found[:, 2] > NEARLY)[:, None]).any(axis=0)[wanted]
    right = (near & (debris[:, 3] > NEARLY)[None]).any(axis=1)[reported]
    return {
        "pieces": int(wanted.sum()), "caught": int(caught.sum()),
        "reported": int(reported.sum()), "right": int(right.sum()),
    }  # fmt: skip


def _marks(findings: SiteFindings, blemishes: list[dict[str, Any]]) -> Row:
    marks = [m for o in findings.of("parachute") for m in o.marks]

    def hit(kind: str, x: float, y: float) -> bool:
        return any(m.kind == kind and np.hypot(m.x - x, m.y - y) < MARK_NEAR for m in marks)

    row: Row = {}
    for kind in ("torn", "dark"):
        true = [b for b in blemishes if b["kind"] == kind]
        row[kind], row[f"{kind}_hit"] = len(true), sum(hit(kind, b["x"], b["y"]) for b in true)
        row[f"{kind}_reported"] = sum(m.kind == kind for m in marks)
    return row


def draw(findings: SiteFindings, file: Path) -> None:
    """Write the mosaic with the outlines of what was found."""
    mosaic = findings.mosaic
    image = np.ascontiguousarray(mosaic.colours[..., ::-1])
    tints = {
        "parachute": (255, 255, 0),
        "backshell": (0, 255, 0),
        "debris": (255, 0, 255),
        "line": (255, 255, 255),
    }
    for o in findings.objects:
        pixels = (o.outline[:, :2] - np.array(mosaic.origin)) / mosaic.resolution
        cv2.polylines(image, [np.rint(pixels).astype(np.int32)], o.kind != "line", tints[o.kind], 3)
    scale = 1600.0 / max(image.shape[:2])
    small = cv2.resize(image[::-1], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(file), small)


def run(seed: int, worlds: Path, keep: Path | None, pictures: Path | None) -> Row:
    """Make, fly and inspect one world."""
    folder = world_of(seed, "landing_gear", worlds)
    recon = flown(seed, folder, keep)
    target = load_world(folder).target("parachute")
    prior = Prior(target.x, target.y, target.sigma, target.kind, target.size or 0.0, target.name)
    begin, cpu = time.perf_counter(), time.process_time()
    findings = inspect(recon.pictures, recon.poses, recon.camera, recon.ground, prior)
    seconds, spent = time.perf_counter() - begin, time.process_time() - cpu
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
        draw(findings, pictures / f"site_{seed}.png")
    return {"seed": seed, "seconds": seconds, "cpu": spent, **judged(findings, load_truth(folder))}


def summary(rows: list[Row]) -> None:
    """Print the figures over all seeds."""
    print(f"seeds {[r['seed'] for r in rows]}")
    for fact, limit in (("canopy", 0.03), ("backshell", 0.05)):
        found = [r for r in rows if r[f"{fact}_found"]]
        if not found:
            print(f"{fact}: found 0/{len(rows)}")
            continue
        error = np.abs([r[f"{fact}_error"] for r in found])
        sigmas = np.abs([r[f"{fact}_sigmas"] for r in found])
        within = int(np.sum(error <= limit))
        seen, sides = (np.mean([r[f"{fact}_{k}"] for r in found]) for k in ("seen", "sides"))
        print(
            f"{fact}: found {len(found)}/{len(rows)}, diameter within {limit:.0%} {within}/{len(rows)}, "
            f"median {np.median(error):.2%}, worst {error.max():.2%}; "
            f"within 2 sigma {np.mean(sigmas < 2):.0%}; "
            f"off by {np.median([r[f'{fact}_off'] for r in found]):.2f} m (median); "
            f"{seen:.0%} seen, from {sides:.1f} pictures"
        )
    total = {key: sum(r[key] for r in rows) for key in ("pieces", "caught", "reported", "right")}
    print(
        f"debris over {SMALLEST} m: recall {total['caught']}/{total['pieces']} = "
        f"{total['caught'] / max(1, total['pieces']):.1%}, precision {total['right']}/{total['reported']} = "
        f"{total['right'] / max(1, total['reported']):.1%}"
    )
    for kind in ("torn", "dark"):
        true, hit, said = (sum(r[f"{kind}{k}"] for r in rows) for k in ("", "_hit", "_reported"))
        print(f"{kind} areas: {hit}/{true} found, {said} reported")
    print(f"lines counted {[r['lines'] for r in rows]} of visible {[r['lines_visible'] for r in rows]}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(101, 111)))
    parser.add_argument("--worlds", type=Path, required=True, help="folder for the worlds")
    parser.add_argument("--keep", type=Path, help="folder for pictures and maps, used again by a later run")
    parser.add_argument("--rows", type=Path, help="file of JSON lines that a later run goes on from")
    parser.add_argument("--pictures", type=Path, help="folder for mosaics with what was found")
    given = parser.parse_args()
    rows = kept_rows(given.rows)
    for seed in given.seeds:
        if any(r["seed"] == seed for r in rows):
            continue
        row = run(seed, given.worlds, given.keep, given.pictures)
        print({k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}, flush=True)
        keep_row(given.rows, row)
        rows.append(row)
    rows = [r for r in rows if r["seed"] in given.seeds]
    summary(rows)
    cpu, wall = [r["cpu"] for r in rows], [r["seconds"] for r in rows]
    print(
        f"analysis: CPU median {np.median(cpu):.1f} s, worst {max(cpu):.1f} s; wall worst {max(wall):.1f} s"
    )


if __name__ == "__main__":
    main()
