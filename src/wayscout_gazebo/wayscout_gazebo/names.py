# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Names of the topics between Gazebo, the bridge and the adapter.

A name without a leading slash is the ROS topic, below the team's namespace; Gazebo's is the same with one,
in a partition of the run's own. config/bridge.yaml lists them all; a test keeps both alike.
"""

from __future__ import annotations

HELICOPTER_TRUTH = "gazebo/helicopter/truth"
HELICOPTER_VELOCITY = "gazebo/helicopter/velocity"
LASER = "gazebo/helicopter/laser"
LASER_TRIGGER = "gazebo/helicopter/laser_trigger"
NAVCAM = "gazebo/helicopter/navcam"
NAVCAM_TRIGGER = "gazebo/helicopter/navcam_trigger"
COLOUR = "gazebo/helicopter/colour"
COLOUR_TRIGGER = "gazebo/helicopter/colour_trigger"
ROVER_TRUTH = "gazebo/rover/truth"
JOINT_STATES = "gazebo/rover/joint_states"
IMU = "gazebo/rover/imu"
HAZCAM = "gazebo/rover/hazcam"
HAZCAM_TRIGGER = "gazebo/rover/hazcam_trigger"


def joint(name: str) -> str:
    """Return the topic of a joint's controller: wheel speed [rad/s] or steering angle [rad]."""
    return f"gazebo/rover/{name}"


def in_gazebo(topic: str) -> str:
    """Return Gazebo's name of a topic."""
    return "/" + topic
