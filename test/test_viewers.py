# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What RViz and Nav2 are told to read is what the nodes say: names, types, quality of service, frames.

The nodes' side is docs/interfaces.md, which test_docs.py holds against the nodes themselves.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from wayscout import config
from wayscout.terrain.hazards import Limits
from wayscout_bringup import node_table

ROOT = Path(__file__).resolve().parents[1]
TYPES = {
    "RobotModel": "std_msgs/String",
    "PointCloud2": "sensor_msgs/PointCloud2",
    "MarkerArray": "visualization_msgs/MarkerArray",
    "Map": "nav_msgs/OccupancyGrid",
    "Image": "sensor_msgs/Image",
}
"""Display -> what it subscribes to."""
OF_ITS_OWN = {"map/traversability_updates"}
"""The map display wants a topic for updates; maps are sent whole here."""


@dataclass(frozen=True)
class Topic:
    """What the nodes say on a topic."""

    kind: str
    publishers: set[str]
    profiles: str

    @property
    def latched(self) -> bool:
        return "latched" in self.profiles

    @property
    def always_reliable(self) -> bool:
        return "reliable" in self.profiles  # 'sensor' is best effort without lock-step


@pytest.fixture(scope="module")
def topics() -> dict[str, Topic]:
    text = (ROOT / "docs" / "interfaces.md").read_text().split("## Services")[0]
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and cells[0].startswith("`"):
            publishers = set() if cells[2] == "-" else set(cells[2].split(", "))
            found[cells[0].strip("`")] = Topic(cells[1], publishers, cells[4])
    assert len(found) > 40
    return found


@pytest.fixture(scope="module")
def rviz() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "config" / "wayscout.rviz").read_text())
    return content


def displays(branch: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the displays of a branch and of the groups in it, without the groups."""
    for display in branch["Displays"]:
        if display["Class"] == "rviz_common/Group":
            yield from displays(display)
        else:
            yield display


def groups(branch: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (display for display in branch["Displays"] if display["Class"] == "rviz_common/Group")


@pytest.fixture(scope="module")
def shown(rviz: dict[str, Any]) -> list[dict[str, Any]]:
    return list(displays(rviz["Visualization Manager"]))


def wanted(display: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the type and the topic property of what a display reads."""
    kind = display["Class"].partition("/")[2]
    for key in ("Topic", "Description Topic", "Update Topic"):
        if key in display and display[key]["Value"] not in OF_ITS_OWN:
            yield TYPES[kind], display[key]


def test_every_display_has_a_name_of_its_own(rviz: dict[str, Any], shown: list[dict[str, Any]]) -> None:
    names = [d["Name"] for d in [*shown, *groups(rviz["Visualization Manager"])]]
    assert all(names)
    assert not [name for name, count in Counter(names).items() if count > 1]
    assert rviz["Visualization Manager"]["Global Options"]["Fixed Frame"] == "map"


def test_every_topic_is_said_by_a_node_of_the_table(
    shown: list[dict[str, Any]], topics: dict[str, Topic]
) -> None:
    asked = [(d["Name"], kind, topic["Value"]) for d in shown for kind, topic in wanted(d)]
    assert len(asked) > 15
    for name, kind, topic in asked:
        assert not topic.startswith("/"), f"{name}: a namespace would not reach {topic}"
        assert topic in topics, f"{name}: nobody says {topic}"
        assert topics[topic].publishers, f"{name}: nobody says {topic}"
        assert topics[topic].kind == kind, name


def test_every_quality_of_service_fits_also_for_a_view_that_opens_late(
    shown: list[dict[str, Any]], topics: dict[str, Topic]
) -> None:
    for display in shown:
        for _, topic in wanted(display):
            said = topics[topic["Value"]]
            assert (topic["Durability Policy"] == "Transient Local") == said.latched, display["Name"]
            if topic["Reliability Policy"] == "Reliable":
                assert said.always_reliable, display["Name"]


def test_what_is_to_be_seen_is_seen_without_a_click(shown: list[dict[str, Any]]) -> None:
    on = {topic["Value"] for d in shown if d["Enabled"] for _, topic in wanted(d)}
    assert {
        *("rover/robot_description", "helicopter/robot_description"),
        *("scene/ground", "map/elevation_cloud", "map/traversability"),
        *("scene/tracks", "scene/plans", "scene/pictures", "scene/hazards", "scene/status"),
        *("route/candidates", "helicopter/landing_markers", "science/markers"),
        *("helicopter/camera/image_raw", "rover/hazcam/depth"),
    } <= on
    assert "rviz_default_plugins/TF" in {d["Class"] for d in shown if d["Enabled"]}


def test_vehicles_are_found_under_their_frames(shown: list[dict[str, Any]]) -> None:
    models = [d for d in shown if d["Class"] == "rviz_default_plugins/RobotModel"]
    assert {d["TF Prefix"] for d in models} == {"rover", "helicopter"}
    assert all(d["Description Topic"]["Value"] == f"{d['TF Prefix']}/robot_description" for d in models)


def test_coloured_fields_are_in_the_clouds(shown: list[dict[str, Any]]) -> None:
    clouds = pytest.importorskip("wayscout_nodes.common.clouds", reason="ROS 2 is not installed")
    from wayscout.grid import Grid

    grid = Grid(1.0, (0.0, 0.0), (2, 2))
    for name in ("elevation", "intensity", "cost"):
        grid.add(name, 1.0)
    fields = {
        "map/orbital_cloud": {f.name for f in clouds.cloud(grid, 0.0).fields},
        "map/elevation_cloud": {f.name for f in clouds.cloud(grid, 0.0, others=("cost",)).fields},
    }
    for display in shown:
        if display["Class"].endswith("PointCloud2"):
            has = fields[display["Topic"]["Value"]]
            needs = {"RGB8": "rgb", "AxisColor": "z"}.get(display["Color Transformer"])
            assert (needs or display["Channel Name"]) in has, display["Name"]


def test_the_scene_is_part_of_the_view_and_of_nothing_else() -> None:
    entry = node_table.scene()
    assert entry.part == node_table.VIEW
    assert not entry.required


# --- Nav2 ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nav2() -> dict[str, Any]:
    text = (ROOT / "docs" / "nav2.md").read_text()
    (block,) = re.findall(r"```yaml\n(.*?)```", text, re.S)
    content: dict[str, Any] = yaml.safe_load(block)
    return content


def test_nav2s_static_layer_reads_the_traversability(nav2: dict[str, Any], topics: dict[str, Topic]) -> None:
    for name in ("global_costmap", "local_costmap"):
        costmap = nav2[name][name]["ros__parameters"]
        assert costmap["global_frame"] == "map"
        assert costmap["robot_base_frame"] == "rover/base_link"
        (layer,) = (costmap[plugin] for plugin in costmap["plugins"] if "static" in plugin)
        assert layer["plugin"] == "nav2_costmap_2d::StaticLayer"
        said = topics[layer["map_topic"].lstrip("/")]
        assert said.kind == "nav_msgs/OccupancyGrid"
        assert said.publishers == {"mapper"}
        assert layer["map_subscribe_transient_local"] is True
        assert said.latched
        assert said.always_reliable
        assert costmap["trinary_costmap"] is False  # costs between free and lethal are kept
        assert costmap["lethal_cost_threshold"] == 100
        assert costmap["unknown_cost_value"] == 255  # -1 as the byte that it is
        assert costmap["track_unknown_space"] is True


def test_ros_reads_the_parameter_file_for_nav2(tmp_path: Path) -> None:
    rclpy = pytest.importorskip("rclpy")
    text = (ROOT / "docs" / "nav2.md").read_text()
    (block,) = re.findall(r"```yaml\n(.*?)```", text, re.S)
    (tmp_path / "nav2.yaml").write_text(block)
    context = rclpy.Context()
    rclpy.init(args=["--ros-args", "--params-file", str(tmp_path / "nav2.yaml")], context=context)
    rclpy.shutdown(context=context)


def test_nav2s_controller_drives_the_rover(nav2: dict[str, Any], topics: dict[str, Topic]) -> None:
    controller = nav2["controller_server"]["ros__parameters"]
    assert controller["enable_stamped_cmd_vel"] is True
    assert topics["rover/cmd_vel"].kind == "geometry_msgs/TwistStamped"
    assert topics[controller["odom_topic"].lstrip("/")].kind == "nav_msgs/Odometry"
    assert controller["FollowPath"]["desired_linear_vel"] <= config.read("rover")["speed"].value + 1e-9
    text = (ROOT / "docs" / "nav2.md").read_text()
    assert "-r cmd_vel:=rover/cmd_vel" in text
    for topic in re.findall(r"`?(route/\w+/path)", text):
        assert topics[topic].kind == "nav_msgs/Path"
        assert topics[topic].latched


def test_what_the_page_says_of_costs_is_the_code() -> None:
    hazards = pytest.importorskip("wayscout.terrain.hazards")
    import numpy as np

    from wayscout.grid import Grid

    limits = config.load("rover", Limits)
    grid, terrain = (Grid(1.0, (0.0, 0.0), (1, 3)) for _ in range(2))
    grid["sand"] = np.zeros((1, 3))
    terrain["slope"] = np.array([[0.0, limits.plan_tilt, np.nan]])
    terrain["step"] = np.array([[0.0, 0.0, np.nan]])
    cost = hazards.cost(grid, limits, terrain)
    assert cost[0, 0] == 0.0
    assert cost[0, 1] == 100.0
    assert np.isnan(cost[0, 2])
