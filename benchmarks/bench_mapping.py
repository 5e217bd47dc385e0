"""Map a simulated survey and compare with the truth: accuracy, coverage, sigma, rocks, sand, speed.

    python benchmarks/bench_mapping.py --world worlds/gully --pose-error 0.02 --out /tmp/bench

Pictures come from the simulator's renderer; poses are the true ones plus errors of the size that the adjusted
track of a flight has.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.camera import Camera, load_camera
from wayscout.geometry import Pose
from wayscout.grid import Bounds, Grid
from wayscout.mapping.mapper import TerrainMapper
from wayscout.worlds.truth import Truth, load_truth

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
DOWN = np.array([[0.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])  # optical frame in the body
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Survey:
    """Pictures, true poses and the flight each belongs to."""

    pictures: list[npt.NDArray[np.uint8]]
    poses: list[Pose]
    flights: list[int]


def survey_poses(truth: Truth, camera: Camera, height: float, seed: int) -> tuple[list[Pose], list[int]]:
    """Fly each corridor out and back, half a side overlap off its middle, `height` [m] above the ground."""
    rng = np.random.default_rng(seed)
    spacing = 0.25 * height * camera.height / camera.fy
    aside = 0.25 * height * camera.width / camera.fx
    poses, flights = [], []
    for number, corridor in enumerate(truth.world.corridors):
        line = along_line(np.array(corridor.centreline), spacing, 6.0)
        ahead = np.gradient(line, axis=0)
        ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
        left = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
        for direction in (1, -1):
            leg = (line - direction * aside * left)[::direction]
            heading = np.arctan2(*(direction * ahead[::direction]).T[::-1])
            for (x, y), yaw in zip(leg, heading, strict=True):
                ground = float(truth.ground.sample("elevation", x, y))
                if not np.isfinite(ground):
                    continue
                roll, pitch = rng.normal(0.0, 0.04, 2)
                z = ground + height + rng.normal(0.0, 0.3)
                body = Pose.from_euler(x, y, z, roll, pitch, yaw + rng.normal(0.0, 0.03))
                poses.append(body @ Pose.from_rotation(DOWN, np.zeros(3)))
                flights.append(number)
    return poses, flights


def along_line(line: Array, spacing: float, beyond: float) -> Array:
    """Points every `spacing` [m] along a smoothed line prolonged at both ends."""
    first, last = line[0] - line[1], line[-1] - line[-2]
    line = np.vstack(
        [
            line[0] + beyond * first / np.linalg.norm(first),
            line,
            line[-1] + beyond * last / np.linalg.norm(last),
        ]
    )
    s = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    at = np.arange(0.0, s[-1], spacing)
    return np.stack([np.interp(at, s, line[:, 0]), np.interp(at, s, line[:, 1])], axis=1)


def take_survey(world: Path, truth: Truth, camera: Camera, height: float, seed: int) -> Survey:
    from wayscout_sim.pictures import PictureRenderer

    poses, flights = survey_poses(truth, camera, height, seed)
    rng = np.random.default_rng(seed)
    pictures = []
    with PictureRenderer(world, truth) as renderer:
        for pose in poses:
            clean = renderer.picture(camera, pose).astype(np.float64)
            pictures.append(np.clip(clean + rng.normal(0.0, 1.5, clean.shape), 0, 255).astype(np.uint8))
    return Survey(pictures, poses, flights)


def disturbed(poses: list[Pose], sigma: float, seed: int) -> list[Pose]:
    """Give poses the errors of an adjusted track: slow ones of several sigma, and small ones of their own.

    Neighbours share features, so that what differs between them is a fraction of a pixel: 0.2 sigma and
    0.01 deg, while the whole flight bends by 3 sigma over tens of pictures.
    """
    rng = np.random.default_rng(seed)
    slow = cv2.GaussianBlur(
        rng.normal(size=(len(poses), 3)), (1, 0), 0.1, sigmaY=12.0, borderType=cv2.BORDER_REFLECT
    )
    slow *= 3.0 * sigma / max(float(slow.std()), 1e-12)
    result = []
    for pose, drift in zip(poses, slow, strict=True):
        turn = Pose.from_euler(0, 0, 0, *(rng.normal(0.0, np.radians(0.01) * (sigma > 0), 3)))
        position = pose.position + drift + rng.normal(0.0, 0.2 * sigma, 3)
        result.append(Pose(position, (turn @ Pose(np.zeros(3), pose.quaternion)).quaternion))
    return result


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
    """Cells of the true channel floors, wall to wall."""
    xs, ys = grid.centres()
    mask = np.zeros(grid.shape, bool)
    for channel in truth.facts["channels"].values():
        line = np.array(channel["centreline"])
        half = np.array(channel["half_width"])
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


def report_elevation(grid: Grid, surface: Array, region: Mask) -> None:
    measured = (grid["measured"] == 1) & np.isfinite(surface)
    filled = (grid["measured"] == 0) & np.isfinite(surface)
    inside = region & measured
    error = grid["elevation"] - surface
    before = rms(error[inside])
    shift = float(np.median(error[inside]))
    error = error - np.mean(error[inside])
    sigma = grid["sigma"]
    print(
        f"coverage of the floors  {inside.sum() / region.sum():.4f} "
        f"(filled in {(region & filled).sum() / region.sum():.4f})"
    )
    print(
        f"RMSE before {before:.4f}, after {rms(error[inside]):.4f} m; median shift {shift:+.4f} m; "
        f"filled {rms(error[region & filled]):.3f} m"
    )
    best = inside & (sigma <= np.median(sigma[inside]))
    print(f"RMSE of the half with the smallest sigma over all: {rms(error[best]) / rms(error[inside]):.3f}")
    for name, mask in strata(surface).items():
        cells = mask & inside
        if cells.any():
            share = float(np.mean(np.abs(error[cells]) <= sigma[cells]))
            print(
                f"  {name:10s} {cells.sum():7d} cells  RMSE {rms(error[cells]):.4f}  "
                f"within 1 sigma {share:.3f}  sigma {np.median(sigma[cells]):.4f}"
            )


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
    parser.add_argument("--out", type=Path, default=None, help="folder for pictures of the result")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    truth = load_truth(given.world)
    camera = load_camera(given.camera)
    survey = take_survey(given.world, truth, camera, given.height, given.seed)
    run(truth, camera, survey, given.pose_error, given.seed, given.out)


def run(truth: Truth, camera: Camera, survey: Survey, pose_error: float, seed: int, out: Path | None) -> Grid:
    poses = disturbed(survey.poses, pose_error, seed)
    warm = TerrainMapper(camera)
    warm.add_flight(survey.pictures[:3], poses[:3])
    mapper = TerrainMapper(camera)
    wall, cpu = time.perf_counter(), time.process_time()
    for flight in sorted(set(survey.flights)):
        mine = [i for i, f in enumerate(survey.flights) if f == flight]
        mapper.add_flight([survey.pictures[i] for i in mine], [poses[i] for i in mine])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    n = len(poses)
    print(f"{n} pictures in {wall:.1f} s: {n / wall:.1f} pictures/s, {cpu / n:.3f} s CPU each")
    grid = mapper.grid()
    surface, sand = true_surface(truth, grid)
    region = floors(truth, grid)
    report_elevation(grid, surface, region)
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
