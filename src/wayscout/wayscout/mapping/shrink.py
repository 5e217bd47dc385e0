# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures and their camera at a smaller size."""

from __future__ import annotations

import cv2

from wayscout.camera import Camera
from wayscout.mapping.rectify import Image


def factor_for(scale: float) -> int:
    """Whole number of pixels that become one at a scale of at most 1."""
    return max(1, int(1.0 / scale + 1e-6))


def shrink_image(image: Image, factor: int) -> Image:
    """Average squares of `factor` pixels, which keeps fine texture from aliasing."""
    if factor < 2:
        return image
    size = (image.shape[1] // factor, image.shape[0] // factor)
    whole = image[: size[1] * factor, : size[0] * factor]
    small: Image = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
    return small


def shrink_camera(camera: Camera, factor: int) -> Camera:
    """The camera whose pictures are those of `shrink_image`."""
    if factor < 2:
        return camera
    matrix = camera.matrix.copy()
    matrix[:2, :2] /= factor
    matrix[:2, 2] = (matrix[:2, 2] + 0.5) / factor - 0.5
    size = camera.width // factor, camera.height // factor
    return Camera(*size, matrix, camera.distortion, camera.model, camera.name)
