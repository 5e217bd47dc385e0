# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The executables of all nodes: each runs the node of its own name."""

from __future__ import annotations

import importlib
import signal
import sys
from pathlib import Path


def main() -> None:
    """Import the node and run it; Ctrl-C while it imports ends the process without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    name = Path(sys.argv[0]).name
    importlib.import_module(f"{__package__}.{name}.node").main()


if __name__ == "__main__":
    main()
