# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Quality of service, one profile for each kind of topic."""

from __future__ import annotations

from rclpy.qos import QoSDurabilityPolicy, QoSHistoryPolicy, QoSProfile, QoSReliabilityPolicy

COMMAND = QoSProfile(depth=20, reliability=QoSReliabilityPolicy.RELIABLE)
"""Commands, lock-step answers, status: reliable, nothing kept for late joiners."""

LATCHED = QoSProfile(
    depth=1,
    reliability=QoSReliabilityPolicy.RELIABLE,
    durability=QoSDurabilityPolicy.TRANSIENT_LOCAL,
)
"""The newest decision, map index or log, also for late joiners."""

LARGE = QoSProfile(depth=100, reliability=QoSReliabilityPolicy.RELIABLE)
"""Pictures of megabytes: reliable always, since at best effort one of their hundred pieces is always lost."""


def latched(depth: int) -> QoSProfile:
    """Return a transient-local profile that keeps `depth` messages for late joiners (map tiles)."""
    return QoSProfile(
        depth=depth,
        reliability=QoSReliabilityPolicy.RELIABLE,
        durability=QoSDurabilityPolicy.TRANSIENT_LOCAL,
    )


def sensor(lockstep: bool) -> QoSProfile:
    """Return the sensor profile: nothing lost in lock-step; best effort, depth 5, elsewhere."""
    if lockstep:
        return QoSProfile(history=QoSHistoryPolicy.KEEP_ALL, reliability=QoSReliabilityPolicy.RELIABLE)
    return QoSProfile(depth=5, reliability=QoSReliabilityPolicy.BEST_EFFORT)
