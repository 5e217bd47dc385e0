# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What the commands that start a run are given alike."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(os.environ.get("WAYSCOUT_ROOT", Path.cwd()))

WorldName = Annotated[str, typer.Option("--world", help="Built-in world, or a world folder.")]
Seed = Annotated[int, typer.Option(help="Seed of sensor noise and gusts.")]
Run = Annotated[Path | None, typer.Option(help="Folder for report, map and tracks.")]
Link = Annotated[
    bool, typer.Option("--link", help="Send the pictures to the rover by radio rather than at once.")
]
ParamsFile = Annotated[Path | None, typer.Option(help="ROS parameter file for the nodes.")]


def run_folder(given: Path | None) -> Path:
    """Return the folder of a run, absolute; by default one below runs/ named by date and time."""
    return (given or ROOT / "runs" / datetime.now().strftime("%Y%m%d-%H%M%S")).resolve()
