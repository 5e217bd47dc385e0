# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Start the helicopter's side: world loader, localiser, mapper, analyst and helicopter."""

from wayscout_bringup.launching import describe
from wayscout_bringup.node_table import SCOUT

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Return what `ros2 launch wayscout_bringup scout.launch.py` runs."""
    return describe(__file__, SCOUT)
