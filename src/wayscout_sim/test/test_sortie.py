# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Whole flights without ROS: a landing among rocks, a field without a safe site, what breaks on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from toy_world import make_world

from wayscout.flight.guidance import Guidance
from wayscout.flight.plan import FlightPlan, FlightWaypoint
from wayscout.worlds import folder
from wayscout.worlds.folder import Orbital, OrbitalMeta
from wayscout.worlds.orbital import observe_elevation, observe_image
from wayscout.worlds.truth import load_truth
from wayscout_sim.sortie import Landing, Sortie

Array = npt.NDArray[np.float64]
HOME, AMONG, FIELD = (3.0, -5.0), (-9.0, 4.0), (17.0, 15.0)


def gentle(x: Array, y: Array) -> Array:
    """Ground with a few degrees of slope."""
    result: Array = 0.02 * x + 0.15 * np.sin(0.3 * x) * np.cos(0.25 * y)
    return result


def rocks(rng: np.random.Generator) -> Array:
    """A few around one place; another so full of them that nobody can land there."""
    few = np.array(AMONG) + rng.uniform(-8.0, 8.0, (40, 2))
    few = np.vstack([[AMONG], few])
    grid = np.arange(-11.0, 11.0, 0.8)
    many = np.stack(np.meshgrid(FIELD[0] + grid, FIELD[1] + grid), axis=-1).reshape(-1, 2)
    many = many + rng.uniform(-0.15, 0.15, many.shape)
    many = many[np.abs(many).max(axis=1) < 31.0]
    xy = np.vstack([few, many])
    size = rng.uniform(0.3, 0.5, len(xy))
    zero = np.zeros(len(xy))
    return np.column_stack([xy, zero, size, size, 0.5 * size, zero])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(3)
    grain = np.clip(rng.normal(130, 25, (2048, 2048, 1)), 0, 255).astype(np.uint8).repeat(3, axis=2)
    path = make_world(
        tmp_path_factory.mktemp("landing") / "toy", gentle, rocks=rocks(rng), size=64.0, texture=grain
    )
    truth = load_truth(path)
    seen = observe_elevation(
        truth.ground, 64.0, shift=(0.3, -0.2), blur=1.0, sigma=0.1, correlation=20.0, rng=rng
    )
    image = observe_image(grain[::-1, :, 0], 64.0, shift=(0.3, -0.2), rng=rng)
    meta = OrbitalMeta(
        elevation_resolution=1.0, image_resolution=0.25, origin=(-32.0, -32.0),
        elevation_sigma=0.1, elevation_correlation=20.0, shift_sigma=0.5,
    )  # fmt: skip
    folder.write_orbital(path, Orbital(seen, image, 0.25, (-32.0, -32.0), meta))
    return path


def fly(
    world: Path,
    to: tuple[float, float],
    *,
    fault: str = "",
    at: float = 5.0,
    speed: float = 4.0,
    energy: float | None = None,
    each_step: Callable[[Guidance, float], None] | None = None,
) -> tuple[Landing, Sortie]:
    sortie = Sortie(world, 5)
    sortie.sim.faults.set(replace(sortie.sim.faults.numbers, fault=fault, fault_time=at))
    if energy is not None:
        sortie.set_energy(energy)
    way = tuple(FlightWaypoint(x, y, 10.0, speed, 0.5, s) for (x, y), s in ((HOME, 0.0), (to, 3.0)))
    try:
        return sortie.fly(FlightPlan(1, "test", way, (to,)), each_step), sortie
    finally:
        sortie.close()


def stands_well(landing: Landing, sortie: Sortie) -> None:
    x, y = landing.true.position[:2]
    table = sortie.sim.truth.rocks
    gap = np.hypot(table[:, 0] - x, table[:, 1] - y) - 0.5 * table[:, 3]
    assert gap.min() > 0.1
    assert np.degrees(landing.true.tilt()) < 6.0
    assert landing.lost == ""
    assert landing.energy_left > sortie.limits.energy_reserve


def test_it_lands_between_rocks_that_it_saw_on_the_way_in(world: Path) -> None:
    landing, sortie = fly(world, AMONG)
    assert landing.outcome == "complete"
    assert landing.lander.chosen is not None
    assert landing.lander.chosen.basis == "look"
    assert landing.lander.chosen.probability >= sortie.limits.landing_probability
    assert np.hypot(*(landing.true.position[:2] - AMONG)) < sortie.limits.landing_search + 1.0
    stands_well(landing, sortie)


@pytest.mark.parametrize(
    ("energy", "words"), [(None, "no safe site near (17.0, 15.0)"), (20000.0, "energy: ")]
)
def test_without_a_safe_site_it_returns_to_where_it_stood_with_its_reserve(
    world: Path, energy: float | None, words: str
) -> None:
    landing, sortie = fly(world, FIELD, energy=energy)
    assert landing.outcome == "cut short"
    assert words in landing.message
    assert np.hypot(*(landing.true.position[:2] - HOME)) < sortie.limits.landing_search + 1.0
    stands_well(landing, sortie)


@pytest.mark.parametrize(
    ("fault", "outcome", "words"),
    [
        ("wind", "cut short", "wind: "),
        ("camera", "cut short", "camera: 5 pictures in a row are black"),
        ("range", "aborted", "no laser range"),
        ("battery", "cut short", "energy: "),
    ],
)
def test_what_breaks_in_flight_ends_in_a_landing(world: Path, fault: str, outcome: str, words: str) -> None:
    landing, _ = fly(world, (-25.0, 20.0), fault=fault, speed=2.5)
    assert landing.outcome == outcome
    assert words in landing.message
    assert landing.lost == ""
    assert np.degrees(landing.true.tilt()) < 12.0
    assert landing.seconds < 40.0
