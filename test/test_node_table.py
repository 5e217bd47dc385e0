"""Both fronts start the same nodes: `ros2 launch` and the `wayscout` command read one table."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from wayscout_bringup.node_table import NodeEntry, Options

from wayscout.cli import find_world
from wayscout.errors import InvalidInput
from wayscout_bringup import node_table

ROOT = Path(__file__).resolve().parents[1]
LAUNCH_FILE = ROOT / "launch" / "mission.launch.py"


@pytest.fixture(scope="module")
def world() -> Path:
    return find_world("gully", ROOT / "worlds")


def module(name: str, **content: Any) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(content)
    return made


class Recorder:
    """Keeps the arguments it is made with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args, self.kwargs = args, kwargs


class LaunchConfiguration:
    """Answers from the context, a mapping here."""

    def __init__(self, name: str) -> None:
        self.name = name

    def perform(self, context: dict[str, str]) -> str:
        return context[self.name]


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function: arguments of `ros2 launch` -> arguments of the launch_ros Nodes."""
    names = {
        "launch": module("launch", LaunchDescription=lambda items: items),
        "launch.actions": module(
            "launch.actions",
            DeclareLaunchArgument=lambda name, **k: SimpleNamespace(name=name, **k),
            OpaqueFunction=lambda function: function,
            Shutdown=Recorder,
        ),
        "launch.substitutions": module("launch.substitutions", LaunchConfiguration=LaunchConfiguration),
        "launch_ros": module("launch_ros"),
        "launch_ros.actions": module("launch_ros.actions", Node=Recorder),
    }
    for name, made in names.items():
        monkeypatch.setitem(sys.modules, name, made)

    def launch(**given: str) -> list[dict[str, Any]]:
        *declared, function = runpy.run_path(str(LAUNCH_FILE))["generate_launch_description"]()
        context = {argument.name: argument.default_value for argument in declared}
        assert set(given) <= set(context)
        return [node.kwargs for node in function({**context, **given})]

    return launch


def words_of(node: dict[str, Any]) -> list[str]:
    """Return the command line words that launch_ros would give this Node."""
    entry = NodeEntry("", "", node["name"], node["parameters"][0], dict(node["remappings"]))
    options = Options(Path(), Path(), namespace=node["namespace"])
    words = node_table.arguments(entry, options)
    return [*words[:-2], *node["ros_arguments"]]


@pytest.mark.parametrize("namespace", ["", "/mars/", "one/two"])
@pytest.mark.parametrize("level", ["info", "debug"])
def test_both_fronts_give_the_same_command_lines(
    namespace: str, level: str, launched: Any, world: Path, tmp_path: Path
) -> None:
    options = Options(
        world, tmp_path / "run", seed=5, camera="navigation", namespace=namespace, log_level=level
    )
    nodes = launched(
        world=str(world), run=str(options.run_folder), seed="5", namespace=namespace, log_level=level
    )
    entries = node_table.table(options)
    assert [n["name"] for n in nodes] == [e.name for e in entries]
    for node, entry in zip(nodes, entries, strict=True):
        assert (node["package"], node["executable"]) == (entry.package, entry.executable)
        assert words_of(node) == node_table.arguments(entry, options)
        assert (node["on_exit"] is not None) == entry.required


def test_a_parameter_keeps_its_type_on_the_command_line(world: Path, tmp_path: Path) -> None:
    rclpy = pytest.importorskip("rclpy", reason="ROS 2 is not installed")
    from rclpy.node import Node

    values = {"yes": True, "text": "on", "digits": "12", "real": 2.0, "whole": 3, "list": [1.0, -2.5e-7]}
    entry = NodeEntry("p", "e", "typed", dict(values))
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


def test_the_simulator_comes_first_and_gazebo_has_none(world: Path, tmp_path: Path) -> None:
    names = [e.name for e in node_table.table(Options(world, tmp_path))]
    assert names[0] == "simulator"
    assert set(node_table.PARTICIPANTS) < set(names)
    others = node_table.table(Options(world, tmp_path, embedded=False))
    assert [e.name for e in others] == names[1:]
    assert not any(e.parameters.get("lockstep") for e in others)


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


def test_the_operators_channel_and_map_reach_the_nodes(launched: Any, world: Path, tmp_path: Path) -> None:
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
    nodes = launched(world=str(world), run=str(run), channel="B", map=str(earlier))
    assert {n["name"]: n["parameters"][0] for n in nodes} == entries


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
        node_table.executable(NodeEntry("wayscout_nodes", "pilot", "pilot", {}))
