# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The entries of config/mission.yaml as a record."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What one mission tries and when it gives up; see config/mission.yaml for meaning and units."""

    world: str
    run_folder: str
    camera: str
    autostart: bool
    approval: str
    progress: str
    goal: list[float]
    campaign: str
    survey: bool
    channel: str
    forced_progress: float
    start_map: str
    systems_timeout: float
    silence_limit: float
    recharge_time: float
    max_flights: int
    max_looks: int
    look_radius: float
    max_replans: int
    replan_after: list[str]
    least_probability: float
    track_spacing: float
