# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
from wayscout.cli import main

main()
