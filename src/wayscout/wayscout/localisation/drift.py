# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What the filters of both vehicles share: where odometry's frame lies in the map."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wayscout.geometry import Pose

Array = npt.NDArray[np.float64]

X, Y, Z, TURN = range(4)
"""First entries of every such filter's state: base_link in map [m], odometry's heading error [rad]."""


class DriftFilter:
    """State, its covariance, and the odometry that they correct.

    Args:
        size: of the state; its first four entries are X, Y, Z and TURN.
        start: base_link in map before the first odometry message.
    """

    def __init__(self, size: int, start: Pose) -> None:
        self._state: Array = np.zeros(size)
        self._covariance: Array = np.zeros((size, size))
        self._odom: Pose | None = None
        self._start = start

    @property
    def pose(self) -> Pose:
        """base_link in map."""
        return self._start if self._odom is None else self.correction() @ self._odom

    @property
    def position_sigma(self) -> Array:
        """(3,) standard deviation of the position in map [m]."""
        result: Array = np.sqrt(np.diag(self._covariance)[:3])
        return result

    @property
    def heading_sigma(self) -> float:
        return float(np.sqrt(self._covariance[TURN, TURN]))

    def correction(self) -> Pose:
        """Return the odometry frame in map (map -> odom), at the last step."""
        if self._odom is None:
            return Pose.identity()
        turn = Pose.from_euler(0.0, 0.0, 0.0, yaw=float(self._state[TURN]))
        return Pose(self._state[:3] - turn.apply(self._odom.position), turn.quaternion)
