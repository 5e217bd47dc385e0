# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The mission as a behaviour tree.

mission
|- wait for start, wait for systems
|- plan surveys
|- fly all: (next flight, recharge, fly, update map) until none waits
|- rank science targets
`- until it is over
   |- decide
   `- act: look (plan a flight, fly all) | climb (approval, drive) | stay

A campaign has its tasks in the place of surveys and climb:

campaign
|- wait for start, wait for systems
|- for each task: begin it, then
|  |- survey, reposition, flight: plan the task, fly all
|  |- recon: prepare, recharge, approval, recon, update map, inspect
|  `- climb: rank science targets, then until it is over, as above
|  and settle it
`- conclude
"""

from __future__ import annotations

from collections.abc import Callable

import py_trees
from py_trees.common import Status

from wayscout.flight.campaign import Climb, Recon, Task
from wayscout_nodes.mission import behaviours as do
from wayscout_nodes.mission.behaviours.drive import chosen_candidate
from wayscout_nodes.mission.state import Mission


class Until(py_trees.decorators.Decorator):
    """Runs its child again and again until a condition holds; fails when the child fails."""

    def __init__(self, name: str, child: py_trees.behaviour.Behaviour, holds: Callable[[], bool]) -> None:
        super().__init__(name=name, child=child)
        self._holds = holds

    def update(self) -> Status:
        if self.decorated.status == Status.FAILURE:
            return Status.FAILURE
        if self.decorated.status == Status.SUCCESS and self._holds():
            return Status.SUCCESS
        return Status.RUNNING


def build(mission: Mission) -> py_trees.behaviour.Behaviour:
    """Return the root of the mission's tree."""
    start = (do.WaitForStart(mission), do.WaitForSystems(mission))
    if mission.agenda is not None:
        tasks = [_task(mission, i, task) for i, task in enumerate(mission.agenda.campaign.tasks)]
        return _in_turn("campaign", *start, *tasks, do.Conclude(mission))
    return _in_turn(
        "mission",
        *start,
        do.PlanSurveys(mission),
        _fly_all(mission),
        do.RankTargets(mission),
        _climb(mission),
    )


def _task(mission: Mission, index: int, task: Task) -> py_trees.behaviour.Behaviour:
    begin, settle = do.BeginTask(mission, index), do.SettleTask(mission)
    if isinstance(task, Climb):
        return _in_turn(task.label, begin, do.RankTargets(mission), _climb(mission))
    if isinstance(task, Recon):
        look = _in_turn(
            "look at it",
            do.PrepareRecon(mission),
            do.Recharge(mission),
            do.AwaitApproval(mission, _flight, each=True),
            do.FlyRecon(mission),
            do.UpdateMap(mission),
            do.Inspect(mission),
        )
        # it fails without a flight, which the task's settling tells
        return _in_turn(
            task.label, begin, py_trees.decorators.FailureIsSuccess(name="looked", child=look), settle
        )
    return _in_turn(task.label, begin, do.PlanTask(mission), _fly_all(mission), settle)


def _climb(mission: Mission) -> py_trees.behaviour.Behaviour:
    return Until("choose and climb", _choose_and_act(mission), lambda: mission.over)


def _flight(mission: Mission) -> str:
    return f"flight {mission.plan.flight} '{mission.plan.name}'" if mission.plan is not None else "a flight"


def _fly_all(mission: Mission) -> py_trees.behaviour.Behaviour:
    flight = _in_turn(
        "flight",
        do.NextFlight(mission),
        do.Recharge(mission),
        do.AwaitApproval(mission, _flight, each=True),
        do.Fly(mission),
        do.UpdateMap(mission),
    )
    # the flight fails when none is left, which is how flying ends
    return py_trees.decorators.FailureIsSuccess(
        name="flown", child=py_trees.decorators.Repeat(name="fly all", child=flight, num_success=-1)
    )


def _choose_and_act(mission: Mission) -> py_trees.behaviour.Behaviour:
    look = _in_turn(
        "look closer", do.ChoiceIs("look?", mission, _wants_look), do.PlanLook(mission), _fly_all(mission)
    )
    climb = _in_turn(
        "climb",
        do.ChoiceIs("a channel?", mission, lambda m: chosen_candidate(m) is not None),
        do.AwaitApproval(mission, lambda _: "the rover's drive", each=False),
        do.DriveChannel(mission),
    )
    # once the rover's drive has ended the mission, there is nothing left to stay for
    act = py_trees.composites.Selector(name="act", memory=True, children=[look, climb, do.Stay(mission)])
    return _in_turn("choose", do.Decide(mission), act)


def _wants_look(mission: Mission) -> bool:
    decision = mission.decision
    asked = decision is not None and decision.choice == "look" and len(decision.look_at) > 0
    if mission.settings.channel:
        return False  # no picture would change what the operator wants
    return asked and mission.looks < mission.settings.max_looks and mission.can_fly


def _in_turn(name: str, *children: py_trees.behaviour.Behaviour) -> py_trees.behaviour.Behaviour:
    return py_trees.composites.Sequence(name=name, memory=True, children=list(children))
