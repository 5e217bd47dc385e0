"""Start the whole mission: every node of the table, in the embedded simulator or in Gazebo."""

from datetime import datetime
from pathlib import Path

from launch.actions import DeclareLaunchArgument, OpaqueFunction, Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from wayscout_bringup.node_table import Options, prepare, table

from launch import LaunchDescription
from wayscout.cli import find_world

ARGUMENTS = {
    "world": ("gully", "built-in world, or a world folder"),
    "worlds": ("worlds", "folder in which built-in worlds are made on first need"),
    "run": ("", "folder for report, map and tracks; empty for runs/<time>"),
    "seed": ("0", "seed of sensor noise and gusts"),
    "camera": ("navigation", "helicopter camera, a file in config/cameras"),
    "channel": ("", "channel to drive whatever the decision says"),
    "map": ("", "map folder of an earlier run; then nothing is flown"),
    "namespace": ("", "put before every relative topic name"),
    "log_level": ("info", "debug, info, warn or error"),
}


def _nodes(context):
    chosen = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    run = Path(chosen["run"] or f"runs/{datetime.now():%Y%m%d-%H%M%S}").resolve()
    options = Options(
        world=find_world(chosen["world"], Path(chosen["worlds"])),
        run_folder=run,
        seed=int(chosen["seed"]),
        camera=chosen["camera"],
        channel=chosen["channel"],
        start_map=Path(chosen["map"]).resolve() if chosen["map"] else None,
        namespace=chosen["namespace"],
        log_level=chosen["log_level"],
    )
    prepare(options)
    return [
        Node(
            package=entry.package,
            executable=entry.executable,
            name=entry.name,
            namespace=options.namespace,
            parameters=[entry.parameters],
            remappings=list(entry.remaps.items()),
            ros_arguments=["--log-level", f"{entry.name}:={options.log_level}"],
            output="screen" if entry.name == "mission" else "log",
            on_exit=Shutdown(reason=f"{entry.name} ended") if entry.required else None,
        )
        for entry in table(options)
    ]


def generate_launch_description():
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=_nodes)])
