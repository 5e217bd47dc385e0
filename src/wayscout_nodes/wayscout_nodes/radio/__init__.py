# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The node radio: what the helicopter has to tell waits here for the link."""
