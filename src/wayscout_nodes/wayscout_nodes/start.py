# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The executables of all nodes: each runs the node of its own name."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from pathlib import Path


def main() -> None:
    """Import the node and run it."""
    begin(f"{__package__}.{Path(sys.argv[0]).name}.node")


def begin(module: str) -> None:
    """Import a module, which takes seconds on a busy machine, and run its `main`.

    Ctrl-C in the meantime ends the process as it does later on: with exit code 0 and without a traceback.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    try:
        node = importlib.import_module(module)
    except ModuleNotFoundError as missing:
        sys.exit(f"{module}: the Python package {missing.name!r} is missing; see docs/install.md")
    node.main()


if __name__ == "__main__":
    main()
