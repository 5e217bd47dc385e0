# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The one list of nodes: what runs, in which part, under which name, with which parameters.

Both fronts read it: `launch/*.launch.py` turns entries into launch_ros Nodes, the `wayscout` command
starts the same executables with the same arguments.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from wayscout import config
from wayscout.errors import InvalidInput
from wayscout.worlds.folder import World, load_world

Value = bool | int | float | str | list[float] | list[str]
SIMULATION, SCOUT, ROVER, MISSION, VIEW = "simulation", "scout", "rover", "mission", "view"
RVIZ_FILE = "wayscout.rviz"
VIEWED_SIZE = 64.0
"""Side [m] of the world that the first view of config/wayscout.rviz shows."""
PARTS = (SIMULATION, SCOUT, ROVER, MISSION)
"""The parts of a mission; the view is one more, for those who want to watch."""
LOG_LEVELS = ("debug", "info", "warn", "error", "fatal")
PARTICIPANTS = ("localiser", "helicopter", "rover")
"""Nodes that answer each step of the embedded simulator; with a link, the radio too."""
BEHIND_THE_LINK = {
    "helicopter/camera/image_raw": "rover/radio/image_raw",
    "helicopter/colour/image_raw": "rover/radio/colour",
}
"""What a node on the rover's side hears instead, where pictures have to go through the radio."""
LINK_WAIT = 60.0
"""Seconds of wall clock that the mapper waits for a next picture where the radio may be silent for long."""
TEAM_TOPICS = {"/clock": "clock", "/tf": "tf", "/tf_static": "tf_static"}
"""Absolute names that become a namespace's own: each team has its simulator's time and its tree of frames."""


@dataclass(frozen=True)
class Options:
    """What a user chooses for one run.

    Attributes:
        world: world folder.
        run_folder: where report, map, decision and trajectory go.
        seed: of sensor noise and gusts.
        camera: file stem in config/cameras of the helicopter's camera.
        embedded: True for the embedded simulator (lock-step), False for Gazebo.
        headless: no window of Gazebo's.
        namespace: put before the names of all nodes and of their topics, services and actions.
        params_file: a ROS parameter file for all nodes, or None.
        log_level: of every node.
        channel: to drive whatever the decision says, empty for the decision's.
        start_map: map folder of an earlier run to begin with instead of flights, or None.
        campaign: file of a campaign to do instead of the main mission, or None.
        approval: whether each flight and the rover's drive are held until they are approved.
        link: whether pictures go to the rover's side through the radio rather than at once.
        overrides: node name -> parameters that replace the table's.
    """

    world: Path
    run_folder: Path
    seed: int = 0
    camera: str = "navigation"
    embedded: bool = True
    headless: bool = False
    namespace: str = ""
    params_file: Path | None = None
    log_level: str = "info"
    channel: str = ""
    start_map: Path | None = None
    campaign: Path | None = None
    approval: bool = False
    link: bool = False
    overrides: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)

    @property
    def team(self) -> str:
        """The namespace without slashes at its ends; empty for none."""
        return self.namespace.strip("/")


@dataclass(frozen=True)
class NodeEntry:
    """One process.

    Attributes:
        package, executable: what runs.
        name: of the node.
        part: of the whole that it belongs to, one of PARTS or VIEW.
        parameters: ROS parameters.
        remaps: names that are replaced.
        words: the program's own arguments, before those for ROS.
        environment: variables that are set for it.
        required: whether its end ends everything.
    """

    package: str
    executable: str
    name: str
    part: str
    parameters: dict[str, Value]
    remaps: dict[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    required: bool = True


def prepare(options: Options, parts: Collection[str] = PARTS) -> None:
    """Make the run folder and put a copy of the world's public part there, and of the map to begin with.

    Only the simulator is given the world folder itself, so that no node can read the truth even by mistake.
    With VIEW among the parts, RViz's file is put there too, fitted to the world.
    """
    world = load_world(options.world)
    public = public_world(options)
    public.mkdir(parents=True, exist_ok=True)
    shutil.copy2(options.world / "world.yaml", public)
    shutil.copytree(options.world / "orbital", public / "orbital", dirs_exist_ok=True)
    if options.start_map is not None and options.start_map != options.run_folder / "map":
        shutil.copytree(options.start_map, options.run_folder / "map", dirs_exist_ok=True)
    if VIEW in parts:
        fitted = overview((config.directory() / RVIZ_FILE).read_text(), world.size)
        (options.run_folder / RVIZ_FILE).write_text(fitted)


def public_world(options: Options) -> Path:
    """Return the folder that holds the public part of the world during a run."""
    return options.run_folder / "world"


def check(options: Options) -> None:
    """Refuse what can be told to be wrong without the world.

    Raises:
        InvalidInput: naming the option, its value and what would do.
    """
    name = r"[A-Za-z_][A-Za-z0-9_]*"
    if not re.fullmatch(rf"(/?{name}(/{name})*/?)?", options.namespace):
        raise InvalidInput("namespace", options.namespace, "letters, digits and _ are needed, as in 'team1'")
    if options.log_level not in LOG_LEVELS:
        raise InvalidInput("log_level", options.log_level, f"known are {list(LOG_LEVELS)}")
    if options.seed < 0:
        raise InvalidInput("seed", options.seed, "0 or more is needed")
    cameras = sorted(file.stem for file in (config.directory() / "cameras").glob("*.yaml"))
    if options.camera not in cameras:
        raise InvalidInput("camera", options.camera, f"known are {cameras}")
    if options.params_file is not None:
        _check_params_file(options.params_file)
    if options.link and not options.embedded:
        raise InvalidInput("link", True, "only the embedded simulator has a radio")
    if options.start_map is not None and not (options.start_map / "elevation.tif").is_file():
        raise InvalidInput("map", str(options.start_map), "the folder 'map' of an earlier run is needed")


def table(options: Options, parts: Collection[str] = PARTS) -> list[NodeEntry]:
    """Return every node of the parts of a run, the simulator first.

    Raises:
        InvalidInput: when `check` refuses an option, the world folder is unusable, an override names no node,
            the world has no such channel, or there is nothing to view with.
    """
    check(options)
    view_alone = set(parts) <= {VIEW}
    entries = [] if view_alone else _vehicles(options)
    if VIEW in parts:
        entries += [scene(), _viewer(config.directory() if view_alone else options.run_folder)]
    unknown = set(options.overrides) - {entry.name for entry in entries}
    if unknown:
        raise InvalidInput("node", sorted(unknown), f"known are {[entry.name for entry in entries]}")
    for entry in entries:
        entry.parameters["use_sim_time"] = True
        entry.parameters.update(options.overrides.get(entry.name, {}))
        if options.team:
            entry.remaps.update(TEAM_TOPICS)
    return [entry for entry in entries if entry.part in parts]


def _vehicles(options: Options) -> list[NodeEntry]:
    """Return what simulates, scouts, drives and decides."""
    world = load_world(options.world)
    run = options.run_folder
    public = str(public_world(options))
    names = [c.name for c in world.corridors]
    if options.channel and options.channel not in names:
        raise InvalidInput("channel", options.channel, f"known are {names}")
    start_map = "" if options.start_map is None else str(run / "map")
    lockstep: dict[str, Value] = {"lockstep": options.embedded}
    simulator: dict[str, Value] = {
        "world": str(options.world),
        "seed": options.seed,
        "camera": options.camera,
        "truth_log": str(run / "truth.npz"),
    }
    localiser: dict[str, Value] = {**lockstep, **_starts(world), "flown_log": str(run / "flown.csv")}
    if options.link:
        simulator |= {"radio": True, "participants": [*PARTICIPANTS, "radio"]}
    radio: dict[str, Value] = {**lockstep, "seed": options.seed, "link_log": str(run / "link.json")}
    heard = dict(BEHIND_THE_LINK) if options.link else {}
    mapper: dict[str, Value] = {**lockstep, "map_folder": str(run / "map"), "start_map": start_map}
    analyst: dict[str, Value] = {**lockstep, "site_folder": str(run / "site")}
    if options.link:
        mapper["picture_wait"] = LINK_WAIT
        analyst["colour_picture_wait"] = 5.0 * LINK_WAIT  # colour pictures come last
    router: dict[str, Value] = {"route_folder": str(run / "route")}
    mission: dict[str, Value] = {
        "world": public,
        "run_folder": str(run),
        "camera": options.camera,
        "channel": options.channel,
        "start_map": start_map,
    }
    if options.campaign is not None:
        mission["campaign"] = str(options.campaign)
    if options.approval:
        mission["approval"] = "ask"
    nodes = "wayscout_nodes"
    simulators = [NodeEntry("wayscout_sim", "simulator", "simulator", SIMULATION, simulator)]
    return [
        *(simulators if options.embedded else _gazebo(options)),
        NodeEntry(nodes, "world_loader", "world_loader", SCOUT, {"world": public}),
        NodeEntry(nodes, "localiser", "localiser", SCOUT, localiser),
        *([NodeEntry(nodes, "radio", "radio", SCOUT, radio)] if options.link else []),
        NodeEntry(nodes, "mapper", "mapper", SCOUT, mapper, heard),
        NodeEntry(nodes, "analyst", "analyst", SCOUT, analyst, heard),
        NodeEntry(nodes, "router", "router", ROVER, router),
        NodeEntry(nodes, "helicopter", "helicopter", SCOUT, {**lockstep, "camera": options.camera}),
        NodeEntry(nodes, "rover", "rover", ROVER, dict(lockstep)),
        NodeEntry(nodes, "mission", "mission", MISSION, mission),
    ]


def _gazebo(options: Options) -> list[NodeEntry]:
    """Return Gazebo's server, its bridge and the adapter, who meet in a partition of the run's own."""
    partition = "wayscout_" + hashlib.sha256(str(options.run_folder).encode()).hexdigest()[:12]
    private = {"GZ_PARTITION": partition, "GZ_IP": "127.0.0.1"}
    shared: dict[str, Value] = {"seed": options.seed, "camera": options.camera}
    server: dict[str, Value] = {
        **shared,
        "world": str(options.world),
        "run_folder": str(options.run_folder),
        "headless": options.headless,
    }
    adapter: dict[str, Value] = {
        **shared,
        "world": str(public_world(options)),
        "truth_log": str(options.run_folder / "truth.npz"),
    }
    bridge: dict[str, Value] = {"config_file": str(config.directory() / "bridge.yaml")}
    ours, theirs = "wayscout_gazebo", "ros_gz_bridge"
    return [
        NodeEntry(ours, "server", "gazebo", SIMULATION, server, environment=private),
        NodeEntry(theirs, "parameter_bridge", "gazebo_bridge", SIMULATION, bridge, environment=private),
        NodeEntry(ours, "adapter", "gazebo_adapter", SIMULATION, adapter, environment=private),
    ]


def check_gazebo() -> None:
    """Refuse a run in Gazebo where that is not installed.

    Raises:
        InvalidInput: naming what is missing and how to get it.
    """
    lacks = [] if shutil.which("gz") else ["Gazebo (the command `gz`)"]
    lacks += [] if installed("ros_gz_bridge") else ["ros_gz_bridge"]
    if lacks:
        distribution = os.environ.get("ROS_DISTRO", "jazzy")
        raise InvalidInput(
            "simulator",
            "gazebo",
            f"{' and '.join(lacks)} not installed; on Ubuntu: apt install ros-{distribution}-ros-gz;"
            " or take the embedded simulator, which needs neither",
        )


def scene() -> NodeEntry:
    """Return the node that draws for viewers what no other node says in their words."""
    return NodeEntry("wayscout_nodes", "scene", "scene", VIEW, {}, required=False)


def can_view() -> bool:
    """Return whether RViz and what it is to show are installed."""
    return installed("rviz2") and (config.directory() / RVIZ_FILE).is_file()


def overview(text: str, size: float) -> str:
    """Return an RViz file whose first view is moved so far away that it shows a whole world.

    Args:
        text: the file for a world of `VIEWED_SIZE`. size: the world's side [m].
    """
    content = yaml.safe_load(text)
    content["Visualization Manager"]["Views"]["Current"]["Distance"] *= size / VIEWED_SIZE
    return yaml.safe_dump(content, sort_keys=False)


def _viewer(folder: Path) -> NodeEntry:
    """Return RViz, with its file in a folder."""
    if not installed("rviz2"):
        distribution = os.environ.get("ROS_DISTRO", "<distribution>")
        raise InvalidInput(
            "rviz", "rviz2", f"is not installed; on Ubuntu: apt install ros-{distribution}-rviz2"
        )
    source = config.directory() / RVIZ_FILE
    if not source.is_file():
        raise InvalidInput("rviz", str(source), "is missing; build wayscout_bringup again")
    return NodeEntry("rviz2", "rviz2", "rviz", VIEW, {}, words=("-d", str(folder / RVIZ_FILE)))


def arguments(entry: NodeEntry, options: Options) -> list[str]:
    """Return what follows the executable's name on the command line."""
    identity = ["-r", f"__node:={entry.name}"]
    if options.team:
        identity += ["-r", f"__ns:=/{options.team}"]
    return [*entry.words, "--ros-args", *identity, *settings(entry, options)]


def settings(entry: NodeEntry, options: Options) -> list[str]:
    """Return the arguments for ROS but for the node's name and namespace."""
    words: list[str] = []
    for source, target in entry.remaps.items():
        words += ["-r", f"{source}:={target}"]
    if options.params_file is not None:
        words += ["--params-file", str(options.params_file)]
    for key, value in entry.parameters.items():
        words += ["-p", f"{key}:={_text(value)}"]
    logger = ".".join([*options.team.split("/"), entry.name]).lstrip(".")
    return [*words, "--log-level", f"{logger}:={options.log_level}"]


def command(entry: NodeEntry, options: Options) -> list[str]:
    """Return the whole command line: Python's programs run by this Python, others as they are."""
    program = executable(entry)
    with program.open("rb") as file:
        first = file.readline(200)
    by_python = [sys.executable] if first.startswith(b"#!") and b"python" in first else []
    return [*by_python, str(program), *arguments(entry, options)]


def executable(entry: NodeEntry) -> Path:
    """Return the installed executable of an entry (lib/<package>/<executable>).

    Raises:
        InvalidInput: when no prefix of AMENT_PREFIX_PATH holds it.
    """
    for prefix in _prefixes():
        path = prefix / "lib" / entry.package / entry.executable
        if path.is_file():
            return path
    raise InvalidInput(
        f"{entry.package}/{entry.executable}",
        [str(prefix) for prefix in _prefixes()],
        "not installed; build the workspace first",
    )


def installed(package: str) -> bool:
    """Return whether a prefix of AMENT_PREFIX_PATH holds a ROS package."""
    marker = Path("share/ament_index/resource_index/packages") / package
    return any((prefix / marker).is_file() for prefix in _prefixes())


def _prefixes() -> list[Path]:
    return [Path(p) for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]


def _check_params_file(file: Path) -> None:
    try:
        content = yaml.safe_load(file.read_text())
    except OSError as error:
        raise InvalidInput("params_file", str(file), f"cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise InvalidInput("params_file", str(file), f"is no YAML: {reason}") from error
    if not _holds_parameters(content):
        raise InvalidInput("params_file", str(file), "needs '<node>: {ros__parameters: {<name>: <value>}}'")


def _holds_parameters(content: Any) -> bool:
    """Return whether each branch (namespaces, a node) of a ROS parameter file ends in ros__parameters."""
    if not isinstance(content, dict) or not content:
        return False
    return all(
        isinstance(branch, dict) if key == "ros__parameters" else _holds_parameters(branch)
        for key, branch in content.items()
    )


def _starts(world: World) -> dict[str, Value]:
    start = world.start
    heights: dict[str, Value] = {
        f"{vehicle}_start_z": pose.z
        for vehicle, pose in (("rover", start.rover), ("helicopter", start.helicopter))
        if pose.z is not None
    }
    return {
        **heights,
        "rover_start": [start.rover.x, start.rover.y, start.rover.yaw],
        "helicopter_start": [start.helicopter.x, start.helicopter.y, start.helicopter.yaw],
        "start_position_sigma": start.position_sigma,
        "start_yaw_sigma": start.yaw_sigma,
        "start_height_sigma": start.height_sigma,
    }


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(_text(v if isinstance(v, str) else float(v)) for v in value)}]"
    # quoted, since a bare text such as 'on' or '12' would be read as another type
    return f"'{value}'" if isinstance(value, str) else repr(value)
