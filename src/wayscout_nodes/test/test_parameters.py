# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters are declared from config/, with description and range, and refuse what does not fit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter

from wayscout.errors import InvalidInput
from wayscout_nodes.common import parameters
from wayscout_nodes.common.run import BAD_INPUT


@dataclass(frozen=True)
class Some:
    speed: float
    slip_slopes: list[float]


@pytest.fixture
def make() -> Iterator[object]:
    rclpy.init()
    nodes: list[Node] = []

    def make_node(**overrides: object) -> Node:
        given = [Parameter(name, value=value) for name, value in overrides.items()]
        nodes.append(Node("some", parameter_overrides=given))
        return nodes[-1]

    yield make_node
    for node in nodes:
        node.destroy_node()
    rclpy.shutdown()


def test_values_come_from_the_configuration(make) -> None:
    values = parameters.declare(make(), "rover", Some)
    assert values.speed == pytest.approx(0.042)
    assert values.slip_slopes[0] == 0.0


def test_an_override_replaces_the_value(make) -> None:
    assert parameters.declare(make(speed=0.03), "rover", Some).speed == 0.03


@pytest.mark.parametrize("wrong", [1.0, float("nan"), "fast", 2])
def test_a_bad_override_is_refused_with_name_and_range(make, wrong: object) -> None:
    with pytest.raises(InvalidInput, match="speed"):
        parameters.declare(make(speed=wrong), "rover", Some)


def test_the_description_names_unit_and_source(make) -> None:
    node = make()
    parameters.declare(node, "rover", Some)
    descriptor = node.describe_parameter("speed")
    assert "[m/s]" in descriptor.description
    assert "NASA" in descriptor.description
    assert descriptor.floating_point_range[0].to_value == pytest.approx(0.05)


def test_a_bad_change_at_run_time_is_refused(make) -> None:
    node = make()
    parameters.declare(node, "rover", Some)
    result = node.set_parameters([Parameter("speed", value=9.0)])[0]
    assert not result.successful
    assert node.get_parameter("speed").value == pytest.approx(0.042)


def test_what_nobody_would_use_is_read_only(make) -> None:
    node = make()
    parameters.declare(node, "rover", Some)
    parameters.declare_one(node, "folder", "here", "where")
    for change in (Parameter("speed", value=0.02), Parameter("folder", value="there")):
        assert node.describe_parameter(change.name).read_only
        result = node.set_parameters([change])[0]
        assert not result.successful
        assert "read-only" in result.reason
        assert change.name in result.reason
    assert node.get_parameter("speed").value == pytest.approx(0.042)


def test_a_change_reaches_who_uses_it(make) -> None:
    node, taken = make(), []
    parameters.declare(node, "rover", Some, prefix="rover", apply=taken.append, fixed=("slip_slopes",))
    assert not taken
    assert node.set_parameters([Parameter("rover.speed", value=0.02)])[0].successful
    assert [some.speed for some in taken] == [0.02]
    assert taken[0].slip_slopes[0] == 0.0
    assert not node.set_parameters([Parameter("rover.slip_slopes", value=[0.0])])[0].successful
    assert not node.describe_parameter("rover.speed").read_only
    node.declare_parameter("other", 1)
    assert node.set_parameters([Parameter("other", value=2)])[0].successful
    assert len(taken) == 1


@pytest.mark.parametrize("wrong", [9.0, float("nan"), "fast", True])
def test_a_bad_change_names_its_field_and_reaches_nobody(make, wrong: object) -> None:
    node, taken = make(), []
    parameters.declare(node, "rover", Some, apply=taken.append)
    result = node.set_parameters([Parameter("speed", value=wrong)])[0]
    assert not result.successful
    assert "speed" in result.reason
    assert not taken


def test_a_fixed_entry_must_exist(make) -> None:
    with pytest.raises(InvalidInput, match="spede"):
        parameters.declare(make(), "rover", Some, apply=print, fixed=("spede",))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["-p", "malformed"], "-p malformed"),
        (["-p", "lockstep:=perhaps"], "'lockstep' to 'perhaps'"),
        (["-r", "no_target"], "-r no_target"),
        (["--params-file", "/nowhere.yaml"], "/nowhere.yaml"),
    ],
)
def test_arguments_that_do_not_fit_end_a_node_with_one_message(arguments: list[str], named: str) -> None:
    command = [sys.executable, "-m", "wayscout_nodes.rover.node", "--ros-args", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == BAD_INPUT
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_a_node_without_its_world_says_which_node_and_what_it_lacks() -> None:
    command = [sys.executable, "-m", "wayscout_nodes.world_loader.node"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == BAD_INPUT
    assert done.stderr.startswith("world_loader: world = ''"), done.stderr
