# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What the localiser reads from messages, checked field by field."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from nav_msgs.msg import Odometry
from rclpy.node import Node
from sensor_msgs.msg import Range
from wayscout_interfaces.msg import OrbitalMap

from wayscout.config import load
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.grid import Grid
from wayscout.localisation.orbital import Orbital
from wayscout.localisation.rover import SlipCurve
from wayscout_nodes.common import convert, parameters


@dataclass(frozen=True)
class Start:
    """Where a vehicle stands before the mission; z is NaN where nobody surveyed it."""

    x: float
    y: float
    yaw: float
    z: float
    position_sigma: float
    yaw_sigma: float
    height_sigma: float = 0.1

    def pose(self, orbital: Orbital | None) -> tuple[Pose, np.ndarray[tuple[int], np.dtype[np.float64]]]:
        """Return base_link in map and the (3,) sigma [m]; an unsurveyed height is the orbital one."""
        z, sigma_z = self.z, self.height_sigma
        if not math.isfinite(z):
            z, sigma_z = 0.0, 2.0
            if orbital is not None:
                height = float(orbital.elevation.sample("elevation", self.x, self.y))
                if math.isfinite(height):
                    z, sigma_z = height, 2.0 * orbital.elevation_sigma
        sigma = np.array([self.position_sigma, self.position_sigma, sigma_z])
        return Pose.from_euler(self.x, self.y, z, yaw=self.yaw), sigma


@dataclass(frozen=True)
class _SlipTable:
    slip_slopes: list[float]
    slip_on_sand: list[float]


def declare_starts(node: Node) -> dict[str, Start]:
    """Declare where the vehicles start as parameters of the run: vehicle -> Start.

    Raises:
        InvalidInput: naming the parameter when it is not x, y [m], yaw [rad], or a sigma is not positive.
    """
    sigmas = []
    for name, default, unit in (
        ("start_position_sigma", 0.1, "m"),
        ("start_yaw_sigma", 0.0035, "rad"),
        ("start_height_sigma", 0.1, "m"),
    ):
        text = f"standard deviation of the start poses [{unit}]"
        sigma = float(parameters.declare_one(node, name, default, text))
        if not (math.isfinite(sigma) and sigma > 0.0):
            raise InvalidInput(f"{node.get_name()}.{name}", sigma, f"a positive number [{unit}] is needed")
        sigmas.append(sigma)
    starts = {}
    for vehicle in ("helicopter", "rover"):
        name = f"{vehicle}_start"
        text = f"{vehicle}'s x [m], y [m], yaw [rad] in map"
        pose = [float(v) for v in parameters.declare_one(node, name, [0.0, 0.0, 0.0], text)]
        if len(pose) != 3 or not all(math.isfinite(v) for v in pose):
            raise InvalidInput(f"{node.get_name()}.{name}", pose, "x [m], y [m] and yaw [rad] are needed")
        text = f"{vehicle}'s surveyed z [m], NaN where nobody surveyed it"
        z = float(parameters.declare_one(node, f"{name}_z", math.nan, text))
        starts[vehicle] = Start(pose[0], pose[1], pose[2], z, *sigmas)
    return starts


def slip_curve() -> SlipCurve:
    """Return the slip on sand from config/rover.yaml, in radians."""
    table = load("rover", _SlipTable)
    return SlipCurve(np.deg2rad(table.slip_slopes), np.asarray(table.slip_on_sand))


def orbital(message: OrbitalMap) -> Orbital:
    """Return the orbital map; raises InvalidInput naming the field."""
    elevation = convert.tile(message.elevation, "map/orbital.elevation")
    picture = np.asarray(convert.image(message.image, ["mono8"], "map/orbital.image"))
    origin = convert.point(message.image_origin, "map/orbital.image_origin")
    image = Grid(
        float(message.image_resolution),
        (float(origin[0]), float(origin[1])),
        (picture.shape[0], picture.shape[1]),
        "map",
        {"image": picture[::-1].astype(np.float32)},
    )
    return Orbital(image, elevation, float(message.shift_sigma), float(message.elevation_sigma))


def odometry(message: Odometry, topic: str) -> Pose:
    return convert.pose(message.pose.pose, f"{topic}.pose")


def distance(message: Range | None) -> float:
    """Return the laser range [m], NaN for no echo."""
    if message is None or not math.isfinite(message.range) or message.range <= 0.0:
        return math.nan
    if message.max_range > 0.0 and not message.min_range <= message.range <= message.max_range:
        return math.nan
    return float(message.range)
