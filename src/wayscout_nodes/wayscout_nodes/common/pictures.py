# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Which pictures have come, which flights wait for theirs."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from wayscout_interfaces.msg import PictureTrack

from wayscout.camera import Camera
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout_nodes.common import convert

Image = npt.NDArray[np.uint8]
Stamp = tuple[int, int]


@dataclass(frozen=True)
class Track:
    """Where the pictures of a flight were taken: a checked PictureTrack."""

    flight: int
    stamps: list[Stamp]
    poses: list[Pose]
    sigmas: list[float]


class PictureShelf:
    """Raw pictures by stamp, the newest `capacity` of them, and the camera that took them."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._pictures: OrderedDict[Stamp, Image] = OrderedDict()
        self.camera: Camera | None = None

    def put(self, stamp: Stamp, picture: Image) -> None:
        self._pictures[stamp] = picture.copy()
        while len(self._pictures) > self._capacity:
            self._pictures.popitem(last=False)

    def missing(self, stamps: list[Stamp]) -> int:
        """How many of the stamps have no picture yet."""
        return sum(stamp not in self._pictures for stamp in stamps)

    def take(self, track: Track) -> tuple[list[Image], list[Pose], list[float]]:
        """Take a flight's pictures off the shelf; stamps without a picture are left out."""
        held = [k for k, stamp in enumerate(track.stamps) if stamp in self._pictures]
        pictures = [self._pictures.pop(track.stamps[k]) for k in held]
        return pictures, [track.poses[k] for k in held], [track.sigmas[k] for k in held]

    def __len__(self) -> int:
        return len(self._pictures)


def check_track(message: PictureTrack, field: str) -> Track:
    """Return a PictureTrack's content.

    Raises:
        InvalidInput: naming the field that is of the wrong length, not finite or not a rotation.
    """
    count = len(message.stamps)
    if message.header.frame_id not in ("", "map"):
        raise InvalidInput(f"{field}.header.frame_id", message.header.frame_id, "the frame 'map' is needed")
    for name in ("poses", "position_sigma"):
        if len(getattr(message, name)) != count:
            raise InvalidInput(
                f"{field}.{name}", len(getattr(message, name)), f"one for each of {count} stamps is needed"
            )
    poses = [convert.pose(pose, f"{field}.poses[{k}]") for k, pose in enumerate(message.poses)]
    sigmas = [float(s) for s in message.position_sigma]
    for k, sigma in enumerate(sigmas):
        if not (np.isfinite(sigma) and sigma >= 0.0):
            raise InvalidInput(
                f"{field}.position_sigma[{k}]", sigma, "a finite number of at least 0 m is needed"
            )
    return Track(int(message.flight), [(s.sec, s.nanosec) for s in message.stamps], poses, sigmas)
