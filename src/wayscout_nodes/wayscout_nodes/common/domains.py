# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""ROS domains: graphs of nodes that do not hear one another."""

from __future__ import annotations

import random
import socket

LAST = 101  # above it a domain's ports lie among those that the system hands out


def free_domain() -> int:
    """Return a domain that nobody on this machine is in, any of the first where none is free."""
    candidates = list(range(1, LAST + 1))
    random.SystemRandom().shuffle(candidates)
    return next((domain for domain in candidates if _is_free(domain)), candidates[0])


def _is_free(domain: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # the discovery port of a domain's first participant (DDSI-RTPS 2.3, section 9.6.1.3)
            probe.bind(("", 7400 + 250 * domain + 10))
        except OSError:
            return False
    return True
