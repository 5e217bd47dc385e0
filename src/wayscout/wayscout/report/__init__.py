# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""From a run folder to what people and programs read: report.html and result.json."""

from __future__ import annotations

from pathlib import Path

from wayscout.report.folder import RunFolder, RunRecord, read_run

__all__ = ["RunFolder", "RunRecord", "read_run", "write_report"]


def write_report(run_folder: Path, world_folder: Path | None = None, budget: float | None = None) -> Path:
    """Write report.html and result.json into a run folder; see `wayscout.report.page.write_report`."""
    from wayscout.report.page import write_report as write  # loads matplotlib, which takes a second

    return write(run_folder, world_folder, budget)
