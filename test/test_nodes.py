# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Each node of the table, made alone: names that keep two teams apart, parameters that are described."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from wayscout_bringup.processes import private_domain

from wayscout.cli import find_world
from wayscout_bringup import node_table, topics

ROOT = Path(__file__).resolve().parents[1]
ROS_WIDE = {"/rosout", "/parameter_events", "/diagnostics"}  # which name the node in each message
STEPS = {"simulation/step", "simulation/step_done"}
# Makes one node after the other as its process would, alone, and asks it for its names.
ASK = """
import importlib, inspect, json, sys
from pathlib import Path
import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions
from wayscout_bringup import node_table

options = node_table.Options(Path(sys.argv[1]), Path(sys.argv[2]), namespace="mars", link=True)
node_table.prepare(options)
found = {}
for entry in node_table.table(options):
    simulator = entry.part == node_table.SIMULATION
    module = importlib.import_module(".".join([entry.package, *([] if simulator else [entry.name]), "node"]))
    classes = [kind for _, kind in inspect.getmembers(module, inspect.isclass) if issubclass(kind, Node)]
    rclpy.init(args=node_table.arguments(entry, options), signal_handler_options=SignalHandlerOptions.NO)
    node = next(kind for kind in classes if kind.__module__ == module.__name__)()
    names = found[entry.name] = {"nodes": [], "publisher": [], "subscriber": [], "service": [], "client": []}
    for name, namespace in node.get_node_names_and_namespaces():
        names["nodes"].append(namespace + "/" + name)
        for kind in ("publisher", "subscriber", "service", "client"):
            ask = getattr(node, f"get_{kind}_names_and_types_by_node")
            names[kind] += [found_name for found_name, _ in ask(name, namespace)]
    parameters = found[entry.name]["parameters"] = []
    for descriptor in node.describe_parameters(node.list_parameters([], 0).names):
        ranges = [*descriptor.floating_point_range, *descriptor.integer_range]
        refused = None
        if ranges:
            beyond = type(ranges[0].to_value)(2 * abs(ranges[0].to_value) + 1)
            changes = [Parameter(descriptor.name, value=beyond)]
            refused = not node.set_parameters(changes)[0].successful
        parameters.append([descriptor.name, descriptor.description, refused, descriptor.read_only])
    getattr(node, "close", lambda: None)()
    node.destroy_node()
    rclpy.try_shutdown()
print(json.dumps(found))
"""
RCLPYS = {"use_sim_time", "start_type_description_service"}  # described, or not, by rclpy
Names = dict[str, dict[str, list[Any]]]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Names:
    """Return node -> kind of name -> full names, of a team in the namespace 'mars'; and its parameters."""
    pytest.importorskip("wayscout_interfaces.msg", reason="the workspace is not built")
    world = find_world("gully", ROOT / "worlds")
    environment = {**os.environ, "ROS_DOMAIN_ID": private_domain(), "ROS_AUTOMATIC_DISCOVERY_RANGE": "OFF"}
    command = [sys.executable, "-c", ASK, str(world), str(tmp_path_factory.mktemp("run"))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120.0)
    assert done.returncode == 0, done.stderr[-3000:]
    found: Names = json.loads(done.stdout.splitlines()[-1])
    return found


def test_every_node_was_asked(names: Names) -> None:
    assert set(node_table.PARTICIPANTS) | {"simulator", "mission", "mapper", "router"} < set(names)
    assert all(len(found["publisher"]) > 0 for found in names.values())
    assert {name for name, found in names.items() if not found["subscriber"]} == {"world_loader"}


@pytest.mark.parametrize("kind", ["nodes", "publisher", "subscriber", "service", "client"])
def test_every_name_is_the_teams(kind: str, names: Names) -> None:
    shared = {name for found in names.values() for name in found[kind] if not name.startswith("/mars/")}
    assert shared <= ROS_WIDE
    assert any(name.startswith("/mars/") for found in names.values() for name in found[kind])


@pytest.mark.parametrize("topic", ["/mars/clock", "/mars/tf"])
def test_a_team_has_its_own_time_and_frames(topic: str, names: Names) -> None:
    publishers = {node for node, found in names.items() if topic in found["publisher"]}
    listeners = {node for node, found in names.items() if topic in found["subscriber"]}
    assert publishers
    assert listeners
    if topic == "/mars/clock":
        assert listeners == {"mapper", "router", "analyst", "mission"}, "the others go by their messages"


def test_a_bag_holds_all_that_a_team_publishes_but_the_steps(names: Names) -> None:
    published = {name for found in names.values() for name in found["publisher"]} - ROS_WIDE
    own = {name.removeprefix("/mars/") for name in published if "/_action/" not in name}
    heard = {name.removeprefix("/mars/") for found in names.values() for name in found["subscriber"]}
    assert own - {*topics.recorded(), *topics.PICTURES} == STEPS
    assert {*topics.recorded(), *topics.PICTURES} <= own | heard


def test_every_parameter_is_described_and_keeps_to_its_range(names: Names) -> None:
    parameters = [
        (node, *p) for node, found in names.items() for p in found["parameters"] if p[0] not in RCLPYS
    ]
    assert not [(node, name) for node, name, description, _, _ in parameters if not description]
    assert not [(node, name) for node, name, _, refused, _ in parameters if refused is False]
    assert {"rover", "helicopter", "localiser", "mapper", "router"} <= {p[0] for p in parameters if p[3]}


@pytest.mark.parametrize(
    ("node", "live", "fixed"),
    [
        ("router", {"enough", "rover.max_tilt"}, {"route_folder"}),
        ("helicopter", {"max_height", "landing_slope"}, {"mass", "battery_capacity", "lockstep"}),
        ("rover", {"speed", "max_tilt", "lookahead"}, {"wheelbase", "steer_gate", "hazard_range"}),
        ("mapper", {"picture_wait", "track_wait"}, {"resolution", "kept_pictures", "map_folder"}),
        ("mission", {"max_looks", "approval", "least_probability"}, {"world", "goal", "autostart"}),
        ("localiser", set(), {"rover_start", "publish_odom_tf"}),
        ("simulator", {"step_timeout"}, {"world", "seed"}),
    ],
)
def test_what_may_change_at_run_time_is_what_is_looked_at_again(
    node: str, live: set[str], fixed: set[str], names: Names
) -> None:
    read_only = {p[0]: p[3] for p in names[node]["parameters"]}
    assert not [name for name in live if read_only[name]]
    assert not [name for name in fixed if not read_only[name]]


def test_no_node_hides_what_rclpys_node_keeps() -> None:
    rclpy = pytest.importorskip("rclpy", reason="ROS 2 is not installed")
    context = rclpy.context.Context()
    rclpy.init(context=context, domain_id=int(private_domain()))
    plain = rclpy.create_node("plain", context=context)
    kept = set(dir(plain))
    plain.destroy_node()
    rclpy.shutdown(context=context)
    for file in [
        *(ROOT / "src/wayscout_nodes").rglob("node.py"),
        *(ROOT / "src/wayscout_sim").rglob("node.py"),
    ]:
        tree = ast.walk(ast.parse(file.read_text()))
        nodes = [c for c in tree if isinstance(c, ast.ClassDef) and "Node" in map(ast.unparse, c.bases)]
        stored = [
            item.attr
            for node in nodes
            for item in ast.walk(node)
            if isinstance(item, ast.Attribute) and isinstance(item.ctx, ast.Store)
            if ast.unparse(item.value) == "self"
        ]
        assert nodes
        assert not kept & set(stored), file
