# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Campaigns as trees over actions that answer from a script."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import py_trees
import pytest
from geometry_msgs.msg import Point
from wayscout_interfaces.action import Fly, Inspect, Recon
from wayscout_interfaces.msg import FlightLog, SiteObject

from wayscout import config
from wayscout.flight.campaign import Campaign
from wayscout.flight.solar import SunPower
from wayscout.grid import Bounds, Grid
from wayscout.sites.records import Prior
from wayscout_nodes.common import convert
from wayscout_nodes.mission import tree, words
from wayscout_nodes.mission.agenda import Agenda
from wayscout_nodes.mission.state import Mission

sys.path.append(str(Path(__file__).parent / "support"))
from scripted import Answer, FakePort, build, decided, driven, flown, read, run, texts

SURVEY_A, SURVEY_B = {"task": "survey", "corridors": ["A"]}, {"task": "survey", "corridors": ["B"]}
MOVE = {"task": "reposition", "x": 12.0, "y": -5.0}
RECON = {"task": "recon", "target": "parachute"}
CLIMB = {"task": "climb"}
LOOK = {
    "task": "flight",
    "plan": {"name": "a look", "waypoints": [{"x": 5.0, "y": 9.0, "height": 8.0, "speed": 3.0}]},
}
TARGET = Prior(20.0, 10.0, 2.0, "parachute", 21.5, "parachute")


def landed(goal: Fly.Goal, _: int = 0, **changes: Any) -> Answer:
    """Answer that the flight landed on its first site."""
    answer = flown(goal, **changes)
    sites = goal.plan.landing_sites
    answer.result.log.landing_position = sites[0] if sites else goal.plan.waypoints[0].position
    answer.result.log.energy = 40_000.0
    return answer


def reconnoitred(goal: Recon.Goal, _: int = 0, outcome: str = "complete") -> Answer:
    log = FlightLog(flight=goal.flight, duration=159.0, distance=360.0, pictures=60, colour_pictures=10)
    log.outcome, log.energy = outcome, 55_000.0
    log.landing_position = Point(x=3.0, y=2.0)
    result = Recon.Result(success=outcome == "complete", log=log)
    result.plan.flight, result.plan.name = goal.flight, "recon parachute"
    result.plan.waypoints = [
        words.FlightWaypointMsg(position=Point(x=x, y=0.0), height=8.0, speed=3.8) for x in (2.0, 9.0)
    ]
    return Answer(result, "" if outcome == "complete" else "helicopter/recon failed")


def inspected(goal: Inspect.Goal, _: int = 0) -> Answer:
    result = Inspect.Result(success=True)
    result.report.objects = [SiteObject(kind="parachute", size=21.4, size_sigma=0.2)]
    result.report.objects += [SiteObject(kind="debris", size=0.5)] * 3
    return Answer(result)


def campaign(folder: Path, *tasks: dict[str, Any], **answers: Any) -> Mission:
    """Make a mission with an agenda; flights land where their plans say."""
    recon, inspect = answers.pop("recon", reconnoitred), answers.pop("inspect", inspected)
    mission = build(folder, **{"fly": landed, **answers})
    given = Campaign.model_validate({"name": "test", "tasks": list(tasks)})
    sun = config.load("campaign", SunPower)
    mission.agenda = Agenda(given, {"parachute": TARGET}, sun, mission.limits)
    if given.needs_recon:
        mission.ports = replace(
            mission.ports,
            recon=FakePort("helicopter/recon", recon),
            inspect=FakePort("science/inspect", inspect),
        )
    grid = Grid.over(Bounds(-64, -64, 64, 64), 1.0)
    grid["elevation"] = np.zeros(grid.shape, np.float32)
    assert mission.orbital is not None
    mission.orbital.elevation = convert.to_tile(grid, 0, 0, 1, {"elevation": "m"}, 0.0)
    return mission


def outcomes(mission: Mission) -> list[str]:
    return [task["outcome"] for task in read(mission, "campaign")["tasks"]]


def test_tasks_are_done_in_turn_and_each_flight_lands_for_the_next(tmp_path: Path) -> None:
    mission = campaign(tmp_path, SURVEY_A, MOVE, SURVEY_B, LOOK)
    run(mission)
    assert mission.outcome == "complete", mission.message
    assert outcomes(mission) == ["complete"] * 4
    goals = mission.ports.fly.goals
    assert [goal.plan.name for goal in goals] == ["survey A", "reposition", "survey B", "a look"]
    assert [goal.plan.flight for goal in goals] == [1, 2, 3, 4]
    for before, after in pairwise(goals):
        landing, start = before.plan.landing_sites[0], after.plan.waypoints[0].position
        assert (landing.x, landing.y) == pytest.approx((start.x, start.y))
    move = goals[1].plan.landing_sites[0]
    assert np.hypot(move.x - 12.0, move.y + 5.0) <= 8.0
    assert len(mission.ports.update_map.goals) == 4
    assert not mission.ports.plan_route.goals
    assert not mission.ports.drive.goals


def test_sols_pass_as_the_sun_needs(tmp_path: Path) -> None:
    mission = campaign(tmp_path, SURVEY_A, MOVE, SURVEY_B)
    assert mission.agenda is not None
    dim = replace(config.load("campaign", SunPower), insolation=0.8e7)
    mission.agenda = Agenda(mission.agenda.campaign, {}, dim, mission.limits)
    run(mission)
    sol = mission.settings.recharge_time
    rests = [round(goal.duration / sol) for goal in mission.ports.advance.goals]
    assert len(rests) == 2
    assert all(
        goal.duration == pytest.approx(n * sol)
        for goal, n in zip(mission.ports.advance.goals, rests, strict=True)
    )
    assert sum(rests) == read(mission, "campaign")["sols"] > 2, "40 kJ are more than one dim sol brings"


def test_a_campaign_ends_with_a_climb(tmp_path: Path) -> None:
    mission = campaign(tmp_path, SURVEY_A, SURVEY_B, CLIMB)
    run(mission)
    assert mission.outcome == "complete"
    assert "arrived" in mission.message
    assert outcomes(mission) == ["complete"] * 3
    assert len(mission.ports.drive.goals) == 1


def test_a_climb_that_stops_leaves_the_campaign_partly_done(tmp_path: Path) -> None:
    mission = campaign(tmp_path, SURVEY_A, CLIMB, drive=lambda *_: driven("stuck"))
    run(mission)
    assert mission.outcome == "partly"
    assert outcomes(mission) == ["complete", "failed"]
    assert "stuck" in mission.message


def test_neither_is_an_answer_of_a_climb(tmp_path: Path) -> None:
    mission = campaign(tmp_path, SURVEY_A, CLIMB, plan_route=lambda *_: decided("neither"))
    run(mission)
    assert mission.outcome == "complete"
    assert "neither" in mission.message


def test_a_look_within_a_climb_is_flown(tmp_path: Path) -> None:
    mission = campaign(tmp_path, SURVEY_A, CLIMB, plan_route=lambda _, n: decided("look" if n == 0 else "A"))
    run(mission)
    assert mission.outcome == "complete"
    assert [goal.plan.name for goal in mission.ports.fly.goals] == ["survey A", "look 1"]


def test_a_task_out_of_reach_is_told_and_the_next_one_begun(tmp_path: Path) -> None:
    far = {
        "task": "flight",
        "plan": {"name": "too far", "waypoints": [{"x": 900.0, "y": 0.0, "height": 8.0, "speed": 3.0}]},
    }
    mission = campaign(tmp_path, far, SURVEY_A)
    run(mission)
    assert mission.outcome == "partly"
    assert outcomes(mission) == ["failed", "complete"]
    assert "exceeds the limit" in read(mission, "campaign")["tasks"][0]["message"]


def test_cut_short_is_partly_done_and_lost_ends_the_flying(tmp_path: Path) -> None:
    mission = campaign(
        tmp_path,
        SURVEY_A,
        SURVEY_B,
        MOVE,
        fly=lambda goal, n: landed(goal, n, outcome=("cut short", "lost")[min(n, 1)]),
    )
    run(mission)
    assert outcomes(mission) == ["partly", "partly", "failed"]
    assert mission.outcome == "partly"
    assert len(mission.ports.fly.goals) == 2
    assert "lost before" in mission.message


def test_reconnaissance_is_flown_mapped_and_inspected(tmp_path: Path) -> None:
    mission = campaign(tmp_path, RECON)
    mission.corridors = []
    assert mission.orbital is not None
    mission.orbital.corridors = []
    run(mission)
    assert mission.outcome == "complete", mission.message
    (goal,) = mission.ports.recon.goals
    assert (goal.target, goal.position.x, goal.position_sigma, goal.size) == ("parachute", 20.0, 2.0, 21.5)
    assert mission.ports.update_map.goals[0].pictures == 60
    assert mission.ports.inspect.goals[0].flight == goal.flight == 1
    (task,) = read(mission, "campaign")["tasks"]
    assert [found["kind"] for found in task["found"]] == ["parachute", *["debris"] * 3]
    assert "parachute 21.4 m across, 3 pieces of debris" in texts(mission)
    flight = read(mission, "flights")[0]
    assert (flight["outcome"], flight["name"]) == ("complete", "recon parachute")
    assert not mission.ports.fly.goals


def test_a_reconnaissance_sets_up_the_next(tmp_path: Path) -> None:
    mission = campaign(tmp_path, SURVEY_A, RECON, SURVEY_B)
    run(mission)
    assert mission.outcome == "complete"
    assert mission.ports.recon.goals[0].flight == 2
    assert mission.ports.recon.goals[0].landing_sites, "near the foot of B"
    assert mission.ports.fly.goals[1].plan.waypoints[0].position == Point(x=3.0, y=2.0)


@pytest.mark.parametrize("what", ["refused", "not inspected"])
def test_a_failed_reconnaissance_is_told(tmp_path: Path, what: str) -> None:
    answers = {
        "refused": {"recon": lambda *_: Answer(Recon.Result(message="refused: out of reach"), "failed")},
        "not inspected": {
            "inspect": lambda *_: Answer(Inspect.Result(), "science/inspect failed: black pictures")
        },
    }
    mission = campaign(tmp_path, RECON, MOVE, **answers[what])
    run(mission)
    assert mission.outcome == "partly"
    assert outcomes(mission) == [{"refused": "failed", "not inspected": "partly"}[what], "complete"]
    assert len(mission.ports.recon.goals) == 1
    assert {"refused": "out of reach", "not inspected": "black pictures"}[what] in texts(mission)


def test_a_world_without_corridors_needs_a_campaign_without_them(tmp_path: Path) -> None:
    mission = campaign(tmp_path, MOVE)
    assert mission.orbital is not None
    mission.orbital.corridors = []
    run(mission)
    assert mission.outcome == "complete"
    other = campaign(tmp_path / "climb", CLIMB)
    assert other.orbital is not None
    other.orbital.corridors = []
    run(other)
    assert other.outcome == "failed"
    assert "corridor" in texts(other)


def test_every_flight_is_held_when_asked_for(tmp_path: Path) -> None:
    mission = campaign(tmp_path, SURVEY_A, RECON, settings={"approval": "ask"})
    root = run(mission, 60)
    assert mission.held == "flight 1 'survey A'"
    assert not mission.ports.fly.goals
    mission.approved = True
    for _ in range(60):
        root.tick_once()
    assert len(mission.ports.fly.goals) == 1
    assert mission.held == "flight 2 'recon parachute'"
    assert not mission.ports.recon.goals
    mission.approved = True
    for _ in range(60):
        root.tick_once()
    assert mission.outcome == "complete"


def test_interrupted_campaigns_tell_what_was_done(tmp_path: Path) -> None:
    mission = campaign(
        tmp_path, SURVEY_A, MOVE, fly=lambda goal, n: landed(goal) if n == 0 else Answer(ticks=10_000)
    )
    root = run(mission, 200)
    mission.end("interrupted", "stopped by the user")
    root.stop(py_trees.common.Status.INVALID)
    assert mission.ports.fly.calls[-1].cancelled
    assert mission.outcome == "interrupted"
    assert outcomes(mission) == ["complete", "under way"]


def test_the_tree_of_a_campaign_names_its_tasks(tmp_path: Path) -> None:
    root = tree.build(campaign(tmp_path, SURVEY_A, RECON, CLIMB))
    assert [child.name for child in root.children][2:] == ["survey A", "recon parachute", "climb", "conclude"]


def test_a_repositioning_that_lands_far_off_is_partly_done(tmp_path: Path) -> None:
    def elsewhere(goal: Fly.Goal, _: int) -> Answer:
        answer = landed(goal)
        answer.result.log.landing_position = Point(x=-20.0, y=-5.0)
        return answer

    mission = campaign(tmp_path, MOVE, fly=elsewhere)
    run(mission)
    assert outcomes(mission) == ["partly"]
    assert "32.0 m" in mission.message
    near = campaign(tmp_path / "near", MOVE)
    run(near)
    assert outcomes(near) == ["complete"]
    assert "m from it" in read(near, "campaign")["tasks"][0]["message"]
