# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The participant's side of lock-step: gather what one instant brought, act once, answer.

With the embedded simulator each Step names the topics that carry a message of its stamp; the handler
is called when all of them that this node subscribes to have come. A Step that comes once more (the first
one does while somebody has not found everybody yet) is answered once more, without the handler. Without
the embedded simulator (Gazebo, a real vehicle) the driving topics call the same handler with the newest of
everything; each message then has a stamp of its own, a picture's may be older than the driver's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rclpy.node import Node
from wayscout_interfaces.msg import Step, StepDone

from wayscout.geometry import Pose
from wayscout_nodes.common import convert, qos
from wayscout_nodes.common.transforms import TransformListener

STEP = "simulation/step"
STEP_DONE = "simulation/step_done"
_LONGEST_PERIODS = 4.0  # of the assumed one, up to which the time since the last message is a control period


@dataclass(frozen=True)
class Instant:
    """What one instant brought.

    Attributes:
        time: stamp [s]; without lock-step the newest that a driver has had, its message's own may be older.
        period: time until the next instant [s].
        messages: topic -> message with this stamp, or without lock-step the newest since the last instant
            (of `each` topics the oldest); only topics that had one.
        corrections: (parent, child) -> pose, for the links that were asked for.
    """

    time: float
    period: float
    messages: dict[str, Any]
    corrections: dict[tuple[str, str], Pose]


@dataclass(frozen=True)
class Answer:
    """What a participant did: whether it needs time to pass, and the topics it published one message on."""

    idle: bool
    topics: tuple[str, ...] = ()


@dataclass
class _Pending:
    step: Step
    time: float
    wanted: set[str]
    links: set[tuple[str, str]] = field(default_factory=set)


class Lockstep:
    """Calls `handler(Instant) -> Answer` once an instant, and answers the simulator.

    Args:
        node: the node; gets subscriptions and the StepDone publisher.
        name: participant name in the node table.
        handler: does the node's work for one instant.
        lockstep: True with the embedded simulator.
        driver: topic, or topics, that call the handler when there is no lock-step.
        period: control period [s] assumed at first when there is no lock-step, then the drivers' own.
        again: publishes once more what the handler published in the last instant.
    """

    def __init__(
        self,
        node: Node,
        name: str,
        handler: Callable[[Instant], Answer],
        *,
        lockstep: bool,
        driver: str | tuple[str, ...],
        period: float,
        again: Callable[[], None] = lambda: None,
    ) -> None:
        self._node = node
        self._name = name
        self._handler = handler
        self._again = again
        self._lockstep = lockstep
        self._drivers = (driver,) if isinstance(driver, str) else driver
        self._period = period
        self._driven_at: dict[str, float] = {}
        self._messages: dict[str, dict[int, Any]] = {}
        self._kept_for: dict[str, str] = {}
        self._each: set[str] = set()
        self._links: dict[tuple[str, str], str] = {}
        self._transforms: TransformListener | None = None
        self._pending: _Pending | None = None
        self._last: Step | None = None
        self._idle = True  # as last answered
        if lockstep:
            self._done = node.create_publisher(StepDone, STEP_DONE, qos.COMMAND)
            node.create_subscription(Step, STEP, self._on_step, qos.sensor(True))

    def subscribe(self, kind: type, topic: str, driver: str | None = None, *, each: bool = False) -> None:
        """Gather a stamped sensor topic.

        Args:
            driver: without lock-step, the driver whose instants bring it; None for whichever comes first.
            each: without lock-step, bring all of them, one an instant, rather than the newest.
        """
        self._messages[topic] = {}
        if each:
            self._each.add(topic)
        if driver is not None:
            self._kept_for[topic] = driver
        profile = qos.sensor(self._lockstep)
        self._node.create_subscription(kind, topic, lambda message: self._on_message(topic, message), profile)

    def require_corrections(self, links: dict[tuple[str, str], str]) -> None:
        """Wait, where a Step carries the named topic, for the link (parent, child) of the same stamp too.

        Args:
            links: (parent, child) -> topic; for instance ('map', 'rover/odom') -> 'rover/odom'.
        """
        self._links = dict(links)
        self._transforms = TransformListener(self._node, links, self._try)

    def wake(self) -> None:
        """Tell the simulator that this node now needs time to pass (a goal came while time stood still)."""
        if self._lockstep and self._last is not None and self._pending is None:
            self._answer(self._last, Answer(idle=False))

    def _on_message(self, topic: str, message: Any) -> None:
        stamp = _key(message.header.stamp)
        self._messages[topic][stamp] = message
        if self._lockstep:
            self._try()
        elif topic in self._drivers:
            self._free_run(topic, message)

    def _on_step(self, step: Step) -> None:
        if self._last is not None and step.stamp == self._last.stamp:
            if self._pending is None:
                self._again()
                self._answer(step, Answer(self._idle))  # commands that were named have been counted
            return
        subscribed = set(step.topics) & set(self._messages)
        links = {link for link, topic in self._links.items() if topic in step.topics}
        self._pending = _Pending(step, convert.seconds(step.stamp), subscribed, links)
        self._last = step
        self._try()

    def _try(self) -> None:
        pending = self._pending
        if pending is None:
            return
        stamp = _key(pending.step.stamp)
        if any(stamp not in self._messages[topic] for topic in pending.wanted):
            return
        corrections: dict[tuple[str, str], Pose] = {}
        for link in pending.links:
            buffer = self._transforms[link] if self._transforms else None
            if buffer is None or len(buffer) == 0 or abs(buffer.latest()[0] - pending.time) > 1e-6:
                return
            corrections[link] = buffer.latest()[1]
        messages = {topic: self._messages[topic][stamp] for topic in pending.wanted}
        self._forget(stamp)
        answer = self._handler(Instant(pending.time, pending.step.period, messages, corrections))
        self._pending = None  # not before: a goal that is begun in here needs no word of its own
        self._answer(pending.step, answer)

    def _answer(self, step: Step, answer: Answer) -> None:
        self._idle = answer.idle
        self._done.publish(
            StepDone(node=self._name, stamp=step.stamp, idle=answer.idle, topics=list(answer.topics))
        )

    def _free_run(self, topic: str, message: Any) -> None:
        time = convert.seconds(message.header.stamp)
        since = time - self._driven_at.get(topic, -math.inf)
        if since < 0.0:  # a jump back; of another driver's message it only means that this one was overtaken
            self._driven_at.clear()
        self._driven_at[topic] = time
        time = max(self._driven_at.values())
        period = since if 0.0 < since <= _LONGEST_PERIODS * self._period else self._period
        mine = {t: kept for t, kept in self._messages.items() if self._kept_for.get(t, topic) == topic}
        stamps = {t: min(kept) if t in self._each else max(kept) for t, kept in mine.items() if kept}
        messages = {t: mine[t][stamp] for t, stamp in stamps.items()}
        corrections: dict[tuple[str, str], Pose] = {}
        for link in self._links:
            buffer = self._transforms[link] if self._transforms else None
            if buffer is None or len(buffer) == 0:
                return
            corrections[link] = buffer.latest()[1]
        for t, stamp in stamps.items():
            for old in [key for key in mine[t] if key <= stamp]:
                del mine[t][old]
        self._handler(Instant(time, period, messages, corrections))

    def _forget(self, stamp: int) -> None:
        for kept in self._messages.values():
            for old in [key for key in kept if key <= stamp]:
                del kept[old]


def _key(stamp: Any) -> int:
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)
