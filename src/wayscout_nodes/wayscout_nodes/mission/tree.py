# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The mission as a behaviour tree.

mission
|- wait for start, wait for systems
|- plan surveys
|- fly all: (next flight, recharge, fly, update map) until none waits
`- until it is over
   |- decide
   `- act: look (plan a flight, fly all) | climb (approval, drive) | stay
"""

from __future__ import annotations

from collections.abc import Callable

import py_trees
from py_trees.common import Status

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
    return _in_turn(
        "mission",
        do.WaitForStart(mission),
        do.WaitForSystems(mission),
        do.PlanSurveys(mission),
        _fly_all(mission),
        Until("choose and climb", _choose_and_act(mission), lambda: mission.over),
    )


def _fly_all(mission: Mission) -> py_trees.behaviour.Behaviour:
    flight = _in_turn(
        "flight", do.NextFlight(mission), do.Recharge(mission), do.Fly(mission), do.UpdateMap(mission)
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
        do.AwaitApproval(mission),
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
