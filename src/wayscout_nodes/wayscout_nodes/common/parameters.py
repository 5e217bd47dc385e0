# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""ROS parameters from the described entries of config/: declared once, range-checked, at run time too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from wayscout import config
from wayscout.errors import InvalidInput

T = TypeVar("T")


def declare(node: Node, group: str, kind: type[T], *, prefix: str = "") -> T:
    """Declare the entries of config/<group>.yaml that `kind` names, and return them as that dataclass.

    Args:
        node: the node that owns the parameters; overrides come from --params-file and -p.
        group: file stem in config/.
        kind: dataclass whose fields are entry names.
        prefix: put before each parameter name, with a dot, where two groups would collide.

    Raises:
        InvalidInput: naming parameter and range when an override does not fit.
    """
    entries = config.read(group)
    chosen = {item.name: entries[item.name] for item in fields(kind)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, entry in chosen.items():
        name = f"{prefix}.{key}" if prefix else key
        values[key] = _declare_entry(node, name, entry)
    _refuse_bad_changes(node, {(f"{prefix}.{k}" if prefix else k): e for k, e in chosen.items()})
    return config.load(group, kind, values)


def declare_one(node: Node, name: str, default: Any, description: str) -> Any:
    """Declare a parameter of one run rather than of a vehicle (a folder, a seed) and return its value."""
    descriptor = ParameterDescriptor(description=description)
    return node.declare_parameter(name, default, descriptor).value


def _declare_entry(node: Node, name: str, entry: config.Parameter) -> Any:
    # declared with dynamic type first: an integer given for a number ("-p speed:=1") is what people type
    node.declare_parameter(name, entry.value, ParameterDescriptor(dynamic_typing=True))
    value = entry.check(_plain(node.get_parameter(name).value), f"{node.get_name()}.{name}")
    unit = "" if entry.unit == "1" else f" [{entry.unit}]"
    descriptor = ParameterDescriptor(
        description=f"{entry.description}{unit} (source: {entry.source})",
        additional_constraints=f"one of {list(entry.choices)}" if entry.choices else "",
        dynamic_typing=True,
    )
    bounded = entry.minimum is not None or entry.maximum is not None
    if bounded and isinstance(entry.value, float):
        descriptor.floating_point_range = [FloatingPointRange(from_value=_low(entry), to_value=_high(entry))]
    elif bounded and isinstance(entry.value, int):
        descriptor.integer_range = [
            IntegerRange(from_value=int(_low(entry)), to_value=int(_high(entry)), step=1)
        ]
    node.set_descriptor(name, descriptor, RosParameter(name, value=value).get_parameter_value())
    node.set_parameters([RosParameter(name, value=value)])
    return value


def _refuse_bad_changes(node: Node, entries: dict[str, config.Parameter]) -> None:
    def check(changes: list[RosParameter]) -> SetParametersResult:
        for change in changes:
            entry = entries.get(change.name)
            if entry is None:
                continue
            try:
                entry.check(_plain(change.value), f"{node.get_name()}.{change.name}")
            except InvalidInput as error:
                return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(check)


def on_change(node: Node, apply: Callable[[str, Any], None]) -> None:
    """Call `apply(name, value)` after each accepted change of a parameter at run time."""

    def changed(changes: list[RosParameter]) -> None:
        for change in changes:
            apply(change.name, _plain(change.value))

    node.add_post_set_parameters_callback(changed)


def _plain(value: Any) -> Any:
    """Turn array.array and tuple parameter values into lists."""
    return list(value) if hasattr(value, "__len__") and not isinstance(value, str) else value


def _low(entry: config.Parameter) -> float:
    return float(entry.minimum) if entry.minimum is not None else -1e15


def _high(entry: config.Parameter) -> float:
    return float(entry.maximum) if entry.maximum is not None else 1e15
