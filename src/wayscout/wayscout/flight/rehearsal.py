# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A few pictures of made-up ground, taken through the eyes of a flight before the first real one.

Kernels are compiled when they are first called, once on a machine: half a minute in all. Where time waits for
nobody (Gazebo, a real vehicle) that would pass in the air.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.camera import Camera
from wayscout.flight.lander import Lander
from wayscout.geometry import Pose
from wayscout.grid import Grid
from wayscout.localisation.campaign import HelicopterCampaign
from wayscout.localisation.orbital import Orbital

_HEIGHT = 6.0  # m above the ground
_STEP = 1.2  # m from picture to picture, landing_look of the height
_COUNT = 4
_TEXEL = 0.02  # m
_TEXELS = 1024  # of the ground's side; it repeats beyond
_FLAT = 12.0  # m, half the side of the orbital map


@dataclass(frozen=True)
class _Taken:
    time: float
    image: npt.NDArray[np.uint8]
    odom: Pose


def rehearse_localisation(flight: HelicopterCampaign, camera: Camera, mount: Pose) -> None:
    """Let a flight that nobody flies take pictures.

    Args:
        flight: at the origin of `map`, on `flat_orbital`; of no use afterwards.
        camera: the downward camera; mount: its optical frame in base_link.
    """
    flight.step(Pose.identity())
    for taken in _pictures(camera, mount):
        flight.step(taken.odom, _HEIGHT)
        flight.picture(taken.time, taken.image)


def rehearse_landing(lander: Lander, camera: Camera, mount: Pose) -> None:
    """Let a lander weigh the place below.

    Args:
        lander: with its `look`; of no use afterwards.
        camera: the downward camera; mount: its optical frame in base_link.
    """
    lander.begin()
    lander.locate(Pose.identity(), _HEIGHT)
    for taken in _pictures(camera, mount):
        lander.add_picture(taken.time, taken.image, taken.odom, _HEIGHT)
    lander.inspect((_COUNT * _STEP, 0.0))


def flat_orbital() -> Orbital:
    """Return an orbital map of the made-up ground, level at z = 0."""
    coarse = cv2.resize(_ground(), None, fx=_TEXEL / 0.25, fy=_TEXEL / 0.25, interpolation=cv2.INTER_AREA)
    corner, cells = (-_FLAT, -_FLAT), int(2 * _FLAT)
    image = np.resize(coarse, (4 * cells, 4 * cells)).astype(np.float32)
    level = np.zeros((cells, cells), np.float32)
    return Orbital(
        Grid(0.25, corner, image.shape, "map", {"image": image}),
        Grid(1.0, corner, level.shape, "map", {"elevation": level}),
    )


def _pictures(camera: Camera, mount: Pose) -> Iterator[_Taken]:
    v, u = np.mgrid[: camera.height, : camera.width]
    rays = camera.rays(np.stack([u.ravel(), v.ravel()], axis=1))
    ground = _ground()
    for k in range(_COUNT):
        odom = Pose.from_euler(k * _STEP, 0.0, _HEIGHT)
        eye = odom @ mount
        seen = rays @ eye.rotation().T
        reach = eye.position[2] / np.maximum(-seen[:, 2], 0.05)
        places = (eye.position[:2] + seen[:, :2] * reach[:, None]) / _TEXEL
        places = (places % _TEXELS).reshape(camera.height, camera.width, 2).astype(np.float32)
        picture = cv2.remap(ground, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        yield _Taken(float(k + 1), np.asarray(picture, dtype=np.uint8), odom)


def _ground() -> npt.NDArray[np.uint8]:
    grain = np.random.default_rng(0).standard_normal((_TEXELS, _TEXELS)).astype(np.float32)
    rough = sum(cv2.GaussianBlur(grain, (0, 0), s) * s for s in (1.5, 6.0, 24.0))
    return np.clip(120.0 + 40.0 * np.asarray(rough), 0.0, 255.0).astype(np.uint8)
