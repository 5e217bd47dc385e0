# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""`ros2 launch`: the launch files start what the `wayscout` command starts, and refuse nonsense.

They run against the stand-ins in support/, and where launch and launch_ros are installed against those too.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from wayscout_bringup.launch_arguments import ARGUMENTS
from wayscout_bringup.node_table import PARTS, ROVER, SCOUT, SIMULATION, VIEW, Options

from wayscout.cli import find_world
from wayscout.errors import InvalidInput, WayscoutError
from wayscout.worlds.folder import load_world
from wayscout_bringup import node_table

ROOT = Path(__file__).resolve().parents[1]
SUPPORT = Path(__file__).parent / "support"
FILES = {"mission": PARTS, "simulation": (SIMULATION,), "scout": (SCOUT,), "rover": (ROVER,), "view": (VIEW,)}
EVERYWHERE = {"namespace", "params_file", "log_level"}
RUN = {"world", "worlds", "run", "record", *EVERYWHERE}
NAMES = {
    "mission": {argument.name for argument in ARGUMENTS},
    "simulation": {"simulator", "seed", "camera", "headless", *RUN},
    "scout": {"simulator", "map", *RUN},
    "rover": {"simulator", *RUN},
    "view": EVERYWHERE,
}
Launch = Callable[..., list[Any]]
real = pytest.mark.skipif(
    importlib.util.find_spec("launch_ros") is None, reason="launch_ros is not installed"
)


@pytest.fixture(scope="module")
def world() -> Path:
    return find_world("gully", ROOT / "worlds")


def forget() -> None:
    """Forget launch, real or not, and what imported it."""
    for name in list(sys.modules):
        if name.split(".")[0] in ("launch", "launch_ros") or name == "wayscout_bringup.launching":
            del sys.modules[name]


def install(prefix: Path, package: str, executable: str | None = None) -> None:
    """Make a ROS package that ament finds below a prefix."""
    marker = prefix / "share/ament_index/resource_index/packages" / package
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()
    if executable is not None:
        file = prefix / "lib" / package / executable
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


@pytest.fixture
def prefix(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an install prefix that holds the nodes and nothing else."""
    folder = tmp_path / "prefix"
    for entry in [*node_table.table(Options(world, tmp_path)), node_table.scene()]:
        install(folder, entry.package, entry.executable)
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.setenv("WAYSCOUT_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(folder))
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def described(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Return a function: name of a launch file -> its launch description, made of the stand-ins."""
    forget()
    handler = signal.getsignal(signal.SIGTERM)
    monkeypatch.syspath_prepend(str(SUPPORT))
    yield lambda name: runpy.run_path(str(ROOT / f"launch/{name}.launch.py"))["generate_launch_description"]()
    signal.signal(signal.SIGTERM, handler)
    forget()


@pytest.fixture
def launched(described: Callable[[str], Any], prefix: Path) -> Launch:
    """Return a function: launch file and its arguments -> the actions that it starts."""

    def launch(name: str, /, *, argv: list[str] | None = None, outer: str = "", **given: str) -> list[Any]:
        import launch as stand_in

        description = described(name)
        if "simulator" in NAMES[name]:
            given = {"simulator": "embedded", **given}
        context = stand_in.LaunchContext(argv or [])
        context.launch_configurations = {**given, **({"ros_namespace": outer} if outer else {})}
        *declared, start = description.entities
        for argument in declared:
            argument.execute(context)
        actions: list[Any] = start.execute(context)
        return actions

    return launch


def pairs(words: list[str]) -> list[tuple[str, str]]:
    """Return (flag, value) of ROS arguments; --ros-args may come more than once."""
    flags = [word for word in words if word != "--ros-args"]
    return sorted(zip(flags[::2], flags[1::2], strict=True))


@pytest.fixture
def gazebo(prefix: Path, world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a machine that has Gazebo and its bridge."""
    for entry in node_table.table(Options(world, tmp_path, embedded=False)):
        install(prefix, entry.package, entry.executable)
    (prefix / "bin").mkdir()
    (prefix / "bin" / "gz").touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{prefix / 'bin'}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize("name", [name for name in FILES if name != "view"])
@pytest.mark.parametrize("namespace", ["", "/mars/", "one/two"])
@pytest.mark.parametrize("simulator", ["embedded", "gazebo"])
def test_both_fronts_give_the_same_command_lines(
    name: str, namespace: str, simulator: str, gazebo: None, launched: Launch, world: Path, tmp_path: Path
) -> None:
    params = tmp_path / "mine.yaml"
    params.write_text("rover: {ros__parameters: {speed: 0.04}}")
    run = tmp_path / "run"
    options = Options(
        world,
        run,
        embedded=simulator == "embedded",
        namespace=namespace,
        log_level="debug",
        params_file=params,
        seed=5 if "seed" in NAMES[name] else 0,
    )
    given = {"seed": "5"} if "seed" in NAMES[name] else {}
    nodes = launched(
        name,
        world=str(world),
        run=str(run),
        namespace=namespace,
        log_level="debug",
        params_file=str(params),
        simulator=simulator,
        **given,
    )
    entries = node_table.table(options, FILES[name])
    assert [n.name for n in nodes] == [e.name for e in entries]
    for node, entry in zip(nodes, entries, strict=True):
        assert (node.package, node.executable) == (entry.package, entry.executable)
        words = node_table.arguments(entry, options)
        expected = pairs(words) if namespace else sorted([*pairs(words), ("-r", "__ns:=/")])
        assert pairs(node.cmd) == expected
        assert (node.on_exit is not None) == entry.required
        assert node.additional_env == entry.environment
        saves = entry.package.startswith("wayscout")  # on a busy machine longer than others are waited for
        assert (sum(node.patience) > 20.0) if saves else (sum(node.patience) < 5.0)


def test_every_node_is_in_one_launch_file_and_in_the_missions(
    launched: Launch, world: Path, tmp_path: Path
) -> None:
    names = {
        file: {node.name for node in launched(file, world=str(world), run=str(tmp_path / "run"))}
        for file in ("mission", "simulation", "scout", "rover")
    }
    assert names["simulation"] == {"simulator"}
    assert names["scout"] == {"world_loader", "localiser", "mapper", "analyst", "helicopter"}
    assert names["rover"] == {"router", "rover"}
    parts = names["simulation"] | names["scout"] | names["rover"]
    assert names["mission"] == parts | {"mission"}


def test_gazebo_is_the_default_and_headless_reaches_it(
    gazebo: None, described: Callable[[str], Any], launched: Launch, world: Path, tmp_path: Path
) -> None:
    (simulator,) = (a for a in described("mission").entities[:-1] if a.name == "simulator")
    assert simulator.default_value == "gazebo"
    for headless in ("true", "false"):
        given = {"world": str(world), "run": str(tmp_path / "run"), "headless": headless}
        server, bridge, adapter = launched("simulation", simulator="gazebo", **given)
        assert ("-p", f"headless:={headless}") in pairs(server.cmd)
        assert server.additional_env == bridge.additional_env == adapter.additional_env


@pytest.mark.parametrize("name", list(FILES))
def test_arguments_are_declared_and_described(name: str, described: Callable[[str], Any]) -> None:
    *declared, _ = described(name).entities
    assert {argument.name for argument in declared} == NAMES[name]
    assert all(len(argument.description) > 15 for argument in declared)
    assert len(declared) == len(NAMES[name])


def test_the_documentation_names_every_argument_with_its_default_and_its_files() -> None:
    lines = [line for line in (ROOT / "docs/launch.md").read_text().splitlines() if line.startswith("| `")]
    rows = {row[0].strip("`"): row for row in ([c.strip() for c in line.split("|")[1:-1]] for line in lines)}
    said = {"all": set(FILES), "all but view": set(FILES) - {"view"}}
    for argument in ARGUMENTS:
        _, default, meaning, files = rows[argument.name]
        assert default.strip("`") == (argument.default or "empty")
        assert meaning
        assert said.get(files, set(files.split(", "))) == {
            f for f, names in NAMES.items() if argument.name in names
        }
    assert {f"{name}.launch.py" for name in FILES} <= set(rows)


def test_the_embedded_simulator_works_on_a_machine_without_gazebo_rviz_and_bags(
    launched: Launch, world: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    nodes = launched("mission", worlds=str(world.parent))
    assert nodes[0].name == "simulator"
    (run,) = (tmp_path / "runs").iterdir()
    assert (run / "world" / "world.yaml").is_file()


def test_two_teams_never_take_the_same_new_run_folder(
    launched: Launch, world: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for team in ("one", "two"):
        launched("rover", world=str(world), namespace=team)
    assert [run.name[-4:] for run in sorted((tmp_path / "runs").iterdir())] in (
        ["-one", "-two"],
        ["-two", "-one"],
    )


@pytest.mark.parametrize(
    ("argument", "word", "message"),
    [
        ("world", "nowhere", "known worlds are"),
        ("seed", "x", "whole number"),
        ("seed", "-1", "0 or more"),
        ("simulator", "gazebo", "apt install ros-"),
        ("simulator", "mars", "gazebo, embedded"),
        ("camera", "pinhole", "navigation"),
        ("channel", "Q", "known are"),
        ("map", "/nowhere", "earlier run"),
        ("parts", "wheels", "simulation, scout"),
        ("rviz", "perhaps", "auto, true, false"),
        ("rviz", "true", "rviz2.*not installed"),
        ("headless", "very", "true, false"),
        ("record", "yes", "false, true, all"),
        ("record", "true", "ros2bag.*not installed"),
        ("log_level", "loud", "debug, info"),
        ("namespace", "7 dwarfs", "letters"),
        ("params_file", "/nowhere.yaml", "cannot be read"),
    ],
)
def test_a_bad_word_is_one_message_and_nothing_starts(
    argument: str, word: str, message: str, launched: Launch, world: Path, tmp_path: Path
) -> None:
    given = {"world": str(world), argument: word}
    with pytest.raises(InvalidInput, match=message) as refused:
        launched("mission", run=str(tmp_path / "run"), **given)
    assert str(refused.value).startswith(argument)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "content", ["rover: {speed: 1}", "[1, 2]", "", "rover: {", "rover: {ros__parameters: 3}"]
)
def test_a_parameter_file_that_is_none_is_refused(
    content: str, launched: Launch, world: Path, tmp_path: Path
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(content)
    with pytest.raises(InvalidInput, match=r"params_file.*bad\.yaml"):
        launched("rover", world=str(world), params_file=str(file), run=str(tmp_path / "run"))


def test_nodes_that_are_not_built_are_named(
    launched: Launch, prefix: Path, world: Path, tmp_path: Path
) -> None:
    shutil.rmtree(prefix / "lib" / "wayscout_sim")
    with pytest.raises(InvalidInput, match=r"wayscout_sim/simulator.*build the workspace"):
        launched("simulation", world=str(world), run=str(tmp_path / "run"))


def test_a_mistyped_argument_is_refused_but_not_an_outer_launch_files(
    launched: Launch, world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"argv": ["sede:=3", "launch-prefix:=nice"], "world": str(world), "run": str(tmp_path / "run")}
    monkeypatch.setattr(sys, "argv", ["ros2", "launch", "wayscout_bringup", "mission.launch.py", "sede:=3"])
    with pytest.raises(InvalidInput, match=r"sede.*seed"):
        launched("mission", **given)
    monkeypatch.setattr(sys, "argv", ["ros2", "launch", "theirs", "outer.launch.py", "sede:=3"])
    assert launched("mission", **given)


def test_the_end_of_a_part_ends_all_and_a_failure_is_told(
    launched: Launch, world: Path, tmp_path: Path
) -> None:
    from launch.events.process import ProcessExited

    import launch

    context = launch.LaunchContext([])
    for node in launched("mission", world=str(world), run=str(tmp_path / "run")):
        (ending,) = node.on_exit(ProcessExited(0), context)
        assert ending.reason == f"{node.name} ended"
        with pytest.raises(WayscoutError, match=f"{node.name} ended with exit code 3"):
            node.on_exit(ProcessExited(3), context)
    context.is_shutdown = True
    assert node.on_exit(ProcessExited(3), context) is None


def test_rviz_opens_where_it_can(
    launched: Launch, prefix: Path, world: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def names(**given: str) -> list[str]:
        return [
            node.name for node in launched("mission", world=str(world), run=str(tmp_path / "run"), **given)
        ]

    assert "rviz" not in names()
    install(prefix, "rviz2", "rviz2")
    assert "rviz" not in names()
    assert "rviz" in names(rviz="true", headless="true")
    monkeypatch.setenv("DISPLAY", ":0")
    assert "rviz" in names()
    assert "rviz" not in names(headless="true")
    assert "rviz" not in names(rviz="False")
    (rviz,) = (
        node
        for node in launched("mission", world=str(world), run=str(tmp_path / "run"))
        if node.name == "rviz"
    )
    assert rviz.cmd[:2] == ["-d", str(tmp_path / "run" / "wayscout.rviz")]
    (tmp_path / "config" / "wayscout.rviz").unlink()
    assert "rviz" not in names()


def test_the_first_view_is_as_far_away_as_the_world_is_large(
    launched: Launch, prefix: Path, world: Path, tmp_path: Path
) -> None:
    install(prefix, "rviz2", "rviz2")
    launched("mission", world=str(world), run=str(tmp_path / "run"), rviz="true")
    there, here = (
        yaml.safe_load((folder / "wayscout.rviz").read_text())["Visualization Manager"]
        for folder in (tmp_path / "config", tmp_path / "run")
    )
    nearer, farther = (part["Views"]["Current"] for part in (there, here))
    assert farther["Distance"] / nearer["Distance"] == pytest.approx(load_world(world).size / 64.0)
    farther["Distance"] = nearer["Distance"]
    assert here == there  # nothing else


def test_the_view_alone_needs_no_world_and_sees_its_team(
    launched: Launch, prefix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    install(prefix, "rviz2", "rviz2")
    scene, node = launched("view", namespace="mars")
    assert scene.name == "scene"
    assert scene.on_exit is None  # its end leaves the view open
    assert node.cmd[:2] == ["-d", str(tmp_path / "config" / "wayscout.rviz")]
    words = pairs(node.cmd[2:])
    assert {("-r", "__ns:=/mars"), ("-r", "/tf:=tf"), ("-p", "use_sim_time:=true")} <= set(words)
    assert not (tmp_path / "runs").exists()


def test_a_part_alone_and_an_including_files_namespace(launched: Launch, world: Path, tmp_path: Path) -> None:
    given = {"world": str(world), "run": str(tmp_path / "run")}
    nodes = launched("mission", parts="mission, simulation", namespace="one", outer="/fleet", **given)
    assert [node.name for node in nodes] == ["simulator", "mission"]
    assert all("__ns:=/fleet/one" in node.cmd for node in nodes)


@pytest.mark.parametrize(("record", "pictures"), [("true", False), ("all", True)])
def test_a_bag_holds_the_teams_topics(
    record: str, pictures: bool, launched: Launch, prefix: Path, world: Path, tmp_path: Path
) -> None:
    for package in ("ros2bag", "rosbag2_storage_mcap"):
        install(prefix, package)
    given = {"world": str(world), "run": str(tmp_path / "run"), "namespace": "mars", "record": record}
    *_, recorder = launched("mission", **given)
    options, topics = recorder.cmd[:8], recorder.cmd[8:]
    assert options[:3] == ["ros2", "bag", "record"]
    assert options[3:7] == ["--storage", "mcap", "--output", str(tmp_path / "run" / "bag")]
    assert {"/mars/clock", "/mars/tf", "/mars/route/A/path", "/mars/map/tiles", "/diagnostics"} <= set(topics)
    assert ("/mars/helicopter/camera/image_raw" in topics) == pictures
    assert len(topics) == len(set(topics))
    (tmp_path / "run" / "bag").mkdir()
    with pytest.raises(InvalidInput, match="take another run folder"):
        launched("mission", **given)


def test_only_launch_files_and_one_module_import_launch() -> None:
    files = [*(ROOT / "launch").glob("*.py"), *(ROOT / "src").rglob("*.py")]
    importers = set()
    for file in files:
        for item in ast.walk(ast.parse(file.read_text())):
            modules = [n.name for n in item.names] if isinstance(item, ast.Import) else []
            modules += [item.module or ""] if isinstance(item, ast.ImportFrom) and not item.level else []
            if any(m.split(".")[0] in ("launch", "launch_ros") for m in modules):
                importers.add(file.name)
    assert importers == {f"{name}.launch.py" for name in FILES} | {"launching.py"}


# Runs a launch file as `ros2 launch` does.
FOR_REAL = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
file, *words = sys.argv[1:]
service = LaunchService(argv=words)
given = [tuple(word.split(":=", 1)) for word in words]
included = IncludeLaunchDescription(PythonLaunchDescriptionSource(file), launch_arguments=given)
service.include_launch_description(LaunchDescription([included]))
sys.exit(service.run())
"""
# Stands before each node's command, notes it and waits instead of running it.
NOTE = """
import json, os, signal, sys, time
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
folder, command = sys.argv[1], sys.argv[2:]
name = os.path.basename(command[0])
with open(os.path.join(folder, f".{name}"), "w") as file:
    json.dump([os.getpid(), command], file)
os.rename(os.path.join(folder, f".{name}"), os.path.join(folder, name))
deadline = time.monotonic() + 90.0
while not os.path.exists(os.path.join(folder, f"end_{name}")) and time.monotonic() < deadline:
    time.sleep(0.05)
sys.exit(3)
"""


class RealLaunch:
    """A launch file under the real launch, with commands that are noted instead of run."""

    def __init__(self, folder: Path, name: str, *words: str) -> None:
        self.notes = folder / "notes"
        self.notes.mkdir()
        note = folder / "note.py"
        note.write_text(NOTE)
        file = str(ROOT / f"launch/{name}.launch.py")
        prefix = f"launch-prefix:={sys.executable} {note} {self.notes}"
        self.process = subprocess.Popen(
            [sys.executable, "-c", FOR_REAL, file, prefix, *words],
            cwd=folder,
            env={**os.environ, "ROS_LOG_DIR": str(folder / "log")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def commands(self, count: int) -> dict[str, tuple[int, list[str]]]:
        """Wait for so many processes; return executable -> (process id, command)."""
        deadline = time.monotonic() + 60.0
        while len(found := list(self.notes.glob("[a-z]*"))) < count and time.monotonic() < deadline:
            time.sleep(0.05)
        return {file.name: tuple(json.loads(file.read_text())) for file in found}  # type: ignore[misc]

    def end(self) -> tuple[int, str]:
        """Wait for the end; return exit code and output."""
        try:
            output, _ = self.process.communicate(timeout=60.0)
        finally:
            self.process.kill()
        return self.process.returncode, output


def alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


@real
@pytest.mark.parametrize("ending", ["interrupt", "terminate", "failure"])
def test_the_real_launch_runs_and_ends_the_same_commands(ending: str, world: Path, tmp_path: Path) -> None:
    pytest.importorskip("wayscout_interfaces.msg", reason="the workspace is not built")
    run = tmp_path / "run"
    options = Options(world, run, namespace="mars", seed=4)
    words = [f"world:={world}", f"run:={run}", "namespace:=mars", "seed:=4", "simulator:=embedded"]
    launch = RealLaunch(tmp_path, "mission", *words)
    entries = node_table.table(options)
    commands = launch.commands(len(entries))
    for entry in entries:
        _, (executable, *words) = commands[entry.executable]
        assert executable == str(node_table.executable(entry))
        assert pairs(words) == pairs(node_table.arguments(entry, options))
    if ending == "failure":
        (launch.notes / "end_router").touch()
    else:
        launch.process.send_signal(signal.SIGINT if ending == "interrupt" else signal.SIGTERM)
    code, output = launch.end()
    assert code == (0 if ending == "interrupt" else 1), output
    assert ("router ended with exit code 3" in output) == (ending == "failure")
    assert "Traceback" not in output
    deadline = time.monotonic() + 20.0  # after SIGTERM, launch does not wait for its processes
    while [name for name, (process_id, _) in commands.items() if alive(process_id)]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@real
def test_the_real_launch_tells_a_bad_word_once(tmp_path: Path) -> None:
    code, output = RealLaunch(tmp_path, "mission", "world:=nowhere", "simulator:=embedded").end()
    errors = [line for line in output.splitlines() if "[ERROR]" in line]
    assert code == 1
    assert len(errors) == 1
    assert "world = 'nowhere'" in errors[0]
    assert "Traceback" not in output
