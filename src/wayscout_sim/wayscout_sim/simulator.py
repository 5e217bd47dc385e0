# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The program `simulator`: runs the node `simulator`."""

from __future__ import annotations

from wayscout_nodes.start import begin


def main() -> None:
    begin("wayscout_sim.node")


if __name__ == "__main__":
    main()
