# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Between flight messages and the brain's records."""

from __future__ import annotations

from sensor_msgs.msg import BatteryState
from wayscout_interfaces.msg import FlightLog
from wayscout_interfaces.msg import FlightPlan as FlightPlanMessage

from wayscout.flight.log import FlightRecord
from wayscout.flight.plan import FlightPlan, FlightWaypoint
from wayscout_nodes.common import convert


def plan(message: FlightPlanMessage) -> FlightPlan:
    """Return a plan; raises InvalidInput naming the field that is no use."""
    waypoints = []
    for i, w in enumerate(message.waypoints):
        x, y, _ = convert.point(w.position, f"plan.waypoints[{i}].position")
        spacings = w.picture_spacing, w.colour_spacing
        waypoints.append(FlightWaypoint(float(x), float(y), w.height, w.speed, w.yaw, *spacings))
    sites = []
    for i, site in enumerate(message.landing_sites):
        x, y, _ = convert.point(site, f"plan.landing_sites[{i}]")
        sites.append((float(x), float(y)))
    return FlightPlan(int(message.flight), message.name, tuple(waypoints), tuple(sites))


def log(record: FlightRecord) -> FlightLog:
    """Return a flight record as a message."""
    message = FlightLog(
        flight=record.flight, name=record.name, outcome=record.outcome, message=record.message
    )
    message.takeoff, message.landing = convert.to_stamp(record.takeoff), convert.to_stamp(record.landing)
    message.takeoff_position = convert.to_point((record.takeoff_x, record.takeoff_y, record.takeoff_z))
    message.landing_position = convert.to_point((record.landing_x, record.landing_y, record.landing_z))
    message.duration, message.distance = float(record.duration), float(record.distance)
    message.max_height, message.max_speed = float(record.max_height), float(record.max_speed)
    message.energy, message.landing_tilt = float(record.energy), float(record.landing_tilt)
    message.pictures, message.colour_pictures = int(record.pictures), int(record.colour_pictures)
    return message


def charge(message: BatteryState) -> float | None:
    """Return the share of the pack that is charged, 0 to 1, or None when the message does not tell."""
    share = float(message.percentage)
    return share if 0.0 <= share <= 1.0 + 1e-6 else None
