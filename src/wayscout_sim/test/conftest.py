# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Lets the tests import `toy_world` beside them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
