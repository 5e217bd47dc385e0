# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""ROS parameters from the described entries of config/: declared once, range-checked, at run time too."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
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


def without_clock() -> list[RosParameter]:
    """Overrides for a node that takes the time from its messages: /clock shall not wake it at every step."""
    return [RosParameter("use_sim_time", value=False)]


def declare(
    node: Node,
    group: str,
    kind: type[T],
    *,
    prefix: str = "",
    apply: Callable[[T], None] | None = None,
    fixed: Collection[str] = (),
) -> T:
    """Declare the entries of config/<group>.yaml that `kind` names, and return them as that dataclass.

    Args:
        node: the node that owns the parameters; overrides come from --params-file and -p.
        group: file stem in config/.
        kind: dataclass whose fields are entry names.
        prefix: put before each parameter name, with a dot, where two groups would collide.
        apply: takes the new dataclass after each change at run time; without it the parameters are
            read-only, and a change is refused, since it would have no effect.
        fixed: entries that are read-only all the same.

    Raises:
        InvalidInput: naming parameter and range when an override does not fit.
    """
    entries = config.read(group)
    names = {item.name: f"{prefix}.{item.name}" if prefix else item.name for item in fields(kind)}  # type: ignore[arg-type]
    if unknown := set(fixed) - set(names):
        raise InvalidInput(f"fixed entries of {group}", sorted(unknown), f"known are {sorted(names)}")
    values = {
        key: _declare_entry(node, name, entries[key], live=apply is not None and key not in fixed)
        for key, name in names.items()
    }
    if apply is not None:
        _follow(node, group, kind, names, apply)
    return config.load(group, kind, values)


def declare_one(node: Node, name: str, default: Any, description: str) -> Any:
    """Declare a parameter of one run rather than of a vehicle (a folder, a seed) and return its value.

    It is read-only: a run has it from its start.
    """
    descriptor = ParameterDescriptor(description=description, read_only=True)
    return node.declare_parameter(name, default, descriptor).value


def _declare_entry(node: Node, name: str, entry: config.Parameter, *, live: bool) -> Any:
    # declared with dynamic type first: an integer given for a number ("-p speed:=1") is what people type
    node.declare_parameter(name, entry.value, ParameterDescriptor(dynamic_typing=True))
    value = entry.check(_plain(node.get_parameter(name).value), f"{node.get_name()}.{name}")
    node.set_parameters([RosParameter(name, value=value)])
    unit = "" if entry.unit == "1" else f" [{entry.unit}]"
    descriptor = ParameterDescriptor(
        description=f"{entry.description}{unit} (source: {entry.source})",
        additional_constraints=f"one of {list(entry.choices)}" if entry.choices else "",
        dynamic_typing=True,
        read_only=not live,
    )
    bounded = entry.minimum is not None or entry.maximum is not None
    if bounded and isinstance(entry.value, float):
        descriptor.floating_point_range = [FloatingPointRange(from_value=_low(entry), to_value=_high(entry))]
    elif bounded and isinstance(entry.value, int):
        descriptor.integer_range = [
            IntegerRange(from_value=int(_low(entry)), to_value=int(_high(entry)), step=1)
        ]
    node.set_descriptor(name, descriptor, RosParameter(name, value=value).get_parameter_value())
    return value


def _follow(
    node: Node, group: str, kind: type[T], names: Mapping[str, str], apply: Callable[[T], None]
) -> None:
    """Refuse changes that do not fit, and hand on the dataclass after those that do.

    Args:
        names: entry -> parameter.
    """
    keys = {name: key for key, name in names.items()}
    entries = config.read(group)

    def changed(changes: list[RosParameter]) -> T | None:
        """Return the dataclass with changes, None when none of them is of this group."""
        new = {keys[c.name]: _plain(c.value) for c in changes if c.name in keys}
        for key, value in new.items():
            new[key] = entries[key].check(value, f"{node.get_name()}.{names[key]}")
        if not new:
            return None
        now = {key: _plain(node.get_parameter(name).value) for key, name in names.items()}
        return config.load(group, kind, now | new)

    def check(changes: list[RosParameter]) -> SetParametersResult:
        try:
            changed(changes)
        except InvalidInput as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def take(changes: list[RosParameter]) -> None:
        values = changed(changes)
        if values is not None:
            apply(values)

    node.add_on_set_parameters_callback(check)
    node.add_post_set_parameters_callback(take)


def _plain(value: Any) -> Any:
    """Turn array.array and tuple parameter values into lists."""
    return list(value) if hasattr(value, "__len__") and not isinstance(value, str) else value


def _low(entry: config.Parameter) -> float:
    return float(entry.minimum) if entry.minimum is not None else -1e15


def _high(entry: config.Parameter) -> float:
    return float(entry.maximum) if entry.maximum is not None else 1e15
