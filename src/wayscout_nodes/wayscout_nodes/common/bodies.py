# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The frames of a vehicle, from its URDF: the single source for all of them."""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
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


@dataclass(frozen=True)
class Joint:
    """A joint of a URDF: where its child link stands in the parent at zero, and what it turns about.

    Attributes:
        kind: 'fixed', 'continuous', 'revolute', ...
        parent, child: links, without the vehicle's prefix.
        origin: pose of the child in the parent at zero.
        axis: (3,) unit vector in the child.
    """

    kind: str
    parent: str
    child: str
    origin: Pose
    axis: npt.NDArray[np.float64]

    def at(self, angle: float) -> Pose:
        """Return the pose of the child in the parent with the joint turned by an angle [rad]."""
        half = 0.5 * angle
        return self.origin @ Pose(np.zeros(3), np.array([*(np.sin(half) * self.axis), np.cos(half)]))


@lru_cache(maxsize=8)
def joints(vehicle: str) -> dict[str, Joint]:
    """Return name -> joint of a URDF."""
    found: dict[str, Joint] = {}
    for element in ElementTree.fromstring(urdf_text(vehicle)).findall("joint"):
        parent, child = element.find("parent"), element.find("child")
        if parent is None or child is None:
            continue
        xyz, rpy = (_numbers(element.find("origin"), name, "0 0 0") for name in ("xyz", "rpy"))
        axis = np.array(_numbers(element.find("axis"), "xyz", "1 0 0"))
        found[element.get("name", "")] = Joint(
            element.get("type", ""),
            parent.get("link", ""),
            child.get("link", ""),
            Pose.from_euler(*xyz, *rpy),
            axis / np.linalg.norm(axis),
        )
    return found


def _numbers(element: ElementTree.Element | None, name: str, default: str) -> list[float]:
    return [float(v) for v in (default if element is None else element.get(name, default)).split()]


def fixed_links(vehicle: str) -> dict[str, tuple[str, Pose]]:
    """Return child link -> (parent link, pose of the child in the parent) for the fixed joints of a URDF."""
    return {j.child: (j.parent, j.origin) for j in joints(vehicle).values() if j.kind == "fixed"}


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
