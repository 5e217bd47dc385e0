# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A reconnaissance from command to report: real processes, real DDS, in the world with the landing gear."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from wayscout.cli import find_world
from wayscout.geometry import Pose, PoseBuffer
from wayscout.worlds.folder import load_world
from wayscout_nodes.common import bodies

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def world() -> Path:
    return find_world("landing_gear", ROOT / "worlds")


@pytest.fixture(scope="module")
def recon(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the run folder of a look at the parachute, which takes in the backshell beside it."""
    run = tmp_path_factory.mktemp("recon") / "run"
    command = [sys.executable, "-m", "wayscout_bringup.cli", "recon", "--target", "parachute"]
    done = subprocess.run(
        [*command, "--world", str(world), "--run", str(run)],
        env={**os.environ, "ROS_DOMAIN_ID": ""},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return run


def read(run: Path, name: str) -> Any:
    return json.loads((run / name).read_text())


def site(run: Path) -> Any:
    (file,) = (run / "site").glob("*/site.json")
    return json.loads(file.read_text())


def test_the_flight_keeps_to_the_envelope_of_a_look(recon: Path) -> None:
    (flight,) = read(recon, "flights.json")
    assert flight["outcome"] == "complete", flight["message"]
    assert flight["colour_pictures"] == 10
    assert flight["duration_s"] <= 165.0, "planned for 159 s; the landing place may lie beside"
    assert flight["distance_m"] <= 385.0
    log = np.load(recon / "truth.npz")
    speed = np.hypot(*np.diff(log["helicopter"][:, :2], axis=0).T) / np.maximum(np.diff(log["time"]), 1e-6)
    assert speed.max() < 1.05 * 3.8
    # the record's speed comes from poses as known in flight, which corrections move now and then
    assert flight["max_speed_m_s"] == pytest.approx(speed.max(), abs=0.8)


def test_colour_pictures_lie_where_they_were_taken(recon: Path) -> None:
    log = np.load(recon / "truth.npz")
    true = PoseBuffer(span=1e9)
    for time, row in zip(log["time"], log["helicopter"], strict=True):
        true.add(float(time), Pose(row[:3], row[3:]))
    mount = bodies.fixed_offset("helicopter", "colour_optical")
    pictures = site(recon)["pictures"]
    assert len(pictures) == 10
    for picture in pictures:
        view = true.lookup(picture["t"]) @ mount
        found = Pose(np.array(picture["position"]), np.array(picture["orientation"]))
        assert np.linalg.norm(found.position - view.position) < 0.3
        assert found.rotation()[:, 2] @ view.rotation()[:, 2] > np.cos(np.radians(0.5))


def test_the_target_was_seen_from_several_sides(recon: Path, world: Path) -> None:
    (target,) = [t for t in load_world(world).targets if t.name == "parachute"]
    places = np.array([p["position"][:2] for p in site(recon)["pictures"]]) - [target.x, target.y]
    bearings = np.arctan2(places[:, 1], places[:, 0])
    assert len({int((b + np.pi) // (np.pi / 4.0)) for b in bearings}) >= 5


def test_the_ground_around_it_was_mapped_and_the_site_written(recon: Path) -> None:
    folder = next((recon / "site").iterdir())
    assert {"site.json", "ortho.png", "ortho.tif", "elevation.tif"} <= {f.name for f in folder.iterdir()}
    assert len(list((folder / "pictures").glob("*.jpg"))) == 10
    assert (recon / "map/elevation.tif").is_file()


def test_the_report_shows_it(recon: Path) -> None:
    text = (recon / "report.html").read_text()
    assert "What lies there: parachute" in text
    assert 'alt="The pictures" src="data:image/jpeg' in text
    (found,) = read(recon, "result.json")["site"]
    assert found["target"] == "parachute"
