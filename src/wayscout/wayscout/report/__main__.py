# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Write the report of a run folder again: python -m wayscout.report RUN [WORLD]."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from wayscout.errors import WayscoutError
from wayscout.report import write_report


def main(
    run: Annotated[Path, typer.Argument(help="run folder")],
    world: Annotated[Path | None, typer.Argument(help="world folder, for the orbital pictures")] = None,
) -> None:
    """Write report.html and result.json of a run."""
    try:
        typer.echo(write_report(run, world))
    except (WayscoutError, OSError) as error:
        typer.echo(f"report: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    typer.run(main)
