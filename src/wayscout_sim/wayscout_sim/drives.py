# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Did a finished mission's drive show that its channel can be climbed? Judged by what truly happened."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wayscout.corridor import Corridor
from wayscout.errors import InvalidInput
from wayscout.routing.compare import Candidate
from wayscout.routing.parameters import RoverLimits, rover_limits
from wayscout.worlds.folder import World

Array = npt.NDArray[np.float64]

ENDED = ("arrived", "stopped", "neither")
"""Outcomes of a mission that came to an answer, as against one that failed or was interrupted."""
NEAR = 15.0
"""[m] from a place that the truth calls blocked within which a stop is put down to it: blocks reach over some
metres, and the rover judges the ground a few metres ahead."""


@dataclass(frozen=True)
class Drive:
    """What became of the rover in one channel.

    Attributes:
        outcome, message: the mission's own words.
        reached_top: it truly ended within the goal's radius.
        kept_limits: it truly never tilted beyond `max_tilt`, nor touched a rock taller than `max_step`.
        end: (2,) x, y [m] where it truly ended.
        along: distance along the channel's centreline abreast of it [m], of `length`.
        driven: [m] by the rover's own count.
        max_tilt: true [rad].
        max_slip: by the rover's own estimate.
        rock_touched: height of the tallest rock touched [m].
    """

    channel: str
    outcome: str
    message: str
    reached_top: bool
    kept_limits: bool
    end: Array
    along: float
    length: float
    driven: float
    max_tilt: float
    max_slip: float
    rock_touched: float

    def block_distance(self, right: Candidate) -> float:
        """Return how far from the next place that the truth calls blocked it ended [m], inf without one."""
        if not len(right.blocked_at):
            return float("inf")
        return float(np.hypot(*(right.blocked_at - self.end).T).min())

    def confirms(self, right: Candidate) -> bool:
        """Tell whether the drive bears out the truth's verdict on the channel, within the rover's limits.

        A passable channel is climbed to the top; in an impassable one the rover stops short of it, near a
        place that the truth calls blocked (where it shows no way through at all, anywhere).
        """
        if not self.kept_limits or self.outcome not in ENDED:
            return False
        if right.passable:
            return self.reached_top
        closed = not len(right.blocked_at)
        return not self.reached_top and (closed or self.block_distance(right) < NEAR)


def read_drive(run: Path, world: World, channel: str, limits: RoverLimits | None = None) -> Drive:
    """Read how a run of the embedded simulator ended in a channel.

    Args:
        run: its folder, with result.json and truth.npz.
        world: what it ran in.
        channel: the channel that was to be driven.

    Raises:
        InvalidInput: when a file is missing or corrupt, or the world has no such channel.
    """
    limits = limits or rover_limits()
    drawn = [c for c in world.corridors if c.name == channel]
    if not drawn:
        raise InvalidInput("channel", channel, f"known are {[c.name for c in world.corridors]}")
    try:
        result = json.loads((run / "result.json").read_text())
        with np.load(run / "truth.npz") as log:
            poses, rock = log["rover"], float(log["rock_touched"].max())
    except (OSError, ValueError, KeyError) as error:
        raise InvalidInput("run", str(run), f"not a finished run with its truth ({error})") from error
    corridor = Corridor.of(channel, drawn[0].centreline, drawn[0].width)
    end = poses[-1, :2]
    tilt = np.arccos(np.clip(1.0 - 2.0 * (poses[:, 3] ** 2 + poses[:, 4] ** 2), -1.0, 1.0))
    away = float(np.hypot(end[0] - world.goal.x, end[1] - world.goal.y))
    _, along = corridor.locate(end[0], end[1])
    most = float(tilt.max())
    return Drive(
        channel=channel,
        outcome=str(result["outcome"]),
        message=str(result["message"]),
        reached_top=away <= world.goal.radius,
        kept_limits=most <= limits.max_tilt and rock <= limits.max_step,
        end=end,
        along=float(along),
        length=corridor.length,
        driven=float(result["distance_m"] or 0.0),
        max_tilt=most,
        max_slip=float(result["max_slip"] or 0.0),
        rock_touched=rock,
    )
