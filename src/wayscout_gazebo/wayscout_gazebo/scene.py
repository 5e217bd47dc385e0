# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The SDF of one run: the world's, with both vehicles where they truly start."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np

from wayscout import config
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.worlds import sdf
from wayscout.worlds.truth import Truth, load_truth
from wayscout_gazebo import vehicles
from wayscout_gazebo.bodies import add, pose_text
from wayscout_gazebo.numbers import GazeboNumbers
from wayscout_sim.states import drawn_start, ground_pose

DROP = 0.02  # m above the ground at which the rover is set down
_REACH = {"rover": 1.2, "helicopter": 0.3}  # m around the middle of a vehicle that its stand is fitted to
_PATHS = (".//uri", ".//texture/diffuse", ".//texture/normal", ".//albedo_map")


def starts(truth: Truth, seed: int) -> dict[str, Pose]:
    """Return where the vehicles truly start, base_link in map; the same as in the embedded simulator."""
    start = truth.world.start
    poses = {}
    for number, (vehicle, believed) in enumerate((("rover", start.rover), ("helicopter", start.helicopter))):
        drawn = drawn_start(start, believed, seed, number)
        poses[vehicle] = ground_pose(truth, *drawn.position[:2], drawn.yaw, _REACH[vehicle])
    # the helicopter keeps level, and nothing pulls it down
    flat = poses["helicopter"]
    poses["helicopter"] = Pose.from_euler(*flat.position, yaw=flat.yaw)
    rover = poses["rover"]
    poses["rover"] = Pose(rover.position + np.array([0.0, 0.0, DROP]), rover.quaternion)
    return poses


def write_scene(world: Path, out: Path, seed: int = 0, camera: str = "navigation") -> str:
    """Write the SDF of a run and return the world's name in it.

    Args:
        world: world folder; its SDF is made anew where an older version wrote it.
        out: the file to write.
        seed: of the vehicles' true starts. camera: of the helicopter.

    Raises:
        InvalidInput: when the world can't be used or Gazebo can't have the camera.
    """
    sdf.refresh(world)
    truth = load_truth(world)
    root = ET.parse(world / f"{truth.world.name}.sdf").getroot()
    scene = root.find("world")
    if scene is None:
        raise InvalidInput("world", str(world), "its SDF has no world")
    for element in (e for path in _PATHS for e in root.iterfind(path)):
        element.text = str((world / str(element.text)).resolve())
    speed = scene.find("physics/real_time_factor")
    assert speed is not None
    speed.text = f"{config.load('gazebo', GazeboNumbers).rest_speed:g}"
    poses = starts(truth, seed)
    for vehicle, model in (("rover", vehicles.rover()), ("helicopter", vehicles.helicopter(camera))):
        pose = add(model, "pose", pose_text(poses[vehicle]))
        model.remove(pose)
        model.insert(0, pose)
        scene.append(model)
    ET.indent(root)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(f'<?xml version="1.0"?>\n{ET.tostring(root, encoding="unicode")}\n')
    return truth.world.name
