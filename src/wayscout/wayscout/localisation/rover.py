# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Where the rover is: wheel odometry with slip, and its depth pictures laid onto the elevation map.

An extended Kalman filter over position in map (3), turn of the odometry frame about the vertical, slip
beyond what sand and slope let expect, and the position at the last depth picture, to which the way between
pictures refers. Roll and pitch are measured absolutely and taken as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wayscout.camera import Camera
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.grid import Grid
from wayscout.localisation.depth_odometry import GroundPatch
from wayscout.localisation.drift import DriftFilter
from wayscout.localisation.orbital import Orbital
from wayscout.localisation.relief import Fit, depth_cloud, fit, search

Array = npt.NDArray[np.float64]
_X, _Y, _Z, _TURN, _SLIP = range(5)
_SIZE = 8
_CLONE = slice(5, 8)
_STRIKES = 2  # matches refused in a row before the neighbourhood is searched anew
_RECOVERY_SIGMA = 0.3  # m
_MOST_MISFITS = 3  # in a row, before the last pictures rather than the new one are taken for wrong


@dataclass(frozen=True)
class RoverParams:
    """See config/localiser.yaml, which describes every number."""

    slip_sigma: float
    slip_length: float
    drive_walk: float
    drive_turn_walk: float
    cloud_stride: int
    cloud_reach: float
    way_sigma: float
    way_independent: float
    relief_sigma: float
    relief_independent: float
    relief_min_points: int
    relief_max_rms: float
    relief_search_sigma: float
    rover_gate: float


@dataclass(frozen=True)
class DepthResult:
    """What became of a depth picture: the final fit, whether it was used and why not."""

    fit: Fit | None
    used: bool
    reason: str


@dataclass(frozen=True)
class SlipCurve:
    """Slip on loose sand over the slope climbed: slopes [rad], growing, and slip (0 to 1)."""

    slopes: Array
    slip: Array

    def expected(self, slope: float, sand: float) -> float:
        """Slip expected when climbing `slope` [rad] on a share `sand` of loose sand."""
        return float(sand * np.interp(slope, self.slopes, self.slip))


class RoverFilter(DriftFilter):
    """Drift correction of the rover.

    Args:
        camera: hazard depth camera; mount: its optical frame in base_link. params: see RoverParams.
        start: base_link in map; start_sigma: (3,) [m]; heading_sigma: [rad].
        orbital: orbital map for heights where no better is known.
        slip: expected slip on sand, or None.
    """

    def __init__(
        self,
        camera: Camera,
        mount: Pose,
        params: RoverParams,
        start: Pose,
        start_sigma: npt.ArrayLike = (0.1, 0.1, 0.05),
        heading_sigma: float = 0.0035,
        *,
        orbital: Orbital | None = None,
        slip: SlipCurve | None = None,
    ) -> None:
        self._camera, self._mount, self._params = camera, mount, params
        super().__init__(_SIZE, start)
        self._orbital, self._slip = orbital, slip
        self._map: Grid | None = None
        self._shift = np.zeros(2)
        self._state[:3] = start.position
        sigma = [*np.asarray(start_sigma, dtype=np.float64), heading_sigma, params.slip_sigma]
        self._covariance[:5, :5] = np.diag(np.square(np.maximum(sigma, 1e-4)))
        self._patch = GroundPatch()
        self._misfits = 0
        self._strikes = 0
        self._clone()

    def _clone(self) -> None:
        self._state[_CLONE] = self._state[:3]
        self._covariance[_CLONE] = self._covariance[:3]
        self._covariance[:, _CLONE] = self._covariance[:, :3]

    def set_camera(self, camera: Camera) -> None:
        """Use other intrinsics from now on."""
        self._camera = camera

    @property
    def slip(self) -> float:
        """Slip now, expected part included (0 to 1)."""
        return float(np.clip(self._expected_slip() + self._state[_SLIP], -0.5, 0.95))

    def add_tile(self, tile: Grid) -> None:
        """Take a tile of the terrain map: layers 'elevation' and, where given, 'measured' and 'sand'.

        Raises:
            InvalidInput: when the tile lies on another lattice or has no elevation.
        """
        heights = tile["elevation"].copy()
        if "measured" in tile:
            heights[~(tile["measured"] > 0.5)] = np.nan
        kept = Grid(tile.resolution, tile.origin, tile.shape, tile.frame, {"elevation": heights})
        if "sand" in tile:
            kept["sand"] = tile["sand"]
        if self._map is None:
            self._map = kept
            return
        if not _holds(self._map, kept):
            self._map = _grown(self._map, kept)
        self._map.paste(kept)

    def set_shift(self, shift: npt.ArrayLike) -> None:
        """Take the orbital map's shift (2,) [m] as the helicopter found it."""
        self._shift = np.asarray(shift, dtype=np.float64)

    def step(self, odom: Pose) -> Pose:
        """Take one odometry message (base_link in the odometry frame); return map -> odom."""
        if self._odom is None:
            self._state[_TURN] = self._start.yaw - odom.yaw
        else:
            self._predict(odom)
        self._odom = odom
        return self.correction()

    def _expected_slip(self) -> float:
        if self._slip is None or self._map is None or self._odom is None or "sand" not in self._map:
            return 0.0
        sand = float(self._map.sample("sand", self._state[_X], self._state[_Y]))
        if not np.isfinite(sand):
            return 0.0
        climb = float(np.arcsin(np.clip(self._odom.rotation()[2, 0], -1.0, 1.0)))
        return self._slip.expected(climb, sand)

    def _predict(self, odom: Pose) -> None:
        assert self._odom is not None
        p, x = self._params, self._state
        step = odom.position - self._odom.position
        length = float(np.linalg.norm(step))
        turned_by = abs(
            float(np.arctan2(np.sin(odom.yaw - self._odom.yaw), np.cos(odom.yaw - self._odom.yaw)))
        )
        if length < 1e-7 and turned_by < 1e-7:
            return
        c, s = np.cos(x[_TURN]), np.sin(x[_TURN])
        turned = np.array([c * step[0] - s * step[1], s * step[0] + c * step[1], step[2]])
        moved = (1.0 - self.slip) * turned
        keep = float(np.exp(-length / p.slip_length))
        jacobian = np.eye(_SIZE)
        jacobian[:3, _SLIP] = -turned
        jacobian[0, _TURN], jacobian[1, _TURN] = -moved[1], moved[0]
        jacobian[_SLIP, _SLIP] = keep
        x[:3] += moved
        x[_SLIP] *= keep
        noise = np.zeros(_SIZE)
        # Turning in place scrubs the wheels sideways: count it as a metre of way per radian.
        noise[:3] = p.drive_walk**2 * (length + turned_by)
        # Climbing over stones, the body rises more than its attitude tells.
        noise[_Z] *= 9.0
        noise[_TURN] = p.drive_turn_walk**2 * (length + turned_by)
        noise[_SLIP] = p.slip_sigma**2 * (1.0 - keep**2)
        self._covariance = jacobian @ self._covariance @ jacobian.T + np.diag(noise)

    def depth(self, depth: npt.NDArray[np.generic]) -> DepthResult:
        """Lay a depth picture, taken at the instant of the last step, onto the map.

        Args:
            depth: (height, width) float [m] along the optical axis.

        Raises:
            InvalidInput: for a picture of wrong size or type.
        """
        p = self._params
        cloud = depth_cloud(depth, self._camera, self._mount, p.cloud_stride, p.cloud_reach)
        if self._odom is None:
            return DepthResult(None, False, "no odometry")
        roll, pitch, _ = self._odom.euler()
        cloud = Pose.from_euler(0.0, 0.0, 0.0, roll, pitch).apply(cloud)
        self._match_way(cloud)
        if self._map is not None:
            before = self._state.copy(), self._covariance.copy()
            if self._strikes >= _STRIKES:
                self._recover(cloud, self._map)
            result = self._match(cloud, self._map, p.relief_sigma)
            if not result.used:
                self._state, self._covariance = before
            if result.used:
                self._strikes = 0
            elif result.reason != "unknown ground":
                self._strikes += 1
            if result.used or result.reason != "unknown ground":
                return result
        return self._match_orbital(cloud)

    def _match_way(self, cloud: Array) -> None:
        """The way since the last depth picture, by laying this one onto what the last ones saw."""
        p = self._params
        yaw = self._yaw(self._state)
        misfit = False
        if not self._patch.empty and len(cloud) >= p.relief_min_points:
            start, origin = self._state.copy(), self._patch.position
            # A touch of noise keeps the covariance of the clone, equal to the position's at rest, invertible.
            prior = np.linalg.inv(self._covariance + 1e-8 * np.eye(_SIZE))
            link = np.zeros((3, _SIZE))
            link[:, :3], link[:, _CLONE] = np.eye(3), -np.eye(3)
            state = start.copy()
            used = False
            for _ in range(6):
                found = self._patch.fit(cloud, origin + link @ state, yaw, p.way_sigma)
                if found.count < p.relief_min_points:
                    used = False
                    break
                misfit = found.rms > p.relief_max_rms
                if misfit:
                    used = False
                    break
                weight = min(1.0, p.way_independent / found.count)
                information = prior + weight * link.T @ found.information[:3, :3] @ link
                gradient = prior @ (state - start) + weight * link.T @ found.gradient[:3]
                change = -np.linalg.solve(information, gradient)
                state += change
                used = True
                if np.abs(change[:3]).max() < 5e-4:
                    break
            moved = state - start
            misfit = misfit or (used and float(moved @ prior @ moved) > p.rover_gate**2)
            if used and not misfit:
                self._state = state
                self._covariance = np.asarray(np.linalg.inv(0.5 * (information + information.T)))
        position = self._patch.position + self._state[:3] - self._state[_CLONE]
        self._misfits = self._misfits + 1 if misfit else 0
        if self._misfits > _MOST_MISFITS:
            self._patch.clear()
        if misfit and not self._patch.empty:
            self._patch.position = position
        else:
            self._patch.add(cloud, position, yaw)
        self._clone()

    def _recover(self, cloud: Array, ground: Grid) -> None:
        """After refused matches: look around, take the height that fits, and admit to be unsure."""
        state, thin = self._state, cloud[::3]
        yaw = self._yaw(state)
        offset, met = search(
            thin, state[:3], yaw, ground["elevation"], ground.resolution, ground.origin,
            3.0 * _RECOVERY_SIGMA, max(ground.resolution, 0.1),
        )  # fmt: skip
        if met < self._params.relief_min_points // 3:
            return
        state[:2] += offset
        c, s = np.cos(yaw), np.sin(yaw)
        x = state[_X] + c * thin[:, 0] - s * thin[:, 1]
        y = state[_Y] + s * thin[:, 0] + c * thin[:, 1]
        state[_Z] = float(np.nanmedian(ground.sample("elevation", x, y) - thin[:, 2]))
        self._covariance[:3, :3] += _RECOVERY_SIGMA**2 * np.eye(3)
        self._clone()

    def _match(self, cloud: Array, ground: Grid, sigma: float) -> DepthResult:
        p = self._params
        layer, r, origin = ground["elevation"], ground.resolution, ground.origin
        prior = np.linalg.inv(self._covariance[:5, :5])
        start = self._state[:5].copy()
        spread = float(self.position_sigma[:2].max())
        state = start.copy()
        if spread > p.relief_search_sigma:
            offset, met = search(
                cloud[::3], state[:3], self._yaw(state), layer, r, origin, min(3.0 * spread, 2.0), max(r, 0.1)
            )
            if met >= p.relief_min_points // 3:
                state[:2] += offset
        found = None
        for _ in range(8):
            found = fit(cloud, state[:3], self._yaw(state), layer, r, origin, sigma)
            if found.count < p.relief_min_points:
                return DepthResult(found, False, "unknown ground")
            weight = self._weight(found)
            information = prior.copy()
            information[:4, :4] += weight * found.information
            gradient = prior @ (state - start)
            gradient[:4] += weight * found.gradient
            change = -np.linalg.solve(information, gradient)
            state += change
            if np.abs(change[:4]).max() < 1e-3:
                break
        found = fit(cloud, state[:3], self._yaw(state), layer, r, origin, sigma)
        if found.count < p.relief_min_points:
            return DepthResult(found, False, "unknown ground")
        if found.rms > p.relief_max_rms:
            return DepthResult(found, False, f"poor fit ({found.rms:.2f} m)")
        moved = state - start
        if float(moved @ prior @ moved) > p.rover_gate**2:
            return DepthResult(found, False, "outlier")
        information = prior.copy()
        information[:4, :4] += self._weight(found) * found.information
        self._state[:5] = state
        self._covariance[:5, :5] = np.linalg.inv(0.5 * (information + information.T))
        self._clone()
        return DepthResult(found, True, "")

    def _match_orbital(self, cloud: Array) -> DepthResult:
        """Only the height, and weakly: a metre's cells say nothing of a rover's place."""
        if self._orbital is None or not len(cloud):
            return DepthResult(None, False, "unknown ground")
        near = cloud[np.hypot(cloud[:, 0], cloud[:, 1]) < 4.0]
        if len(near) < 20:
            return DepthResult(None, False, "unknown ground")
        c, s = np.cos(self._yaw(self._state)), np.sin(self._yaw(self._state))
        x = self._state[_X] + c * near[:, 0] - s * near[:, 1] + self._shift[0]
        y = self._state[_Y] + s * near[:, 0] + c * near[:, 1] + self._shift[1]
        z = self._orbital.elevation.sample("elevation", x, y)
        residual = z - near[:, 2] - self._state[_Z]
        if np.isfinite(residual).sum() < 20:
            return DepthResult(None, False, "unknown ground")
        # The orbital error is the same over tens of metres: many looks must not average it away.
        variance = (3.0 * self._orbital.elevation_sigma) ** 2 + 0.5
        gain = self._covariance[:, _Z] / (self._covariance[_Z, _Z] + variance)
        self._state += gain * float(np.nanmedian(residual))
        self._covariance -= np.outer(gain, self._covariance[_Z])
        self._clone()
        return DepthResult(None, True, "orbital height only")

    def _weight(self, found: Fit) -> float:
        """Neighbouring points share the map's error: the cloud counts as so many independent ones."""
        return min(1.0, self._params.relief_independent / max(found.count, 1))

    def _yaw(self, state: Array) -> float:
        assert self._odom is not None
        return float(self._odom.yaw + state[_TURN])


def _holds(grid: Grid, tile: Grid) -> bool:
    a, b = grid.bounds, tile.bounds
    e = 1e-6
    return (
        a.x_min <= b.x_min + e
        and a.y_min <= b.y_min + e
        and a.x_max >= b.x_max - e
        and a.y_max >= b.y_max - e
    )


def _grown(grid: Grid, tile: Grid) -> Grid:
    """An empty grid over both, on the first one's lattice, holding the first one's layers."""
    if tile.frame != grid.frame or abs(tile.resolution - grid.resolution) > 1e-9:
        raise InvalidInput(
            "tile", (tile.frame, tile.resolution), f"{grid.frame}, {grid.resolution} m is needed"
        )
    r = grid.resolution
    a, b = grid.bounds, tile.bounds
    west, south = max(0, round((a.x_min - b.x_min) / r)), max(0, round((a.y_min - b.y_min) / r))
    east, north = max(0, round((b.x_max - a.x_max) / r)), max(0, round((b.y_max - a.y_max) / r))
    shape = (grid.shape[0] + south + north, grid.shape[1] + west + east)
    big = Grid(r, (grid.origin[0] - west * r, grid.origin[1] - south * r), shape, grid.frame)
    big.add("elevation")
    big.paste(grid)
    return big
