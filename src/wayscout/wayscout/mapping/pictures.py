# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a picture shows anything: a camera may fail black, white or frozen in one tone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DARKEST, BRIGHTEST = 6.0, 250.0  # grey levels of the mean beyond which nothing is seen
FLATTEST = 1.5  # grey levels of deviation below which there is nothing but noise


def useless(image: npt.NDArray[np.uint8]) -> str:
    """Return why a grey picture (h, w) shows nothing, '' when it does."""
    sample = image[::4, ::4].astype(np.float32)
    mean, deviation = float(sample.mean()), float(sample.std())
    if mean < DARKEST:
        return f"black (mean {mean:.0f} of 255)"
    if mean > BRIGHTEST:
        return f"overexposed (mean {mean:.0f} of 255)"
    if deviation < FLATTEST:
        return f"without contrast (deviation {deviation:.1f} of 255)"
    return ""


def without_useless(images: Sequence[npt.NDArray[np.uint8]]) -> tuple[list[int], str]:
    """Return which pictures show something, and of the others how many there are and why, '' for none."""
    reasons = [useless(image) for image in images]
    shown = [k for k, reason in enumerate(reasons) if not reason]
    kinds = Counter(reason.split(" (")[0] for reason in reasons if reason)
    return shown, ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())


@dataclass
class DarkPictures:
    """Counts useless pictures.

    Attributes:
        in_a_row: how many the newest ones are.
        total: how many there were.
        reason: why the last one was.
    """

    in_a_row: int = 0
    total: int = 0
    reason: str = ""

    def check(self, image: npt.NDArray[np.uint8]) -> str:
        """Count a picture; return why it is no use, '' when it is."""
        reason = useless(image)
        if reason:
            self.in_a_row += 1
            self.total += 1
            self.reason = reason
        else:
            self.in_a_row = 0
        return reason
