# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A campaign: what is to be done in turn, read from YAML and held against the world.

name: two channels and back
tasks:
  - {task: survey, corridors: [A]}
  - {task: reposition, x: 10.0, y: -24.0}
  - {task: survey, corridors: [B]}
  - {task: recon, target: parachute}
  - {task: flight, plan: {name: over the ridge, waypoints: [...]}}
  - {task: climb}
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from wayscout.errors import InvalidInput
from wayscout.flight.plan_file import Finite, PlannedFlight, Strict
from wayscout.sites.records import Prior
from wayscout.worlds.folder import World, parse, read_yaml, write_yaml

DEFAULT_SIGMA = 2.0
"""Standard deviation [m] of a position that comes without one: the orbital map's shift."""

Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=80)]
Height = Annotated[float, Field(ge=2.0, le=50.0, allow_inf_nan=False, description="m above ground")]
Speed = Annotated[float, Field(ge=0.5, le=15.0, allow_inf_nan=False, description="m/s")]


class Survey(Strict):
    """Map corridors wall to wall, as the main mission does."""

    task: Literal["survey"]
    corridors: list[Name] = Field(min_length=1, max_length=8)
    height: Height | None = Field(None, description="of the legs; None: survey_height")
    speed: Speed | None = Field(None, description="of the legs; None: cruise_speed")

    @property
    def label(self) -> str:
        return f"survey {' and '.join(self.corridors)}"

    @model_validator(mode="after")
    def _once(self) -> Survey:
        if len(set(self.corridors)) != len(self.corridors):
            raise ValueError("each corridor once")
        return self


class Recon(Strict):
    """Look at a place from several sides and measure what lies there."""

    task: Literal["recon"]
    target: Name
    position: tuple[Finite, Finite] | None = Field(
        None, description="x, y [m]; None: that of the world's target"
    )
    position_sigma: Positive | None = Field(None, description="m; None: the world's")
    kind: Literal["parachute", "backshell", "debris", ""] | None = Field(
        None, description="None: the world's"
    )
    size: Positive | None = Field(None, description="m across; None: the world's")
    ground_sampling: Positive | None = Field(None, description="m, of a colour pixel; None: the default")
    viewing_angles: list[Annotated[float, Field(ge=0.0, lt=1.5, allow_inf_nan=False)]] = Field(
        default=[], max_length=8, description="rad from straight down; empty: the default"
    )
    height: Height | None = None

    @property
    def label(self) -> str:
        return f"recon {self.target}"


class Reposition(Strict):
    """Fly to a place and land near it where it is safe."""

    task: Literal["reposition"]
    x: Finite = Field(description="m, map frame")
    y: Finite = Field(description="m, map frame")

    @property
    def label(self) -> str:
        return f"reposition to ({self.x:g}, {self.y:g})"


class Flight(Strict):
    """Fly a plan as it is written."""

    task: Literal["flight"]
    plan: PlannedFlight

    @property
    def label(self) -> str:
        return f"flight '{self.plan.name}'"


class Climb(Strict):
    """Decide on a channel and drive it, as the main mission does."""

    task: Literal["climb"]

    @property
    def label(self) -> str:
        return "climb"


Task = Survey | Recon | Reposition | Flight | Climb


class Campaign(Strict):
    """campaign.yaml."""

    format: Literal[1] = 1
    name: Name
    description: str = ""
    tasks: list[Annotated[Task, Field(discriminator="task")]] = Field(min_length=1, max_length=60)

    @model_validator(mode="after")
    def _climb_is_last(self) -> Campaign:
        climbs = [i for i, task in enumerate(self.tasks) if isinstance(task, Climb)]
        if climbs and climbs != [len(self.tasks) - 1]:
            raise ValueError("one climb at most, as the last task: the rover drives away from the helicopter")
        return self

    @property
    def needs_corridors(self) -> bool:
        return any(isinstance(task, Survey | Climb) for task in self.tasks)

    @property
    def needs_recon(self) -> bool:
        return any(isinstance(task, Recon) for task in self.tasks)


def read_campaign(file: Path) -> Campaign:
    """Read a campaign.

    Raises:
        InvalidInput: naming file and field when it is missing, no YAML or breaks the schema.
    """
    return parse(Campaign, read_yaml(file), file)


def write_campaign(file: Path, campaign: Campaign) -> None:
    """Write a campaign so that `read_campaign` reads it back."""
    content = campaign.model_dump(mode="json", exclude_none=True)
    write_yaml(file, content, "A campaign; see docs/campaign.md.")


def check_campaign(campaign: Campaign, world: World) -> None:
    """Hold a campaign against a world.

    Raises:
        InvalidInput: naming the task and field that the world cannot serve, and what it knows.
    """
    corridors = [c.name for c in world.corridors]
    half = 0.5 * world.size
    for i, task in enumerate(campaign.tasks):
        where = f"tasks[{i}]"
        if isinstance(task, Survey):
            for name in task.corridors:
                if name not in corridors:
                    raise InvalidInput(f"{where}.corridors", name, f"known to {world.name} are {corridors}")
        elif isinstance(task, Climb) and not corridors:
            raise InvalidInput(f"{where}.task", "climb", f"{world.name} has no corridor to climb")
        for field, x, y in _places(task, world, where):
            if not (abs(x) < half and abs(y) < half):
                raise InvalidInput(field, (x, y), f"within +-{half:g} m of {world.name}'s centre")


def target_of(task: Recon, world: World, where: str = "recon") -> Prior:
    """Return what a reconnaissance asks for: the task's own figures before the world's.

    Raises:
        InvalidInput: when the world knows no such target and the task gives no position.
    """
    known = {target.name: target for target in world.targets}
    found = known.get(task.target)
    if task.position is not None:
        x, y = task.position
    elif found is not None:
        x, y = found.x, found.y
    else:
        raise InvalidInput(
            f"{where}.target", task.target, f"known to {world.name} are {sorted(known)}; or give its position"
        )

    def pick(own: Any, name: str, default: Any) -> Any:
        return own if own is not None else getattr(found, name, default)

    return Prior(
        float(x),
        float(y),
        float(pick(task.position_sigma, "sigma", DEFAULT_SIGMA)),
        str(pick(task.kind, "kind", "")),
        float(pick(task.size, "size", 0.0) or 0.0),
        task.target,
    )


def _places(task: Task, world: World, where: str) -> list[tuple[str, float, float]]:
    """Return the places that a task names, each with its field."""
    if isinstance(task, Reposition):
        return [(where, task.x, task.y)]
    if isinstance(task, Recon):
        target = target_of(task, world, where)
        return [(f"{where}.position", target.x, target.y)]
    if isinstance(task, Flight):
        corners = [(f"{where}.plan.waypoints[{k}]", w.x, w.y) for k, w in enumerate(task.plan.waypoints)]
        sites = [(f"{where}.plan.landing_sites[{k}]", *s) for k, s in enumerate(task.plan.landing_sites)]
        return [*corners, *sites]
    return []
