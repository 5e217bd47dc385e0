# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What a drive proves about its channel, from made-up runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from toy_world import make_world

from wayscout.errors import InvalidInput
from wayscout.routing.compare import Candidate
from wayscout.worlds.folder import World, load_world
from wayscout_sim.drives import NEAR, Drive, read_drive


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return load_world(make_world(tmp_path_factory.mktemp("toy"), lambda x, y: 0.0 * x))


def made_run(
    folder: Path, top: float, outcome: str = "stopped", tilt: float = 10.0, rock: float = 0.1
) -> Path:
    """Write what a mission leaves that drove north from (0, -5) to y = top [m], tilted by roll [deg]."""
    folder.mkdir(parents=True, exist_ok=True)
    result = {"outcome": outcome, "message": "words", "distance_m": top + 5.0, "max_slip": 0.2}
    (folder / "result.json").write_text(json.dumps(result))
    poses = np.zeros((20, 7))
    poses[:, 1] = np.linspace(-5.0, top, 20)
    roll = np.radians(np.linspace(0.0, tilt, 20))
    poses[:, 3], poses[:, 6] = np.sin(0.5 * roll), np.cos(0.5 * roll)
    np.savez(folder / "truth.npz", rover=poses, rock_touched=np.full(20, rock))
    return folder


def verdict(*blocked: tuple[float, float]) -> Candidate:
    """Return the truth's candidate, blocked at some places."""
    nowhere = np.zeros((0, 2))
    at = np.array(blocked).reshape(-1, 2)
    return Candidate("A", not blocked, nowhere, *[np.zeros(0)] * 2, *[0.0] * 11, at)


def read(tmp_path: Path, world: World, **run: object) -> Drive:
    return read_drive(made_run(tmp_path / "run", **run), world, "A")  # type: ignore[arg-type]


def test_figures_come_from_the_truth(tmp_path: Path, world: World) -> None:
    drive = read(tmp_path, world, top=2.0, tilt=12.0, rock=0.25)
    assert drive.end.tolist() == [0.0, 2.0]
    assert (drive.along, drive.length) == (pytest.approx(7.0, abs=0.3), pytest.approx(15.0))
    assert np.degrees(drive.max_tilt) == pytest.approx(12.0)
    assert (drive.rock_touched, drive.max_slip, drive.driven) == (0.25, 0.2, 7.0)
    assert drive.kept_limits
    assert not drive.reached_top


@pytest.mark.parametrize(
    ("top", "outcome", "passable", "confirmed"),
    [
        (10.0, "arrived", True, True),
        (2.0, "stopped", True, False),
        (8.5, "arrived", True, False),  # it believes so, but stands outside the goal's radius
        (2.0, "stopped", False, True),
        (10.0, "arrived", False, False),
        (2.0, "failed", False, False),
    ],
)
def test_top_or_stop_confirm(
    tmp_path: Path, world: World, top: float, outcome: str, passable: bool, confirmed: bool
) -> None:
    drive = read(tmp_path, world, top=top, outcome=outcome)
    assert drive.confirms(verdict() if passable else verdict((0.0, 5.0), (0.0, 40.0))) is confirmed


def test_a_stop_far_from_any_block_proves_nothing(tmp_path: Path, world: World) -> None:
    drive = read(tmp_path, world, top=2.0)
    assert drive.confirms(verdict((0.0, 2.0 + NEAR - 0.1)))
    assert not drive.confirms(verdict((0.0, 2.0 + NEAR + 0.1)))
    assert drive.block_distance(verdict()) == np.inf


@pytest.mark.parametrize("beyond", [{"tilt": 26.0}, {"rock": 0.45}])
def test_a_drive_beyond_the_limits_proves_nothing(
    tmp_path: Path, world: World, beyond: dict[str, float]
) -> None:
    drive = read(tmp_path, world, top=10.0, outcome="arrived", **beyond)
    assert drive.reached_top
    assert not drive.kept_limits
    assert not drive.confirms(verdict())


def test_what_is_missing_is_named(tmp_path: Path, world: World) -> None:
    with pytest.raises(InvalidInput, match="run"):
        read_drive(tmp_path, world, "A")
    with pytest.raises(InvalidInput, match="channel"):
        read_drive(made_run(tmp_path, 2.0), world, "C")
