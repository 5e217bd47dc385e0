# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A folder of pictures becomes maps; whatever is wrong with it is named by row and column."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from wayscout import cli, raster
from wayscout.camera import Camera
from wayscout.errors import InvalidInput
from wayscout.mapping import offline

sys.path.insert(0, str(Path(__file__).parent / "support"))
import synthetic_survey as survey

CAMERA = Camera.pinhole(320, 240, np.radians(47.0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pictures of made-up ground with their table and camera file."""
    root = tmp_path_factory.mktemp("survey")
    ground = survey.make_ground(5, (24.0, 20.0))
    poses = survey.survey_poses(ground, CAMERA, length=8.0, legs=2)
    lines = [",".join(offline.COLUMNS)]
    for i, pose in enumerate(poses):
        cv2.imwrite(str(root / f"{i}.png"), survey.render(ground, CAMERA, pose, seed=i))
        numbers = [*pose.position, *pose.quaternion]
        lines.append(",".join([f"{i}.png", *(f"{n:.6f}" for n in numbers)]))
    (root / "poses.csv").write_text("\n".join(lines) + "\n")
    info = {
        "image_width": 320,
        "image_height": 240,
        "distortion_model": "plumb_bob",
        "camera_matrix": {"rows": 3, "cols": 3, "data": CAMERA.matrix.ravel().tolist()},
        "distortion_coefficients": {"rows": 1, "cols": 5, "data": [0.0] * 5},
    }
    (root / "camera.yaml").write_text(yaml.safe_dump(info))
    np.save(root / "truth.npy", ground.height["elevation"])
    (root / "origin.txt").write_text(f"{ground.height.origin[0]} {ground.height.origin[1]}")
    return root


def run(root: Path, out: Path, table: str = "poses.csv", **options: object) -> offline.OfflineReport:
    return offline.map_folder(root, root / table, root / "camera.yaml", 0.1, out, **options)  # type: ignore[arg-type]


def test_rasters_that_agree_with_the_ground(folder: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    report = run(folder, tmp_path / "map", progress=lambda done, total: seen.append((done, total)))
    names = [p.name for p in report.files]
    assert names == ["elevation.tif", "sigma.tif", "measured.tif", "sand.tif", "ortho.tif"]
    assert report.pictures_used == report.pictures
    assert seen[-1][0] == seen[-1][1] >= 4
    grid = raster.read_layer(tmp_path / "map" / "elevation.tif", "elevation")
    truth = survey.Grid(0.05, tuple(map(float, (folder / "origin.txt").read_text().split())), (400, 480))
    truth["elevation"] = np.load(folder / "truth.npy")
    xs, ys = grid.centres()
    error = grid["elevation"] - truth.sample("elevation", xs[None, :], ys[:, None])
    error = error[np.isfinite(error)]
    assert len(error) > 8000
    assert np.sqrt(np.mean((error - np.median(error)) ** 2)) < 0.08
    assert abs(np.median(error)) < 0.05
    grey = raster.read_layer(tmp_path / "map" / "ortho.tif", "grey")["grey"]
    assert 60 < np.mean(grey[grey > 0]) < 180
    sigma = raster.read_layer(tmp_path / "map" / "sigma.tif", "sigma")["sigma"]
    assert np.nanmin(sigma) > 0.0
    assert report.area == pytest.approx(len(error) * 0.01, rel=0.05)


def test_the_command_says_what_came_of_it(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.map_pictures(folder, folder / "poses.csv", folder / "camera.yaml", tmp_path / "map", 0.1)
    said = capsys.readouterr().err
    assert "6 of 6 pictures used" in said, said
    assert "elevation.tif" in said


def test_bends_of_the_poses_enter_sigma_everywhere(folder: Path, tmp_path: Path) -> None:
    exact = run(folder, tmp_path / "exact").grid
    bent = run(folder, tmp_path / "bent", pose_sigma=0.05).grid
    both = (exact["measured"] == 1) & (bent["measured"] == 1)
    assert both.sum() > 8000
    assert bent["sigma"][both].min() > 0.05
    assert np.median(bent["sigma"][both]) == pytest.approx(
        np.hypot(0.05, np.median(exact["sigma"][both])), rel=0.2
    )
    np.testing.assert_allclose(bent["elevation"][both], exact["elevation"][both], atol=0.05)
    for wrong in (-0.01, float("nan"), 2.0):
        with pytest.raises(InvalidInput, match="pose sigma"):
            run(folder, tmp_path, pose_sigma=wrong)


def test_large_pictures_are_shrunk(folder: Path, tmp_path: Path) -> None:
    report = run(folder, tmp_path / "small", max_pixels=320 * 240 // 4)  # 9 cm a pixel
    assert report.area > 60.0


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda text: text.replace("qw", "w", 1), ["poses.csv:1", "qw"]),
        (lambda text: text.replace("1.png", "missing.png", 1), ["poses.csv:3", "image", "missing.png"]),
        (lambda text: _cell(text, 2, 3, "nan"), ["poses.csv:3", " z ", "nan"]),
        (lambda text: _cell(text, 2, 1, "west"), ["poses.csv:3", " x ", "west"]),
        (lambda text: _cell(text, 1, 7, "3.0"), ["poses.csv:2", "qx..qw"]),
        (lambda text: "\n".join(text.splitlines()[:2]), ["at least two"]),
        (lambda text: "\n".join([*text.splitlines()[:2], text.splitlines()[1]]), ["overlap"]),
        (lambda text: "", ["columns"]),
    ],
)
def test_a_wrong_table_is_refused_by_row_and_column(folder, tmp_path, change, names) -> None:  # type: ignore[no-untyped-def]
    table = folder / "poses.csv"
    text = table.read_text()
    try:
        table.write_text(change(text))
        with pytest.raises(InvalidInput) as error:
            run(folder, tmp_path)
    finally:
        table.write_text(text)
    for name in names:
        assert name in str(error.value)
    assert not (tmp_path / "elevation.tif").exists()


def test_pictures_that_are_none_or_of_another_size_are_refused(folder: Path, tmp_path: Path) -> None:
    kept = (folder / "2.png").read_bytes()
    try:
        (folder / "2.png").write_bytes(b"not a picture")
        with pytest.raises(InvalidInput, match=r"poses.csv:4 image.*2.png"):
            run(folder, tmp_path)
        cv2.imwrite(str(folder / "2.png"), np.zeros((100, 100), np.uint8))
        with pytest.raises(InvalidInput, match=r"100 x 100.*320 x 240"):
            run(folder, tmp_path)
    finally:
        (folder / "2.png").write_bytes(kept)
    with pytest.raises(InvalidInput, match="resolution"):
        offline.map_folder(folder, folder / "poses.csv", folder / "camera.yaml", float("nan"), tmp_path)
    with pytest.raises(InvalidInput, match="nothere"):
        run(folder, tmp_path, "nothere.csv")


def _cell(text: str, row: int, column: int, value: str) -> str:
    lines = text.splitlines()
    cells = lines[row].split(",")
    cells[column] = value
    lines[row] = ",".join(cells)
    return "\n".join(lines)
