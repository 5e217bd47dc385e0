# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Flying: plans, their price, guidance along them, landing sites and the log."""
