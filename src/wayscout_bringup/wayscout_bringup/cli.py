# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The command line: mission, test, world, map, plan, doctor, and those of flight operations."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from wayscout import cli as brain
from wayscout.errors import InvalidInput, WayscoutError
from wayscout_bringup import operations
from wayscout_bringup.command_options import ROOT, Link, ParamsFile, Run, Seed, WorldName, run_folder

BAD_INPUT = 2

app = typer.Typer(
    help="A helicopter scouts, a rover climbs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(brain.world_app, name="world")
app.command("map")(brain.map_pictures)
app.command("plan")(brain.plan)
operations.add_to(app)


@app.command()
def mission(
    world: WorldName = "jezero_delta",
    seed: Seed = 0,
    run: Run = None,
    camera: Annotated[str, typer.Option(help="Helicopter camera, a file in config/cameras.")] = "navigation",
    channel: Annotated[
        str, typer.Option(help="Channel to drive whatever the decision says, to where it ends.")
    ] = "",
    map_folder: Annotated[
        Path | None, typer.Option("--map", help="Map folder of an earlier run; then nothing is flown.")
    ] = None,
    link: Link = False,
    simulator: Annotated[str, typer.Option(help="embedded, or gazebo where that is installed.")] = "embedded",
    params_file: ParamsFile = None,
    log_level: Annotated[str, typer.Option(help="debug, info, warn or error.")] = "info",
) -> None:
    """Scout both channels, choose one and climb it, on the embedded simulator or in Gazebo."""
    from wayscout_bringup.launch_arguments import SIMULATORS
    from wayscout_bringup.mission import run_mission
    from wayscout_bringup.node_table import Options

    console = Console(stderr=True)
    if simulator not in SIMULATORS:
        raise InvalidInput("simulator", simulator, f"known are {', '.join(SIMULATORS)}")
    options = Options(
        world=brain.find_world(world, ROOT / "worlds"),
        run_folder=run_folder(run),
        seed=seed,
        camera=camera,
        embedded=simulator == "embedded",
        headless=True,
        channel=channel,
        start_map=map_folder.resolve() if map_folder is not None else None,
        link=link,
        params_file=params_file,
        log_level=log_level,
    )
    raise typer.Exit(run_mission(options, console))


@app.command("test")
def run_every_test(
    packages: Annotated[
        list[str] | None, typer.Argument(help="Packages to test; all of them by default.")
    ] = None,
) -> None:
    """Run every test (colcon test) and print what failed."""
    from wayscout_bringup.testing import run_tests

    raise typer.Exit(run_tests(ROOT, packages or []))


@app.command()
def doctor() -> None:
    """Say what this machine has and what is missing."""
    from wayscout_bringup.doctor import examine

    raise typer.Exit(examine(ROOT, Console()))


def main() -> None:
    """Run the command line; an error of ours is one line, not a traceback."""
    try:
        app()
    except WayscoutError as error:
        print(f"wayscout: {error}", file=sys.stderr)
        sys.exit(BAD_INPUT)


if __name__ == "__main__":
    main()
