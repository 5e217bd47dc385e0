# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The parts of Wayscout that need no ROS, as commands: world, map, plan."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from wayscout.errors import InvalidInput

NO_PATH = 3
world_app = typer.Typer(help="Make worlds.", no_args_is_help=True)
Point = tuple[float, float]


def find_world(name: str, root: Path) -> Path:
    """Return a world folder: a folder that exists, or a built-in world, made on first need below `root`.

    Raises:
        InvalidInput: when it is neither.
    """
    from wayscout.worlds.catalogue import ensure_world

    if (Path(name) / "world.yaml").is_file():
        return Path(name).resolve()
    return ensure_world(name, root)


@world_app.command("new")
def new(
    seed: Annotated[int, typer.Option(help="Each seed is another delta front.")],
    out: Annotated[Path, typer.Option(help="World folder to make.")],
    recipe: Annotated[str, typer.Option(help="Recipe in config/worlds.yaml.")] = "jezero_delta",
) -> None:
    """Make a world from a seed."""
    from wayscout.worlds.generate import new_world

    new_world(seed, out, recipe=recipe)
    Console(stderr=True).print(f"world written to {out}", markup=False, soft_wrap=True)


@world_app.command("from-dem")
def from_dem(
    dem: Annotated[Path, typer.Argument(help="GeoTIFF, 16-bit PNG or npy.")],
    start: Annotated[Point, typer.Option(help="Rover's start x y in the DEM's coordinates.")],
    goal: Annotated[Point, typer.Option(help="Goal x y in the DEM's coordinates.")],
    out: Annotated[Path, typer.Option(help="World folder to make.")],
    resolution: Annotated[
        float | None, typer.Option(help="Cell size in metres where the file has none.")
    ] = None,
    height: Annotated[float | None, typer.Option(help="Height span in metres of a PNG's full range.")] = None,
) -> None:
    """Make a world from a real elevation model."""
    from wayscout.worlds.from_dem import world_from_dem

    console = Console(stderr=True)
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always", UserWarning)
        world_from_dem(dem, start, goal, out, resolution=resolution, height=height)
    for note in notes:
        if note.category is UserWarning:
            console.print(str(note.message), style="yellow", markup=False, soft_wrap=True)
    console.print(f"world written to {out}", markup=False, soft_wrap=True)


@world_app.command("make")
def make(
    name: Annotated[str, typer.Argument(help="Built-in world in config/worlds.yaml.")],
    root: Annotated[Path, typer.Option(help="Folder of the world folders.")] = Path("worlds"),
) -> None:
    """Make a built-in world now rather than on first need."""
    Console(stderr=True).print(f"world in {find_world(name, root)}", markup=False, soft_wrap=True)


def map_pictures(
    images: Annotated[Path, typer.Argument(help="Folder of the pictures.")],
    poses: Annotated[Path, typer.Option(help="CSV: image,x,y,z,qx,qy,qz,qw of the optical frame in map.")],
    camera: Annotated[Path, typer.Option(help="Camera in ROS camera_info YAML.")],
    out: Annotated[Path, typer.Option(help="Folder for elevation.tif, sigma.tif and ortho.tif.")],
    resolution: Annotated[float, typer.Option(help="Cell size in metres.")] = 0.1,
    pose_sigma: Annotated[
        float, typer.Option(help="Standard deviation of the poses' slow bends in metres; enters sigma.tif.")
    ] = 0.0,
) -> None:
    """Turn posed pictures into elevation, its sigma and an orthomosaic."""
    from wayscout.mapping.offline import map_folder

    console = Console(stderr=True, highlight=False)
    with Progress(console=console) as progress:
        task = progress.add_task("mapping", total=None)

        def report(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        result = map_folder(images, poses, camera, resolution, out, pose_sigma=pose_sigma, progress=report)
    console.print(
        f"{result.pictures_used} of {result.pictures} pictures used, {result.area:.0f} m2 measured"
        f" at {resolution:g} m; {', '.join(file.name for file in result.files)} in {out}",
        markup=False,
        soft_wrap=True,
    )
    if result.unused:
        console.print(f"matched nothing: {', '.join(result.unused)}", style="yellow", markup=False)


def plan(
    cost: Annotated[
        Path, typer.Argument(help="npy of cost per metre, rows (y) by columns (x); inf or NaN blocks.")
    ],
    resolution: Annotated[float, typer.Option(help="Cell size in metres.")],
    start: Annotated[Point, typer.Option(help="x y in metres.")],
    goal: Annotated[Point, typer.Option(help="x y in metres.")],
) -> None:
    """Plan the cheapest path over a cost map; JSON on stdout, exit code 3 when there is none."""
    from wayscout.routing.offline import load_cost, plan_path

    answer: dict[str, Any] = plan_path(load_cost(cost), resolution, start, goal)
    print(json.dumps(answer))
    if answer["path"] is None:
        raise typer.Exit(NO_PATH)


def main() -> None:
    """Run as `python -m wayscout`, without ROS and without a build."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.add_typer(world_app, name="world")
    app.command("map")(map_pictures)
    app.command("plan")(plan)
    try:
        app()
    except InvalidInput as error:
        Console(stderr=True).print(f"wayscout: {error}", style="red", markup=False, highlight=False)
        raise SystemExit(2) from error
