# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""From what nodes say to markers in `map`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker
from wayscout_interfaces.msg import (
    Corridor,
    DriveState,
    FlightPlan,
    Hazards,
    MissionStatus,
    PictureTrack,
)

from wayscout.errors import InvalidInput
from wayscout.grid import Grid
from wayscout_nodes.common import convert, markers
from wayscout_nodes.common.markers import Colour

Array = npt.NDArray[np.float64]

STEP = 2.0  # [m] between points of a line that follows the ground
LIFT = 0.3  # [m] of such a line above it
FLIGHTS: tuple[Colour, ...] = ((0.10, 0.80, 0.85), (0.95, 0.85, 0.20), (0.95, 0.45, 0.75), (0.55, 0.90, 0.35))
"""One colour a flight, in turns."""
TRANSIT: Colour = (0.75, 0.75, 0.75)
HAZARDS: dict[str, Colour] = {
    "rock": (0.90, 0.20, 0.15),
    "step": (0.85, 0.25, 0.85),
    "sand": (0.95, 0.80, 0.30),
    "tilt": (0.55, 0.30, 0.95),
}
HEIGHTS: tuple[Colour, ...] = (
    (0.16, 0.24, 0.42), (0.15, 0.42, 0.50), (0.30, 0.52, 0.34), (0.66, 0.60, 0.30), (0.62, 0.36, 0.22)
)  # fmt: skip
"""Colours of the ground from its lowest to its highest."""
MESH_CELLS = 100  # most cells along each side of the drawn ground
SIZES = (0.25, 0.5, 1.0, 2.0, 4.0)  # [m] radii that hazards are drawn with: one marker holds all of a size


def ground(given: Grid, sink: float) -> list[Marker]:
    """Return a grid's `elevation` as triangles, coloured by height and shaded as by a sun in the west.

    Triangles take software GL a fifth of the time of as many squares of a point cloud.

    Args:
        sink: by how much it is drawn too low [m], so that what was measured lies on top of what was guessed.
    """
    step = -(-max(given.shape) // MESH_CELLS)
    xs, ys = (centres[::step] for centres in given.centres())
    z = np.asarray(given["elevation"][::step, ::step], dtype=np.float64)
    if min(z.shape) < 2 or not np.isfinite(z).any():
        return []
    x, y = np.meshgrid(xs, ys)
    along_y, along_x = np.nan_to_num(np.gradient(z, ys, xs))
    shade = np.clip(0.85 + 0.5 * along_x / np.sqrt(1.0 + along_x**2 + along_y**2), 0.35, 1.2)
    low, high = float(np.nanmin(z)), float(np.nanmax(z))
    share = (z - low) / max(high - low, 1e-6)
    stops = np.linspace(0.0, 1.0, len(HEIGHTS))
    tint = np.stack([np.interp(share, stops, channel) for channel in np.array(HEIGHTS).T], axis=-1)
    corner = np.concatenate([np.stack([x, y, z - sink], axis=-1), tint * shade[..., None]], axis=-1)
    a, b, c, d = corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]
    triangles = np.stack([a, b, c, a, c, d], axis=2).reshape(-1, 3, 6)
    triangles = triangles[np.isfinite(triangles).all(axis=(1, 2))].reshape(-1, 6)
    shown = markers.marker("ground", 0, Marker.TRIANGLE_LIST, markers.WHITE, alpha=1.0)
    shown.scale.x = shown.scale.y = shown.scale.z = 1.0
    shown.points = markers.points(triangles[:, :3])
    shown.colors = [
        ColorRGBA(r=r, g=g, b=b, a=1.0) for r, g, b in np.clip(triangles[:, 3:], 0.0, 1.0).tolist()
    ]
    return [shown]


def corridors(given: Sequence[Corridor], ground: Grid) -> list[Marker]:
    """Return the corridors' centrelines on the ground, with their names, in the colours of their routes."""
    shown = []
    for i, corridor in enumerate(given):
        colour = markers.ROUTES[i % len(markers.ROUTES)]
        xyz = _on_ground(np.array([[p.x, p.y, LIFT] for p in corridor.centreline]), ground)
        if len(xyz) > 1:
            shown.append(markers.line("corridors", i, xyz, 0.1, colour))
            x, y, z = xyz[len(xyz) // 2]
            size = 0.02 * max(ground.bounds.width, ground.bounds.height)
            shown.append(markers.text("names", i, corridor.name, (x, y, z + 2.0), size, colour))
    return shown


def plans(given: Iterable[FlightPlan], ground: Grid) -> list[Marker]:
    """Return each plan above the ground: grey where nothing is photographed, else in its flight's colour."""
    shown = []
    for plan in given:
        corners = np.array([[w.position.x, w.position.y, w.height] for w in plan.waypoints])
        colour = FLIGHTS[int(plan.flight) % len(FLIGHTS)]
        pieces: dict[Colour, list[Array]] = {TRANSIT: [], colour: []}
        for k in range(1, len(corners)):
            w = plan.waypoints[k]
            busy = w.picture_spacing > 0.0 or w.colour_spacing > 0.0
            leg = corners[k - 1 : k + 1].copy()
            leg[:, 2] = w.height
            line = _on_ground(leg, ground)
            pieces[colour if busy else TRANSIT] += [np.stack([line[:-1], line[1:]], axis=1)]
        for name, tint in (("ways", TRANSIT), ("legs", colour)):
            if pieces[tint]:
                xyz = np.concatenate(pieces[tint]).reshape(-1, 3)
                shown.append(
                    markers.line(f"{plan.name} {name}", int(plan.flight), xyz, 0.08, tint, pairs=True)
                )
    return shown


def pictures(tracks: Iterable[PictureTrack], space: str) -> list[Marker]:
    """Return a ball where each picture was taken, and a line of 1 m along its view."""
    shown = []
    for track in tracks:
        try:
            poses = [convert.pose(pose, "pictures.poses") for pose in track.poses]
        except InvalidInput:
            continue  # who uses the track says so
        if not poses:
            continue
        here = np.array([pose.position for pose in poses])
        ends = np.array([pose.apply([0.0, 0.0, 1.0]) for pose in poses])
        colour = FLIGHTS[int(track.flight) % len(FLIGHTS)]
        shown.append(markers.balls(space, int(track.flight), here, 0.25, colour))
        views = np.stack([here, ends], axis=1).reshape(-1, 3)
        shown.append(markers.line(f"{space} views", int(track.flight), views, 0.04, colour, pairs=True))
    return shown


def hazards(given: Hazards) -> list[Marker]:
    """Return rocks as balls and all else as squares on the ground, of a few sizes."""
    places: dict[tuple[str, int], list[list[float]]] = defaultdict(list)
    for h in given.hazards:
        size = min(int(np.searchsorted(SIZES, h.radius)), len(SIZES) - 1)
        places[h.kind, size].append([h.position.x, h.position.y, h.position.z])
    shown = []
    for (kind, size), xyz in sorted(places.items()):
        marker = markers.balls(kind, size, xyz, 2.0 * SIZES[size], HAZARDS.get(kind, markers.WHITE))
        if kind != "rock":
            marker.type, marker.scale.z, marker.color.a = Marker.CUBE_LIST, 0.1, 0.5
        shown.append(marker)
    return shown


def words(status: MissionStatus, drive: DriveState | None) -> str:
    """Return phase and numbers in a few lines."""
    lines = [status.phase + (f" {status.flight}" if status.phase == "flight" else "")]
    if status.text:
        lines.append(status.text)
    if status.coverage > 0.0:
        lines.append(f"mapped {100.0 * status.coverage:.0f} %")
    if status.phase == "driving" and drive is not None:
        lines.append(f"{drive.metres_to_go:.0f} m to go")
        lines.append(f"tilt {np.degrees(drive.tilt):.0f} deg, slip {100.0 * drive.slip:.0f} %")
    if status.real_time_factor > 0.05:
        lines.append(f"{status.real_time_factor:.1f} x real time")
    return "\n".join(lines)


def _on_ground(corners: Array, ground: Grid) -> Array:
    """Return a line through (n, 3) x, y, height above ground [m] with points every 2 m, z in map."""
    pieces = [corners[:1]]
    for begin, end in pairwise(corners):
        count = max(1, int(np.ceil(np.hypot(*(end - begin)[:2]) / STEP)))
        share = np.arange(1, count + 1)[:, None] / count
        pieces.append(begin + share * (end - begin))
    line = np.concatenate(pieces)
    line[:, 2] += ground.sample("elevation", line[:, 0], line[:, 1])
    inside: Array = line[np.isfinite(line[:, 2])]
    return inside
