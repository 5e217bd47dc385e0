# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The helicopter's node: flies a plan, one goal at a time."""
