# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Science targets aboard the rover: kept, and told of when it passes one; it leaves its path for none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rclpy.node import Node
from wayscout_interfaces.msg import ScienceTarget, ScienceTargets

from wayscout import config
from wayscout.driving.passing import Passing
from wayscout.errors import InvalidInput
from wayscout_nodes.common import convert, qos


@dataclass(frozen=True)
class PassingParams:
    """See config/science.yaml."""

    pass_by: float


class TargetDesk:
    """Keeps science/targets; publishes each one passed on rover/passed, with the distance as its reason."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._reach = config.load("science", PassingParams).pass_by
        self._targets: list[ScienceTarget] = []
        self._passing = Passing([], self._reach)
        self._passed = node.create_publisher(ScienceTargets, "rover/passed", qos.COMMAND)
        node.create_subscription(ScienceTargets, "science/targets", self._take, qos.LATCHED)

    def _take(self, message: ScienceTargets) -> None:
        try:
            places = [
                convert.point(t.position, f"science/targets.targets[{k}].position")[:2]
                for k, t in enumerate(message.targets)
            ]
        except InvalidInput as error:
            self._node.get_logger().warning(f"science targets dropped: {error}")
            return
        self._targets, self._passing = list(message.targets), Passing(places, self._reach)
        self._node.get_logger().info(f"{len(places)} science targets aboard")

    def look(self, position: npt.NDArray[np.float64], time: float, *, end: bool = False) -> None:
        """Tell of the targets just passed; `end` when the rover stops for good."""
        for k, distance in self._passing.step(position, end=end):
            target = self._targets[k]
            reason = f"passed at {distance:.1f} m"
            self._node.get_logger().info(f"science target {target.rank} ({target.kind}) {reason}")
            passed = ScienceTarget(
                rank=target.rank, kind=target.kind, position=target.position, size=target.size,
                score=target.score, detour=target.detour, reason=reason,
            )  # fmt: skip
            message = ScienceTargets(targets=[passed])
            message.header.frame_id, message.header.stamp = "map", convert.to_stamp(time)
            self._passed.publish(message)
