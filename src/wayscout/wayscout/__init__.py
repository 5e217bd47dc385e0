# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The brain of Wayscout: mapping, terrain, routing, localisation, flight and driving over plain numpy.

Nothing in this package imports ROS or a simulator; a test holds it to that.
"""
