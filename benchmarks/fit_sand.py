# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Fit the weights by which sand is told from firm ground, and judge them on worlds that took no part.

    python benchmarks/fit_sand.py --fit gully:101 delta:101 --judge gully:201 delta:205 --folder /tmp/sand

Worlds are given as recipe:seed, or as a folder. Each is surveyed once from rendered pictures, mapped, and its
layers are kept in the folder, so that fitting again takes seconds. Cells take part with more and with less
grain too, lest the weights trust in a sharpness that other pictures do not have. With --judge alone the
weights in config/terrain.yaml are judged. The last lines are what config/terrain.yaml should hold.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from bench_mapping import ROOT, floors, true_surface
from scipy.optimize import minimize

from wayscout import config
from wayscout.camera import Camera, load_camera
from wayscout.grid import Grid
from wayscout.terrain.sand import FEATURES, SandParams, features
from wayscout.worlds.generate import new_world
from wayscout.worlds.truth import load_truth
from wayscout_sim.survey import map_survey, take_survey

Array = npt.NDArray[np.float64]
GRAIN = np.array([name.startswith("grain") for name in FEATURES], dtype=np.float64)
Mask = npt.NDArray[np.bool_]
LAYERS = ("elevation", "intensity", "texture")
CELLS = 60_000  # of each world that take part, so that large worlds do not outvote small ones
MISSED = 5.0  # cells of firm ground taken for sand that weigh as much as one cell of sand missed
SHARPNESS = 0.1  # by which log contrast within cells may differ between cameras, heights and kinds of ground
RIDGE = 1e-4  # keeps weights of cues that say the same from growing against each other


def surveyed(name: str, folder: Path, camera: Camera) -> tuple[Grid, Array, Mask]:
    """Map layers of a world, its true share of sand and its channel floors, made on first need."""
    file = folder / f"{name.replace(':', '_').replace('/', '_')}.npz"
    if not file.exists():
        world, seed = (
            (Path(name), 1)
            if Path(name).is_dir()
            else (folder / "worlds" / file.stem, int(name.split(":")[1]))
        )
        if not world.is_dir():
            new_world(seed, world, name.split(":")[0])
        truth = load_truth(world)
        store = map_survey(camera, take_survey(world, truth, camera, seed), seed).store
        covered = store.covered()
        assert covered is not None
        made = store.grid(covered, LAYERS)
        layers = {layer: made[layer] for layer in LAYERS}
        sand = true_surface(truth, made)[1]
        where = np.array([made.resolution, *made.origin])
        np.savez(file, where=where, true_sand=sand, floors=floors(truth, made), **layers)
    with np.load(file) as kept:
        grid = Grid(float(kept["where"][0]), tuple(kept["where"][1:]), kept["elevation"].shape)
        for layer in LAYERS:
            grid[layer] = kept[layer]
        return grid, kept["true_sand"], kept["floors"]


def cells(
    grid: Grid, sand: Array, floor: Mask, params: SandParams
) -> tuple[Array, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Cues, truth and whether on a floor, of the cells with over 0.7 or below 0.3 sand."""
    cues = features(grid, params)
    use = np.isfinite(cues[FEATURES[0]]) & ((sand > 0.7) | (sand < 0.3))
    return np.stack([cues[name][use] for name in FEATURES], axis=1).astype(float), sand[use] > 0.5, floor[use]


def fit(cues: Array, sand: npt.NDArray[np.bool_]) -> tuple[Array, float]:
    """Weights and constant of the logistic function with the least weighted log loss."""
    mean, spread = cues.mean(axis=0), cues.std(axis=0)
    x = np.column_stack([(cues - mean) / spread, np.ones(len(cues))])
    weight = np.where(sand, MISSED, 1.0)
    weight /= weight.sum()

    def loss(b: Array) -> tuple[float, Array]:
        score = x @ b
        share = 1.0 / (1.0 + np.exp(-np.clip(score, -40, 40)))
        gradient = x.T @ (weight * (share - sand))
        gradient[:-1] += 2.0 * RIDGE * b[:-1]
        value = weight @ (np.logaddexp(0.0, score) - sand * score) + RIDGE * (b[:-1] ** 2).sum()
        return float(value), gradient

    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x
    weights = found[:-1] / spread
    return weights, float(found[-1] - weights @ mean)


def judge(name: str, cues: Array, sand: Mask, floor: Mask, weights: Array, prior: float) -> None:
    """Print share of sand, recall and precision on the channel floors and wherever pictures reached."""
    claimed = cues @ weights + prior > 0.0
    text = []
    for region, use in (("floors", floor), ("everywhere", np.ones_like(floor))):
        both = (sand & claimed & use).sum()
        recall, precision = both / max(1, (sand & use).sum()), both / max(1, (claimed & use).sum())
        text.append(f"{region} {sand[use].mean():.3f} sand, recall {recall:.3f}, precision {precision:.3f}")
    print(f"{name:24s} {'; '.join(text)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fit", nargs="*", default=[], metavar="WORLD")
    parser.add_argument("--judge", nargs="*", default=[], metavar="WORLD", help="worlds to hold out")
    parser.add_argument("--folder", type=Path, required=True, help="where worlds and layers are kept")
    parser.add_argument(
        "--camera",
        type=Path,
        default=ROOT / "config" / "cameras" / "navigation.yaml",
        help="as on the survey",
    )
    given = parser.parse_args()
    cv2.setNumThreads(1)
    camera, params = load_camera(given.camera), config.load("terrain", SandParams)
    given.folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    weights, prior = np.array(params.sand_weights), params.sand_prior
    if given.fit:
        drawn = []
        for name in given.fit:
            cues, sand, _ = cells(*surveyed(name, given.folder, camera), params)
            chosen = rng.permutation(len(sand))[:CELLS]
            changes = (-SHARPNESS, 0.0, SHARPNESS)
            drawn += [(cues[chosen] + change * GRAIN, sand[chosen]) for change in changes]
        weights, prior = fit(*(np.concatenate(part) for part in zip(*drawn, strict=True)))
        weights, prior = np.round(weights, 2), round(prior, 2)
    for name in [*given.fit, *given.judge]:
        judge(
            f"{name}{' (fitted)' * (name in given.fit)}",
            *cells(*surveyed(name, given.folder, camera), params),
            weights,
            prior,
        )
    print(f"sand_weights: {weights.tolist()}\nsand_prior: {prior}")


if __name__ == "__main__":
    main()
