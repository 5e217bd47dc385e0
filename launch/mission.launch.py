# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Start the whole mission: simulator, scout's and rover's side, the mission itself, and RViz to watch."""

from wayscout_bringup.launching import describe
from wayscout_bringup.node_table import MISSION, ROVER, SCOUT, SIMULATION

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Return what `ros2 launch wayscout_bringup mission.launch.py` runs."""
    return describe(__file__, SIMULATION, SCOUT, ROVER, MISSION)
