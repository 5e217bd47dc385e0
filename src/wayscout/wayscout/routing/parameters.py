# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Limits of the rover and numbers of the router; values and sources are in config/."""

from __future__ import annotations

from dataclasses import dataclass

from wayscout import config


@dataclass(frozen=True)
class RoverLimits:
    """What the rover can do; see config/rover.yaml for units and sources."""

    mass: float
    max_tilt: float
    plan_tilt: float
    max_step: float
    plan_step: float
    max_slip: float
    slip_slopes: list[float]
    slip_on_sand: list[float]
    slip_on_rock: float
    speed: float
    idle_power: float
    drive_power: float


@dataclass(frozen=True)
class RouterParams:
    """How routes are priced and channels chosen; see config/router.yaml."""

    cell: float
    half_width: float
    keep_off: float
    soft_margin: float
    slope_scale: float
    wall_slope: float
    smoothing: float
    barrier_start: float
    barrier_weight: float
    unknown_weight: float
    drive_efficiency: float
    correlation: float
    hidden_blocks: float
    hidden_rate_open: float
    orbital_sand: float
    orbital_slope_sigma: float
    slope_sigma_share: float
    step_sigma_share: float
    step_sigma_least: float
    sand_sigma: float
    enough: float
    hopeless: float
    failure_cost: float
    corridor_margin: float
    look_length: float


def rover_limits() -> RoverLimits:
    """Return the limits of config/rover.yaml."""
    return config.load("rover", RoverLimits)


def router_params() -> RouterParams:
    """Return the numbers of config/router.yaml."""
    return config.load("router", RouterParams)
