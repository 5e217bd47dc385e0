# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Transforms without tf2: plain TFMessage publishers and the brain's own pose buffers.

The type hash of TFMessage equals the real one's, so RViz and tf2_echo read what is sent here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rclpy.node import Node
from rclpy.qos import QoSProfile
from tf2_msgs.msg import TFMessage

from wayscout.errors import InvalidInput
from wayscout.geometry import Pose, PoseBuffer
from wayscout_nodes.common import convert, qos
from wayscout_nodes.common.newcomers import Newcomers

_TF = QoSProfile(depth=100)
_TF_STATIC = qos.latched(1)


class TransformSender:
    """Publishes transforms on /tf and, once for all, on /tf_static."""

    def __init__(self, node: Node) -> None:
        self._moving = node.create_publisher(TFMessage, "/tf", _TF)
        self._fixed = node.create_publisher(TFMessage, "/tf_static", _TF_STATIC)
        self._newcomers = Newcomers(self._moving)
        self._sent: dict[tuple[tuple[str, str], ...], TFMessage] = {}

    def send(self, time: float, *links: tuple[str, str, Pose]) -> None:
        """Publish (parent, child, pose of the child in the parent) links at one time [s]."""
        message = TFMessage(transforms=[convert.to_transform(p, c, time, x) for p, c, x in links])
        self._sent[tuple((parent, child) for parent, child, _ in links)] = message
        self._moving.publish(message)

    def serve_newcomers(self) -> None:
        """Send the newest of each set of links again if somebody has begun to listen since the last call."""
        if self._newcomers.came():
            self.send_again()

    def send_again(self) -> None:
        """Publish the newest of each set of links once more, for listeners that were not there yet."""
        for message in self._sent.values():
            self._moving.publish(message)

    def send_static(self, links: Iterable[tuple[str, str, Pose]]) -> None:
        """Publish fixed links; one call with all of them, since the topic keeps the newest message only."""
        self._fixed.publish(TFMessage(transforms=[convert.to_transform(p, c, 0.0, x) for p, c, x in links]))


class TransformListener:
    """Keeps pose buffers of the (parent, child) links that are asked for."""

    def __init__(
        self, node: Node, links: Iterable[tuple[str, str]], on_update: Callable[[], None] | None = None
    ) -> None:
        self.buffers = {link: PoseBuffer() for link in links}
        self._node = node
        self._on_update = on_update
        node.create_subscription(TFMessage, "/tf", self._receive, _TF)

    def __getitem__(self, link: tuple[str, str]) -> PoseBuffer:
        return self.buffers[link]

    def _receive(self, message: TFMessage) -> None:
        changed = False
        for item in message.transforms:
            buffer = self.buffers.get((item.header.frame_id, item.child_frame_id))
            if buffer is None:
                continue
            try:
                buffer.add(convert.seconds(item.header.stamp), convert.transform(item.transform, "/tf"))
                changed = True
            except InvalidInput as error:
                self._node.get_logger().warning(f"transform dropped: {error}")
        if changed and self._on_update is not None:
            self._on_update()
