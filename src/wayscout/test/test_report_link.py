# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The radio's part of the report: there where the run had a link, and only there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from wayscout.errors import NoPath
from wayscout.report import link, read_run, write_report
from wayscout.report.result import result


def run(folder: Path, content: object) -> Path:
    (folder / "link.json").write_text(json.dumps(content))
    return folder


LINK = {
    "counters": {"sent": 3, "bytes": 2_000_000, "lost": 7, "repeated": 7},
    "queued": 1,
    "history": [[0.0, 20.0, 250000, 3], [1.0, 21.0, 250000, 2], [88000.0, 20.0, 0, 1], [88001.0, 20.0, 0, 1]],
    "arrived": [
        {"kind": "thumbnail", "size": 1000, "queued_at": 0.0, "arrived_at": 0.5, "worth": 0.0},
        {"kind": "picture", "size": 1999000, "queued_at": 0.0, "arrived_at": 64.0, "worth": 12.0},
    ],
}


def test_counters_stand_in_the_page_and_in_the_result(tmp_path: Path) -> None:
    folder = run(tmp_path, LINK)
    assert result(read_run(folder))["link"] == {
        "queued": 1,
        "sent": 3,
        "bytes": 2_000_000,
        "lost": 7,
        "repeated": 7,
    }
    page = write_report(folder).read_text()
    assert "The radio link" in page
    for words in ("2.0 MB", "thumbnail", "navigation picture", "packets lost"):
        assert words in page


def test_when_each_picture_reaches_earth_is_a_table(tmp_path: Path) -> None:
    first, second = ({**entry, "pass_at": 12000.0} for entry in LINK["arrived"])
    late = {**second, "pass_at": 100775.0, "earth_at": 101600.0}
    link_ = {**LINK, "arrived": [{**first, "earth_at": 12780.1}, {**second, "earth_at": 12796.0}, late]}
    page = write_report(run(tmp_path, link_)).read_text()
    for words in ("sol 0 3:20:00", "1 navigation picture, 1 thumbnail", "sol 0 3:33:16", "sol 1 3:20:00"):
        assert words in page
    assert "all 3 pictures" in page


def test_a_night_is_left_out_of_the_picture(tmp_path: Path) -> None:
    chart = link.chart(read_run(run(tmp_path, LINK)))
    minutes = np.concatenate([line.get_xdata() for axes in chart.axes for line in axes.lines])
    assert minutes.max() == pytest.approx(2.0 / 60.0)


def test_a_run_without_a_link_has_no_such_part(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text("[]")
    assert result(read_run(tmp_path))["link"] is None
    assert "The radio link" not in write_report(tmp_path).read_text()


@pytest.mark.parametrize(
    "content", [{"history": [], "counters": 3}, {"history": [[1, 2]], "arrived": [5, {"earth_at": "x"}]}, [1]]
)
def test_a_broken_file_does_not_break_the_page(tmp_path: Path, content: object) -> None:
    folder = run(tmp_path, content)
    assert write_report(folder).is_file()
    with pytest.raises(NoPath):
        link.chart(read_run(folder))
