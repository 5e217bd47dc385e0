# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Driving: steering, path tracking, settled poses, slip, hazards seen from the ground, detours."""
