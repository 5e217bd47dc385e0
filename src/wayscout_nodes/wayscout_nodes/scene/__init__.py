# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What a viewer needs beside the nodes' own topics: bodies, joints, tracks, plans, marks, words."""
