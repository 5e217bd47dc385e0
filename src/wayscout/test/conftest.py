# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The same examples at every run: a property that fails here fails everywhere."""

from hypothesis import settings

settings.register_profile("wayscout", derandomize=True, deadline=None)
settings.load_profile("wayscout")
