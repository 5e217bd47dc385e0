# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Ground points followed from picture to picture.

The second picture is first drawn as the first camera would have seen the ground plane; what is
left (relief, pose errors) is small and free of rotation, so that Lucas-Kanade's search finds it
even between legs flown in opposite directions.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from wayscout.camera import Camera
from wayscout.geometry import Pose

Array = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]
Pixels = npt.NDArray[np.float32]


def corners(image: Picture, cell: int, threshold: float) -> Array:
    """Return (n, 2) pixels: the best corner of each cell of `cell` px, so that they cover the picture.

    Args:
        threshold: smallest eigenvalue of the gradient matrix (of cv2.cornerMinEigenVal) for a corner.
    """
    strength = cv2.cornerMinEigenVal(image, 5)
    margin = 10
    strength[:margin], strength[-margin:], strength[:, :margin], strength[:, -margin:] = 0.0, 0.0, 0.0, 0.0
    rows, cols = image.shape[0] // cell, image.shape[1] // cell
    blocks = strength[: rows * cell, : cols * cell].reshape(rows, cell, cols, cell).swapaxes(1, 2)
    flat = blocks.reshape(rows, cols, cell * cell)
    best = flat.argmax(axis=2)
    good = np.take_along_axis(flat, best[..., None], axis=2)[..., 0] > threshold
    r = (np.arange(rows)[:, None] * cell + best // cell)[good]
    c = (np.arange(cols)[None] * cell + best % cell)[good]
    return np.stack([c, r], axis=1).astype(np.float64)


def evened(image: Picture, reach: int = 25) -> Picture:
    """Take off the mean of each pixel's surroundings and divide by their contrast; (h, w) uint8 again.

    A lens darkens its corners, and Lucas-Kanade takes that gradient, which stays with the camera, for ground
    that moves less: a bias that bends the track. Contrasts below two grey values, all noise, stay low.

    Args:
        reach: side of the surroundings [px].
    """
    grey = image.astype(np.float32)
    off = grey - cv2.blur(grey, (reach, reach))
    contrast = np.sqrt(np.maximum(cv2.blur(off * off, (reach, reach)), 4.0))  # sums round below zero
    result: Picture = np.clip(128.0 + 40.0 * off / contrast, 0.0, 255.0).astype(np.uint8)
    return result


def plane_homography(camera: Camera, first: Pose, second: Pose, point: Array, normal: Array) -> Array | None:
    """Return the (3, 3) map from pixels of the first view to the second's, over a ground plane.

    Args:
        camera: an undistorted pinhole. first, second: optical frames in map.
        point, normal: (3,) of the plane, in map.

    Returns:
        None where the plane is seen edge-on or from behind.
    """
    w, h = camera.width - 1, camera.height - 1
    pixels = np.array([[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]])
    rays = camera.rays(pixels) @ first.rotation().T
    along = rays @ normal
    reach = float((point - first.position) @ normal)
    if np.any(along * np.sign(reach) < 0.05):
        return None
    ground = first.position + rays * (reach / along)[:, None]
    seen = (ground - second.position) @ second.rotation()
    if np.any(seen[:, 2] < 0.5):
        return None
    target = seen[:, :2] / seen[:, 2:] * np.array([camera.fx, camera.fy]) + camera.matrix[:2, 2]
    result: Array = cv2.getPerspectiveTransform(pixels.astype(np.float32), target.astype(np.float32))
    return result


def map_pixels(homography: Array, pixels: Array) -> Array:
    """Apply a (3, 3) homography to (n, 2) pixels."""
    p = np.concatenate([pixels, np.ones((len(pixels), 1))], axis=1) @ homography.T
    result: Array = p[:, :2] / np.where(np.abs(p[:, 2:]) < 1e-9, 1e-9, p[:, 2:])
    return result


def follow(
    first: Picture,
    second: Picture,
    pixels: Array,
    guess: Array,
    homography: Array,
    *,
    window: int = 15,
    levels: int = 3,
    round_trip: float = 0.3,
    margin: float = 6.0,
) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Find points of the first picture in the second.

    Args:
        pixels: (n, 2) in the first picture. guess: (n, 2) where they are expected in the second.
        homography: (3, 3) first to second pixels.
        window: side of the compared patch [px]. levels: halvings of the pictures.
        round_trip: largest distance [px] after going there and back.

    Returns:
        (n, 2) pixels in the second picture and (n,) bool, True where found.
    """
    h, w = first.shape
    found = guess.copy()
    inside = (guess > margin).all(axis=1) & (guess[:, 0] < w - 1 - margin) & (guess[:, 1] < h - 1 - margin)
    good = np.zeros(len(pixels), dtype=np.bool_)
    if not inside.any():
        return found, good
    at = np.flatnonzero(inside)
    back = np.asarray(np.linalg.inv(homography), dtype=np.float64)
    drawn = cv2.warpPerspective(second, homography, (w, h), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    start = pixels[at].astype(np.float32)[:, None]
    there = map_pixels(back, guess[at]).astype(np.float32)[:, None]
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.01)

    def search(a: Picture, b: Picture, at: Pixels, guessed: Pixels) -> tuple[Pixels, npt.NDArray[np.uint8]]:
        end, status, _ = cv2.calcOpticalFlowPyrLK(
            a, b, at, guessed.copy(), None, None, (window, window), levels, criteria,
            cv2.OPTFLOW_USE_INITIAL_FLOW, 1e-5,
        )  # fmt: skip
        return end, status

    end, ok1 = search(first, drawn, start, there)
    again, ok2 = search(drawn, first, end, start)
    distance = np.linalg.norm((again - start)[:, 0], axis=1)
    target = map_pixels(homography, end[:, 0].astype(np.float64))
    fine = (ok1[:, 0] > 0) & (ok2[:, 0] > 0) & (distance < round_trip)
    fine &= (target > margin).all(axis=1) & (target[:, 0] < w - 1 - margin) & (target[:, 1] < h - 1 - margin)
    found[at] = target
    good[at] = fine
    return found, good
