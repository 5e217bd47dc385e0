# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The one list of topics: what each is for, and what of them is a record of a run.

A new topic needs a line here; then docs/generate_interfaces.py writes the reference, and a bag has it too.
"""

from __future__ import annotations

MEANING: dict[str, str] = {
    "/clock": "simulated time; mapper, router, analyst read it (`use_sim_time`), others go by messages",
    "/diagnostics": "what each node is doing and what it refused, at each event",
    "/tf": "`map -> */odom` and `*/odom -> */base_link`",
    "/tf_static": "fixed offsets of both vehicles; while somebody watches, the rover's joints",
    "earth/commands": "a word from Earth, carried out on arrival: approve, abort, stop, pause, resume",
    "helicopter/battery": "share of the pack that is charged",
    "helicopter/camera/camera_info": "calibration, with each picture",
    "helicopter/camera/image_raw": "mono8; one for each trigger, stamped with the step it was taken at",
    "helicopter/camera/trigger": "take a picture now",
    "helicopter/colour/camera_info": "calibration, with each picture",
    "helicopter/colour/image_raw": "rgb8, tilted and wide; one for each trigger, stamped as the grey ones",
    "helicopter/colour/pictures": "where the colour pictures of a flight were taken, from the adjusted track",
    "helicopter/colour/trigger": "take a colour picture now",
    "helicopter/cmd_vel": "velocity in the levelled body frame: x forward, y left, z up, yaw rate",
    "helicopter/landing_markers": "landing sites as discs with their reasons, for viewers",
    "helicopter/landing_sites": "where it may land, best first, with the chosen one marked",
    "helicopter/link": "the link's counters and what waits for it, once a second (with `--link`)",
    "helicopter/log": "how the newest flight went",
    "helicopter/modem": "sight, distance and rate as the radio reports them (with `--link`)",
    "helicopter/motors": "rotor on or off, told when it changes",
    "helicopter/odom": "drifting odometry, `helicopter/odom -> helicopter/base_link`",
    "helicopter/pictures": "where the pictures of a flight were taken, adjusted together after it",
    "helicopter/plan": "each flight that is flown, as planned",
    "helicopter/range": "laser range straight down in the body frame",
    "helicopter/robot_description": "URDF of the helicopter, for viewers",
    "map/elevation_cloud": "elevation at 0.4 m for viewers, coloured by the orthomosaic",
    "map/hazards": "rocks and steps that the map shows",
    "map/index": "which tiles exist and how new they are",
    "map/orbital": "all that is known before the flight",
    "map/orbital_cloud": "the orbital map at 0.5 m for viewers, coloured by its picture",
    "map/tiles": "changed squares of the terrain map",
    "map/traversability": "cost of the ground at 0.4 m for viewers and for Nav2",
    "mission/status": "phase, text and progress, once a second",
    "rover/cmd_vel": "teleoperation: forward speed and turn rate",
    "rover/hazards": "hazards seen by the rover's depth camera",
    "rover/hazcam/camera_info": "calibration, with each depth picture",
    "rover/hazcam/depth": "32FC1, metres along the view",
    "rover/imu": "angular rates and accelerations",
    "rover/joint_command": "wheel speeds [rad/s] and steering angles [rad] by joint name",
    "rover/joint_states": "wheels, steering, rockers and bogies",
    "rover/odom": "drifting wheel odometry, `rover/odom -> rover/base_link`",
    "rover/passed": "science targets that the rover has just passed, with the distance as the reason",
    "rover/pause": "true holds the drive, false goes on",
    "rover/radio/colour": "colour pictures that the link has carried",
    "rover/radio/image_raw": "navigation pictures that the link has carried; the mapper's with `--link`",
    "rover/radio/thumbnails": "small JPEGs of the pictures, sent ahead of them",
    "rover/robot_description": "URDF of the rover, for viewers",
    "rover/state": "pose, progress, tilt and slip, once a simulated second while driving",
    "rover/stop": "true ends the drive and refuses others until false",
    "route/candidates": "every candidate path, for viewers",
    "route/decision": "the newest decision with candidates and reasons",
    "scene/corridors": "the corridors on the ground, with names",
    "scene/ground": "the orbital map as shaded triangles, drawn three sigmas too low",
    "scene/hazards": "hazards of the map and of the rover, by kind and size",
    "scene/pictures": "where pictures were taken and whither they look",
    "scene/plans": "planned flights above the ground",
    "scene/status": "phase and numbers in words, above the vehicle that has the floor",
    "scene/tracks": "where the vehicles have been",
    "science/markers": "outlines and labels of what was found, for viewers",
    "science/targets": "what is worth a closer look, ranked, with picture chips and detours",
    "science/site": "what the newest inspection found",
    "simulation/step": "the embedded simulator has published one instant and waits",
    "simulation/step_done": "a participant's answer to it",
}
"""Topic -> what it is for: every one that a node of the table has, but a channel's path."""
PICTURES = (
    *("helicopter/camera/image_raw", "helicopter/colour/image_raw", "rover/hazcam/depth"),
    *("rover/radio/image_raw", "rover/radio/colour"),
)
"""Most of a bag's size."""
GLOBAL = ("/diagnostics", "/rosout")
"""Those that name the node in each message."""
_OF_THE_MOMENT = ("simulation/", "scene/")  # the barrier's, and what is drawn from other topics


def recorded() -> list[str]:
    """Return the relative names of the topics that make a record of a run, without pictures."""
    return [
        name.lstrip("/")
        for name in MEANING
        if name not in (*PICTURES, *GLOBAL)
        and not name.startswith(_OF_THE_MOMENT)
        and not name.endswith("/robot_description")
    ]
