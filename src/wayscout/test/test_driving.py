# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Steering, tracking, settled poses, slip, hazards, detours and whole drives."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wayscout import config
from wayscout.camera import load_camera
from wayscout.driving import hazards, replan, settle, slip, steering, tracking
from wayscout.driving.body import STEERED, WHEELS, DrivingParameters, RoverBody
from wayscout.driving.drive import Drive
from wayscout.driving.passing import Passing
from wayscout.errors import InvalidInput, NoPath
from wayscout.geometry import Pose
from wayscout.grid import Bounds, Grid

Array = npt.NDArray[np.float64]
BODY = config.load("rover", RoverBody)
PARAMETERS = config.load("driving", DrivingParameters)
CAMERA = load_camera(config.directory() / "cameras/hazard_depth.yaml")
FASTEST = PARAMETERS.max_wheel_speed


# --- steering -------------------------------------------------------------------------------------------


def test_driving_straight_turns_all_wheels_alike() -> None:
    command = steering.wheels(0.042, 0.0, BODY, FASTEST)
    np.testing.assert_allclose(command.speeds, 0.042 / 0.2625)
    np.testing.assert_allclose(command.angles, 0.0, atol=1e-12)


def test_a_bend_of_three_metres_has_the_angles_of_the_drawing() -> None:
    command = steering.wheels(0.03, 0.01, BODY, 1.0)
    angle = dict(zip(STEERED, command.angles, strict=True))
    inner, outer = np.arctan(1.13 / (3.0 - 1.065)), np.arctan(1.13 / (3.0 + 1.065))
    assert angle["front_left"] == pytest.approx(inner)
    assert angle["rear_left"] == pytest.approx(-inner)
    assert angle["front_right"] == pytest.approx(outer)
    rate = dict(zip(WHEELS, command.speeds, strict=True))
    assert rate["middle_left"] == pytest.approx(0.01 * (3.0 - 1.185) / 0.2625)
    assert rate["front_right"] == pytest.approx(0.01 * np.hypot(1.13, 3.0 + 1.065) / 0.2625)


def test_turning_in_place_points_every_wheel_along_its_circle() -> None:
    command = steering.wheels(0.0, 0.02, BODY, 1.0)
    assert np.abs(command.angles) == pytest.approx(np.arctan2(1.13, 1.065))
    assert (command.speeds[:3] < 0).all()
    assert (command.speeds[3:] > 0).all()


@settings(max_examples=100, deadline=None)
@given(st.floats(-0.05, 0.05), st.floats(-0.05, 0.05))
def test_no_wheel_skids_or_breaks_a_limit(v: float, omega: float) -> None:
    command = steering.wheels(v, omega, BODY, FASTEST)
    assert np.abs(command.speeds).max() <= FASTEST / BODY.wheel_radius * (1 + 1e-9)
    assert np.abs(command.angles).max() <= max(BODY.max_steer, np.arctan2(1.13, 1.065)) + 1e-9
    back_v, sideways, back_omega = steering.twist(command, BODY)
    assert sideways == pytest.approx(0.0, abs=1e-9)
    # Every wheel rolls along its axle's normal: the least-squares twist explains all of them exactly.
    again = steering.wheels(back_v, back_omega, BODY, FASTEST)
    np.testing.assert_allclose(again.speeds, command.speeds, atol=1e-9)


@given(st.floats(0.005, 0.03), st.floats(-0.6, 0.6))
def test_a_feasible_twist_comes_back(v: float, curvature: float) -> None:
    omega = v * curvature * 0.9
    back = steering.twist(steering.wheels(v, omega, BODY, 1.0), BODY)
    np.testing.assert_allclose(back, (v, 0.0, omega), atol=1e-9)


def test_a_twist_of_nan_is_refused() -> None:
    with pytest.raises(InvalidInput, match="twist"):
        steering.wheels(float("nan"), 0.0, BODY, FASTEST)


def test_wheels_wait_for_the_corners() -> None:
    gate = steering.SteeringGate(BODY, PARAMETERS.steer_gate)
    wanted = steering.wheels(0.0, 0.02, BODY, FASTEST)
    waited = 0
    while not np.any(gate.step(wanted, 0.25).speeds):
        waited += 1
    needed = (np.abs(wanted.angles).max() - PARAMETERS.steer_gate) / (BODY.max_steer_rate * 0.25)
    assert waited == pytest.approx(needed, abs=1.0)


# --- tracking -------------------------------------------------------------------------------------------


class Cart:
    """A kinematic rover: wheels' twist less slip, plus a sideways drift on a slope."""

    def __init__(
        self, path: Array, heading: float | None = None, slip: float = 0.0, drift: float = 0.0
    ) -> None:
        first = path[1] - path[0]
        self.x, self.y = map(float, path[0])
        self.yaw = float(np.arctan2(first[1], first[0])) if heading is None else heading
        self.slip, self.drift = slip, drift
        self.track: list[tuple[float, float]] = []

    def roll(self, command: steering.WheelCommand, dt: float = 0.25) -> None:
        v, _, omega = steering.twist(command, BODY)
        ahead, left = v * (1.0 - self.slip) * dt, -abs(v) * self.drift * dt
        self.x += ahead * np.cos(self.yaw) - left * np.sin(self.yaw)
        self.y += ahead * np.sin(self.yaw) + left * np.cos(self.yaw)
        self.yaw += omega * dt
        self.track.append((self.x, self.y))

    def pose(self) -> Pose:
        return Pose.from_euler(self.x, self.y, 0.0, yaw=self.yaw)


def follow(path: Array, cart: Cart, noise: float = 0.0, limit: int = 12000) -> list[tracking.Motion]:
    tracker = tracking.Tracker(path, BODY, PARAMETERS)
    gate = steering.SteeringGate(BODY, PARAMETERS.steer_gate)
    rng = np.random.default_rng(5)
    motions = []
    for _ in range(limit):
        dx, dy = rng.normal(0.0, noise, 2) if noise else (0.0, 0.0)
        motion = tracker.step(cart.x + dx, cart.y + dy, cart.yaw)
        motions.append(motion)
        if motion.mode == tracking.ARRIVED:
            return motions
        cart.roll(gate.step(steering.wheels(motion.v, motion.omega, BODY, FASTEST), 0.25))
    raise AssertionError("it never arrived")


def offsets(track: list[tuple[float, float]], path: Array) -> Array:
    dense, _ = tracking.densify(path, 0.02)
    points = np.array(track)
    return np.hypot(points[:, None, 0] - dense[:, 0], points[:, None, 1] - dense[:, 1]).min(axis=1)


def s_bend(length: float) -> Array:
    x = np.linspace(0.0, length, int(2 * length) + 1)
    return np.stack([x, 4.0 * np.sin(x / 6.0)], axis=1)


@pytest.mark.parametrize(
    ("slip_ahead", "drift", "noise"), [(0.0, 0.0, 0.0), (0.2, 0.1, 0.0), (0.2, 0.15, 0.02)]
)
def test_an_s_bend_is_followed_with_slip_and_drift(slip_ahead: float, drift: float, noise: float) -> None:
    path = s_bend(30.0)
    cart = Cart(path, slip=slip_ahead, drift=drift)
    follow(path, cart, noise)
    assert offsets(cart.track, path).max() <= (0.25 if noise or drift else 0.02)
    assert np.hypot(cart.x - path[-1, 0], cart.y - path[-1, 1]) <= PARAMETERS.goal_tolerance + 4 * noise


def test_sharp_corners_are_turned_in_place() -> None:
    path = np.array([(0, 0), (5, 0), (5, 5), (1, 6.0)])
    cart = Cart(path)
    motions = follow(path, cart)
    modes = [m.mode for m in motions]
    turns = sum(a != "turning" and b == "turning" for a, b in itertools.pairwise(modes))
    assert turns == 2
    assert offsets(cart.track, path).max() < 0.2


def test_a_rover_that_looks_the_wrong_way_turns_first() -> None:
    path = np.array([(0, 0), (6, 0.0)])
    cart = Cart(path, heading=np.pi - 0.1)
    motions = follow(path, cart)
    assert motions[0].mode == "turning"
    assert motions[0].v == 0.0
    assert offsets(cart.track, path).max() < 0.1


def test_a_rover_beside_the_path_comes_back_to_it() -> None:
    path = np.array([(0, 0), (12, 0.0)])
    cart = Cart(path)
    cart.y = 0.8
    motions = follow(path, cart)
    assert motions[0].cross_track == pytest.approx(0.8)
    assert abs(motions[-1].cross_track) < 0.02


def test_a_path_that_begins_far_behind_is_taken_up_where_the_rover_is() -> None:
    path = np.array([(0, 0), (20, 0.0), (20, 20.0)])
    cart = Cart(path)
    cart.x, cart.y = 15.0, 0.3
    motions = follow(path, cart)
    assert motions[0].cross_track == pytest.approx(0.3)
    assert motions[0].to_go == pytest.approx(25.0)
    assert max(abs(motion.cross_track) for motion in motions) < 0.5
    assert offsets(cart.track, path).max() < 0.35


def test_a_path_that_crosses_itself_is_driven_whole() -> None:
    angle = np.linspace(0.0, 2.0 * np.pi, 60)
    loop = np.stack([6.0 + 3.0 * np.sin(angle), 3.0 - 3.0 * np.cos(angle)], axis=1)
    path = np.concatenate([[(0.0, 0.0)], loop, [(12.0, 0.0)]])
    cart = Cart(path)
    follow(path, cart)
    driven = np.hypot(*np.diff(np.array(cart.track), axis=0).T).sum()
    assert driven == pytest.approx(12.0 + 6.0 * np.pi, rel=0.03)


@pytest.mark.parametrize("path", [[], [[0.0]], [[0.0, 0.0], [float("nan"), 1.0]], "path"])
def test_a_path_that_is_none_is_refused(path: object) -> None:
    with pytest.raises(InvalidInput, match="path"):
        tracking.clean_path(path)  # type: ignore[arg-type]


# --- settling -------------------------------------------------------------------------------------------


def field(height: object, size: float = 8.0) -> Grid:
    grid = Grid.over(Bounds(-size, -size, size, size), 0.1)
    px, py = np.meshgrid(*grid.centres())
    grid["elevation"] = height(px, py)  # type: ignore[operator]
    return grid


@settings(max_examples=30, deadline=None)
@given(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), st.floats(-3.1, 3.1))
def test_on_a_plane_the_rover_leans_with_it(east: float, north: float, yaw: float) -> None:
    plane = field(lambda x, y: east * x + north * y + 1.0)
    settled = settle.settle(plane, [[0.5, -0.5, yaw]], BODY)
    assert settled.tilt[0] == pytest.approx(np.arctan(np.hypot(east, north)), abs=np.radians(0.6))
    ahead = east * np.cos(yaw) + north * np.sin(yaw)
    assert settled.pitch[0] == pytest.approx(-np.arctan(ahead), abs=np.radians(0.6))
    assert settled.z[0] == pytest.approx(1.0 + 0.5 * east - 0.5 * north, abs=0.05)
    assert settled.clearance[0] == pytest.approx(BODY.belly_clearance, abs=0.05)
    assert settled.known[0]


def test_a_wheel_on_a_block_lifts_its_side_by_a_third() -> None:
    block = field(lambda x, y: np.where((np.abs(x - 1.13) < 0.5) & (np.abs(y - 1.065) < 0.4), 0.3, 0.0))
    settled = settle.settle(block, [[0.0, 0.0, 0.0]], BODY)
    # front wheel up by h: the side's pivot rises by h / 3, the mean pitch by half of h / (1.5 x 1.13)
    assert settled.z[0] == pytest.approx(0.05, abs=0.005)
    assert settled.pitch[0] == pytest.approx(-0.5 * 0.3 / (1.5 * 1.13), abs=0.005)
    assert settled.roll[0] == pytest.approx(0.1 / 2.21, abs=0.005)
    assert settled.step[0] > 0.15


def test_a_rock_between_the_wheels_takes_clearance() -> None:
    rock = field(lambda x, y: np.where(np.hypot(x, y) < 0.3, 0.45, 0.0))
    assert settle.settle(rock, [[0.0, 0.0, 0.0]], BODY).clearance[0] == pytest.approx(0.15, abs=0.02)


def test_unknown_ground_is_not_known() -> None:
    hole = field(lambda x, y: np.where(x > 0.8, np.nan, 0.0))
    settled = settle.settle(hole, [[0.0, 0.0, 0.0], [-4.0, 0.0, 0.0], [99.0, 0.0, 0.0]], BODY)
    assert settled.known.tolist() == [False, True, False]


def test_the_check_ahead_names_the_first_violation() -> None:
    ridge = field(lambda x, y: np.where(np.abs(x - 3.0) < 0.4, 0.9, 0.0) + 0.0 * y)
    path = [[-2.0, 0.0], [6.0, 0.0]]
    found = settle.check_ahead(path, ridge, BODY, PARAMETERS, distance=8.0)
    assert found is not None
    assert 3.0 < found.distance < 5.0
    assert found.kind in found.reason
    assert settle.check_ahead(path, ridge, BODY, PARAMETERS, distance=2.0) is None
    steep = field(lambda x, y: 0.55 * x + 0.0 * y)
    tilted = settle.check_ahead(path, steep, BODY, PARAMETERS)
    assert tilted is not None
    assert tilted.kind == "tilt"
    assert settle.check_ahead(path, field(lambda x, y: 0.0 * x), BODY, PARAMETERS) is None


# --- slip -----------------------------------------------------------------------------------------------


def run_slip(share: float, travel: float, noise: float = 0.0) -> tuple[slip.SlipMonitor, str, float]:
    monitor = slip.SlipMonitor(BODY, PARAMETERS)
    rng = np.random.default_rng(2)
    step, x, done = 0.0105, 0.0, 0.0
    while done < travel:
        done += step
        x += step * (1.0 - share)
        verdict = monitor.drive([x, *rng.normal(0.0, noise, 2)], step)
        if verdict != slip.OK:
            return monitor, verdict, done
    return monitor, slip.OK, done


@pytest.mark.parametrize("share", [0.0, 0.1, 0.35])
def test_slip_is_estimated_and_tolerated_below_the_limit(share: float) -> None:
    monitor, verdict, _ = run_slip(share, 5.0, noise=0.01)
    assert verdict == slip.OK
    assert monitor.slip == pytest.approx(share, abs=0.03)


def test_slip_above_the_limit_stops_after_patience() -> None:
    monitor, verdict, travel = run_slip(0.5, 10.0)
    assert verdict == slip.SLIPPING
    assert monitor.slip == pytest.approx(0.5, abs=0.02)
    assert PARAMETERS.slip_patience < travel < PARAMETERS.slip_patience + PARAMETERS.slip_window


def test_a_rover_that_does_not_move_is_stuck_or_slipping_within_a_window() -> None:
    _, verdict, travel = run_slip(1.0, 10.0, noise=0.005)
    assert verdict in (slip.STUCK, slip.SLIPPING)
    assert travel < 1.1 * PARAMETERS.slip_window


def test_a_turn_in_place_that_does_not_turn_is_stuck() -> None:
    good, bad = slip.SlipMonitor(BODY, PARAMETERS), slip.SlipMonitor(BODY, PARAMETERS)
    verdicts = [(good.turn(3.0 + 0.006 * i, 0.007), bad.turn(1.0, 0.007)) for i in range(200)]
    assert all(v[0] == slip.OK for v in verdicts)
    assert slip.STUCK in [v[1] for v in verdicts]


# --- hazards and detours --------------------------------------------------------------------------------

ROCKS = [(4.0, 0.3, 0.35, 0.5), (3.2, -1.6, 0.2, 0.12)]


def slope(x: Array, y: Array) -> Array:
    return 0.15 * x - 0.05 * y


def ground(x: Array, y: Array, rocks: list[tuple[float, float, float, float]]) -> Array:
    z = slope(x, y)
    for cx, cy, radius, height in rocks:
        inside = 1.0 - ((x - cx) ** 2 + (y - cy) ** 2) / radius**2
        top = slope(np.array(cx), np.array(cy)) + height * np.sqrt(np.maximum(inside, 0.0))
        z = np.where(inside > 0.0, np.maximum(z, top) if height > 0.0 else np.minimum(z, top), z)
    return z


def look(optical: Pose, rocks: list[tuple[float, float, float, float]]) -> Array:
    """March the rays of a depth picture down to the ground."""
    u, v = np.meshgrid(np.arange(CAMERA.width), np.arange(CAMERA.height))
    rays = CAMERA.rays(np.stack([u.ravel(), v.ravel()], axis=1))
    rays = (rays / rays[:, 2:]) @ optical.rotation().T
    depth = np.full(len(rays), np.nan)
    for t in np.arange(0.3, 8.0, 0.02):
        left = np.flatnonzero(np.isnan(depth))
        p = optical.position + rays[left] * t
        depth[left[p[:, 2] < ground(p[:, 0], p[:, 1], rocks)]] = t
    noise = np.random.default_rng(3).normal(1.0, 0.01, len(depth))
    return (depth * noise).reshape(CAMERA.height, CAMERA.width)


OPTICAL = Pose.from_euler(0.9, 0.0, 1.2 + 0.135, pitch=np.radians(24.0)) @ Pose.from_euler(
    0.0, 0.0, 0.0, -np.pi / 2, 0.0, -np.pi / 2
)


@pytest.fixture(scope="module")
def picture() -> Array:
    return look(OPTICAL, ROCKS)


def test_only_the_tall_rock_that_the_map_lacks_is_a_hazard(picture: Array) -> None:
    detector = hazards.HazardDetector(CAMERA, PARAMETERS)
    bare = field(lambda x, y: ground(x, y, []))
    for known in (bare, None):
        found = detector.detect(picture, OPTICAL, known)
        assert len(found) == 1
        assert np.hypot(found[0].x - 4.0, found[0].y - 0.3) < 0.25
        assert found[0].height == pytest.approx(0.5, abs=0.12)
        assert found[0].kind == "rock"
    mapped = field(lambda x, y: ground(x, y + 0.1, ROCKS))
    assert detector.detect(picture, OPTICAL, mapped) == []


def test_a_pose_error_between_picture_and_map_is_no_hazard() -> None:
    detector = hazards.HazardDetector(CAMERA, PARAMETERS)
    off = Pose.from_euler(0.0, 0.0, 0.4, pitch=np.radians(1.0)) @ OPTICAL
    assert detector.detect(look(OPTICAL, []), off, field(lambda x, y: ground(x, y, []))) == []


def test_a_ledge_is_cut_into_pieces_that_leave_the_lane_open() -> None:
    detector = hazards.HazardDetector(CAMERA, PARAMETERS)
    ledge = [(x, 1.9, 0.25, 0.6) for x in np.arange(2.6, 5.6, 0.3)]
    found = detector.detect(look(OPTICAL, ledge), OPTICAL, field(lambda x, y: ground(x, y, [])))
    assert len(found) > 2
    assert max(h.radius for h in found) < 0.8
    assert hazards.in_the_way([(1.0, 0.0), (6.0, -0.3)], found, PARAMETERS) == []


def test_undulating_ground_without_a_map_is_no_hazard() -> None:
    detector = hazards.HazardDetector(CAMERA, PARAMETERS)
    x, y = np.meshgrid(np.arange(2.0, 6.0, 0.03), np.arange(-2.5, 2.5, 0.03))
    wavy = np.column_stack([x.ravel(), y.ravel(), 0.2 * np.sin(x.ravel() / 0.9)])
    seen = hazards.surface(wavy)
    gentle = hazards._smooth_ground(seen["low"].astype(np.float64))
    level = seen["top"] - hazards._reference(seen, None, gentle)
    assert np.nanmax(level) < PARAMETERS.hazard_height
    assert detector.detect(look(OPTICAL, []), OPTICAL, None) == []


def test_a_hole_is_a_step() -> None:
    detector = hazards.HazardDetector(CAMERA, PARAMETERS)
    depth = look(OPTICAL, [(4.0, 0.0, 0.7, -0.7)])
    found = detector.detect(depth, OPTICAL, field(lambda x, y: ground(x, y, [])))
    assert {h.kind for h in found} == {"step"}
    assert min(h.height for h in found) < -0.3


@pytest.mark.parametrize("height", [-1.2, 1.2])
def test_a_map_that_is_smoothly_wrong_is_no_hazard(height: float) -> None:
    detector = hazards.HazardDetector(CAMERA, PARAMETERS)
    wrong = field(lambda x, y: slope(x, y) + height * np.exp(-((x - 4.0) ** 2 + y**2) / 2.0))
    assert detector.detect(look(OPTICAL, []), OPTICAL, wrong) == []


def test_a_depth_picture_of_another_size_is_refused() -> None:
    with pytest.raises(InvalidInput, match="depth shape"):
        hazards.HazardDetector(CAMERA, PARAMETERS).detect(np.zeros((3, 4)), OPTICAL)


def test_nothing_is_seen_in_an_empty_picture() -> None:
    empty = np.full((CAMERA.height, CAMERA.width), np.nan)
    assert hazards.HazardDetector(CAMERA, PARAMETERS).detect(empty, OPTICAL) == []


def test_a_second_sighting_makes_a_hazard_certain_once() -> None:
    memory = hazards.HazardMemory(PARAMETERS)
    low = hazards.Hazard(5.0, 0.0, 0.0, 0.3, 0.35)
    assert memory.add([low]) == []
    certain = memory.add([replace(low, x=5.2)])
    assert [h.sightings for h in certain] == [2]
    assert certain[0].x == pytest.approx(5.1)
    assert memory.add([low]) == []
    assert len(memory.hazards) == 1
    assert memory.add([replace(low, y=9.0, height=0.8)]) != []


@pytest.mark.parametrize("mapped", [True, False])
def test_a_detour_keeps_clear_and_rejoins(mapped: bool) -> None:
    path = np.array([(-6.0, 0.0), (20.0, 0.0)])
    rock = hazards.Hazard(0.5, 0.2, 0.0, 0.4, 0.5)
    grid = field(slope, size=12.0) if mapped else None
    way = replan.detour(path, (-6.0, 0.0), [rock], BODY, PARAMETERS, grid)
    dense, _ = tracking.densify(way, 0.05)
    gap = np.hypot(dense[:, 0] - rock.x, dense[:, 1] - rock.y).min() - rock.radius
    assert gap >= PARAMETERS.half_width
    np.testing.assert_allclose(way[0], path[0])
    np.testing.assert_allclose(way[-1], path[-1])
    length = np.hypot(*np.diff(way, axis=0).T).sum()
    assert length < 28.0
    assert hazards.in_the_way(path, [rock], PARAMETERS) == [rock]
    assert hazards.in_the_way(dense, [rock], PARAMETERS) == []


def test_a_wall_leaves_no_detour() -> None:
    wall = [hazards.Hazard(0.0, y, 0.0, 0.6, 1.0) for y in np.arange(-14.0, 14.1, 1.0)]
    with pytest.raises(NoPath):
        replan.detour([(-5.0, 0.0), (9.0, 0.0)], (-5.0, 0.0), wall, BODY, PARAMETERS)


def test_cliffs_on_the_map_are_not_used_for_a_detour() -> None:
    # free to the left (north), a cliff on the right
    grid = field(lambda x, y: np.where(y < -1.0, -4.0, 0.0) + 0.0 * x, size=14.0)
    rock = hazards.Hazard(0.0, -0.4, 0.0, 0.4, 0.5)
    way = replan.detour([(-6.0, 0.4), (9.0, 0.4)], (-6.0, 0.4), [rock], BODY, PARAMETERS, grid)
    assert way[:, 1].min() >= 0.3
    assert way[:, 1].max() > 1.0


# --- whole drives ---------------------------------------------------------------------------------------


def drive(plan: Drive, cart: Cart, tilt: float = 0.0, limit: int = 8000) -> Drive:
    for _ in range(limit):
        pose = Pose.from_euler(cart.x, cart.y, 0.0, roll=tilt, yaw=cart.yaw)
        cart.roll(plan.step(0.25, pose))
        if plan.done:
            return plan
    raise AssertionError("the drive did not end")


LINE = np.array([(-6.0, 0.0), (6.0, 0.0)])


def test_a_drive_arrives_and_counts() -> None:
    done = drive(Drive(LINE, BODY, PARAMETERS, field(slope)), Cart(LINE, slip=0.1))
    assert done.outcome == "arrived"
    assert done.progress.distance == pytest.approx(11.7, abs=0.3)
    assert done.progress.max_slip == pytest.approx(0.1, abs=0.03)
    assert done.progress.duration == pytest.approx(11.7 / (0.042 * 0.9), rel=0.08)


def test_a_drive_goes_around_a_hazard_it_is_told() -> None:
    plan, cart = Drive(LINE, BODY, PARAMETERS, field(slope, 14.0)), Cart(LINE)
    rock = hazards.Hazard(0.5, 0.1, 0.0, 0.4, 0.5)
    plan.step(0.25, cart.pose())
    plan.beware([rock], cart.pose())
    assert plan.progress.mode == "replanning"
    drive(plan, cart)
    assert plan.outcome == "arrived"
    gap = np.hypot(*(np.array(cart.track) - [rock.x, rock.y]).T).min()
    assert gap > rock.radius + PARAMETERS.half_width - 0.1


def test_a_drive_that_no_detour_helps_is_blocked() -> None:
    plan, cart = Drive(LINE, BODY, PARAMETERS), Cart(LINE)
    plan.step(0.25, cart.pose())
    plan.beware([hazards.Hazard(-2.0, y, 0.0, 0.6, 1.0) for y in np.arange(-14.0, 14.1, 1.0)], cart.pose())
    assert plan.outcome == "blocked"
    assert not np.any(plan.step(0.25, cart.pose()).speeds)


def test_a_ridge_on_the_map_stops_the_drive_before_it() -> None:
    ridge = field(lambda x, y: np.where(np.abs(x - 2.0) < 0.4, 1.0, 0.0) + 0.0 * y, size=14.0)
    cart = Cart(LINE)
    done = drive(Drive(LINE, BODY, PARAMETERS, ridge), cart)
    assert done.outcome == "blocked"
    assert cart.x < 0.6


def test_too_much_tilt_stops_the_drive() -> None:
    done = drive(Drive(LINE, BODY, PARAMETERS), Cart(LINE), tilt=BODY.max_tilt + 0.02)
    assert done.outcome == "tilted"
    assert done.progress.duration <= PARAMETERS.tilt_patience + 0.5


def test_a_place_is_passed_once_at_its_nearest() -> None:
    passing = Passing([(0.0, 2.0), (5.0, 4.0), (10.0, -1.0)], reach=3.0)
    told = [found for x in np.arange(-5.0, 9.6, 0.1) for found in passing.step((x, 0.0))]
    assert told == [(0, pytest.approx(2.0, abs=0.01))]
    assert passing.step((9.6, 0.0), end=True) == [(2, pytest.approx(1.08, abs=0.01))]
    assert passing.step((0.0, 2.0), end=True) == []
    assert Passing([], 3.0).step((0.0, 0.0), end=True) == []


def test_a_pause_holds_and_a_stop_ends() -> None:
    plan, cart = Drive(LINE, BODY, PARAMETERS), Cart(LINE)
    plan.step(0.25, cart.pose())
    plan.paused = True
    assert not np.any(plan.step(0.25, cart.pose()).speeds)
    assert plan.progress.mode == "paused"
    plan.paused = False
    assert np.any(plan.step(0.25, cart.pose()).speeds)
    plan.stop("cancelled", "by hand")
    plan.stop("stuck", "later")
    assert (plan.outcome, plan.message) == ("cancelled", "by hand")


@pytest.mark.parametrize(
    ("name", "value"), [("speed", float("nan")), ("speed", 3.0), ("goal_tolerance", -1.0)]
)
def test_arguments_out_of_range_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(InvalidInput, match=f"drive.{name}"):
        Drive(LINE, BODY, PARAMETERS, **{name: value})
