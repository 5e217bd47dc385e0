# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A mission whose servers answer from a script."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import py_trees
from geometry_msgs.msg import Point, PoseStamped
from wayscout_interfaces.action import Drive, Fly, PlanRoute, UpdateMap
from wayscout_interfaces.msg import Corridor, FlightLog, OrbitalMap, RouteCandidate, RouteDecision
from wayscout_interfaces.srv import AdvanceTime

from wayscout import config
from wayscout.camera import load_camera
from wayscout.flight.plan import HelicopterLimits
from wayscout.geometry import Pose
from wayscout_nodes.common import convert
from wayscout_nodes.mission import tree
from wayscout_nodes.mission.actions import Ports
from wayscout_nodes.mission.recorder import Recorder
from wayscout_nodes.mission.settings import Settings
from wayscout_nodes.mission.state import Mission


@dataclass
class Answer:
    """What a fake server says: a result or an error, after some ticks."""

    result: Any = None
    error: str = ""
    ticks: int = 1
    feedback: Any = None


class FakeCall:
    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._left = answer.ticks
        self.cancelled = False
        self.feedback = answer.feedback

    @property
    def done(self) -> bool:
        self._left -= 1
        return self._left < 0

    @property
    def result(self) -> Any:
        return self._answer.result

    @property
    def error(self) -> str:
        return self._answer.error

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class FakePort:
    """Answers each goal by a function of the goal and of how many came before it."""

    name: str
    answer: Callable[[Any, int], Answer]
    up: bool = True
    goals: list[Any] = field(default_factory=list)
    calls: list[FakeCall] = field(default_factory=list)

    def ready(self) -> bool:
        return self.up

    def send(self, goal: Any) -> FakeCall:
        self.calls.append(FakeCall(self.answer(goal, len(self.goals))))
        self.goals.append(goal)
        return self.calls[-1]


def flown(goal: Fly.Goal, outcome: str = "complete", pictures: int = 40) -> Answer:
    log = FlightLog(
        flight=goal.plan.flight,
        duration=100.0,
        distance=250.0,
        pictures=pictures,
        outcome=outcome,
        message=f"{outcome}!",
    )
    log.landing_position = Point(x=1.0, y=2.0)
    return Answer(Fly.Result(success=outcome == "complete", message="", log=log))


def mapped(_goal: Any, _count: int) -> Answer:
    return Answer(UpdateMap.Result(success=True, pictures_used=40, coverage=[0.9, 0.95], area=900.0))


def rested(_request: Any, _count: int) -> Answer:
    return Answer(AdvanceTime.Response(success=True))


def candidate(channel: str, probability: float, passable: bool = True) -> RouteCandidate:
    result = RouteCandidate(channel=channel, passable=passable, success_probability=probability, length=60.0)
    if not passable:
        result.reasons = [f"{channel}: a wall"]
    if passable:
        result.path.poses = [PoseStamped(), PoseStamped()]
        result.path.poses[1].pose.position.y = 60.0
    return result


def decided(choice: str, a: float = 0.9, b: float = 0.6) -> Answer:
    decision = RouteDecision(choice=choice, basis="helicopter", reasons=[f"because {choice}"])
    decision.candidates = [candidate("A", a, choice != "neither"), candidate("B", b, choice != "neither")]
    if choice == "look":
        decision.look_at = [Point(x=5.0, y=5.0)]
    return Answer(PlanRoute.Result(success=True, decision=decision))


def driven(outcome: str, distance: float = 30.0) -> Answer:
    error = "" if outcome == "arrived" else "rover/drive failed"
    result = Drive.Result(outcome=outcome, message=f"{outcome} here", distance=distance, max_tilt=0.2)
    return Answer(result, error)


def build(folder: Path, **answers: Any) -> Mission:
    """Make a mission whose servers answer well unless `answers` says otherwise."""
    settings = answers.pop("settings", {})
    ports = Ports(
        fly=FakePort("helicopter/fly", answers.get("fly", lambda goal, _: flown(goal))),
        update_map=FakePort("map/update", answers.get("update_map", mapped)),
        plan_route=FakePort("route/plan", answers.get("plan_route", lambda *_: decided("A"))),
        drive=FakePort("rover/drive", answers.get("drive", lambda *_: driven("arrived", 61.0))),
        advance=FakePort("simulation/advance", answers.get("advance", rested)),
    )
    mission = Mission(
        settings=replace(config.load("mission", Settings), **settings),
        ports=ports,
        recorder=Recorder(folder, 0.05),
        limits=config.load("helicopter", HelicopterLimits),
        camera=load_camera(config.directory() / "cameras/navigation.yaml"),
        goal=np.array([0.0, 60.0]),
        rover=convert.to_pose(Pose.identity()),
        helicopter=np.array([2.0, 0.0]),
    )
    mission.recorder.clock(0.0)
    mission.orbital = OrbitalMap()
    for name, x in (("A", -15.0), ("B", 15.0)):
        line = [Point(x=x, y=0.0), Point(x=x, y=50.0)]
        mission.orbital.corridors.append(Corridor(name=name, centreline=line, width=8.0))
    return mission


def run(mission: Mission, ticks: int = 500) -> py_trees.behaviour.Behaviour:
    root = tree.build(mission)
    for _ in range(ticks):
        root.tick_once()
        if mission.over:
            return root
    return root


def read(mission: Mission, name: str) -> Any:
    return json.loads((mission.recorder.files.path / f"{name}.json").read_text())


def texts(mission: Mission) -> str:
    return "\n".join(note["text"] for note in mission.recorder.notes)
