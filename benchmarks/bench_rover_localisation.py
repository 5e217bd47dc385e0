# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""How well the localiser knows where the rover is, along a channel of a built-in world.

    python benchmarks/bench_rover_localisation.py worlds/gully --channel B

Drives the channel's true centreline with slip by slope and sand, wheel and gyro errors and depth pictures
as the embedded simulator draws them, on a map with 4 cm of smooth error, and prints errors against the truth.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src/wayscout/test/support"))

from synthetic_flight import MOUNT as NAVCAM
from synthetic_survey import _noise

from wayscout import config
from wayscout.camera import load_camera
from wayscout.geometry import Pose
from wayscout.grid import Bounds, Grid
from wayscout.localisation.rover import RoverFilter, RoverParams, SlipCurve
from wayscout.worlds.truth import Truth, load_truth
from wayscout_nodes.common.bodies import fixed_offset
from wayscout_sim.pictures import PictureRenderer
from wayscout_sim.rover import ground_pose

ROOT = Path(__file__).resolve().parents[1]
Array = npt.NDArray[np.float64]
CAMERAS = ROOT / "config/cameras"


def spaced(line: Array, step: float) -> Array:
    """(n, 3) x, y, heading every `step` [m] along a line."""
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    s = np.arange(0.0, length[-1], step)
    x, y = np.interp(s, length, line[:, 0]), np.interp(s, length, line[:, 1])
    n = 2 * round(2.0 / step) + 1
    x, y = (np.convolve(np.pad(v, n // 2, mode="edge"), np.ones(n) / n, "valid") for v in (x, y))
    return np.stack([x, y, np.unwrap(np.arctan2(np.gradient(y), np.gradient(x)))], axis=1)


def survey_map(truth: Truth, renderer: PictureRenderer, way: Array, error: float, seed: int) -> Grid:
    """What the helicopter's map would hold: the mean height of what is seen from above in each 0.1 m cell."""
    camera = load_camera(CAMERAS / "navigation.yaml")
    low, high = way[:, :2].min(axis=0) - 8.0, way[:, :2].max(axis=0) + 8.0
    grid = Grid.over(Bounds(low[0], low[1], high[0], high[1]), 0.1)
    total, count = np.zeros(grid.shape), np.zeros(grid.shape)
    v, u = np.mgrid[: camera.height : 3, : camera.width : 3]
    rays = camera.rays(np.stack([u.ravel(), v.ravel()], axis=1))
    for x, y, yaw in way[::40]:
        z = float(truth.ground.sample("elevation", x, y)) + 12.0
        pose = Pose.from_euler(x, y, z, yaw=yaw) @ NAVCAM
        depth = renderer.depth(camera, pose)[v, u].ravel()
        seen = np.isfinite(depth)
        points = pose.apply(rays[seen] / rays[seen, 2:] * depth[seen, None])
        row, col = grid.indices(points[:, 0], points[:, 1])
        inside = (row >= 0) & (col >= 0) & (row < grid.shape[0]) & (col < grid.shape[1])
        np.add.at(total, (row[inside], col[inside]), points[inside, 2])
        np.add.at(count, (row[inside], col[inside]), 1.0)
    with np.errstate(invalid="ignore"):
        grid["elevation"] = total / np.where(count > 0, count, np.nan)
    grid["elevation"] += error * _noise(np.random.default_rng(seed), grid.shape, 5.0)
    xs, ys = grid.centres()
    sand = truth.ground.sample("sand", xs[None], ys[:, None])
    grid["sand"] = np.clip(np.nan_to_num(sand), 0.0, 1.0)
    return grid


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("world", type=Path)
    parser.add_argument("--channel", default="B")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-sand-layer", action="store_true", help="let slip come as a surprise")
    parser.add_argument("--map-error", type=float, default=0.04, help="of the elevation map [m]")
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    truth = load_truth(args.world)
    channels = yaml.safe_load((args.world / "truth/truth.yaml").read_text())["channels"]
    way = spaced(np.array(channels[args.channel]["centreline"], dtype=float), 0.1)
    renderer = PictureRenderer(args.world, truth)
    ground = survey_map(truth, renderer, way, args.map_error, args.seed)
    if args.no_sand_layer:
        del ground.layers["sand"]
    camera, mount = load_camera(CAMERAS / "hazard_depth.yaml"), fixed_offset("rover", "hazcam_optical")
    table = config.read("rover")
    curve = SlipCurve(np.deg2rad(table["slip_slopes"].value), np.array(table["slip_on_sand"].value))

    begin = time.perf_counter()
    samples = []
    position, yaw, last, since = np.zeros(3), 0.0, None, np.inf
    wheel, gyro = 1.0 + 0.003 * rng.normal(), 1.0 + 0.001 * rng.normal()
    for x, y, heading in way:
        pose = ground_pose(truth, x, y, heading, 1.3)
        roll, pitch, _ = pose.euler()
        if last is not None:
            turn = pose.yaw - last.yaw
            yaw += gyro * ((turn + np.pi) % (2 * np.pi) - np.pi) + rng.normal(0, 3e-6)
            sand = float(truth.ground.sample("sand", x, y))
            slip = curve.expected(-pitch, sand) + 0.02 + 0.05 * sand
            step = wheel * float(np.linalg.norm(pose.position - last.position)) / (1.0 - min(slip, 0.8))
            level = Pose.from_euler(0, 0, 0, roll, pitch + rng.normal(0, 0.00087), yaw)
            position = position + step * level.rotation()[:, 0]
            since += step
        odom = Pose.from_euler(*position, roll + rng.normal(0, 0.00087), pitch + rng.normal(0, 0.00087), yaw)
        depth = None
        if since >= 0.5:
            since = 0.0
            exact = renderer.depth(camera, pose @ mount)
            depth = exact + 0.002 * exact**2 * rng.standard_normal(exact.shape).astype(np.float32)
            depth[(exact > 8.0) | (rng.random(exact.shape) < 0.01)] = np.nan
        samples.append((pose, odom, depth))
        last = pose
    drawn = time.perf_counter() - begin

    first = samples[0][0]
    given = Pose.from_euler(
        *(first.position + rng.normal(0, [0.1, 0.1, 0.03])), yaw=first.yaw + rng.normal(0, 0.0035)
    )
    rover = RoverFilter(
        camera,
        mount,
        config.load("localiser", RoverParams),
        given,
        slip=None if args.no_sand_layer else curve,
    )
    rover.add_tile(ground)
    errors, reasons, cpu, frames = [], {}, 0.0, 0
    for pose, odom, depth in samples:
        rover.step(odom)
        if depth is not None:
            start = time.process_time()
            result = rover.depth(depth)
            cpu += time.process_time() - start if frames > 2 else 0.0
            frames += 1
            if not result.used:
                reasons[result.reason] = reasons.get(result.reason, 0) + 1
        errors.append(rover.pose.position - pose.position)
    e = np.array(errors)
    way_length = float(np.linalg.norm(np.diff([s[0].position for s in samples], axis=0), axis=1).sum())
    wheels = float(np.linalg.norm(np.diff([s[1].position for s in samples], axis=0), axis=1).sum())
    print(
        f"channel {args.channel}: {way_length:.0f} m driven, {wheels - way_length:.1f} m lost to slip, "
        f"{frames} frames, drawn in {drawn:.0f} s"
    )
    print(
        f"  error rms {np.round(np.sqrt((e**2).mean(0)), 3)}, largest {np.round(np.abs(e).max(0), 3)}, "
        f"at the end {np.round(e[-1], 3)} m; sigma {np.round(rover.position_sigma, 3)}; "
        f"{1e3 * cpu / max(frames - 3, 1):.1f} ms CPU a frame; not used {reasons}"
    )


if __name__ == "__main__":
    main()
