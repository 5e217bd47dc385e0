# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The radio between helicopter and rover, and the long way to Earth."""
