# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Commands from Earth: they arrive after the delay, and nobody on Mars waits for one to be safe."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.node import Node
from std_msgs.msg import Bool, String
from std_srvs.srv import Trigger

from wayscout.link.earth import Earth
from wayscout_nodes.common import qos

COMMANDS = "earth/commands"


class EarthRelay:
    """Takes words on earth/commands and carries each out when it has arrived.

    Args:
        now: the time [s].
        wake: called when a command is on its way and time has to pass.
    """

    def __init__(self, node: Node, earth: Earth, now: Callable[[], float], wake: Callable[[], None]) -> None:
        self._node = node
        self._earth = earth
        self._now = now
        self._wake = wake
        self._stop = node.create_publisher(Bool, "rover/stop", qos.COMMAND)
        self._pause = node.create_publisher(Bool, "rover/pause", qos.COMMAND)
        self._services = {
            name: node.create_client(Trigger, topic)
            for name, topic in (("approve", "mission/approve"), ("abort", "helicopter/abort"))
        }
        self._actions: dict[str, Callable[[], object]] = {
            "approve": lambda: self._call("approve"),
            "abort": lambda: self._call("abort"),
            "stop": lambda: self._stop.publish(Bool(data=True)),
            "pause": lambda: self._pause.publish(Bool(data=True)),
            "resume": lambda: self._resume(),
        }
        self._under_way: list[tuple[float, str]] = []
        node.create_subscription(String, COMMANDS, self._take, qos.COMMAND)

    def __len__(self) -> int:
        """Return how many commands are under way."""
        return len(self._under_way)

    def tick(self) -> None:
        """Carry out what has arrived."""
        now = self._now()
        for entry in [e for e in self._under_way if e[0] <= now]:
            self._under_way.remove(entry)
            self._node.get_logger().info(f"from Earth: {entry[1]}")
            self._actions[entry[1]]()

    def _take(self, message: String) -> None:
        word = message.data.strip()
        if word not in self._actions:
            self._node.get_logger().warning(
                f"{COMMANDS} '{word}' dropped: known are {', '.join(sorted(self._actions))}"
            )
            return
        arrives = self._earth.command_arrives(self._now())
        self._under_way.append((arrives, word))
        self._node.get_logger().info(f"'{word}' left Earth, it arrives in {arrives - self._now():.0f} s")
        self._wake()

    def _resume(self) -> None:
        self._stop.publish(Bool(data=False))
        self._pause.publish(Bool(data=False))

    def _call(self, name: str) -> None:
        client = self._services[name]
        if not client.service_is_ready():
            self._node.get_logger().warning(f"'{name}' came from Earth, but {client.srv_name} is not offered")
            return
        client.call_async(Trigger.Request())
