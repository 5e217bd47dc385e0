# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What the launch files share: from the node table to launch descriptions.

Only this module and the launch files know launch and launch_ros.
"""

from __future__ import annotations

import atexit
import contextlib
import signal
import sys
import threading
from collections.abc import Collection
from functools import partial
from pathlib import Path

import psutil
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction, Shutdown
from launch.events.process import ProcessExited
from launch_ros.actions import Node

from launch import Action, LaunchContext, LaunchDescription
from wayscout.errors import InvalidInput, WayscoutError
from wayscout_bringup import node_table, recording
from wayscout_bringup.launch_arguments import Argument, arguments_of, choose
from wayscout_bringup.node_table import VIEW, NodeEntry, Options
from wayscout_bringup.processes import CLEAN_EXITS, remove_shared_memory

COMMON_ARGUMENTS = {"launch-prefix", "launch-prefix-filter"}
"""Arguments that every launch file has."""
PATIENCE = "20"
"""Seconds from SIGINT to SIGTERM: on a busy machine a report or a bag is not done within launch's 5."""
SHORT_PATIENCE = ("3", "1")
"""Seconds to SIGTERM, and on to SIGKILL, for what has nothing to save: others' programs."""


class PartFailed(WayscoutError):
    """A process ended although nobody asked it to, or with an error."""


def describe(file: str, *parts: str) -> LaunchDescription:
    """Return the launch description that starts these parts of the node table.

    Args:
        file: the launch file.
        parts: of node_table.PARTS, or VIEW.
    """
    arguments = arguments_of(parts)
    return LaunchDescription(
        [
            *(_declared(argument) for argument in arguments),
            OpaqueFunction(function=_start, args=[Path(file).name, arguments, parts]),
        ]
    )


def _declared(argument: Argument) -> DeclareLaunchArgument:
    # launch would tell of a wrong word twice: the choices are checked by `choose`
    return DeclareLaunchArgument(
        argument.name, default_value=argument.default, description=argument.description
    )


def _start(
    context: LaunchContext, file: str, arguments: Collection[Argument], parts: Collection[str]
) -> list[Action]:
    """Return the processes to start; an error raised here is one line, and ends the launch."""
    configured = context.launch_configurations
    _refuse_unknown(context, file, [argument.name for argument in arguments])
    given = {argument.name: configured[argument.name] for argument in arguments}
    choice = choose(given, parts, configured.get("ros_namespace", ""))
    options = choice.options
    entries = node_table.table(options, choice.parts)
    for entry in entries:
        node_table.executable(entry)
    actions: list[Action] = [_node(entry, options) for entry in entries]
    if choice.record != "false":
        actions.append(_recorder(options, pictures=choice.record == "all"))
    if set(choice.parts) - {VIEW}:
        node_table.prepare(options, choice.parts)
    _leave_no_orphans()
    _leave_no_shared_memory()
    return actions


def _node(entry: NodeEntry, options: Options) -> Node:
    term, kill = (PATIENCE, "5") if entry.package.startswith("wayscout") else SHORT_PATIENCE
    return Node(
        package=entry.package,
        executable=entry.executable,
        name=entry.name,
        namespace=f"/{options.team}",
        arguments=list(entry.words),
        # not as `parameters`, which launch_ros writes to files of its own under other rules of precedence:
        # the command line is that of the `wayscout` command
        ros_arguments=node_table.settings(entry, options),
        additional_env=entry.environment,
        output="screen",
        sigterm_timeout=term,
        sigkill_timeout=kill,
        on_exit=partial(_ended, entry.name) if entry.required else None,
    )


def _recorder(options: Options, *, pictures: bool) -> ExecuteProcess:
    command = recording.command(options, pictures=pictures)
    return ExecuteProcess(
        cmd=command,
        name="record",
        output="screen",
        sigterm_timeout=PATIENCE,
        on_exit=partial(_ended, "record"),
    )


def _ended(name: str, event: ProcessExited, context: LaunchContext) -> list[Action] | None:
    """End all else; after an error with exit code 1, for which launch needs an exception."""
    if context.is_shutdown:
        return None
    if event.returncode in CLEAN_EXITS:
        return [Shutdown(reason=f"{name} ended")]
    raise PartFailed(f"{name} ended with exit code {event.returncode}; what it said is above")


def _leave_no_orphans() -> None:
    """End the nodes on SIGTERM too, at which launch ends itself and leaves its processes running."""
    in_main_thread = threading.current_thread() is threading.main_thread()  # Python's condition for handlers
    if in_main_thread and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _interrupt_children)


def _leave_no_shared_memory() -> None:
    """Remove what dead processes left of Fast DDS: now, for the nodes' sake, and when launch itself ends."""
    remove_shared_memory()
    atexit.unregister(remove_shared_memory)  # once, however many launch files were included
    atexit.register(remove_shared_memory, ending=True)


def _interrupt_children(*_: object) -> None:
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            child.send_signal(signal.SIGINT)


def _refuse_unknown(context: LaunchContext, file: str, known: Collection[str]) -> None:
    """Refuse a mistyped argument, which launch would ignore.

    Only in the launch file that the command line names: in an included one it may be the outer one's.
    """
    if file not in {Path(word).name for word in sys.argv}:
        return
    names = [word.partition(":=")[0] for word in context.argv if ":=" in word]
    unknown = [name for name in names if name not in {*known, *COMMON_ARGUMENTS}]
    if unknown:
        raise InvalidInput("argument", unknown[0], f"known to {file} are {', '.join(known)}")
