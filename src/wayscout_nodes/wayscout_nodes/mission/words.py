# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Between messages and the plain records that the run folder keeps."""

from __future__ import annotations

import math
from typing import Any

from geometry_msgs.msg import Point
from wayscout_interfaces.msg import (
    Corridor,
    DriveState,
    FlightLog,
    Hazards,
    LandingSites,
    PictureTrack,
    RouteCandidate,
    RouteDecision,
    SiteObject,
)
from wayscout_interfaces.msg import FlightPlan as FlightPlanMsg
from wayscout_interfaces.msg import FlightWaypoint as FlightWaypointMsg

from wayscout.corridor import Corridor as DrawnCorridor
from wayscout.flight.plan import FlightPlan, FlightWaypoint
from wayscout.flight.plan_file import planned
from wayscout_nodes.common import convert

Entry = dict[str, Any]


def to_plan(plan: FlightPlan) -> FlightPlanMsg:
    """Return the brain's flight plan as a message."""
    message = FlightPlanMsg(flight=plan.flight, name=plan.name)
    message.waypoints = [
        FlightWaypointMsg(
            position=Point(x=w.x, y=w.y),
            height=w.height,
            speed=w.speed,
            yaw=w.yaw,
            picture_spacing=w.picture_spacing,
            colour_spacing=w.colour_spacing,
        )
        for w in plan.waypoints
    ]
    message.landing_sites = [Point(x=float(x), y=float(y)) for x, y in plan.landing_sites]
    return message


def from_plan(message: FlightPlanMsg) -> FlightPlan:
    """Return a flight plan; raises InvalidInput naming the field that is no use."""
    waypoints = [
        FlightWaypoint(
            w.position.x, w.position.y, w.height, w.speed, w.yaw, w.picture_spacing, w.colour_spacing
        )
        for w in message.waypoints
    ]
    sites = [(p.x, p.y) for p in message.landing_sites]
    return FlightPlan(int(message.flight), message.name, tuple(waypoints), tuple(sites))


def object_entry(found: SiteObject) -> Entry:
    """Return what a reconnaissance found, for the records."""
    return {
        "kind": found.kind,
        "position": _xyz(found.position),
        "size": found.size,
        "size_sigma": found.size_sigma,
        "height": found.height,
        "seen_share": found.seen_share,
        "notes": list(found.notes),
    }


def corridor(message: Corridor) -> DrawnCorridor:
    """Return a corridor for planning; raises InvalidInput when its line or width is no use."""
    return DrawnCorridor(message.name, [(p.x, p.y) for p in message.centreline], message.width)


def corridor_entry(given: DrawnCorridor) -> Entry:
    return {"name": given.name, "width": given.width, "centreline": given.centreline}


def planned_entry(plan: FlightPlan) -> Entry:
    return {
        "flight": plan.flight,
        "name": plan.name,
        "outcome": "planned",
        "plan": planned(plan).model_dump(),
    }


def log_entry(log: FlightLog) -> Entry:
    return {
        "takeoff_s": convert.seconds(log.takeoff),
        "landing_s": convert.seconds(log.landing),
        "takeoff": _xyz(log.takeoff_position),
        "landing": _xyz(log.landing_position),
        "duration_s": log.duration,
        "distance_m": log.distance,
        "max_height_m": log.max_height,
        "max_speed_m_s": log.max_speed,
        "energy_j": log.energy,
        "landing_tilt_deg": math.degrees(log.landing_tilt),
        "pictures": log.pictures,
        "colour_pictures": log.colour_pictures,
        "outcome": log.outcome,
        "message": log.message,
    }


def landing_entries(message: LandingSites) -> list[Entry]:
    """Return the landing sites that were weighed, best first."""
    return [
        {
            "x": site.position.x,
            "y": site.position.y,
            "slope_deg": math.degrees(site.slope),
            "step_m": site.step,
            "clearance_m": site.clearance,
            "probability": site.probability,
            "basis": site.basis,
            "reason": site.reason,
            "chosen": site.chosen,
        }
        for site in message.sites
    ]


def pictures_entry(track: PictureTrack) -> Entry:
    """Return when and where pictures were taken, as adjusted: each [x, y, z, sigma] in map [m]."""
    sigmas = list(track.position_sigma) or [math.nan] * len(track.poses)
    places = [[*_xyz(p.position), s] for p, s in zip(track.poses, sigmas, strict=False)]
    return {"picture_times_s": [convert.seconds(t) for t in track.stamps], "picture_positions": places}


def decision_entry(decision: RouteDecision) -> Entry:
    return {
        "sim_s": convert.seconds(decision.header.stamp),
        "choice": decision.choice,
        "basis": decision.basis,
        "reasons": list(decision.reasons),
        "look_at": [_xyz(p) for p in decision.look_at],
        "compute_s": decision.compute_seconds,
        "candidates": [_candidate_entry(c) for c in decision.candidates],
    }


def _candidate_entry(candidate: RouteCandidate) -> Entry:
    return {
        "channel": candidate.channel,
        "passable": candidate.passable,
        "cost_m": candidate.cost,
        "length_m": candidate.length,
        "climb_m": candidate.climb,
        "steepest_slope_deg": math.degrees(candidate.steepest_slope),
        "largest_tilt_deg": math.degrees(candidate.largest_tilt),
        "energy_j": candidate.energy,
        "duration_s": candidate.duration,
        "margin": candidate.margin,
        "unknown_share": candidate.unknown_share,
        "success_probability": candidate.success_probability,
        "reasons": list(candidate.reasons),
        "path": [_xyz(p.pose.position) for p in candidate.path.poses],
    }


def hazard_entries(hazards: Hazards, seen_by: str) -> list[Entry]:
    return [
        {
            "x": h.position.x,
            "y": h.position.y,
            "radius": h.radius,
            "height": h.height,
            "kind": h.kind,
            "probability": h.probability,
            "seen_by": seen_by,
        }
        for h in hazards.hazards
        if all(map(math.isfinite, (h.position.x, h.position.y, h.radius, h.height)))
    ]


def track_values(state: DriveState) -> dict[str, float]:
    """Return a drive state as the columns of trajectory.csv."""
    p, q = state.pose.position, state.pose.orientation
    yaw = math.atan2(2.0 * (q.w * q.z + q.x * q.y), 1.0 - 2.0 * (q.y * q.y + q.z * q.z))
    return {
        "t": convert.seconds(state.header.stamp),
        "x": p.x,
        "y": p.y,
        "z": p.z,
        "yaw": yaw,
        "tilt": state.tilt,
        "slip": state.slip,
        "cross_track": state.cross_track,
    }


def _xyz(point: Point) -> list[float]:
    return [point.x, point.y, point.z]
