# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What is the same everywhere on Mars."""

GRAVITY = 3.721
"""Acceleration at the surface [m/s^2]; NASA's Mars fact sheet."""
