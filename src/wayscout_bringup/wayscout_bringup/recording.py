# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Recording a run with `ros2 bag`: the topics, and the command."""

from __future__ import annotations

import os

from wayscout.errors import InvalidInput
from wayscout.worlds.folder import load_world
from wayscout_bringup.node_table import Options, installed
from wayscout_bringup.topics import GLOBAL, PICTURES, recorded


def topics(options: Options, *, pictures: bool) -> list[str]:
    """Return the full names of the topics to record; pictures are most of a bag's size."""
    channels = [f"route/{corridor.name}/path" for corridor in load_world(options.world).corridors]
    names = [*recorded(), *channels, *(PICTURES if pictures else ())]
    prefix = f"/{options.team}" if options.team else ""
    return [*(f"{prefix}/{name}" for name in names), *GLOBAL]


def command(options: Options, *, pictures: bool) -> list[str]:
    """Return the command that records a run into `bag` in its folder.

    Raises:
        InvalidInput: when ros2 bag or its MCAP storage is not installed.
    """
    for package in ("ros2bag", "rosbag2_storage_mcap"):
        if not installed(package):
            distribution = os.environ.get("ROS_DISTRO", "<distribution>")
            raise InvalidInput(
                "record", package, f"is not installed; on Ubuntu: apt install ros-{distribution}-rosbag2"
            )
    bag = options.run_folder / "bag"
    if bag.exists():
        raise InvalidInput("record", str(bag), "is there already; take another run folder")
    return [
        *("ros2", "bag", "record", "--storage", "mcap", "--output", str(bag)),
        *("--topics", *topics(options, pictures=pictures)),
    ]
