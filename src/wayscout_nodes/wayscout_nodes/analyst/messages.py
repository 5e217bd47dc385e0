# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Between findings and messages."""

from __future__ import annotations

from wayscout_interfaces.action import Inspect
from wayscout_interfaces.msg import SiteObject as SiteObjectMsg
from wayscout_interfaces.msg import SiteReport

from wayscout.sites.records import Prior, SiteFindings, SiteObject
from wayscout_nodes.common import convert


def prior(goal: Inspect.Goal) -> Prior:
    """Return what is thought to lie where; raises InvalidInput naming the field."""
    x, y, _ = convert.point(goal.position, "inspect.position")
    return Prior(
        float(x), float(y), float(goal.position_sigma), goal.kind, float(goal.size), goal.target or "target"
    )


def to_report(findings: SiteFindings, flight: int, time: float) -> SiteReport:
    message = SiteReport(flight=flight, target=findings.prior.name, notes=list(findings.notes))
    message.header.frame_id, message.header.stamp = "map", convert.to_stamp(time)
    message.objects = [_object(thing) for thing in findings.objects]
    return message


def _object(thing: SiteObject) -> SiteObjectMsg:
    return SiteObjectMsg(
        kind=thing.kind,
        position=convert.to_point(thing.position),
        outline=[convert.to_point(corner) for corner in thing.outline],
        size=float(thing.size),
        size_sigma=float(thing.size_sigma),
        height=float(thing.height),
        seen_share=float(thing.seen_share),
        seen_from=[float(bearing) for bearing in thing.seen_from],
        notes=[*(_mark(m.kind, m.x, m.y, m.area) for m in thing.marks), *thing.notes],
    )


def _mark(kind: str, x: float, y: float, area: float) -> str:
    return f"{kind} area of {area:.2f} m2 at ({x:.1f}, {y:.1f})"
