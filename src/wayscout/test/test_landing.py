# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Landing: chances of sites, the approach's tries, aborts at any moment, wind, dark pictures, report."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from wayscout import config
from wayscout.errors import InvalidInput
from wayscout.flight import landing
from wayscout.flight.approach import SURE, Approach
from wayscout.flight.energy import EnergyMeter
from wayscout.flight.ground import Ground
from wayscout.flight.guidance import Guidance
from wayscout.flight.lander import Lander
from wayscout.flight.landing import FOOT_ARM, LandingSite, Verdict
from wayscout.flight.plan import FlightPlan, FlightWaypoint, HelicopterLimits
from wayscout.flight.stand import tilts
from wayscout.flight.watch import FlightWatch, WindMeter
from wayscout.geometry import Pose
from wayscout.grid import Bounds, Grid
from wayscout.mapping.pictures import DarkPictures, useless
from wayscout.report import landing as report
from wayscout.report.folder import RunRecord

LIMITS = config.load("helicopter", HelicopterLimits)
FAR = (60.0, 0.0)


def slope_map(degrees: float, sigma: float = 0.01, size: float = 12.0) -> Grid:
    grid = Grid.over(Bounds(-size, -size, size, size), 0.1)
    px, py = np.meshgrid(*grid.centres())
    grid["elevation"] = np.tan(np.radians(degrees)) * px + 0.0 * py
    grid.add("sigma", sigma)
    return grid


# --- probabilities ------------------------------------------------------------------------------------------


def test_a_gentle_exact_map_is_safe_and_a_steep_one_is_not() -> None:
    assert landing.safety(slope_map(1.0, 0.002), LIMITS, 0.2)[120, 120] > 0.999
    assert landing.safety(slope_map(10.0, 0.002), LIMITS, 0.2)[120, 120] < 1e-3


@pytest.mark.parametrize("degrees", [0.5, 2.0, 3.5])
def test_the_chance_is_how_often_four_feet_on_errors_of_the_map_stand_level_enough(degrees: float) -> None:
    sigma, arm = 0.008, landing.FOOT_ARM * LIMITS.landing_feet
    off = np.hypot(landing.FOOT_RELIEF, landing.FOOT_SHARE * sigma)
    rng, lean = np.random.default_rng(2), np.radians(degrees)
    feet = np.pi / 4 + np.arange(4) * np.pi / 2
    z = arm * np.cos(feet) * np.tan(lean) + rng.normal(0.0, off, (20000, 4))
    one, other = (z[:, 0] - z[:, 2]) / (2.0 * arm), (z[:, 1] - z[:, 3]) / (2.0 * arm)
    twist = (z[:, 0] + z[:, 2] - z[:, 1] - z[:, 3]) / (2.0 * arm)
    along, across = np.where(twist >= 0.0, (one, other), (other, one))
    tilt = np.arctan(np.hypot(along, np.abs(across) + np.abs(twist)))
    chance = landing.safety(slope_map(degrees, sigma), LIMITS, 0.0)[120, 120]
    assert chance == pytest.approx(np.mean(tilt <= LIMITS.landing_slope), abs=0.04)


def test_the_chance_falls_with_the_sigma_of_the_map() -> None:
    chances = [landing.safety(slope_map(4.0, s), LIMITS, 0.2)[120, 120] for s in (0.005, 0.01, 0.02, 0.04)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] - chances[-1] > 0.1


def test_on_a_plane_the_feet_stand_with_its_slope_at_any_heading() -> None:
    grid = slope_map(5.0)
    for heading in (0.0, 0.3, 1.2):
        for side in tilts(grid["elevation"].astype(float) / grid.resolution, 2.7, heading):
            assert np.degrees(side[120, 120]) == pytest.approx(5.0, abs=0.05)


def test_a_stone_below_one_foot_tilts_it_as_geometry_tells() -> None:
    height = np.zeros((41, 41))
    height[23:25, 23:25] = 0.4  # 4 cm on cells of 0.1 m, below the foot at +45 deg
    arm = 3.5 * np.sqrt(2.0)
    sides = tilts(height, arm, 0.0)
    wanted = np.arctan(np.hypot(0.4 / (2.0 * arm), 0.2 / arm))
    assert [side[20, 20] for side in sides] == pytest.approx([wanted, wanted])
    assert max(side[20, 20] for side in tilts(height, arm, np.pi / 4)) == 0.0


def test_it_turns_so_that_its_feet_miss_a_stone() -> None:
    grid = slope_map(0.0, 0.002)
    turned = FOOT_ARM * LIMITS.landing_feet / grid.resolution / np.sqrt(2.0)
    under = 120 + round(turned)
    grid["elevation"][under, under] = 0.07
    chance, heading = landing.stances(grid, replace(LIMITS, landing_rock=0.2), 0.0)
    assert chance[120, 120] > 0.95
    assert heading[120, 120] > 0.3


def test_a_flight_is_refused_only_where_the_maps_leave_no_hope() -> None:
    flat, steep = (Grid.over(Bounds(-40.0, -40.0, 40.0, 40.0), 1.0) for _ in range(2))
    flat.add("elevation", 0.0)
    steep["elevation"] = np.meshgrid(*steep.centres())[0] * 0.5
    at = [(0.0, 0.0)]
    assert landing.refusal(at, LIMITS) == ""
    assert landing.refusal(at, LIMITS, orbital=flat) == ""
    assert "no safe landing is known near (0.0, 0.0)" in landing.refusal(at, LIMITS, orbital=steep)
    assert landing.refusal(at, LIMITS, orbital=steep, proven=at) == ""
    assert landing.refusal(at, LIMITS, slope_map(2.0, 0.06), steep) == ""  # uncertain: a look will tell
    assert landing.refusal(at, LIMITS, slope_map(20.0, 0.06), flat) != ""


def test_unknown_ground_within_the_scatter_counts_as_unsafe() -> None:
    grid = slope_map(0.0, 0.002)
    grid["elevation"][:, :100] = np.nan
    chance = landing.safety(grid, LIMITS, 0.3)
    edge = 100 + round(LIMITS.landing_feet / 0.1)
    assert 0.3 < chance[120, edge] < 0.75  # a twentieth of the footprint may be unknown
    assert chance[120, edge + 12] > 0.99


def test_the_scatter_averages_over_a_rock_as_a_normal_distribution_does() -> None:
    grid = slope_map(0.0, 0.002)
    px, _ = np.meshgrid(*grid.centres())
    grid["elevation"][px > 0.0] += 1.0  # a wall: nothing east of -landing_feet is safe
    for gap in (0.2, 0.5, 0.8):
        col = int(np.argmin(np.abs(px[0] + LIMITS.landing_feet + gap)))
        chance = landing.safety(grid, replace(LIMITS, rotor_diameter=0.2), 0.4)[120, col]
        assert chance == pytest.approx(norm.cdf(gap / 0.4), abs=0.15)  # cells of 0.1 m


def test_sand_lowers_the_chance_by_its_share() -> None:
    grid = slope_map(0.0, 0.002)
    grid.add("sand", 1.0)
    chance = landing.safety(grid, LIMITS, 0.2)[120, 120]
    assert chance == pytest.approx(1.0 - LIMITS.landing_sand_risk, abs=0.001)
    assert chance > SURE  # else it would look at all other sites whenever the best lies on level sand


def test_a_look_that_shows_no_site_overrules_the_orbiter() -> None:
    orbital = Grid.over(Bounds(-40.0, -40.0, 40.0, 40.0), 1.0)
    orbital.add("elevation", 0.0)
    before = landing.consider((0.0, 0.0), LIMITS, orbital=orbital)
    after = landing.consider((0.0, 0.0), LIMITS, look=slope_map(15.0), orbital=orbital)
    assert before.site is not None
    assert before.site.basis == landing.ORBITAL
    assert after.site is None
    assert after.seen
    assert "no safe site on measured ground" in after.why


def test_the_least_bad_place_is_the_flattest() -> None:
    grid = slope_map(0.0)
    px, _ = np.meshgrid(*grid.centres())
    grid["elevation"] = 0.02 * px**2
    site = landing.least_bad(grid, (4.0, 0.0), LIMITS)
    assert site is not None
    assert abs(site.x) < 1.0
    assert landing.least_bad(grid, (500.0, 0.0), LIMITS) is None


def test_a_wanted_point_of_nan_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"landing\.wanted"):
        landing.find_sites(slope_map(0.0), (float("nan"), 0.0), LIMITS)


# --- the approach -------------------------------------------------------------------------------------------


@dataclass
class Known:
    """A finder for which places near some points are safe."""

    safe: list[tuple[float, float]]
    gentle: list[tuple[float, float]] = field(default_factory=list)
    can_look: bool = False
    asked: list[tuple[float, float]] = field(default_factory=list)

    def seen_from(self, place: tuple[float, float]) -> int:
        return 0

    def verdict(self, place: tuple[float, float]) -> Verdict:
        if place in self.safe:
            site = LandingSite(*place, 0.01, 0.01, 2.0, 0.0, 0.1, landing.PROVEN, 0.97)
            return Verdict(site, "safe", (site,), True)
        if place in self.gentle:
            site = LandingSite(*place, 0.01, 0.01, 2.0, 0.0, 0.1, landing.ORBITAL, 0.5)
            return Verdict(site, "gentle from orbit", (site,))
        return Verdict(None, "rocks", (), True)

    def inspect(self, place: tuple[float, float]) -> Verdict:
        self.asked.append(place)
        return self.verdict(place)

    def forget_pictures(self) -> None:
        pass

    def fallback(self, position: tuple[float, float]) -> tuple[float, float]:
        return position


def test_it_tries_place_after_place_and_lands_where_it_is_safe() -> None:
    finder = Known([(20.0, 0.0)])
    approach = Approach(finder, LIMITS, [(0.0, 0.0), (10.0, 0.0), (20.0, 0.0)])
    here, moves = np.zeros(2), []
    for k in range(20):
        move = approach.next(0.1 * k, here, 12.0, lambda place: True)
        moves.append(move.kind)
        if move.kind == "land":
            break
        if move.place is not None:
            here = np.array(move.place)
    assert move.place == (20.0, 0.0)
    assert not approach.forced
    assert finder.asked == [(0.0, 0.0), (10.0, 0.0), (20.0, 0.0)]


def test_what_it_cannot_afford_is_left_out_and_then_it_lands_here() -> None:
    approach = Approach(Known([(200.0, 0.0)]), LIMITS, [(0.0, 0.0), (200.0, 0.0)])
    move = approach.next(0.0, np.zeros(2), 12.0, lambda place: place[0] < 100.0)
    assert (move.kind, move.place) == ("land", (0.0, 0.0))
    assert approach.forced
    assert "no safe site is in reach" in move.why


def test_ground_that_only_the_orbiter_saw_is_left_for_ground_that_bore_it() -> None:
    for affordable, kind, place in ((True, "go", (20.0, 0.0)), (False, "land", (0.0, 0.0))):
        finder = Known([(20.0, 0.0)], [(0.0, 0.0)], can_look=True)
        approach = Approach(finder, LIMITS, [(0.0, 0.0), (20.0, 0.0)])
        here = np.zeros(2)
        for k in range(12):
            move = approach.next(0.1 * k, here, 6.0, lambda _, yes=affordable: yes)  # type: ignore[misc]
            if (move.kind, move.place) == (kind, place):
                break
        else:
            pytest.fail(f"it never was told to {kind} {place}")


@dataclass
class Looker(Known):
    """A finder that sees, and finds its one site on the way in, 3 m beside what is wanted."""

    can_look: bool = True
    looks: int = 0
    chance: float = 0.97

    def inspect(self, place: tuple[float, float]) -> Verdict:
        site = LandingSite(3.0, 0.0, 0.01, 0.01, 2.0, 0.0, 0.1, landing.LOOK, self.chance, 0.4)
        return Verdict(site, "seen", (site,), True, proven=bool(self.safe))

    def forget_pictures(self) -> None:
        self.looks += 1


@pytest.mark.parametrize(
    ("proven", "chance", "spare", "again"),
    [(0, 0.97, 100.0, 1), (0, 0.97, 0.5, 0), (1, 0.99, 100.0, 0), (1, 0.97, 100.0, 1), (1, 0.97, 0.5, 0)],
)
def test_new_or_unsure_ground_is_looked_at_again(
    proven: int, chance: float, spare: float, again: int
) -> None:
    finder = Looker([(0.0, 0.0)] * proven, chance=chance)
    approach = Approach(finder, LIMITS, [(0.0, 0.0)])
    here, height, kinds = np.zeros(2), 12.0, []
    for k in range(60):
        move = approach.next(0.1 * k, here, height, lambda place: True, spare)
        kinds.append(move.kind)
        if move.kind == "land":
            break
        height -= 0.5 if move.height is not None or (kinds[-1] == "wait" and "go" in kinds) else 0.0
        here = np.array(move.place) if move.place is not None else here
    assert (move.kind, move.place, move.heading, move.relative) == ("land", (3.0, 0.0), 0.4, True)
    assert finder.looks == again
    assert kinds.count("go") == 2 * again


@dataclass
class Chances(Looker):
    """A finder whose first look names sites by their x and chance; a second look tells the same chances."""

    chances: dict[float, float] = field(default_factory=dict)

    def inspect(self, place: tuple[float, float]) -> Verdict:
        low = self.looks > 0
        near = {x: p for x, p in self.chances.items() if not low or abs(x - place[0]) < 1.0}
        sites = tuple(
            LandingSite(x, 0.0, 0.01, 0.01, 2.0, 0.0, 0.1, landing.LOOK, p) for x, p in near.items()
        )
        site = sites[0] if sites and (not low or sites[0].probability >= LIMITS.landing_probability) else None
        return Verdict(site, "seen", sites, True)


@pytest.mark.parametrize(
    ("chances", "spare", "lands", "looks"),
    [
        ({0.0: 0.97, 3.0: 0.99}, 100.0, 0.0, 1),  # sure at once
        ({0.0: 0.91, 3.0: 0.97}, 100.0, 3.0, 2),
        ({0.0: 0.93, 3.0: 0.91}, 100.0, 0.0, 3),  # back to the best, which is looked at again
        ({0.0: 0.5, 3.0: 0.91}, 100.0, 3.0, 2),
        ({0.0: 0.91, 3.0: 0.97}, 8.0, 0.0, 1),  # no time to look further
    ],
)
def test_a_site_that_is_not_sure_is_left_for_a_surer_one(
    chances: dict[float, float], spare: float, lands: float, looks: int
) -> None:
    finder = Chances([], chances=chances)
    approach = Approach(finder, LIMITS, [(0.0, 0.0)])
    here, height = np.zeros(2), 12.0
    for k in range(200):
        move = approach.next(0.1 * k, here, height, lambda place: True, spare)
        if move.kind == "land":
            break
        height = 6.0 if move.height is not None else height
        here = np.array(move.place) if move.place is not None else here
    assert (move.kind, move.place) == ("land", (lands, 0.0))
    assert finder.looks == looks
    assert not approach.forced


def test_a_diversion_prefers_the_nearest_safe_place_over_a_nearer_one() -> None:
    approach = Approach(Known([(30.0, 0.0), (50.0, 0.0)]), LIMITS, [(50.0, 0.0), (5.0, 0.0), (30.0, 0.0)])
    assert approach.divert(np.zeros(2), lambda place: True).place == (30.0, 0.0)


# --- aborts at any moment -----------------------------------------------------------------------------------


def flown(
    abort_at: float | None, finder: Known, energy: float = 66000.0
) -> tuple[Guidance, np.ndarray, float]:
    """Fly 60 m over level ground as a point mass with a lag; return guidance, position, energy left."""
    way = tuple(FlightWaypoint(x, 0.0, 10.0, 5.0, 0.0) for x in (0.0, FAR[0]))
    guidance = Guidance(FlightPlan(1, "there", way, (FAR,)), LIMITS, Ground([]), finder)
    position, velocity, yaw, time = np.zeros(3), np.zeros(3), 0.0, 0.0
    while not guidance.done:
        assert time < 300.0, "it never landed"
        if abort_at is not None and time >= abort_at:
            guidance.cancel("called off")
        command = guidance.step(time, Pose.from_euler(*position, yaw=yaw), float(position[2]), energy)
        c, s = np.cos(yaw), np.sin(yaw)
        v = command.velocity
        wanted = np.array([c * v[0] - s * v[1], s * v[0] + c * v[1], v[2]])
        velocity += np.clip(((wanted if command.motors else np.zeros(3)) - velocity) / 0.4, -3.0, 3.0) * 0.1
        yaw += command.yaw_rate * 0.1
        position = position + velocity * 0.1
        energy -= LIMITS.hover_power * 0.1
        if position[2] <= 0.0:
            position[2], velocity = 0.0, np.zeros(3)
        time += 0.1
    return guidance, position, energy


@pytest.mark.parametrize("abort_at", np.random.default_rng(5).uniform(0.0, 40.0, 12).round(1).tolist())
def test_called_off_at_any_moment_it_lands_at_a_safe_site_with_its_reserve(abort_at: float) -> None:
    guidance, position, energy = flown(abort_at, Known([(0.0, 0.0), FAR]))
    assert position[2] == 0.0
    assert min(np.hypot(*position[:2]), np.hypot(position[0] - FAR[0], position[1])) < 1.0
    assert energy > LIMITS.energy_reserve
    assert guidance.progress.outcome in ("cut short", "complete")


def test_from_rocks_it_returns_to_the_last_safe_site_before_the_reserve_is_touched() -> None:
    guidance, position, energy = flown(None, Known([(0.0, 0.0)]))
    assert np.hypot(*position[:2]) < 1.0
    assert energy > LIMITS.energy_reserve
    assert guidance.progress.outcome == "cut short"
    assert "no safe site near (60.0, 0.0)" in guidance.progress.message


def test_with_little_energy_it_turns_back_while_it_can() -> None:
    _, position, energy = flown(None, Known([(0.0, 0.0)]), energy=20000.0)
    assert np.hypot(*position[:2]) < 1.0
    assert energy > 0.8 * LIMITS.energy_reserve


def test_a_battery_that_fails_lets_it_land_where_it_is() -> None:
    guidance, position, _ = flown(None, Known([(0.0, 0.0), FAR]), energy=7000.0)
    assert position[2] == 0.0
    assert "energy" in guidance.progress.message


def test_energy_counts_on_while_the_battery_is_silent() -> None:
    meter = EnergyMeter(LIMITS)
    meter.update(1.0)
    meter.begin()
    meter.spend(10.0)
    assert meter.used == pytest.approx(10.0 * LIMITS.hover_power)
    meter.update(0.97)
    assert meter.used == pytest.approx(0.03 * LIMITS.battery_capacity)


def test_the_lander_without_a_camera_goes_by_maps() -> None:
    lander = Lander(LIMITS, measured=slope_map(1.0))
    assert not lander.can_look
    found = lander.inspect((0.0, 0.0))
    assert found.site is not None
    assert lander.chosen is found.site
    assert lander.fallback((300.0, 0.0)) == (300.0, 0.0)
    assert "nothing is known" in lander.why


def test_sites_of_a_look_stand_when_the_next_shows_nothing() -> None:
    lander = Lander(LIMITS, measured=slope_map(1.0))
    first = lander.inspect((0.0, 0.0)).site
    assert first is not None
    lander.measured = None
    lander.forget_pictures()
    assert lander.inspect((first.x, first.y)).site == first


# --- wind and pictures --------------------------------------------------------------------------------------


def measured_wind(wind: float, speed: float) -> float:
    """Wind that is told by a helicopter which speeds up from rest to `speed`, then holds it."""
    meter, x, v, told = WindMeter(LIMITS.air_drag, LIMITS.gravity), 0.0, 0.0, 0.0
    for k in range(300):
        a = 1.0 if v < speed else 0.0
        lean = np.arctan((a - LIMITS.air_drag * (wind - v)) / LIMITS.gravity)
        told = meter.step(0.1 * k, Pose.from_euler(x, 0.0, 10.0, pitch=float(lean)), 10.0)
        x, v = x + 0.1 * v, v + 0.1 * a
    return told


@pytest.mark.parametrize("wind", [-12.0, 0.0, 4.0, 12.0])
@pytest.mark.parametrize("speed", [2.0, 8.0])
def test_the_lean_tells_the_wind_at_any_speed(wind: float, speed: float) -> None:
    assert measured_wind(wind, speed) == pytest.approx(abs(wind), abs=0.4)


def test_a_body_that_never_leans_tells_no_wind() -> None:
    meter = WindMeter(LIMITS.air_drag, LIMITS.gravity)
    for k in range(200):
        assert meter.step(0.1 * k, Pose.from_euler(0.05 * k * k * 0.1, 0.0, 10.0), 10.0) == 0.0


def test_wind_keeps_the_next_flight_on_the_ground_for_a_while() -> None:
    watch = FlightWatch(LIMITS)
    lean = float(np.arctan(LIMITS.air_drag * 15.0 / LIMITS.gravity))
    reasons = [
        watch.step(0.1 * k, Pose.from_euler(0.0, 0.0, 9.0, pitch=lean), 9.0, DarkPictures())
        for k in range(200)
    ]
    assert any("wind: " in reason for reason in reasons)
    assert "wind" in watch.refusal(21.0)
    assert watch.refusal(21.0 + LIMITS.wind_wait) == ""


def test_black_white_and_flat_pictures_are_told_and_counted() -> None:
    rng = np.random.default_rng(1)
    good = rng.integers(60, 200, (48, 64)).astype(np.uint8)
    assert useless(good) == ""
    assert "black" in useless(np.zeros((48, 64), np.uint8))
    assert "overexposed" in useless(np.full((48, 64), 255, np.uint8))
    assert "contrast" in useless(np.full((48, 64), 100, np.uint8))
    watch, dark = FlightWatch(LIMITS), DarkPictures()
    for _ in range(LIMITS.dark_pictures):
        assert watch.step(0.0, Pose.identity(), 5.0, dark) == ""
        dark.check(np.zeros((48, 64), np.uint8))
    assert "camera: 5 pictures in a row are black" in watch.step(0.1, Pose.identity(), 5.0, dark)
    dark.check(good)
    assert watch.step(0.2, Pose.identity(), 5.0, dark) == ""


# --- the report ---------------------------------------------------------------------------------------------


def test_the_report_lists_sites_where_there_are_any(tmp_path: Path) -> None:
    record = RunRecord(tmp_path)
    assert report.section(record) == ""
    site = {"x": 1.0, "y": 2.0, "probability": 0.93, "slope_deg": 1.5, "step_m": 0.02, "basis": "look"}
    record.flights = [
        {
            "flight": 3,
            "landing_tilt_deg": 2.2,
            "landing_sites": [{**site, "chosen": True, "reason": "a < b"}, {**site, "slope_deg": None}],
        }
    ]
    text = report.section(record)
    assert "93 %" in text
    assert "2.2 deg" in text
    assert "a &lt; b" in text
    assert text.count("<tr>") == 3
