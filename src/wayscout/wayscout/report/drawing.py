# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""What every figure shares: colours, shaded ground, and pictures as data URIs."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from wayscout.grid import Bounds, Grid

Array = npt.NDArray[np.float64]
Picture = npt.NDArray[np.float32]

INK = "#2b2420"
PAPER = "#fbf8f4"
CHANNELS = ("#1f6fb4", "#d9661f", "#3c8f4f", "#8b4bb0")
DRIVEN = "#c2185b"
HAZARDS = {"rock": "#7a1010", "step": "#b8860b", "sand": "#e0c060", "tilt": "#6a3fa0"}
FLIGHTS = ("#00838f", "#7b1fa2", "#558b2f", "#ad1457", "#4e342e", "#1565c0")
MOST_PIXELS = 900  # along the longer side of a drawn raster
TINT = np.array([1.0, 0.83, 0.70], dtype=np.float32)  # ground of Mars under a white sun


@dataclass(frozen=True)
class Ground:
    """A raster to draw: (rows, cols[, 3 or 4]) in 0..1, row 0 south, over its bounds [m]."""

    picture: Picture
    bounds: Bounds

    def show(self, axes: Axes, **options: object) -> None:
        b = self.bounds
        axes.imshow(
            self.picture,
            origin="lower",
            extent=(b.x_min, b.x_max, b.y_min, b.y_max),
            interpolation="bilinear",
            **options,  # type: ignore[arg-type]
        )


def channel_colour(index: int) -> str:
    return CHANNELS[index % len(CHANNELS)]


def figure(width: float, height: float) -> Figure:
    """Return an empty figure [inch] on the page's paper."""
    made = Figure(figsize=(width, height), facecolor=PAPER, layout="constrained")
    FigureCanvasAgg(made)
    return made


def data_uri(made: Figure, dpi: int = 110) -> str:
    """Return a figure as an inline PNG."""
    buffer = io.BytesIO()
    made.savefig(buffer, format="png", dpi=dpi, facecolor=PAPER, pil_kwargs={"compress_level": 4})
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def tidy(axes: Axes, title: str = "") -> None:
    """Give an axes the page's look."""
    axes.tick_params(labelsize=7, colors=INK, length=2)
    for side in axes.spines.values():
        side.set_color("#c9bdb2")
    axes.set_facecolor("#efe8df")
    if title:
        axes.set_title(title, fontsize=9, color=INK, loc="left", fontweight="bold")


def frame(axes: Axes, bounds: Bounds, title: str = "") -> None:
    """Make an axes a map of the bounds, in metres."""
    tidy(axes, title)
    axes.set_xlim(bounds.x_min, bounds.x_max)
    axes.set_ylim(bounds.y_min, bounds.y_max)
    axes.set_aspect("equal")
    # equal steps on both axes, few enough for a narrow channel
    step = MultipleLocator(_tick(min(bounds.width, bounds.height)))
    axes.xaxis.set_major_locator(step)
    axes.yaxis.set_major_locator(MultipleLocator(_tick(max(bounds.width, bounds.height) / 2.0)))


def _tick(span: float) -> float:
    """Return a round step [m] that fits about three times into a span [m]."""
    return min((5.0, 10.0, 20.0, 25.0, 50.0, 100.0), key=lambda step: abs(span / step - 3.0))


def shaded(grid: Grid, layer: str = "elevation", image: Grid | None = None) -> Ground:
    """Return a hillshade (sun in the north-west at 45 deg), over the picture layer 'intensity' if given.

    Unknown cells are transparent. The raster is thinned to at most MOST_PIXELS.
    """
    step = max(1, int(np.ceil(max(grid.shape) / MOST_PIXELS)))
    z = grid[layer][::step, ::step].astype(np.float32)
    known = np.isfinite(z)
    filled = np.where(known, z, np.nanmean(z) if known.any() else 0.0)
    if min(z.shape) > 1:
        dy, dx = np.gradient(filled, grid.resolution * step)
    else:
        dy, dx = np.zeros_like(filled), np.zeros_like(filled)
    # the sun's direction (west, north, up) against the normal (-dx, -dy, 1)
    light = (0.5 * dx - 0.5 * dy + 0.7071) / np.sqrt(dx * dx + dy * dy + 1.0)
    grey = np.clip(0.25 + 0.75 * light, 0.05, 1.0)
    if image is not None:
        xs, ys = grid.centres()
        grey = _blend(grey, image, xs[::step], ys[::step])
    colour = np.clip(grey[..., None] * TINT, 0.0, 1.0)
    picture = np.concatenate([colour, known[..., None].astype(np.float32)], axis=2)
    return Ground(picture.astype(np.float32), grid.bounds)


def _blend(grey: Picture, image: Grid, xs: Array, ys: Array) -> Picture:
    """Multiply the shade by the picture's brightness (nearest pixel) where there is one."""
    rows = np.floor((ys - image.origin[1]) / image.resolution).astype(np.intp)
    cols = np.floor((xs - image.origin[0]) / image.resolution).astype(np.intp)
    fits = ((rows >= 0) & (rows < image.shape[0]))[:, None] & ((cols >= 0) & (cols < image.shape[1]))[None, :]
    values = image["intensity"][
        np.clip(rows, 0, image.shape[0] - 1)[:, None], np.clip(cols, 0, image.shape[1] - 1)[None, :]
    ]
    known = fits & np.isfinite(values) & (values > 0.0)
    if not known.any():
        return grey
    low, high = np.percentile(values[known], (2.0, 98.0))
    bright = np.clip((values - low) / max(float(high - low), 1.0), 0.0, 1.0)
    mixed = 0.45 * grey + 0.65 * np.nan_to_num(bright) * (0.35 + 0.65 * grey)
    return np.clip(np.where(known, mixed, grey), 0.0, 1.0).astype(np.float32)


def grey_ground(picture: npt.NDArray[np.uint8], bounds: Bounds) -> Ground:
    """Return an 8 bit picture (row 0 south) as ground, stretched and tinted."""
    step = max(1, int(np.ceil(max(picture.shape) / MOST_PIXELS)))
    values = picture[::step, ::step].astype(np.float32)
    low, high = np.percentile(values, (1.0, 99.0))
    grey = np.clip((values - low) / max(float(high - low), 1.0), 0.0, 1.0) * 0.85 + 0.1
    return Ground((grey[..., None] * TINT).clip(0.0, 1.0).astype(np.float32), bounds)
