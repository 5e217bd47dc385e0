# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What the documentation says exists: links, commands, parameters, messages, scripts."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from wayscout_bringup.cli import app

from wayscout import config
from wayscout.camera import load_camera
from wayscout.flight.envelope import check
from wayscout.flight.plan import HelicopterLimits

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
CODE = re.compile(r"```.*?```", re.S)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as public hosts make them."""
    headings = re.findall(r"^#+ (.*)$", CODE.sub("", page.read_text()), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def commands(text: str) -> Iterator[str]:
    """Yield each `wayscout ...` command: indented, fenced or in backticks."""
    lines = text.replace("\\\n", " ").splitlines()
    pieces = [line.strip() for line in lines if line.startswith("    ") or line.startswith("./")]
    pieces += re.findall(r"`([^`\n]+)`", text)
    for piece in pieces:
        found = re.match(r"(?:[A-Z_]+=\S+ )*(?:\./)?wayscout (.*)", piece)
        if found:
            yield found[1].split("  #")[0].split(" # ")[0]


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / page).read_text(), re.S)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = CODE.sub("", page.read_text())
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        goal = (page.parent / file).resolve() if file else page
        if not goal.exists() or (anchor and anchor not in anchors(goal)):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_and_option_exists(page: Path) -> None:
    root = typer.main.get_command(app)
    for words in commands(page.read_text()):
        command: Any = root
        for word in (parts := shlex.split(words, posix=False)):
            if word in getattr(command, "commands", {}):
                command = command.commands[word]
            else:
                break
        assert command is not root or parts[0].startswith("--"), f"wayscout {words}"
        known = {option for p in command.params for option in p.opts} | {"--help"}
        given = {word.partition("=")[0] for word in parts if word.startswith("--")}
        assert given <= known, f"wayscout {words}"


def test_every_page_can_be_reached() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        targets = re.findall(r"\]\(([^)#\s]+\.md)", CODE.sub("", page.read_text()))
        found = {(page.parent / target).resolve() for target in targets if ":" not in target}
        waiting += [goal for goal in found if goal not in reached and goal.is_file()]
    assert not set((ROOT / "docs").rglob("*.md")) - reached, "list it in docs/README.md"


@pytest.mark.parametrize("page", ["tuning.md", "troubleshooting.md"])
def test_parameters_to_turn_exist(page: str) -> None:
    groups = {file.stem for file in (ROOT / "config").glob("*.yaml")}
    found = re.findall(r"`(\w+)\.(\w+)`", (ROOT / "docs" / page).read_text())
    chosen = [(group, name) for group, name in found if group in groups and name != "yaml"]
    assert chosen
    assert not [f"{group}.{name}" for group, name in chosen if name not in config.read(group)]


def test_messages_to_look_up_are_the_codes() -> None:
    files = [*(ROOT / "src").glob("*/wayscout*/**/*.py"), ROOT / "wayscout"]
    code = "\n".join(file.read_text() for file in files)
    rows = re.findall(r"^\| (`.*?) \|", (ROOT / "docs" / "troubleshooting.md").read_text(), re.M)
    fragments = [fragment for row in rows for fragment in re.findall(r"`([^`]+)`", row)]
    assert len(fragments) > 20
    assert not [f for f in fragments if f not in code and f.rstrip(":") not in code]


def test_the_interface_reference_is_the_nodes() -> None:
    pytest.importorskip("rclpy", reason="ROS 2 is not installed")
    script = ROOT / "docs" / "generate_interfaces.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_parameter_files_fit_the_nodes() -> None:
    for page in ("quick_start.md", "tutorials/fly_your_own_plan.md"):
        for text in blocks(page, "yaml"):
            for node, content in yaml.safe_load(text).items():
                for name, value in content["ros__parameters"].items():
                    config.read(node)[name].check(value, name)


def test_the_camera_to_copy_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(blocks("tutorials/bring_your_own_drone.md", "yaml")[0])
    camera = load_camera(tmp_path / "mine.yaml")
    assert (camera.width, camera.height) == (640, 480)


def script(page: str) -> dict[str, Any]:
    """Return what the page's complete script defines."""
    text = next(block for block in blocks(page, "python") if block.startswith('"""'))
    names: dict[str, Any] = {"__name__": "tutorial"}
    exec(compile(text, page, "exec"), names)
    return names


def test_the_plan_of_the_tutorial_may_be_flown() -> None:
    pytest.importorskip("rclpy", reason="ROS 2 is not installed")
    from wayscout_nodes.helicopter import messages

    plan = messages.plan(script("tutorials/fly_your_own_plan.md")["plan"]())
    assert check(plan, config.load("helicopter", HelicopterLimits)).pictures > 5


def test_the_router_of_the_tutorial_answers() -> None:
    rclpy = pytest.importorskip("rclpy", reason="ROS 2 is not installed")
    from geometry_msgs.msg import Point
    from wayscout_interfaces.action import PlanRoute
    from wayscout_interfaces.msg import Corridor, OrbitalMap

    class Handle:
        request = PlanRoute.Goal(goal=Point(x=0.0, y=9.0))
        ended = ""

        def succeed(self) -> None:
            self.ended = "succeeded"

        def abort(self) -> None:
            self.ended = "aborted"

    rclpy.init()
    try:
        node, handle = script("tutorials/replace_the_planner.md")["CentrelineRouter"](), Handle()
        assert not node.plan(handle).success
        assert handle.ended == "aborted"
        node.on_orbital(OrbitalMap(corridors=[Corridor(name="A", centreline=[Point(x=1.0, y=4.0)])]))
        result = node.plan(handle)
        assert (handle.ended, result.decision.choice) == ("succeeded", "A")
        path = result.decision.candidates[0].path.poses
        assert [(p.pose.position.x, p.pose.position.y) for p in path] == [(0, 0), (1, 4), (0, 9)]
        node.destroy_node()
    finally:
        rclpy.shutdown()
