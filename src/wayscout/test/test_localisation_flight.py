# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A flight over made-up ground: drift is found in flight and after it, bad pictures and echoes do no harm."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))

import synthetic_flight as sf
import synthetic_survey as survey

from wayscout import config
from wayscout.camera import Camera
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.localisation import flight_adjustment, tracks
from wayscout.localisation.campaign import HelicopterCampaign
from wayscout.localisation.flight_adjustment import AdjustmentParams, FlightAdjuster
from wayscout.localisation.helicopter import HelicopterFilter, HelicopterParams

CAMERA = Camera.pinhole(640, 480, np.deg2rad(47.0))
SHIFT = (1.1, -0.7)
FLIGHT = config.load("localiser", HelicopterParams)
ADJUST = config.load("localiser", AdjustmentParams)


@pytest.fixture(scope="module")
def flight():
    """Samples of a short flight out and back, its orbital map and the start pose as it is known."""
    cv2.setNumThreads(1)
    ground = survey.make_ground(1, (46.0, 40.0))
    samples = sf.fly(ground, CAMERA, length=18.0, seed=4, drift=0.02)
    first = samples[0].truth
    start = Pose.from_euler(*(first.position + np.array([0.08, -0.06, 0.02])), yaw=first.yaw + 0.003)
    return samples, sf.make_orbital(ground, SHIFT, 5), start


def adjusted(flight, change=None):
    samples, orbital, _ = flight
    pictures = [s for s in samples if s.image is not None]
    adjuster = FlightAdjuster(CAMERA, sf.MOUNT, ADJUST, orbital, laser=sf.LASER)
    for k, s in enumerate(pictures):
        image, distance = s.image, s.distance
        if change is not None:
            image, distance = change(k, image, distance)
        adjuster.add_picture(s.time, image, s.odom, distance, pictures[0].truth if k == 0 else None)
    result = adjuster.adjust((0.02, 0.02, 0.02), 0.001)
    true = np.array([(s.truth @ sf.MOUNT).position for s in pictures])
    return result, np.array([p.position for p in result.optical_poses]) - true


def test_adjusted_pictures_are_where_they_were_taken(flight):
    samples, _, _ = flight
    result, error = adjusted(flight)
    drift = max(np.linalg.norm(s.odom.position - samples[0].odom.position
                               - s.truth.position + samples[0].truth.position) for s in samples)  # fmt: skip
    assert drift > 0.3
    assert np.abs(error).max() < 0.1
    assert error[:, 2].std() < 0.02
    assert result.reprojection_rms < 0.3
    assert np.abs(result.shift - SHIFT).max() < 0.2
    assert np.all(np.isfinite(result.sigmas))
    assert np.all(result.sigmas > 0.0)


def test_dark_corners_of_a_lens_do_not_slow_the_ground():
    rng = np.random.default_rng(0)
    wide = 100.0 + 14.0 * cv2.GaussianBlur(rng.standard_normal((480, 760)), (0, 0), 2.0) / 0.14
    y, x = np.mgrid[:480, :640]
    light = 1.0 - 0.3 * ((x - 320.0) ** 2 + (y - 240.0) ** 2) / (320.0**2 + 240.0**2)
    first, second = (np.clip(light * wide[:, k : k + 640], 0, 255).astype(np.uint8) for k in (0, 120))
    pixels = tracks.corners(first, 44, 2e-5)
    pixels = pixels[pixels[:, 0] > 140.0]
    true = pixels - [120.0, 0.0]
    shift = np.array([[1.0, 0.0, -120.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    bias = {}
    for name, a, b in (
        ("raw", first, second),
        ("even", tracks.evened(first), tracks.evened(second)),
    ):
        found, good = tracks.follow(a, b, pixels, true, shift, window=17)
        assert good.sum() > 40
        bias[name] = abs(np.mean(found[good, 0] - true[good, 0]))
    assert bias["even"] < 0.01
    assert bias["even"] < 0.5 * bias["raw"], bias
    assert np.ptp(tracks.evened(np.full((480, 640), 90, np.uint8))) == 0


def test_a_swing_that_leaves_neighbours_apart_does_not_break_the_track(flight, monkeypatch):
    follow = tracks.follow
    images = [tracks.evened(s.image) for s in flight[0] if s.image is not None]

    def apart(first, second, pixels, *more, **options):
        found, good = follow(first, second, pixels, *more, **options)
        if np.array_equal(first, images[3]) and np.array_equal(second, images[4]):
            good[:] = False
        return found, good

    monkeypatch.setattr(flight_adjustment.tracks, "follow", apart)
    _, error = adjusted(flight)
    assert np.abs(np.diff(error[:, 2])).max() < 0.03
    assert error[:, 2].std() < 0.02


def test_the_same_pictures_give_the_same_poses(flight):
    first, second = adjusted(flight)[0], adjusted(flight)[0]
    for a, b in zip(first.optical_poses, second.optical_poses, strict=True):
        assert np.array_equal(a.position, b.position)
        assert np.array_equal(a.quaternion, b.quaternion)


def test_black_pictures_and_missing_echoes_are_survived(flight):
    def spoil(k, image, distance):
        return (np.zeros_like(image) if k % 6 == 3 else image), (float("nan") if k % 3 == 1 else distance)

    _, error = adjusted(flight, spoil)
    black = np.arange(len(error)) % 6 == 3
    assert np.abs(error[~black]).max() < 0.15
    assert np.abs(error[black]).max() < 0.5


def test_wrong_matches_are_survived(flight, monkeypatch):
    follow, rng = tracks.follow, np.random.default_rng(0)

    def lying(*args, **options):
        found, good = follow(*args, **options)
        wrong = rng.random(len(found)) < 0.1
        found[wrong] += rng.normal(0, 15.0, (int(wrong.sum()), 2))
        return found, good

    monkeypatch.setattr(flight_adjustment.tracks, "follow", lying)
    _, error = adjusted(flight)
    assert np.abs(error).max() < 0.15


def test_in_flight_the_helicopter_knows_where_it_is(flight):
    samples, orbital, start = flight
    campaign = HelicopterCampaign(
        CAMERA, sf.MOUNT, sf.LASER, FLIGHT, ADJUST, orbital, start, (0.1, 0.1, 0.05), 0.0035
    )
    errors, used = [], 0
    for s in samples:
        correction = campaign.step(s.odom, s.distance)
        assert correction.tilt() < 1e-9
        if s.image is not None:
            used += campaign.picture(s.time, s.image).used
        errors.append(campaign.filter.pose.position - s.truth.position)
    assert used > 10
    assert np.linalg.norm(errors, axis=1).max() < 0.5
    result = campaign.finish_flight()
    assert result is not None
    assert campaign.pictures == 0
    assert np.linalg.norm(campaign.filter.pose.position - samples[-1].truth.position) < 0.35
    assert campaign.finish_flight() is None


@pytest.mark.parametrize("rounds", [1, 2])  # flown twice, it sees itself as well as it sees the first flight
def test_a_second_flight_is_tied_to_the_first(flight, rounds):
    samples, orbital, _ = flight
    pictures = [s for s in samples if s.image is not None]
    first, _ = adjusted(flight)
    moved = 0.3
    params = replace(ADJUST, side_pictures=1)
    adjuster = FlightAdjuster(CAMERA, sf.MOUNT, params, orbital, laser=sf.LASER)
    for k, s in enumerate(pictures[:6] * rounds):
        guess = Pose(s.truth.position + np.array([moved, 0.0, 0.0]), s.truth.quaternion)
        adjuster.add_picture(100.0 + k, s.image, s.odom, s.distance, guess)
    again = adjuster.adjust((0.3, 0.3, 0.3), 0.01, first.shift, (0.05, 0.05), first.pictures)
    for a, b in zip(again.optical_poses, first.optical_poses[:6] * rounds, strict=True):
        assert np.abs(a.position - b.position).max() < 0.008


def test_without_orbital_map_or_motion_the_filter_holds_still(flight):
    samples, _, start = flight
    f = HelicopterFilter(CAMERA, sf.MOUNT, FLIGHT, ADJUST, None, start, laser=sf.LASER)
    for _ in range(50):
        f.step(samples[0].odom)
    assert np.allclose(f.pose.position, start.position)
    assert not f.picture(np.zeros((480, 640), np.uint8)).used


def test_odd_pictures_are_refused_by_name(flight):
    samples, orbital, _ = flight
    adjuster = FlightAdjuster(CAMERA, sf.MOUNT, ADJUST, orbital)
    with pytest.raises(InvalidInput, match=r"picture\.shape"):
        adjuster.add_picture(0.0, np.zeros((4, 4), np.uint8), samples[0].odom)
    image = np.zeros((480, 640), np.uint8)
    adjuster.add_picture(1.0, image, samples[0].odom)
    with pytest.raises(InvalidInput, match=r"picture\.time"):
        adjuster.add_picture(1.0, image, samples[0].odom)
    with pytest.raises(InvalidInput, match="two pictures"):
        adjuster.adjust()
