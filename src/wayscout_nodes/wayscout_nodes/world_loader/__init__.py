# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Latches what is known of a world before the flight."""
