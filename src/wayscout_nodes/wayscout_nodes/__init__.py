# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""ROS 2 nodes of Wayscout: parameters, QoS and conversion around the brain."""
