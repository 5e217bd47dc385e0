# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What every node shares: parameters, QoS, conversion, transforms, lock-step and the process's main loop."""
