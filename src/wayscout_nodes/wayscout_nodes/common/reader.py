# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Topics that are read when it suits, instead of waking the process with every message.

The clock, transforms and the rover's state come with every simulated step, tens to hundreds a second; who
only reports or shows them looks a few times a second, and leaves the processor to those in lock-step.
"""

from __future__ import annotations

from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from rclpy.serialization import deserialize_message


class Reader:
    """Subscriptions of a node that no executor spins; their messages wait until they are taken.

    Args:
        owner: gives the namespace.
    """

    def __init__(self, owner: Node) -> None:
        self._owner = owner
        self._node = Node(
            f"{owner.get_name()}_reader",
            namespace=owner.get_namespace(),
            use_global_arguments=False,
            enable_rosout=False,
            start_parameter_services=False,
        )
        self._subscriptions: dict[str, Any] = {}

    def subscribe(self, kind: type, topic: str, depth: int) -> None:
        """Keep the newest `depth` messages of a topic for `take`."""
        # best effort fits both kinds of publishers
        profile = QoSProfile(depth=depth, reliability=QoSReliabilityPolicy.BEST_EFFORT)
        name = self._owner.resolve_topic_name(topic)  # this node itself hears of no remapping
        self._subscriptions[topic] = self._node.create_subscription(kind, name, lambda _: None, profile)

    def take(self, topic: str, most: int | None = None) -> list[Any]:
        """Return the messages that came since the last call, oldest first.

        Args:
            most: at most so many of them, evenly spread, the newest among them; the others are not decoded.
        """
        subscription = self._subscriptions[topic]
        raw: list[bytes] = []
        with subscription.handle:
            while (taken := subscription.handle.take_message(subscription.msg_type, True)) is not None:
                raw.append(taken[0])
        if most is not None and len(raw) > most:
            raw = [raw[(k + 1) * len(raw) // most - 1] for k in range(most)]
        return [deserialize_message(data, subscription.msg_type) for data in raw]

    def close(self) -> None:
        self._node.destroy_node()
