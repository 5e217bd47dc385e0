# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The process around a node: start, spin, and end with an exit code that says why."""

from __future__ import annotations

import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.event_handler import EventHandler
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from wayscout.errors import WayscoutError

BAD_INPUT = 2
_EVENTS_EVERY = 1.0  # s of wall clock between looks at quality-of-service events


class LeanExecutor(SingleThreadedExecutor):
    """rclpy's executor without two habits that cost a node in lock-step more than its work does.

    It builds its wait set anew for each message. Every publisher and subscription has two handlers of
    quality-of-service events in it (of incompatible settings, from which rclpy makes a warning): they are
    looked at now and then only. And after each callback it wakes itself, so that other threads might go on:
    with a single thread that is one wait in vain for each message.
    """

    def __init__(self) -> None:
        super().__init__()
        guard = getattr(self, "_guard", None)  # private to rclpy: may be missing in other releases
        if guard is not None:
            own, wake = threading.get_ident(), guard.trigger

            def trigger() -> None:
                if threading.get_ident() != own:  # this thread is awake: it sees to its tasks before it waits
                    wake()

            guard.trigger = trigger
        self._looked = time.monotonic()
        self._looks = True
        self.waits = False

    def wait_for_ready_callbacks(self, *args: Any, **settings: Any) -> Any:
        """Return what is to be called next; `waits` is true meanwhile."""
        self.waits = True
        try:
            return super().wait_for_ready_callbacks(*args, **settings)
        finally:
            self.waits = False

    def can_execute(self, entity: Any) -> bool:
        """Return whether an entity belongs into this wait set."""
        if isinstance(entity, EventHandler) and not self._looks:
            return False
        return bool(super().can_execute(entity))

    def spin_once(self, timeout_sec: float | None = None) -> None:
        now = time.monotonic()
        self._looks = now - self._looked > _EVENTS_EVERY
        if self._looks:
            self._looked = now
        super().spin_once(timeout_sec)


def run(make: Callable[[], Node], args: list[str] | None = None) -> int:
    """Make the node and spin it until SIGINT, SIGTERM or its own shutdown.

    Returns:
        The exit code: 0 after a normal end, 2 when an input was refused at the start, or what the
        node left in its attribute `exit_code`.
    """
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except rclpy_implementation.RCLError as error:  # arguments after --ros-args that cannot be read
        reason = str(error).partition(", at /")[0]  # the rest names lines of rcl's source
        print(f"{_name(None, make)}: {reason}", file=sys.stderr, flush=True)
        return BAD_INPUT
    stopping = False
    spinner: LeanExecutor | None = None

    def stop(signum: int, _frame: object) -> None:
        nonlocal stopping
        if stopping:  # Ctrl-C reaches a child twice: from the terminal and from the parent
            return
        stopping = True
        if spinner is None or not spinner.waits:  # rclpy does not stand an exception amid its wait set
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    node: Node | None = None
    code = 0
    try:
        node = make()
        # Python runs signal handlers between its own instructions only; the wait of a node that no message
        # reaches stays in C for ever, unless a timer brings it back now and then.
        node.create_timer(0.25, lambda: None, clock=Clock(clock_type=ClockType.STEADY_TIME))
        spinner = LeanExecutor()
        spinner.add_node(node)
        while not stopping and rclpy.ok():
            spinner.spin_once()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except (WayscoutError, ParameterException) as error:
        print(f"{_name(node, make)}: {error}", file=sys.stderr, flush=True)
        code = BAD_INPUT
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if node is not None:
            code = int(getattr(node, "exit_code", code) or code)
            close = getattr(node, "close", None)
            if close is not None:
                close()
            node.destroy_node()
        rclpy.try_shutdown()
    return code


def _name(node: Node | None, make: Callable[[], Node]) -> str:
    """Return the node's name, before there is one that of its class as ROS would write it."""
    if node is not None:
        return str(node.get_name())
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", getattr(make, "__name__", "node")).lower()
