# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Worlds from elevation models: converted, cropped, filled, or refused with the field named."""

from __future__ import annotations

import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS
from rasterio.transform import from_origin

from wayscout.cli import from_dem
from wayscout.errors import InvalidInput
from wayscout.worlds.coarse import cheapest_path, draw_corridors
from wayscout.worlds.folder import load_orbital, load_world
from wayscout.worlds.from_dem import read_dem, world_from_dem
from wayscout.worlds.truth import load_truth

SURVEYED = Path(__file__).resolve().parents[4] / "shared" / "data" / "dem"


def hill(rows: int = 96, cols: int = 96) -> np.ndarray:
    """A tilted plane with a hump, row 0 north, 0 to about 9 m."""
    y, x = np.mgrid[0:rows, 0:cols]
    return 4.0 * (rows - y) / rows + 5.0 * np.exp(-((x - 0.6 * cols) ** 2 + (y - 0.4 * rows) ** 2) / 150.0)


def write_tif(path: Path, data: np.ndarray, **options: object) -> Path:
    settings = {
        "driver": "GTiff", "height": data.shape[0], "width": data.shape[1], "count": 1, "dtype": data.dtype,
        "transform": from_origin(1000.0, 500.0, 0.5, 0.5),
    }  # fmt: skip
    scales, offsets, units = (options.pop(k, None) for k in ("scales", "offsets", "units"))
    with rasterio.open(path, "w", **{**settings, **options}) as target:
        target.write(data, 1)
        if scales:
            target.scales, target.offsets = scales, offsets
        if units:
            target.units = units
    return path


def make(
    path: Path, out: Path, start: tuple[float, float], goal: tuple[float, float], **options: object
) -> list[str]:
    """Make a world and return the warnings."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        world_from_dem(path, start, goal, out, **options)  # type: ignore[arg-type]
    return [str(w.message) for w in said if w.category is UserWarning]


def test_scaled_geotiff_keeps_heights_and_places(tmp_path: Path) -> None:
    data = hill()
    raw = np.round((data + 3.0) / 0.001).astype(np.uint16)
    path = write_tif(tmp_path / "hill.tif", raw, scales=(0.001,), offsets=(-3.0,))
    assert make(path, tmp_path / "hill", (1010.0, 460.0), (1040.0, 490.0)) == []
    truth = load_truth(tmp_path / "hill")
    assert truth.world.size == pytest.approx(48.0)
    assert truth.ground.shape == (129, 129)
    assert (truth.world.start.rover.x, truth.world.start.rover.y) == (-14.0, -16.0)
    # x = 1010 is column 20 of pixels whose centres are at 0.25 m + 0.5 m n; y = 460 is row 80.
    expected = data[79:81, 19:21].mean() - data.min()
    assert truth.ground.sample("elevation", -14.0, -16.0) == pytest.approx(expected, abs=0.02)
    assert truth.world.terrain.height_span == pytest.approx(np.ptp(data), abs=0.03)
    orbital = load_orbital(tmp_path / "hill")
    assert orbital.elevation.shape == (48, 48)
    assert 1 <= len(truth.world.corridors) <= 2


def test_png_and_npy_need_what_they_do_not_say(tmp_path: Path) -> None:
    data = hill()
    png, npy = tmp_path / "hill.png", tmp_path / "hill.npy"
    cv2.imwrite(str(png), np.round(data / 10.0 * 65535).astype(np.uint16))
    np.save(npy, data)
    with pytest.raises(InvalidInput, match="resolution"):
        read_dem(npy)
    with pytest.raises(InvalidInput, match="height"):
        read_dem(png, resolution=0.5)
    a, b = read_dem(png, resolution=0.5, height=10.0), read_dem(npy, resolution=0.5)
    assert np.allclose(a.height, b.height, atol=1e-3)
    assert np.allclose(b.height[::-1], data)
    make(npy, tmp_path / "hill", (-10.0, -15.0), (10.0, 15.0), resolution=0.5)
    assert load_world(tmp_path / "hill").goal.x == 10.0


def test_feet_are_converted(tmp_path: Path) -> None:
    data = hill().astype(np.float32)
    path = write_tif(tmp_path / "feet.tif", data, crs=CRS.from_epsg(2225))  # California, US survey feet
    dem = read_dem(path)
    assert dem.resolution == pytest.approx(0.5 * 1200 / 3937)
    assert dem.height.max() == pytest.approx(data.max() * 1200 / 3937, rel=1e-6)
    assert any("feet" in note for note in dem.notes)
    tagged = write_tif(tmp_path / "tagged.tif", data, crs=CRS.from_epsg(32610), units=("ft",))
    assert read_dem(tagged).height.max() == pytest.approx(data.max() * 0.3048, rel=1e-6)
    assert read_dem(tagged).resolution == 0.5


def test_degrees_are_refused(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "geo.tif", hill().astype(np.float32), crs=CRS.from_epsg(4326))
    with pytest.raises(InvalidInput, match="degrees"):
        read_dem(path)


def test_few_holes_are_filled_and_many_refused(tmp_path: Path) -> None:
    data = hill().astype(np.float32)
    data[30:40, 20:40] = -9999.0
    path = write_tif(tmp_path / "holes.tif", data, nodata=-9999.0)
    said = make(path, tmp_path / "filled", (1005.0, 460.0), (1040.0, 490.0))
    assert any("unknown" in s for s in said)
    truth = load_truth(tmp_path / "filled")
    x, y = 15.0 - 24.0, 24.0 - 17.5  # the hole's middle
    assert truth.ground.sample("elevation", x, y) == pytest.approx(hill()[35, 30] - hill().min(), abs=0.6)
    with pytest.raises(InvalidInput, match="hole"):
        make(path, tmp_path / "no", (1015.0, 482.5), (1040.0, 490.0))
    data[:30] = -9999.0
    path = write_tif(tmp_path / "torn.tif", data, nodata=-9999.0)
    with pytest.raises(InvalidInput, match="20%"):
        make(path, tmp_path / "no", (1005.0, 460.0), (1040.0, 470.0))
    assert not (tmp_path / "no").exists()


def test_the_command_tells_what_it_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_tif(tmp_path / "long.tif", np.pad(hill(), ((0, 0), (0, 40)), mode="edge"))
    from_dem(path, (1010.0, 460.0), (1040.0, 490.0), tmp_path / "long")
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("long.tif: cropped")
    assert len(told) == 2


def test_oblong_models_are_cropped_or_padded(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "long.tif", hill(64, 160).astype(np.float32))
    said = make(path, tmp_path / "cropped", (1040.0, 480.0), (1060.0, 490.0))
    assert any("cropped" in s for s in said)
    world = load_world(tmp_path / "cropped")
    assert world.size == pytest.approx(32.0)
    assert world.goal.x - world.start.rover.x == pytest.approx(20.0)
    said = make(path, tmp_path / "padded", (1004.0, 480.0), (1076.0, 480.0))
    assert any("padded" in s for s in said)
    truth = load_truth(tmp_path / "padded")
    assert truth.world.size == pytest.approx(80.0)
    rim = truth.ground.sample("elevation", 0.0, np.array([17.0, 20.0]))
    assert np.degrees(np.arctan((rim[1] - rim[0]) / 3.0)) > 40.0


def test_oblong_pixels_are_resampled(tmp_path: Path) -> None:
    path = write_tif(
        tmp_path / "tall.tif", hill(48, 96).astype(np.float32), transform=from_origin(0, 48, 0.5, 1.0)
    )
    dem = read_dem(path)
    assert dem.height.shape == (96, 96)
    assert dem.resolution == 0.5
    assert dem.corner == (0.0, 0.0)


@pytest.mark.parametrize(
    ("start", "goal", "named"),
    [
        ((0.0, 0.0), (1040.0, 490.0), "start"),
        ((1010.0, 460.0), (1040.0, 900.0), "goal"),
        ((float("nan"), 460.0), (1040.0, 490.0), "start"),
        ((1010.0, 460.0), (1011.0, 460.0), "goal"),
    ],
)
def test_places_outside_are_named(
    tmp_path: Path, start: tuple[float, float], goal: tuple[float, float], named: str
) -> None:
    path = write_tif(tmp_path / "hill.tif", hill().astype(np.float32))
    with pytest.raises(InvalidInput, match=named):
        make(path, tmp_path / "out", start, goal)


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    for name in ("a.tif", "a.npy", "a.png", "a.xyz"):
        (tmp_path / name).write_bytes(b"nothing")
        with pytest.raises(InvalidInput, match=r"a\."):
            read_dem(tmp_path / name, resolution=1.0, height=1.0)
    with pytest.raises(InvalidInput, match="no such file"):
        read_dem(tmp_path / "missing.tif")
    np.save(tmp_path / "flat.npy", np.zeros((20, 20)))
    with pytest.raises(InvalidInput, match="flat"):
        make(tmp_path / "flat.npy", tmp_path / "out", (-5.0, -5.0), (5.0, 5.0), resolution=1.0)
    np.save(tmp_path / "cube.npy", np.zeros((20, 20, 3)))
    with pytest.raises(InvalidInput, match="shape"):
        read_dem(tmp_path / "cube.npy", resolution=1.0)


def test_cheapest_path_goes_through_the_gap() -> None:
    cost = np.ones((30, 30))
    cost[15, :] = 1000.0
    cost[15, 24] = 1.0
    path = cheapest_path(cost, (2, 2), (28, 2))
    assert tuple(path[0]) == (2, 2)
    assert tuple(path[-1]) == (28, 2)
    assert (15, 24) in {(int(r), int(c)) for r, c in path}


def test_two_ways_around_a_hill_give_two_corridors() -> None:
    from wayscout.grid import Grid

    y, x = np.mgrid[0:100, 0:100].astype(float)
    height = 30.0 * np.exp(-((x - 50) ** 2 + (y - 50) ** 2) / 250.0)
    grid = Grid(1.0, (-50.0, -50.0), (100, 100), layers={"elevation": height})
    lines = draw_corridors(grid, (0.0, -45.0), (0.0, 45.0), 8.0)
    assert len(lines) == 2
    middles = [float(line[len(line) // 2, 0]) for line in lines]
    assert middles[0] * middles[1] < 0
    for line in lines:
        assert np.allclose(line[0], (0.0, -45.0))
        assert np.allclose(line[-1], (0.0, 45.0))


@pytest.mark.skipif(not SURVEYED.is_dir(), reason="no surveyed elevation models beside the repository")
@pytest.mark.parametrize(
    ("file", "start", "goal", "size", "relief"),
    [
        ("gale_pahrump_hills.tif", (-40.0, -40.0), (40.0, 30.0), 128.0, 18.0),
        ("gale_bradbury_landing.tif", (-40.0, -40.0), (40.0, 30.0), 128.0, 6.2),
        ("leo_marsyard2022_hm.tif", (-15.0, -15.0), (15.0, 12.0), 50.0, 4.83),
    ],
)
def test_surveyed_ground(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, start: tuple[float, float],
    goal: tuple[float, float], size: float, relief: float,
) -> None:  # fmt: skip
    from wayscout.worlds import texture

    def plain(scene: texture.Scene, *_: object) -> tuple[np.ndarray, float]:
        return np.full((1024, 1024, 3), 120, np.uint8), 0.0

    monkeypatch.setattr(texture, "paint", plain)  # the painting is tested elsewhere and takes seconds
    make(SURVEYED / file, tmp_path / "real", start, goal)
    world = load_world(tmp_path / "real")
    assert world.size == pytest.approx(size, abs=0.1)
    assert world.terrain.height_span == pytest.approx(relief, abs=0.1)
    assert (world.start.rover.x, world.goal.y) == pytest.approx((start[0], goal[1]), abs=0.05)
