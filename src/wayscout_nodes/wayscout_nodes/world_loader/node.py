# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The world loader: reads a world's public files once and latches `map/orbital`."""

from __future__ import annotations

import sys

from rclpy.node import Node
from sensor_msgs.msg import PointCloud2
from wayscout_interfaces.msg import OrbitalMap

from wayscout_nodes.common import clouds, diagnostics, parameters, qos
from wayscout_nodes.common.run import run
from wayscout_nodes.world_loader.orbital import coloured_ground, read_orbital_map


class WorldLoader(Node):
    """Publishes the orbital map of the world in the parameter `world`, for viewers as a cloud too."""

    def __init__(self) -> None:
        super().__init__("world_loader", parameter_overrides=parameters.without_clock())
        folder = parameters.declare_one(self, "world", "", "world folder; world.yaml and orbital/ are read")
        world, message = read_orbital_map(folder)
        self._publisher = self.create_publisher(OrbitalMap, "map/orbital", qos.LATCHED)
        self._publisher.publish(message)
        self._cloud = self.create_publisher(PointCloud2, "map/orbital_cloud", qos.LATCHED)
        self._grid_map = clouds.grid_map_publisher(self, "map/orbital_grid_map")
        ground = coloured_ground(message)
        self._cloud.publish(clouds.cloud(ground, 0.0))
        if self._grid_map is not None:
            shown = clouds.grid_map(ground, ground.layers, 0.0, clouds.grid_map_msgs())
            self._grid_map.publish(shown)
        names = ", ".join(c.name for c in message.corridors)
        self.get_logger().info(f"world '{world.name}', {world.size:g} m square, corridors {names}")
        diagnostics.Diagnostics(self).report(0.0, diagnostics.OK, f"world '{world.name}'")


def main() -> None:
    sys.exit(run(WorldLoader))


if __name__ == "__main__":
    main()
