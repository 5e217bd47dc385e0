# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The world as Gazebo wants it: <name>.sdf in the world folder, with its media.

What Gazebo needs, measured with Harmonic: the collision's size is S N / (N - 1) for N vertices over S metres,
the visual's is S; a heightmap's brightest pixel becomes its height; a texture with a flat normal map must be
given; any plugin in the world cancels the default ones, so all are listed; both poses stay zero; heightmaps
collide with DART and the Bullet collision detector. Sunlight is baked into the texture, so the scene is lit
mostly by ambient light and shadows are off. SDF has no instances: rocks are merged into a mesh a tile.
"""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wayscout.worlds import folder, truth
from wayscout.worlds.folder import World, load_world

VERSION = 3  # of the SDF and its media: a folder with an older one gets them anew, the rest stays
STEP = 0.004  # s, of the physics
TILE = 32.0  # m, rocks of one tile share a mesh
MATERIAL = "rocks.mtl"
SIDES = 8
RINGS = (
    (-0.35, 0.94),
    (0.0, 1.0),
    (0.5, 0.866),
    (0.85, 0.527),
)  # height and radius as shares of the semi-axes
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
    for old in (out / "media").glob("rocks_*.obj"):
        old.unlink()
    write_sdf(out, world, truth.read_things(out, world)[0])
    return True


def write_sdf(out: Path, world: World, rocks: npt.NDArray[np.float64]) -> Path:
    """Write <name>.sdf, media/flat_normal.png and the rocks' meshes into a world folder.

    Args:
        out: the folder.
        world: its description.
        rocks: (n, 7) rock table, columns as in `truth.ROCK_COLUMNS`.
    """
    folder.write_image(out / "media" / "flat_normal.png", np.full((8, 8, 3), (255, 128, 128), np.uint8))
    meshes = write_rock_meshes(out / "media", rocks)
    root = ET.Element("sdf", version="1.9")
    scene = ET.SubElement(root, "world", name=world.name)
    _physics(scene, world)
    _light(scene, world)
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


def _light(scene: ET.Element, world: World) -> None:
    look = ET.SubElement(scene, "scene")
    _add(look, "ambient", "0.85 0.85 0.85 1")
    _add(look, "background", "0.76 0.62 0.50 1")
    _add(look, "shadows", "false")
    light = ET.SubElement(scene, "light", name="sun", type="directional")
    _add(light, "cast_shadows", "false")
    _add(light, "diffuse", "0.3 0.3 0.3 1")
    _add(light, "specular", "0 0 0 1")
    a, e = world.sun.azimuth, world.sun.elevation
    _add(light, "direction", f"{-np.cos(a) * np.cos(e):.5f} {-np.sin(a) * np.cos(e):.5f} {-np.sin(e):.5f}")


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
            _add(texture, "diffuse", world.terrain.texture)
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
            _add(part, "geometry/mesh/uri", f"media/{mesh}")
            if kind == "visual":
                material = _add(part, "material")
                _add(material, "ambient", "0.36 0.28 0.22 1")
                _add(material, "diffuse", "0.50 0.40 0.32 1")
                _add(material, "specular", "0 0 0 1")


def write_rock_meshes(media: Path, rocks: npt.NDArray[np.float64]) -> list[str]:
    """Merge the rocks of each tile into one OBJ in map coordinates; returns the file names."""
    media.mkdir(parents=True, exist_ok=True)
    (media / MATERIAL).write_text("newmtl rock\nKa 0.36 0.28 0.22\nKd 0.50 0.40 0.32\nKs 0 0 0\n")
    names = []
    tiles = np.floor(rocks[:, :2] / TILE).astype(int)
    for tile in np.unique(tiles, axis=0) if len(rocks) else []:
        chosen = rocks[np.all(tiles == tile, axis=1)]
        name = f"rocks_{tile[0]}_{tile[1]}.obj"
        (media / name).write_text(_obj(chosen))
        names.append(name)
    return names


def rock_vertices(rocks: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return (n, 1 + rings x sides, 3) vertices [m]: the top, then rings downwards, the lowest buried."""
    angle = 2.0 * np.pi * np.arange(SIDES) / SIDES
    unit = [[0.0, 0.0, 1.0]]
    for height, radius in reversed(RINGS):
        unit += [[radius * np.cos(a), radius * np.sin(a), height] for a in angle]
    local = (
        np.array(unit)[None] * np.stack([0.5 * rocks[:, 3], 0.5 * rocks[:, 4], rocks[:, 5]], axis=1)[:, None]
    )
    cos, sin = np.cos(rocks[:, 6])[:, None], np.sin(rocks[:, 6])[:, None]
    x = cos * local[..., 0] - sin * local[..., 1]
    y = sin * local[..., 0] + cos * local[..., 1]
    return np.stack([x, y, local[..., 2]], axis=-1) + rocks[:, None, :3]


def rock_faces() -> list[tuple[int, ...]]:
    """Triangles of one rock as indices into its vertices, counter-clockwise from outside."""
    faces: list[tuple[int, ...]] = []
    for i in range(SIDES):
        j = (i + 1) % SIDES
        faces.append((0, 1 + i, 1 + j))
        for ring in range(len(RINGS) - 1):
            upper, lower = 1 + ring * SIDES, 1 + (ring + 1) * SIDES
            faces += [(upper + i, lower + i, lower + j), (upper + i, lower + j, upper + j)]
    return faces


def rock_normals(rocks: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return unit normals of `rock_vertices`, those of the ellipsoids."""
    local = rock_vertices(np.concatenate([np.zeros((len(rocks), 3)), rocks[:, 3:]], axis=1))
    cos, sin = np.cos(rocks[:, 6])[:, None], np.sin(rocks[:, 6])[:, None]
    x = (cos * local[..., 0] + sin * local[..., 1]) / (0.25 * rocks[:, 3, None] ** 2)
    y = (cos * local[..., 1] - sin * local[..., 0]) / (0.25 * rocks[:, 4, None] ** 2)
    z = local[..., 2] / rocks[:, 5, None] ** 2
    normals = np.stack([cos * x - sin * y, sin * x + cos * y, z], axis=-1)
    return np.asarray(normals / np.linalg.norm(normals, axis=-1, keepdims=True))


def _obj(rocks: npt.NDArray[np.float64]) -> str:
    vertices, faces = rock_vertices(rocks), rock_faces()
    lines = [f"mtllib {MATERIAL}", "usemtl rock"]
    lines += [f"v {x:.3f} {y:.3f} {z:.3f}" for x, y, z in vertices.reshape(-1, 3)]
    lines += [f"vn {x:.2f} {y:.2f} {z:.2f}" for x, y, z in rock_normals(rocks).reshape(-1, 3)]
    per_rock = vertices.shape[1]
    for rock in range(len(rocks)):
        base = rock * per_rock + 1
        lines += ["f " + " ".join(f"{base + k}//{base + k}" for k in face) for face in faces]
    return "\n".join(lines) + "\n"
