# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Watch a mission that runs elsewhere: RViz alone."""

from wayscout_bringup.launching import describe
from wayscout_bringup.node_table import VIEW

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Return what `ros2 launch wayscout_bringup view.launch.py` runs."""
    return describe(__file__, VIEW)
