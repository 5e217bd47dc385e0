#!/usr/bin/env python3
# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Write docs/interfaces.md from the nodes themselves: topics, services, actions and parameters.

Makes every node of the node table in this one process, without running any, and asks each what it offers.
Run it after a change of a topic, a message or an entry of config/:

    source install/setup.bash
    .venv/bin/python docs/generate_interfaces.py           # writes the page
    .venv/bin/python docs/generate_interfaces.py --check   # exit code 1 when the page is out of date
"""

from __future__ import annotations

import difflib
import os
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import rclpy
import yaml
from rclpy.action import (
    get_action_client_names_and_types_by_node,
    get_action_server_names_and_types_by_node,
)
from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSHistoryPolicy, QoSReliabilityPolicy
from wayscout_bringup.node_table import Options, prepare, scene, table
from wayscout_bringup.topics import MEANING

from wayscout import config
from wayscout.cli import find_world
from wayscout_nodes.common import parameters
from wayscout_nodes.world_loader.orbital import read_orbital_map

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "interfaces.md"
INTERFACES = ROOT / "src" / "wayscout_interfaces"

PATHS = re.compile(r"route/(\w+)/path")
"""One topic a channel."""

HEAD = """\
# Interfaces

<!-- Written by docs/generate_interfaces.py from the nodes themselves: change the code, then run it. -->

Names are relative, so that a namespace can be put before them; `/diagnostics` is global, and so are
`/clock`, `/tf` and `/tf_static` unless a run has a namespace, which then gets its own. Types without a
package name are in `wayscout_interfaces` and stand below.

## Topics

Quality of service, with the number of messages kept: *latched* is transient local; *sensor* is reliable
and keeps all while the embedded simulator sets the pace (`lockstep` true), else best effort with 5.
"""

ABOUT_PARAMETERS = """\
Given by `--params-file`, or by `-p` on a node's command line. What does not fit its range ends the node
with exit code 2 and one line that names parameter and range; a change at run time that does not fit is
refused. Entries marked *live* may be changed while the node runs (`ros2 param set`) and hold for the next
plan, flight, drive or choice; all others are read-only after the start, and a change is refused.
Each node runs alone, too: `ros2 run wayscout_nodes router --ros-args -p enough:=0.8`; without ROS 2's command
line its executable is `install/wayscout_nodes/lib/wayscout_nodes/router`. Unit 1 is a plain number or a text.
"""

ABOUT_FILES = """\
These are no parameters of a node: change them in `config/`. Nodes also read other groups' numbers from
there, past what a parameter file says: the mission plans flights by `helicopter.yaml`, the mapper judges
hazards by `rover.yaml`. So change a vehicle's numbers in `config/`, not in a parameter file.
"""

# rclpy's own, on every node
STANDARD = {"/parameter_events", "/rosout"}
RCLPYS_OWN = ("rcl_interfaces.", "type_description_interfaces.")


@dataclass
class Parameters:
    """What one node declares."""

    entries: list[tuple[str, config.Parameter, str]] = field(default_factory=list)
    live: set[str] = field(default_factory=set)
    of_a_run: list[tuple[str, Any, str]] = field(default_factory=list)


@dataclass
class Ends:
    """Who is on which side of a topic, service or action."""

    kind: str = ""
    out: dict[str, str] = field(default_factory=dict)
    into: dict[str, str] = field(default_factory=dict)


class Register:
    """Listens to the declarations of the node that is being made."""

    def __init__(self) -> None:
        self.nodes: dict[str, Parameters] = {}
        self._declare, self._declare_one = parameters.declare, parameters.declare_one
        parameters.declare = self._on_declare
        parameters.declare_one = self._on_declare_one

    def _on_declare(self, node: Node, group: str, kind: type, *, prefix: str = "", **how: Any) -> Any:
        found = self.nodes.setdefault(node.get_name(), Parameters())
        entries = config.read(group)
        for item in fields(kind):
            name = f"{prefix}.{item.name}" if prefix else item.name
            found.entries.append((name, entries[item.name], group))
            if "apply" in how and item.name not in how.get("fixed", ()):
                found.live.add(name)
        return self._declare(node, group, kind, prefix=prefix, **how)

    def _on_declare_one(self, node: Node, name: str, default: Any, description: str) -> Any:
        self.nodes.setdefault(node.get_name(), Parameters()).of_a_run.append((name, default, description))
        return self._declare_one(node, name, default, description)


def classes() -> dict[str, Callable[[], Node]]:
    """Return node name -> class, with the simulation behind the simulator's topics left out."""
    import wayscout_nodes.analyst.node as analyst
    import wayscout_nodes.helicopter.node as helicopter
    import wayscout_nodes.localiser.node as localiser
    import wayscout_nodes.mapper.node as mapper
    import wayscout_nodes.mission.node as mission
    import wayscout_nodes.radio.node as radio
    import wayscout_nodes.router.node as router
    import wayscout_nodes.rover.node as rover
    import wayscout_nodes.scene.node as scene_node
    import wayscout_nodes.world_loader.node as world_loader
    import wayscout_sim.node as simulator

    class NoSimulation:
        """Draws nothing and moves nothing."""

        settings = None
        faults = SimpleNamespace(set=lambda _: None)

        def __init__(self, *_: object) -> None: ...

        def close(self) -> None: ...

    simulator.Simulation = NoSimulation  # type: ignore[assignment,misc]
    return {
        "simulator": simulator.Simulator,
        "world_loader": world_loader.WorldLoader,
        "localiser": localiser.Localiser,
        "mapper": mapper.Mapper,
        "analyst": analyst.Analyst,
        "radio": radio.RadioNode,
        "router": router.Router,
        "helicopter": helicopter.Helicopter,
        "rover": rover.Rover,
        "mission": mission.MissionNode,
        "scene": scene_node.Scene,
    }


class Graph:
    """Topics, services and actions with their ends."""

    def __init__(self) -> None:
        self.topics: dict[str, Ends] = defaultdict(Ends)
        self.services: dict[str, Ends] = defaultdict(Ends)
        self.actions: dict[str, Ends] = defaultdict(Ends)

    def add(self, node: Node, name: str) -> None:
        """Take in what a node offers and uses, under the name that the page gives it."""
        for publisher in node.publishers:
            self._topic(publisher.topic_name, publisher.msg_type).out[name] = _qos(publisher.qos_profile)
        for subscription in node.subscriptions:
            if subscription.topic_name == "/clock" and node.get_name() == name:
                continue  # each node's own, for use_sim_time
            ends = self._topic(subscription.topic_name, subscription.msg_type)
            ends.into[name] = _qos(subscription.qos_profile)
        own = node.get_name()
        for service in node.services:
            if not service.srv_type.__module__.startswith(RCLPYS_OWN):
                self.services[_relative(service.srv_name)].kind = _type(service.srv_type)
                self.services[_relative(service.srv_name)].out[name] = ""
        for client in node.clients:
            self.services[_relative(client.srv_name)].kind = _type(client.srv_type)
            self.services[_relative(client.srv_name)].into[name] = ""
        for side, ask in (
            ("out", get_action_server_names_and_types_by_node),
            ("into", get_action_client_names_and_types_by_node),
        ):
            for action, kinds in ask(node, own, node.get_namespace()):
                self.actions[_relative(action)].kind = kinds[0].replace("/action/", "/")
                getattr(self.actions[_relative(action)], side)[name] = ""

    def _topic(self, topic: str, kind: type) -> Ends:
        name = _relative(topic)
        self.topics[name].kind = _type(kind)
        return self.topics[name]


def _relative(name: str) -> str:
    """Return a name as the code has it: these four are global, all others relative."""
    return name if name in {"/clock", "/tf", "/tf_static", "/diagnostics", *STANDARD} else name.lstrip("/")


def _type(kind: type) -> str:
    return f"{kind.__module__.split('.')[0]}/{kind.__name__}"


def _qos(profile: Any) -> str:
    words = []
    if profile.history == QoSHistoryPolicy.KEEP_ALL:
        return "sensor"
    words.append("reliable" if profile.reliability == QoSReliabilityPolicy.RELIABLE else "best effort")
    if profile.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL:
        words.append("latched")
    return f"{', '.join(words)}, {profile.depth}"


def collect(folder: Path) -> tuple[Register, Graph]:
    """Make every node with the parameters that a run gives it, and ask it."""
    options = Options(world=find_world("gully", ROOT / "worlds"), run_folder=folder, link=True)
    prepare(options)
    register, graph = Register(), Graph()
    made = classes()
    entries = [*table(options), scene()]
    lines = {entry.name: {"ros__parameters": {**entry.parameters, "truth_log": ""}} for entry in entries}
    lines["mission"]["ros__parameters"]["progress"] = "off"
    settings = folder / "parameters.yaml"
    settings.write_text(yaml.safe_dump(lines))
    # nobody else's nodes, and nobody else sees these
    os.environ.update(ROS_AUTOMATIC_DISCOVERY_RANGE="OFF", ROS_LOG_DIR=str(folder))
    rclpy.init(args=["--ros-args", "--params-file", str(settings), "--log-level", "fatal"])
    _, orbital = read_orbital_map(str(options.run_folder / "world"))
    for entry in entries:
        node = made[entry.name]()
        if entry.name == "router":
            node._on_orbital(orbital)  # type: ignore[attr-defined]  # it makes a topic for each channel
        graph.add(node, entry.name)
        reader = getattr(node, "_reader", None)
        if reader is not None:  # the mission's second node
            graph.add(reader._node, entry.name)
        close = getattr(node, "close", None)
        if close is not None:
            close()
        node.destroy_node()
    rclpy.shutdown()
    return register, graph


# --- the page -----------------------------------------------------------------------------------------


def _row(*cells: object) -> str:
    return f"| {' | '.join(str(cell).replace('|', '/') for cell in cells)} |"


def _table(head: str, rows: Iterable[str]) -> list[str]:
    return [head, _row(*("---" for _ in head.strip("| ").split(" | "))), *rows, ""]


def _meaning(topic: str) -> str:
    channel = PATHS.fullmatch(topic)
    return f"best path through channel {channel[1].upper()}" if channel else MEANING[topic]


def _ends(name: str, ends: Ends) -> tuple[str, str, str, str]:
    """Return the cells of a name, its type, who offers and who uses it."""
    kind = ends.kind.removeprefix("wayscout_interfaces/")
    return f"`{name}`", kind, _names(ends.out), _names(ends.into)


def _names(ends: dict[str, str]) -> str:
    return ", ".join(sorted(ends)) or "-"


def _profiles(ends: dict[str, str]) -> str:
    return "; ".join(sorted(set(ends.values())))


def _value(value: Any) -> str:
    if value == "":
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(_value(v) for v in value)}]"
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else str(value)


def _limits(entry: config.Parameter) -> str:
    if entry.choices:
        return " or ".join(entry.choices)
    if entry.minimum is None and entry.maximum is None:
        return "-"
    low = "" if entry.minimum is None else f"{entry.minimum:g}"
    high = "" if entry.maximum is None else f"{entry.maximum:g}"
    return f"{low} to {high}" if low and high else (f"from {low}" if low else f"up to {high}")


def _entry_rows(entries: Iterable[tuple[str, config.Parameter]], live: Collection[str] = ()) -> list[str]:
    return [
        _row(
            f"`{name}`{' *live*' if name in live else ''}",
            *(_value(e.value), e.unit, _limits(e), e.description, e.source),
        )
        for name, e in entries
    ]


ENTRY_HEAD = "| parameter | default | unit | range | description | source |"


def _parameter_lines(register: Register, order: Iterable[str]) -> list[str]:
    lines: list[str] = []
    for name in order:
        found = register.nodes.get(name, Parameters())
        lines += [f"### {name}", ""]
        if found.of_a_run:
            rows = [_row(f"`{key}`", _value(default), text) for key, default, text in sorted(found.of_a_run)]
            lines += _table("| parameter of a run | default | description |", rows)
        for group in dict.fromkeys(group for _, _, group in found.entries):
            chosen = sorted({key: e for key, e, g in found.entries if g == group}.items())
            lines += [f"From [config/{group}.yaml](../config/{group}.yaml):", ""]
            lines += _table(ENTRY_HEAD, _entry_rows(chosen, found.live))
    return lines


def _other_lines(register: Register) -> list[str]:
    """Entries of config/ that no node declares: read from the file alone."""
    declared: dict[str, set[str]] = defaultdict(set)
    for found in register.nodes.values():
        for _, entry, group in found.entries:
            declared[group].add(entry.name)
    lines = []
    for file in sorted((ROOT / "config").glob("*.yaml")):
        if file.stem in ("worlds", "bridge"):  # recipes and a list of topics, not parameters
            continue
        left = [(k, e) for k, e in config.read(file.stem).items() if k not in declared[file.stem]]
        if left:
            lines += [f"### config/{file.name}", "", *_table(ENTRY_HEAD, _entry_rows(sorted(left)))]
    return lines


def _definition_lines() -> list[str]:
    lines = []
    for folder, title in (("msg", "Messages"), ("srv", "Services"), ("action", "Actions")):
        lines += [f"### {title}", ""]
        for file in sorted((INTERFACES / folder).glob(f"*.{folder}")):
            lines += [f"**{file.stem}**", "", "```", file.read_text().strip(), "```", ""]
    return lines


def page(register: Register, graph: Graph, order: list[str]) -> str:
    """Return the page's text."""
    topics = {name: ends for name, ends in graph.topics.items() if name not in STANDARD}
    differing = {name for name in topics if not PATHS.fullmatch(name)} ^ set(MEANING)
    if differing:
        sys.exit(f"wayscout_bringup/topics.py and the nodes' topics differ: {sorted(differing)}")
    lines = [*HEAD.splitlines(), ""]
    rows = [
        _row(
            *_ends(name, ends),
            _profiles(ends.out) or _profiles(ends.into),
            _meaning(name),
        )
        for name, ends in sorted(topics.items())
    ]
    lines += _table("| topic | type | from | to | quality of service | what |", rows)
    for title, found, head in (
        ("Services", graph.services, "| service | type | served by | used by |"),
        ("Actions", graph.actions, "| action | type | served by | used by |"),
    ):
        rows = [_row(*_ends(name, ends)) for name, ends in sorted(found.items())]
        lines += [f"## {title}", "", *_table(head, rows)]
    lines += [
        "Every node also has rclpy's own services for its parameters.",
        "",
        "## Parameters",
        "",
        *ABOUT_PARAMETERS.splitlines(),
        "",
        *_parameter_lines(register, order),
        "## Numbers read from their file alone",
        "",
        *ABOUT_FILES.splitlines(),
        "",
        *_other_lines(register),
        "## Definitions",
        "",
        *_definition_lines(),
    ]
    return "\n".join(lines).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Write the page, or with --check compare it; returns the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        register, graph = collect(Path(folder))
    order = list(classes())
    text = page(register, graph, order)
    if "--check" not in arguments:
        PAGE.write_text(text)
        return 0
    old = PAGE.read_text() if PAGE.is_file() else ""
    if old == text:
        return 0
    sys.stdout.writelines(
        difflib.unified_diff(old.splitlines(True), text.splitlines(True), "interfaces.md", "the nodes", n=0)
    )
    print("docs/interfaces.md is out of date: run docs/generate_interfaces.py")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
