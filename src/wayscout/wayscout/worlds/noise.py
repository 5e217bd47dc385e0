# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Smooth random fields: sums of octaves of interpolated white noise."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float32]


def stream(seed: int, *purpose: str) -> np.random.Generator:
    """Return the random stream of one purpose, independent of every other purpose's."""
    return np.random.default_rng([seed & 0xFFFFFFFF, *("/".join(purpose)).encode()])


class Octaves:
    """Fractal noise that is evaluated band by band, so that a large picture needs little memory.

    Args:
        shape: (rows, cols) of the whole field.
        wavelength: spacing of the coarsest octave's random nodes [px].
        rng: random stream.
        shortest: spacing of the finest octave's nodes [px].
        gain: weight of an octave relative to the next coarser one.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        wavelength: float,
        rng: np.random.Generator,
        *,
        shortest: float = 2.0,
        gain: float = 0.5,
    ) -> None:
        self.shape = shape
        self._octaves: list[tuple[float, float, npt.NDArray[np.float64], Field]] = []
        weight, power = 1.0, 0.0
        while wavelength >= shortest:
            rows, cols = (int(np.ceil(n / wavelength)) + 5 for n in shape)
            nodes = rng.standard_normal((rows, cols), dtype=np.float32)
            self._octaves.append((weight, wavelength, 1.0 + rng.random(2), nodes))
            power += weight**2
            wavelength, weight = wavelength / 2.0, weight * gain
        # Cubic interpolation takes a quarter of the nodes' deviation.
        self._scale = 1.35 / float(np.sqrt(max(power, 1e-12)))

    def rows(self, begin: int, end: int) -> Field:
        """Return rows begin to end (exclusive), about zero mean and unit deviation."""
        shape = (end - begin, self.shape[1])
        total = np.zeros(shape, np.float32)
        for weight, wavelength, offset, nodes in self._octaves:
            to_nodes = np.array(
                [[1 / wavelength, 0, offset[0]], [0, 1 / wavelength, offset[1] + begin / wavelength]]
            )
            flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
            field = cv2.warpAffine(nodes, to_nodes, shape[::-1], flags=flags, borderMode=cv2.BORDER_REFLECT)
            total += np.float32(weight * self._scale) * field
        return total


def octave(shape: tuple[int, int], wavelength: float, rng: np.random.Generator) -> Field:
    """One octave of smooth noise with nodes `wavelength` [px] apart."""
    return Octaves(shape, wavelength, rng, shortest=wavelength).rows(0, shape[0])


def fractal(
    shape: tuple[int, int],
    wavelength: float,
    rng: np.random.Generator,
    *,
    shortest: float = 2.0,
    gain: float = 0.5,
) -> Field:
    """Fractal noise over the whole field; see `Octaves`."""
    return Octaves(shape, wavelength, rng, shortest=shortest, gain=gain).rows(0, shape[0])


def curve(
    length: float, wavelength: float, points: npt.NDArray[np.float64], rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Smooth noise along a line of `length` [m], at `points` [m]; unit deviation."""
    nodes = np.arange(-2.0 * wavelength, length + 3.0 * wavelength, wavelength)
    values = rng.standard_normal(nodes.size)
    u = (points - nodes[0]) / wavelength
    index = np.clip(u.astype(np.intp), 1, nodes.size - 3)
    t = u - index
    t = np.clip(t, 0.0, 1.0)
    p0, p1, p2, p3 = (values[index + k] for k in (-1, 0, 1, 2))
    result: npt.NDArray[np.float64] = p1 + 0.5 * t * (
        p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0))
    )
    return result


def smoothstep(low: float, high: float, x: npt.ArrayLike) -> Field:
    """Rise from 0 at `low` to 1 at `high` with zero slope at both; high < low falls instead."""
    t = np.clip((np.asarray(x, np.float32) - low) / (high - low), 0.0, 1.0)
    result: Field = (t * t * (3.0 - 2.0 * t)).astype(np.float32)
    return result


def ripple_phase(
    seed: int, wavelength: float, x: npt.NDArray[np.floating], y: npt.NDArray[np.floating], bend: Field
) -> Field:
    """Phase [rad] of wind ripples whose crests wander by `bend` [m]."""
    wind = stream(seed, "wind").uniform(0, np.pi)
    u = np.float32(np.cos(wind)) * x.astype(np.float32) + np.float32(np.sin(wind)) * y.astype(np.float32)
    result: Field = np.float32(2 * np.pi / wavelength) * (u + bend)
    return result
