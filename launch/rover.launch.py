# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Start the rover's side: router and rover."""

from wayscout_bringup.launching import describe
from wayscout_bringup.node_table import ROVER

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Return what `ros2 launch wayscout_bringup rover.launch.py` runs."""
    return describe(__file__, ROVER)
