# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Science targets on their way from the map to messages, markers, the mission's notes and the report."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import cv2
import numpy as np
import pytest
from visualization_msgs.msg import Marker
from wayscout_interfaces.action import RankTargets

from wayscout import config
from wayscout.errors import InvalidInput
from wayscout.grid import Grid
from wayscout.report import science as report
from wayscout.report import write_report
from wayscout.report.folder import TRACK_COLUMNS, RunFolder, read_run
from wayscout_nodes.analyst import ranking
from wayscout_nodes.mission.behaviours.rank import RankTargets as Leaf
from wayscout_nodes.rover.targets import TargetDesk

sys.path.append(str(Path(__file__).parent / "support"))
import scripted


def ground() -> Grid:
    """Level mottled ground of 32 m with a light patch at (8, 8)."""
    rng = np.random.default_rng(1)
    grid = Grid(0.1, (0.0, 0.0), (320, 320))
    grid["elevation"] = rng.normal(0.0, 0.004, grid.shape)
    mottled = cv2.GaussianBlur(rng.normal(0.0, 1.0, grid.shape), (0, 0), 6.0)
    grid["intensity"] = 120.0 + 6.0 * mottled / mottled.std() + rng.normal(0.0, 6.0, grid.shape)
    xs, ys = grid.centres()
    grid["intensity"][np.hypot(xs[None, :] - 8.0, ys[:, None] - 8.0) < 1.0] += 50.0
    for name in ("sand", "rock"):
        grid[name] = np.zeros(grid.shape)
    grid["sigma"], grid["measured"] = np.full(grid.shape, 0.02), np.ones(grid.shape)
    return grid


@pytest.fixture(scope="module")
def ranked() -> list[ranking.Ranked]:
    params = config.load("science", ranking.RankingParams)
    return ranking.rank(ground(), None, (4.0, 4.0), (28.0, 4.0), 4, params)


def test_targets_come_with_detour_chip_message_and_markers(ranked: list[ranking.Ranked]) -> None:
    message = ranking.to_message(ranked, 12.5)
    assert [t.rank for t in message.targets] == list(range(1, len(ranked) + 1))
    best = next(t for t in message.targets if t.kind == "light patch")
    assert math.hypot(best.position.x - 8.0, best.position.y - 8.0) < 0.5
    assert best.reason.startswith("brighter")
    assert 0.0 <= best.detour < 3.0
    assert message.header.frame_id == "map"
    picture = cv2.imdecode(np.frombuffer(bytes(best.chip.data), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape[0] == picture.shape[1] > 100
    markers = ranking.markers_of(ranked)
    assert len(markers) == 2 * len(ranked)
    assert any(
        m.type == Marker.TEXT_VIEW_FACING and f"light patch, +{best.detour:.0f} m" in m.text for m in markers
    )


def test_the_rover_keeps_them_and_tells_what_it_passes(ranked: list[ranking.Ranked]) -> None:
    node = Mock()
    desk = TargetDesk(node)
    message = ranking.to_message(ranked, 1.0)
    desk._take(message)
    x, y = message.targets[0].position.x, message.targets[0].position.y
    for ahead in np.arange(-8.0, 8.0, 0.5):
        desk.look(np.array([x + 2.0, y + ahead, 0.0]), 50.0 + ahead)
    told = [call.args[0].targets[0] for call in node.create_publisher().publish.call_args_list]
    assert (told[0].rank, told[0].kind, told[0].reason) == (1, ranked[0].target.kind, "passed at 2.0 m")
    bad = ranking.to_message(ranked, 1.0)
    bad.targets[0].position.x = math.nan
    desk._take(bad)
    assert "targets[0]" in node.get_logger().warning.call_args.args[0]


def test_the_report_takes_how_near_it_came_from_the_track(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for y in (0.0, 5.0, 10.0):
        folder.add_track_point(**dict.fromkeys(TRACK_COLUMNS, 0.0) | {"t": y, "y": y})
    folder.close()
    targets = [{"rank": 1, "x": 2.5, "y": 5.0, "detour": 0.4}, {"rank": 2, "x": 25.0, "y": 5.0}]
    report.write_targets(tmp_path, targets, [b"", b""])
    page = report.section(read_run(tmp_path))
    assert page.count("at 2.5 m") == 1
    assert page.count("<td>–</td>") > 1


def test_a_rover_off_the_map_costs_the_detours_only() -> None:
    params = config.load("science", ranking.RankingParams)
    found = ranking.rank(ground(), None, (-99.0, 0.0), (28.0, 4.0), 3, params)
    assert len(found) == 3
    assert all(math.isnan(entry.detour) for entry in found)


def test_the_mission_writes_targets_and_goes_on(tmp_path: Path, ranked: list[ranking.Ranked]) -> None:
    result = RankTargets.Result(success=True, targets=ranking.to_message(ranked, 1.0))
    mission = scripted.build(tmp_path)
    port = scripted.FakePort("science/rank", lambda *_: scripted.Answer(result))
    mission.ports = replace(mission.ports, rank=port)
    mission.flown = 1
    leaf = Leaf(mission)
    for _ in range(10):
        leaf.tick_once()
        if leaf.status.name != "RUNNING":
            break
    assert leaf.status.name == "SUCCESS"
    kept = json.loads((tmp_path / "targets.json").read_text())["targets"]
    assert len(kept) == len(ranked)
    assert (tmp_path / kept[0]["chip"]).stat().st_size > 1000
    assert any("science targets" in note["text"] for note in mission.recorder.notes)
    page = write_report(tmp_path).read_text()
    assert "Science targets" in page
    assert page.count("data:image/jpeg") >= len(ranked)


def test_without_analyst_or_answer_the_mission_goes_on(tmp_path: Path) -> None:
    mission = scripted.build(tmp_path)
    mission.flown = 1
    leaf = Leaf(mission)
    leaf.tick_once()
    assert leaf.status.name == "SUCCESS"
    port = scripted.FakePort("science/rank", lambda *_: scripted.Answer(None, "science/rank failed: no map"))
    mission.ports = replace(mission.ports, rank=port)
    leaf = Leaf(mission)
    for _ in range(10):
        leaf.tick_once()
    assert leaf.status.name == "SUCCESS"
    assert any("not ranked" in note["text"] for note in mission.recorder.notes)


def test_a_broken_record_is_named_and_chips_must_match(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="chips"):
        report.write_targets(tmp_path, [{}], [])
    (tmp_path / "targets.json").write_text("{")
    record = read_run(tmp_path)
    assert report.section(record) == ""
    assert any("targets.json" in text for text in record.missing)
    report.write_targets(tmp_path, [], [])
    assert "stands out" in report.section(record)
