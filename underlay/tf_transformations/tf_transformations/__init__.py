# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The functions of tf_transformations that Wayscout uses, over transforms3d.

Names, argument order and the x, y, z, w order of quaternions are those of the real package.
"""

import numpy as np
from transforms3d import euler as _euler
from transforms3d import quaternions as _quaternions


def _xyzw(q):
    return np.array([q[1], q[2], q[3], q[0]])


def _wxyz(q):
    return np.array([q[3], q[0], q[1], q[2]])


def quaternion_from_euler(ai, aj, ak, axes="sxyz"):
    return _xyzw(_euler.euler2quat(ai, aj, ak, axes))


def euler_from_quaternion(quaternion, axes="sxyz"):
    return _euler.quat2euler(_wxyz(quaternion), axes)


def quaternion_from_matrix(matrix):
    return _xyzw(_quaternions.mat2quat(np.asarray(matrix)[:3, :3]))


def quaternion_matrix(quaternion):
    matrix = np.eye(4)
    matrix[:3, :3] = _quaternions.quat2mat(_wxyz(quaternion))
    return matrix


def quaternion_multiply(quaternion1, quaternion0):
    return _xyzw(_quaternions.qmult(_wxyz(quaternion1), _wxyz(quaternion0)))


def quaternion_inverse(quaternion):
    return _xyzw(_quaternions.qinverse(_wxyz(quaternion)))


def quaternion_slerp(quat0, quat1, fraction, spin=0, shortestpath=True):
    q0 = np.asarray(quat0, dtype=float) / np.linalg.norm(quat0)
    q1 = np.asarray(quat1, dtype=float) / np.linalg.norm(quat1)
    dot = float(q0 @ q1)
    if shortestpath and dot < 0.0:
        q1, dot = -q1, -dot
    angle = np.arccos(np.clip(dot, -1.0, 1.0)) + spin * np.pi
    if abs(angle) < 1e-8:
        blend = (1.0 - fraction) * q0 + fraction * q1
        return blend / np.linalg.norm(blend)
    return (np.sin((1.0 - fraction) * angle) * q0 + np.sin(fraction * angle) * q1) / np.sin(angle)
