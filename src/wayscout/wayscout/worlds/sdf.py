# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The world as Gazebo wants it: <name>.sdf in the world folder, with its media.

What Gazebo needs, measured with Harmonic: the collision's size is S N / (N - 1) for N vertices over S metres,
the visual's is S; a heightmap's brightest pixel becomes its height; a texture with a flat normal map must be
given; any plugin in the world cancels the default ones, so all are listed; both poses stay zero; heightmaps
collide with DART and the Bullet collision detector. Sunlight is baked into the textures of ground and rocks,
so the scene is lit from everywhere and from straight above, flat ground just as bright as its texture, and
shadows are off. White ambient light, the most that Gazebo takes, is 1/pi of that.
"""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from wayscout import config
from wayscout.worlds import folder, paint, rock_mesh, truth
from wayscout.worlds.folder import World, load_world

VERSION = 4  # of the SDF and its media: a folder with an older one gets them anew, the rest stays
STEP = 0.004  # s, of the physics
GROUND = "media/ground.jpg"
_WIDEST = 8192  # px, side of the ground's picture
_LIGHT = 0.7  # of the lamp above, by measurement
PLUGINS = ("Physics", "UserCommands", "SceneBroadcaster", "Sensors", "Imu")
_STAMP = re.compile(r"<!-- wayscout sdf (\d+) -->")


def refresh(out: Path) -> bool:
    """Write a world folder's SDF and its media anew when another version of this module wrote them.

    Returns:
        Whether it was written.
    """
    world = load_world(out)
    file = out / f"{world.name}.sdf"
    if file.is_file():
        with file.open() as opened:
            found = _STAMP.search(opened.read(200))
        if found and int(found.group(1)) == VERSION:
            return False
    for old in (out / "media").glob("rocks*"):
        old.unlink()
    write_sdf(out, world, *truth.read_things(out, world))
    return True


def write_sdf(
    out: Path, world: World, rocks: npt.NDArray[np.float64], debris: npt.NDArray[np.float64]
) -> Path:
    """Write <name>.sdf and its media, pictures of the ground and rocks' meshes, into a world folder.

    Args:
        out: the folder; its texture is there.
        world: its description.
        rocks: (n, 7) rock table, columns as in `truth.ROCK_COLUMNS`, debris last.
        debris: (k, 10) table of the debris, columns as in `truth.DEBRIS_COLUMNS`.
    """
    look = config.load("simulator", paint.Look)
    media = out / "media"
    folder.write_image(media / "flat_normal.png", np.full((8, 8, 3), (255, 128, 128), np.uint8))
    pixels = folder.read_image(out / world.terrain.texture, cv2.IMREAD_COLOR)
    folder.write_image(out / GROUND, paint.ground_picture(pixels, world.size, look, _WIDEST), quality=92)
    of_debris = debris[:, :6:-1]  # the table's last columns are RGB, and OpenCV's pictures BGR
    colours = paint.rock_colours(pixels, world.size, rocks, of_debris, world.sun, look.ambient)
    meshes = rock_mesh.write_meshes(media, rocks, *colours, world.sun, look)
    root = ET.Element("sdf", version="1.9")
    scene = ET.SubElement(root, "world", name=world.name)
    _physics(scene, world)
    _light(scene)
    _ground(scene, world)
    _rocks(scene, meshes)
    ET.indent(root)
    path = out / f"{world.name}.sdf"
    part = path.with_suffix(".part")
    part.write_text(
        f'<?xml version="1.0"?>\n<!-- wayscout sdf {VERSION} -->\n{ET.tostring(root, encoding="unicode")}\n'
    )
    os.replace(part, path)  # the stamp comes last, when the media are there
    return path


def _add(parent: ET.Element, path: str, value: object = None) -> ET.Element:
    """Add nested elements 'a/b/c' and set the last one's text."""
    for tag in path.split("/"):
        parent = ET.SubElement(parent, tag)
    if value is not None:
        parent.text = str(value)
    return parent


def _physics(scene: ET.Element, world: World) -> None:
    physics = ET.SubElement(scene, "physics", name="physics", type="dart")
    _add(physics, "max_step_size", STEP)
    _add(physics, "real_time_factor", 0)  # as fast as the machine can
    _add(physics, "dart/collision_detector", "bullet")
    for name in PLUGINS:
        words = "".join("-" + c.lower() if c.isupper() else c for c in name)
        plugin = ET.SubElement(
            scene, "plugin", filename=f"gz-sim{words}-system", name=f"gz::sim::systems::{name}"
        )
        if name == "Sensors":
            _add(plugin, "render_engine", "ogre2")
    _add(scene, "gravity", f"0 0 {-world.gravity:g}")


def _light(scene: ET.Element) -> None:
    look = ET.SubElement(scene, "scene")
    _add(look, "ambient", "1 1 1 1")
    _add(look, "background", "0.76 0.62 0.50 1")
    _add(look, "shadows", "false")
    light = ET.SubElement(scene, "light", name="zenith", type="directional")
    _add(light, "cast_shadows", "false")
    _add(light, "diffuse", f"{_LIGHT} {_LIGHT} {_LIGHT} 1")
    _add(light, "specular", "0 0 0 1")
    _add(light, "direction", "0 0 -1")


def _ground(scene: ET.Element, world: World) -> None:
    model = ET.SubElement(scene, "model", name="terrain")
    _add(model, "static", "true")
    link = ET.SubElement(model, "link", name="ground")
    intervals = round(world.size / world.resolution)
    stretched = world.size * (intervals + 1) / intervals
    for kind, size in (("collision", stretched), ("visual", world.size)):
        part = ET.SubElement(link, kind, name=f"ground_{kind}")
        heightmap = _add(part, "geometry/heightmap")
        _add(heightmap, "uri", world.terrain.heightmap)
        _add(heightmap, "size", f"{size:.9g} {size:.9g} {world.terrain.height_span:.9g}")
        if kind == "visual":
            texture = _add(heightmap, "texture")
            _add(texture, "diffuse", GROUND)
            _add(texture, "normal", "media/flat_normal.png")
            _add(texture, "size", f"{world.size:.9g}")


def _rocks(scene: ET.Element, meshes: list[str]) -> None:
    if not meshes:
        return
    model = ET.SubElement(scene, "model", name="rocks")
    _add(model, "static", "true")
    link = ET.SubElement(model, "link", name="rocks_link")
    for index, mesh in enumerate(meshes):
        for kind in ("collision", "visual"):
            part = ET.SubElement(link, kind, name=f"tile_{index}_{kind}")
            _add(part, "geometry/mesh/uri", f"media/{mesh}.obj")
            if kind == "visual":
                material = _add(part, "material")
                for colour in ("ambient", "diffuse"):
                    _add(material, colour, "1 1 1 1")
                _add(material, "specular", "0 0 0 1")
                metal = _add(material, "pbr/metal")
                _add(metal, "albedo_map", f"media/{mesh}.jpg")
                _add(metal, "roughness", 1)
                _add(metal, "metalness", 0)
