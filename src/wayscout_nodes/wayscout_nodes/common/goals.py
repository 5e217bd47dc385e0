# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Action goals that are finished from elsewhere than their own callback.

A goal is worked on by a node's step handler. A coroutine that waits for it would be polled by the
executor all the while, so the goal is only handed to rclpy for execution when its result is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node

SUCCEEDED, ABORTED, CANCELLED = "succeeded", "aborted", "cancelled"


class GoalServer:
    """An action server whose goals are accepted at once, so that a refusal can say why in its result.

    Args:
        begin: called with each goal's handle; calls `finish` sooner or later.
        cancel: called when a client asks to cancel a goal; the goal still ends by `finish`.
    """

    def __init__(
        self,
        node: Node,
        kind: Any,
        name: str,
        begin: Callable[[ServerGoalHandle], None],
        cancel: Callable[[ServerGoalHandle], None],
    ) -> None:
        self._begin = begin
        self._cancel = cancel
        self._server = ActionServer(
            node,
            kind,
            name,
            execute_callback=lambda handle: kind.Result(),  # replaced in finish
            goal_callback=lambda goal: GoalResponse.ACCEPT,
            handle_accepted_callback=self._begin,
            cancel_callback=self._on_cancel,
        )

    def finish(self, handle: ServerGoalHandle, how: str, result: Any) -> None:
        """End a goal: 'succeeded', 'aborted' or 'cancelled' (which holds only where it was asked for)."""

        def conclude(goal: ServerGoalHandle) -> Any:
            if how == CANCELLED and goal.is_cancel_requested:
                goal.canceled()
            elif how == SUCCEEDED:
                goal.succeed()
            else:
                goal.abort()
            return result

        handle.execute(conclude)

    def _on_cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        self._cancel(handle)
        return CancelResponse.ACCEPT
