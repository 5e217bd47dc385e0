# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Fisheye and distorted pictures redrawn as a pinhole's, so that a plane is seen through a homography."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.camera import PINHOLE, Camera

Picture = npt.NDArray[np.uint8]


class Redrawing:
    """Redraws pictures of one camera.

    Attributes:
        camera: the pinhole that the redrawn pictures obey; the camera itself where it already is one.
    """

    def __init__(self, camera: Camera) -> None:
        self._maps: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None = None
        self.camera = camera
        if camera.model == PINHOLE and not np.any(camera.distortion):
            return
        self.camera = Camera(camera.width, camera.height, camera.matrix, np.zeros(5), PINHOLE, camera.name)
        u, v = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
        uv, _ = camera.project(self.camera.rays(np.stack([u.ravel(), v.ravel()], axis=1)))
        maps = uv.reshape(camera.height, camera.width, 2).astype(np.float32)
        self._maps = (maps[..., 0].copy(), maps[..., 1].copy())

    def __call__(self, image: Picture) -> Picture:
        """Return the (height, width) uint8 picture as the pinhole would have seen it."""
        if self._maps is None:
            return image
        return np.asarray(cv2.remap(image, self._maps[0], self._maps[1], cv2.INTER_LINEAR), dtype=np.uint8)
