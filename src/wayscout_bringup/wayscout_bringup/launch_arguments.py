# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The arguments of `ros2 launch`: their descriptions, and what the given words mean.

Nothing here imports launch, which a machine without a ROS 2 desktop lacks.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from wayscout.cli import find_world
from wayscout.errors import InvalidInput
from wayscout_bringup import node_table
from wayscout_bringup.node_table import LOG_LEVELS, MISSION, PARTS, ROVER, SCOUT, SIMULATION, VIEW, Options

SWITCH = ("true", "false")
SIMULATORS = ("gazebo", "embedded")


@dataclass(frozen=True)
class Argument:
    """One argument of the launch files.

    Attributes:
        name, default, description: as `ros2 launch ... --show-args` shows them.
        parts: launch files that start one of these parts have it.
        choices: the words that are accepted, or empty for any.
    """

    name: str
    default: str
    description: str
    parts: tuple[str, ...] = PARTS
    choices: tuple[str, ...] = ()


ARGUMENTS = (
    Argument(
        "simulator",
        "gazebo",
        "where vehicles and world are simulated: gazebo (Harmonic or newer; as fast as the machine can, in"
        " flight at real time), or embedded (MuJoCo, in lock-step, as fast as the nodes can)",
        (SIMULATION, SCOUT, ROVER),
        SIMULATORS,
    ),
    Argument(
        "world", "gully", "built-in world (gully is the small one, jezero_delta the large), or a world folder"
    ),
    Argument("worlds", "worlds", "folder in which built-in worlds are made on first need"),
    Argument(
        "run", "", "folder for report, map, tracks and bag; empty: a new one in runs/, named after the time"
    ),
    Argument(
        "seed",
        "0",
        "seed of sensor noise and gusts, 0 or more; the same seed gives the same mission",
        (SIMULATION,),
    ),
    Argument(
        "camera", "navigation", "the helicopter's camera, a file in config/cameras", (SIMULATION, MISSION)
    ),
    Argument(
        "channel",
        "",
        "channel to drive whatever the decision says, as A or B; empty: the decision's",
        (MISSION,),
    ),
    Argument(
        "campaign",
        "",
        "campaign file of tasks to do instead of the main mission; empty: the main mission",
        (MISSION,),
    ),
    Argument(
        "approval",
        "false",
        "hold each flight and the rover's drive until the service mission/approve is called",
        (MISSION,),
        SWITCH,
    ),
    Argument(
        "map",
        "",
        "map folder of an earlier run to begin with, then nothing is flown; empty: survey first",
        (SCOUT, MISSION),
    ),
    Argument(
        "parts",
        "all",
        "what to start: all, or some of simulation, scout, rover, mission, with commas between them"
        " (the others run elsewhere)",
        (MISSION,),
    ),
    Argument(
        "rviz",
        "auto",
        "watch in RViz: true, false, or auto, which is true where it is installed, there is a display and"
        " headless is false; closing it ends the mission",
        (MISSION,),
        ("auto", *SWITCH),
    ),
    Argument(
        "headless",
        "false",
        "true opens no window: not Gazebo's (the embedded simulator has none), nor RViz unless rviz is true",
        (SIMULATION,),
        SWITCH,
    ),
    Argument(
        "record",
        "false",
        "write an MCAP bag of the team's topics to bag/ in the run folder, with ros2 bag: true, or all for"
        " the pictures too",
        choices=("false", "true", "all"),
    ),
    Argument(
        "namespace",
        "",
        "put before the names of all nodes, topics, services and actions, /clock and /tf too, so that two"
        " teams in one graph never meet; empty: none",
        (*PARTS, VIEW),
    ),
    Argument(
        "params_file", "", "ROS parameter file for the nodes; empty: the values of config/", (*PARTS, VIEW)
    ),
    Argument(
        "log_level", "info", "of every node: debug, info, warn, error or fatal", (*PARTS, VIEW), LOG_LEVELS
    ),
)


@dataclass(frozen=True)
class Choice:
    """What the given words mean.

    Attributes:
        options: of the run.
        parts: what to start.
        record: 'false', 'true' or 'all' (pictures too).
    """

    options: Options
    parts: tuple[str, ...]
    record: str = "false"


def arguments_of(parts: Collection[str]) -> list[Argument]:
    """Return the arguments of a launch file that starts these parts."""
    return [argument for argument in ARGUMENTS if set(argument.parts) & set(parts)]


def choose(given: Mapping[str, str], parts: Collection[str], outer_namespace: str = "") -> Choice:
    """Return what a launch file is to start.

    Args:
        given: argument -> its word, for each argument of `parts`.
        parts: the parts that the launch file is for.
        outer_namespace: pushed by a launch file that includes this one.

    Raises:
        InvalidInput: naming argument, word and what would do.
    """
    words = {argument.name: argument.default for argument in ARGUMENTS} | dict(given)
    for argument in arguments_of(parts):
        if argument.choices:
            words[argument.name] = word = words[argument.name].lower()
            if word not in argument.choices:
                raise InvalidInput(argument.name, word, f"known are {', '.join(argument.choices)}")
    namespace = "/".join(n for n in (outer_namespace.strip("/"), words["namespace"].strip("/")) if n)
    options = Options(
        world=Path(),
        run_folder=_run_folder(words["run"], namespace),
        seed=_whole("seed", words["seed"]),
        camera=words["camera"],
        embedded=words["simulator"] == "embedded",
        headless=words["headless"] == "true",
        namespace=namespace,
        params_file=_path(words["params_file"]),
        log_level=words["log_level"],
        channel=words["channel"],
        campaign=_path(words["campaign"]),
        approval=words["approval"] == "true",
        start_map=_path(words["map"]),
    )
    node_table.check(options)
    chosen = _parts(words, parts)
    if SIMULATION in chosen and not options.embedded:
        node_table.check_gazebo()
    if set(chosen) - {VIEW}:  # a world may have to be made: last, when all else is known to be right
        options = replace(options, world=find_world(words["world"], Path(words["worlds"])))
    return Choice(options, chosen, words["record"])


def _parts(words: Mapping[str, str], parts: Collection[str]) -> tuple[str, ...]:
    if MISSION not in parts or words["parts"] == "all":
        chosen = tuple(parts)
    else:
        chosen = tuple(word.strip() for word in words["parts"].split(","))
        if set(chosen) - set(PARTS):
            raise InvalidInput("parts", words["parts"], f"known are all, {', '.join(PARTS)}")
    if MISSION in parts and (words["rviz"] == "true" or (words["rviz"] == "auto" and _sees(words))):
        chosen += (VIEW,)
    return chosen


def _sees(words: Mapping[str, str]) -> bool:
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(display) and words["headless"] == "false" and node_table.can_view()


def _run_folder(word: str, namespace: str) -> Path:
    team = "-" + namespace.replace("/", "-") if namespace else ""
    return Path(word or f"runs/{datetime.now():%Y%m%d-%H%M%S}{team}").expanduser().resolve()


def _path(word: str) -> Path | None:
    return Path(word).expanduser().resolve() if word else None


def _whole(name: str, word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise InvalidInput(name, word, "a whole number is needed") from None
