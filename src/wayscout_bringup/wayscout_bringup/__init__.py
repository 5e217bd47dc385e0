# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What ties Wayscout together: set-up, the node table, the process launcher and the command line."""
