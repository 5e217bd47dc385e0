# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Who has begun to listen: while simulated time stands still nothing is sent that would reach them."""

from __future__ import annotations

from rclpy.publisher import Publisher


class Newcomers:
    """Watches the subscriptions of a publisher."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher, self._known = publisher, 0

    def came(self) -> bool:
        """Return whether somebody has begun to listen since the last call."""
        before, self._known = self._known, self._publisher.get_subscription_count()
        return self._known > before
