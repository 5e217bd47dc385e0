# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""A domain of one's own."""

from __future__ import annotations

import socket

import pytest

from wayscout_nodes.common import domains


def test_a_domain_in_use_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    free = domains.free_domain()
    assert 1 <= free <= domains.LAST

    class Order:
        """Tries the domain in use first."""

        def shuffle(self, candidates: list[int]) -> None:
            candidates.remove(free)
            candidates.insert(0, free)

    monkeypatch.setattr(domains.random, "SystemRandom", Order)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("", 7400 + 250 * free + 10))
        assert domains.free_domain() != free
    assert domains.free_domain() == free
