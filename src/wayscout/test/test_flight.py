# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Flight plans, their price, guidance, landing sites and the log."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wayscout import config
from wayscout.camera import load_camera
from wayscout.corridor import Corridor
from wayscout.errors import InvalidInput
from wayscout.flight import envelope, landing, log, survey, trajectory
from wayscout.flight.energy import EnergyMeter
from wayscout.flight.ground import Ground, fill
from wayscout.flight.guidance import Guidance
from wayscout.flight.plan import FlightPlan, FlightWaypoint, HelicopterLimits
from wayscout.geometry import Pose
from wayscout.grid import Bounds, Grid
from wayscout.mars import GRAVITY

LIMITS = config.load("helicopter", HelicopterLimits)
CAMERA = load_camera(config.directory() / "cameras/navigation.yaml")
FLIGHTS = Path(__file__).resolve().parents[3].parent / "shared/data/flights/ingenuity_flights.csv"
RNG_SEED = 7


def straight(distance: float, speed: float, height: float, spacing: float = 0.0) -> FlightPlan:
    ends = (
        FlightWaypoint(0.0, 0.0, height, speed, 0.0),
        FlightWaypoint(distance, 0.0, height, speed, 0.0, spacing),
    )
    return FlightPlan(1, "straight", ends)


def flown(number: int) -> dict[str, float]:
    if not FLIGHTS.is_file():
        pytest.skip(f"the table of flights is not at {FLIGHTS}")
    with FLIGHTS.open() as file:
        row = next(r for r in csv.DictReader(file) if int(r["Flight"]) == number)
    keys = ("Duration_s", "Dist_m", "Max_Alt_m", "Max_Spd_m")
    return {key: float(row[key]) for key in keys}


# --- price and envelope ---------------------------------------------------------------------------------


def test_a_straight_flight_costs_what_a_trapezoid_takes() -> None:
    cost = envelope.price(straight(200.0, 4.0, 10.0), LIMITS)
    # 4 m/s reached and left at 1 m/s^2: 200 m take 200 / 4 + 4 / 1 seconds; samples of 0.5 m cost a little
    level = 200.0 / 4.0 + 4.0 / LIMITS.max_acceleration
    climb = envelope.vertical_time(10.0, LIMITS.max_climb_rate, LIMITS.max_acceleration)
    assert climb == pytest.approx(10.0 / 2.5 + 2.5)
    looks = LIMITS.landing_look_time + LIMITS.landing_low_time
    down = looks + envelope.landing_time(10.0, LIMITS)
    assert cost.duration == pytest.approx(level + climb + down, abs=0.5)
    assert cost.distance == pytest.approx(200.0)
    lift = LIMITS.mass * LIMITS.gravity * 10.0 / LIMITS.climb_efficiency
    assert cost.energy == pytest.approx(LIMITS.hover_power * cost.duration + lift)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-80, 80), st.floats(-80, 80)), min_size=2, max_size=7),
    st.floats(0.5, 10.0),
)
def test_every_trajectory_keeps_its_limits(points: list[tuple[float, float]], speed: float) -> None:
    plan = FlightPlan(1, "any", tuple(FlightWaypoint(x, y, 8.0, speed, 0.0) for x, y in points))
    path = trajectory.build(plan, LIMITS)
    assert path.speed.max() <= min(speed, LIMITS.max_speed) + 1e-9
    np.testing.assert_allclose(path.xy[0], points[0], atol=1e-9)
    np.testing.assert_allclose(path.xy[-1], points[-1], atol=1e-2)
    if len(path.s) > 1:
        along = np.diff(path.speed**2) / (2.0 * np.diff(path.s))
        assert np.abs(along).max() <= LIMITS.max_acceleration * (1 + 1e-6)
        across = path.speed**2 * trajectory.curvature(path.xy, path.s)
        assert across[path.speed > trajectory.CREEP + 1e-6].max(initial=0.0) <= LIMITS.max_acceleration * (
            1 + 1e-6
        )


@pytest.mark.parametrize("number", [12, 25, 26])
def test_flights_of_ingenuity_are_inside_the_envelope(number: int) -> None:
    row = flown(number)
    energy = LIMITS.hover_power * row["Duration_s"]
    cost = envelope.FlightCost(
        row["Duration_s"], row["Dist_m"], energy, 0, row["Max_Alt_m"], row["Max_Spd_m"]
    )
    assert envelope.violations(cost, LIMITS) == []
    plan = straight(row["Dist_m"], row["Max_Spd_m"], row["Max_Alt_m"])
    unlooked = replace(LIMITS, landing_look_time=0.0, landing_low_time=0.0)  # it took no looks at its landing
    priced = envelope.check(plan, unlooked)
    assert priced.duration <= row["Duration_s"]  # flown with stops for pictures, priced without
    assert priced.duration >= 0.7 * row["Duration_s"]


@pytest.mark.parametrize(
    ("plan", "limit"),
    [
        (straight(800.0, 9.0, 10.0), "distance 800.0 m exceeds the limit of 725.0 m"),
        (straight(600.0, 2.0, 10.0), "exceeds the limit of 169.5 s"),
        (straight(50.0, 4.0, 30.0), "height 30.0 m exceeds the limit of 24.0 m"),
        (straight(50.0, 12.0, 10.0), "speed 12.0 m/s exceeds the limit of 10.0 m/s"),
    ],
)
def test_a_flight_outside_is_refused_with_limit_and_number(plan: FlightPlan, limit: str) -> None:
    with pytest.raises(envelope.OutsideEnvelope, match="straight") as refusal:
        envelope.check(plan, LIMITS)
    assert limit in str(refusal.value)


def test_too_little_energy_is_named() -> None:
    with pytest.raises(envelope.OutsideEnvelope, match="energy"):
        envelope.check(straight(400.0, 4.0, 10.0), replace(LIMITS, usable_energy=30000.0))


@pytest.mark.parametrize("field", ["x", "height", "speed", "yaw", "picture_spacing", "colour_spacing"])
def test_a_waypoint_of_nan_is_refused_by_name(field: str) -> None:
    good = FlightWaypoint(0.0, 0.0, 5.0, 2.0, 0.0)
    with pytest.raises(InvalidInput, match=rf"waypoints\[1\]\.{field}"):
        FlightPlan(1, "bad", (good, replace(good, **{field: float("nan")})))


def test_a_plan_without_waypoints_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"plan\.waypoints"):
        FlightPlan(1, "empty", ())


def test_the_helicopter_flies_in_the_gravity_of_worlds_and_router() -> None:
    assert LIMITS.gravity == GRAVITY


def test_a_plan_without_landing_sites_lands_below_its_end_and_pays_the_way_to_a_far_one() -> None:
    plan = straight(100.0, 4.0, 10.0)
    end = (plan.waypoints[-1].x, plan.waypoints[-1].y)
    assert plan.wanted_landings == (end,)
    assert Guidance(plan, LIMITS, Ground([]))._wanted_sites()[0] == end
    there, back = (
        envelope.price(replace(plan, landing_sites=(site,)), LIMITS)
        for site in (end, (plan.waypoints[0].x, plan.waypoints[0].y))
    )
    assert back.distance - there.distance == pytest.approx(100.0)
    assert back.duration - there.duration > 100.0 / LIMITS.max_speed


def test_pictures_are_due_every_spacing() -> None:
    path = trajectory.build(straight(100.0, 4.0, 10.0, spacing=2.5), LIMITS)
    assert np.diff(path.pictures) == pytest.approx(2.5)
    assert len(path.pictures) == pytest.approx(40, abs=1)


def test_a_swing_between_two_pictures_asks_for_one_more() -> None:
    plan = straight(60.0, 4.0, 10.0, spacing=2.5)
    calm, swinging = (Flyer(Guidance(plan, LIMITS, Ground([])), 0.0, 0.0) for _ in range(2))
    calm.yaw = swinging.yaw = 0.0
    swinging.swing = 0.3
    calm.run()
    swinging.run()
    assert len(calm.views) < len(swinging.views) < 2.5 * len(calm.views)
    on_leg = [np.diff([x for x in flyer.views if 0.0 < x < 55.0]) for flyer in (calm, swinging)]
    assert np.abs(on_leg[1]).max() < 1.8 * 2.5 + 3.0, "a view moves by 2 m in a control period"


def test_a_picture_is_due_at_each_colour_picture() -> None:
    plan = straight(100.0, 4.0, 10.0, spacing=2.5)
    both = replace(plan, waypoints=(plan.waypoints[0], replace(plan.waypoints[1], colour_spacing=24.0)))
    path = trajectory.build(both, LIMITS)
    assert path.colours == pytest.approx([0.0, 24.0, 48.0, 72.0, 96.0])
    assert set(path.colours) <= set(path.pictures)
    assert np.diff(path.pictures).min() >= trajectory.BESIDE
    cost = envelope.price(both, LIMITS)
    assert (cost.pictures, cost.colour_pictures) == (len(path.pictures), 5)
    flyer = Flyer(Guidance(both, LIMITS, Ground([])), 0.0, 0.0).run()
    assert flyer.guidance.progress.colour_pictures == 5
    assert flyer.guidance.progress.pictures == len(path.pictures) - 1, "the one at the end is not waited for"


# --- survey ---------------------------------------------------------------------------------------------


def meander(length: float, width: float, swing: float = 12.0) -> Corridor:
    y = np.linspace(0.0, length, 60)
    return Corridor("A", np.stack([swing * np.sin(y / 25.0), y], axis=1), width)


def seen_share(corridor: Corridor, plans: list[FlightPlan], views: int) -> float:
    """Share of the corridor's floor that at least `views` pictures see, nose along the waypoint's yaw."""
    grid = Grid.over(Bounds(-60.0, -20.0, 60.0, corridor.centreline[-1, 1] + 20.0), 1.0)
    px, py = np.meshgrid(*grid.centres())
    line = survey.resample(corridor.centreline, 0.5)
    gap = np.hypot(px[..., None] - line[:, 0], py[..., None] - line[:, 1]).min(axis=-1)
    floor = (gap <= 0.5 * corridor.width) & (py > 2.0) & (py < corridor.centreline[-1, 1] - 2.0)
    count = np.zeros(px.shape, dtype=int)
    for plan in plans:
        path = trajectory.build(plan, LIMITS)
        for s in path.pictures:
            (x, y), yaw, _, height = path.at(float(s))
            ahead = (px - x) * np.cos(yaw) + (py - y) * np.sin(yaw)
            left = -(px - x) * np.sin(yaw) + (py - y) * np.cos(yaw)
            count += (np.abs(ahead) < 0.5 * height * CAMERA.height / CAMERA.fy) & (
                np.abs(left) < 0.5 * height * CAMERA.width / CAMERA.fx
            )
    return float((count[floor] >= views).mean())


@pytest.mark.parametrize(("length", "width"), [(60.0, 10.0), (220.0, 24.0), (260.0, 32.0)])
def test_a_survey_sees_the_floor_wall_to_wall_in_stereo(length: float, width: float) -> None:
    corridor = meander(length, width)
    plans = survey.plan_survey(corridor, (15.0, -10.0), CAMERA, LIMITS)
    assert seen_share(corridor, plans, views=2) >= 0.99
    for plan in plans:
        envelope.check(plan, LIMITS)
        assert plan.waypoints[0].x == plan.waypoints[-1].x == 15.0
        assert plan.landing_sites == ((15.0, -10.0),)
    numbers = [plan.flight for plan in plans]
    assert numbers == list(range(1, len(plans) + 1))


@pytest.mark.parametrize("name", ["navigation", "navigation_fisheye"])
def test_pictures_lead_out_and_home_without_a_gap(name: str) -> None:
    camera = load_camera(config.directory() / "cameras" / f"{name}.yaml")
    spacing = survey.picture_spacing(camera, LIMITS.survey_height, LIMITS.forward_overlap)
    for plan in survey.plan_survey(meander(130.0, 12.0), (15.0, -10.0), camera, LIMITS):
        path = trajectory.build(plan, LIMITS)
        assert path.pictures[0] == pytest.approx(0.0)
        assert path.length - path.pictures[-1] <= survey.HOME_SPACING * spacing + 1e-6
        # between two legs the half circle is not pictured
        gap = np.diff(path.pictures)
        assert np.median(gap) == pytest.approx(spacing, rel=0.05)
        assert np.sum(gap > survey.HOME_SPACING * spacing + 1e-6) <= len(
            survey.leg_offsets(12.0, camera, LIMITS)
        )


def test_a_long_corridor_is_shared_out_over_flights() -> None:
    assert len(survey.plan_survey(meander(60.0, 10.0), (15.0, -10.0), CAMERA, LIMITS)) == 1
    assert len(survey.plan_survey(meander(250.0, 30.0), (15.0, -10.0), CAMERA, LIMITS)) > 1


def test_a_corridor_out_of_reach_is_refused_with_the_reason() -> None:
    with pytest.raises(envelope.OutsideEnvelope, match=r"corridor 'A' is out of reach.*exceeds the limit"):
        survey.plan_survey(meander(100.0, 10.0), (15.0, -900.0), CAMERA, LIMITS)


@pytest.mark.parametrize("line", [[[0.0, 0.0]], [[0.0, 0.0], [float("nan"), 1.0]], [[1.0, 1.0], [1.0, 1.0]]])
def test_a_corridor_without_a_line_is_refused(line: list[list[float]]) -> None:
    with pytest.raises(InvalidInput, match="corridor 'A' centreline"):
        Corridor("A", np.array(line), 10.0)


def test_an_offset_inside_a_bend_does_not_loop() -> None:
    angle = np.linspace(0.0, np.pi, 60)
    bend = np.stack([5.0 * np.cos(angle), 5.0 * np.sin(angle)], axis=1)
    inside = survey.offset_line(survey.resample(bend, 1.0), 8.0)
    step = np.diff(inside, axis=0)
    turn = np.abs(np.diff(np.unwrap(np.arctan2(step[:, 1], step[:, 0])))).sum()
    assert turn < 1.5 * np.pi


def test_a_look_passes_over_the_first_points_within_reach() -> None:
    points = np.array([[40.0, 20.0], [60.0, -10.0], [2000.0, 0.0]])
    plan = survey.plan_look(points, (0.0, 0.0), CAMERA, LIMITS)
    path = trajectory.build(plan, LIMITS)
    near = np.hypot(path.xy[:, None, 0] - points[:, 0], path.xy[:, None, 1] - points[:, 1]).min(axis=0)
    assert near[0] < 6.0
    assert near[1] < 6.0
    assert near[2] > 1000.0
    with pytest.raises(envelope.OutsideEnvelope, match="out of reach"):
        survey.plan_look(points[2:], (0.0, 0.0), CAMERA, LIMITS)


# --- guidance -------------------------------------------------------------------------------------------


def hill(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A front of 30 m with a cliff of 6 m."""
    return 24.0 / (1.0 + np.exp(-(y - 60.0) / 15.0)) + 6.0 / (1.0 + np.exp(-(y - 70.0) / 0.5)) + 0.0 * x


def orbital_map(shift: float) -> Grid:
    grid = Grid.over(Bounds(-60.0, -40.0, 60.0, 200.0), 1.0)
    px, py = np.meshgrid(*grid.centres())
    grid["elevation"] = hill(px, py + shift) + 0.4 * np.sin(px / 9.0)
    return grid


class Flyer:
    """A point mass that follows velocity commands with a lag, and stands on the ground.

    Its camera takes a picture `delay` seconds after it was asked to.
    """

    def __init__(self, guidance: Guidance, x: float, y: float, delay: float = 0.0) -> None:
        self.guidance = guidance
        self.delay = delay
        self.asked: list[float] = []
        self.pictures: list[np.ndarray] = []
        self.position = np.array([x, y, float(hill(np.array(x), np.array(y)))])
        self.velocity = np.zeros(3)
        self.yaw = 0.7
        self.time = 50.0
        self.energy = 66000.0
        self.swing = 0.0  # [rad] by which it pitches to and fro in 1.5 s
        self.views: list[float] = []  # along x, of the ground in the middle of each picture asked for
        self.heights: list[float] = []
        self.picture_heights: list[float] = []

    def height(self) -> float:
        return float(self.position[2] - hill(self.position[0], self.position[1]))

    def run(self, laser: Callable[[Flyer], float] | None = None, dt: float = 0.1) -> Flyer:
        while not self.guidance.done:
            assert self.time < 400.0, "it never landed"
            reading = self.height() if laser is None else laser(self)
            pitch = self.swing * np.sin(2.0 * np.pi / 1.5 * self.time)
            pose = Pose.from_euler(*self.position.tolist(), pitch=pitch, yaw=self.yaw)
            command = self.guidance.step(self.time, pose, reading, self.energy)
            if command.trigger:
                self.views.append(self.position[0] - self.height() * np.tan(pitch))
                self.picture_heights.append(self.height())
                self.asked.append(self.time)
            if self.asked and self.time >= self.asked[0] + self.delay - 1e-6:
                self.asked.pop(0)
                self.pictures.append(self.position[:2].copy())
                self.guidance.took_picture(self.time)
            if self.guidance.phase in ("survey", "return"):
                self.heights.append(self.height())
            c, s = np.cos(self.yaw), np.sin(self.yaw)
            v = command.velocity
            wanted = (
                np.array([c * v[0] - s * v[1], s * v[0] + c * v[1], v[2]]) if command.motors else np.zeros(3)
            )
            self.velocity += np.clip((wanted - self.velocity) / 0.4, -3.0, 3.0) * dt
            self.yaw += command.yaw_rate * dt
            self.energy -= LIMITS.hover_power * dt
            self.position += self.velocity * dt
            if self.height() <= 0.0:
                self.position[2] -= self.height()
                self.velocity[:] = 0.0
            self.time += dt
        return self


def survey_flight(ground: Ground) -> tuple[FlightPlan, Flyer]:
    plan = survey.plan_survey(meander(130.0, 12.0), (10.0, -10.0), CAMERA, LIMITS, ground=ground)[0]
    return plan, Flyer(Guidance(plan, LIMITS, ground), 10.0, -10.0)


def test_a_survey_up_a_cliff_keeps_height_and_comes_home() -> None:
    ground = Ground([orbital_map(shift=1.5)], LIMITS.ground_uncertainty)
    plan, flyer = survey_flight(ground)
    cost = envelope.check(plan, LIMITS, ground)
    flyer.run()
    done = flyer.guidance.progress
    assert done.outcome == "complete"
    assert done.pictures == cost.pictures
    assert np.hypot(flyer.position[0] - 10.0, flyer.position[1] + 10.0) < 0.5
    assert done.elapsed == pytest.approx(cost.duration, rel=0.06)
    assert done.distance == pytest.approx(cost.distance, rel=0.03)
    assert min(flyer.heights) > LIMITS.min_clearance
    assert np.median(flyer.picture_heights) == pytest.approx(LIMITS.survey_height, abs=0.5)
    assert max(flyer.picture_heights) < 16.5
    assert done.max_height < LIMITS.max_height


@pytest.mark.parametrize("far", [66.0, 68.0])
def test_a_map_off_by_two_metres_does_not_hide_a_cliff(monkeypatch: pytest.MonkeyPatch, far: float) -> None:
    """Over the edge of a cliff of 14 m and back: where the map shows its top, the laser sees its foot."""
    monkeypatch.setitem(globals(), "hill", lambda x, y: 14.0 * np.clip(y - 69.5, 0.0, 1.0) + 0.0 * x)
    ground = Ground([orbital_map(shift=2.0)], LIMITS.ground_uncertainty)
    way = tuple(FlightWaypoint(0.0, y, 11.0, 3.0, 1.57) for y in (84.0, far, 67.0, 84.0))
    plan = FlightPlan(1, "over the edge", way, ((0.0, 84.0),))
    flyer = Flyer(Guidance(plan, LIMITS, ground), 0.0, 84.0).run()
    assert flyer.guidance.progress.outcome == "complete"
    assert min(flyer.heights) > LIMITS.min_clearance


@pytest.mark.parametrize("delay", [0.0, 0.3])
def test_pictures_are_taken_where_the_plan_wants_them_however_slow_the_camera(delay: float) -> None:
    plan = straight(100.0, 4.0, 10.0, spacing=2.5)
    flyer = Flyer(Guidance(plan, LIMITS, Ground([])), 0.0, 0.0, delay).run()
    path = trajectory.build(plan, LIMITS)
    wanted = np.array([path.at(s)[0] for s in path.pictures])[8:]  # the first ones show how slow it is
    taken = np.array(flyer.pictures)[8 : 8 + len(wanted)]
    off = np.hypot(*(taken - wanted[: len(taken)]).T)
    assert len(taken) > 25
    assert off.mean() < 0.15
    assert off.max() < 0.3, "half of what it flies in a step is 0.2 m"


def test_a_plan_that_fits_is_flown_to_its_end() -> None:
    ground = Ground([orbital_map(0.0)], LIMITS.ground_uncertainty)
    plan, _ = survey_flight(ground)
    tight = replace(LIMITS, max_duration=envelope.price(plan, LIMITS, ground).duration)
    whole = Flyer(Guidance(plan, tight, ground), 10.0, -10.0).run().guidance.progress
    assert whole.outcome == "complete", whole.message
    late = replace(LIMITS, max_duration=0.8 * tight.max_duration)
    cut = Flyer(Guidance(plan, late, ground), 10.0, -10.0).run().guidance.progress
    assert cut.outcome == "cut short"
    assert cut.elapsed < late.max_duration + 2.0


def test_little_energy_cuts_the_flight_short_and_it_lands() -> None:
    _, flyer = survey_flight(Ground([orbital_map(0.0)], 2.0))
    flyer.energy = 25000.0
    flyer.run()
    assert flyer.guidance.progress.outcome == "cut short"
    assert "energy" in flyer.guidance.progress.message
    assert flyer.energy > 0.5 * LIMITS.energy_reserve
    assert np.hypot(flyer.position[0] - 10.0, flyer.position[1] + 10.0) < 0.5


def test_a_lost_laser_ends_in_a_landing_by_the_map() -> None:
    _, flyer = survey_flight(Ground([orbital_map(1.0)], 2.0))
    flyer.run(lambda f: float("nan") if f.time > 75.0 else f.height())
    assert flyer.guidance.progress.outcome == "aborted"
    assert "laser" in flyer.guidance.progress.message
    assert flyer.height() == 0.0
    assert min(flyer.heights) > 3.0


def test_a_short_dropout_changes_nothing() -> None:
    _, flyer = survey_flight(Ground([orbital_map(1.0)], 2.0))
    flyer.run(lambda f: float("nan") if 75.0 < f.time < 77.0 else f.height())
    assert flyer.guidance.progress.outcome == "complete"


def test_an_overturned_helicopter_is_lost() -> None:
    plan = straight(20.0, 4.0, 5.0)
    guidance = Guidance(plan, LIMITS, Ground([]))
    guidance.step(0.0, Pose.identity(), 0.0, np.inf)
    command = guidance.step(0.1, Pose.from_euler(0.0, 0.0, 0.0, roll=1.5), 0.0, np.inf)
    assert guidance.done
    assert guidance.progress.outcome == "lost"
    assert not command.motors


def test_ground_asks_the_first_map_that_knows() -> None:
    fine = Grid.over(Bounds(0.0, 0.0, 10.0, 10.0), 0.5)
    fine.add("elevation", 3.0)
    coarse = Grid.over(Bounds(-20.0, -20.0, 20.0, 20.0), 1.0)
    coarse.add("elevation", 1.0)
    coarse["elevation"][20, 20] = 9.0
    ground = Ground([fine, coarse], uncertainty=2.0)
    np.testing.assert_allclose(ground.height([5.0, -5.0, 50.0], [5.0, -5.0, 0.0]), [3.0, 1.0, np.nan])
    assert float(ground.tallest(-1.0, -1.0)) == 9.0
    np.testing.assert_allclose(fill(np.array([np.nan, 2.0, np.nan, 4.0])), [2.0, 2.0, 3.0, 4.0])


# --- landing, energy, log -------------------------------------------------------------------------------


def landing_ground(slope: float) -> Grid:
    grid = Grid.over(Bounds(-15.0, -15.0, 15.0, 15.0), 0.1)
    px, py = np.meshgrid(*grid.centres())
    grid["elevation"] = np.tan(slope) * px + 0.0 * py
    return grid


@pytest.mark.parametrize("slope", [0.0, 0.05, 0.2])
def test_the_fitted_slope_of_a_plane_is_its_slope(slope: float) -> None:
    found, step, _ = landing.measures(landing_ground(slope), 1.0)
    np.testing.assert_allclose(found[50:-50, 50:-50], slope, atol=1e-4)
    np.testing.assert_allclose(step[50:-50, 50:-50], 0.0, atol=1e-4)


def test_a_rock_in_the_middle_is_avoided_and_sites_keep_their_limits() -> None:
    grid = landing_ground(0.03)
    px, py = np.meshgrid(*grid.centres())
    grid["elevation"] += np.where(np.hypot(px - 0.3, py) < 0.2, 0.3, 0.0)
    grid["elevation"][py > 3.0] = np.nan
    sites = landing.find_sites(grid, (0.0, 0.0), LIMITS, search=6.0)
    assert sites
    for site in sites:
        assert np.hypot(site.x - 0.3, site.y) > 0.2 + LIMITS.landing_radius - 0.15
        assert site.y < 3.0 - 0.8 * LIMITS.landing_radius
        assert site.slope <= LIMITS.landing_slope
        assert site.step <= LIMITS.landing_rock
    assert [s.score for s in sites] == sorted(s.score for s in sites)


def test_known_obstacles_are_kept_clear() -> None:
    sites = landing.find_sites(landing_ground(0.0), (0.0, 0.0), LIMITS, obstacles=[[0.0, 0.0, 0.5]])
    assert min(np.hypot(s.x, s.y) for s in sites) > 0.5 + LIMITS.landing_radius


def test_noise_and_corrections_of_the_pose_are_no_speed_and_no_way() -> None:
    rng = np.random.default_rng(3)
    guidance = Guidance(straight(90.0, 3.0, 8.0), LIMITS, Ground([]))
    jumped = np.zeros(2)
    for i in range(301):
        jump = np.array([0.0, 0.4]) if i == 200 else np.zeros(2)
        jumped += jump
        noise = rng.normal(0.0, 0.01, 3)
        x = 3.0 * max(0.1 * i - 2.0, 0.0)
        height = min(0.4 * i, 8.0)
        pose = Pose.from_euler(x + jumped[0] + noise[0], jumped[1] + noise[1], height + noise[2])
        guidance.step(0.1 * i, pose, height, np.inf, jump)
    assert guidance.progress.max_speed == pytest.approx(3.0, abs=0.05)
    assert guidance.progress.distance == pytest.approx(84.0, abs=1.0)


def test_steep_or_unknown_ground_offers_no_site() -> None:
    assert landing.find_sites(landing_ground(0.2), (0.0, 0.0), LIMITS) == []
    assert landing.find_sites(landing_ground(0.0), (500.0, 0.0), LIMITS) == []
    unmeasured = landing_ground(0.0)
    unmeasured.add("measured", 0.0)
    assert landing.find_sites(unmeasured, (0.0, 0.0), LIMITS) == []


def test_measured_ground_comes_before_stood_on_before_seen_from_orbit() -> None:
    measured, orbital = landing_ground(0.02), Grid.over(Bounds(-40.0, -40.0, 40.0, 40.0), 1.0)
    orbital.add("elevation", 0.0)

    def considered(point: tuple[float, float], **known: Any) -> landing.Verdict:
        return landing.consider(point, LIMITS, measured=measured, orbital=orbital, **known)

    found = considered((0.0, 0.0))
    assert found.site is not None
    assert found.site.basis == "map"
    found = considered((30.0, 0.0), proven=[(30.2, 0.0)])
    assert found.site is not None
    assert (found.site.x, found.site.basis) == (30.2, "proven")
    assert "before" in found.why
    found = considered((30.0, 0.0))
    assert found.site is not None
    assert found.site.basis == "orbital"
    found = considered((300.0, 0.0))
    assert found.site is None
    assert "no safe site" in found.why


def test_energy_is_read_from_the_battery_and_else_from_the_clock() -> None:
    meter = EnergyMeter(LIMITS)
    meter.begin()
    meter.spend(10.0)
    assert meter.used == pytest.approx(3500.0)
    meter.update(1.0)
    meter.begin()
    meter.update(0.9)
    assert meter.used == pytest.approx(12960.0)
    assert meter.available == pytest.approx(72000.0 - 12960.0)
    meter.update(None)
    assert meter.used == pytest.approx(12960.0)
    low = EnergyMeter(LIMITS)
    low.update(0.5)
    low.begin()
    assert low.available == pytest.approx(0.5 * 129600.0 - (129600.0 - 72000.0))
    low.update(1.0)  # it was charged before the flight, and only now tells
    low.update(0.9)
    assert low.used == pytest.approx(12960.0)


def record(number: int, **changes: object) -> log.FlightRecord:
    base = log.FlightRecord(
        number, f"survey {number}, 'A'", 10.0, 130.0, 0.0, 0.0, 1.0, 2.0, 3.0, 1.5, 120.0, 450.0, 12.5, 5.1,
        42000.0, 0.05, 88, "complete",
    )  # fmt: skip
    return replace(base, **changes)  # type: ignore[arg-type]


def test_the_log_comes_back_and_adds_up(tmp_path: Path) -> None:
    book = [
        record(1),
        record(2, outcome="cut short", message="energy, 5 J", distance=50.0, colour_pictures=10),
    ]
    log.write_csv(book, tmp_path / "log.csv")
    assert log.read_csv(tmp_path / "log.csv") == book
    total = log.totals(book)
    assert (total.flights, total.minutes, total.kilometres, total.pictures) == (2, 4.0, 0.5, 176)
    assert total.colour_pictures == 10
    assert total.watt_hours == pytest.approx(84000.0 / 3600.0)
    assert log.totals([]).flights == 0


def test_a_spoilt_log_names_line_and_field(tmp_path: Path) -> None:
    log.write_csv([record(1)], tmp_path / "log.csv")
    text = (tmp_path / "log.csv").read_text().replace("450.0", "far")
    (tmp_path / "log.csv").write_text(text)
    with pytest.raises(InvalidInput, match=r"log\.csv:2 distance"):
        log.read_csv(tmp_path / "log.csv")
    with pytest.raises(InvalidInput, match="outcome"):
        record(1, outcome="fine")
