# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The vehicles in Gazebo, behind the same topics as in the embedded simulator."""
