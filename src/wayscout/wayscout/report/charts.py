# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Curves over the driven distance: height, tilt, slip and how far off the plan."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wayscout import config
from wayscout.errors import InvalidInput, NoPath
from wayscout.report import drawing
from wayscout.report.folder import RunRecord


def drive_profile(record: RunRecord) -> Figure:
    """Height [m], tilt [deg], slip [%] and cross-track error [m] over the distance driven [m].

    Raises:
        NoPath: when the rover did not drive.
    """
    if len(record.track) < 2:
        raise NoPath("the rover did not drive")
    along = record.along()
    made = drawing.figure(11.4, 5.4)
    rows = made.subplots(4, 1, sharex=True, height_ratios=(1.4, 1.2, 1.0, 0.8))
    tilt_limit, slip_limit = _limit("max_tilt"), _limit("max_slip")
    _curve(rows[0], along, record.column("z") - record.column("z")[0], "climbed [m]", "#8d5a3b")
    _curve(
        rows[1], along, np.degrees(record.column("tilt")), "tilt [deg]", "#1f6fb4", math.degrees(tilt_limit)
    )
    _curve(rows[2], along, 100.0 * record.column("slip"), "slip [%]", "#d9661f", 100.0 * slip_limit)
    _curve(rows[3], along, record.column("cross_track"), "off the plan [m]", "#5f7f3a")
    rows[3].axhline(0.0, color="#c9bdb2", lw=0.8, zorder=0)
    rows[3].set_xlabel("driven [m]", fontsize=8, color=drawing.INK)
    rows[3].set_xlim(0.0, max(float(along[-1]), 1.0))
    return made


def _curve(
    axes: Axes, along: drawing.Array, values: drawing.Array, label: str, colour: str, limit: float = math.nan
) -> None:
    drawing.tidy(axes)
    axes.plot(along, values, color=colour, lw=1.1)
    axes.set_ylabel(label, fontsize=8, color=drawing.INK)
    axes.grid(color="white", lw=0.8)
    if math.isfinite(limit):
        axes.fill_between(along, 0.0, values, color=colour, alpha=0.18, lw=0.0)
        axes.axhline(limit, color="#b71c1c", lw=0.9, ls="--")
        axes.set_ylim(0.0, 1.15 * limit)
        known = values[np.isfinite(values)]
        if len(known) and known.max() > limit:
            axes.set_ylim(0.0, 1.1 * float(known.max()))


def _limit(name: str) -> float:
    try:
        value = config.read("rover")[name].value
    except (InvalidInput, KeyError):
        return math.nan
    return float(value) if isinstance(value, (int, float)) else math.nan
