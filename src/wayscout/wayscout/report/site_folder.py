# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The files of an inspected site: written by whoever inspects, read by the report.

<root>/<flight>_<target>/
    site.json        what was looked for, objects, notes, where the pictures were taken
    ortho.png        colour orthomosaic, row 0 north, for people
    ortho.tif        the same, with its place
    elevation.tif    [m], row 0 north
    pictures/01.jpg  the colour pictures as they came, in the order of their time
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.grid import Grid
from wayscout.raster import write_image, write_layer
from wayscout.report.folder import plain
from wayscout.sites.records import ColourImage, SiteFindings, SiteObject

Entry = dict[str, Any]
QUALITY = 90  # of the JPEG pictures
FACTS = "site.json"


@dataclass(frozen=True)
class SiteRecord:
    """A site as its folder holds it.

    Attributes:
        folder: where the other files are.
        facts: content of site.json.
    """

    folder: Path
    facts: Entry

    @property
    def name(self) -> str:
        return str(self.facts.get("target", self.folder.name))

    def entries(self, key: str) -> list[Entry]:
        """Return a list of mappings of the facts ('objects', 'pictures'), whatever of it is in that form."""
        found = self.facts.get(key)
        return [e for e in found if isinstance(e, dict)] if isinstance(found, list) else []


def write_site(
    root: Path,
    flight: int,
    findings: SiteFindings,
    pictures: Sequence[ColourImage],
    poses: Sequence[Pose],
    times: Sequence[float],
    seconds: float,
) -> Path:
    """Write a site into a folder of its own below `root` and return that folder.

    Args:
        pictures: (h, w, 3) uint8 RGB; poses: optical frame in map of each; times: [s] of each.
        seconds: wall clock that the inspection took.

    Raises:
        OSError: when it cannot be written to.
    """
    name = re.sub(r"[^A-Za-z0-9-]+", "-", findings.prior.name).strip("-") or "site"
    folder = root / f"{flight}_{name}"
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    taken = []
    for number, (picture, pose, time) in enumerate(zip(pictures, poses, times, strict=True), 1):
        file = f"pictures/{number:02d}.jpg"
        _write_picture(folder / file, picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        view = pose.rotation()[:, 2]
        heading = float(np.arctan2(view[1], view[0]))
        place = {"position": pose.position, "orientation": pose.quaternion, "heading": heading}
        taken.append({"file": file, "t": time, **place})
    mosaic = findings.mosaic
    shape = (mosaic.height.shape[0], mosaic.height.shape[1])
    grid = Grid(mosaic.resolution, mosaic.origin, shape, "map", {"elevation": mosaic.height})
    write_image(folder / "ortho.tif", grid, mosaic.colours)
    write_layer(folder / "elevation.tif", grid, "elevation")
    _write_picture(folder / "ortho.png", mosaic.colours[::-1], [cv2.IMWRITE_PNG_COMPRESSION, 3])
    bounds = grid.bounds
    prior = findings.prior
    facts = {
        "target": prior.name,
        "flight": flight,
        "sought": {
            "x": prior.x, "y": prior.y, "sigma": prior.sigma, "kind": prior.kind, "size": prior.size,
        },
        "bounds": [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max],
        "resolution": mosaic.resolution,
        "objects": [_object(thing) for thing in findings.objects],
        "lines": findings.lines,
        "lines_sigma": findings.lines_sigma,
        "notes": list(findings.notes),
        "pictures": taken,
        "pictures_used": findings.pictures,
        "compute_s": seconds,
    }  # fmt: skip
    draft = folder / (FACTS + ".part")
    draft.write_text(json.dumps(plain(facts), indent=1) + "\n")
    os.replace(draft, folder / FACTS)  # the last file, and whole: a folder that has it is complete
    return folder


def read_sites(root: Path) -> tuple[list[SiteRecord], list[str]]:
    """Return the sites below a folder in the order of their flights, and a sentence for each broken one."""
    records, broken = [], []
    for file in sorted(root.glob(f"*/{FACTS}")):
        try:
            facts = json.loads(file.read_text())
            if not isinstance(facts, dict):
                raise InvalidInput(str(file), type(facts).__name__, "a mapping is needed")
        except (OSError, ValueError, InvalidInput) as error:
            broken.append(f"site/{file.parent.name}/{FACTS}: not readable ({error})")
            continue
        records.append(SiteRecord(file.parent, facts))
    records.sort(key=lambda r: (_number(r.facts.get("flight")), r.name))
    return records, broken


def site_summary(root: Path) -> list[Entry] | None:
    """Return the sites below a folder for result.json, None where nothing was inspected.

    Outlines and pictures stay in site.json.
    """
    found, _ = read_sites(root)
    if not found:
        return None
    kept = ("target", "flight", "sought", "lines", "lines_sigma", "notes", "pictures_used", "compute_s")
    return [
        {
            **{key: site.facts.get(key) for key in kept},
            "objects": [{k: v for k, v in o.items() if k != "outline"} for o in site.entries("objects")],
            "folder": f"{root.name}/{site.folder.name}",
        }
        for site in found
    ]


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _object(thing: SiteObject) -> Entry:
    return {
        "kind": thing.kind,
        "position": thing.position,
        "outline": thing.outline,
        "size": thing.size,
        "size_sigma": thing.size_sigma,
        "height": thing.height,
        "seen_share": thing.seen_share,
        "seen_from": thing.seen_from,
        "marks": [{"kind": m.kind, "x": m.x, "y": m.y, "area": m.area} for m in thing.marks],
        "notes": thing.notes,
    }


def _write_picture(path: Path, colours: ColourImage, options: list[int]) -> None:
    if not cv2.imwrite(str(path), cv2.cvtColor(np.ascontiguousarray(colours), cv2.COLOR_RGB2BGR), options):
        raise OSError(f"{path} could not be written")
