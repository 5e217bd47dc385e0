# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""How the rover would stand: settled pose of the rocker-bogie on an elevation grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from wayscout.driving.body import DrivingParameters, RoverBody
from wayscout.driving.tracking import clean_path, densify
from wayscout.errors import InvalidInput
from wayscout.grid import Grid

Array = npt.NDArray[np.float64]

BELLY_LENGTH, BELLY_WIDTH = 1.8, 1.3  # [m] of the plate under the body
_RIM = np.array([-0.8, -0.4, 0.0, 0.4, 0.8])  # of the wheel radius: where the rim may touch


@dataclass(frozen=True)
class Settled:
    """Settled poses, one entry each.

    Attributes:
        z: height of base_link [m in map].
        roll, pitch: REP-103, pitch positive nose down [rad].
        tilt: angle between body up and vertical [rad].
        clearance: least distance from belly to ground [m].
        step: greatest height between neighbouring wheels of one side beyond the body's slope [m].
        known: every wheel stands on known ground.
    """

    z: Array
    roll: Array
    pitch: Array
    tilt: Array
    clearance: Array
    step: Array
    known: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Violation:
    """The first pose along a path that breaks a limit."""

    index: int
    x: float
    y: float
    distance: float
    kind: str
    reason: str


@njit(cache=True)  # type: ignore[untyped-decorator]
def _height(z: npt.NDArray[np.float32], x0: float, y0: float, resolution: float, x: float, y: float) -> float:
    """Bilinear height between cell centres; NaN outside or beside an unknown cell."""
    u = (x - x0) / resolution - 0.5
    v = (y - y0) / resolution - 0.5
    rows, cols = z.shape
    if not (u >= 0.0 and v >= 0.0 and u <= cols - 1.0 and v <= rows - 1.0):
        return np.nan
    c, r = min(int(u), cols - 2), min(int(v), rows - 2)
    fu, fv = u - c, v - r
    south = z[r, c] * (1.0 - fu) + z[r, c + 1] * fu
    north = z[r + 1, c] * (1.0 - fu) + z[r + 1, c + 1] * fu
    return float(south * (1.0 - fv) + north * fv)


@njit(cache=True)  # type: ignore[untyped-decorator]
def _settle(
    z: npt.NDArray[np.float32],
    x0: float,
    y0: float,
    resolution: float,
    poses: Array,
    wheel_xy: Array,
    radius: float,
    rim: Array,
    belly: float,
    belly_length: float,
    belly_width: float,
    out: Array,
) -> None:
    half_wheelbase = wheel_xy[0, 0]
    side_span = (
        wheel_xy[0, 1] - wheel_xy[3, 1] + wheel_xy[1, 1] - wheel_xy[4, 1] + wheel_xy[2, 1] - wheel_xy[5, 1]
    ) / 3.0
    contact = np.empty(6)
    for i in range(poses.shape[0]):
        px, py = poses[i, 0], poses[i, 1]
        c, s = np.cos(poses[i, 2]), np.sin(poses[i, 2])
        roll = pitch = 0.0
        for _ in range(2):  # the second pass shortens the footprint by the tilt of the first
            for w in range(6):
                wx, wy = wheel_xy[w, 0] * np.cos(pitch), wheel_xy[w, 1] * np.cos(roll)
                best = -np.inf
                for k in range(rim.shape[0]):
                    dx = rim[k] * radius
                    x = px + c * (wx + dx) - s * wy
                    y = py + s * (wx + dx) + c * wy
                    h = _height(z, x0, y0, resolution, x, y) + radius * (np.sqrt(1.0 - rim[k] * rim[k]) - 1.0)
                    if not np.isfinite(h):
                        best = np.nan
                        break
                    best = max(best, h)
                contact[w] = best
            # The rocker leads from the front wheel to the bogie's pivot, between middle and rear wheel;
            # the differential gives the body the mean of both rockers' pitches.
            left = (contact[0] + contact[1] + contact[2]) / 3.0
            right = (contact[3] + contact[4] + contact[5]) / 3.0
            reach = half_wheelbase * np.cos(pitch)
            rise_left = (contact[0] - 0.5 * (contact[1] + contact[2])) / (1.5 * reach)
            rise_right = (contact[3] - 0.5 * (contact[4] + contact[5])) / (1.5 * reach)
            rise = 0.5 * (rise_left + rise_right)
            lean = (left - right) / (side_span * np.cos(roll))
            pitch = -np.arctan(rise)
            roll = np.arctan(lean)
        height = 0.5 * (left + right)
        step = 0.0
        for a in (0, 1, 3, 4):
            step = max(step, abs(contact[a] - contact[a + 1] - rise * reach))
        scale = 1.0 / np.sqrt(1.0 + rise * rise + lean * lean)
        clearance = np.inf
        for a in range(7):
            bx = (a / 6.0 - 0.5) * belly_length
            for b in range(5):
                by = (b / 4.0 - 0.5) * belly_width
                ground = _height(z, x0, y0, resolution, px + c * bx - s * by, py + s * bx + c * by)
                if np.isfinite(ground):
                    clearance = min(clearance, belly - (ground - height - rise * bx - lean * by) * scale)
        out[i, 0], out[i, 1], out[i, 2] = height, roll, pitch
        out[i, 3], out[i, 4], out[i, 5] = np.arccos(scale), clearance, step


def settle(grid: Grid, poses: npt.ArrayLike, body: RoverBody, layer: str = "elevation") -> Settled:
    """Settle the rover at many places.

    Wheels are rigid discs that touch where their rim meets the ground highest; the suspension follows its
    kinematics (rocker, bogie, differential), friction and compliance are left out.

    Args:
        grid: with an elevation layer [m].
        poses: (n, 3) x, y [m] and yaw [rad] of base_link in map.
    """
    p = np.ascontiguousarray(poses, dtype=np.float64)
    if p.ndim != 2 or p.shape[1] != 3:
        raise InvalidInput("poses shape", p.shape, "(n, 3) x, y, yaw are needed")
    out = np.empty((len(p), 6))
    if min(grid.shape) < 2:
        raise InvalidInput("grid.shape", grid.shape, "at least two rows and columns are needed")
    x0, y0 = grid.origin
    _settle(
        grid[layer], float(x0), float(y0), float(grid.resolution), p, body.wheel_positions(),
        body.wheel_radius, _RIM, body.belly_clearance, BELLY_LENGTH, BELLY_WIDTH, out,
    )  # fmt: skip
    z, roll, pitch, tilt, clearance, step = np.ascontiguousarray(out.T)
    return Settled(z, roll, pitch, tilt, clearance, step, np.isfinite(z))


def check_ahead(
    path: npt.ArrayLike,
    grid: Grid,
    body: RoverBody,
    parameters: DrivingParameters,
    distance: float | None = None,
) -> Violation | None:
    """Return the first settled pose along a path that breaks a limit, or None.

    Args:
        path: (n, 2) x, y [m] from the rover on.
        distance: how far to look [m], instead of `check_distance`.

    Tilt may reach max_tilt less `check_tilt_margin`, the belly keeps `least_clearance`, and no wheel steps by
    more than max_step. Unknown ground is not a violation here; planning has priced it.
    """
    points, s = densify(clean_path(path), parameters.check_spacing)
    reach = parameters.check_distance if distance is None else distance
    points, s = points[s <= reach], s[s <= reach]
    if len(points) < 2:
        return None
    d = np.gradient(points, axis=0)
    settled = settle(grid, np.column_stack([points, np.arctan2(d[:, 1], d[:, 0])]), body)
    most = body.max_tilt - parameters.check_tilt_margin
    checks = (
        ("tilt", settled.tilt > most, np.degrees(settled.tilt), np.degrees(most), "deg", "more than"),
        ("clearance", settled.clearance < parameters.least_clearance, settled.clearance,
         parameters.least_clearance, "m", "less than"),
        ("step", settled.step > body.max_step, settled.step, body.max_step, "m", "more than"),
    )  # fmt: skip
    broken = np.stack([c[1] & settled.known for c in checks])
    if not broken.any():
        return None
    i = int(np.argmax(broken.any(axis=0)))
    kind, _, values, limit, unit, words = checks[int(np.argmax(broken[:, i]))]
    reason = f"{kind} {values[i]:.2f} {unit}, {words} {limit:.2f} {unit}, {s[i]:.1f} m ahead"
    return Violation(i, float(points[i, 0]), float(points[i, 1]), float(s[i]), kind, reason)
