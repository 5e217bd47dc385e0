# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Numbers from config/: described, with unit, range and source, written down once.

A configuration file maps a group of parameters to entries like

    resolution: {value: 0.1, unit: m, min: 0.02, max: 1.0, description: ..., source: ...}

The brain reads them into frozen dataclasses (`load`), the nodes declare the same entries as ROS
parameters with description and range. So each number has one home.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml

from wayscout.errors import InvalidInput

T = TypeVar("T")
Value = float | int | bool | str | list[float] | list[str]
_KEYS = {"value", "unit", "min", "max", "choices", "description", "source"}


@dataclass(frozen=True)
class Parameter:
    """One described number (or text, flag, list) of the configuration."""

    name: str
    value: Value
    unit: str
    description: str
    source: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    def check(self, value: Any, where: str) -> Value:
        """Return the value in the parameter's type, or raise InvalidInput naming it and its range."""
        kind = type(self.value)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not kind:
            raise InvalidInput(where, value, f"a {kind.__name__} is needed ({self.description})")
        numbers = value if isinstance(value, list) else [value]
        for number in numbers:
            if isinstance(number, (float, int)) and not isinstance(number, bool):
                low = self.minimum if self.minimum is not None else float("-inf")
                high = self.maximum if self.maximum is not None else float("inf")
                if not low <= number <= high:  # also catches NaN
                    unit = "" if self.unit == "1" else f" {self.unit}"
                    raise InvalidInput(
                        where, value, f"must lie in {low:g} to {high:g}{unit} ({self.description})"
                    )
        if self.choices and value not in self.choices:
            raise InvalidInput(where, value, f"one of {list(self.choices)} is needed ({self.description})")
        result: Value = value
        return result


def directory() -> Path:
    """Return the config folder: WAYSCOUT_CONFIG, the installed one, or the source tree's.

    Raises:
        InvalidInput: when none of them exists.
    """
    candidates = [os.environ.get("WAYSCOUT_CONFIG", "")]
    prefixes = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    candidates += [str(Path(p) / "share/wayscout_bringup/config") for p in prefixes if p]
    candidates += [str(parent / "config") for parent in Path(__file__).resolve().parents]
    for candidate in candidates:
        if candidate and (Path(candidate) / "rover.yaml").is_file():
            return Path(candidate)
    raise InvalidInput(
        "WAYSCOUT_CONFIG", os.environ.get("WAYSCOUT_CONFIG"), "the folder of rover.yaml is needed"
    )


@lru_cache(maxsize=64)
def read(name: str) -> Mapping[str, Parameter]:
    """Read config/<name>.yaml.

    Raises:
        InvalidInput: naming file, parameter and field, when the file is missing or malformed.
    """
    path = directory() / f"{name}.yaml"
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise InvalidInput(str(path), name, f"not a readable configuration ({error})") from error
    if not isinstance(content, dict):
        raise InvalidInput(str(path), content, "a mapping of parameters is needed")
    result = {}
    for key, entry in content.items():
        where = f"{path.name}: {key}"
        if not isinstance(entry, dict) or "value" not in entry or "description" not in entry:
            raise InvalidInput(where, entry, "an entry with at least value and description is needed")
        unknown = set(entry) - _KEYS
        if unknown:
            raise InvalidInput(where, sorted(unknown), f"unknown fields; known are {sorted(_KEYS)}")
        parameter = Parameter(
            key,
            entry["value"],
            str(entry.get("unit", "1")),
            str(entry["description"]),
            str(entry.get("source", "design")),
            entry.get("min"),
            entry.get("max"),
            tuple(entry.get("choices", ())),
        )
        parameter.check(parameter.value, where)
        result[key] = parameter
    return result


def load(name: str, kind: type[T], overrides: Mapping[str, Any] | None = None) -> T:
    """Fill a dataclass from config/<name>.yaml; every field must have an entry of its name.

    Args:
        name: file stem, for instance 'rover'.
        kind: a dataclass whose fields are parameter names; entries it does not name are left alone.
        overrides: values that replace the file's, range-checked alike.
    """
    entries = read(name)
    given = dict(overrides or {})
    values = {}
    for item in fields(kind):  # type: ignore[arg-type]
        if item.name not in entries:
            raise InvalidInput(f"{name}.yaml", item.name, f"{kind.__name__} needs this parameter")
        entry = entries[item.name]
        value = given.pop(item.name, entry.value)
        values[item.name] = entry.check(value, f"{name}.{item.name}")
    unknown = set(given) - set(entries)
    if unknown:
        raise InvalidInput(f"{name} parameters", sorted(unknown), f"known are {sorted(entries)}")
    return kind(**values)
