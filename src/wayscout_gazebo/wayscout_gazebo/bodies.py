# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""From a vehicle's URDF to the links and joints of an SDF model.

SDF's own reader of URDF would do but for what Gazebo's names ask for, what cameras must not see, and frames
that carry no mass: here those are folded into the link that they are fixed to.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

from wayscout.geometry import Pose
from wayscout_nodes.common.bodies import fixed_links, fixed_offset, urdf_text

OWN_LIGHT = 0x2
"""Visibility flag of the vehicles' visuals."""
# above these bits the renderer keeps some for itself
WORLD_LIGHT = 0x0FFFFFFF ^ OWN_LIGHT
"""Mask of sensors that see the world and no vehicle, as the embedded simulator's do."""


def add(parent: ET.Element, path: str, value: object = None, **attributes: str) -> ET.Element:
    """Add nested elements 'a/b/c'; set the last one's text and attributes."""
    for tag in path.split("/"):
        parent = ET.SubElement(parent, tag)
    parent.attrib.update(attributes)
    if value is not None:
        parent.text = str(value)
    return parent


def model(vehicle: str) -> ET.Element:
    """Return the SDF model of a vehicle without plugins and sensors; its frame is base_link.

    Joints that mimic another are free: the engine has no such constraint.
    """
    robot = ET.fromstring(urdf_text(vehicle))
    fixed = fixed_links(vehicle)
    colours = {
        str(m.get("name")): str(m.find("color").get("rgba"))  # type: ignore[union-attr]
        for m in robot.iterfind("material")
    }
    element = ET.Element("model", name=vehicle)
    add(element, "self_collide", "false")
    by_child = {_link(j, "child"): j for j in robot.iterfind("joint") if j.get("type") != "fixed"}
    for link in robot.iterfind("link"):
        name = str(link.get("name"))
        if name in fixed:
            continue
        out = add(element, "link", name=name)
        if name in by_child:
            add(out, "pose", "0 0 0 0 0 0", relative_to=str(by_child[name].get("name")))
        _inertial(out, link)
        _parts(out, link, Pose.identity(), name, colours)
        for frame in (f for f in fixed if _carrier(f, fixed) == name):
            carried = robot.find(f"link[@name='{frame}']")
            if carried is not None:
                _parts(out, carried, fixed_offset(vehicle, frame), frame, colours)
    for joint in by_child.values():
        _joint(element, joint)
    return element


def _carrier(frame: str, fixed: dict[str, tuple[str, Pose]]) -> str:
    while frame in fixed:
        frame = fixed[frame][0]
    return frame


def pose_text(pose: Pose) -> str:
    """Return 'x y z roll pitch yaw' as SDF wants it."""
    return " ".join(f"{v:.9g}" for v in (*pose.position, *pose.euler()))


def _link(joint: ET.Element, role: str) -> str:
    found = joint.find(role)
    assert found is not None
    return str(found.get("link"))


def _origin(element: ET.Element) -> Pose:
    origin = element.find("origin")
    if origin is None:
        return Pose.identity()
    xyz = [float(v) for v in origin.get("xyz", "0 0 0").split()]
    rpy = [float(v) for v in origin.get("rpy", "0 0 0").split()]
    return Pose.from_euler(*xyz, *rpy)


def _inertial(out: ET.Element, link: ET.Element) -> None:
    source = link.find("inertial")
    if source is None:
        return
    inertial = add(out, "inertial")
    add(inertial, "pose", pose_text(_origin(source)))
    for item in source:
        if item.tag == "mass":
            add(inertial, "mass", item.get("value"))
        elif item.tag == "inertia":
            tensor = add(inertial, "inertia")
            for key, value in item.attrib.items():
                add(tensor, key, value)


def _parts(out: ET.Element, link: ET.Element, offset: Pose, name: str, colours: dict[str, str]) -> None:
    for kind in ("collision", "visual"):
        for number, source in enumerate(link.iterfind(kind)):
            part = add(out, kind, name=source.get("name") or f"{name}_{kind}_{number}")
            add(part, "pose", pose_text(offset @ _origin(source)))
            shape = source.find("geometry")
            assert shape is not None
            geometry = add(part, "geometry")
            for item in shape:
                target = add(geometry, item.tag)
                for key, value in item.attrib.items():
                    add(target, key, value)
            if kind == "visual":
                material = source.find("material")
                named = str(material.get("name")) if material is not None else ""
                colour = colours.get(named, "0.5 0.5 0.5 1")
                look = add(part, "material")
                add(look, "ambient", colour)
                add(look, "diffuse", colour)
                add(part, "visibility_flags", OWN_LIGHT)


def _joint(out: ET.Element, source: ET.Element) -> None:
    kind = "revolute"  # a continuous joint is one without limits
    joint = add(out, "joint", name=str(source.get("name")), type=kind)
    add(joint, "parent", _link(source, "parent"))
    add(joint, "child", _link(source, "child"))
    add(joint, "pose", pose_text(_origin(source)), relative_to=_link(source, "parent"))
    axis = add(joint, "axis")
    turn = source.find("axis")
    add(axis, "xyz", turn.get("xyz") if turn is not None else "1 0 0")
    limit = source.find("limit")
    bounds = add(axis, "limit")
    free = source.get("type") == "continuous" or limit is None
    add(bounds, "lower", "-1e16" if free or limit is None else limit.get("lower"))
    add(bounds, "upper", "1e16" if free or limit is None else limit.get("upper"))
    if limit is not None:
        add(bounds, "effort", limit.get("effort"))
    dynamics = source.find("dynamics")
    if dynamics is not None:
        target = add(axis, "dynamics")
        add(target, "damping", dynamics.get("damping", "0"))
        add(target, "friction", dynamics.get("friction", "0"))
