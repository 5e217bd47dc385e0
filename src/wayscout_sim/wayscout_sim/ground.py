# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What wheels and legs touch: the heightfield and a pool of near rocks, in a vehicle's MuJoCo model."""

from __future__ import annotations

import mujoco
import numpy as np
import numpy.typing as npt

from wayscout.worlds.truth import Truth

Array = npt.NDArray[np.float64]

_AWAY = np.array([0.0, 0.0, -50.0])  # m, where unused rocks of the pool wait
_BEDROCK = 5.0  # m of thickness below the lowest point


def add_ground(spec: mujoco.MjSpec, truth: Truth, rocks: int, friction: float) -> None:
    """Add the whole heightfield (at native resolution) and `rocks` movable ellipsoids to a model's world."""
    heights = truth.ground["elevation"]
    low, span = float(heights.min()), max(float(np.ptp(heights)), 1e-3)
    field = spec.add_hfield(name="ground", nrow=heights.shape[0], ncol=heights.shape[1])
    half = 0.5 * truth.world.size
    field.size = [half, half, span, _BEDROCK]
    field.userdata = ((heights - low) / span).astype(np.float64).reshape(-1)
    spec.worldbody.add_geom(
        name="ground",
        type=mujoco.mjtGeom.mjGEOM_HFIELD,
        hfieldname="ground",
        pos=[0, 0, low],
        friction=[friction, 0.005, 0.0001],
        condim=3,
    )
    for k in range(rocks):
        body = spec.worldbody.add_body(name=f"rock{k}", mocap=True, pos=_AWAY - [0, 0, k])
        body.add_geom(
            name=f"rock{k}",
            type=mujoco.mjtGeom.mjGEOM_ELLIPSOID,
            size=[0.2, 0.2, 0.2],
            friction=[friction, 0.005, 0.0001],
            condim=3,
        )


class NearRocks:
    """Keeps the pool on the rocks nearest to a vehicle.

    Args:
        model, data: a model made with `add_ground`.
        rocks: (n, 7) rock table.
        reach: rocks nearer than this are touchable [m].
    """

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, rocks: Array, reach: float) -> None:
        self._model, self._data = model, data
        self._rocks = rocks
        self._reach = reach
        self._radius = 0.5 * np.maximum(rocks[:, 3], rocks[:, 4])
        self._geoms = np.array(
            [g for g in range(model.ngeom) if model.geom(g).name.startswith("rock")], dtype=int
        )
        self._first = int(self._geoms[0])  # `add_ground` makes them one after the other
        self._centre = np.full(2, np.inf)
        self.shown = np.full(len(self._geoms), -1)  # rock of each slot

    def update(self, xy: Array) -> None:
        """Move the pool when the vehicle has come a fifth of the reach from where it was last moved."""
        if np.linalg.norm(xy - self._centre) < 0.2 * self._reach:
            return
        self._centre = np.array(xy)
        distance = np.linalg.norm(self._rocks[:, :2] - xy, axis=1) - self._radius
        near = np.flatnonzero(distance < self._reach)
        near = near[np.argsort(distance[near], kind="stable")][: len(self._geoms)]
        stay = set(near) & set(self.shown)
        free = [slot for slot, rock in enumerate(self.shown) if rock not in stay]
        for slot in free:
            self._hide(slot)
        for slot, rock in zip(free, [r for r in near if r not in stay], strict=False):
            self._show(slot, int(rock))

    def rocks_of(self, pairs: npt.NDArray[np.int32]) -> npt.NDArray[np.intp]:
        """Return the touched row of the rock table for (n, 2) pairs of touching geoms, -1 for none."""
        slots = pairs - self._first
        ours = (slots >= 0) & (slots < len(self.shown))
        rocks = np.where(ours, self.shown[np.where(ours, slots, 0)], -1)
        return np.asarray(rocks.max(axis=1, initial=-1), dtype=np.intp)

    def _show(self, slot: int, rock: int) -> None:
        x, y, z, width, depth, height, yaw = self._rocks[rock]
        self._place(slot, np.array([x, y, z]), yaw, np.array([0.5 * width, 0.5 * depth, height]))
        self.shown[slot] = rock

    def _hide(self, slot: int) -> None:
        self._place(slot, _AWAY - [0, 0, slot], 0.0, np.full(3, 0.2))
        self.shown[slot] = -1

    def _place(self, slot: int, position: Array, yaw: float, size: Array) -> None:
        geom = self._geoms[slot]
        body = self._model.geom_bodyid[geom]
        mocap = self._model.body_mocapid[body]
        self._data.mocap_pos[mocap] = position
        self._data.mocap_quat[mocap] = [np.cos(0.5 * yaw), 0.0, 0.0, np.sin(0.5 * yaw)]
        # what the compiler derives from a geom's size must follow it: bounding sphere and boxes
        self._model.geom_size[geom] = size
        self._model.geom_rbound[geom] = size.max()
        self._model.geom_aabb[geom] = [0, 0, 0, *size]
        node = self._model.body_bvhadr[body]
        if node >= 0:
            self._model.bvh_aabb[node] = [0, 0, 0, *size]
