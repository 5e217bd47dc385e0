# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Map a simulated survey and compare with the truth: accuracy, coverage, sigma, rocks, sand, speed.

    python benchmarks/bench_mapping.py --world worlds/gully --pose-error 0.02 --out /tmp/bench

Pictures come from the simulator's renderer; poses are the true ones plus errors of the size that the adjusted
track of a flight has. `--vary sigma_step sigma_bend` prints what half and double of such a parameter of
config/mapper.yaml would give.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.camera import Camera, load_camera
from wayscout.grid import Bounds, Grid
from wayscout.mapping.mapper import TerrainMapper
from wayscout.worlds.truth import Truth, load_truth
from wayscout_sim.survey import Survey, map_survey, take_survey

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
ROOT = Path(__file__).resolve().parents[1]
FAR_OFF = 0.1  # m that a cell may be off and still tell where the map lies
BEND = 10.0  # [m] errors that keep their sign over more are bends of the track


def true_surface(truth: Truth, grid: Grid) -> tuple[Array, Array]:
    """Top surface (ground and rocks) and share of sand at the cell centres of a grid."""
    xs, ys = grid.centres()
    z = truth.ground.sample("elevation", xs[None, :], ys[:, None])
    sand = truth.ground.sample("sand", xs[None, :], ys[:, None])
    for x, y, base, width, depth, height, yaw in truth.rocks:
        reach = 0.5 * max(width, depth)
        rows, cols = grid.window(Bounds(x - reach, y - reach, x + reach, y + reach))
        if rows.stop <= rows.start or cols.stop <= cols.start:
            continue
        dx, dy = xs[None, cols] - x, ys[rows, None] - y
        u, v = np.cos(yaw) * dx + np.sin(yaw) * dy, -np.sin(yaw) * dx + np.cos(yaw) * dy
        inside = 1.0 - (2 * u / width) ** 2 - (2 * v / depth) ** 2
        top = base + height * np.sqrt(np.clip(inside, 0.0, None))
        z[rows, cols] = np.where(inside > 0, np.maximum(z[rows, cols], top), z[rows, cols])
    return z, sand


def floors(truth: Truth, grid: Grid) -> Mask:
    """Cells of the true channel floors, wall to wall; of the corridors in a world from an elevation model."""
    xs, ys = grid.centres()
    mask = np.zeros(grid.shape, bool)
    channels = truth.facts.get("channels", {}).values()
    strips = [(np.array(c["centreline"]), np.array(c["half_width"])) for c in channels]
    if not strips:
        corridors = truth.world.corridors
        strips = [(np.array(c.centreline), np.full(len(c.centreline), 0.5 * c.width)) for c in corridors]
    for line, half in strips:
        for (x0, y0), (x1, y1), h0, h1 in zip(line, line[1:], half, half[1:], strict=False):
            for t in np.linspace(0.0, 1.0, 8):
                x, y, h = x0 + t * (x1 - x0), y0 + t * (y1 - y0), h0 + t * (h1 - h0)
                rows, cols = grid.window(Bounds(x - h, y - h, x + h, y + h))
                mask[rows, cols] |= (xs[None, cols] - x) ** 2 + (ys[rows, None] - y) ** 2 < h * h
    return mask


def strata(surface: Array) -> dict[str, Mask]:
    """Flat, steep and rock-edge cells of the true surface."""
    kernel = np.ones((3, 3), np.uint8)
    z = np.nan_to_num(surface, nan=float(np.nanmean(surface))).astype(np.float32)
    gy, gx = np.gradient(cv2.blur(z, (15, 15)), 0.1)
    slope = np.degrees(np.arctan(np.hypot(gx, gy)))
    plane = 0.1 * 2 * (np.abs(gx) + np.abs(gy))
    edge = (cv2.dilate(z, kernel) - cv2.erode(z, kernel)) > 0.12 + plane
    return {"flat": (slope < 10) & ~edge, "steep": (slope >= 10) & ~edge, "rock edge": edge}


def report_elevation(grid: Grid, surface: Array, region: Mask) -> dict[str, tuple[Array, Array]]:
    """Print how good heights and sigma are; return stratum -> errors after the shift, their sigmas [m]."""
    filled = (grid["measured"] == 0) & np.isfinite(surface)
    measured = measured_floor(grid, surface, region)
    error = grid["elevation"] - surface
    upright = error - np.mean(error[measured])
    sigma = grid["sigma"]
    print(
        f"coverage of the floors  {measured.sum() / region.sum():.4f} "
        f"(filled in {(region & filled).sum() / region.sum():.4f})"
    )
    shift, moved = coregister(grid, surface, region)
    placed = grid["elevation"] - moved
    inside = measured & np.isfinite(placed)
    print(
        f"RMSE before {rms(error[measured]):.4f}, after one shift of height {rms(upright[measured]):.4f}, "
        f"of place and height {rms(placed[inside]):.4f} m; "
        f"shift {shift[0]:+.3f} {shift[1]:+.3f} {shift[2]:+.3f} m; "
        f"filled {rms(upright[region & filled]):.3f} m"
    )
    print("sigma, of the errors after the shift of place and height:")
    slow = slow_part(placed, inside, grid.resolution)
    rest = rms((placed - slow)[inside])
    print(f"  bends over more than {BEND:.0f} m {rms(slow[inside]):.4f}, rest {rest:.4f} m")
    square = np.maximum(mean_around(placed**2, inside, 2.0, grid.resolution), 0.0)  # blurring undershoots
    ideal = best_half(placed, np.sqrt(square), inside)
    print(
        f"  RMSE of the half with the smallest sigma over all: {best_half(placed, sigma, inside):.3f} "
        f"({ideal:.3f} if sigma were the true RMSE within a metre around)"
    )
    cells = by_stratum(placed, sigma, moved, inside)
    report_strata(cells)
    print("sigma, of the errors after the shift of height alone:")
    print(f"  RMSE of the half with the smallest sigma over all: {best_half(upright, sigma, inside):.3f}")
    report_strata(by_stratum(upright, sigma, surface, inside))
    return cells


def by_stratum(error: Array, sigma: Array, surface: Array, inside: Mask) -> dict[str, tuple[Array, Array]]:
    """Return stratum of the true surface -> errors and sigmas [m] of its cells."""
    return {name: (error[mask & inside], sigma[mask & inside]) for name, mask in strata(surface).items()}


def coregister(grid: Grid, surface: Array, region: Mask) -> tuple[Array, Array]:
    """The one constant shift that lays the map's floors on the true surface.

    A map stands where the start pose was believed to be, a tenth of a metre off; its sigma tells of the
    errors that are left when it is put where it belongs, as elevation models are compared (Nuth and Kaeaeb
    2011, The Cryosphere 5; here by least squares on the gradient, without cells that are far off).

    Returns:
        (3,) shift of the map [m]; (rows, cols) the true surface moved by it, NaN where unknown.
    """
    shift, size = np.zeros(3), grid.resolution
    rows, cols = np.indices(surface.shape, dtype=np.float32)
    for _ in range(6):
        moved = shift[2] + cv2.remap(
            surface.astype(np.float32),
            cols - np.float32(shift[0] / size),
            rows - np.float32(shift[1] / size),
            cv2.INTER_LINEAR,
            borderValue=float("nan"),
        )
        error = grid["elevation"] - moved
        gy, gx = np.gradient(moved, size)
        use = region & (grid["measured"] == 1) & np.isfinite(error) & np.isfinite(gx) & np.isfinite(gy)
        use &= np.abs(error - np.median(error[use])) < FAR_OFF
        towards = np.stack([-gx[use], -gy[use], np.ones(use.sum())], axis=1)
        shift = shift + np.linalg.lstsq(towards, error[use], rcond=None)[0]
    return shift, moved


def measured_floor(grid: Grid, surface: Array, region: Mask) -> Mask:
    """Measured cells of the floors whose true height is known."""
    return region & (grid["measured"] == 1) & np.isfinite(surface)


def report_strata(cells: dict[str, tuple[Array, Array]]) -> None:
    """Print how honest sigma is: stratum -> errors after the shift and their sigmas [m]."""
    total = sum(float(np.sum(error**2)) for error, _ in cells.values())
    for name, (error, sigma) in cells.items():
        if len(error):
            within = float(np.mean(np.abs(error) <= sigma))
            print(
                f"  {name:10s} {len(error):7d} cells  RMSE {rms(error):.4f} "
                f"({np.sum(error**2) / total:.0%} of the squares)  "
                f"within 1 sigma {within:.3f}  sigma {np.median(sigma):.4f}"
            )


def best_half(error: Array, sigma: Array, inside: Mask) -> float:
    """RMSE of the half of the cells with the smallest sigma over that of all."""
    best = inside & (sigma <= np.median(sigma[inside]))
    return rms(error[best]) / rms(error[inside])


def slow_part(error: Array, inside: Mask, resolution: float, outlier: float = 0.1) -> Array:
    """Mean error in squares of side BEND around each cell, edges of rocks (over `outlier` [m]) left out."""
    return mean_around(error, inside & (np.abs(np.nan_to_num(error)) < outlier), BEND, resolution)


def mean_around(values: Array, known: Mask, width: float, resolution: float) -> Array:
    """Mean of the known values in squares of side `width` [m] around each cell."""
    side = 2 * round(0.5 * width / resolution) + 1
    weight = cv2.blur(known.astype(np.float64), (side, side))
    total = cv2.blur(np.where(known, values, 0.0), (side, side))
    return np.asarray(total / np.maximum(weight, 1e-9))


def vary(mapper: TerrainMapper, surface: Array, region: Mask, names: list[str]) -> None:
    """Print what half and double of sigma's parameters would give, without matching again."""
    usual = mapper.params
    _, moved = coregister(mapper.grid(), surface, region)
    for name in names:
        if not hasattr(usual.surface, name):
            raise SystemExit(f"{name} is none of {[f.name for f in fields(usual.surface)]}")
        for factor in (0.5, 1.0, 2.0):
            value = factor * getattr(usual.surface, name)
            mapper.params = replace(usual, surface=replace(usual.surface, **{name: value}))
            mapper.refinish()
            grid = mapper.grid()
            inside = measured_floor(grid, moved, region)
            error = grid["elevation"] - moved
            parts = [
                f"{kind} {np.mean(np.abs(error[inside & m]) <= grid['sigma'][inside & m]):.3f}"
                for kind, m in strata(moved).items()
                if (inside & m).any()
            ]
            ratio = best_half(error, grid["sigma"], inside)
            print(f"{name} {value:.4g}: best half {ratio:.3f}; within 1 sigma {', '.join(parts)}")
    mapper.params = usual
    mapper.refinish()


def report_rocks(found: Array, grid: Grid, truth: Truth, region: Mask, tall: float = 0.3) -> None:
    """Precision and recall of rocks taller than `tall` on the floors, matched within radius + 0.2 m.

    A find a little lower than `tall` may match, and a real rock a little lower may be found, without harm:
    recall counts the true rocks over `tall`, precision the finds over `tall` that hit a rock over 0.8 `tall`.
    """
    row, col = grid.indices(found[:, 0], found[:, 1])
    found = found[region[np.clip(row, 0, grid.shape[0] - 1), np.clip(col, 0, grid.shape[1] - 1)]]
    row, col = (
        np.clip(v, 0, n - 1)
        for v, n in zip(grid.indices(truth.rocks[:, 0], truth.rocks[:, 1]), grid.shape, strict=True)
    )
    real = truth.rocks[region[row, col] & np.isfinite(grid["elevation"][row, col])]
    hit = np.hypot(real[:, None, 0] - found[None, :, 0], real[:, None, 1] - found[None, :, 1])
    hit = hit < 0.5 * real[:, None, 3] + 0.2
    big = real[:, 5] > tall
    claims = found[:, 3] > tall
    recall = hit[big][:, found[:, 3] > 0.8 * tall].any(axis=1).mean() if big.any() else float("nan")
    precision = hit[real[:, 5] > 0.8 * tall][:, claims].any(axis=0).mean() if claims.any() else float("nan")
    strict = hit[big][:, claims].any(axis=1).mean() if big.any() else float("nan")
    strictly = hit[big][:, claims].any(axis=0).mean() if claims.any() else float("nan")
    print(
        f"rocks > {tall} m: {big.sum()} true, {claims.sum()} found; "
        f"recall {recall:.3f}, precision {precision:.3f}"
        f" (without tolerance of height {strict:.3f}, {strictly:.3f})"
    )
    pairs = np.argwhere(hit[big])
    if len(pairs):
        off = found[pairs[:, 1]] - np.stack([real[big][pairs[:, 0]][:, k] for k in (0, 1, 3, 5, 5)], axis=1)
        print(
            f"  height error {np.mean(off[:, 3]):+.3f} +- {np.std(off[:, 3]):.3f} m, "
            f"width {np.mean(off[:, 2]):+.3f} +- {np.std(off[:, 2]):.3f} m"
        )


def report_sand(grid: Grid, sand: Array, region: Mask) -> None:
    """Precision and recall of cells that are mostly sand; cells in transition (0.3 to 0.7) are left out."""
    estimate = grid["sand"]
    for name, area in (("floors", region), ("everywhere", np.ones_like(region))):
        cells = area & np.isfinite(estimate) & ((sand > 0.7) | (sand < 0.3))
        real, claimed = sand[cells] > 0.5, estimate[cells] > 0.5
        both = (real & claimed).sum()
        print(
            f"sand, {name}: share {real.mean():.3f}, recall {both / max(real.sum(), 1):.3f}, "
            f"precision {both / max(claimed.sum(), 1):.3f}"
        )


def rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2))) if values.size else float("nan")


def picture_of(values: Array, low: float, high: float) -> npt.NDArray[np.uint8]:
    scaled = np.nan_to_num((values - low) / (high - low), nan=0.0)
    return np.asarray((np.clip(scaled, 0, 1) * 255).astype(np.uint8)[::-1])


def hillshade(z: Array, resolution: float) -> npt.NDArray[np.uint8]:
    gy, gx = np.gradient(z, resolution)
    light = (0.5 * gx - 0.5 * gy + 0.7) / np.sqrt(1 + gx * gx + gy * gy)
    return picture_of(light, 0.0, 1.2)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--world", type=Path, default=ROOT / "worlds" / "gully")
    parser.add_argument("--camera", type=Path, default=ROOT / "config" / "cameras" / "navigation.yaml")
    parser.add_argument("--height", type=float, default=12.0, help="height above ground [m]")
    parser.add_argument("--pose-error", type=float, default=0.02, help="error of the adjusted track [m]")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--vary", nargs="*", default=[], metavar="NAME", help="parameters of sigma to halve and to double"
    )
    parser.add_argument("--out", type=Path, default=None, help="folder for pictures of the result")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    truth = load_truth(given.world)
    camera = load_camera(given.camera)
    survey = take_survey(given.world, truth, camera, given.seed, given.height)
    run(truth, camera, survey, given.pose_error, given.seed, given.out, given.vary)


def run(
    truth: Truth,
    camera: Camera,
    survey: Survey,
    pose_error: float,
    seed: int,
    out: Path | None,
    varied: list[str],
) -> Grid:
    TerrainMapper(camera).add_flight(survey.pictures[:3], survey.poses[:3])  # compiles
    wall, cpu = time.perf_counter(), time.process_time()
    mapper = map_survey(camera, survey, seed, pose_error)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    n = len(survey.poses)
    print(f"{n} pictures in {wall:.1f} s: {n / wall:.1f} pictures/s, {cpu / n:.3f} s CPU each")
    grid = mapper.grid()
    surface, sand = true_surface(truth, grid)
    region = floors(truth, grid)
    report_elevation(grid, surface, region)
    vary(mapper, surface, region, varied)
    report_rocks(mapper.rocks(), grid, truth, region)
    report_sand(grid, sand, region)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        error = grid["elevation"] - surface
        cv2.imwrite(str(out / "hillshade.png"), hillshade(grid["elevation"], grid.resolution))
        cv2.imwrite(str(out / "error.png"), picture_of(error - np.nanmedian(error), -0.3, 0.3))
        cv2.imwrite(str(out / "sigma.png"), picture_of(grid["sigma"], 0.0, 0.3))
        cv2.imwrite(str(out / "ortho.png"), picture_of(grid["intensity"], 0, 255))
        cv2.imwrite(str(out / "sand_truth.png"), picture_of(sand, 0, 1))
        cv2.imwrite(str(out / "floors.png"), picture_of(region, 0, 1))
    return grid


if __name__ == "__main__":
    main()
