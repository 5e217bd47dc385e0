"""The one list of nodes: what runs, under which name, with which parameters.

Both fronts read it: `launch/*.launch.py` turns entries into launch_ros Nodes, the `wayscout` command
starts the same executables with the same arguments.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wayscout.errors import InvalidInput
from wayscout.worlds.folder import World, load_world

Value = bool | int | float | str | list[float]
PARTICIPANTS = ("localiser", "helicopter", "rover")
"""Nodes that answer each step of the embedded simulator."""


@dataclass(frozen=True)
class Options:
    """What a user chooses for one run.

    Attributes:
        world: world folder.
        run_folder: where report, map, decision and trajectory go.
        seed: of sensor noise and gusts.
        camera: file stem in config/cameras of the helicopter's camera.
        embedded: True for the embedded simulator (lock-step), False for Gazebo.
        namespace: put before every relative topic name.
        params_file: a ROS parameter file for all nodes, or None.
        log_level: of every node.
        channel: to drive whatever the decision says, empty for the decision's.
        start_map: map folder of an earlier run to begin with instead of flights, or None.
        overrides: node name -> parameters that replace the table's.
    """

    world: Path
    run_folder: Path
    seed: int = 0
    camera: str = "navigation"
    embedded: bool = True
    namespace: str = ""
    params_file: Path | None = None
    log_level: str = "info"
    channel: str = ""
    start_map: Path | None = None
    overrides: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)


@dataclass(frozen=True)
class NodeEntry:
    """One process."""

    package: str
    executable: str
    name: str
    parameters: dict[str, Value]
    remaps: dict[str, str] = field(default_factory=dict)
    required: bool = True


def prepare(options: Options) -> None:
    """Make the run folder and put a copy of the world's public part there, and of the map to begin with.

    Only the simulator is given the world folder itself, so that no node can read the truth even by mistake.
    """
    load_world(options.world)
    public = public_world(options)
    public.mkdir(parents=True, exist_ok=True)
    shutil.copy2(options.world / "world.yaml", public)
    shutil.copytree(options.world / "orbital", public / "orbital", dirs_exist_ok=True)
    if options.start_map is not None and options.start_map != options.run_folder / "map":
        shutil.copytree(options.start_map, options.run_folder / "map", dirs_exist_ok=True)


def public_world(options: Options) -> Path:
    """Return the folder that holds the public part of the world during a run."""
    return options.run_folder / "world"


def table(options: Options) -> list[NodeEntry]:
    """Return every node of a run, the simulator first.

    Raises:
        InvalidInput: when the world folder is unusable, an override names no node, the world has no such
            channel, or there is no map to begin with.
    """
    world = load_world(options.world)
    run = options.run_folder
    public = str(public_world(options))
    names = [c.name for c in world.corridors]
    if options.channel and options.channel not in names:
        raise InvalidInput("channel", options.channel, f"known are {names}")
    if options.start_map is not None and not (options.start_map / "elevation.tif").is_file():
        raise InvalidInput("map", str(options.start_map), "the folder 'map' of an earlier run is needed")
    start_map = "" if options.start_map is None else str(run / "map")
    lockstep: dict[str, Value] = {"lockstep": options.embedded}
    entries = [
        NodeEntry("wayscout_nodes", "world_loader", "world_loader", {"world": public}),
        NodeEntry(
            "wayscout_nodes",
            "localiser",
            "localiser",
            {**lockstep, **_starts(world), "flown_log": str(run / "flown.csv")},
        ),
        NodeEntry(
            "wayscout_nodes",
            "mapper",
            "mapper",
            {**lockstep, "map_folder": str(run / "map"), "start_map": start_map},
        ),
        NodeEntry("wayscout_nodes", "router", "router", {"route_folder": str(run / "route")}),
        NodeEntry("wayscout_nodes", "helicopter", "helicopter", lockstep),
        NodeEntry("wayscout_nodes", "rover", "rover", lockstep),
        NodeEntry(
            "wayscout_nodes",
            "mission",
            "mission",
            {
                "world": public,
                "run_folder": str(run),
                "camera": options.camera,
                "channel": options.channel,
                "start_map": start_map,
            },
        ),
    ]
    if options.embedded:
        entries.insert(
            0,
            NodeEntry(
                "wayscout_sim",
                "simulator",
                "simulator",
                {
                    "world": str(options.world),
                    "seed": options.seed,
                    "camera": options.camera,
                    "truth_log": str(run / "truth.npz"),
                },
            ),
        )
    unknown = set(options.overrides) - {entry.name for entry in entries}
    if unknown:
        raise InvalidInput("node", sorted(unknown), f"known are {[entry.name for entry in entries]}")
    for entry in entries:
        entry.parameters["use_sim_time"] = True
        entry.parameters.update(options.overrides.get(entry.name, {}))
    return entries


def arguments(entry: NodeEntry, options: Options) -> list[str]:
    """Return what follows the executable's name on the command line."""
    words = ["--ros-args", "-r", f"__node:={entry.name}"]
    if options.namespace:
        words += ["-r", f"__ns:=/{options.namespace.strip('/')}"]
    for source, target in entry.remaps.items():
        words += ["-r", f"{source}:={target}"]
    if options.params_file is not None:
        words += ["--params-file", str(options.params_file)]
    for key, value in entry.parameters.items():
        words += ["-p", f"{key}:={_text(value)}"]
    return [*words, "--log-level", f"{entry.name}:={options.log_level}"]


def executable(entry: NodeEntry) -> Path:
    """Return the installed executable of an entry (lib/<package>/<executable>).

    Raises:
        InvalidInput: when no prefix of AMENT_PREFIX_PATH holds it.
    """
    prefixes = [p for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    for prefix in prefixes:
        path = Path(prefix, "lib", entry.package, entry.executable)
        if path.is_file():
            return path
    raise InvalidInput(
        f"{entry.package}/{entry.executable}", prefixes, "not installed; build the workspace first"
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
        return f"[{', '.join(repr(float(v)) for v in value)}]"
    # quoted, since a bare text such as 'on' or '12' would be read as another type
    return f"'{value}'" if isinstance(value, str) else repr(value)
