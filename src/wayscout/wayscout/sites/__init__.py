# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Sites: find and measure what lies at a place, from the tilted colour pictures of a reconnaissance."""
