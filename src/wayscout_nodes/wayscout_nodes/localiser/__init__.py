# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Owns map -> rover/odom and map -> helicopter/odom."""
