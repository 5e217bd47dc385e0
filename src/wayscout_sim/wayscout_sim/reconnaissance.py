# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A reconnaissance without flying it: pictures and map of a landing site, for tests and benchmarks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wayscout import config
from wayscout.camera import Camera, load_camera
from wayscout.geometry import Pose
from wayscout.grid import Grid
from wayscout.mapping.mapper import MapperParams, TerrainMapper
from wayscout.worlds.truth import Truth, load_truth
from wayscout_nodes.common.bodies import fixed_offset
from wayscout_sim.pictures import PictureRenderer
from wayscout_sim.sensors import Noise
from wayscout_sim.survey import HEADING, HEIGHT, POSE_ERROR, TILT, Picture, disturbed

Array = npt.NDArray[np.float64]

LEGS = (-9.0, -3.0, 3.0, 9.0)  # m beside the line through both targets
OVERSHOOT = (8.0, 4.0)  # m that legs reach beyond the parachute's and the backshell's middle
GREY_SPACING = 1.8  # m
COLOUR = (3, 2, 2, 3)  # colour pictures of each leg


@dataclass(frozen=True)
class Reconnaissance:
    """Colour pictures with the poses that a flight's adjusted track gives them, and the map of its flight.

    Attributes:
        pictures: (h, w, 3) uint8 RGB each.
        poses: believed pose of the optical frame in map of each.
        camera: of the colour pictures.
        ground: map of the grey pictures.
        length: of the legs and turns [m].
    """

    pictures: list[Picture]
    poses: list[Pose]
    camera: Camera
    ground: Grid
    length: float


def fly(world: Path, seed: int, *, height: float = 8.0, pose_error: float = POSE_ERROR) -> Reconnaissance:
    """Fly legs along the line through a world's parachute and backshell, as its targets place them."""
    truth = load_truth(world)
    folder = config.directory() / "cameras"
    grey, colour = load_camera(folder / "navigation.yaml"), load_camera(folder / "colour.yaml")
    mounts = fixed_offset("helicopter", "navcam_optical"), fixed_offset("helicopter", "colour_optical")
    stations, wide, length = stations_of(truth, height, seed)
    rng = np.random.default_rng([seed, 7])
    noise = config.load("simulator", Noise).picture_noise
    with PictureRenderer(world, truth) as renderer:
        greys = [noisy(renderer.picture(grey, p @ mounts[0]), noise, rng) for p in stations]
        colours = [noisy(renderer.picture(colour, p @ mounts[1], colour=True), noise, rng) for p in wide]
    # one track: colour pictures share its bends
    believed = disturbed([*stations, *wide], pose_error, seed)
    mapper = TerrainMapper(grey, MapperParams.load())
    track = [p @ mounts[0] for p in believed[: len(stations)]]
    mapper.add_flight(greys, track, [pose_error] * len(greys))
    return Reconnaissance(
        colours, [p @ mounts[1] for p in believed[len(stations) :]], colour, mapper.grid(), length
    )


def noisy(clean: Picture, noise: float, rng: np.random.Generator) -> Picture:
    """Add photon noise, which grows with the root of the light."""
    grain = rng.standard_normal(clean.shape, dtype=np.float32) * noise * np.sqrt(clean / np.float32(128.0))
    return np.clip(clean + grain + 0.5, 0, 255).astype(np.uint8)


def stations_of(truth: Truth, height: float, seed: int) -> tuple[list[Pose], list[Pose], float]:
    """Return the body's true poses at grey and at colour pictures, and the length of legs and turns [m]."""
    rng = np.random.default_rng([seed, 8])
    a, b = (np.array([t.x, t.y]) for t in (truth.world.target("parachute"), truth.world.target("backshell")))
    along = (b - a) / np.linalg.norm(b - a)
    aside = np.array([-along[1], along[0]])
    begin, end = a - OVERSHOOT[0] * along, b + OVERSHOOT[1] * along
    span = float(np.linalg.norm(end - begin))

    def body(at: Array, yaw: float) -> Pose:
        z = float(truth.ground.sample("elevation", *at)) + height + rng.normal(0.0, HEIGHT)
        roll, pitch = rng.normal(0.0, TILT, 2)
        return Pose.from_euler(at[0], at[1], z, roll, pitch, yaw + rng.normal(0.0, HEADING))

    grey: list[Pose] = []
    colour: list[Pose] = []
    for k, offset in enumerate(LEGS):
        forward = along if k % 2 == 0 else -along
        first = (begin if k % 2 == 0 else end) + offset * aside
        # the outer legs look inwards, the inner ones ahead
        look = forward if k in (1, 2) else -np.sign(offset) * aside
        yaw = float(np.arctan2(look[1], look[0]))
        grey += [body(first + s * forward, yaw) for s in np.arange(0.0, span, GREY_SPACING)]
        at = (np.arange(COLOUR[k]) + (0.5 if COLOUR[k] > 2 else 0.15)) / COLOUR[k] * span
        colour += [body(first + s * forward, yaw) for s in at]
    return grey, colour, len(LEGS) * span + (LEGS[-1] - LEGS[0])
