# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The leaves of the mission's tree: each a small class that does one thing."""

from wayscout_nodes.mission.behaviours.approval import AwaitApproval
from wayscout_nodes.mission.behaviours.campaign import BeginTask, Conclude, PlanTask, SettleTask
from wayscout_nodes.mission.behaviours.choice import ChoiceIs, Stay
from wayscout_nodes.mission.behaviours.decide import Decide
from wayscout_nodes.mission.behaviours.drive import DriveChannel
from wayscout_nodes.mission.behaviours.fly import Fly
from wayscout_nodes.mission.behaviours.look import PlanLook
from wayscout_nodes.mission.behaviours.next_flight import NextFlight
from wayscout_nodes.mission.behaviours.rank import RankTargets
from wayscout_nodes.mission.behaviours.recharge import Recharge
from wayscout_nodes.mission.behaviours.recon import FlyRecon, Inspect, PrepareRecon
from wayscout_nodes.mission.behaviours.start import WaitForStart, WaitForSystems
from wayscout_nodes.mission.behaviours.survey import PlanSurveys
from wayscout_nodes.mission.behaviours.update_map import UpdateMap

__all__ = [
    "AwaitApproval",
    "BeginTask",
    "ChoiceIs",
    "Conclude",
    "Decide",
    "DriveChannel",
    "Fly",
    "FlyRecon",
    "Inspect",
    "NextFlight",
    "PlanLook",
    "PlanSurveys",
    "PlanTask",
    "PrepareRecon",
    "RankTargets",
    "Recharge",
    "SettleTask",
    "Stay",
    "UpdateMap",
    "WaitForStart",
    "WaitForSystems",
]
