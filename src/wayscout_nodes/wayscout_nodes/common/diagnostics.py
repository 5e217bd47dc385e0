# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""One line of /diagnostics for each node."""

from __future__ import annotations

from collections.abc import Mapping

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from wayscout_nodes.common import convert, qos

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


class Diagnostics:
    """Publishes the node's state as diagnostic_msgs/DiagnosticArray."""

    def __init__(self, node: Node) -> None:
        self._name = node.get_fully_qualified_name()
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", qos.COMMAND)

    def report(
        self, time: float, level: bytes, message: str, values: Mapping[str, object] | None = None
    ) -> None:
        """Publish a status; floats are rounded to four digits."""
        status = DiagnosticStatus(level=level, name=self._name, message=message, hardware_id="wayscout")
        for key, value in (values or {}).items():
            text = f"{value:.4g}" if isinstance(value, float) else str(value)
            status.values.append(KeyValue(key=key, value=text))
        array = DiagnosticArray(status=[status])
        array.header.stamp = convert.to_stamp(time)
        self._publisher.publish(array)
