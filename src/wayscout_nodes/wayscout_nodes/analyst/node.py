# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The analyst: says what the pictures and the map show, site by site and target by target."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from wayscout.errors import WayscoutError
from wayscout_nodes.analyst.inspection import Inspection, InspectionParams
from wayscout_nodes.analyst.markers import MarkerBoard
from wayscout_nodes.analyst.ranking import Ranking, RankingParams
from wayscout_nodes.analyst.worker import Worker
from wayscout_nodes.common import diagnostics, parameters
from wayscout_nodes.common.run import run
from wayscout_nodes.common.tiles import TileShelf

LAYERS = ("elevation", "sigma", "measured", "intensity", "sand", "rock")


class Analyst(Node):
    """Colour pictures and the map in; serves science/inspect and science/rank.

    Each of its parts has its own file, action and results; they share the map, one worker thread, so that
    two long computations don't compete, and the board of markers.
    """

    def __init__(self) -> None:
        super().__init__("analyst")
        cv2.setNumThreads(1)  # the same sums in the same order, whatever the machine
        lockstep = bool(
            parameters.declare_one(self, "lockstep", True, "embedded simulator: no picture is lost")
        )
        folder = str(
            parameters.declare_one(self, "site_folder", "", "where sites are written, empty for none")
        )
        self._tiles = TileShelf(LAYERS)
        self._worker = Worker("analyst")
        self._diagnostics = diagnostics.Diagnostics(self)
        self._board = MarkerBoard(self)
        self._inspection = Inspection(
            self,
            parameters.declare(self, "analyst", InspectionParams),
            self._tiles,
            self._worker,
            self._board,
            self._diagnostics,
            Path(folder) if folder else None,
            lockstep=lockstep,
        )
        self._ranking = Ranking(
            self,
            parameters.declare(self, "science", RankingParams),
            self._tiles,
            self._worker,
            self._board,
            self._diagnostics,
        )
        self._tiles.listen(self, self._drop)
        # Wall clock: simulated time stands still while the mission waits for the answer.
        self.create_timer(0.1, self._tend, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def close(self) -> None:
        """End the worker."""
        self._worker.close()

    def _drop(self, what: str, error: WayscoutError) -> None:
        self.get_logger().warning(f"{what} dropped: {error}")
        time = 1e-9 * float(self.get_clock().now().nanoseconds)
        self._diagnostics.report(time, diagnostics.WARN, f"{what} dropped: {error}")

    def _tend(self) -> None:
        self._worker.tend()
        self._inspection.tend()
        self._ranking.tend()


def main() -> None:
    sys.exit(run(Analyst))


if __name__ == "__main__":
    main()
