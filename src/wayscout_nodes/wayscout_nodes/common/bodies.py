# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Fixed offsets between the frames of a vehicle, from its URDF: the single source for all of them."""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ElementTree
from functools import lru_cache
from pathlib import Path

import xacro

from wayscout import config
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose


def urdf_file(vehicle: str) -> Path:
    """Return the xacro file of a vehicle, installed or in the source tree."""
    name = f"urdf/{vehicle}.urdf.xacro"
    prefixes = [p for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    candidates = [Path(p) / "share/wayscout_description" / name for p in prefixes]
    candidates += [p / "wayscout_description" / name for p in Path(__file__).resolve().parents]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise InvalidInput("vehicle", vehicle, f"no {name} in wayscout_description")


@lru_cache(maxsize=8)
def urdf_text(vehicle: str, **numbers: float) -> str:
    """Return the URDF of a vehicle ('rover', 'helicopter') after xacro.

    Its arguments take the numbers of config/<vehicle>.yaml, or those of `numbers` that are given.
    """
    file = urdf_file(vehicle)
    entries = config.read(vehicle)
    arguments = re.findall(r'<xacro:arg name="(\w+)"', file.read_text())
    mappings = {name: repr(numbers.get(name, entries[name].value)) for name in arguments}
    return str(xacro.process_file(str(file), mappings=mappings).toxml())


@lru_cache(maxsize=8)
def fixed_links(vehicle: str) -> dict[str, tuple[str, Pose]]:
    """Return child link -> (parent link, pose of the child in the parent) for the fixed joints of a URDF."""
    links: dict[str, tuple[str, Pose]] = {}
    for joint in ElementTree.fromstring(urdf_text(vehicle)).iter("joint"):
        parent, child, origin = joint.find("parent"), joint.find("child"), joint.find("origin")
        if joint.get("type") != "fixed" or parent is None or child is None:
            continue
        xyz = [float(v) for v in (origin.get("xyz", "0 0 0") if origin is not None else "0 0 0").split()]
        rpy = [float(v) for v in (origin.get("rpy", "0 0 0") if origin is not None else "0 0 0").split()]
        links[str(child.get("link"))] = (str(parent.get("link")), Pose.from_euler(*xyz, *rpy))
    return links


def fixed_offset(vehicle: str, frame: str) -> Pose:
    """Return the pose of a frame (link name without the vehicle's prefix) in the vehicle's base_link.

    Raises:
        InvalidInput: when fixed joints do not lead from the frame to base_link.
    """
    links = fixed_links(vehicle)
    pose = Pose.identity()
    link = frame
    while link != "base_link":
        if link not in links:
            raise InvalidInput(
                f"{vehicle} frame", frame, f"not fixed to base_link; known are {sorted(links)}"
            )
        parent, offset = links[link]
        pose = offset @ pose
        link = parent
    return pose


def frames(vehicle: str) -> list[tuple[str, str, Pose]]:
    """Return (parent frame, child frame, pose of the child in the parent) of a vehicle's fixed joints."""
    return [(f"{vehicle}/{p}", f"{vehicle}/{child}", x) for child, (p, x) in fixed_links(vehicle).items()]
