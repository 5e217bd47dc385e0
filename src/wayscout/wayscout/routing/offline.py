# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The planner on files: what `wayscout plan` does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wayscout.errors import InvalidInput
from wayscout.routing.planner import plan


def load_cost(file: Path | str) -> npt.NDArray[Any]:
    """Read a cost array saved by numpy.

    Raises:
        InvalidInput: naming the file, when it is missing or holds no plain array.
    """
    try:
        cost = np.load(Path(file), allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InvalidInput("cost", str(file), f"not a readable .npy file ({error})") from error
    if not isinstance(cost, np.ndarray):
        raise InvalidInput("cost", str(file), "one array is needed, not an archive")
    return cost


def plan_path(
    cost: npt.NDArray[Any], resolution: float, start: Sequence[float], goal: Sequence[float]
) -> dict[str, Any]:
    """Plan and return what is printed as JSON.

    Returns:
        path [[x, y], ...], length [m], cost and seconds; all but seconds are None when there is no path.
        The seconds are the search's, without loading its compiled code.

    Raises:
        InvalidInput: naming the argument that can't be used; see `planner.plan`.
    """
    plan(np.ones((2, 2)), 1.0, (0.5, 0.5), (1.5, 1.5))
    return plan(cost, resolution, start, goal).as_dict()
