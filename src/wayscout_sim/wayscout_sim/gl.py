# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Chooses how MuJoCo draws without a display; the package does so before mujoco is imported.

EGL first, OSMesa where EGL has no device. A MUJOCO_GL set by the user is left alone.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os

from wayscout.errors import WayscoutError

_EGL_PLATFORM_DEVICE_EXT = 0x313F
_HELP = "install them, for instance: apt-get install libegl1 libgl1-mesa-dri (or libosmesa6)"


class NoGraphics(WayscoutError):
    """Neither EGL nor OSMesa can draw on this machine."""


def choose() -> str:
    """Set MUJOCO_GL where it is unset; return its value, 'disable' when only physics will work."""
    chosen = os.environ.get("MUJOCO_GL", "")
    if not chosen:
        if _egl_works():
            chosen = "egl"
        elif _library("OSMesa", "libOSMesa.so.8", "libOSMesa.so.6") is not None:
            chosen = "osmesa"
        else:
            chosen = "disable"
        os.environ["MUJOCO_GL"] = chosen
    return chosen


def require() -> None:
    """Make sure that pictures can be drawn.

    Raises:
        NoGraphics: saying what to install, when neither EGL nor OSMesa is there.
    """
    if choose() == "disable":
        raise NoGraphics(f"no EGL device and no OSMesa library was found: {_HELP}")


def _library(name: str, *files: str) -> ctypes.CDLL | None:
    for file in (*files, ctypes.util.find_library(name)):
        if file:
            try:
                return ctypes.CDLL(file)
            except OSError:
                continue
    return None


def _egl_works() -> bool:
    """True when an EGL device can be initialised, as MuJoCo will do it."""
    egl = _library("EGL", "libEGL.so.1")
    if egl is None:
        return False
    egl.eglGetProcAddress.restype = ctypes.c_void_p
    query, display = (egl.eglGetProcAddress(n) for n in (b"eglQueryDevicesEXT", b"eglGetPlatformDisplayEXT"))
    if not query or not display:
        return False
    devices, count = (ctypes.c_void_p * 16)(), ctypes.c_int(0)
    query_devices = ctypes.CFUNCTYPE(ctypes.c_uint, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(query)
    get_display = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p)(display)
    if not query_devices(16, devices, ctypes.byref(count)):
        return False
    egl.eglInitialize.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    for device in devices[: count.value]:
        found = get_display(_EGL_PLATFORM_DEVICE_EXT, device, None)
        if found and egl.eglInitialize(found, None, None):
            return True
    return False
