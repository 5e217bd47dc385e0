# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Bundle adjustment of one flight: camera poses, ground points and the orbital map's shift together.

Levenberg-Marquardt on the reduced camera system: points are eliminated by the Schur complement
(Triggs et al., "Bundle Adjustment - A Modern Synthesis", 2000, section 6), the rest is one dense
Cholesky factorisation, which for a few hundred pictures is faster than a sparse one.

A camera pose is a rotation R (optical frame to map) and a centre c. Its six unknowns are a turn
theta and a step t, both in the map frame: R <- exp(theta) R, c <- c + t. Two more unknowns at the
end are the shift s of the orbital map. Image points are undistorted and normalised (x/z, y/z).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from wayscout.errors import InvalidInput

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

# What moves or tilts all pictures together is weighed by priors alone, some 1e-8 of what the pixels say about
# each: a damping that is a larger share of the diagonal would hold it where it began.
_DAMPING = 1e-9
_CHANGE = 100.0  # of the damping, after a step that failed or held


@dataclass
class Observations:
    """Where ground points were seen; sorted by point.

    Attributes:
        camera, point: (k,) int64.
        xy: (k, 2) float64, normalised image coordinates.
        sigma: (k,) float64, standard deviation in the same unit.
        depth: (k,) float64 [m], distance along the optical axis where the laser measured it, else NaN.
        depth_sigma: (k,) float64 [m].
    """

    camera: Index
    point: Index
    xy: Array
    sigma: Array
    depth: Array
    depth_sigma: Array

    def sorted(self) -> Observations:
        return self.subset(np.argsort(self.point, kind="stable"))

    def subset(self, keep: npt.NDArray[np.generic]) -> Observations:
        return Observations(
            self.camera[keep], self.point[keep], self.xy[keep],
            self.sigma[keep], self.depth[keep], self.depth_sigma[keep],
        )  # fmt: skip


@dataclass
class Priors:
    """What is known of the poses without looking at points. All in the map frame.

    Attributes:
        up: (n, 3) the map's vertical as each camera's attitude sensor saw it, in the optical frame.
        up_sigma: [rad].
        steps: (m, 2) int64, pairs of cameras that odometry ties together.
        step: (m, 3) displacement [m] from the first to the second, in a frame whose heading is that of
            `step_rotation`; (m, 3, 3), the attitude of the first camera in that frame.
        step_sigma: (m, 3) [m], yaw_step: (m,) turn about the vertical [rad], yaw_sigma: (m,) [rad].
        anchors: (a,) int64 cameras, anchor: (a, 3) positions [m], anchor_sigma: (a, 3) [m].
        headings: (h,) int64 cameras, heading: (h, 3, 3) attitudes, heading_sigma: (h,) [rad] of the heading.
        orbital: (o,) int64 cameras, orbital_xy: (o, 2) position [m] in the orbital map (so: plus its shift),
            orbital_sigma: (o,) [m].
        shift, shift_sigma: (2,) expected shift of the orbital map [m].
    """

    up: Array
    up_sigma: float
    steps: Index
    step: Array
    step_rotation: Array
    step_sigma: Array
    yaw_step: Array
    yaw_sigma: Array
    anchors: Index
    anchor: Array
    anchor_sigma: Array
    headings: Index
    heading: Array
    heading_sigma: Array
    orbital: Index = field(default_factory=lambda: np.zeros(0, np.int64))
    orbital_xy: Array = field(default_factory=lambda: np.zeros((0, 2)))
    orbital_sigma: Array = field(default_factory=lambda: np.zeros(0))
    shift: Array = field(default_factory=lambda: np.zeros(2))
    shift_sigma: Array = field(default_factory=lambda: np.full(2, 2.0))


@dataclass
class Solution:
    """Adjusted cameras and points.

    Attributes:
        rotation: (n, 3, 3), centre: (n, 3) [m], points: (p, 3) [m], shift: (2,) [m].
        covariance: (n, 3, 3) [m^2] of the centres.
        shift_covariance: (2, 2) [m^2].
        residual: (k,) distance between seen and predicted, normalised image units.
        cost: half the sum of squares, robust; iterations: how many steps were tried.
    """

    rotation: Array
    centre: Array
    points: Array
    shift: Array
    covariance: Array
    shift_covariance: Array
    residual: Array
    cost: float
    iterations: int


@njit(cache=True)
def _accumulate(  # type: ignore[no-untyped-def]
    rotation,
    centre,
    free,
    points,
    start,
    camera,
    xy,
    sigma,
    depth,
    depth_sigma,
    huber,
    damping,
    s,
    b,
    step_data,
):
    """Add every point's observations to the reduced system s x = b; keep what back-substitution needs."""
    v_inverse, g_point, w_block = step_data
    jc = np.zeros((3, 6))
    jp = np.zeros((3, 3))
    r = np.zeros(3)
    for p in range(len(points)):
        first, last = start[p], start[p + 1]
        v = np.zeros((3, 3))
        g = np.zeros(3)
        for k in range(first, last):
            i = camera[k]
            ri = rotation[i]
            d = points[p] - centre[i]
            y0 = ri[0, 0] * d[0] + ri[1, 0] * d[1] + ri[2, 0] * d[2]
            y1 = ri[0, 1] * d[0] + ri[1, 1] * d[1] + ri[2, 1] * d[2]
            y2 = ri[0, 2] * d[0] + ri[1, 2] * d[1] + ri[2, 2] * d[2]
            w_block[k] = 0.0
            if y2 < 0.1:
                continue
            r[0] = (y0 / y2 - xy[k, 0]) / sigma[k]
            r[1] = (y1 / y2 - xy[k, 1]) / sigma[k]
            norm = np.sqrt(r[0] * r[0] + r[1] * r[1])
            weight = 1.0 if norm <= huber else np.sqrt(huber / norm)
            rows = 2
            for c in range(3):
                d0, d1, d2 = ri[c, 0], ri[c, 1], ri[c, 2]
                jp[0, c] = weight / sigma[k] * (d0 - y0 / y2 * d2) / y2
                jp[1, c] = weight / sigma[k] * (d1 - y1 / y2 * d2) / y2
            r[0] *= weight
            r[1] *= weight
            if not np.isnan(depth[k]):
                rows = 3
                r[2] = (y2 - depth[k]) / depth_sigma[k]
                far = abs(r[2])
                weight = 1.0 if far <= huber else np.sqrt(huber / far)
                for c in range(3):
                    jp[2, c] = weight / depth_sigma[k] * ri[c, 2]
                r[2] *= weight
            for a in range(rows):
                # d y / d c = -R^T, and d y / d theta = R^T [d]x: rows of jp crossed with d
                jc[a, 3] = -jp[a, 0]
                jc[a, 4] = -jp[a, 1]
                jc[a, 5] = -jp[a, 2]
                jc[a, 0] = jp[a, 1] * d[2] - jp[a, 2] * d[1]
                jc[a, 1] = jp[a, 2] * d[0] - jp[a, 0] * d[2]
                jc[a, 2] = jp[a, 0] * d[1] - jp[a, 1] * d[0]
            for a in range(rows):
                for c in range(3):
                    g[c] += jp[a, c] * r[a]
                    for e in range(3):
                        v[c, e] += jp[a, c] * jp[a, e]
            slot = free[i]
            if slot < 0:
                continue
            for a in range(rows):
                for c in range(6):
                    b[6 * slot + c] -= jc[a, c] * r[a]
                    for e in range(6):
                        s[6 * slot + c, 6 * slot + e] += jc[a, c] * jc[a, e]
                    for e in range(3):
                        w_block[k, c, e] += jc[a, c] * jp[a, e]
        for c in range(3):
            v[c, c] += damping * v[c, c] + 1e-6
        inverse = np.linalg.inv(v)
        v_inverse[p] = inverse
        g_point[p] = g
        for k in range(first, last):
            slot = free[camera[k]]
            if slot < 0:
                continue
            wv = w_block[k] @ inverse
            for c in range(6):
                for e in range(3):
                    b[6 * slot + c] += wv[c, e] * g[e]
            for m in range(first, last):
                other = free[camera[m]]
                if other < 0:
                    continue
                for c in range(6):
                    for e in range(6):
                        total = 0.0
                        for f in range(3):
                            total += wv[c, f] * w_block[m, e, f]
                        s[6 * slot + c, 6 * other + e] -= total


@njit(cache=True)
def _point_steps(points, start, camera, free, step_data, x):  # type: ignore[no-untyped-def]
    v_inverse, g_point, w_block = step_data
    moved = np.empty_like(points)
    for p in range(len(points)):
        g = -g_point[p]
        for k in range(start[p], start[p + 1]):
            slot = free[camera[k]]
            if slot >= 0:
                for c in range(6):
                    for e in range(3):
                        g[e] -= w_block[k, c, e] * x[6 * slot + c]
        moved[p] = points[p] + v_inverse[p] @ g
    return moved


@njit(cache=True)
def _residuals(rotation, centre, points, camera, point, xy, sigma, depth, depth_sigma, huber):  # type: ignore[no-untyped-def]
    """Return image residuals (k,) and the robust cost."""
    distance = np.empty(len(camera))
    cost = 0.0
    for k in range(len(camera)):
        ri = rotation[camera[k]]
        y = ri.T @ (points[point[k]] - centre[camera[k]])
        if y[2] < 0.1:
            distance[k] = np.inf
            cost += 0.5 * huber * 1e4
            continue
        norm = np.sqrt((y[0] / y[2] - xy[k, 0]) ** 2 + (y[1] / y[2] - xy[k, 1]) ** 2)
        distance[k] = norm
        norm /= sigma[k]
        cost += 0.5 * norm * norm if norm <= huber else huber * (norm - 0.5 * huber)
        if not np.isnan(depth[k]):
            far = abs(y[2] - depth[k]) / depth_sigma[k]
            cost += 0.5 * far * far if far <= huber else huber * (far - 0.5 * huber)
    return distance, cost


class _System:
    """Normal equations s x = b of the priors, and their cost; the latter alone where asked for."""

    def __init__(self, size: int, *, cost_only: bool = False) -> None:
        self.size, self.cost, self._cost_only = size, 0.0, cost_only
        held = 0 if cost_only else size
        self.s, self.b = np.zeros((held, held)), np.zeros(held)

    def add(self, columns: Index, jacobian: Array, residual: Array, huber: float = np.inf) -> None:
        """Add m whitened priors of r rows each: columns (m, k), jacobian (m, r, k), residual (m, r).

        Columns below zero belong to fixed cameras.
        """
        norm = np.linalg.norm(residual, axis=1)
        weight = np.where(norm <= huber, 1.0, huber / np.maximum(norm, 1e-300))
        cost = np.where(norm <= huber, 0.5 * norm**2, huber * (norm - 0.5 * huber))
        self.cost += float(cost.sum())
        if self._cost_only:
            return
        j = jacobian * (columns >= 0)[:, None, :]
        at = np.maximum(columns, 0)
        weighted = weight[:, None, None] * j
        np.add.at(self.s, (at[:, :, None], at[:, None, :]), np.einsum("mrk,mrl->mkl", weighted, j))
        np.subtract.at(self.b, at, np.einsum("mrk,mr->mk", weighted, residual))


def _add_priors(
    system: _System, priors: Priors, rotation: Array, centre: Array, shift: Array, free: Index, huber: float
) -> None:
    def at(cameras: Index, first: int, count: int) -> Index:
        slot = free[np.asarray(cameras, dtype=np.int64)]
        return np.where(slot[:, None] >= 0, 6 * slot[:, None] + first + np.arange(count), -1)

    def rows(*columns: Array) -> Array:
        """(m, r, k) from k columns (m, r)."""
        return np.stack(columns, axis=2)

    moving = np.flatnonzero(free >= 0)
    v = np.einsum("ijk,ik->ij", rotation[moving], priors.up[moving])
    nought = np.zeros(len(v))
    jacobian = rows(
        np.stack([nought, -v[:, 2]], axis=1), np.stack([v[:, 2], nought], axis=1),
        np.stack([-v[:, 1], v[:, 0]], axis=1),
    )  # fmt: skip
    system.add(at(moving, 0, 3), jacobian / priors.up_sigma, v[:, :2] / priors.up_sigma, huber)

    first, second = priors.steps[:, 0], priors.steps[:, 1]
    turn = _yaw_between(priors.step_rotation, rotation[first])
    c, s = np.cos(turn), np.sin(turn)
    step = priors.step
    expected = np.stack(
        [c * step[:, 0] - s * step[:, 1], s * step[:, 0] + c * step[:, 1], step[:, 2]], axis=1
    )
    w = 1.0 / priors.step_sigma
    across = np.stack([-expected[:, 1], expected[:, 0], np.zeros(len(step))], axis=1)  # vertical x expected
    weights = w[:, :, None] * np.eye(3)
    jacobian = np.concatenate([-weights, weights, (-w * across)[:, :, None]], axis=2)
    columns = np.concatenate([at(first, 3, 3), at(second, 3, 3), at(first, 2, 1)], axis=1)
    system.add(columns, jacobian, w * (centre[second] - centre[first] - expected), huber)
    error = _yaw_between(rotation[first], rotation[second]) - priors.yaw_step
    error = (error + np.pi) % (2.0 * np.pi) - np.pi
    w1 = 1.0 / priors.yaw_sigma
    columns = np.concatenate([at(first, 2, 1), at(second, 2, 1)], axis=1)
    system.add(columns, np.stack([-w1, w1], axis=1)[:, None], (w1 * error)[:, None], huber)

    w = 1.0 / priors.anchor_sigma
    gap = w * (centre[priors.anchors] - priors.anchor)
    system.add(at(priors.anchors, 3, 3), w[:, :, None] * np.eye(3), gap)
    w1 = 1.0 / priors.heading_sigma
    error = w1 * _yaw_between(priors.heading, rotation[priors.headings])
    system.add(at(priors.headings, 2, 1), w1[:, None, None], error[:, None])
    last = np.array([system.size - 2, system.size - 1])
    w1 = 1.0 / priors.orbital_sigma
    both = np.concatenate([np.eye(2), np.eye(2)], axis=1)
    residual = w1[:, None] * (centre[priors.orbital, :2] + shift - priors.orbital_xy)
    ends = np.broadcast_to(last, (len(priors.orbital), 2))
    columns = np.concatenate([at(priors.orbital, 3, 2), ends], axis=1)
    system.add(columns, w1[:, None, None] * both, residual, huber)
    w = 1.0 / priors.shift_sigma
    system.add(last[None], np.diag(w)[None], (w * (shift - priors.shift))[None])


def _yaw_between(first: Array, second: Array) -> Array:
    """Turn about the vertical [rad] (m,) that takes attitudes `first` (m, 3, 3) closest to `second`."""
    m = np.einsum("mij,mkj->mik", second, first)
    turn: Array = np.arctan2(m[:, 1, 0] - m[:, 0, 1], m[:, 0, 0] + m[:, 1, 1])
    return turn


def solve(
    rotation: Array,
    centre: Array,
    fixed: npt.NDArray[np.bool_],
    points: Array,
    seen: Observations,
    priors: Priors,
    *,
    shift: Array | None = None,
    iterations: int = 15,
    huber: float = 2.0,
    tolerance: float = 1e-4,
) -> Solution:
    """Adjust cameras and points so that observations and priors agree best.

    Args:
        rotation: (n, 3, 3) start values, optical frame to map. centre: (n, 3) [m].
        fixed: (n,) cameras that stay as they are (pictures of earlier flights).
        points: (p, 3) [m] start values; every one needs at least two observations.
        seen: observations sorted by point, every point present.
        huber: residual, in standard deviations, from which errors count linearly.
        tolerance: relative fall of the cost below which the search ends.

    Raises:
        InvalidInput: when there is no free camera or the arrays disagree.
    """
    n = len(rotation)
    if centre.shape != (n, 3) or fixed.shape != (n,) or not np.any(~fixed):
        raise InvalidInput(
            "bundle cameras", (rotation.shape, centre.shape), "at least one free camera is needed"
        )
    if not (np.all(np.isfinite(rotation)) and np.all(np.isfinite(centre)) and np.all(np.isfinite(points))):
        raise InvalidInput("bundle start values", "NaN", "finite poses and points are needed")
    free = np.full(n, -1, np.int64)
    free[~fixed] = np.arange(int(np.sum(~fixed)))
    size = 6 * int(np.sum(~fixed)) + 2
    start = np.searchsorted(seen.point, np.arange(len(points) + 1)).astype(np.int64)
    rotation, centre, points = rotation.copy(), centre.copy(), points.copy()
    shift_now: Array = np.zeros(2) if shift is None else np.array(shift, dtype=np.float64)
    measured = (seen.xy, seen.sigma, seen.depth, seen.depth_sigma)

    def cost_of(r: Array, c: Array, p: Array, s: Array) -> tuple[Array, float]:
        system = _System(size, cost_only=True)
        _add_priors(system, priors, r, c, s, free, huber)
        distance, cost = _residuals(r, c, p, seen.camera, seen.point, *measured, huber)
        return distance, cost + system.cost

    def normal(damping: float) -> tuple[_System, tuple[Array, Array, Array]]:
        system = _System(size)
        step_data = (
            np.zeros((len(points), 3, 3)),
            np.zeros((len(points), 3)),
            np.zeros((len(seen.camera), 6, 3)),
        )
        _add_priors(system, priors, rotation, centre, shift_now, free, huber)
        _accumulate(
            rotation,
            centre,
            free,
            points,
            start,
            seen.camera,
            *measured,
            huber,
            damping,
            system.s,
            system.b,
            step_data,
        )
        return system, step_data

    residual, cost = cost_of(rotation, centre, points, shift_now)
    damping, tried = _DAMPING, 0
    while tried < iterations:
        tried += 1
        system, step_data = normal(damping)
        try:
            factor = cho_factor(
                system.s + damping * np.diag(np.diag(system.s)), lower=True, check_finite=False
            )
        except LinAlgError:
            damping *= _CHANGE
            continue
        x = cho_solve(factor, system.b, check_finite=False)
        turned, moved = rotation.copy(), centre.copy()
        for i in np.flatnonzero(~fixed):
            step = x[6 * free[i] : 6 * free[i] + 6]
            turned[i] = cv2.Rodrigues(step[:3])[0] @ rotation[i]
            moved[i] = centre[i] + step[3:]
        new_points = _point_steps(points, start, seen.camera, free, step_data, x)
        new_shift = shift_now + x[-2:]
        new_residual, new_cost = cost_of(turned, moved, new_points, new_shift)
        if not np.isfinite(new_cost) or new_cost > cost:
            damping = min(damping * _CHANGE, 1e6)
            continue
        fall = (cost - new_cost) / max(cost, 1e-12)
        rotation, centre, points, shift_now = turned, moved, new_points, new_shift
        residual, cost = new_residual, new_cost
        damping = max(damping / _CHANGE, _DAMPING)
        if fall < tolerance:
            break
    system, _ = normal(0.0)
    inverse = np.linalg.inv(system.s + 1e-9 * np.eye(size))
    covariance = np.zeros((n, 3, 3))
    for i in np.flatnonzero(~fixed):
        at = 6 * free[i] + 3
        covariance[i] = inverse[at : at + 3, at : at + 3]
    return Solution(
        rotation, centre, points, shift_now, covariance, np.asarray(inverse[-2:, -2:]), residual, cost, tried
    )
