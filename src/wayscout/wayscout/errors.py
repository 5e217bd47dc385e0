# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Errors that name what was wrong: the field, the value and what would have been accepted."""

from __future__ import annotations


class WayscoutError(Exception):
    """Root of every error that Wayscout raises on purpose."""


class InvalidInput(WayscoutError, ValueError):
    """A value from outside (file, message, argument) that cannot be used.

    Args:
        field: Where the value came from, as the user knows it ('goal.x', 'poses.csv:3 qw').
        value: The offending value.
        wanted: What would have been accepted, in words.
    """

    def __init__(self, field: str, value: object, wanted: str) -> None:
        self.field = field
        self.value = value
        self.wanted = wanted
        super().__init__(f"{field} = {_short(value)}: {wanted}")


class OutOfTime(WayscoutError, LookupError):
    """A pose was asked for at a time that the buffer does not cover."""


class NoPath(WayscoutError):
    """There is no way from start to goal; an answer, not a failure."""


def _short(value: object, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."
