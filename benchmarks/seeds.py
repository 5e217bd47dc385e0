# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What benchmarks over many seeds share: a world folder for each, and rows that a later run goes on from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from wayscout.worlds.generate import new_world

Row = dict[str, Any]


def world_of(seed: int, recipe: str, worlds: Path) -> Path:
    """Return the folder of a seed's world, made when it is not there."""
    folder = worlds / f"{recipe}_{seed}"
    return folder if (folder / "world.yaml").is_file() else new_world(seed, folder, recipe)


def kept_rows(file: Path | None, **same: object) -> list[Row]:
    """Return the rows of a file of JSON lines whose entries equal those of `same`; none without a file."""
    if file is None or not file.is_file():
        return []
    rows: list[Row] = [json.loads(line) for line in file.read_text().splitlines()]
    return [row for row in rows if all(row[key] == value for key, value in same.items())]


def keep_row(file: Path | None, row: Row) -> None:
    """Append a row to a file of JSON lines; without a file do nothing."""
    if file is not None:
        with file.open("a") as out:
            out.write(json.dumps(row) + "\n")
