"""The URDFs hold the numbers of config/, and frames are where the cameras need them."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from wayscout import config
from wayscout.geometry import Pose
from wayscout_nodes.common.bodies import fixed_offset, urdf_file, urdf_text
from wayscout_sim.helicopter import HelicopterNumbers, helicopter_urdf
from wayscout_sim.rover import JOINTS, RoverNumbers, rover_urdf


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
    assert set(re.findall(r'<joint name="(\w+)" type="(?:revolute|continuous)"', rover_urdf())) == set(JOINTS)
    heavier = RoverNumbers(**{**vars(config.load("rover", RoverNumbers)), "mass": 1100.0})
    masses = [float(m) for m in re.findall(r'<mass value="([^"]+)"', rover_urdf(heavier))]
    assert sum(masses) == pytest.approx(1100.0)
    assert 'mass value="1.8"' in helicopter_urdf(config.load("helicopter", HelicopterNumbers))


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
