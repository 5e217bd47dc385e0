# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A made world keeps its promises: layout, schema, relief, rocks, orbital products, determinism."""

from __future__ import annotations

import hashlib
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent / "support"))

from world_audit import passable

from wayscout.errors import InvalidInput
from wayscout.flight.landing import measures
from wayscout.worlds import generate, paint, recipe, rock_mesh
from wayscout.worlds.folder import Sun, load_orbital, load_world
from wayscout.worlds.orbital import correlated_error
from wayscout.worlds.rocks import golombek_count, golombek_share
from wayscout.worlds.texture import shadow_of
from wayscout.worlds.truth import Truth, load_truth, read_rocks

SEED = 4


def small(**changes: object) -> recipe.Recipe:
    """The small recipe with a coarse texture, so that tests are quick."""
    return recipe.find("gully")[1].model_copy(update={"texture_pixels": 1024, **changes})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("worlds") / "ravine"
    generate.generate(SEED, small(), out, kind="gully", outcome="A")
    return out


@pytest.fixture(scope="module")
def truth(made: Path) -> Truth:
    return load_truth(made)


def test_folder_holds_what_the_architecture_promises(made: Path) -> None:
    world = load_world(made)
    terrain = world.terrain
    for file in (
        terrain.heightmap,
        terrain.texture,
        terrain.rocks,
        terrain.sand,
        "truth/truth.yaml",
        "ravine.sdf",
    ):
        assert (made / file).is_file(), file
    assert [c.name for c in world.corridors] == ["A", "B"]
    assert world.name == "ravine"
    assert world.seed == SEED
    image = cv2.imread(str(made / terrain.heightmap), cv2.IMREAD_UNCHANGED)
    assert image.dtype == np.uint16
    assert image.shape == (513, 513)
    assert (image.min(), image.max()) == (0, 65535)


def test_same_seed_gives_the_same_files(made: Path, tmp_path: Path) -> None:
    again = tmp_path / "ravine"
    generate.generate(SEED, small(), again, kind="gully", outcome="A")
    for file in sorted(p for p in made.rglob("*") if p.is_file()):
        other = again / file.relative_to(made)
        assert hashlib.sha256(file.read_bytes()).digest() == hashlib.sha256(other.read_bytes()).digest(), file


@pytest.mark.parametrize("seed", [1, 4, 9])
def test_pads_of_start_and_goal_are_level_and_free_of_rocks(seed: int) -> None:
    kind = small()
    _, imagined = generate.imagine(seed, kind)
    start, goal, ground = imagined.world.start, imagined.world.goal, imagined.ground
    rows, cols = np.indices(ground.shape)
    x, y = ground.centre(rows, cols)
    for at in (start.rover, start.helicopter, goal):
        on_pad = np.hypot(x - at.x, y - at.y) < 3.0
        slope, step, _ = measures(ground, 0.5)
        assert np.degrees(slope[on_pad].max()) < 3.0
        assert step[on_pad].max() < 0.08
        reach = np.hypot(imagined.rocks[:, 0] - at.x, imagined.rocks[:, 1] - at.y)
        assert np.all(reach > 3.0 + 0.5 * imagined.rocks[:, 3])
        assert imagined.ground["sand"][on_pad].max() < 0.05


def test_surveyed_heights_are_right_within_their_sigma() -> None:
    kind = small()
    errors = []
    for seed in range(4):
        _, imagined = generate.imagine(seed, kind)
        start = imagined.world.start
        for at in (start.rover, start.helicopter):
            assert at.z is not None
            errors.append(at.z - float(imagined.ground.sample("elevation", at.x, at.y)))
    assert np.abs(errors).max() < 4.0 * start.height_sigma
    assert np.allclose(errors[::2], errors[1::2], atol=2e-3)  # one survey, one error
    assert np.ptp(errors) > 0.01


def test_a_world_without_surveyed_heights_stays_readable(made: Path, tmp_path: Path) -> None:
    content = yaml.safe_load((made / "world.yaml").read_text())
    del content["start"]["rover"]["z"], content["start"]["helicopter"]["z"], content["start"]["height_sigma"]
    (tmp_path / "world.yaml").write_text(yaml.safe_dump(content))
    assert load_world(tmp_path).start.rover.z is None


def test_relief_and_level_ends(truth: Truth) -> None:
    world, ground = truth.world, truth.ground
    start = ground.sample("elevation", world.start.rover.x, world.start.rover.y)
    goal = ground.sample("elevation", world.goal.x, world.goal.y)
    assert 7.0 < float(goal - start) < 9.5
    assert world.terrain.height_span == pytest.approx(float(ground["elevation"].max()), abs=1e-3)
    for x, y in ((world.start.rover.x, world.start.rover.y), (world.goal.x, world.goal.y)):
        ring = [
            ground.sample("elevation", x + 1.5 * np.cos(a), y + 1.5 * np.sin(a))
            for a in np.arange(0, 6.2, 0.5)
        ]
        assert np.ptp(ring) / 3.0 < np.tan(np.radians(8.0))
        near = np.hypot(truth.rocks[:, 0] - x, truth.rocks[:, 1] - y) < 1.5
        assert not np.any(truth.rocks[near, 5] > 0.15)


@pytest.mark.parametrize("outcome", ["A", "B", "both", "neither"])
def test_only_the_planned_channels_can_be_climbed(outcome: recipe.Outcome) -> None:
    for seed in (1, 8):
        _, imagined = generate.imagine(seed, small(), outcome=outcome)
        expected = {"A": outcome in ("A", "both"), "B": outcome in ("B", "both"), "elsewhere": False}
        assert passable(imagined) == expected, seed


def test_lane_of_a_passable_channel_is_gentle_and_clear(truth: Truth) -> None:
    facts = truth.facts["channels"]["A"]
    lane, half = np.array(facts["lane"]), np.array(facts["lane_half"])
    assert np.all(2 * half >= 3.5)
    ground = truth.ground
    smooth = cv2.GaussianBlur(ground["elevation"], (0, 0), 0.6 / ground.resolution)
    ground = type(ground)(
        ground.resolution, ground.origin, ground.shape, layers={"smooth": smooth, "sand": ground["sand"]}
    )
    s = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(lane, axis=0).T))])
    along = np.interp(np.arange(0, s[-1], 0.5), s, np.arange(len(s)))
    x, y = (np.interp(along, np.arange(len(s)), lane[:, k]) for k in range(2))
    slope = np.degrees(np.arctan(np.diff(ground.sample("smooth", x, y)) / 0.5))
    assert slope.max() < 17.0
    on_sand = ground.sample("sand", x, y)[1:] > 0.5
    assert not np.any(on_sand & (slope > 12.0))
    for rx, ry, _, width, depth, height, _ in truth.rocks:
        gap = np.hypot(x - rx, y - ry).min() - 0.5 * max(width, depth)
        assert gap > 1.2 or height <= 0.25


def test_channels_are_ravines(truth: Truth) -> None:
    for facts in truth.facts["channels"].values():
        assert facts["length"] >= 44.0
        assert 9.0 <= facts["mean_slope_deg"] <= 12.0
        assert 2 * min(facts["half_width"]) >= 5.0
        assert 2 * max(facts["half_width"]) <= 7.5


def test_rocks_lie_on_the_ground_and_follow_golombek(truth: Truth) -> None:
    rocks = truth.rocks
    assert rocks[:, 3].min() >= 0.25
    ground = truth.ground.sample("elevation", rocks[:, 0], rocks[:, 1])
    assert np.allclose(rocks[:, 2], ground, atol=0.01)
    # Golombek 2003's table: rocks per hectare wider than 0.4 m at k = 0.05, 0.10, 0.15.
    for k, per_hectare in ((0.05, 315), (0.10, 983), (0.15, 1665)):
        _, count = golombek_count(k, 0.4, 6.0, bins=4000)
        assert count.sum() * 1e4 == pytest.approx(per_hectare, rel=0.05)
    assert golombek_share(0.1, 0.0) == pytest.approx(0.1)


def test_shadow_and_sand_cover_enough(truth: Truth) -> None:
    assert truth.facts["shadow_share"] + truth.facts["sand_share"] > 0.15
    assert truth.facts["sand_share"] > 0.08


def test_shadow_of_a_wall_has_the_sun_s_length() -> None:
    height = np.zeros((64, 256), np.float32)
    height[:, 100:104] = 3.0
    shadow = shadow_of(height, 0.25, azimuth=np.pi, elevation=np.radians(45.0))  # the sun stands in the west
    dark = np.flatnonzero(shadow[32] > 0.5)
    assert dark.min() == 104
    assert (dark.max() - 103) * 0.25 == pytest.approx(3.0, abs=0.5)


def test_orbital_products_match_the_truth_but_for_shift_and_error(made: Path, truth: Truth) -> None:
    orbital = load_orbital(made)
    shift = np.array(truth.facts["shift"])
    assert 0.1 < np.hypot(*shift) <= 2.0
    xs, ys = orbital.elevation.centres()
    x, y = np.meshgrid(xs[4:-4], ys[4:-4])
    smooth = cv2.GaussianBlur(truth.ground["elevation"], (0, 0), 1.62 / truth.ground.resolution)
    ground = type(truth.ground)(
        truth.ground.resolution, truth.ground.origin, smooth.shape, layers={"z": smooth}
    )
    error = orbital.elevation["elevation"][4:-4, 4:-4] - ground.sample("z", x - shift[0], y - shift[1])
    assert 0.2 < error.std() < 0.45
    neighbour = np.corrcoef(error[:, :-3].ravel(), error[:, 3:].ravel())[0, 1]
    assert neighbour > 0.75  # the error is correlated over 10 m
    assert orbital.image.shape == (256, 256)
    assert orbital.meta.image_resolution == 0.25


def test_orbital_image_correlates_with_the_texture(made: Path, truth: Truth) -> None:
    orbital = load_orbital(made)
    grey = cv2.imread(str(made / truth.world.terrain.texture), cv2.IMREAD_GRAYSCALE)[::-1]
    scale = grey.shape[0] / truth.world.size
    dx, dy = (v * scale for v in truth.facts["shift"])
    moved = cv2.warpAffine(grey, np.array([[1.0, 0, dx], [0, 1.0, dy]]), grey.shape)
    coarse = cv2.resize(moved, orbital.image.shape, interpolation=cv2.INTER_AREA)[16:-16, 16:-16]
    seen = orbital.image[16:-16, 16:-16]
    assert np.corrcoef(coarse.ravel().astype(float), seen.ravel().astype(float))[0, 1] > 0.85


def test_correlated_error_falls_to_1_over_e_at_its_length() -> None:
    field = correlated_error((900, 900), 12.0, np.random.default_rng(1)).astype(np.float64)
    assert field.std() == pytest.approx(1.0, abs=0.01)
    assert np.mean(field[:, :-12] * field[:, 12:]) == pytest.approx(np.exp(-1.0), abs=0.08)


def test_sdf_heeds_what_gazebo_needs(made: Path) -> None:
    world = load_world(made)
    root = ET.parse(made / "ravine.sdf").getroot()
    assert root.attrib["version"] == "1.9"
    sizes = {kind: root.find(f".//{kind}/geometry/heightmap/size") for kind in ("collision", "visual")}
    collision, visual = (
        [float(v) for v in e.text.split()] for e in sizes.values() if e is not None and e.text
    )
    assert visual == pytest.approx([64.0, 64.0, world.terrain.height_span])
    assert collision[0] == pytest.approx(64.0 * 513 / 512)
    for uri in root.iter("uri"):
        assert (made / str(uri.text)).is_file()
    for tag in ("texture/diffuse", "texture/normal", "albedo_map"):
        assert (made / str(root.findtext(f".//{tag}"))).is_file()
    names = [e.attrib["name"] for e in root.iter() if e.tag in ("visual", "collision", "link", "model")]
    assert len(names) == len(set(names))
    plugins = {e.attrib["name"].split("::")[-1] for e in root.iter("plugin")}
    assert {"Physics", "UserCommands", "SceneBroadcaster", "Sensors", "Imu"} <= plugins
    assert root.findtext("world/gravity") == "0 0 -3.721"


def test_rock_meshes_are_closed_upwards_and_as_large_as_the_rocks() -> None:
    rocks = np.array([[3.0, -2.0, 1.5, 1.2, 0.8, 0.5, 0.0]])
    vertices = rock_mesh.rock_vertices(rocks)[0]
    assert vertices[:, 2].max() == pytest.approx(2.0)
    assert np.ptp(vertices[:, 0]) == pytest.approx(1.2)
    assert np.ptp(vertices[:, 1]) == pytest.approx(0.8)
    for a, b, c in rock_mesh.rock_faces():
        normal = np.cross(vertices[b] - vertices[a], vertices[c] - vertices[a])
        assert normal @ (vertices[[a, b, c]].mean(0) - np.array([3.0, -2.0, 1.3])) > 0


def test_each_rock_has_a_square_in_its_picture_bright_towards_the_sun() -> None:
    rocks = np.tile([0.0, 0.0, 0.0, 1.0, 1.0, 0.5, 0.0], (3, 1))
    rocks[:, 6] = 0.0, 2.0, -1.0  # the sun stands in the map, not in the rock's frame
    colours = np.array([[0.4, 0.4, 0.4], [0.2, 0.2, 0.2], [0.4, 0.4, 0.4]])
    sun = Sun(azimuth=0.5, elevation=0.6)
    picture = rock_mesh.atlas(rocks, colours, np.zeros(3, dtype=np.intp), sun, 0.35).astype(float)
    points = rock_mesh.texture_points(3)
    assert points.shape == (*rock_mesh.rock_vertices(rocks).shape[:2], 2)
    assert len(np.unique(points[:, 0], axis=0)) == 3
    for k, rock in enumerate(rocks):
        u, v = points[k, 0]
        middle = np.array([u, 1.0 - v]) * len(picture)
        turn = sun.azimuth - rock[6]
        away = 0.3 * rock_mesh.SQUARE * np.array([np.cos(turn), -np.sin(turn)])
        (x, y), (ox, oy) = (middle + away).astype(int), (middle - away).astype(int)
        lit, dark = (picture[b - 4 : b + 4, a - 4 : a + 4].mean() for a, b in ((x, y), (ox, oy)))
        assert lit > 1.3 * dark
    tops = [picture[int((1 - v) * 96) - 4 :, int(u * 96) - 4 :][:8, :8].mean() for u, v in points[:, 0]]
    assert tops[1] < 0.6 * tops[0]


def test_ground_of_gazebo_keeps_the_texture_and_gains_grain() -> None:
    pixels = np.full((64, 64, 3), 100, np.uint8)
    pixels[:32] = 200
    picture = paint.ground_picture(pixels, 6.4, paint.Look(0.05, 0.07, 0.35), 4096)
    assert picture.shape == (128, 128, 3)
    north, south = picture[4:60, :, 0].astype(float), picture[68:124, :, 0].astype(float)
    assert north.mean() == pytest.approx(200, rel=0.03)
    assert south.mean() == pytest.approx(100, rel=0.03)
    assert south.std() / south.mean() == pytest.approx(0.07, abs=0.02)


BAD_WORLDS = [
    ("size", "wide", "size"),
    ("size", float("nan"), "size"),
    ("resolution", 0.1, "power of two"),
    ("goal", {"x": 900.0, "y": 0.0, "radius": 2.0}, "goal"),
    ("corridors", [], "corridors"),
    ("surprise", 1, "surprise"),
]


@pytest.mark.parametrize(("field", "value", "named"), BAD_WORLDS)
def test_a_bad_world_file_is_named_with_its_field(
    made: Path, tmp_path: Path, field: str, value: object, named: str
) -> None:
    content = yaml.safe_load((made / "world.yaml").read_text())
    content[field] = value
    (tmp_path / "world.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(InvalidInput, match=named) as error:
        load_world(tmp_path)
    assert "world.yaml" in str(error.value)


def test_corrupt_files_are_named(made: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"world\.yaml"):
        load_world(tmp_path)
    (tmp_path / "world.yaml").write_text("a: [")
    with pytest.raises(InvalidInput, match=r"world\.yaml"):
        load_world(tmp_path)
    (tmp_path / "world.yaml").write_bytes((made / "world.yaml").read_bytes())
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "heightmap.png").write_bytes(b"no image")
    with pytest.raises(InvalidInput, match=r"heightmap\.png"):
        load_truth(tmp_path)
    (tmp_path / "rocks.csv").write_text("x,y\n1,2\n")
    with pytest.raises(InvalidInput, match=r"rocks\.csv"):
        read_rocks(tmp_path / "rocks.csv")
    with pytest.raises(InvalidInput, match=r"orbital\.yaml"):
        load_orbital(tmp_path)
