# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The URDFs hold the numbers of config/, and frames are where the cameras need them."""

from __future__ import annotations

import math
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from wayscout import config
from wayscout.geometry import Pose
from wayscout_nodes.common.bodies import fixed_offset, joints, urdf_file, urdf_text
from wayscout_sim.rover import JOINTS


@pytest.mark.parametrize("vehicle", ["rover", "helicopter"])
def test_defaults_are_those_of_the_configuration(vehicle: str) -> None:
    defaults = re.findall(r'<xacro:arg name="(\w+)" default="([^"]+)"', urdf_file(vehicle).read_text())
    assert defaults
    for name, value in defaults:
        assert float(value) == config.read(vehicle)[name].value, name


@pytest.mark.parametrize("vehicle", ["rover", "helicopter"])
def test_masses_add_up(vehicle: str) -> None:
    masses = [float(m) for m in re.findall(r'<mass value="([^"]+)"', urdf_text(vehicle))]
    assert sum(masses) == pytest.approx(config.read(vehicle)["mass"].value)


def test_numbers_reach_the_urdf() -> None:
    moving = re.findall(r'<joint name="(\w+)" type="(?:revolute|continuous)"', urdf_text("rover"))
    assert set(moving) == set(JOINTS)
    masses = re.findall(r'<mass value="([^"]+)"', urdf_text("rover", mass=1100.0))
    assert sum(float(m) for m in masses) == pytest.approx(1100.0)
    assert 'mass value="1.8"' in urdf_text("helicopter")


def test_the_configuration_places_the_laser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fixed_offset("helicopter", "range_link").position[2] == 0.0
    shutil.copytree(config.directory(), tmp_path / "config")
    file = tmp_path / "config" / "helicopter.yaml"
    file.write_text(file.read_text().replace("range_offset: {value: 0.0", "range_offset: {value: 0.1"))
    monkeypatch.setenv("WAYSCOUT_CONFIG", str(tmp_path / "config"))
    cached = (config.read, urdf_text, joints)
    for function in cached:
        function.cache_clear()
    try:
        assert fixed_offset("helicopter", "range_link").position[2] == pytest.approx(0.1)
    finally:
        for function in cached:
            function.cache_clear()


def test_navigation_camera_looks_down_with_the_nose_up() -> None:
    rotation = fixed_offset("helicopter", "navcam_optical").rotation()
    assert rotation @ [0, 0, 1] == pytest.approx([0, 0, -1], abs=1e-9)
    assert rotation @ [0, -1, 0] == pytest.approx([1, 0, 0], abs=1e-9)


def test_laser_looks_down() -> None:
    assert fixed_offset("helicopter", "range_link").rotation()[:, 0] == pytest.approx([0, 0, -1], abs=1e-9)


def test_hazard_camera_sees_the_ground_ahead() -> None:
    eye: Pose = fixed_offset("rover", "hazcam_optical")
    forward, right = eye.rotation()[:, 2], eye.rotation()[:, 0]
    assert right == pytest.approx([0, -1, 0], abs=1e-9)
    pitch = math.degrees(-math.asin(forward[2]))
    assert 20.0 <= pitch <= 25.0
    half = 35.0
    near = eye.position[2] / math.tan(math.radians(pitch + half))
    assert near < 1.5
    assert np.isclose(eye.position[2], 1.2)
    assert pitch - half < math.degrees(math.atan2(eye.position[2], 8.0))


def test_colour_camera_looks_ahead_and_down() -> None:
    rotation = fixed_offset("helicopter", "colour_optical").rotation()
    assert rotation[:, 0] == pytest.approx([0, -1, 0], abs=1e-9)
    below = math.radians(43.5)
    assert rotation[:, 2] == pytest.approx([math.cos(below), 0, -math.sin(below)], abs=1e-4)
