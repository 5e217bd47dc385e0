# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Terrain: elevation and orthomosaic -> slope, step, roughness, rocks and sand."""
