# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Sites on disk and in the report: round trip, page, figures for programs, broken folders."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from wayscout import raster
from wayscout.errors import NoPath
from wayscout.geometry import Pose
from wayscout.report import recon, write_report
from wayscout.report.folder import RunFolder
from wayscout.report.site_folder import FACTS, read_sites, site_summary, write_site
from wayscout.sites.records import Mark, Mosaic, Prior, SiteFindings, SiteObject

PRIOR = Prior(4.0, -2.0, 1.5, "parachute", 21.5, "the <chute>")


def circle(x: float, y: float, radius: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    angle = np.linspace(0.0, 2.0 * np.pi, 40, endpoint=False)
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle), np.ones(40)], axis=1)


def findings() -> SiteFindings:
    """A canopy of 10 m, a backshell, two pieces of debris and a line on ground that reddens to the north."""
    rows, cols, cell = 300, 400, 0.1
    y, x = np.mgrid[:rows, :cols]
    colours = np.stack([80 + y // 3, 60 + x // 8, np.full_like(x, 50)], axis=-1).astype(np.uint8)
    colours[:, :20] = 0  # nothing was seen in the west
    height = (0.01 * x).astype(np.float32)
    height[:5] = np.nan
    mosaic = Mosaic(
        cell, (-20.0, -15.0), colours, np.zeros((rows, cols), np.int16), height * 0 + 0.02, height
    )
    quarter = np.pi / 2.0
    objects = (
        SiteObject("parachute", (2.0, 1.0, 1.0), circle(2.0, 1.0, 5.0), 10.05, 0.11, 0.31, 0.98,
                   (0.1, quarter, 2 * quarter, -quarter), (Mark("torn", 3.0, 2.0, 0.75),), ("dusty",)),
        SiteObject("backshell", (12.0, 1.0, 1.0), circle(12.0, 1.0, 2.2), 4.45, 0.06, 1.2, 0.9, (0.0, 0.1)),
        SiteObject("debris", (9.0, 3.0, 1.0), np.zeros((0, 3)), 0.42, 0.05, 0.1, 1.0, (0.3,)),
        SiteObject("debris", (9.5, -3.0, 1.0), circle(9.5, -3.0, 0.3), 0.6, 0.05, float("nan"), 1.0, ()),
        SiteObject("line", (7.0, 1.0, 1.0), np.array([[4.0, 1.0, 1.0], [10.0, 1.0, 1.0]]), 6.0, 0.1, 0.0, 1.0,
                   ()),
    )  # fmt: skip
    return SiteFindings(PRIOR, mosaic, objects, ("lines under 2 cm are not told apart",), 31, 4.0, 6)


def write(root: Path, flight: int = 2) -> Path:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in range(6)]
    poses = [
        Pose.from_euler(8.0 * np.cos(a), 8.0 * np.sin(a), 8.0, roll=-2.3, yaw=a + np.pi / 2.0)
        for a in np.arange(6)
    ]
    return write_site(root, flight, findings(), pictures, poses, [100.0 + k for k in range(6)], 3.2)


def test_a_site_comes_back(tmp_path: Path) -> None:
    folder = write(tmp_path / "site")
    assert folder.name == "2_the-chute"
    (record,), broken = read_sites(tmp_path / "site")
    assert not broken
    assert record.name == "the <chute>"
    facts = record.facts
    assert (facts["flight"], facts["lines"], facts["lines_sigma"], facts["compute_s"]) == (2, 31, 4.0, 3.2)
    assert facts["sought"]["sigma"] == 1.5
    canopy, _, _, piece, _ = record.entries("objects")
    assert canopy["outline"] == pytest.approx(findings().objects[0].outline)
    assert canopy["marks"] == [{"kind": "torn", "x": 3.0, "y": 2.0, "area": 0.75}]
    assert piece["height"] is None, "what is not known is null"
    elevation = raster.read_layer(folder / "elevation.tif", "elevation")
    assert float(elevation.sample("elevation", -10.0, 0.0)) == pytest.approx(1.0, abs=0.02)
    assert np.isnan(elevation["elevation"][:5]).all(), "row 0 is south again"
    ortho = cv2.imread(str(folder / "ortho.png"))
    assert ortho.shape == (300, 400, 3)
    assert ortho[0, 200, 2] > ortho[-1, 200, 2] + 80, "north is up, and red is red"
    assert len(list((folder / "pictures").glob("*.jpg"))) == 6


def test_the_page_shows_a_site_and_programs_get_its_figures(tmp_path: Path) -> None:
    RunFolder(tmp_path / "run").write("mission", {"world": "somewhere"})
    write(tmp_path / "run/site")
    text = write_report(tmp_path / "run").read_text()
    assert "What lies there: the &lt;chute&gt;" in text
    assert "10.05 ± 0.11 m" in text
    assert "4.45 ± 0.06 m" in text
    assert "4: E N W S" in text
    assert "lines under 2 cm are not told apart" in text
    assert "canopy: torn area of 0.75 m² at (3.0, 2.0)" in text
    assert "31 ± 4" in text
    assert "3.6 m" in text, "how far from where it was thought to lie"
    assert 'alt="From above" src="data:image/png' in text
    assert 'alt="The pictures" src="data:image/jpeg' in text
    (site,) = json.loads((tmp_path / "run/result.json").read_text())["site"]
    assert site["objects"][0]["size"] == 10.05
    assert "outline" not in site["objects"][0]
    assert site["folder"] == "site/2_the-chute"


def test_the_contact_sheet_holds_every_picture(tmp_path: Path) -> None:
    write(tmp_path)
    (record,), _ = read_sites(tmp_path)
    uri = recon.contact_sheet(record)
    data = base64.b64decode(uri.partition(",")[2])
    sheet = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    width, height = recon.THUMBNAIL
    assert sheet.shape[0] == 2 * height + 6
    assert sheet.shape[1] == 5 * width + 24
    empty = sheet[height + 10 :, width + 10 :]
    assert empty.min() > 245, "five in a row, one in the next"


def test_a_run_without_sites_says_nothing_of_them(tmp_path: Path) -> None:
    RunFolder(tmp_path / "run").write("mission", {"world": "somewhere"})
    assert "What lies there" not in write_report(tmp_path / "run").read_text()
    assert json.loads((tmp_path / "run/result.json").read_text())["site"] is None
    assert site_summary(tmp_path / "nowhere") is None


def test_broken_sites_are_named_and_the_others_shown(tmp_path: Path) -> None:
    root = tmp_path / "run/site"
    RunFolder(tmp_path / "run").write("mission", {"world": "somewhere"})
    folder = write(root)
    (root / "1_broken").mkdir()
    (root / "1_broken" / FACTS).write_text("{")
    (root / "3_list").mkdir()
    (root / "3_list" / FACTS).write_text("[1]")
    (folder / "ortho.png").unlink()
    for picture in (folder / "pictures").iterdir():
        picture.unlink()
    text = write_report(tmp_path / "run").read_text()
    assert "site/1_broken/site.json: not readable" in text
    assert "site/3_list/site.json: not readable" in text
    assert "no orthomosaic was written" in text
    assert "no picture was kept" in text
    assert "10.05 ± 0.11 m" in text


def test_a_site_of_odd_values_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    odd = {
        "target": "odd", "bounds": [0, 1, None, 2], "objects": [{"kind": "thing", "size": "wide"}, 7],
        "pictures": [{"file": "none.jpg"}, {"position": [1, 2, 3], "heading": 1.0}], "notes": [3, "so"],
        "sought": {"x": None}, "lines": "many",
    }  # fmt: skip
    (tmp_path / "1_odd").mkdir()
    (tmp_path / "1_odd" / FACTS).write_text(json.dumps(odd))
    (record,), _ = read_sites(tmp_path)
    assert "pictures" in recon.words(record)
    assert "thing" in recon.details(record)
    for draw in (recon.mosaic, recon.contact_sheet):
        with pytest.raises(NoPath):
            draw(record)
