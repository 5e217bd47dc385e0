# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The mission's tree over actions that answer from a script."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import py_trees
import pytest
from geometry_msgs.msg import PoseStamped
from rich.console import Console
from wayscout_interfaces.action import Drive, Fly, PlanRoute, UpdateMap
from wayscout_interfaces.msg import (
    Hazard,
    Hazards,
    MissionStatus,
)
from wayscout_interfaces.srv import AdvanceTime

from wayscout_nodes.mission import tree, words
from wayscout_nodes.mission.progress import line, make
from wayscout_nodes.mission.recorder import Recorder
from wayscout_nodes.mission.speedometer import Speedometer

sys.path.append(str(Path(__file__).parent / "support"))
from scripted import Answer, build, decided, driven, flown, read, rested, run, texts

WORDS = ("survey A", "survey B")


def test_happy_path_surveys_both_channels_then_drives(tmp_path: Path) -> None:
    mission = build(tmp_path)
    run(mission)
    assert mission.outcome == "arrived"
    names = [goal.plan.name for goal in mission.ports.fly.goals]
    assert {name[:8] for name in names} == set(WORDS)
    assert len(mission.ports.update_map.goals) == len(names)
    assert len(mission.ports.advance.goals) == len(names) - 1, "recharge before each flight but the first"
    assert len(mission.ports.drive.goals) == 1
    assert mission.ports.plan_route.goals[0].orbital_only is False
    assert (mission.channel, mission.distance) == ("A", 61.0)
    assert read(mission, "outcome")["outcome"] == "arrived"
    assert [f["outcome"] for f in read(mission, "flights")] == ["complete"] * len(names)
    phases = [entry["phase"] for entry in read(mission, "timeline")]
    assert phases[-1] == "driving"
    assert {"flight", "mapping", "planning", "recharging"} <= set(phases)


def test_look_flies_again_and_decides_anew(tmp_path: Path) -> None:
    mission = build(tmp_path, plan_route=lambda _, n: decided("look" if n == 0 else "B"))
    run(mission)
    assert mission.outcome == "arrived"
    assert mission.channel == "B"
    assert mission.ports.fly.goals[-1].plan.name == "look 1"
    assert [d["choice"] for d in read(mission, "decision")] == ["look", "B"]
    numbers = [goal.plan.flight for goal in mission.ports.fly.goals]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize(("probability", "outcome"), [(0.8, "arrived"), (0.2, "neither")])
def test_looks_run_out(tmp_path: Path, probability: float, outcome: str) -> None:
    answer = decided("look", a=probability, b=0.1)
    mission = build(tmp_path, plan_route=lambda *_: answer)
    run(mission)
    assert mission.outcome == outcome
    assert mission.looks == mission.settings.max_looks
    assert len(mission.ports.plan_route.goals) == mission.settings.max_looks + 1


def test_neither_stays(tmp_path: Path) -> None:
    mission = build(tmp_path, plan_route=lambda *_: decided("neither"))
    run(mission)
    assert mission.outcome == "neither"
    assert "because neither" in mission.message
    assert not mission.ports.drive.goals


@pytest.mark.parametrize("choice", ["A", "B", "neither", "look"])
def test_the_operators_channel_is_driven_whatever_was_decided(tmp_path: Path, choice: str) -> None:
    answer = decided(choice)
    for given in answer.result.decision.candidates:
        given.path.poses = [PoseStamped(), PoseStamped()]  # the router shows the least bad way, too
    mission = build(tmp_path, plan_route=lambda *_: answer, settings={"channel": "B"})
    run(mission)
    assert (mission.outcome, mission.channel) == ("arrived", "B")
    assert mission.looks == 0
    assert read(mission, "outcome")["forced_channel"] == "B"
    assert ("operator" in texts(mission)) is (choice != "B")


def test_no_way_through_the_operators_channel(tmp_path: Path) -> None:
    mission = build(tmp_path, plan_route=lambda *_: decided("neither"), settings={"channel": "B"})
    run(mission)
    assert mission.outcome == "neither"
    assert "B: a wall" in mission.message
    assert "A: a wall" not in mission.message
    assert not mission.ports.drive.goals


@pytest.mark.parametrize(("passable", "came", "drives"), [(True, 1.0, 2), (False, 30.0, 2), (False, 1.0, 1)])
def test_once_stuck_the_operators_channel_must_be_passable(
    tmp_path: Path, passable: bool, came: float, drives: int
) -> None:
    answers = [decided("neither"), decided("B" if passable else "neither")]
    for answer in answers:
        for given in answer.result.decision.candidates:
            given.path.poses = [PoseStamped(), PoseStamped()]
    mission = build(
        tmp_path,
        plan_route=lambda _, n: answers[min(n, 1)],
        drive=lambda _, n: driven("slipping", came) if n == 0 else driven("arrived"),
        settings={"channel": "B"},
    )
    run(mission)
    assert len(mission.ports.drive.goals) == drives
    assert mission.outcome == ("arrived" if drives == 2 else "stopped")
    assert drives == 2 or "slipping here" in mission.message


def test_an_unknown_channel_is_named(tmp_path: Path) -> None:
    mission = build(tmp_path, settings={"channel": "C"})
    run(mission)
    assert mission.outcome == "failed"
    assert "'C'" in mission.message


def test_with_an_earlier_map_nothing_is_flown(tmp_path: Path) -> None:
    mission = build(tmp_path, settings={"start_map": "earlier/map"})
    run(mission)
    assert not mission.ports.fly.goals
    assert mission.ports.plan_route.goals[0].orbital_only is False
    assert mission.outcome == "arrived"
    assert read(mission, "outcome")["forced_channel"] is None


def test_lost_helicopter_decides_on_what_was_mapped(tmp_path: Path) -> None:
    mission = build(tmp_path, fly=lambda goal, _: flown(goal, "lost", pictures=12))
    run(mission)
    assert len(mission.ports.fly.goals) == 1
    assert mission.ports.update_map.goals[0].pictures == 12, "the pictures it sent are not lost"
    assert mission.ports.plan_route.goals[0].orbital_only is False
    assert mission.outcome == "arrived"
    assert [f["outcome"] for f in read(mission, "flights")][1:] == ["not flown"] * (
        len(read(mission, "flights")) - 1
    )


def test_nothing_mapped_decides_on_the_orbital_map(tmp_path: Path) -> None:
    mission = build(tmp_path, fly=lambda goal, _: flown(goal, "lost", pictures=0))
    run(mission)
    assert not mission.ports.update_map.goals
    assert mission.ports.plan_route.goals[0].orbital_only is True
    assert mission.outcome == "arrived"


def test_flight_without_answer_ends_flying(tmp_path: Path) -> None:
    mission = build(tmp_path, fly=lambda *_: Answer(error="the server of helicopter/fly has gone"))
    run(mission)
    assert len(mission.ports.fly.goals) == 1
    assert mission.ports.plan_route.goals[0].orbital_only is True
    assert "has gone" in texts(mission)


def test_refused_flight_and_failed_mapping_are_told_and_survived(tmp_path: Path) -> None:
    def refuse_first(goal: Fly.Goal, count: int) -> Answer:
        if count == 0:
            return Answer(Fly.Result(success=False, message="beyond 169.5 s"), "helicopter/fly failed")
        return flown(goal)

    mission = build(
        tmp_path,
        fly=refuse_first,
        update_map=lambda *_: Answer(UpdateMap.Result(success=False, message="no track of flight 2")),
    )
    run(mission)
    assert "beyond 169.5 s" in texts(mission)
    numbers = [goal.plan.flight for goal in mission.ports.fly.goals]
    assert numbers[:2] == [1, 1], "a refused flight is tried once more"
    assert len(mission.ports.advance.goals) == len(numbers) - 1
    assert "no track of flight 2" in texts(mission)
    assert mission.ports.plan_route.goals[0].orbital_only is True
    assert mission.outcome == "arrived"


@pytest.mark.parametrize("end", ["blocked", "slipping"])
def test_ended_drive_is_replanned_from_there(tmp_path: Path, end: str) -> None:
    mission = build(
        tmp_path,
        plan_route=lambda _, n: decided("A" if n == 0 else "B"),
        drive=lambda _, n: driven(end) if n == 0 else driven("arrived", 50.0),
    )
    mission.rover.position.x = 7.0
    run(mission)
    assert mission.outcome == "arrived"
    assert (mission.channel, mission.distance, mission.replans) == ("B", 80.0, 1)
    assert mission.ports.plan_route.goals[1].start.position.x == 7.0


def test_replans_are_limited(tmp_path: Path) -> None:
    mission = build(tmp_path, drive=lambda *_: driven("blocked"), settings={"max_replans": 2})
    run(mission)
    assert mission.outcome == "stopped"
    assert len(mission.ports.drive.goals) == 3
    assert "blocked here" in mission.message


def test_no_way_on_after_a_blocked_drive_stops(tmp_path: Path) -> None:
    mission = build(
        tmp_path,
        plan_route=lambda _, n: decided("A" if n == 0 else "neither"),
        drive=lambda *_: driven("blocked"),
    )
    run(mission)
    assert mission.outcome == "stopped"
    assert len(mission.ports.drive.goals) == 1


def test_stuck_rover_stops_the_mission(tmp_path: Path) -> None:
    mission = build(tmp_path, drive=lambda *_: driven("stuck"))
    run(mission)
    assert mission.outcome == "stopped"
    assert "stuck" in mission.message


def test_failed_decision_fails_the_mission_with_its_reason(tmp_path: Path) -> None:
    refused = Answer(
        PlanRoute.Result(success=False, message="goal.x = nan"), "route/plan failed: goal.x = nan"
    )
    mission = build(tmp_path, plan_route=lambda *_: refused)
    run(mission)
    assert mission.outcome == "failed"
    assert "goal.x = nan" in mission.message


def test_missing_systems_are_named(tmp_path: Path) -> None:
    mission = build(tmp_path, settings={"systems_timeout": 0.0})
    mission.ports.drive.up = False
    mission.orbital = None
    root = tree.build(mission)
    root.tick_once()
    assert mission.outcome == "failed"
    assert "map/orbital, rover/drive" in mission.message


def test_unusable_corridors_are_named(tmp_path: Path) -> None:
    mission = build(tmp_path)
    mission.orbital.corridors[0].centreline[0].x = float("nan")
    mission.orbital.corridors[1].width = -1.0
    run(mission)
    assert mission.outcome == "failed"
    assert "corridor 'A' centreline" in texts(mission)
    assert "corridor 'B' width" in texts(mission)


def test_corridor_out_of_reach_is_left_to_the_orbital_map(tmp_path: Path) -> None:
    mission = build(tmp_path)
    for point in mission.orbital.corridors[1].centreline:
        point.x += 2000.0
    run(mission)
    assert mission.outcome == "arrived"
    assert "no survey of B" in texts(mission)
    assert all("A" in goal.plan.name for goal in mission.ports.fly.goals)


def test_without_survey_nothing_flies(tmp_path: Path) -> None:
    mission = build(
        tmp_path, settings={"survey": False}, plan_route=lambda _, n: decided("look" if n == 0 else "A")
    )
    run(mission)
    assert not mission.ports.fly.goals
    assert mission.ports.plan_route.goals[0].orbital_only is True


def test_start_and_approval_wait_for_people(tmp_path: Path) -> None:
    mission = build(tmp_path, settings={"autostart": False, "approval": "ask"})
    run(mission, 20)
    assert not mission.ports.fly.goals
    mission.started = True
    root = run(mission, 200)
    assert not mission.ports.fly.goals
    held = []
    for _ in range(400):
        if mission.held:
            assert len(mission.ports.fly.goals) == len(held), "one approval lets one flight go"
            assert not mission.ports.drive.goals
            held.append(mission.held)
            mission.approved = True
        root.tick_once()
        if mission.over:
            break
    assert mission.outcome == "arrived"
    assert len(held) == len(mission.ports.fly.goals) + 1
    assert held[0] == f"flight 1 '{mission.ports.fly.goals[0].plan.name}'"
    assert "drive" in held[-1]


@pytest.mark.parametrize("port", ["fly", "update_map", "plan_route", "drive"])
def test_interruption_cancels_the_running_goal(tmp_path: Path, port: str) -> None:
    mission = build(tmp_path, **{port: lambda *_: Answer(ticks=10_000)})
    root = run(mission, 100)
    call = getattr(mission.ports, port).calls[-1]
    assert not call.cancelled
    root.stop(py_trees.common.Status.INVALID)
    assert call.cancelled
    mission.end("interrupted", "stopped by the user")
    assert read(mission, "outcome")["outcome"] == "interrupted"


def test_feedback_reaches_the_progress(tmp_path: Path) -> None:
    feedback = Drive.Feedback()
    feedback.state.metres_to_go, feedback.state.distance, feedback.state.tilt = 12.0, 48.0, 0.31
    mission = build(tmp_path, drive=lambda *_: Answer(ticks=10_000, feedback=feedback))
    run(mission, 100)
    assert mission.progress.phase == "driving"
    assert mission.progress.metres_to_go == 12.0
    assert (mission.distance, mission.max_tilt) == (48.0, 0.31)
    assert mission.progress.coverage == pytest.approx(0.925)


@pytest.mark.parametrize(("refusals", "told"), [(2, False), (1000, True)])
def test_refused_rest_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusals: int, told: bool
) -> None:
    monkeypatch.setattr("wayscout_nodes.mission.behaviours.recharge.PAUSE", 0.0)
    busy = Answer(AdvanceTime.Response(success=False), "simulation/advance failed: helicopter is under way")
    mission = build(tmp_path, advance=lambda _, n: busy if n < refusals else rested(_, n))
    run(mission)
    assert mission.outcome == "arrived"
    assert ("could not rest" in texts(mission)) is told


def test_hazards_are_checked_and_kept(tmp_path: Path) -> None:
    mission = build(tmp_path)
    good = Hazard(kind="rock", radius=0.4, height=0.5, probability=0.9)
    bad = Hazard(kind="rock", radius=float("nan"))
    entries = words.hazard_entries(Hazards(hazards=[good, bad]), "rover")
    assert len(entries) == 1
    mission.recorder.hazards("rover", entries)
    mission.recorder.hazards("rover", entries)
    mission.recorder.hazards("map", [{**entries[0], "x": 4.0, "seen_by": "map"}])
    mission.end("neither", "")
    assert [(h["seen_by"], h["x"]) for h in read(mission, "hazards")] == [("rover", 0.0), ("map", 4.0)]


def test_track_skips_what_did_not_move(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, 0.05)
    for i in range(100):
        recorder.track({"t": i * 0.25, "x": i * 0.01, "y": 0.0, "z": 0.0, "yaw": 0.0, "tilt": 0.1})
    recorder.close()
    lines = (tmp_path / "trajectory.csv").read_text().splitlines()
    assert lines[0] == "t,x,y,z,yaw,tilt,slip,cross_track"
    assert 16 <= len(lines) - 1 <= 21


def test_phases_take_wall_and_simulated_time(tmp_path: Path) -> None:
    now = [10.0]
    recorder = Recorder(tmp_path, 0.05, wall=lambda: now[0])
    recorder.phase("waiting")
    now[0] = 12.0
    recorder.clock(100.0)
    recorder.phase("driving", "up A")
    now[0], recorder.sim_time = 15.0, 160.0
    recorder.outcome("arrived", "")
    waiting, driving = json.loads((tmp_path / "timeline.json").read_text())
    taken = [(p["wall_end"] - p["wall_start"], p["sim_end"] - p["sim_start"]) for p in (waiting, driving)]
    assert taken == [(2.0, 0.0), (3.0, 60.0)]
    assert json.loads((tmp_path / "outcome.json").read_text())["sim_s"] == 60.0


def test_speedometer_forgets_a_jump() -> None:
    speed = Speedometer(window=5.0)
    assert speed.look(0.0, 0.0) == 0.0
    assert speed.look(1.0, 20.0) == pytest.approx(20.0)
    assert speed.look(2.0, 88795.0) == 0.0
    assert speed.look(3.0, 88805.0) == pytest.approx(10.0)


def test_progress_says_phase_map_and_way_to_go() -> None:
    status = MissionStatus(
        phase="driving", text="channel B", coverage=0.93, metres_to_go=42.0, real_time_factor=21.5
    )
    assert line(status) == "driving: channel B, map 93 %, 42 m to go, 21.5 x real time"
    console = Console(file=io.StringIO(), force_terminal=True, width=90)
    view = make("on", lambda _: None, console)
    view.update(status)
    view.say("a note")
    view.close()
    shown = console.file.getvalue()
    assert "driving" in shown
    assert "42 m to go" in shown
    said: list[str] = []
    plain = make("off", said.append)
    plain.update(status)
    plain.update(status)
    assert len(said) == 1


def test_flight_refused_twice_is_left(tmp_path: Path) -> None:
    refused = Answer(Fly.Result(success=False, message="no position"), "helicopter/fly failed")
    mission = build(tmp_path, fly=lambda *_: refused)
    run(mission)
    planned = {flight["flight"] for flight in read(mission, "flights")}
    assert len(mission.ports.fly.goals) == 2 * len(planned)
    assert mission.ports.plan_route.goals[0].orbital_only is True
    assert mission.outcome == "arrived"
