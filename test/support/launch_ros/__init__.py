# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Stand-in for `launch_ros`."""
