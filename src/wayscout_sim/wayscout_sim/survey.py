# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A survey without flying it: pictures from where the planned flights take them, for tests and benchmarks.

The planner's flights are followed over the true ground, as the helicopter does by laser range, and the
poses handed to the mapper carry errors of the size that a flight's adjusted track has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wayscout import config
from wayscout.camera import Camera
from wayscout.corridor import Corridor
from wayscout.flight.ground import Ground, follow_ground
from wayscout.flight.plan import HelicopterLimits
from wayscout.flight.survey import plan_survey
from wayscout.flight.trajectory import build
from wayscout.geometry import Pose
from wayscout.grid import Grid
from wayscout.mapping.mapper import MapperParams, TerrainMapper
from wayscout.worlds.truth import Truth, load_truth
from wayscout_sim.pictures import PictureRenderer
from wayscout_sim.sensors import Noise

Picture = npt.NDArray[np.uint8]

DOWN = np.array([[0.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])  # optical frame in the body
TILT, HEADING, HEIGHT = 0.04, 0.03, 0.3  # deviations of roll and pitch, of yaw [rad], of the height [m]
# As benchmarks/bench_localisation.py finds adjusted tracks: bent by 0.02 m over a flight, pictures 2 to 5 m
# apart, of the same or of the next leg, off by 0.004 m against each other.
POSE_ERROR = 0.02
BEND, BEND_LENGTH = 1.5, 15.0  # a track bends by so many sigma over so many metres of ground
OWN, TURN = 0.2, np.radians(0.01)  # of a picture alone: share of sigma, angle [rad]


@dataclass(frozen=True)
class Survey:
    """Pictures of all flights in the order they were taken.

    Attributes:
        pictures: (height, width) uint8 each.
        poses: true pose of the optical frame in map of each.
        flights: number of the flight of each.
    """

    pictures: list[Picture]
    poses: list[Pose]
    flights: list[int]


def survey_poses(
    truth: Truth, camera: Camera, seed: int, height: float | None = None
) -> Iterator[tuple[int, Pose]]:
    """Yield flight number and true pose of every picture of the flights that survey the world's corridors.

    Args:
        height: of the legs above the ground [m]; by default the helicopter's `survey_height`.
    """
    rng = np.random.default_rng(seed)
    limits = config.load("helicopter", HelicopterLimits)
    if height is not None:
        limits = replace(limits, survey_height=height)
    home = truth.world.start.helicopter
    ground = Ground([truth.ground])
    number = 1
    for drawn in truth.world.corridors:
        corridor = Corridor(drawn.name, np.array(drawn.centreline), drawn.width)
        for plan in plan_survey(corridor, (home.x, home.y), camera, limits, first_flight=number):
            path, altitude, _ = follow_ground(build(plan, limits), ground, limits)
            for station in path.pictures:
                (x, y), yaw, _, _ = path.at(station)
                z = float(np.interp(station, path.s, altitude)) + rng.normal(0.0, HEIGHT)
                roll, pitch = rng.normal(0.0, TILT, 2)
                body = Pose.from_euler(x, y, z, roll, pitch, yaw + rng.normal(0.0, HEADING))
                yield number, body @ Pose.from_rotation(DOWN, np.zeros(3))
            number += 1


def take_survey(world: Path, truth: Truth, camera: Camera, seed: int, height: float | None = None) -> Survey:
    """Render the pictures of a survey; see `survey_poses`.

    Args:
        world: world folder, for the texture.
        truth: its truth.
    """
    rng = np.random.default_rng(seed)
    noise = config.load("simulator", Noise).picture_noise
    survey = Survey([], [], [])
    with PictureRenderer(world, truth) as renderer:
        for flight, pose in survey_poses(truth, camera, seed, height):
            clean = renderer.picture(camera, pose).astype(np.float64)
            # As the helicopter's camera: photon noise grows with the root of the light.
            photons = rng.normal(0.0, noise, clean.shape) * np.sqrt(clean / 128.0)
            grey = np.clip(clean + photons, 0, 255)
            survey.pictures.append(grey.astype(np.uint8))
            survey.poses.append(pose)
            survey.flights.append(flight)
    return survey


def disturbed(poses: Sequence[Pose], sigma: float, seed: int) -> list[Pose]:
    """Give poses the errors of an adjusted track of deviation `sigma` [m].

    Pictures of the same ground share features, on one leg and across legs, so that errors bend slowly over
    the ground and what differs between neighbours is a fraction of a pixel.
    """
    rng = np.random.default_rng(seed)
    where = np.array([pose.position[:2] for pose in poses])
    apart = ((where[:, None] - where[None]) ** 2).sum(axis=2)
    near = np.exp(-apart / BEND_LENGTH**2)
    slow = near @ rng.normal(size=(len(poses), 3)) / np.sqrt((near**2).sum(axis=1, keepdims=True))
    slow *= BEND * sigma
    result = []
    for pose, drift in zip(poses, slow, strict=True):
        turn = Pose.from_euler(0, 0, 0, *rng.normal(0.0, TURN * (sigma > 0), 3))
        position = pose.position + drift + rng.normal(0.0, OWN * sigma, 3)
        result.append(Pose(position, (turn @ Pose(np.zeros(3), pose.quaternion)).quaternion))
    return result


def map_survey(
    camera: Camera,
    survey: Survey,
    seed: int,
    pose_error: float = POSE_ERROR,
    params: MapperParams | None = None,
) -> TerrainMapper:
    """Fuse a survey flight by flight, with the poses of a track of `pose_error` [m]."""
    poses = disturbed(survey.poses, pose_error, seed)
    mapper = TerrainMapper(camera, params or MapperParams.load())
    for flight in sorted(set(survey.flights)):
        mine = [i for i, f in enumerate(survey.flights) if f == flight]
        pictures, track = [survey.pictures[i] for i in mine], [poses[i] for i in mine]
        mapper.add_flight(pictures, track, [pose_error] * len(mine))
    return mapper


def surveyed(world: Path, camera: Camera, seed: int, params: MapperParams | None = None) -> Grid:
    """Return the helicopter's map of a world, from rendered pictures of its corridors."""
    survey = take_survey(world, load_truth(world), camera, seed)
    return map_survey(camera, survey, seed, params=params).grid()
