# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The mapper: pictures and where they were taken -> terrain tiles, hazards, and layers for viewers."""
