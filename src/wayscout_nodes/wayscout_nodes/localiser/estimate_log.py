# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Where the helicopter believed to be, step by step: written to a file, for reports and benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

import numpy as np
import numpy.typing as npt

from wayscout.geometry import Pose

HEADER = "t,x,y,z,yaw,sigma"


class EstimateLog:
    """One line an instant: time [s], base_link in map [m, rad], its largest sigma [m].

    Lines go to the disk as they come: a run that is killed keeps them. Without a file it does nothing.
    """

    def __init__(self, file: Path | None) -> None:
        self._out: TextIO | None = None
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._out = file.open("w", buffering=1)
            print(HEADER, file=self._out)

    def add(self, time: float, pose: Pose, sigma: npt.NDArray[np.float64]) -> None:
        """Note one instant."""
        if self._out is None:
            return
        x, y, z = pose.position
        line = f"{time:.3f},{x:.4f},{y:.4f},{z:.4f},{pose.yaw:.5f},{float(sigma.max()):.4f}"
        print(line, file=self._out)

    def close(self) -> None:
        """Close the file."""
        if self._out is not None:
            self._out.close()
            self._out = None
