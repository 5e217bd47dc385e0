# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Campaigns: their schema, the order of flights, where each lands, and the sun."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from wayscout import config
from wayscout.camera import Camera, load_camera
from wayscout.corridor import Corridor
from wayscout.errors import InvalidInput
from wayscout.flight.appraisal import Appraisal, appraise
from wayscout.flight.campaign import (
    Campaign,
    Recon,
    Reposition,
    Survey,
    check_campaign,
    read_campaign,
    target_of,
    write_campaign,
)
from wayscout.flight.envelope import OutsideEnvelope, check
from wayscout.flight.itinerary import (
    Setting,
    area_of,
    estimate,
    heard,
    landing_spots,
    looks_at_all,
    plan_task,
)
from wayscout.flight.plan import HelicopterLimits
from wayscout.flight.plan_file import PlannedFlight, from_here, planned, read_flight
from wayscout.flight.recon import ReconParams, Scout, plan_recon
from wayscout.flight.solar import SunPower, charge_after, charge_needed, full_flight, sols_until
from wayscout.flight.views import Eye
from wayscout.geometry import Pose
from wayscout.grid import Bounds, Grid
from wayscout.link.radio import Radio
from wayscout.sites.records import Prior
from wayscout.worlds.folder import World

LIMITS = config.load("helicopter", HelicopterLimits)
SUN = config.load("campaign", SunPower)
RADIO = config.load("link", Radio)
HOME = (0.0, -50.0)


def world(**changes: Any) -> World:
    corridor = {"centreline": [[-30, -30], [-30, 30]], "width": 8.0}
    other = {"centreline": [[30, -30], [30, 30]], "width": 8.0}
    content = {
        "name": "plain",
        "size": 128.0,
        "resolution": 0.125,
        "sun": {"azimuth": 0.0, "elevation": 0.7},
        "start": {
            "rover": {"x": -3.0, "y": -50.0, "yaw": 1.57},
            "helicopter": {"x": 0.0, "y": -50.0, "yaw": 1.57},
        },
        "goal": {"x": 0.0, "y": 50.0, "radius": 2.0},
        "corridors": [{"name": "A", **corridor}, {"name": "B", **other}],
        "terrain": {"heightmap": "h", "height_span": 8.0, "texture": "t", "rocks": "r", "sand": "s"},
    }
    return World.model_validate(content | changes)


def setting(elevation: Any = 0.0, **changes: Any) -> Setting:
    grid = Grid.over(Bounds(-64, -64, 64, 64), 1.0)
    x, y = np.meshgrid(*grid.centres())
    grid["elevation"] = (elevation(x, y) if callable(elevation) else np.full(x.shape, elevation)).astype(
        np.float32
    )
    values: dict[str, Any] = {
        "limits": LIMITS,
        "camera": load_camera(config.directory() / "cameras/navigation.yaml"),
        "corridors": {c.name: Corridor(c.name, np.array(c.centreline), c.width) for c in world().corridors},
        "elevation": grid,
        "radio": RADIO,
        "rover": np.array([-3.0, -50.0, 0.0]),
        "targets": {"parachute": Prior(20.0, 10.0, 3.0, "parachute", 21.5)},
    }
    return Setting(**(values | changes))


def tasks(*entries: dict[str, Any]) -> Campaign:
    return Campaign.model_validate({"name": "test", "tasks": list(entries)})


SURVEY_A, SURVEY_B = {"task": "survey", "corridors": ["A"]}, {"task": "survey", "corridors": ["B"]}
CLIMB = {"task": "climb"}
PLAN = {"name": "a look", "waypoints": [{"x": 10.0, "y": -30.0, "height": 8.0, "speed": 3.0}]}


# --- schema -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "file", sorted((config.directory() / "campaigns").glob("*.yaml")), ids=lambda f: f.stem
)
def test_the_campaigns_that_come_along_are_sound_and_survive_writing(file: Path, tmp_path: Path) -> None:
    campaign = read_campaign(file)
    write_campaign(tmp_path / "copy.yaml", campaign)
    assert read_campaign(tmp_path / "copy.yaml") == campaign


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"tasks": []}, "tasks"),
        ({"tasks": [{"task": "dance"}]}, "tasks.0"),
        ({"tasks": [{"task": "survey", "corridors": []}]}, "tasks.0.survey.corridors"),
        ({"tasks": [{"task": "survey", "corridors": ["A", "A"]}]}, "tasks.0.survey"),
        ({"tasks": [{"task": "survey", "corridors": ["A"], "height": -8.0}]}, "tasks.0.survey.height"),
        ({"tasks": [{"task": "survey", "corridors": ["A"], "hight": 8.0}]}, "tasks.0.survey.hight"),
        ({"tasks": [{"task": "reposition", "x": float("nan"), "y": 0.0}]}, "tasks.0.reposition.x"),
        ({"tasks": [{"task": "reposition", "x": 1.0}]}, "tasks.0.reposition.y"),
        ({"tasks": [{"task": "recon", "target": ""}]}, "tasks.0.recon.target"),
        ({"tasks": [{"task": "recon", "target": "p", "height": 0.0}]}, "tasks.0.recon.height"),
        ({"tasks": [{"task": "recon", "target": "p", "position_sigma": -1}]}, "tasks.0.recon.position_sigma"),
        ({"tasks": [CLIMB, SURVEY_A]}, "(whole file)"),
        ({"name": ""}, "name"),
        ({"format": 2}, "format"),
    ],
)
def test_a_bad_value_is_refused_by_its_field(tmp_path: Path, change: dict[str, Any], field: str) -> None:
    file = tmp_path / "campaign.yaml"
    file.write_text(yaml.safe_dump({"name": "bad", "tasks": [SURVEY_A]} | change))
    with pytest.raises(InvalidInput) as refusal:
        read_campaign(file)
    assert field in str(refusal.value)
    assert "campaign.yaml" in str(refusal.value)


@pytest.mark.parametrize("text", ["", "[]", "tasks: [", "name: only a name"])
def test_a_file_that_is_no_campaign_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(InvalidInput, match=r"c\.yaml"):
        read_campaign(tmp_path / "c.yaml")
    with pytest.raises(InvalidInput, match=r"none\.yaml"):
        read_campaign(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"task": "survey", "corridors": ["C"]}, "C"),
        ({"task": "recon", "target": "beagle"}, "beagle"),
        ({"task": "recon", "target": "beagle", "position": [0.0, 99.0]}, "99"),
        ({"task": "reposition", "x": 70.0, "y": 0.0}, "70"),
        ({"task": "flight", "plan": {**PLAN, "landing_sites": [[0.0, -90.0]]}}, "landing_sites"),
    ],
)
def test_what_the_world_does_not_have_is_refused_by_name(entry: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput, match=r"tasks\[0\]") as refusal:
        check_campaign(tasks(entry), world())
    assert told in str(refusal.value)


def test_a_position_of_its_own_makes_any_target_known() -> None:
    campaign = tasks({"task": "recon", "target": "beagle", "position": [5.0, 6.0], "size": 2.0})
    check_campaign(campaign, world())
    task = campaign.tasks[0]
    assert isinstance(task, Recon)
    assert target_of(task, world()) == Prior(5.0, 6.0, 2.0, "", 2.0, "beagle")


# --- plan files -------------------------------------------------------------------------------------------


def test_a_plan_survives_writing(tmp_path: Path) -> None:
    plan = PlannedFlight.model_validate(PLAN).plan(HOME, 3)
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(planned(plan).model_dump(mode="json")))
    assert read_flight(tmp_path / "plan.yaml").plan(HOME, 3) == plan
    assert planned(plan).plan(HOME, 3) == plan


def test_a_plan_begins_above_the_helicopter() -> None:
    plan = PlannedFlight.model_validate(PLAN).plan(HOME)
    assert [(w.x, w.y) for w in plan.waypoints] == [HOME, (10.0, -30.0)]
    assert plan.waypoints[1].yaw == pytest.approx(np.arctan2(20.0, 10.0))
    moved = from_here(plan, (0.5, -50.0))
    assert [(w.x, w.y) for w in moved.waypoints] == [(0.5, -50.0), (10.0, -30.0)]


@pytest.mark.parametrize(
    ("field", "value"),
    [("height", -8.0), ("height", float("nan")), ("x", float("inf")), ("speed", 0.0), ("speed", "fast")],
)
def test_a_bad_waypoint_is_refused_by_its_field(tmp_path: Path, field: str, value: Any) -> None:
    waypoint = {"x": 1.0, "y": 2.0, "height": 8.0, "speed": 3.0} | {field: value}
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump({"name": "bad", "waypoints": [waypoint]}))
    with pytest.raises(InvalidInput, match=rf"waypoints\.0\.{field}"):
        read_flight(tmp_path / "plan.yaml")


# --- where flights land -----------------------------------------------------------------------------------


def test_a_survey_lands_before_the_next_area_and_inside_the_envelope() -> None:
    given = setting()
    first, second = tasks(SURVEY_A, SURVEY_B).tasks
    plans = plan_task(first, second, HOME, given)
    area = area_of(second, given, HOME)
    assert area is not None
    assert np.allclose(area.at, [30.0, -30.0])
    landing = np.array(plans[-1].landing_sites[0])
    gap = float(np.hypot(*(landing - area.at)))
    assert gap < np.hypot(30.0, 20.0) - 10.0, "nearer than the take-off point"
    assert gap >= 0.9 * area.keep_out, "but not in the rover's way"
    assert np.allclose(plans[-1].points[-1], landing), "the plan itself goes there, so that it is priced"
    for plan in plans:
        check(plan, LIMITS, given.ground)
    assert HOME in plans[-1].landing_sites, "where it stood before remains a site"


def test_the_last_flight_comes_home() -> None:
    plans = plan_task(tasks(SURVEY_A).tasks[0], None, HOME, setting())
    assert plans[-1].landing_sites == (HOME,)


def test_spots_are_level_heard_and_keep_away_from_a_target() -> None:
    def hilly(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.where(y > -20.0, 0.6 * (y + 20.0), 0.0)  # too steep to land on beyond y = -20

    given = setting(hilly, targets={"parachute": Prior(0.0, -25.0, 2.0, "parachute", 10.0)})
    task = tasks({"task": "recon", "target": "parachute"}).tasks[0]
    area = area_of(task, given, HOME)
    assert area is not None
    spots = landing_spots(area, HOME, given)
    assert spots
    for spot in spots:
        assert spot[1] < -20.0
        assert np.hypot(spot[0], spot[1] + 25.0) >= 0.9 * area.keep_out >= 5.0 + 4.0
        assert heard(spot, given)


def test_a_spot_behind_a_hill_is_not_heard_and_not_taken() -> None:
    def ridge(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 12.0 * np.exp(-(((x - 12.0) / 4.0) ** 2))

    given = setting(ridge)
    assert not heard((30.0, -40.0), given)
    assert heard((-20.0, -40.0), given)
    assert heard((30.0, -40.0), replace(given, radio=None))
    area = area_of(tasks(SURVEY_B).tasks[0], given, HOME)
    assert area is not None
    assert all(heard(spot, given) for spot in landing_spots(area, HOME, given))


def test_repositioning_lands_where_it_is_level_near_the_place() -> None:
    given = setting()
    task = Reposition(task="reposition", x=25.0, y=20.0)
    plans = plan_task(task, None, HOME, given, first_flight=4)
    assert [plan.flight for plan in plans] == [4]
    assert np.hypot(*(np.array(plans[0].landing_sites[0]) - [25.0, 20.0])) <= 8.0
    assert plans[0].waypoints[1].picture_spacing > 0.0


def test_a_place_out_of_one_flights_reach_is_reached_in_hops() -> None:
    near = replace(LIMITS, max_distance=60.0)
    given = setting(limits=near)
    plans = plan_task(Reposition(task="reposition", x=25.0, y=55.0), None, HOME, given)
    assert len(plans) >= 2
    here = HOME
    for i, plan in enumerate(plans):
        assert plan.flight == 1 + i
        assert np.allclose(plan.points[0], here), "each hop begins where the last one landed"
        check(plan, near, given.ground)
        here = plan.landing_sites[0]


def test_no_safe_landing_is_an_answer() -> None:
    steep = setting(lambda x, y: 0.5 * x)
    with pytest.raises(OutsideEnvelope, match="no safe landing"):
        plan_task(Reposition(task="reposition", x=25.0, y=20.0), None, HOME, steep)
    weak = setting(limits=replace(LIMITS, max_distance=5.0))
    with pytest.raises(OutsideEnvelope, match="out of reach"):
        plan_task(Reposition(task="reposition", x=25.0, y=20.0), None, HOME, weak)
    with pytest.raises(InvalidInput, match="'C'"):
        plan_task(Survey(task="survey", corridors=["C"]), None, HOME, setting())


def test_an_estimate_adds_up_and_names_what_it_cannot_price() -> None:
    campaign = tasks(
        SURVEY_A, {"task": "reposition", "x": 20.0, "y": -50.0}, SURVEY_B, {"task": "flight", "plan": PLAN}
    )
    found = estimate(campaign, HOME, setting(), SUN)
    assert not found.problems
    assert [leg.plan.flight for leg in found.legs] == list(range(1, len(found.legs) + 1))
    assert [leg.task for leg in found.legs] == sorted(leg.task for leg in found.legs)
    assert found.legs[0].sols == 0
    assert all(leg.sols >= 1 for leg in found.legs[1:])
    assert found.minutes == pytest.approx(sum(leg.cost.duration for leg in found.legs) / 60.0)
    bad = estimate(
        tasks({"task": "reposition", "x": 20.0, "y": 0.0}), HOME, setting(lambda x, y: 0.6 * x), SUN
    )
    assert not bad.legs
    assert "reposition to (20, 0): no safe landing" in bad.problems[0]


def test_a_look_is_priced_by_the_planner_that_flies_it() -> None:
    down = Eye(
        load_camera(config.directory() / "cameras/navigation.yaml"),
        Pose.from_euler(0.0, 0.0, 0.1, roll=np.pi),
    )
    params = config.load("recon", ReconParams)
    scout = Scout(params, Eye(Camera.pinhole(400, 300, 1.0), down.mount), down)
    look = {"task": "recon", "target": "parachute"}
    able = setting(scout=scout, targets={"parachute": Prior(10.0, -20.0, 1.0, "debris", 4.0)})
    found = estimate(tasks(look, look), HOME, able, SUN)
    assert not found.problems
    first, second = found.legs
    target = able.targets["parachute"]
    alone = plan_recon(target, first.plan.landing_sites[0], scout.colour, down, LIMITS, params, flight=2,
                       ground=able.ground, bounds=able.elevation.bounds)  # fmt: skip
    assert (second.plan, second.cost) == (alone.plan, alone.cost)
    assert second.sols == sols_until(
        LIMITS.battery_capacity - first.cost.energy, full_flight(LIMITS), SUN, LIMITS
    )
    assert "not priced" in estimate(tasks(look), HOME, setting(), SUN).problems[0]


# --- the sun ----------------------------------------------------------------------------------------------


def test_a_sols_balance_by_hand() -> None:
    sun = replace(
        SUN,
        panel_area=0.1,
        panel_efficiency=0.25,
        insolation=1.0e7,
        dust_loss=0.2,
        survival_heating=8.0e4,
        idle_energy=2.0e4,
    )
    assert sun.collected == pytest.approx(2.0e5)
    assert sun.gain == pytest.approx(1.0e5)
    assert charge_after(0.0, 1, sun, 2.0e5) == pytest.approx(1.0e5)
    assert charge_after(0.0, 0.5, sun, 2.0e5) == pytest.approx(0.5e5)
    assert charge_after(0.0, 9, sun, 2.0e5) == 2.0e5
    assert sun.under(0.5).gain == pytest.approx(0.0)


def test_sols_grow_with_energy_and_fall_with_sun_and_charge() -> None:
    weak = replace(SUN, insolation=0.7 * SUN.insolation)
    energies = np.linspace(1e4, LIMITS.usable_energy - LIMITS.energy_reserve, 6)
    low = LIMITS.battery_capacity - LIMITS.usable_energy
    waits = [sols_until(low, float(e), weak, LIMITS) for e in energies]
    assert waits == sorted(waits)
    assert waits[-1] > waits[0] >= 1
    assert sols_until(low, float(energies[-1]), SUN, LIMITS) <= waits[-1]
    assert sols_until(LIMITS.battery_capacity, float(energies[-1]), weak, LIMITS) == 1, (
        "pictures go out first"
    )
    charged = charge_after(low, waits[-1], weak, LIMITS.battery_capacity)
    assert charged >= charge_needed(float(energies[-1]), LIMITS)


def test_a_dark_sky_and_a_flight_beyond_the_pack_are_refused_with_figures() -> None:
    dark = replace(SUN, dust_loss=0.9)
    assert dark.gain < 0.0
    with pytest.raises(OutsideEnvelope, match="sun does not bring"):
        sols_until(6.0e4, 5.0e4, dark, LIMITS)
    with pytest.raises(OutsideEnvelope, match="the pack holds"):
        sols_until(LIMITS.battery_capacity, LIMITS.usable_energy, SUN, LIMITS)
    for charge, energy in ((float("nan"), 1.0), (1.0, -1.0)):
        with pytest.raises(InvalidInput, match="recharge"):
            sols_until(charge, energy, SUN, LIMITS)


# --- the price of a plan ----------------------------------------------------------------------------------


def appraised(setting_: Setting, sites: list[Any] | None = None, **change: Any) -> Appraisal:
    first = {"x": 10.0, "y": -30.0, "height": 8.0, "speed": 3.0, "picture_spacing": 3.0} | change
    back = {"x": HOME[0], "y": HOME[1], "height": 8.0, "speed": 3.0}
    given = {"name": "a look", "waypoints": [first, back], "landing_sites": sites or [HOME]}
    return appraise(PlannedFlight.model_validate(given).plan(HOME), setting_)


def test_a_sound_plan_is_priced_as_the_envelope_prices_it() -> None:
    given = setting()
    found = appraised(given)
    assert not found.reasons
    assert found.site is not None
    assert found.site.basis == "proven"
    assert 0.0 < found.risk < 0.1
    assert found.link is not None
    assert (found.link.share, found.link.at_landing) == (1.0, RADIO.top_rate)
    assert found.cost.pictures > 0
    assert found.margins["time"] == pytest.approx(1.0 - found.cost.duration / LIMITS.max_duration)
    assert {name for name, _ in found.rows()} >= {"time", "energy", "pictures", "link", "landing", "risk"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"height": 40.0}, "height"),
        ({"speed": 12.0}, "waypoint speed"),
        ({"x": 90.0}, "outside the map"),
        ({"sites": [(200.0, 0.0)]}, "outside the map"),
    ],
)
def test_what_may_not_be_flown_is_told(change: dict[str, Any], told: str) -> None:
    reasons = appraised(setting(), change.pop("sites", None), **change).reasons
    assert any(told in reason for reason in reasons), reasons


def test_no_level_ground_is_a_reason_and_a_whole_risk() -> None:
    found = appraised(setting(lambda x, y: np.where(y > -40.0, 0.7 * (y + 40.0), 0.0)), [(10.0, -20.0)])
    assert any("no safe landing" in reason for reason in found.reasons)
    assert found.risk == 1.0


def test_behind_a_ridge_the_link_is_not_there() -> None:
    def ridge(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 25.0 * np.exp(-(((x - 12.0) / 3.0) ** 2))

    found = appraised(setting(ridge), [(30.0, -50.0)], x=30.0)
    assert found.link is not None
    assert found.link.at_landing == 0.0
    assert 0.0 < found.link.share < 1.0
    assert dict(found.rows())["link"].endswith("no link at the landing")


def test_the_nearer_to_a_limit_the_greater_the_risk() -> None:
    given = setting()
    duration = appraised(given).cost.duration
    risks = [
        appraised(replace(given, limits=replace(LIMITS, max_duration=share * duration))).risk
        for share in (2.0, 1.1, 1.05, 1.0)
    ]
    assert risks == sorted(risks)
    assert risks[-1] > 0.5


# --- looks at everything ----------------------------------------------------------------------------------


def gear(**places: tuple[float, float]) -> World:
    entries = [{"name": n, "kind": n, "x": x, "y": y, "sigma": 1.0} for n, (x, y) in places.items()]
    return world(targets=entries)


def test_looks_at_all_targets_take_each_in_once() -> None:
    params = config.load("recon", ReconParams)
    assert looks_at_all(world(), params) == []
    assert looks_at_all(gear(parachute=(0.0, 0.0), backshell=(18.0, 0.0)), params) == ["parachute"]
    assert looks_at_all(gear(parachute=(-25.0, 0.0), backshell=(25.0, 0.0)), params) == [
        "parachute",
        "backshell",
    ]
    bridged = gear(parachute=(-15.0, 0.0), backshell=(15.0, 0.0), debris=(0.0, 0.0))
    assert looks_at_all(bridged, params) == ["parachute"]
