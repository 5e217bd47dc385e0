# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The mission: a behaviour tree over the actions of the other nodes, its records and its progress line."""
