# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The drawn ground: a pool of heightfield tiles with textures, filled as the view moves."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import mujoco
import numpy as np
import numpy.typing as npt

from wayscout.errors import InvalidInput
from wayscout.worlds.paint import grain_picture, grained

Array = npt.NDArray[np.float64]

# A camera exactly in the plane between two tiles may see a stray pixel: their side walls are edge-on.
MARGIN = 16  # texels around a tile, so that filtering at its border sees the neighbour's ground
_LOWEST = -1.0  # m, bottom of a tile's box; never seen


@dataclass(frozen=True)
class Terrain:
    """What the ground looks like.

    Attributes:
        heights: (n, n) float32 [m], vertices, row 0 SOUTH, spanning the square of `size` exactly.
        colours: (m, m, 3) uint8 RGB over the same square, row 0 NORTH as in the file.
        size: side of the square about the origin [m].
    """

    heights: npt.NDArray[np.float32]
    colours: npt.NDArray[np.uint8]
    size: float

    def __post_init__(self) -> None:
        n = self.heights.shape[0]
        if self.heights.shape != (n, n) or n < 3 or not np.all(np.isfinite(self.heights)):
            raise InvalidInput("heightmap shape", self.heights.shape, "a square of finite heights is needed")
        m = self.colours.shape[0]
        if self.colours.shape != (m, m, 3) or self.colours.dtype != np.uint8:
            raise InvalidInput("texture shape", self.colours.shape, "a square of 8 bit colours is needed")

    @property
    def cell(self) -> float:
        """Spacing of the vertices [m]."""
        return self.size / (self.heights.shape[0] - 1)


class TilePool:
    """Slots of one MuJoCo model: heightfield k, texture k and material k draw the tile that slot k holds."""

    def __init__(self, terrain: Terrain, *, cells: int, slots: int, texel: float, grain: float) -> None:
        vertices = terrain.heights.shape[0]
        self.cells = min(cells, vertices - 1)
        if (vertices - 1) % self.cells:
            raise InvalidInput(
                "heightmap side", vertices, f"a multiple of {self.cells} cells and one are needed"
            )
        self.terrain = terrain
        self.side = self.cells * terrain.cell
        self.count = (vertices - 1) // self.cells
        self.slots = min(slots, self.count**2)
        self.texels = max(8, round(self.side / texel))
        self._grain = grain_picture(grain, texel)
        self._floor = float(terrain.heights.min())
        self._span = max(float(terrain.heights.max()) - self._floor, 1e-3)
        self._held: OrderedDict[int, int] = OrderedDict()  # tile -> slot, least recently used first
        self._bounds = self._tile_bounds()

    def add_to(self, spec: mujoco.MjSpec) -> None:
        """Add the slots' heightfields, textures and materials."""
        pixels = self.texels + 2 * MARGIN
        blank = bytes(pixels * pixels * 3)
        repeat = self.texels / pixels
        half = 0.5 * self.side
        for k in range(self.slots):
            field = spec.add_hfield(name=f"tile{k}", nrow=self.cells + 1, ncol=self.cells + 1)
            field.size = [half, half, self._span, -_LOWEST]
            field.userdata = np.zeros((self.cells + 1) ** 2)
            texture = spec.add_texture(
                name=f"tile{k}", type=mujoco.mjtTexture.mjTEXTURE_2D, width=pixels, height=pixels, nchannel=3
            )
            texture.data = blank
            material = spec.add_material(name=f"tile{k}", emission=1.0, specular=0.0, shininess=0.0)
            material.texrepeat = [repeat, repeat]
            material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = f"tile{k}"

    def visible(self, planes: Array, eye: Array, reach: float) -> list[int]:
        """Return the tiles whose boxes touch the view, nearest first and no more than there are slots.

        Args:
            planes: (k, 4) inward normals and offsets: n.x + d >= 0 inside, in map.
            eye: (3,) position of the camera.
            reach: tiles farther than this are left out [m].
        """
        low, high = self._bounds
        inside = np.ones(len(low), dtype=bool)
        for plane in planes:
            corner = np.where(plane[:3] > 0.0, high, low)
            inside &= corner @ plane[:3] + plane[3] >= 0.0
        distance = np.linalg.norm(np.clip(eye, low, high) - eye, axis=1)
        chosen = np.flatnonzero(inside & (distance < reach))
        order = np.argsort(distance[chosen], kind="stable")[: self.slots]
        return [int(t) for t in chosen[order]]

    def load(self, model: mujoco.MjModel, context: mujoco.MjrContext, tiles: list[int]) -> list[int]:
        """Make sure that slots hold these tiles; return the slot of each."""
        for tile in tiles:
            if tile in self._held:
                self._held.move_to_end(tile)
        wanted = set(tiles)
        for tile in tiles:
            if tile not in self._held:
                slot = self._free_slot(wanted)
                self._fill(model, context, tile, slot)
                self._held[tile] = slot
        return [self._held[tile] for tile in tiles]

    def centre(self, tile: int) -> Array:
        """Return the position (x, y, floor) of a tile's heightfield in map."""
        row, col = divmod(tile, self.count)
        x = -0.5 * self.terrain.size + (col + 0.5) * self.side
        y = -0.5 * self.terrain.size + (row + 0.5) * self.side
        return np.array([x, y, self._floor])

    def forget(self) -> None:
        """Drop what the slots hold, as after a new graphics context."""
        self._held.clear()

    def _free_slot(self, wanted: set[int]) -> int:
        if len(self._held) < self.slots:
            return len(self._held)
        for tile in self._held:
            if tile not in wanted:
                return self._held.pop(tile)
        raise InvalidInput("tile_pool", self.slots, "more slots are needed for this view")

    def _fill(self, model: mujoco.MjModel, context: mujoco.MjrContext, tile: int, slot: int) -> None:
        row, col = divmod(tile, self.count)
        n = self.cells
        heights = self.terrain.heights[row * n : row * n + n + 1, col * n : col * n + n + 1]
        start = model.hfield_adr[slot]
        model.hfield_data[start : start + (n + 1) ** 2] = ((heights - self._floor) / self._span).reshape(-1)
        start = model.tex_adr[slot]
        pixels = self._texture(row, col)
        model.tex_data[start : start + pixels.size] = pixels.reshape(-1)
        mujoco.mjr_uploadHField(model, context, slot)
        mujoco.mjr_uploadTexture(model, context, slot)

    def _texture(self, row: int, col: int) -> npt.NDArray[np.uint8]:
        """Cut the tile's texture, row 0 north, out of the world's, resampled and with grain."""
        pixels = self.texels + 2 * MARGIN
        source = self.terrain.colours
        scale = source.shape[0] / (self.count * self.texels)  # file pixels per texel
        west = col * self.texels - MARGIN
        north = (self.count - 1 - row) * self.texels - MARGIN
        return grained(source, self._grain, scale, (pixels, pixels), (north, west))

    def _tile_bounds(self) -> tuple[Array, Array]:
        n, c = self.cells, self.count
        heights = self.terrain.heights
        low, high = np.empty((c * c, 3)), np.empty((c * c, 3))
        for tile in range(c * c):
            row, col = divmod(tile, c)
            part = heights[row * n : row * n + n + 1, col * n : col * n + n + 1]
            x, y, _ = self.centre(tile)
            low[tile] = x - 0.5 * self.side, y - 0.5 * self.side, part.min()
            high[tile] = x + 0.5 * self.side, y + 0.5 * self.side, part.max()
        return low, high
