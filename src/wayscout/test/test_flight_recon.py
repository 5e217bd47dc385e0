# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Looks at a target from several sides: what they show, what they cost, what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from wayscout import config
from wayscout.camera import Camera, load_camera
from wayscout.errors import InvalidInput
from wayscout.flight import envelope, trajectory
from wayscout.flight.ground import Ground
from wayscout.flight.plan import FlightPlan, FlightWaypoint, HelicopterLimits
from wayscout.flight.recon import ReconParams, ReconPlan, Wish, plan_recon, together
from wayscout.flight.views import SECTORS, Eye, Outlook, expected_views, pixel_sizes, places, project
from wayscout.geometry import Pose
from wayscout.grid import Bounds, Grid
from wayscout.sites.records import Prior

LIMITS = config.load("helicopter", HelicopterLimits)
PARAMS = config.load("recon", ReconParams)
CAMERAS = config.directory() / "cameras"
PITCH = 0.7592  # [rad] below the horizon
DOWN = Pose.from_euler(0.04, 0.0, 0.13, roll=np.pi, yaw=-np.pi / 2)
NAVIGATION = Eye(load_camera(CAMERAS / "navigation.yaml"), DOWN)
COLOUR = Eye(
    load_camera(CAMERAS / "colour.yaml"),
    Pose.from_euler(0.07, 0.0, 0.14, roll=-np.pi / 2 - PITCH, yaw=-np.pi / 2),
)
MAP = Bounds(-128.0, -128.0, 128.0, 128.0)
LEVEL = Ground([Grid(4.0, (-128.0, -128.0), (64, 64), "map", {"elevation": np.zeros((64, 64))})])


def look(target: Prior, start: tuple[float, float] = (0.0, 0.0), **options: Any) -> ReconPlan:
    given: dict[str, Any] = {"ground": LEVEL, "bounds": MAP, **options}
    limits, params = given.pop("limits", LIMITS), given.pop("params", PARAMS)
    return plan_recon(target, start, COLOUR, NAVIGATION, limits, params, **given)


def around(bearings: list[float], distance: float, height: float = 8.0) -> np.ndarray[Any, Any]:
    """Stations (k, 4) at bearings around the origin, the nose to it."""
    return np.array([[distance * np.cos(b), distance * np.sin(b), height, b + np.pi] for b in bearings])


# --- what pictures show ---------------------------------------------------------------------------------


def test_straight_below_a_pixel_is_height_over_focal_length() -> None:
    eye = Eye(Camera.pinhole(400, 300, 1.0), DOWN)
    station = np.array([[3.0, 4.0, 10.0, 0.7]])
    under = np.array([[3.0 + 0.04 * np.cos(0.7), 4.0 + 0.04 * np.sin(0.7), 0.0]])
    assert pixel_sizes(eye, station, under)[0] == pytest.approx(10.13 / eye.camera.fx, rel=1e-3)
    pixels, inside = project(eye, station, under)
    assert inside.all()
    assert pixels[0, 0] == pytest.approx([199.5, 149.5])


def test_aslant_a_pixel_grows_as_the_solid_angle_says() -> None:
    """Area = r^3 cos^3(off axis) / (h f^2) for level ground and a pinhole."""
    station = np.array([[0.0, 0.0, 8.0, 0.0]])
    eye = COLOUR.mount.position + np.array([0.0, 0.0, 8.0])
    axis = COLOUR.mount.rotation()[:, 2]
    for ahead, left in ((8.5, 0.0), (4.0, 2.0), (20.0, -6.0)):
        point = np.array([ahead, left, 0.0])
        r = float(np.linalg.norm(point - eye))
        off = float((point - eye) @ axis) / r
        wanted = np.sqrt(r**3 * off**3 / eye[2]) / COLOUR.camera.fx
        # the probe of 5 cm is a pixel or two of the perspective's change
        assert pixel_sizes(COLOUR, station, point[None])[0, 0] == pytest.approx(wanted, rel=0.02)


def test_what_is_behind_or_beside_is_not_seen() -> None:
    station = np.array([[0.0, 0.0, 8.0, np.pi / 2]])
    points = np.array([[0.0, 10.0, 0.0], [0.0, -10.0, 0.0], [30.0, 5.0, 0.0], [-30.0, 5.0, 0.0]])
    assert np.isfinite(pixel_sizes(COLOUR, station, points)[0]).tolist() == [True, False, False, False]


def test_a_sure_target_is_its_disc_and_an_unsure_one_spreads_evenly() -> None:
    points, chance = places(Prior(5.0, -3.0, 0.0), 10.0)
    assert chance == pytest.approx(1.0)
    assert np.hypot(*(points - [5.0, -3.0]).T).max() == pytest.approx(5.0, abs=0.3)
    points, chance = places(Prior(5.0, -3.0, 4.0), 10.0)
    assert (chance @ points) / chance.sum() == pytest.approx([5.0, -3.0], abs=1e-6)
    cell = (2.0 * 17.0 / 22.0) ** 2
    assert chance.sum() * cell == pytest.approx(np.pi * 25.0, rel=0.05), "the disc's area is kept"
    spread = np.sqrt((chance @ (points[:, 0] - 5.0) ** 2) / chance.sum())
    assert spread == pytest.approx(np.hypot(4.0, 2.5), rel=0.1)


@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_the_sides_of_a_ring_of_pictures_are_counted(count: int) -> None:
    bearings = [0.2 + 2.0 * np.pi * k / count for k in range(count)]
    outlook = Outlook(Prior(0.0, 0.0, 0.0), 2.0, LIMITS)
    share, sides_share, sides, sampling = outlook.colour(COLOUR, around(bearings, 10.0), 0.03, 3)
    assert sides == min(count, SECTORS)
    assert share == pytest.approx(1.0)
    assert sides_share == pytest.approx(1.0 if count >= 3 else 0.0)
    # r = 12.8 m at h = 8 m, near the middle of the picture; the best of all sides is a little nearer
    assert sampling == pytest.approx(np.sqrt(12.7**3 / 8.1) / COLOUR.camera.fx, rel=0.12)


def test_what_is_too_far_for_the_wished_pixel_does_not_count() -> None:
    outlook, stations = Outlook(Prior(0.0, 0.0, 0.0), 2.0, LIMITS), around([0.0, 2.0, 4.0], 22.0)
    fine, coarse = (outlook.colour(COLOUR, stations, sampling, 3) for sampling in (0.02, 0.08))
    assert fine[0] == fine[2] == 0
    assert coarse[0] == pytest.approx(1.0)
    assert coarse[2] == 3
    assert fine[3] == coarse[3]


def test_without_colour_pictures_nothing_is_expected() -> None:
    plan = FlightPlan(1, "blind", (FlightWaypoint(0, 0, 8, 2, 0), FlightWaypoint(20, 0, 8, 2, 0)))
    views = expected_views(plan, COLOUR, Prior(5, 0, 1), LIMITS, size=4, ground_sampling=0.03)
    assert (views.share, views.sides, views.colour_pictures) == (0.0, 0, 0)
    assert np.isnan(views.ground_sampling)


# --- plans ----------------------------------------------------------------------------------------------


def check_envelope(found: ReconPlan) -> None:
    """Flight 26's envelope, priced anew."""
    cost = envelope.check(found.plan, PARAMS.within(LIMITS), LEVEL)
    assert cost.duration <= 159.0
    assert cost.distance <= 369.8
    assert cost.speed <= 3.8
    assert cost.height == pytest.approx(8.0, abs=0.3)
    assert cost == found.cost


@pytest.mark.parametrize("seed", range(6))
def test_random_targets_in_reach_are_seen_from_several_sides(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kind = ("parachute", "backshell", "debris")[seed % 3]
    distance, bearing = rng.uniform(30.0, 75.0), rng.uniform(0.0, 2.0 * np.pi)
    start = rng.uniform(-40.0, 40.0, 2)
    x, y = start + distance * np.array([np.cos(bearing), np.sin(bearing)])
    target = Prior(float(x), float(y), float(rng.uniform(0.5, 4.0)), kind, name="it")
    found = look(target, tuple(start))
    check_envelope(found)
    views = found.views
    assert views.colour_pictures == PARAMS.recon_pictures == 10
    assert views.sides >= 3
    assert views.sides_share >= 0.9
    assert views.share >= 0.97
    assert views.stereo_share >= 0.95
    assert views.ground_sampling <= PARAMS.recon_sampling
    again = expected_views(
        found.plan, COLOUR, target, LIMITS, size=PARAMS.size_of(target), navigation=NAVIGATION,
        ground_sampling=PARAMS.recon_sampling, ground=LEVEL,
    )  # fmt: skip
    assert again.share == pytest.approx(views.share, abs=0.02)
    points = found.plan.points
    assert points[0] == pytest.approx(start)
    assert points[-1] == pytest.approx(start)
    assert MAP.contains(points[:, 0], points[:, 1]).all()


def test_the_target_where_it_really_is_lies_in_the_pictures() -> None:
    """The search is real: the canopy lies elsewhere than thought, and is seen all the same."""
    target = Prior(40.0, 30.0, 3.0, "parachute", name="parachute")
    found = look(target)
    rng = np.random.default_rng(11)
    for _ in range(20):
        there = Prior(target.x + 3.0 * rng.normal(), target.y + 3.0 * rng.normal(), 0.0, "parachute")
        views = expected_views(
            found.plan, COLOUR, there, LIMITS, size=21.5, ground_sampling=0.03, navigation=NAVIGATION,
            ground=LEVEL,
        )  # fmt: skip
        if np.hypot(there.x - target.x, there.y - target.y) < PARAMS.recon_sigmas * 3.0:
            assert views.share > 0.98
            assert views.sides >= 3
            assert views.stereo_share > 0.95


def test_the_nose_points_to_the_target_and_pictures_stand_all_around_it() -> None:
    found = look(Prior(40.0, 30.0, 2.0, "backshell"))
    path = trajectory.build(found.plan, PARAMS.within(LIMITS))
    assert len(path.colours) == 10
    bearings = []
    for s in path.colours:
        (x, y), yaw, _, _ = path.at(float(s))
        to = np.arctan2(30.0 - y, 40.0 - x)
        assert abs((yaw - to + np.pi) % (2.0 * np.pi) - np.pi) < 0.25
        bearings.append(np.arctan2(y - 30.0, x - 40.0))
    assert len({int((b + np.pi) // (np.pi / 4.0)) for b in bearings}) >= 6


def test_it_lands_at_the_first_site_that_leaves_enough_of_the_flight() -> None:
    target = Prior(50.0, 30.0, 2.0, "backshell")
    found = look(target, landing_sites=[(70.0, 60.0), (0.0, 0.0)])
    assert found.plan.landing_sites == ((70.0, 60.0), (0.0, 0.0))
    assert found.plan.points[-1] == pytest.approx([70.0, 60.0])
    check_envelope(found)
    far = look(Prior(100.0, 0.0, 2.0, "parachute"), landing_sites=[(-127.0, -127.0), (60.0, 0.0)])
    assert far.plan.landing_sites == ((60.0, 0.0), (-127.0, -127.0))


def test_wished_viewing_angles_and_height_are_kept() -> None:
    angles = (np.radians(35.0), np.radians(55.0))
    found = look(Prior(30.0, 20.0, 1.0, "backshell"), wish=Wish(0.0, angles, 10.0))
    path = trajectory.build(found.plan, PARAMS.within(LIMITS))
    seen = [np.hypot(*(path.at(float(s))[0] - [30.0, 20.0])) for s in path.colours]
    wanted = 10.0 * np.tan(angles)
    assert len(seen) == 10
    assert all(np.abs(wanted - distance).min() < 0.8 for distance in seen)
    assert sum(distance > wanted.mean() for distance in seen) == 5
    assert {w.height for w in found.plan.waypoints} == {10.0}


def test_at_the_edge_of_the_map_the_rings_are_cut_off() -> None:
    found = look(Prior(120.0, 0.0, 1.0, "backshell"), (80.0, 0.0))
    points = found.plan.points
    assert MAP.contains(points[:, 0], points[:, 1]).all()
    assert found.views.share > 0.95
    check_envelope(found)


def test_above_the_target_itself_a_look_begins_too() -> None:
    found = look(Prior(0.0, 0.0, 1.0, "backshell"))
    assert found.views.sides >= 3
    check_envelope(found)


def test_a_plan_is_the_same_every_time() -> None:
    target = Prior(40.0, 30.0, 2.0, "backshell")
    assert look(target) == look(target)


# --- refusals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"x": float("nan")}, "target.x"),
        ({"sigma": -1.0}, "target.sigma"),
        ({"size": float("inf")}, "target.size"),
        ({"kind": "boat"}, "target.kind"),
        ({"x": 400.0}, r"target\.position = .*inside the map"),
    ],
)
def test_a_target_that_is_no_use_is_refused_by_name(changes: dict[str, Any], reason: str) -> None:
    good = {"x": 40.0, "y": 30.0, "sigma": 2.0, "kind": "backshell", "size": 0.0}
    with pytest.raises(InvalidInput, match=reason):
        look(Prior(**{**good, **changes}))


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"height": -8.0}, r"recon\.height"),
        ({"height": float("nan")}, r"recon\.height"),
        ({"height": 80.0}, r"recon\.height = 80"),
        ({"height": 1.0}, r"recon\.height = 1"),
        ({"ground_sampling": float("nan")}, r"recon\.ground_sampling"),
        ({"viewing_angles": (0.5, float("nan"))}, r"recon\.viewing_angles\[1\]"),
        ({"viewing_angles": (1.5,)}, r"recon\.viewing_angles\[0\]"),
    ],
)
def test_a_wish_that_is_no_use_is_refused_by_name(wish: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        look(Prior(40.0, 30.0, 2.0, "backshell"), wish=Wish(**wish))


def test_other_refusals_say_why() -> None:
    shell = Prior(40.0, 30.0, 2.0, "backshell", name="shell")
    with pytest.raises(InvalidInput, match="recon start"):
        look(shell, (0.0, float("nan")))
    with pytest.raises(InvalidInput, match=r"landing_sites\[1\]"):
        look(shell, landing_sites=[(0.0, 0.0), (0.0, 500.0)])
    with pytest.raises(envelope.OutsideEnvelope, match=r"'shell' is out of reach.*limit is 370 m"):
        look(shell, (-120.0, -120.0))
    with pytest.raises(envelope.OutsideEnvelope, match=r"only 0 % of it would be seen at 0.1 cm"):
        look(shell, wish=Wish(ground_sampling=0.001))
    with pytest.raises(envelope.OutsideEnvelope, match="energy"):
        look(shell, limits=replace(LIMITS, usable_energy=20000.0))


# --- what lies together ---------------------------------------------------------------------------------

CANOPY = Prior(10.0, 5.0, 1.2, "parachute", 20.0, "parachute")
SHELL = Prior(28.0, 5.0, 1.5, "backshell", 4.0, "backshell")


def test_one_flight_looks_at_what_lies_beside_its_target() -> None:
    both = together(CANOPY, [CANOPY, SHELL], PARAMS)
    assert (both.x, both.y) == pytest.approx((15.0 + 0.5 * PARAMS.recon_debris, 5.0), abs=0.1)
    assert both.size == pytest.approx(30.0 + PARAMS.recon_debris, abs=0.3)
    assert (both.sigma, both.kind, both.name) == (1.5, "", "parachute")
    same = together(SHELL, [CANOPY, SHELL], PARAMS)
    assert (same.x, same.y, same.size) == pytest.approx((both.x, both.y, both.size), abs=0.1)
    assert same.name == "backshell"
    found = look(both, (15.0, -45.0))
    check_envelope(found)
    assert found.views.share > 0.97
    assert found.views.stereo_share > 0.95


def test_what_lies_farther_off_is_left_alone() -> None:
    far = replace(SHELL, x=28.0 + PARAMS.recon_together)
    assert together(CANOPY, [CANOPY, far], PARAMS) is CANOPY
    assert together(CANOPY, [], PARAMS) is CANOPY
    between = Prior(31.0, 5.0, 1.0, "debris", 4.0, "field")
    assert together(CANOPY, [far, between], PARAMS).size > 38.0, (
        "what lies beside the one beside belongs to it"
    )
