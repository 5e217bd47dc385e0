# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What truly happened, for reports and tests: written to a file, published nowhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from wayscout.geometry import Pose
from wayscout_sim.states import HelicopterTruth, RoverTruth


class TruthLog:
    """Collects one row an instant and writes them as a compressed .npz.

    Arrays: `time` (n,) [s]; `rover`, `helicopter` (n, 7) x y z [m] qx qy qz qw of base_link in map;
    `slip` (n, 6) by wheel; `rock_touched` (n,) height [m] of the tallest rock touched since the row before;
    `charge` (n,) [J]; `airborne` (n,) bool. Without a file it collects nothing.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._rows: list[tuple[object, ...]] = []
        self.lost = ""
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)

    def add(self, time: float, rover: RoverTruth, helicopter: HelicopterTruth) -> None:
        """Note one instant."""
        self.lost = helicopter.lost
        if self._file is not None:
            airborne = helicopter.motors and not helicopter.landed
            row = (_row(rover.pose), _row(helicopter.pose), rover.slip, rover.tallest_contact)
            self._rows.append((time, *row, helicopter.charge, airborne))

    def write(self) -> None:
        """Write the file anew, at once or not at all."""
        if self._file is None or not self._rows:
            return
        names = ("time", "rover", "helicopter", "slip", "rock_touched", "charge", "airborne")
        arrays = {n: np.array(column) for n, column in zip(names, zip(*self._rows, strict=True), strict=True)}
        part = self._file.with_suffix(".part.npz")
        np.savez_compressed(part, lost=np.array(self.lost), **arrays)  # type: ignore[arg-type]
        part.replace(self._file)


def _row(pose: Pose) -> npt.NDArray[np.float64]:
    return np.concatenate([pose.position, pose.quaternion])
