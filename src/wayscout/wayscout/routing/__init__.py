# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Routing: search over cost, risk along a path, comparison of channels, where to look next."""
