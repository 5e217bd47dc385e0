# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The commands of flight operations: campaign, recon, flight, approve, abort."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console

from wayscout import cli as brain
from wayscout import config
from wayscout.errors import InvalidInput
from wayscout_bringup.command_options import ROOT, Link, ParamsFile, Run, Seed, WorldName, run_folder

REFUSED = 3
"""Exit code of a plan that may not be flown."""

Ask = Annotated[bool, typer.Option("--approval", help="Hold each flight and drive for `wayscout approve`.")]
CheckOnly = Annotated[bool, typer.Option("--check", help="Price it without flying; needs no ROS.")]
RunFolder = Annotated[Path | None, typer.Argument(help="Run folder; the newest run under way by default.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (campaign, recon, flight, approve, abort):
        app.command()(command)


def campaign(
    file: Annotated[
        str, typer.Argument(help="Campaign file, or a name in config/campaigns; by default the world's.")
    ] = "",
    world: WorldName = "jezero_delta",
    seed: Seed = 0,
    run: Run = None,
    approval: Ask = False,
    link: Link = False,
    check: CheckOnly = False,
    params_file: ParamsFile = None,
) -> None:
    """Do the tasks of a campaign in turn: surveys, looks at targets, repositionings, a climb."""
    from wayscout.flight.campaign import check_campaign, read_campaign
    from wayscout.worlds.folder import load_world

    found = read_campaign(_campaign_file(file or Path(world).name))
    folder = brain.find_world(world, ROOT / "worlds")
    check_campaign(found, load_world(folder))
    if check:
        raise typer.Exit(_price_campaign(found, folder))
    raise typer.Exit(_fly(found, folder, seed, run, params_file, approval=approval, link=link))


def recon(
    target: Annotated[
        list[str] | None,
        typer.Option(help="Name of one of the world's targets, or several in turn; by default all of them."),
    ] = None,
    world: WorldName = "landing_gear",
    height: Annotated[
        float | None, typer.Option(help="Metres above the ground; by default the planner's.")
    ] = None,
    ground_sampling: Annotated[
        float | None, typer.Option(help="Metres on the ground of a colour pixel; by default the planner's.")
    ] = None,
    position: Annotated[
        tuple[float, float] | None,
        typer.Option(help="x y of the one target in map, in place of the world's."),
    ] = None,
    seed: Seed = 0,
    run: Run = None,
    approval: Ask = False,
    link: Link = False,
    params_file: ParamsFile = None,
) -> None:
    """Look at targets from several sides and measure what lies there."""
    from wayscout.flight.campaign import Campaign, check_campaign
    from wayscout.flight.itinerary import looks_at_all
    from wayscout.flight.recon import ReconParams
    from wayscout.worlds.folder import load_world, parse

    folder = brain.find_world(world, ROOT / "worlds")
    public = load_world(folder)
    names = target or looks_at_all(public, config.load("recon", ReconParams))
    if not names:
        raise InvalidInput("recon.target", None, f"{public.name} knows no targets; name one and its position")
    if position is not None and len(names) > 1:
        raise InvalidInput("recon.position", position, f"one target is needed with it, not {names}")
    given = {"height": height, "ground_sampling": ground_sampling, "position": position}
    wish = {field: value for field, value in given.items() if value is not None}
    tasks = [{"task": "recon", "target": name, **wish} for name in names]
    found = parse(Campaign, {"name": f"recon {' and '.join(names)}", "tasks": tasks}, Path("recon"))
    check_campaign(found, public)
    raise typer.Exit(_fly(found, folder, seed, run, params_file, approval=approval, link=link))


def flight(
    plan: Annotated[Path, typer.Argument(help="Flight plan in YAML.")],
    world: WorldName = "jezero_delta",
    check: CheckOnly = False,
    start: Annotated[
        tuple[float, float] | None,
        typer.Option(help="With --check: x y of the helicopter, by default where the world has it."),
    ] = None,
    seed: Seed = 0,
    run: Run = None,
    approval: Ask = False,
    link: Link = False,
    params_file: ParamsFile = None,
) -> None:
    """Fly a plan, or with --check price it: time, distance, energy, pictures, link and risk."""
    from wayscout.flight.appraisal import appraise
    from wayscout.flight.campaign import Campaign, Flight, check_campaign
    from wayscout.flight.plan_file import read_flight
    from wayscout.worlds.folder import load_world

    written = read_flight(plan)
    folder = brain.find_world(world, ROOT / "worlds")
    public = load_world(folder)
    found = Campaign(name=written.name, tasks=[Flight(task="flight", plan=written)])
    check_campaign(found, public)
    if not check:
        raise typer.Exit(_fly(found, folder, seed, run, params_file, approval=approval, link=link))
    here = start or (public.start.helicopter.x, public.start.helicopter.y)
    answer = appraise(written.plan(here), _setting(folder))
    for name, text in answer.rows():
        print(f"{name:14} {text}")
    for reason in answer.reasons:
        Console(stderr=True, highlight=False).print(f"wayscout: refused: {reason}", style="red", markup=False)
    raise typer.Exit(REFUSED if answer.reasons else 0)


def approve(run: RunFolder = None) -> None:
    """Let go what a run holds for approval: a flight or the rover's drive."""
    _tell(run, "mission/approve")


def abort(run: RunFolder = None) -> None:
    """End the flight that is on: the helicopter lands at the nearest safe site."""
    _tell(run, "helicopter/abort")


def _tell(run: Path | None, service: str) -> None:
    from wayscout_bringup import operators

    _, told = operators.running(ROOT, run)
    done, message = operators.call(told, service)
    Console(stderr=not done, highlight=False).print(message, markup=False)
    raise typer.Exit(0 if done else 1)


def _campaign_file(name: str) -> Path:
    if Path(name).suffix == ".yaml":
        return Path(name)
    known = config.directory() / "campaigns"
    if not (known / f"{name}.yaml").is_file():
        names = sorted(file.stem for file in known.glob("*.yaml"))
        raise InvalidInput("campaign", name, f"a file ending in .yaml is needed, or one of {names}")
    return known / f"{name}.yaml"


def _fly(
    found: Any,
    folder: Path,
    seed: int,
    run: Path | None,
    params_file: Path | None,
    *,
    approval: bool,
    link: bool,
) -> int:
    from wayscout.flight.campaign import write_campaign
    from wayscout_bringup.mission import run_mission
    from wayscout_bringup.node_table import Options

    out = run_folder(run)
    out.mkdir(parents=True, exist_ok=True)
    write_campaign(out / "campaign.yaml", found)
    options = Options(
        world=folder,
        run_folder=out,
        seed=seed,
        params_file=params_file,
        campaign=out / "campaign.yaml",
        approval=approval,
        link=link,
    )
    return run_mission(options, Console(stderr=True))


def _setting(folder: Path) -> Any:
    """Return what flights in a world are planned on."""
    from wayscout.camera import load_camera
    from wayscout.corridor import Corridor
    from wayscout.flight.itinerary import Setting
    from wayscout.flight.plan import HelicopterLimits
    from wayscout.link.radio import Radio
    from wayscout.worlds.folder import load_orbital, load_world

    world = load_world(folder)
    rover = world.start.rover
    return Setting(
        config.load("helicopter", HelicopterLimits),
        load_camera(config.directory() / "cameras/navigation.yaml"),
        {c.name: Corridor(c.name, np.asarray(c.centreline), c.width) for c in world.corridors},
        load_orbital(folder).elevation,
        config.load("link", Radio),
        np.array([rover.x, rover.y, np.nan]),
    )


def _price_campaign(found: Any, folder: Path) -> int:
    from wayscout.flight.itinerary import estimate, targets_of
    from wayscout.flight.recon import ReconParams
    from wayscout.flight.solar import SunPower
    from wayscout.worlds.folder import load_world
    from wayscout_nodes.common.eyes import scout

    world, params = load_world(folder), config.load("recon", ReconParams)
    targets, looks = targets_of(found, world, params)
    setting = replace(_setting(folder), targets=targets, looks=looks, scout=scout(params))
    start = world.start.helicopter
    answer = estimate(found, (start.x, start.y), setting, config.load("campaign", SunPower))
    heads = ("flight", "sols before", "time", "distance", "energy", "pictures")
    print("{:30} {:>11} {:>7} {:>8} {:>8} {:>8}  lands at".format(*heads))
    for leg in answer.legs:
        x, y = leg.plan.wanted_landings[0]
        cost = leg.cost
        print(
            f"{leg.plan.flight:2d} {leg.plan.name:27} {leg.sols:11d} {cost.duration:5.0f} s"
            f" {cost.distance:6.0f} m {cost.energy / 3600:5.1f} Wh {cost.pictures:8d}  ({x:.1f}, {y:.1f})"
        )
    print(
        f"{len(answer.legs)} flights, {answer.minutes:.1f} min, {answer.kilometres:.2f} km,"
        f" {answer.sols} sols between them"
    )
    for problem in answer.problems:
        Console(stderr=True, highlight=False).print(f"wayscout: {problem}", style="red", markup=False)
    return REFUSED if answer.problems else 0
