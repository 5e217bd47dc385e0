# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Looks at what the flights brought back: inspects sites, ranks what is of scientific interest."""
