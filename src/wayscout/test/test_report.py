# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Reports of synthetic runs, whole and with parts missing."""

from __future__ import annotations

import json
import math
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from wayscout import raster
from wayscout.errors import InvalidInput
from wayscout.grid import Bounds, Grid
from wayscout.report import RunFolder, read_run, write_report
from wayscout.report.result import result
from wayscout.report.tables import duration, value

PARTS = ("mission", "timeline", "flights", "decision", "hazards", "notes", "outcome")


def make_world(folder: Path) -> Path:
    """A 64 m world's public part: a slope with two dark channels."""
    (folder / "orbital").mkdir(parents=True)
    rows, cols = np.mgrid[0:256, 0:256]
    image = (120 + 60 * np.sin(rows / 25.0) - 50 * (abs(abs(cols - 128) - 60) < 18)).astype(np.uint8)
    cv2.imwrite(str(folder / "orbital/image.png"), image)
    grid = Grid.over(Bounds(-32, -32, 32, 32), 1.0)
    grid["elevation"] = np.tile(np.linspace(0, 8, 64, dtype=np.float32)[:, None], (1, 64))
    raster.write_layer(folder / "orbital/elevation.tif", grid, "elevation")
    meta = {
        "elevation_resolution": 1.0,
        "image_resolution": 0.25,
        "origin": [-32.0, -32.0],
        "elevation_sigma": 0.4,
        "elevation_correlation": 12.0,
        "shift_sigma": 1.0,
    }
    (folder / "orbital/orbital.yaml").write_text(yaml.safe_dump(meta))
    return folder


def path(x: float) -> list[list[float]]:
    y = np.linspace(-27.0, 27.0, 40)
    bend = x * np.clip(np.sin((y + 27.0) / 54.0 * np.pi), 0.0, 1.0) ** 0.4
    return np.stack([bend, y, (y + 27.0) / 7.0], axis=1).tolist()


def candidate(channel: str, x: float, probability: float) -> dict[str, Any]:
    return {
        "channel": channel,
        "passable": probability > 0.5,
        "cost_m": 140.0 - 60.0 * probability,
        "length_m": 66.2,
        "climb_m": 8.1,
        "steepest_slope_deg": 14.2,
        "largest_tilt_deg": 15.0,
        "energy_j": 420e3,
        "duration_s": 1600.0,
        "margin": 0.22,
        "unknown_share": 0.04,
        "success_probability": probability,
        "reasons": [
            f"a step of {0.8 - probability:.2f} m across the floor at 31 m",
            "sand on 12 % of the way",
        ],
        "path": path(x),
    }


def make_run(folder: Path) -> Path:
    """A run that arrived through channel B after two flights."""
    run = RunFolder(folder)
    corridors = [
        {"name": n, "width": 9.0, "centreline": [[x, -20], [x, 20]]} for n, x in (("A", -15), ("B", 15))
    ]
    run.write(
        "mission",
        {
            "started": "2031-03-04T10:00:00+00:00",
            "world": "gully",
            "goal": np.array([0.0, 27.0]),
            "start_rover": [0.0, -27.0, 0.0],
            "corridors": corridors,
        },
    )
    phases = [
        ("waiting", 4, 0),
        ("flight", 31, 92),
        ("mapping", 14, 0),
        ("recharging", 1, 88775),
        ("flight", 30, 90),
    ]
    phases += [("mapping", 12, 0), ("planning", 3, 0), ("driving", 58, 1650)]
    timeline, wall, sim = [], 0.0, 0.0
    for name, w, s in phases:
        timeline.append(
            {"phase": name, "wall_start": wall, "wall_end": wall + w, "sim_start": sim, "sim_end": sim + s}
        )
        wall, sim = wall + w, sim + s
    run.write("timeline", timeline)
    flights = []
    for i, x in enumerate((-15.0, 15.0)):
        track = [[2.4, -27.0], [x - 2, -20], [x - 2, 20], [x + 2, 20], [x + 2, -20], [2.4, -27.0]]
        seen = [[x + d, y, 12.0, 0.05] for d in (-2, 2) for y in range(-20, 21, 3)]
        flights.append(
            {
                "flight": i + 1,
                "name": f"survey {'AB'[i]}",
                "outcome": "complete",
                "message": "",
                "plan": {"name": f"survey {'AB'[i]}", "waypoints": [{"x": x, "y": y} for x, y in track]},
                "picture_positions": seen,
                "landing": [2.4, -27.0, 0.0],
                "duration_s": 91.0,
                "distance_m": 141.0,
                "max_height_m": 12.4,
                "max_speed_m_s": 4.5,
                "energy_j": 31800.0,
                "pictures": 28,
                "pictures_used": 27,
                "mapping_s": 11.5,
                "landing_tilt_deg": 2.5,
            }
        )
    run.write("flights", flights)
    decision = {"choice": "B", "basis": "helicopter", "compute_s": 1.8, "reasons": ["A is blocked by a step"]}
    candidates = [candidate("A", -15.0, 0.2), candidate("B", 15.0, 0.93)]
    run.write("decision", [{**decision, "choice": "look"}, {**decision, "candidates": candidates}])
    rng = np.random.default_rng(4)
    hazards = [
        {"x": sx + dx, "y": y, "radius": r, "height": 0.4, "kind": k, "probability": 0.9}
        for k, n, r in (("rock", 60, 0.35), ("sand", 8, 1.8), ("step", 6, 0.6))
        for sx, dx, y in zip(
            rng.choice([-15, 15], n), rng.normal(0, 3, n), rng.uniform(-20, 20, n), strict=True
        )
    ]
    run.write("hazards", hazards)
    run.write("notes", [{"wall_s": 81.0, "level": "warning", "text": "1 picture of flight 1 <was> not used"}])
    track = np.array(path(15.0))
    for i, (x, y, z) in enumerate(track):
        run.add_track_point(
            t=40.0 * i, x=x, y=y, z=z, yaw=1.5, tilt=0.15 + 0.1 * math.sin(i / 5), slip=0.05, cross_track=0.03
        )
    run.close()
    outcome = {"outcome": "arrived", "message": "the rover stands at the top of channel B", "channel": "B"}
    run.write(
        "outcome",
        {**outcome, "wall_s": wall, "sim_s": sim, "distance_m": 66.0, "coverage": {"A": 0.97, "B": 0.96}},
    )
    grid = Grid.over(Bounds(-22, -25, 22, 25), 0.1)
    x, y = (a.astype(np.float32) for a in np.meshgrid(*grid.centres()))
    z = (y + 27) / 7 + 1.5 * np.cos(np.abs(np.abs(x) - 15) / 3).astype(np.float32) * -1
    grid["elevation"] = np.where(np.abs(np.abs(x) - 15) < 7, z, np.nan)
    raster.write_layer(folder / "map/elevation.tif", grid, "elevation")
    shade = (128 + 60 * np.sin(x * 3) * np.cos(y * 2)).astype(np.uint8)
    raster.write_image(folder / "map/ortho.tif", grid, shade)
    return folder


class Page(HTMLParser):
    """Counts what is embedded, and what is fetched from elsewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.pictures = 0
        self.outside: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, content in attrs:
            if name in ("src", "href") and not (content or "").startswith(("data:", "#")):
                self.outside.append(str(content))
        self.pictures += tag == "img"
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    base = tmp_path_factory.mktemp("report")
    return make_run(base / "run"), make_world(base / "world")


def test_whole_run_has_every_picture_and_fetches_nothing(whole: tuple[Path, Path]) -> None:
    run, world = whole
    text = write_report(run, world).read_text()
    page = Page(text)
    assert page.pictures == 5, "flights, paths, two channels, the drive"
    assert not page.outside
    assert not page.open
    assert "&lt;was&gt;" in text, "texts are escaped"
    assert 'class="gap"' not in text
    assert "http" not in text


def test_result_holds_the_run_in_numbers(whole: tuple[Path, Path]) -> None:
    run, world = whole
    write_report(run, world)
    found = json.loads((run / "result.json").read_text())
    assert found["outcome"] == "arrived"
    assert found["channel"] == "B"
    assert found["distance_m"] == 66.0
    assert found["wall_s"] == 153
    assert found["sim_s"] == 92 + 90 + 1650 + 88775
    assert found["active_sim_s"] == 92 + 90 + 1650
    assert found["max_tilt_deg"] == pytest.approx(math.degrees(0.25), abs=0.1)
    assert [f["flight"] for f in found["flights"]] == [1, 2]
    assert found["flight_totals"]["energy_j"] == pytest.approx(63600.0)
    assert found["decision"]["choice"] == "B", "the decision acted on, not the look before it"
    assert "path" not in found["decision"]["candidates"][0]
    assert {p["phase"]: p["wall_s"] for p in found["timeline"]}["mapping"] == 26


@pytest.mark.parametrize("part", [*PARTS, "trajectory", "map"])
def test_missing_part_is_named(tmp_path: Path, part: str) -> None:
    run = make_run(tmp_path / "run")
    if part == "map":
        (run / "map/elevation.tif").unlink()
    else:
        (run / f"{part}.csv" if part == "trajectory" else run / f"{part}.json").unlink()
    page = write_report(run, None).read_text()
    assert not Page(page).open
    if part not in ("hazards", "notes"):
        wanted = {"map": "map/elevation.tif", "trajectory": "trajectory.csv"}.get(part, f"{part}.json")
        assert f"<li>{wanted}" in page


@pytest.mark.parametrize("content", ["{", "[1, 2]", '"text"', "null", '{"a": [{}]}', "[{}]", "[[]]"])
def test_broken_parts_leave_a_page(tmp_path: Path, content: str) -> None:
    run = make_run(tmp_path / "run")
    for part in PARTS:
        (run / f"{part}.json").write_text(content)
    (run / "map/elevation.tif").write_bytes(b"not a raster")
    (run / "trajectory.csv").write_text("t,x\n1,2\nx,y,z\n")
    page = write_report(run, tmp_path / "no world").read_text()
    assert not Page(page).open
    assert json.loads((run / "result.json").read_text())["outcome"] == "unfinished"


def test_empty_run_gives_a_page(tmp_path: Path) -> None:
    page = write_report(tmp_path).read_text()
    assert "did not come to its end" in page
    found = json.loads((tmp_path / "result.json").read_text())
    assert found["outcome"] == "unfinished"
    assert found["flights"] == []
    assert found["max_tilt_deg"] is None


def test_no_time_left_still_gives_numbers(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    text = write_report(run, None, budget=0.0).read_text()
    assert Page(text).pictures == 0
    assert "had to end quickly" in text
    assert "Channel B" in text


def test_no_run_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="run folder"):
        write_report(tmp_path / "nowhere")


def test_track_survives_a_torn_last_line(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    with (run / "trajectory.csv").open("a") as file:
        file.write("1.0,2.0,3")
    record = read_run(run)
    assert len(record.track) == 40
    assert any("1 of 41 lines" in text for text in record.missing)
    assert result(record)["distance_m"] == 66.0


def test_written_values_are_json(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.write("notes", [{"a": math.nan, "b": np.float32(1.5), "c": np.arange(2), "d": np.inf}])
    assert json.loads((tmp_path / "notes.json").read_text()) == [
        {"a": None, "b": 1.5, "c": [0, 1], "d": None}
    ]
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.21, "4.2 s"), (48, "48 s"), (185, "3:05 min"), (7800, "2:10 h"), (None, "–")]
)
def test_durations_read_well(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_unknown_figures_are_dashes() -> None:
    assert value(None, "m") == value(math.nan, "m") == value("x") == value(True) == "–"
    assert value(3.14159, "m", 2) == "3.14 m"


def test_a_campaign_has_its_own_part(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    task = {
        "task": "survey",
        "label": "survey A",
        "outcome": "complete",
        "message": "",
        "flights": [1],
        "found": [],
    }
    moved = task | {
        "label": "reposition to (1, 2)",
        "outcome": "failed",
        "message": "no <safe> landing",
        "flights": [],
    }
    flight = {"outcome": "complete", "duration_s": 90.0, "distance_m": 250.0, "energy_j": 36e3}
    folder.write(
        "flights", [{"flight": 1, "name": "survey A"} | flight, {"flight": 2, "name": "look 1"} | flight]
    )
    folder.write("campaign", {"name": "two", "sols": 3, "tasks": [task, moved]})
    folder.write("outcome", {"outcome": "partly", "message": "1 of 2"})
    page = write_report(tmp_path, None, 0.0).read_text()
    found = json.loads((tmp_path / "result.json").read_text())["campaign"]
    assert [t["outcome"] for t in found["tasks"]] == ["complete", "failed"]
    assert found["tasks"][0]["minutes"] == 1.5
    assert found["totals"] == {"count": 2, "minutes": 3.0, "kilometres": 0.5, "watt_hours": 20.0}
    assert "no &lt;safe&gt; landing" in page
    assert "done in part" in page
    assert 'id="campaign"' in page
    assert 'id="decision"' not in page, "nothing was to be decided"


@pytest.mark.parametrize("content", ["[]", '{"tasks": 3}', '{"tasks": [{}]}', "{"])
def test_a_broken_campaign_leaves_a_page(tmp_path: Path, content: str) -> None:
    (tmp_path / "campaign.json").write_text(content)
    assert "<html" in write_report(tmp_path, None, 0.0).read_text()
