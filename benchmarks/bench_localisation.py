# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""How well the localiser knows where the helicopter and its pictures are, over a survey of a built-in world.

    python benchmarks/bench_localisation.py worlds/gully --flights A B

Flies each channel out and back at 12 m with the simulator's pictures and a drifting odometry, filters in
flight, adjusts after landing, and prints errors against the truth.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src/wayscout/test/support"))

from synthetic_flight import LASER, MOUNT, DriftingOdometry

from wayscout import config
from wayscout.camera import Camera, load_camera
from wayscout.geometry import Pose
from wayscout.grid import Grid
from wayscout.localisation.campaign import HelicopterCampaign
from wayscout.localisation.flight_adjustment import AdjustmentParams
from wayscout.localisation.helicopter import HelicopterParams
from wayscout.localisation.orbital import Orbital
from wayscout.worlds.folder import load_orbital
from wayscout.worlds.truth import Truth, load_truth
from wayscout_sim.pictures import PictureRenderer

ROOT = Path(__file__).resolve().parents[1]
Array = npt.NDArray[np.float64]


@dataclass
class Sample:
    time: float
    truth: Pose
    odom: Pose
    distance: float
    image: npt.NDArray[np.uint8] | None


def orbital_of(world: Path) -> Orbital:
    read = load_orbital(world)
    image = Grid(read.image_resolution, read.image_origin, read.image.shape, "map")
    image["image"] = read.image
    return Orbital(image, read.elevation, read.meta.shift_sigma, read.meta.elevation_sigma)


def route(line: Array, start: Array, aside: float) -> Array:
    """(n, 3) x, y, heading every 0.1 m: start, along one side of the line, back on the other, to start."""
    along = np.gradient(line, axis=0)
    normal = np.stack([along[:, 1], -along[:, 0]], axis=1) / np.linalg.norm(along, axis=1, keepdims=True)
    points = np.concatenate(
        [start[None], line + 0.5 * aside * normal, (line - 0.5 * aside * normal)[::-1], start[None]]
    )
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    s = np.arange(0.0, length[-1], 0.1)
    x, y = np.interp(s, length, points[:, 0]), np.interp(s, length, points[:, 1])
    kernel = np.ones(21) / 21.0
    x[10:-10], y[10:-10] = np.convolve(x, kernel, "valid"), np.convolve(y, kernel, "valid")
    heading = np.unwrap(np.arctan2(np.gradient(y), np.gradient(x)))
    return np.stack([x, y, heading], axis=1)


def fly(
    truth: Truth, renderer: PictureRenderer, camera: Camera, line: Array, start: Array, seed: int, t0: float,
    odometer: DriftingOdometry,
    height: float = 12.0, speed: float = 4.0, period: float = 0.1, spacing: float = 2.6, aside: float = 6.5,
) -> list[Sample]:  # fmt: skip
    rng = np.random.default_rng(seed)
    ground = truth.ground
    smooth = Grid(ground.resolution, ground.origin, ground.shape)
    smooth["elevation"] = cv2.GaussianBlur(ground["elevation"], (0, 0), 2.0 / ground.resolution)
    way = route(line, start, aside)
    climb = np.arange(0.0, height, 2.0 * period)
    cruise = way[:: round(speed * period / 0.1)]
    track = (
        [(*way[0], h) for h in climb] + [(*p, height) for p in cruise] + [(*way[-1], h) for h in climb[::-1]]
    )
    samples, last, wander = [], None, np.zeros(2)
    for k, (x, y, yaw, above) in enumerate(track):
        moving = 0.0 < above < height
        wander = 0.9 * wander + rng.normal(0, 0.006, 2) * (above > 0.5)
        z = float((ground if above < 1.0 else smooth).sample("elevation", x, y)) + above
        pose = Pose.from_euler(x, y, z, wander[0], wander[1], yaw)
        odom = odometer.read(pose)
        laser = pose @ LASER
        down, t = laser.rotation()[:, 0], above
        for _ in range(6):
            hit = laser.position + t * down
            t = float((ground.sample("elevation", hit[0], hit[1]) - laser.position[2]) / down[2])
        distance = max(0.0, t + float(rng.normal(0, 0.02 + 0.002 * abs(t))))
        image = None
        if not moving and above > 1.0 and (last is None or np.hypot(x - last[0], y - last[1]) >= spacing):
            last = (x, y)
            grey = renderer.picture(camera, pose @ MOUNT).astype(np.float32) + rng.normal(
                0, 2.0, (camera.height, camera.width)
            )
            image = np.clip(grey, 0, 255).astype(np.uint8)
        samples.append(Sample(t0 + k * period, pose, odom, distance, image))
    return samples


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("world", type=Path)
    parser.add_argument("--flights", nargs="+", default=["A", "B"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--camera", default="navigation")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    camera = load_camera(ROOT / f"config/cameras/{args.camera}.yaml")
    truth, orbital = load_truth(args.world), orbital_of(args.world)
    rng = np.random.default_rng(args.seed + 100)
    pad = truth.world.start.helicopter
    z = float(truth.ground.sample("elevation", pad.x, pad.y))
    campaign: HelicopterCampaign | None = None
    renderer = PictureRenderer(args.world, truth)
    t0, odometer = 0.0, DriftingOdometry(np.random.default_rng(args.seed), 0.01)
    for n, name in enumerate(args.flights):
        line = np.array(truth.world.corridor(name).centreline)
        begin = time.perf_counter()
        samples = fly(truth, renderer, camera, line, np.array([pad.x, pad.y]), args.seed + n, t0, odometer)
        pictures = [s for s in samples if s.image is not None]
        print(
            f"flight {name}: {len(samples)} steps, {len(pictures)} pictures, "
            f"drawn in {time.perf_counter() - begin:.0f} s"
        )
        if campaign is None:
            s0 = samples[0].truth
            given = Pose.from_euler(
                *(s0.position[:2] + rng.normal(0, 0.1, 2)), z, yaw=s0.yaw + rng.normal(0, 0.0035)
            )
            campaign = HelicopterCampaign(
                camera, MOUNT, LASER, config.load("localiser", HelicopterParams),
                config.load("localiser", AdjustmentParams), orbital, given, (0.1, 0.1, 0.05), 0.0035,
            )  # fmt: skip
            print(
                "start error",
                np.round(given.position - s0.position, 3),
                "true shift",
                truth_shift(args.world),
            )
        report_flight(campaign, samples, pictures)
        t0 = samples[-1].time + 100.0
        odometer.new_flight()


def truth_shift(world: Path) -> list[float]:
    import yaml

    return list(yaml.safe_load((world / "truth/truth.yaml").read_text())["shift"])


def report_flight(campaign: HelicopterCampaign, samples: list[Sample], pictures: list[Sample]) -> None:
    errors, reasons, cpu = [], {}, 0.0
    for s in samples:
        campaign.step(s.odom, s.distance)
        if s.image is not None:
            t = time.process_time()
            result = campaign.picture(s.time, s.image)
            cpu += time.process_time() - t
            if not result.used:
                key = result.reason.split("(")[0]
                reasons[key] = reasons.get(key, 0) + 1
        errors.append(campaign.filter.pose.position - s.truth.position)
    e = np.array(errors)
    drift = (
        samples[-1].odom.position
        - samples[0].odom.position
        - samples[-1].truth.position
        + samples[0].truth.position
    )
    print(f"  odometry drift at the end {np.round(drift, 2)}")
    f = campaign.filter
    print(
        f"  in flight: largest error xy {np.linalg.norm(e[:, :2], axis=1).max():.3f} m, "
        f"3D {np.linalg.norm(e, axis=1).max():.3f} m, per axis {np.round(np.abs(e).max(axis=0), 3)}; "
        f"sigma {np.round(f.position_sigma, 3)}, shift {np.round(f.shift[0], 3)}; "
        f"{1e3 * cpu / len(pictures):.1f} ms CPU a picture; refused {reasons}"
    )
    t = time.process_time()
    adjusted = campaign.finish_flight()
    cpu = time.process_time() - t
    assert adjusted is not None
    true = [s.truth @ MOUNT for s in pictures]
    e = np.array([p.position for p in adjusted.optical_poses]) - np.array([p.position for p in true])
    turn = [p.rotation().T @ q.rotation() for p, q in zip(adjusted.optical_poses, true, strict=True)]
    angle = np.sqrt(np.mean([np.sum(cv2.Rodrigues(t)[0] ** 2) for t in turn]))
    print(
        f"  adjusted: xy rms {np.sqrt((e[:, :2] ** 2).sum(1).mean()):.3f} m, "
        f"z rms {np.sqrt((e[:, 2] ** 2).mean()):.3f} m, mean {np.round(e.mean(0), 3)}, "
        f"after one shift {np.round(e.std(axis=0), 3)}; attitude {1e3 * angle:.2f} mrad; "
        f"reprojection {adjusted.reprojection_rms:.2f} px of {adjusted.observations} sightings; "
        f"{adjusted.matches} orbital matches; shift {np.round(adjusted.shift, 3)} "
        f"+- {np.round(adjusted.shift_sigma, 2)}; sigma {adjusted.sigmas.min():.3f} to "
        f"{adjusted.sigmas.max():.3f}; {cpu:.1f} s CPU"
    )
    landed = campaign.filter.pose.position - samples[-1].truth.position
    print(f"  landed pose error {np.round(landed, 3)}")


if __name__ == "__main__":
    main()
