# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The configuration is readable, complete, in range; what does not fit is refused by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from wayscout import config
from wayscout.errors import InvalidInput


@dataclass(frozen=True)
class Rover:
    mass: float
    speed: float


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "rover.yaml").write_text(
        "mass: {value: 10.0, description: mass}\n"
        "speed: {value: 1.0, min: 0.0, max: 2.0, description: speed}\n"
    )
    monkeypatch.setenv("WAYSCOUT_CONFIG", str(tmp_path))
    config.read.cache_clear()
    yield tmp_path
    config.read.cache_clear()


@pytest.mark.parametrize("file", sorted(config.directory().glob("*.yaml")), ids=lambda f: f.stem)
def test_every_entry_of_the_configuration_is_well_formed(file: Path) -> None:
    if file.stem in ("worlds", "bridge"):
        pytest.skip("world recipes and the bridge's table have schemas of their own")
    for entry in config.read(file.stem).values():
        assert entry.description, f"{file.stem}.{entry.name}"
        assert entry.source, f"{file.stem}.{entry.name}"


@pytest.mark.parametrize("file", sorted(config.directory().glob("*.yaml")), ids=lambda f: f.stem)
def test_every_number_has_a_range(file: Path) -> None:
    if file.stem in ("worlds", "bridge", "flights"):
        pytest.skip("no parameters")
    for entry in config.read(file.stem).values():
        several = isinstance(entry.value, list | tuple)
        first = entry.value[0] if several and entry.value else entry.value
        if isinstance(first, int | float) and not isinstance(first, bool):
            assert entry.minimum is not None, f"{file.stem}.{entry.name}"
            assert entry.maximum is not None, f"{file.stem}.{entry.name}"


def test_values_and_overrides(folder: Path) -> None:
    assert config.load("rover", Rover) == Rover(10.0, 1.0)
    assert config.load("rover", Rover, {"speed": 2}) == Rover(10.0, 2.0)


@pytest.mark.parametrize("wrong", [3.0, float("nan"), "fast", True])
def test_a_value_out_of_range_is_refused_by_name(folder: Path, wrong: object) -> None:
    with pytest.raises(InvalidInput, match=r"rover\.speed"):
        config.load("rover", Rover, {"speed": wrong})


def test_an_unknown_override_is_refused_by_name(folder: Path) -> None:
    with pytest.raises(InvalidInput, match="sped"):
        config.load("rover", Rover, {"sped": 1.0})


@pytest.mark.parametrize(
    "text", ["mass: 3", "mass: {value: 1.0}", "mass: {value: 1.0, description: a, unitt: b}", "[1"]
)
def test_a_malformed_file_is_refused_by_name(folder: Path, text: str) -> None:
    (folder / "rover.yaml").write_text(text)
    with pytest.raises(InvalidInput, match=r"rover\.yaml"):
        config.read("rover")
