# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The one list of nodes: what a run starts, with which arguments (test_launch.py: that both fronts do)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from wayscout_bringup.node_table import NodeEntry, Options

from wayscout.cli import find_world
from wayscout.errors import InvalidInput
from wayscout_bringup import node_table

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def world() -> Path:
    return find_world("gully", ROOT / "worlds")


def test_a_parameter_keeps_its_type_on_the_command_line(world: Path, tmp_path: Path) -> None:
    rclpy = pytest.importorskip("rclpy", reason="ROS 2 is not installed")
    from rclpy.node import Node

    values = {"yes": True, "text": "on", "digits": "12", "real": 2.0, "whole": 3, "list": [1.0, -2.5e-7]}
    entry = NodeEntry("p", "e", "typed", node_table.ROVER, dict(values))
    words = node_table.arguments(entry, Options(world, tmp_path, namespace="/mars/"))
    context = rclpy.context.Context()
    rclpy.init(args=words, context=context)
    try:
        node = Node("other", context=context, automatically_declare_parameters_from_overrides=True)
        assert node.get_fully_qualified_name() == "/mars/typed"
        for name, value in values.items():
            found = node.get_parameter(name).value
            found = list(found) if isinstance(value, list) else found
            assert found == value
            assert type(found) is type(value)
        node.destroy_node()
    finally:
        rclpy.shutdown(context=context)


def test_the_simulator_comes_first_and_gazebo_takes_its_place(world: Path, tmp_path: Path) -> None:
    names = [e.name for e in node_table.table(Options(world, tmp_path))]
    assert names[0] == "simulator"
    assert set(node_table.PARTICIPANTS) < set(names)
    others = node_table.table(Options(world, tmp_path, embedded=False))
    assert [e.name for e in others] == ["gazebo", "gazebo_bridge", "gazebo_adapter", *names[1:]]
    assert {e.part for e in others[:3]} == {node_table.SIMULATION}
    assert not any(e.parameters.get("lockstep") for e in others)
    assert all(e.required for e in others)


def test_each_run_in_gazebo_has_a_partition_of_its_own(world: Path, tmp_path: Path) -> None:
    def environments(run: str) -> list[dict[str, str]]:
        entries = node_table.table(Options(world, tmp_path / run, embedded=False), [node_table.SIMULATION])
        return [entry.environment for entry in entries]

    one, other = environments("one"), environments("other")
    assert one[0] == one[1] == one[2]
    assert one[0]["GZ_IP"] == "127.0.0.1"
    assert one[0]["GZ_PARTITION"] != other[0]["GZ_PARTITION"]
    assert one == environments("one")


def test_what_gazebo_lacks_is_told_with_the_way_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        InvalidInput, match=r"gz.*and ros_gz_bridge not installed.*apt install ros-"
    ) as refused:
        node_table.check_gazebo()
    assert "\n" not in str(refused.value)
    (tmp_path / "gz").touch(mode=0o755)
    with pytest.raises(InvalidInput, match=r"'gazebo': ros_gz_bridge not installed"):
        node_table.check_gazebo()


def test_programs_run_by_themselves_and_scripts_by_this_python(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    options = Options(world, tmp_path)
    for name, content in (("script", b"#!/usr/bin/env python3"), ("program", b"\x7fELF\x02")):
        file = tmp_path / "lib" / "p" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        words = node_table.command(NodeEntry("p", name, name, node_table.ROVER, {}), options)
        assert words[: 2 if name == "script" else 1] == (
            [sys.executable, str(file)] if name == "script" else [str(file)]
        )


def test_an_override_replaces_one_nodes_parameter(world: Path, tmp_path: Path) -> None:
    options = Options(world, tmp_path, overrides={"mission": {"camera": "wide"}})
    entries = {e.name: e.parameters for e in node_table.table(options)}
    assert entries["mission"]["camera"] == "wide"
    assert entries["simulator"]["camera"] == "navigation"


def test_an_override_for_an_unknown_node_is_refused(world: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"pilot.*known are.*simulator"):
        node_table.table(Options(world, tmp_path, overrides={"pilot": {"speed": 1.0}}))


def test_a_world_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="nowhere"):
        node_table.table(Options(tmp_path / "nowhere", tmp_path))


def test_the_operators_channel_and_map_reach_the_nodes(world: Path, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier" / "map"
    earlier.mkdir(parents=True)
    (earlier / "elevation.tif").write_bytes(b"heights")
    run = tmp_path / "run"
    options = Options(world, run, channel="B", start_map=earlier)
    node_table.prepare(options)
    assert (run / "map" / "elevation.tif").read_bytes() == b"heights"
    entries = {e.name: e.parameters for e in node_table.table(options)}
    assert entries["mission"]["channel"] == "B"
    assert entries["mission"]["start_map"] == entries["mapper"]["start_map"] == str(run / "map")


def test_an_unknown_channel_or_no_map_is_refused(world: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="channel"):
        node_table.table(Options(world, tmp_path, channel="C"))
    with pytest.raises(InvalidInput, match="map"):
        node_table.table(Options(world, tmp_path, start_map=tmp_path))


def test_every_executable_is_installed(world: Path, tmp_path: Path) -> None:
    pytest.importorskip("wayscout_interfaces.msg", reason="the workspace is not built")
    for entry in node_table.table(Options(world, tmp_path)):
        assert node_table.executable(entry).is_file()


def test_a_missing_executable_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    with pytest.raises(InvalidInput, match="wayscout_nodes/pilot"):
        node_table.executable(NodeEntry("wayscout_nodes", "pilot", "pilot", node_table.SCOUT, {}))
