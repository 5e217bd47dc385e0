# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The built-in worlds: made from config/worlds.yaml on first need, remade when recipe or generator change."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

from wayscout.errors import InvalidInput
from wayscout.worlds import folder, generate, landing_gear, recipe, sdf

STAMP = ".made_from"  # holds the fingerprint of what a built-in world was made from


def names(root: Path | None = None) -> list[str]:
    """Return the built-in worlds and, with `root`, those whose folders lie there."""
    known = set(recipe.book().worlds)
    if root is not None and root.is_dir():
        known |= {p.parent.name for p in root.glob("[!.]*/world.yaml")}
    return sorted(known)


def fingerprint(name: str) -> str:
    """Return a hash of all that a built-in world depends on: entry, recipe and generator version."""
    book = recipe.book()
    entry = book.worlds[name]
    version = landing_gear.VERSION if entry.recipe in book.sites else generate.VERSION
    content = [version, name, entry.model_dump(), book.recipe(entry.recipe).model_dump()]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def ensure_world(name: str, root: Path | str, tell: Callable[[str], None] | None = None) -> Path:
    """Return the folder of a world, and make a built-in one when it is missing or out of date.

    A folder that was not made from the catalogue (no stamp) is the user's and is left alone. Safe against an
    interruption and against another process: a world appears whole or not at all.

    Args:
        name: a built-in world, or a folder below `root` that holds a world.yaml.
        root: folder of worlds.
        tell: called with a line for the user when a world is about to be made.

    Raises:
        InvalidInput: naming the known worlds when there is none of that name.
    """
    root = Path(root)
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", name):
        raise InvalidInput("world", name, f"a plain name is needed; known worlds are {names(root)}")
    target = root / name
    book = recipe.book()
    if name not in book.worlds:
        if (target / "world.yaml").is_file():
            return target
        raise InvalidInput("world", name, f"known worlds are {names(root)}")
    wanted = fingerprint(name)
    if _is_current(target, wanted):
        sdf.refresh(target)
        return target
    entry = book.worlds[name]
    if tell is not None:
        tell(f"Making the world '{name}' (once, about half a minute) ...")

    def make(out: Path) -> None:
        generate.make_any(
            entry.seed, book.recipe(entry.recipe), out, name=name, kind=entry.recipe,
            outcome=entry.outcome, misleading=entry.misleading,
        )  # fmt: skip
        (out / STAMP).write_text(wanted + "\n")

    folder.make_atomically(target, make, replace=True)
    return target


def _is_current(target: Path, wanted: str) -> bool:
    if not (target / "world.yaml").is_file():
        return False
    stamp = target / STAMP
    return not stamp.is_file() or stamp.read_text().strip() == wanted
