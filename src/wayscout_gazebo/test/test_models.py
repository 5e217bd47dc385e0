# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The scene that Gazebo loads: against URDFs, configuration, world folder and SDF's own reader."""

from __future__ import annotations

import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from wayscout import config
from wayscout.camera import load_camera
from wayscout.cli import find_world
from wayscout.errors import InvalidInput
from wayscout.worlds import sdf
from wayscout.worlds.truth import load_truth
from wayscout_gazebo import names, scene, vehicles
from wayscout_gazebo.bodies import WORLD_LIGHT
from wayscout_nodes.common.bodies import fixed_offset, urdf_text
from wayscout_sim.states import JOINTS, STEERS, WHEELS

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def world() -> Path:
    return find_world("gully", ROOT / "worlds")


@pytest.fixture(scope="module")
def written(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("run") / "gazebo" / "scene.sdf"
    assert scene.write_scene(world, file, seed=3) == "gully"
    return file


def number(element: ET.Element, path: str) -> float:
    return float(str(element.findtext(path)))


@pytest.mark.parametrize("vehicle", ["rover", "helicopter"])
def test_masses_links_and_joints_are_the_urdfs(vehicle: str) -> None:
    model = vehicles.rover() if vehicle == "rover" else vehicles.helicopter()
    robot = ET.fromstring(urdf_text(vehicle))
    masses = {
        str(link.get("name")): float(str(mass.get("value")))
        for link in robot.iterfind("link")
        if (mass := link.find("inertial/mass")) is not None
    }
    found = {str(link.get("name")): number(link, "inertial/mass") for link in model.iterfind("link")}
    assert found == pytest.approx(masses)
    assert sum(found.values()) == pytest.approx(float(config.read(vehicle)["mass"].value))  # type: ignore[arg-type]
    moving = {j.get("name") for j in robot.iterfind("joint") if j.get("type") != "fixed"}
    assert {j.get("name") for j in model.iterfind("joint")} == moving
    every = [
        e.get("name") for e in model.iter() if e.tag in ("link", "joint", "visual", "collision", "sensor")
    ]
    assert len(every) == len(set(every))


def test_the_wheels_stand_where_the_configuration_says() -> None:
    model = vehicles.rover()
    places = {"base_link": np.zeros(3)}
    for joint in model.iterfind("joint"):  # parents come first
        parent, child = str(joint.findtext("parent")), str(joint.findtext("child"))
        step = np.array([float(v) for v in str(joint.findtext("pose")).split()])
        assert np.all(step[3:] == 0.0)
        places[child] = places[parent] + step[:3]
    body = {
        name: float(entry.value)
        for name, entry in config.read("rover").items()
        if isinstance(entry.value, float)
    }
    for wheel in WHEELS:
        _, where, side = wheel.split("_")
        x = {"front": 0.5, "middle": 0.0, "rear": -0.5}[where] * body["wheelbase"]
        y = 0.5 * body["track_middle" if where == "middle" else "track_outer"] * (1 if side == "left" else -1)
        assert places[f"{wheel}_link"] == pytest.approx([x, y, 0.5 * body["wheel_diameter"]])
        radius = model.findtext(f"link[@name='{wheel}_link']/collision/geometry/sphere/radius")
        assert float(str(radius)) == pytest.approx(0.5 * body["wheel_diameter"])


def test_the_springs_carry_the_body_on_level_ground() -> None:
    model = vehicles.rover()
    base = model.find("link[@name='base_link']")
    assert base is not None
    pivot = [float(v) for v in str(model.findtext("joint[@name='rocker_left']/pose")).split()]
    centre = [float(v) for v in str(base.findtext("inertial/pose")).split()]
    weight = number(base, "inertial/mass") * float(config.read("helicopter")["gravity"].value)  # type: ignore[arg-type]
    torque = 0.0
    for side in ("left", "right"):
        dynamics = model.find(f"joint[@name='rocker_{side}']/axis/dynamics")
        assert dynamics is not None
        # of a spring at angle 0, on the body
        torque += -number(dynamics, "spring_stiffness") * number(dynamics, "spring_reference")
    # weight x lever about the left axis: what lies behind the pivot lifts the nose, the springs press it down
    assert torque == pytest.approx(weight * (pivot[0] - centre[0]))


def test_every_motor_has_its_topic_and_nobody_elses() -> None:
    plugins = [p for p in vehicles.rover().iterfind("plugin") if p.find("joint_name") is not None]
    motors = {p.findtext("joint_name"): p for p in plugins if "Controller" in str(p.get("name"))}
    assert set(motors) == {*WHEELS, *STEERS}
    for name, plugin in motors.items():
        assert plugin.findtext("topic") == names.in_gazebo(names.joint(str(name)))
        kind = "JointController" if name in WHEELS else "JointPositionController"
        assert str(plugin.get("name")).endswith(f"::{kind}")
    (states,) = (p for p in plugins if "StatePublisher" in str(p.get("name")))
    assert [e.text for e in states.iterfind("joint_name")] == list(JOINTS)


@pytest.mark.parametrize(
    ("vehicle", "sensor", "frame", "camera"),
    [
        ("helicopter", "navcam", "navcam_optical", "navigation"),
        ("rover", "hazcam", "hazcam_optical", "hazard_depth"),
    ],
)
def test_cameras_see_what_the_calibration_says(vehicle: str, sensor: str, frame: str, camera: str) -> None:
    model = vehicles.rover() if vehicle == "rover" else vehicles.helicopter()
    element = model.find(f".//sensor[@name='{sensor}']")
    assert element is not None
    known = load_camera(config.directory() / "cameras" / f"{camera}.yaml")
    width, height = number(element, "camera/image/width"), number(element, "camera/image/height")
    assert (width, height) == (known.width, known.height)
    focal = 0.5 * width / np.tan(0.5 * number(element, "camera/horizontal_fov"))
    assert focal == pytest.approx(known.matrix[0, 0], abs=1e-3)
    assert element.findtext("camera/triggered") == "true"
    assert int(str(element.findtext("camera/visibility_mask"))) == WORLD_LIGHT
    x, y, z, _, pitch, yaw = (float(v) for v in str(element.findtext("pose")).split())
    mount = fixed_offset(vehicle, frame)
    assert [x, y, z] == pytest.approx(mount.position)
    view = [np.cos(pitch) * np.cos(yaw), np.cos(pitch) * np.sin(yaw), -np.sin(pitch)]
    assert view == pytest.approx(mount.rotation()[:, 2], abs=1e-6)  # Gazebo's x is the optical z


def test_a_camera_that_gazebo_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"camera.*navigation_fisheye.*pinhole"):
        vehicles.helicopter("navigation_fisheye")


def test_the_vehicles_start_where_the_embedded_simulator_puts_them(world: Path) -> None:
    truth = load_truth(world)
    start = truth.world.start
    one, same, other = (scene.starts(truth, seed) for seed in (1, 1, 2))
    for vehicle, believed in (("rover", start.rover), ("helicopter", start.helicopter)):
        assert np.array_equal(one[vehicle].position, same[vehicle].position)
        assert not np.array_equal(one[vehicle].position, other[vehicle].position)
        gap = one[vehicle].position[:2] - [believed.x, believed.y]
        assert np.abs(gap).max() < 5.0 * start.position_sigma
        ground = float(truth.ground.sample("elevation", *one[vehicle].position[:2]))
        assert -0.05 < one[vehicle].position[2] - ground < 0.2
    assert one["helicopter"].tilt() == pytest.approx(0.0, abs=1e-9)


def test_the_scene_is_the_world_with_both_vehicles(world: Path, written: Path) -> None:
    root = ET.parse(written).getroot()
    models = [m.get("name") for m in root.iterfind("world/model")]
    assert models == ["terrain", "rocks", "rover", "helicopter"]
    for path in (".//uri", ".//texture/diffuse", ".//texture/normal"):
        for element in root.iterfind(path):
            assert Path(str(element.text)).is_absolute()
            assert Path(str(element.text)).is_file()
    assert number(root, "world/physics/real_time_factor") == config.read("gazebo")["rest_speed"].value
    assert number(root, "world/physics/max_step_size") == sdf.STEP
    periods = [1.0 / float(str(config.read("gazebo")[rate].value)) for rate in ("flight_rate", "drive_rate")]
    for period in periods:  # messages at whole steps
        assert period / sdf.STEP == pytest.approx(round(period / sdf.STEP))
    assert root.findtext("world/gravity") == f"0 0 -{load_truth(world).world.gravity:g}"


def test_an_older_sdf_alone_is_written_anew(world: Path, tmp_path: Path) -> None:
    copy = tmp_path / "gully"
    shutil.copytree(world, copy)
    assert not sdf.refresh(copy)
    before = (copy / "truth" / "heightmap.png").stat().st_mtime_ns
    file = copy / "gully.sdf"
    file.write_text(file.read_text().replace(f"wayscout sdf {sdf.VERSION}", "wayscout sdf 1"))
    (copy / "media" / "rocks_9_9.obj").touch()
    assert sdf.refresh(copy)
    assert not (copy / "media" / "rocks_9_9.obj").exists()
    assert not sdf.refresh(copy)
    assert (copy / "truth" / "heightmap.png").stat().st_mtime_ns == before


@pytest.fixture(scope="session")
def read_sdf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a program that reads an SDF with Gazebo's own library and tells what is wrong with it."""
    known = [f"sdformat{n}" for n in range(12, 17)]
    version = None
    if shutil.which("pkg-config"):
        version = next((v for v in known if subprocess.call(["pkg-config", "--exists", v]) == 0), None)
    if version is None:
        pytest.skip("SDFormat's library is not installed (libsdformat-dev)")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", version], capture_output=True, text=True)
    program = tmp_path_factory.mktemp("sdf") / "read_sdf"
    source = Path(__file__).with_name("check_sdf.cpp")
    subprocess.run(["g++", "-std=c++17", str(source), "-o", str(program), *flags.stdout.split()], check=True)
    return program


def test_sdfs_own_reader_finds_no_fault(world: Path, written: Path, read_sdf: Path, tmp_path: Path) -> None:
    for file in (written, world / f"{world.name}.sdf"):
        done = subprocess.run([str(read_sdf), str(file)], capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout + done.stderr) == (0, "")
    broken = tmp_path / "broken.sdf"
    broken.write_text(written.read_text().replace("<mass>", "<mass>-", 1))
    done = subprocess.run([str(read_sdf), str(broken)], capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "invalid inertia" in done.stderr
