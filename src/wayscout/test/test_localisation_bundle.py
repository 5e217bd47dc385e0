# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Bundle adjustment: known answers on made-up points, outliers, fixed cameras."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from wayscout.errors import InvalidInput
from wayscout.localisation.bundle import Observations, Priors, Solution, solve

DOWN = np.array([[0.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
FOCAL = 550.0


def scene(seed, cameras=6, points=150, noise_px=0.0):
    """A line of downward cameras 12 m above rough ground, and everything they would measure."""
    rng = np.random.default_rng(seed)
    centre = np.stack(
        [2.5 * np.arange(cameras), rng.normal(0, 0.3, cameras), 12 + rng.normal(0, 0.2, cameras)], 1
    )
    rotation = np.stack([cv2.Rodrigues(rng.normal(0, 0.03, 3))[0] @ DOWN for _ in range(cameras)])
    ground = np.stack(
        [rng.uniform(-4, 2.5 * cameras + 2, points), rng.uniform(-5, 5, points), rng.normal(0, 0.5, points)],
        1,
    )
    camera, point, xy, depth = [], [], [], []
    for p in range(points):
        for i in range(cameras):
            y = rotation[i].T @ (ground[p] - centre[i])
            if abs(y[0] / y[2]) < 0.58 and abs(y[1] / y[2]) < 0.43:
                camera.append(i)
                point.append(p)
                xy.append(y[:2] / y[2] + rng.normal(0, noise_px / FOCAL, 2))
                depth.append(y[2] if p % 20 == 0 else np.nan)
    n = len(camera)
    seen = Observations(
        np.array(camera),
        np.array(point),
        np.array(xy),
        np.full(n, 0.3 / FOCAL),
        np.array(depth),
        np.full(n, 0.03),
    )
    counts = np.bincount(seen.point, minlength=points)
    kept = counts >= 2
    number = np.cumsum(kept) - 1
    keep = kept[seen.point]
    seen = seen.subset(np.flatnonzero(keep))
    seen.point = number[seen.point]
    steps = np.stack([np.arange(cameras - 1), np.arange(1, cameras)], 1)
    turn = [rotation[j] @ rotation[i].T for i, j in steps]
    priors = Priors(
        up=rotation[:, 2, :].copy(),
        up_sigma=1e-3,
        steps=steps,
        step=np.diff(centre, axis=0),
        step_rotation=rotation[:-1],
        step_sigma=np.full((cameras - 1, 3), 0.1),
        yaw_step=np.array([np.arctan2(m[1, 0] - m[0, 1], m[0, 0] + m[1, 1]) for m in turn]),
        yaw_sigma=np.full(cameras - 1, 0.01),
        anchors=np.array([0]),
        anchor=centre[:1].copy(),
        anchor_sigma=np.full((1, 3), 0.01),
        headings=np.array([0]),
        heading=rotation[:1].copy(),
        heading_sigma=np.array([1e-3]),
    )
    return rotation, centre, ground[kept], seen, priors


def disturbed_solution(rotation, centre, ground, seen, priors, seed=1, **options) -> Solution:
    rng = np.random.default_rng(seed)
    n = len(rotation)
    off_r = np.stack([cv2.Rodrigues(rng.normal(0, 0.005, 3))[0] @ r for r in rotation])
    off_c = centre + rng.normal(0, 0.2, (n, 3))
    return solve(
        off_r, off_c, np.zeros(n, bool), ground + rng.normal(0, 0.5, ground.shape), seen, priors,
        iterations=30, tolerance=1e-12, **options,
    )  # fmt: skip


def test_perfect_measurements_give_the_truth():
    rotation, centre, ground, seen, priors = scene(0)
    found = disturbed_solution(rotation, centre, ground, seen, priors)
    assert np.abs(found.centre - centre).max() < 1e-4
    assert np.abs(found.rotation - rotation).max() < 1e-5
    assert np.abs(found.points - ground).max() < 1e-2


def test_sigma_tells_the_size_of_errors():
    errors, sigmas = [], []
    for seed in range(6):
        rotation, centre, ground, seen, priors = scene(seed, noise_px=0.3)
        found = disturbed_solution(rotation, centre, ground, seen, priors)
        errors.append(found.centre[1:] - centre[1:])
        sigmas.append(np.sqrt(np.diagonal(found.covariance, axis1=1, axis2=2))[1:])
    ratio = np.sqrt(np.mean((np.array(errors) / np.array(sigmas)) ** 2))
    # attitude, laser and anchors are noise-free here: errors are somewhat smaller than their sigma
    assert 0.1 < ratio < 1.3


def test_wrong_sightings_hardly_matter():
    rotation, centre, ground, seen, priors = scene(2, points=300, noise_px=0.2)
    rng = np.random.default_rng(3)
    wrong = rng.random(len(seen.camera)) < 0.1
    seen.xy[wrong] += rng.normal(0, 20.0 / FOCAL, (int(wrong.sum()), 2))
    found = disturbed_solution(rotation, centre, ground, seen, priors)
    trusting = disturbed_solution(rotation, centre, ground, seen, priors, huber=1e9)
    assert np.abs(found.centre - centre).max() < 0.12
    assert np.abs(found.centre - centre).max() < 0.5 * np.abs(trusting.centre - centre).max()


def test_what_moves_all_pictures_together_is_not_left_where_it_began():
    """Pixels do not see a common move or tilt; the few priors that do must win though they weigh little."""
    rotation, centre, ground, seen, priors = scene(4, cameras=24, points=600, noise_px=0.02)
    seen = replace(seen, sigma=np.full(len(seen.camera), 0.05 / FOCAL))
    priors = replace(priors, anchor_sigma=np.full((1, 3), 0.15))
    tilt = cv2.Rodrigues(np.array([0.0, 0.002, 0.0]))[0]
    found = solve(
        tilt @ rotation, centre @ tilt.T + [0.4, -0.3, 0.2], np.zeros(24, bool),
        ground @ tilt.T + [0.4, -0.3, 0.2], seen, priors, iterations=8,
    )  # fmt: skip
    assert found.centre[0] == pytest.approx(centre[0], abs=0.002)
    assert found.centre[-1] == pytest.approx(centre[-1], abs=0.01)


def test_fixed_cameras_stay_and_hold_the_others():
    rotation, centre, ground, seen, priors = scene(4)
    rng = np.random.default_rng(5)
    fixed = np.array([True, True, False, False, False, False])
    start = np.where(fixed[:, None], centre, centre + rng.normal(0, 0.2, centre.shape))
    loose = replace(priors, anchor=priors.anchor + 5.0, headings=np.zeros(0, np.int64))
    found = solve(rotation, start, fixed, ground, seen, loose, iterations=30, tolerance=1e-12)
    assert np.array_equal(found.centre[:2], centre[:2])
    assert np.abs(found.centre - centre).max() < 1e-3
    assert not found.covariance[:2].any()


def test_orbital_positions_reveal_the_shift():
    rotation, centre, ground, seen, priors = scene(6)
    shift = np.array([1.3, -0.7])
    priors.orbital = np.arange(6)
    priors.orbital_xy = centre[:, :2] + shift
    priors.orbital_sigma = np.full(6, 0.1)
    found = disturbed_solution(rotation, centre, ground, seen, priors)
    # the shift's own prior pulls by (sigma of a match / sigma of the shift)^2 / 6
    assert np.abs(found.shift - shift).max() < 2e-3
    assert np.sqrt(found.shift_covariance[0, 0]) < 0.06


def test_bad_start_values_are_named():
    rotation, centre, ground, seen, priors = scene(7)
    with pytest.raises(InvalidInput, match="start values"):
        solve(rotation, centre * np.nan, np.zeros(6, bool), ground, seen, priors)
    with pytest.raises(InvalidInput, match="free camera"):
        solve(rotation, centre, np.ones(6, bool), ground, seen, priors)
