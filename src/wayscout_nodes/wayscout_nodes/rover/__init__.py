# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The rover's node: drives a path, one goal at a time, and obeys stop, pause and teleoperation."""
