# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Transforms reach also those who begin to listen when nothing moves any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("tf2_msgs.msg", reason="the workspace is not built")

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from wayscout.geometry import Pose
from wayscout_nodes.common.domains import free_domain
from wayscout_nodes.common.transforms import TransformListener, TransformSender

LINK = ("map", "rover/odom")


@pytest.fixture
def nodes() -> Iterator[tuple[Node, Node, SingleThreadedExecutor]]:
    rclpy.init(domain_id=free_domain())
    executor = SingleThreadedExecutor()
    made = Node("sender"), Node("newcomer")
    for node in made:
        executor.add_node(node)
    yield *made, executor
    for node in made:
        node.destroy_node()
    rclpy.shutdown()


def test_a_newcomer_is_told_where_all_stand(nodes: tuple[Node, Node, SingleThreadedExecutor]) -> None:
    here, there, executor = nodes

    def until(done: Callable[[], bool], limit: float = 15.0) -> None:
        deadline = time.monotonic() + limit
        while not done():
            assert time.monotonic() < deadline, "waited in vain"
            executor.spin_once(timeout_sec=0.02)
            sender.serve_newcomers()

    sender = TransformSender(here)
    sender.send(3.0, (*LINK, Pose.from_euler(1.0, 2.0, 0.0)))  # nobody hears it
    told = []
    listener = TransformListener(there, [LINK], lambda: told.append(1))
    until(lambda: bool(told))
    assert listener[LINK].lookup(3.0).position == pytest.approx([1.0, 2.0, 0.0])
    for _ in range(20):
        sender.serve_newcomers()
        executor.spin_once(timeout_sec=0.02)
    assert len(told) == 1  # who is there is told once
