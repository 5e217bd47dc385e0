# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Recipes: the numbers of a kind of world, read from config/worlds.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from wayscout import config
from wayscout.errors import InvalidInput
from wayscout.worlds import folder
from wayscout.worlds.orbital import Orbiter
from wayscout.worlds.places import PAD_RADIUS, Pad

Range = Annotated[tuple[float, float], Field(description="low, high of a uniform draw")]
Outcome = Literal["A", "B", "both", "neither"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Recipe(_Strict):
    """Everything that shapes a generated world besides its seed. Lengths are metres, slopes degrees."""

    size: float = Field(gt=0, description="side of the square")
    resolution: float = Field(gt=0, description="spacing of heightmap vertices")
    texture_pixels: int = Field(ge=256, le=16384, multiple_of=512, description="side of the colour texture")
    rise: Range = Field(description="floor of the crater to top of the delta")
    front: list[tuple[float, float]] = Field(
        description="y, share of the rise: the front's profile without channels"
    )
    front_warp: tuple[float, float] = Field(description="amplitude and wavelength of the front's meanders")
    wall_slope: float = Field(ge=40, le=75, description="slope of the channel walls above their talus")
    undulation: tuple[float, float] = Field(description="deviation and wavelength of the ground's long waves")
    channel_y: tuple[float, float] = Field(description="y of channel mouths and heads")
    channel_x: float = Field(gt=0, description="distance of the channels from the middle")
    channel_length: Range = Field(description="along the centreline")
    meander: Range = Field(description="wavelength of the meanders")
    floor_width: Range = Field(description="between the feet of the walls")
    lane_width: Range = Field(description="clear lane in a passable channel")
    blockers: tuple[int, int] = Field(description="fewest and most blockers in a blocked channel")
    decoys: tuple[int, int] = Field(description="fewest and most harmless look-alikes in each channel")
    misleading: float = Field(
        ge=0, le=1, description="share of worlds whose orbital data favour the wrong channel"
    )
    rock_abundance: Range = Field(
        description="Golombek's k, share of the area covered by rocks; varies by place"
    )
    rock_largest: float = Field(gt=0.25, description="widest rock")
    sand_share: float = Field(ge=0, le=0.6, description="share of level ground below sand")
    targets: tuple[int, int] = Field(default=(0, 0), description="fewest and most science targets")
    start: tuple[float, float] = Field(description="x, y of the rover")
    goal: tuple[float, float] = Field(description="x, y")
    goal_radius: float = Field(gt=0)
    sun_elevation: Range = Field(description="degrees")
    orbital_sigma: float = Field(ge=0, description="of the correlated elevation error")
    orbital_correlation: float = Field(gt=0, description="length of that error")
    orbital_blur: float = Field(
        ge=0, description="deviation of the stereo matcher's smoothing of the elevation"
    )
    orbital_shift: float = Field(ge=0, description="largest horizontal shift")

    @property
    def pads(self) -> tuple[Pad, Pad]:
        """Level ground at the start, under rover and helicopter, and at the goal."""
        beside = (self.start[0] + 0.01 * self.size + 1.8, self.start[1])
        return Pad(self.start, beside), Pad(self.goal, self.goal, max(PAD_RADIUS, self.goal_radius))

    @property
    def orbiter(self) -> Orbiter:
        """How well the orbiter sees this kind of world."""
        return Orbiter(self.orbital_sigma, self.orbital_correlation, self.orbital_blur, self.orbital_shift)


class SiteRecipe(_Strict):
    """What shapes a generated landing site besides its seed. Lengths are metres, slopes degrees."""

    size: float = Field(gt=0, description="side of the square")
    resolution: float = Field(gt=0, description="spacing of heightmap vertices")
    texture_pixels: int = Field(ge=256, le=16384, multiple_of=512, description="side of the colour texture")
    slope: float = Field(ge=0.3, le=6, description="steepest mean slope of the ground")
    undulation: tuple[float, float] = Field(description="deviation and wavelength of the ground's long waves")
    site_reach: float = Field(ge=0, description="the site's middle lies within this of the origin, per axis")
    canopy_diameter: Range = Field(description="of the circle with the laid canopy's area")
    backshell_diameter: Range = Field(description="of the circle through its rim")
    separation: Range = Field(description="between the middles of canopy and backshell")
    lines: int = Field(ge=0, le=200, description="suspension lines")
    line_width: float = Field(gt=0, le=0.02, description="of a suspension line")
    debris: tuple[int, int] = Field(description="fewest and most pieces")
    debris_width: Range = Field(description="of pieces, across")
    debris_reach: float = Field(gt=0, description="most pieces lie within this of the backshell")
    dust: Range = Field(description="mean share of the canopy's colour that dust hides")
    rock_abundance: Range = Field(description="Golombek's k; varies by place")
    rock_largest: float = Field(gt=0.25, description="widest rock")
    sand_share: float = Field(ge=0, le=0.6, description="share of the ground below sand")
    start: tuple[float, float] = Field(description="x, y of the rover")
    goal: tuple[float, float] = Field(description="x, y")
    goal_radius: float = Field(gt=0)
    sun_elevation: Range = Field(description="degrees")
    orbital_sigma: float = Field(ge=0, description="of the correlated elevation error")
    orbital_correlation: float = Field(gt=0, description="length of that error")
    orbital_blur: float = Field(ge=0, description="deviation of the stereo matcher's smoothing")
    orbital_shift: float = Field(ge=0, description="largest horizontal shift")
    marking_sigma: float = Field(ge=0, description="per axis, of an operator's mark on the orbital image")

    @property
    def orbiter(self) -> Orbiter:
        """How well the orbiter sees this kind of world."""
        return Orbiter(self.orbital_sigma, self.orbital_correlation, self.orbital_blur, self.orbital_shift)


class Entry(_Strict):
    """A built-in world: which recipe, which seed and, when not left to the seed, which outcome."""

    recipe: str
    seed: int = Field(ge=0)
    outcome: Outcome | None = None
    misleading: bool | None = None


class Book(_Strict):
    """config/worlds.yaml."""

    worlds: dict[str, Entry]
    recipes: dict[str, Recipe]
    sites: dict[str, SiteRecipe]

    def recipe(self, name: str) -> Recipe | SiteRecipe:
        """Return a recipe, of channels or of a landing site."""
        return self.recipes[name] if name in self.recipes else self.sites[name]

    @property
    def kinds(self) -> list[str]:
        """Names of all recipes, sorted."""
        return sorted({*self.recipes, *self.sites})


def book() -> Book:
    """Read config/worlds.yaml.

    Raises:
        InvalidInput: naming file and field when it breaks the schema.
    """
    file = config.directory() / "worlds.yaml"
    content = folder.parse(Book, folder.read_yaml(file), file)
    for name, entry in content.worlds.items():
        if entry.recipe not in content.kinds:
            raise InvalidInput(f"{file}: worlds.{name}.recipe", entry.recipe, f"known are {content.kinds}")
    return content


def find_any(name: str) -> tuple[str, Recipe | SiteRecipe]:
    """Return a recipe with its name, given that or a built-in world's; InvalidInput names the known ones."""
    known = book()
    if name in known.worlds:
        name = known.worlds[name].recipe
    if name not in known.kinds:
        raise InvalidInput("recipe", name, f"known are {known.kinds}")
    return name, known.recipe(name)


def find(name: str) -> tuple[str, Recipe]:
    """Return a recipe of channels as `find_any` does; that of a landing site is refused."""
    found, recipe = find_any(name)
    if not isinstance(recipe, Recipe):
        raise InvalidInput("recipe", name, "it is a landing site's; one with channels is needed")
    return found, recipe
