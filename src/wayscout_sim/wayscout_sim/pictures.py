# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures and depth images of a world, as a camera at a pose would take them; needs no ROS.

The ground is drawn from heightfield tiles with the world's texture, in which sun and shadows are
baked; rocks are ellipsoids lit by the sun. Noise is not part of it: `wayscout_sim.sensors` adds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import mujoco
import numpy as np
import numpy.typing as npt

from wayscout import config
from wayscout.camera import PINHOLE, Camera, sample
from wayscout.geometry import Pose
from wayscout.worlds import folder, paint
from wayscout.worlds.truth import Truth, load_truth
from wayscout_sim import gl
from wayscout_sim.tiles import Terrain, TilePool

Array = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]
Depth = npt.NDArray[np.float32]

NEAR = 0.05  # m
_FACE = 0.5 * np.pi  # field of view of a cube's face
_ZENITH, _HORIZON = (0.58, 0.48, 0.38), (0.80, 0.68, 0.54)  # dusty sky in colour pictures; looks only


@dataclass(frozen=True)
class Drawing:
    """How pictures are drawn; see config/simulator.yaml."""

    tile_cells: int
    tile_pool: int
    view_range: float
    texel: float
    grain: float
    rock_pool: int
    ambient: float


class PictureRenderer:
    """Draws what a camera sees of a world.

    Args:
        world: a world folder with its truth.
        truth: what that folder's truth holds, where it has been read already.
        drawing: how to draw; config/simulator.yaml where None.

    Raises:
        InvalidInput: when the folder can't be read.
        NoGraphics: when neither EGL nor OSMesa works.
    """

    def __init__(self, world: Path | str, truth: Truth | None = None, drawing: Drawing | None = None) -> None:
        gl.require()
        self.drawing = drawing or config.load("simulator", Drawing)
        truth = truth or load_truth(world)
        image = folder.read_image(Path(world) / truth.world.terrain.texture, cv2.IMREAD_COLOR)
        colours = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
        self._terrain = Terrain(truth.ground["elevation"], colours, truth.world.size)
        by_width = np.argsort(-truth.rocks[:, 3], kind="stable")
        self._rocks = truth.rocks[by_width]
        d = self.drawing
        self._tiles = TilePool(
            self._terrain, cells=d.tile_cells, slots=d.tile_pool, grain=d.grain,
            texel=min(d.texel, self._terrain.size / len(colours)),
        )  # fmt: skip
        rock_colours, speckles = paint.rock_colours(
            colours, truth.world.size, truth.rocks, truth.debris[:, 7:], truth.world.sun, d.ambient
        )
        self._rock_colours, self._speckles = rock_colours[by_width], speckles[by_width]
        self._model = self._build(truth)
        self._size = (0, 0)
        self._reach = self.drawing.view_range
        self._gl: mujoco.GLContext | None = None
        self._context: mujoco.MjrContext | None = None
        self._scene = mujoco.MjvScene(self._model, maxgeom=self._tiles.slots + d.rock_pool)
        mujoco.mjv_updateScene(
            self._model,
            _forwarded(self._model),
            mujoco.MjvOption(),
            None,
            mujoco.MjvCamera(),
            mujoco.mjtCatBit.mjCAT_ALL,
            self._scene,
        )
        for flag in (mujoco.mjtRndFlag.mjRND_SHADOW, mujoco.mjtRndFlag.mjRND_REFLECTION):
            self._scene.flags[flag] = 0

    def picture(self, camera: Camera, pose: Pose, *, colour: bool = False) -> Picture:
        """Return the (h, w) uint8 grey picture, or (h, w, 3) RGB, that a camera takes.

        Args:
            camera: pinhole or fisheye; pixels beyond the world and beyond 89 deg off axis are black.
            pose: optical frame (z along the view, x right, y down) in map.
            colour: in colour, with a dusty sky where a grey picture is black.
        """
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SKYBOX] = int(colour)
        image = self._take(camera, pose, depth=False)
        return image if colour else np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))

    def depth(self, camera: Camera, pose: Pose, *, reach: float | None = None) -> Depth:
        """Return the (h, w) float32 distances along the optical z axis [m], NaN where nothing is seen.

        Args:
            reach: ground and rocks farther than this [m] need not be drawn; the view range where None.
        """
        self._reach = min(reach or np.inf, self.drawing.view_range)
        try:
            return np.asarray(self._take(camera, pose, depth=True))
        finally:
            self._reach = self.drawing.view_range

    def close(self) -> None:
        """Free the graphics context."""
        if self._context is not None:
            self._context.free()
        if self._gl is not None:
            self._gl.free()
        self._context = self._gl = None

    def __enter__(self) -> PictureRenderer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- views --

    def _take(self, camera: Camera, pose: Pose, *, depth: bool) -> npt.NDArray[np.generic]:
        plain = camera.model == PINHOLE and not np.any(camera.distortion)
        if plain and abs(camera.fx - camera.fy) < 1e-6 * camera.fx and abs(camera.matrix[0, 1]) < 1e-9:
            return self._draw(camera, pose, depth=depth)
        return self._take_by_faces(camera, pose, depth=depth)

    def _take_by_faces(self, camera: Camera, pose: Pose, *, depth: bool) -> npt.NDArray[np.generic]:
        """Draw the faces of a cube about the camera and look each pixel's ray up in them."""
        v, u = np.mgrid[: camera.height, : camera.width]
        rays = camera.rays(np.stack([u.ravel(), v.ravel()], axis=1))
        kind, channels = (np.float32, ()) if depth else (np.uint8, (3,))
        result = np.zeros((len(rays), *channels), dtype=kind)
        if depth:
            result[:] = np.nan
        pixels = 2 * int(np.ceil(max(camera.fx, camera.fy))) + 2
        face = Camera.pinhole(pixels, pixels, _FACE + 0.02)
        turns = [(0.0, 0.0), (0.0, 0.5), (0.0, -0.5), (0.5, 0.0), (-0.5, 0.0)]  # about x, about y, half turns
        rotations = [Pose.from_euler(0, 0, 0, roll=a * np.pi, pitch=b * np.pi) for a, b in turns]
        along = np.stack([rays @ r.rotation()[:, 2] for r in rotations])
        owner = np.argmax(along, axis=0)
        for k, rotation in enumerate(rotations):
            mine = (owner == k) & (rays[:, 2] > 0.02)
            if not np.any(mine):
                continue
            drawn = self._draw(face, pose @ rotation, depth=depth)
            local = rays[mine] @ rotation.rotation()
            uv = local[:, :2] / local[:, 2:] * face.fx + face.matrix[:2, 2]
            taken = sample(drawn, uv, cv2.INTER_NEAREST if depth else cv2.INTER_LINEAR)
            result[mine] = taken * rays[mine, 2] / local[:, 2] if depth else taken
        return result.reshape(camera.height, camera.width, *channels)

    def _draw(self, camera: Camera, pose: Pose, *, depth: bool) -> npt.NDArray[np.generic]:
        self._prepare(camera.width, camera.height)
        assert self._context is not None
        rotation, eye = pose.rotation(), pose.position
        planes = _frustum(camera, rotation, eye)
        tiles = self._tiles.visible(planes, eye, self._reach)
        slots = self._tiles.load(self._model, self._context, tiles)
        self._scene.ngeom = 0
        for tile, slot in zip(tiles, slots, strict=True):
            self._add_tile(tile, slot)
        self._add_rocks(planes, eye)
        self._aim(camera, rotation, eye)
        view = mujoco.MjrRect(0, 0, camera.width, camera.height)
        mujoco.mjr_render(view, self._scene, self._context)
        if not depth:
            image = np.empty((camera.height, camera.width, 3), dtype=np.uint8)
            mujoco.mjr_readPixels(image, None, view, self._context)
            return np.ascontiguousarray(image[::-1])
        buffer = np.empty((camera.height, camera.width), dtype=np.float32)
        mujoco.mjr_readPixels(None, buffer, view, self._context)
        d, far = buffer[::-1].astype(np.float64), self.drawing.view_range
        # window depth 0 (near) to 1 (far) back to metres: the inverse of OpenGL's perspective division
        metres = NEAR * far / np.maximum(far - d * (far - NEAR), 1e-9)
        metres[d >= 1.0] = np.nan
        return np.ascontiguousarray(metres, dtype=np.float32)

    # -- the scene --

    def _build(self, truth: Truth) -> mujoco.MjModel:
        spec = mujoco.MjSpec()
        spec.compiler.autolimits = True
        spec.visual.quality.numslices, spec.visual.quality.numstacks = 24, 14
        spec.visual.quality.offsamples = 0
        spec.visual.headlight.active = 0
        self._tiles.add_to(spec)
        spec.add_texture(
            name="sky", type=mujoco.mjtTexture.mjTEXTURE_SKYBOX, builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
            rgb1=_ZENITH, rgb2=_HORIZON, width=64, height=64,
        )  # fmt: skip
        for k in range(paint.SPECKLES):
            grey = paint.speckle(k)
            texture = spec.add_texture(
                name=f"rock{k}", type=mujoco.mjtTexture.mjTEXTURE_2D, width=256, height=256, nchannel=3
            )
            texture.data = np.repeat(grey[..., None], 3, axis=2).tobytes()
            material = spec.add_material(name=f"rock{k}", specular=0.0, shininess=0.0, texuniform=True)
            material.texrepeat = [1.0 / paint.SPECKLE_SIDE] * 2
            material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = f"rock{k}"
        sun = truth.world.sun
        to_sun = np.array(
            [
                np.cos(sun.elevation) * np.cos(sun.azimuth),
                np.cos(sun.elevation) * np.sin(sun.azimuth),
                np.sin(sun.elevation),
            ]
        )
        ambient = self.drawing.ambient
        spec.worldbody.add_light(
            type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
            dir=-to_sun,
            pos=[0, 0, 100],
            ambient=[ambient] * 3,
            diffuse=[paint.SUNLIGHT] * 3,
            specular=[0, 0, 0],
            castshadow=False,
        )
        spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[0.1, 0, 0])
        model = spec.compile()
        model.vis.map.znear = NEAR
        return model

    def _prepare(self, width: int, height: int) -> None:
        """Make the context current; make a larger one when the picture outgrows it."""
        if self._context is not None and width <= self._size[0] and height <= self._size[1]:
            assert self._gl is not None
            self._gl.make_current()
            return
        self._size = (max(width, self._size[0]), max(height, self._size[1]))
        self.close()
        self._gl = mujoco.GLContext(*self._size)
        self._gl.make_current()
        self._model.vis.global_.offwidth, self._model.vis.global_.offheight = self._size
        self._context = mujoco.MjrContext(self._model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        self._tiles.forget()

    def _add_tile(self, tile: int, slot: int) -> None:
        half = 0.5 * self._tiles.side
        geom = self._next(
            mujoco.mjtGeom.mjGEOM_HFIELD, [half, half, 1.0], self._tiles.centre(tile), np.eye(3)
        )
        geom.dataid, geom.matid = slot, slot
        geom.emission = 1.0

    def _add_rocks(self, planes: Array, eye: Array) -> None:
        rocks = self._rocks
        if not len(rocks):
            return
        radius = np.max(rocks[:, 3:6] * [0.5, 0.5, 1.0], axis=1)
        seen = np.linalg.norm(rocks[:, :3] - eye, axis=1) - radius < self._reach
        for plane in planes:
            seen &= rocks[:, :3] @ plane[:3] + plane[3] > -radius
        for i in np.flatnonzero(seen)[: self.drawing.rock_pool]:
            x, y, z, width, depth, height, yaw = rocks[i]
            c, s = np.cos(yaw), np.sin(yaw)
            turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
            size = [0.5 * width, 0.5 * depth, height]
            geom = self._next(mujoco.mjtGeom.mjGEOM_ELLIPSOID, size, np.array([x, y, z]), turn)
            geom.matid = self._tiles.slots + int(self._speckles[i])
            geom.texcoord = 0
            geom.rgba[:3] = self._rock_colours[i]

    def _next(self, kind: int, size: list[float], position: Array, rotation: Array) -> mujoco.MjvGeom:
        geom = self._scene.geoms[self._scene.ngeom]
        rgba = np.ones(4, dtype=np.float32)
        mujoco.mjv_initGeom(geom, kind, np.array(size), position, rotation.reshape(-1), rgba)
        geom.category = mujoco.mjtCatBit.mjCAT_STATIC
        geom.specular = geom.shininess = 0.0
        self._scene.ngeom += 1
        return geom

    def _aim(self, camera: Camera, rotation: Array, eye: Array) -> None:
        top = NEAR * (camera.matrix[1, 2] + 0.5) / camera.fy
        bottom = -NEAR * (camera.height - 0.5 - camera.matrix[1, 2]) / camera.fy
        centre = NEAR * (0.5 * (camera.width - 1) - camera.matrix[0, 2]) / camera.fx
        for view in self._scene.camera:
            view.pos, view.forward, view.up = eye, rotation[:, 2], -rotation[:, 1]
            view.frustum_near, view.frustum_far = NEAR, self.drawing.view_range
            view.frustum_top, view.frustum_bottom, view.frustum_center = top, bottom, centre
            view.orthographic = 0


def _forwarded(model: mujoco.MjModel) -> mujoco.MjData:
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return data


def _frustum(camera: Camera, rotation: Array, eye: Array) -> Array:
    """Return the (5, 4) inward planes of a pinhole's view in map: its sides and the plane before the eye."""
    w, h = camera.width - 0.5, camera.height - 0.5
    rays = (np.array([[-0.5, -0.5], [w, -0.5], [w, h], [-0.5, h]]) - camera.matrix[:2, 2]) / [
        camera.fx,
        camera.fy,
    ]
    rays = np.hstack([rays, np.ones((4, 1))])
    normals = [np.cross(rays[k], rays[(k + 1) % 4]) for k in range(4)]
    normals = [n / np.linalg.norm(n) for n in normals] + [np.array([0.0, 0.0, 1.0])]
    inward = np.stack(normals) @ rotation.T
    return np.hstack([inward, -(inward @ eye)[:, None]])
