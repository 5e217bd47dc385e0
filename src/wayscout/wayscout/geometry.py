# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Poses, quaternions and a time-interpolated pose buffer.

Quaternions are x, y, z, w. Frames follow REP-103 (x forward, y left, z up; optical frames z
forward, x right, y down) and REP-105 (map -> odom -> base_link). Angles are radians.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import tf_transformations as tft

from wayscout.errors import InvalidInput, OutOfTime

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pose:
    """A rigid transform from a child frame into its parent frame.

    Attributes:
        position: (3,) float64, metres, origin of the child in the parent.
        quaternion: (4,) float64, x y z w, unit norm.
    """

    position: Array
    quaternion: Array

    def __post_init__(self) -> None:
        position = np.asarray(self.position, dtype=np.float64).reshape(-1)
        quaternion = np.asarray(self.quaternion, dtype=np.float64).reshape(-1)
        if position.shape != (3,) or not np.all(np.isfinite(position)):
            raise InvalidInput("pose.position", position.tolist(), "three finite numbers [m] are needed")
        norm = float(np.linalg.norm(quaternion))
        if quaternion.shape != (4,) or not np.isfinite(norm) or abs(norm - 1.0) > 1e-2:
            raise InvalidInput("pose.quaternion", quaternion.tolist(), "a unit quaternion x y z w is needed")
        object.__setattr__(self, "position", position)
        object.__setattr__(self, "quaternion", quaternion / norm)

    @classmethod
    def identity(cls) -> Pose:
        return cls(np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0]))

    @classmethod
    def from_matrix(cls, matrix: npt.ArrayLike) -> Pose:
        """Make a pose from a (4, 4) homogeneous matrix."""
        m = np.asarray(matrix, dtype=np.float64)
        return cls(m[:3, 3].copy(), np.asarray(tft.quaternion_from_matrix(m), dtype=np.float64))

    @classmethod
    def from_rotation(cls, rotation: npt.ArrayLike, position: npt.ArrayLike) -> Pose:
        """Make a pose from a (3, 3) rotation matrix and a (3,) position."""
        m = np.eye(4)
        m[:3, :3] = rotation
        m[:3, 3] = position
        return cls.from_matrix(m)

    @classmethod
    def from_euler(
        cls, x: float, y: float, z: float, roll: float = 0.0, pitch: float = 0.0, yaw: float = 0.0
    ) -> Pose:
        """Make a pose from a position [m] and fixed-axis roll, pitch, yaw [rad] (REP-103)."""
        q = np.asarray(tft.quaternion_from_euler(roll, pitch, yaw), dtype=np.float64)
        return cls(np.array([x, y, z], dtype=np.float64), q)

    def matrix(self) -> Array:
        """Return the (4, 4) homogeneous matrix."""
        m: Array = np.asarray(tft.quaternion_matrix(self.quaternion), dtype=np.float64)
        m[:3, 3] = self.position
        return m

    def rotation(self) -> Array:
        """Return the (3, 3) rotation matrix."""
        return self.matrix()[:3, :3]

    def euler(self) -> tuple[float, float, float]:
        """Return roll, pitch, yaw [rad]."""
        roll, pitch, yaw = tft.euler_from_quaternion(self.quaternion)
        return float(roll), float(pitch), float(yaw)

    @property
    def yaw(self) -> float:
        """Heading of the child's x axis about the parent's z axis [rad]."""
        return self.euler()[2]

    def inverse(self) -> Pose:
        rotation = self.rotation().T
        return Pose(-rotation @ self.position, self.quaternion * np.array([-1.0, -1.0, -1.0, 1.0]))

    def __matmul__(self, other: Pose) -> Pose:
        """Chain transforms: (a_from_b @ b_from_c) is a_from_c."""
        position = self.rotation() @ other.position + self.position
        q = np.asarray(tft.quaternion_multiply(self.quaternion, other.quaternion), dtype=np.float64)
        return Pose(position, q)

    def apply(self, points: npt.ArrayLike) -> Array:
        """Move (..., 3) points from the child frame into the parent frame."""
        result: Array = np.asarray(points, dtype=np.float64) @ self.rotation().T + self.position
        return result

    def tilt(self) -> float:
        """Angle between the child's z axis and the parent's z axis [rad]."""
        return float(np.arccos(np.clip(self.rotation()[2, 2], -1.0, 1.0)))


def interpolate(first: Pose, second: Pose, fraction: float) -> Pose:
    """Blend two poses: positions linearly, attitudes by slerp; fraction 0 is first, 1 is second."""
    position = (1.0 - fraction) * first.position + fraction * second.position
    q = np.asarray(tft.quaternion_slerp(first.quaternion, second.quaternion, fraction), dtype=np.float64)
    return Pose(position, q)


def wrap_angle(angle: npt.ArrayLike) -> Array:
    """Wrap angles [rad] to [-pi, pi)."""
    result: Array = (np.asarray(angle, dtype=np.float64) + np.pi) % (2.0 * np.pi) - np.pi
    return result


@dataclass
class PoseBuffer:
    """Poses of one frame over time, looked up by interpolation.

    Times are seconds. A jump back in time clears the buffer, as tf2's listener does; poses older
    than `span` seconds before the newest are forgotten.
    """

    span: float = 30.0
    _times: list[float] = field(default_factory=list)
    _poses: list[Pose] = field(default_factory=list)

    def add(self, time: float, pose: Pose) -> None:
        """Append a pose; one at the newest time replaces it, an older one clears the buffer first."""
        if self._times and time < self._times[-1]:
            self.clear()
        if self._times and time == self._times[-1]:
            self._poses[-1] = pose
            return
        self._times.append(time)
        self._poses.append(pose)
        if self._times[0] < time - 2.0 * self.span:
            keep = bisect.bisect_left(self._times, time - self.span)
            del self._times[:keep]
            del self._poses[:keep]

    def lookup(self, time: float) -> Pose:
        """Return the pose at `time` [s].

        Raises:
            OutOfTime: when the buffer is empty or does not reach that time.
        """
        if not self._times:
            raise OutOfTime(f"no pose has arrived yet (asked for {time:.3f} s)")
        if not self._times[0] <= time <= self._times[-1]:
            raise OutOfTime(
                f"{time:.3f} s is outside the known {self._times[0]:.3f} to {self._times[-1]:.3f} s"
            )
        i = bisect.bisect_left(self._times, time)
        if self._times[i] == time:
            return self._poses[i]
        t0, t1 = self._times[i - 1], self._times[i]
        return interpolate(self._poses[i - 1], self._poses[i], (time - t0) / (t1 - t0))

    def latest(self) -> tuple[float, Pose]:
        """Return the newest time and pose; raises OutOfTime when empty."""
        if not self._times:
            raise OutOfTime("no pose has arrived yet")
        return self._times[-1], self._poses[-1]

    def clear(self) -> None:
        self._times.clear()
        self._poses.clear()

    def __len__(self) -> int:
        return len(self._times)
