# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Mapping: posed pictures -> depth -> elevation and orthomosaic with their uncertainty."""
