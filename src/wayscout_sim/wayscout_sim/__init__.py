# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The embedded simulator: MuJoCo physics and cameras behind the same topics as Gazebo."""

from wayscout_sim import gl

gl.choose()  # MuJoCo reads its backend when it is imported: this has to come first
