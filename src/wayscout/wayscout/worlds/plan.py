# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What a seed plans: who is passable, where the channels run, what stands in them. Cheap: no rasters."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from wayscout.errors import InvalidInput
from wayscout.worlds import noise
from wayscout.worlds.recipe import Outcome, Recipe

Array = npt.NDArray[np.float64]
Kind = Literal[
    "boulder_field",  # blocks: rocks of 0.45-0.9 m wall to wall
    "ledge",  # blocks: a step of 0.5-0.9 m wall to wall
    "sand_slope",  # blocks: loose sand steeper than 18 deg wall to wall
    "breached_ledge",  # a step with a ramped gap in the lane
    "small_ledge",  # a step low enough to climb
    "firm_slope",  # steep but firm and within limits
    "slab_field",  # looks like boulders from orbit, but the lane is clear
    "dark_patch",  # looks like sand, is firm
    "sand_pocket",  # loose sand where the floor is gentle
]
BLOCKING: tuple[Kind, ...] = ("boulder_field", "ledge", "sand_slope")
LANE_MARGIN = 1.5  # m between a lane and the feet of the walls, where there is room
STEP = 0.25  # m, sampling of the curves along a channel


@dataclass(frozen=True)
class Feature:
    """Something planted in a channel between `begin` and `end` [m along it].

    `value` is a height [m] for ledges, a slope [rad] for slopes, Golombek's k for fields, else a share.
    """

    kind: Kind
    begin: float
    end: float
    value: float

    @property
    def middle(self) -> float:
        return 0.5 * (self.begin + self.end)


@dataclass(frozen=True)
class Channel:
    """One channel: curves sampled every `STEP` metres along its centreline from mouth to head.

    Attributes:
        centreline: (n, 2) x, y [m].
        half_width: (n,) half the floor's width [m].
        height: (n,) floor height [m] above the crater floor, without what is planted across it.
        lane: (n,) offset of the lane's middle to the left of the centreline [m].
        lane_half: (n,) half the lane's clear width [m].
    """

    name: str
    passable: bool
    centreline: Array
    half_width: Array
    height: Array
    lane: Array
    lane_half: Array
    features: list[Feature] = field(default_factory=list)

    @property
    def along(self) -> Array:
        """Distance along the centreline of each sample [m]."""
        return np.arange(len(self.centreline), dtype=np.float64) * STEP

    @property
    def length(self) -> float:
        return float(self.along[-1])

    def cost(self) -> float:
        """A rough drive cost of the clear lane [m of level firm ground]; inf when blocked."""
        if not self.passable:
            return float("inf")
        grade = np.gradient(self.height, STEP)
        bend = np.hypot(1.0, np.gradient(self.lane, STEP))
        per_metre = bend * (1.0 + 12.0 * grade**2)
        for f in self.features:
            if f.kind in ("sand_pocket", "firm_slope", "breached_ledge"):
                per_metre[(self.along >= f.begin) & (self.along <= f.end)] *= 1.35
        return float(per_metre.sum() * STEP)


@dataclass(frozen=True)
class Plan:
    """The plan of a world; heights are relative to the crater floor."""

    seed: int
    outcome: Outcome
    best: Literal["A", "B", "neither"]
    misleading: bool
    rise: float
    channels: tuple[Channel, Channel]
    shift: tuple[float, float]
    sun_azimuth: float
    sun_elevation: float


def draw_outcome(seed: int) -> Outcome:
    """Draw who is passable: in every twenty consecutive seeds 5 each of A, B, both and neither, shuffled."""
    block, place = divmod(seed, 20)
    order = noise.stream(block, "outcome").permutation(20)
    table: tuple[Outcome, ...] = ("A", "B", "both", "neither")
    return table[int(order[place]) % 4]


def make_plan(
    seed: int, recipe: Recipe, outcome: Outcome | None = None, misleading: bool | None = None
) -> Plan:
    """Plan a world.

    Args:
        seed: any non-negative integer.
        recipe: kind of world.
        outcome, misleading: fix what is otherwise drawn from the seed.
    """
    rng = noise.stream(seed, "plan")
    outcome = outcome or draw_outcome(seed)
    coin = bool(rng.random() < recipe.misleading)
    misleading = coin if misleading is None else misleading
    rise = rng.uniform(*recipe.rise)
    favoured = {"A": 0, "B": 1}.get(outcome, int(rng.integers(2)))  # the channel that is better in truth
    # The better channel is the shorter one, except where orbital data shall mislead: then it looks worse.
    looks_better = 1 - favoured if misleading and outcome != "both" else favoured
    low, high = recipe.channel_length
    lengths = [0.0, 0.0]
    lengths[looks_better] = low + rng.uniform(0.0, 0.12) * (high - low)
    # Clearly longer: the choice matters, and shows through the orbital map's error in most worlds.
    longer = rng.uniform(0.8, 1.0)
    lengths[1 - looks_better] = low + longer * (high - low)
    passable = {"A": (True, False), "B": (False, True), "both": (True, True), "neither": (False, False)}[
        outcome
    ]
    channels = []
    for index, name in enumerate("AB"):
        channels.append(
            _make_channel(
                name, (-1, 1)[index] * recipe.channel_x, lengths[index], rise, recipe, seed,
                passable=passable[index], smooth=looks_better == index,
                burdened=outcome == "both" and index != favoured,
            )
        )  # fmt: skip
    a, b = channels
    best: Literal["A", "B", "neither"] = (
        "neither" if outcome == "neither" else "A" if a.cost() <= b.cost() else "B"
    )
    bearing, reach = rng.uniform(0, 2 * np.pi), recipe.orbital_shift * np.sqrt(rng.uniform(0.1, 1.0))
    # Morning or afternoon sun: across the channels, so that walls throw shadows on the floors.
    azimuth = rng.choice([rng.uniform(-0.5, 0.3), np.pi + rng.uniform(-0.3, 0.5)])
    return Plan(
        seed, outcome, best, misleading, rise, (a, b),
        (float(reach * np.cos(bearing)), float(reach * np.sin(bearing))),
        float(azimuth), float(np.radians(rng.uniform(*recipe.sun_elevation))),
    )  # fmt: skip


def swap_hazards(plan: Plan) -> Plan:
    """Give each channel what stands in the other one; their courses, widths and heights stay.

    So a truth comes about that orbital data of the original do not tell from it.

    Raises:
        InvalidInput: where loose sand blocks a slope: that is in the heights, which the orbiter sees.
    """
    if any(f.kind == "sand_slope" for c in plan.channels for f in c.features):
        raise InvalidInput("swap_hazards", f"seed {plan.seed}", "a world without a sand_slope is needed")
    a, b = (_with_hazards_of(other, mine) for mine, other in (plan.channels, plan.channels[::-1]))
    outcome: Outcome = plan.outcome
    if a.passable != b.passable:
        outcome = "A" if a.passable else "B"
    best: Literal["A", "B", "neither"] = (
        "neither" if outcome == "neither" else "A" if a.cost() <= b.cost() else "B"
    )
    return replace(plan, outcome=outcome, best=best, channels=(a, b))


def _with_hazards_of(other: Channel, channel: Channel) -> Channel:
    scale = channel.length / other.length
    features = [replace(f, begin=f.begin * scale, end=f.end * scale) for f in other.features]
    return replace(channel, passable=other.passable, features=features)


def _make_channel(
    name: str, x: float, length: float, rise: float, recipe: Recipe, seed: int, *,
    passable: bool, smooth: bool, burdened: bool,
) -> Channel:  # fmt: skip
    rng = noise.stream(seed, "channel", name)
    centreline = _meander(x, length, recipe, rng)
    n = len(centreline)
    along = np.arange(n, dtype=np.float64) * STEP
    total = float(along[-1])
    scale = float(np.mean(recipe.floor_width)) / 11.0
    low, high = recipe.floor_width
    middle = rng.uniform(low + 0.3 * (high - low), high - 0.3 * (high - low))
    width = np.clip(middle + 0.3 * (high - low) * noise.curve(total, 14 * scale, along, rng), low, high)
    lane_half = 0.5 * np.clip(
        np.mean(recipe.lane_width) + 0.3 * noise.curve(total, 9.0, along, rng), *recipe.lane_width
    )
    room = 0.5 * width - lane_half - LANE_MARGIN
    lane = np.clip(0.6 * noise.curve(total, 26.0 * scale, along, rng), -1.0, 1.0) * np.maximum(room, 0.0)
    lane = np.convolve(
        np.pad(lane, 12, mode="edge"), np.hanning(27)[1:-1] / np.hanning(27).sum(), mode="valid"
    )
    features = _plant(total, scale, recipe, rng, passable=passable, smooth=smooth, burdened=burdened)
    height = _profile(along, rise, features, recipe, rng, smooth=smooth)
    return Channel(name, passable, centreline, 0.5 * width, height, lane, lane_half, features)


def _meander(x: float, length: float, recipe: Recipe, rng: np.random.Generator) -> Array:
    """Return a wandering line of the wanted length from mouth to head, sampled every STEP metres.

    Of a few draws the first whose bends are wider than the floor is taken, else that with the widest bends.
    """
    widest, best = -1.0, np.zeros((0, 2))
    for _ in range(12):
        line = _draw_meander(x, length, recipe, rng)
        tangent = np.gradient(line[::4], axis=0)
        turn = np.abs(np.diff(np.unwrap(np.arctan2(tangent[:, 1], tangent[:, 0])))).max() / (4 * STEP)
        if 1.0 / turn > widest:
            widest, best = 1.0 / turn, line
        if widest > 1.25 * recipe.floor_width[1]:
            break
    return best


def _draw_meander(x: float, length: float, recipe: Recipe, rng: np.random.Generator) -> Array:
    y0, y1 = recipe.channel_y
    y = np.linspace(y0, y1, 4 * int((y1 - y0) / STEP))
    wavelength, phase = rng.uniform(*recipe.meander), rng.uniform(0, 2 * np.pi)
    shape = np.sin(2 * np.pi * y / wavelength + phase) + 0.06 * np.sin(
        4.3 * np.pi * y / wavelength + 2.1 * phase
    )
    ends = np.minimum(y - y0, y1 - y) / (y1 - y0)
    shape = shape * noise.smoothstep(-0.12, 0.28, ends)
    small, large = 0.0, 0.5 * wavelength
    for _ in range(40):
        amplitude = 0.5 * (small + large)
        if np.hypot(np.diff(y), np.diff(amplitude * shape)).sum() < length:
            small = amplitude
        else:
            large = amplitude
    px = x + amplitude * (shape - shape.mean())
    s = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(y), np.diff(px)))])
    even = np.arange(0.0, s[-1], STEP)
    return np.stack([np.interp(even, s, px), np.interp(even, s, y)], axis=1)


def _plant(
    total: float, scale: float, recipe: Recipe, rng: np.random.Generator, *,
    passable: bool, smooth: bool, burdened: bool,
) -> list[Feature]:  # fmt: skip
    """Choose what stands in a channel and where; places do not overlap."""
    kinds: list[Kind] = []
    if not passable:
        count = int(rng.integers(recipe.blockers[0], recipe.blockers[1] + 1))
        kinds += [str(k) for k in rng.permutation(BLOCKING)[:count]]  # type: ignore[misc]
    decoys = int(rng.integers(recipe.decoys[0], recipe.decoys[1] + 1)) + (0 if smooth else 1)
    harmless: tuple[Kind, ...] = ("breached_ledge", "small_ledge", "firm_slope", "slab_field", "dark_patch")
    kinds += [str(k) for k in rng.choice(harmless, decoys)]  # type: ignore[misc]
    kinds += ["sand_pocket"] * (1 + (int(total / 60.0) if burdened else 0))
    if burdened:
        kinds += ["breached_ledge", "firm_slope"]
    order = rng.permutation(len(kinds))
    # Keep the outer eighths free: there the walls are low or missing.
    begin, end = 0.14 * total, 0.80 * total
    slot = (end - begin) / len(kinds)
    features = []
    for place, index in enumerate(order):
        kind = kinds[int(index)]
        extent, value = _extent(kind, scale, rng)
        extent = min(extent, 0.8 * slot)
        middle = begin + slot * (place + 0.5) + rng.uniform(-0.5, 0.5) * (slot - extent)
        features.append(
            Feature(kind, float(middle - 0.5 * extent), float(middle + 0.5 * extent), float(value))
        )
    return features


def _extent(kind: Kind, scale: float, rng: np.random.Generator) -> tuple[float, float]:
    """Draw length along the channel [m] and value of a feature."""
    if kind == "boulder_field":
        return rng.uniform(9.0, 14.0) * max(scale, 0.6), 0.0
    if kind == "ledge":
        return 2.0, rng.uniform(0.55, 0.9)
    if kind == "sand_slope":
        return rng.uniform(5.5, 7.0) * max(scale, 0.7), np.radians(rng.uniform(18.2, 19.2))
    if kind == "breached_ledge":
        return 6.0 * max(scale, 0.7), rng.uniform(0.3, 0.6) * max(scale, 0.6)
    if kind == "small_ledge":
        return 2.0, rng.uniform(0.12, 0.2)
    if kind == "firm_slope":
        return rng.uniform(6.0, 9.0) * max(scale, 0.6), np.radians(rng.uniform(12.0, 13.0))
    if kind == "slab_field":
        return rng.uniform(9.0, 14.0) * max(scale, 0.6), 0.12
    return rng.uniform(7.0, 13.0) * max(scale, 0.55), 1.0


def _profile(
    along: Array,
    rise: float,
    features: list[Feature],
    recipe: Recipe,
    rng: np.random.Generator,
    *,
    smooth: bool,
) -> Array:
    """Floor height along the channel: from 0 at the mouth to the rise at the head, within slope limits."""
    total = float(along[-1])
    mean = rise / total
    wave = noise.curve(total, total / 9.0, along, rng) * (0.06 if smooth else 0.13)
    grade = mean * (1.0 + wave)
    fixed = np.zeros(along.shape, bool)
    for f in features:
        inside = (along >= f.begin) & (along <= f.end)
        if f.kind in ("sand_slope", "firm_slope"):
            grade[inside] = np.tan(f.value)
        elif f.kind in ("breached_ledge", "sand_pocket", "ledge", "small_ledge"):
            inside = (along >= f.begin - 1.0) & (along <= f.end + 1.0)
            grade[inside] = min(mean, np.tan(np.radians(7.6)))
        else:
            continue
        fixed |= inside
    steepest = np.tan(np.radians(12.6))
    eased = np.minimum(along, total - along) / (0.03 * total)
    for _ in range(20):
        missing = rise - grade.sum() * STEP
        free = ~fixed
        grade[free] = np.clip(grade[free] + missing / (free.sum() * STEP), np.tan(np.radians(5.0)), steepest)
    # Mouth and head run out gently.
    grade *= np.clip(0.3 + 0.7 * eased, 0.3, 1.0)
    # Rounds the slope over half a metre, so that no kink shows where a feature begins.
    grade = np.convolve(np.pad(grade, 3, mode="edge"), np.ones(7) / 7.0, mode="valid")
    height: Array = np.concatenate([[0.0], np.cumsum(grade[:-1]) * STEP])
    scaled: Array = height * (rise / height[-1])
    return scaled
