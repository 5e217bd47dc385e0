# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Keeps the orbital map and the tiles, and answers which channel to climb."""
