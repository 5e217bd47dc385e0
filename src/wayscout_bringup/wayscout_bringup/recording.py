# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Recording a run with `ros2 bag`: the topics, and the command."""

from __future__ import annotations

import os

from wayscout.errors import InvalidInput
from wayscout.worlds.folder import load_world
from wayscout_bringup.node_table import Options, installed

TOPICS = (
    "clock",
    "tf",
    "tf_static",
    "helicopter/odom",
    "helicopter/range",
    "helicopter/battery",
    "helicopter/cmd_vel",
    "helicopter/motors",
    "helicopter/log",
    "helicopter/plan",
    "helicopter/pictures",
    "helicopter/camera/camera_info",
    "helicopter/camera/trigger",
    "helicopter/colour/camera_info",
    "helicopter/colour/pictures",
    "helicopter/colour/trigger",
    "rover/odom",
    "rover/imu",
    "rover/joint_states",
    "rover/joint_command",
    "rover/cmd_vel",
    "rover/stop",
    "rover/pause",
    "rover/state",
    "rover/hazards",
    "rover/hazcam/camera_info",
    "map/orbital",
    "map/tiles",
    "map/index",
    "map/hazards",
    "map/traversability",
    "map/elevation_cloud",
    "map/orbital_cloud",
    "route/candidates",
    "route/decision",
    "science/site",
    "science/markers",
    "mission/status",
)
PICTURES = ("helicopter/camera/image_raw", "helicopter/colour/image_raw", "rover/hazcam/depth")
GLOBAL = ("/diagnostics", "/rosout")


def topics(options: Options, *, pictures: bool) -> list[str]:
    """Return the full names of the topics to record; pictures are most of a bag's size."""
    channels = [f"route/{corridor.name}/path" for corridor in load_world(options.world).corridors]
    names = [*TOPICS, *channels, *(PICTURES if pictures else ())]
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
