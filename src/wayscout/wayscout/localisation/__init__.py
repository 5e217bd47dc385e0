# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Where each vehicle is: odometry, range, pictures and depth matched to what is known of the ground."""
