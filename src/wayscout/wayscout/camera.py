# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Camera models: project, back-project, footprint; read from ROS camera_info files.

Pixels are (u, v), u to the right and v down, with the centre of the first pixel at (0, 0). The
optical frame has z along the view, x right, y down (REP-103).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import yaml

from wayscout.errors import InvalidInput
from wayscout.geometry import Pose

Array = npt.NDArray[np.float64]

PINHOLE = "plumb_bob"
RATIONAL = "rational_polynomial"
FISHEYE = "equidistant"
_COEFFICIENTS = {PINHOLE: 5, RATIONAL: 8, FISHEYE: 4}
_ROUNDS, _CLOSE = 50, 1e-9  # of undoing a lens' distortion, in normalised image coordinates


@dataclass(frozen=True)
class Camera:
    """Intrinsics of a pinhole or fisheye (equidistant, Kannala-Brandt) camera.

    Attributes:
        width, height: image size [px].
        matrix: (3, 3) float64, fx, fy, cx, cy [px].
        distortion: (5,) k1 k2 p1 p2 k3 for plumb_bob, (8,) k1 k2 p1 p2 k3..k6 for rational_polynomial,
            (4,) k1..k4 for equidistant.
        model: 'plumb_bob', 'rational_polynomial' or 'equidistant', as in sensor_msgs/CameraInfo.
        name: camera name.
    """

    width: int
    height: int
    matrix: Array
    distortion: Array
    model: str = PINHOLE
    name: str = "camera"

    def __post_init__(self) -> None:
        if self.model not in _COEFFICIENTS:
            raise InvalidInput(
                "camera.distortion_model", self.model, f"one of {sorted(_COEFFICIENTS)} is needed"
            )
        if self.width < 1 or self.height < 1:
            raise InvalidInput(
                "camera size", (self.width, self.height), "a positive image size [px] is needed"
            )
        matrix = np.asarray(self.matrix, dtype=np.float64).reshape(-1)
        if matrix.size != 9 or not np.all(np.isfinite(matrix)) or min(matrix[0], matrix[4]) <= 0.0:
            raise InvalidInput(
                "camera.camera_matrix", matrix.tolist(), "a 3 x 3 matrix with positive focal lengths"
            )
        given = np.asarray(self.distortion, dtype=np.float64).reshape(-1)
        count = _COEFFICIENTS[self.model]
        if given.size > count and np.any(given[count:]):
            raise InvalidInput(
                "camera.distortion_coefficients", given.tolist(), f"{self.model} takes {count}"
            )
        padded = np.zeros(count)
        padded[: min(count, given.size)] = given[:count]
        object.__setattr__(self, "matrix", matrix.reshape(3, 3))
        object.__setattr__(self, "distortion", padded)

    @classmethod
    def pinhole(cls, width: int, height: int, vertical_fov: float, name: str = "camera") -> Camera:
        """Make an undistorted pinhole camera from its vertical field of view [rad]."""
        f = 0.5 * height / np.tan(0.5 * vertical_fov)
        k = np.array([[f, 0.0, 0.5 * (width - 1)], [0.0, f, 0.5 * (height - 1)], [0.0, 0.0, 1.0]])
        return cls(width, height, k, np.zeros(5), PINHOLE, name)

    @property
    def fx(self) -> float:
        return float(self.matrix[0, 0])

    @property
    def fy(self) -> float:
        return float(self.matrix[1, 1])

    def project(self, points: npt.ArrayLike) -> tuple[Array, npt.NDArray[np.bool_]]:
        """Project (n, 3) points [m] in the optical frame.

        Returns:
            (n, 2) pixels and (n,) bool, True where the point is in front of the camera and in the image.
        """
        p = np.asarray(points, dtype=np.float64).reshape(-1, 3)
        front = p[:, 2] > 1e-6
        safe = np.where(front[:, None], p, np.array([0.0, 0.0, 1.0]))
        if self.model == FISHEYE:
            uv = cv2.fisheye.projectPoints(
                safe[:, None], np.zeros(3), np.zeros(3), self.matrix, self.distortion
            )[0].reshape(-1, 2)
        elif np.any(self.distortion):
            uv = self._distorted(safe)
        else:
            uv = safe[:, :2] / safe[:, 2:] * np.array([self.fx, self.fy]) + self.matrix[:2, 2]
        inside = (uv >= -0.5).all(axis=1) & (uv[:, 0] < self.width - 0.5) & (uv[:, 1] < self.height - 0.5)
        return uv, front & inside

    def rays(self, pixels: npt.ArrayLike) -> Array:
        """Return (n, 3) unit vectors in the optical frame through (n, 2) pixels."""
        uv = np.asarray(pixels, dtype=np.float64).reshape(-1, 2)
        if self.model == FISHEYE:
            xy = cv2.fisheye.undistortPoints(uv[:, None], self.matrix, self.distortion).reshape(-1, 2)
        else:
            xy = (uv - self.matrix[:2, 2]) / np.array([self.fx, self.fy])
            if np.any(self.distortion):
                xy = self._undistorted(uv, xy)
        rays = np.concatenate([xy, np.ones((len(xy), 1))], axis=1)
        result: Array = rays / np.linalg.norm(rays, axis=1, keepdims=True)
        return result

    def _distorted(self, points: Array) -> Array:
        """Return the (n, 2) pixels of (n, 3) points in front of a camera that is no fisheye."""
        uv = cv2.projectPoints(points, np.zeros(3), np.zeros(3), self.matrix, self.distortion)[0]
        return np.asarray(uv, dtype=np.float64).reshape(-1, 2)

    def _undistorted(self, uv: Array, xy: Array) -> Array:
        """Return the (n, 2) normalised coordinates that `_distorted` turns into pixels; xy is a first guess.

        OpenCV's own inverse ends after five rounds, half a pixel off at a wide lens' corners.
        """
        for _ in range(_ROUNDS):
            off = (uv - self._distorted(np.column_stack([xy, np.ones(len(xy))]))) / [self.fx, self.fy]
            xy = xy + off
            if np.abs(off).max(initial=0.0) < _CLOSE:
                break
        return xy

    def footprint(self, pose: Pose, height: float) -> Array:
        """Return the (4, 3) points where the image's corner rays meet the plane z = height [m].

        Args:
            pose: optical frame in map.

        Raises:
            InvalidInput: when a corner looks above the horizon.
        """
        w, h = self.width - 1, self.height - 1
        rays = self.rays([[0, 0], [w, 0], [w, h], [0, h]]) @ pose.rotation().T
        scale = (height - pose.position[2]) / np.where(rays[:, 2] == 0.0, np.nan, rays[:, 2])
        if not np.all(scale > 0.0):
            raise InvalidInput("camera pose", pose.euler(), "every corner of the picture must see the plane")
        result: Array = pose.position + rays * scale[:, None]
        return result

    def ground_sampling_distance(self, distance: float) -> float:
        """Metres on the ground per pixel at a distance [m] along the view."""
        return distance / self.fx


def sample(
    image: npt.NDArray[Any],
    pixels: npt.NDArray[np.floating],
    interpolation: int = cv2.INTER_LINEAR,
    border: int = cv2.BORDER_CONSTANT,
) -> npt.NDArray[Any]:
    """Values of an image at any number of pixels.

    Args:
        image: (height, width) or (height, width, channels), uint8 or float32.
        pixels: (n, 2) u, v [px].
        interpolation, border: of OpenCV.

    Returns:
        (n,) or (n, channels), of the image's type.
    """
    if len(pixels) == 0:
        return np.zeros((0, *image.shape[2:]), image.dtype)
    width = 1024  # cv2.remap takes at most 32767 rows or columns: the pixels are wrapped into a block
    block = np.resize(pixels.astype(np.float32), (-(-len(pixels) // width) * width, 2)).reshape(-1, width, 2)
    values = cv2.remap(image, block, None, interpolation, borderMode=border)
    return np.asarray(values.reshape(-1, *image.shape[2:])[: len(pixels)])


def from_camera_info(info: dict[str, Any], source: str = "camera_info") -> Camera:
    """Make a camera from a mapping in ROS camera_info (camera_calibration_parsers) form.

    Raises:
        InvalidInput: naming the field that is missing or wrong.
    """

    def numbers(key: str) -> Array:
        value = info.get(key)
        data = value.get("data") if isinstance(value, dict) else value
        try:
            return np.asarray(data, dtype=np.float64)
        except (TypeError, ValueError):
            raise InvalidInput(f"{source}: {key}", data, "a list of numbers is needed") from None

    for key in ("image_width", "image_height", "camera_matrix"):
        if key not in info:
            raise InvalidInput(f"{source}: {key}", None, "this field is missing")
    model = str(info.get("distortion_model") or PINHOLE)
    distortion = numbers("distortion_coefficients") if "distortion_coefficients" in info else np.zeros(0)
    return Camera(
        int(info["image_width"]),
        int(info["image_height"]),
        numbers("camera_matrix"),
        distortion,
        model,
        str(info.get("camera_name", "camera")),
    )


def load_camera(path: Path) -> Camera:
    """Read a camera_info YAML file."""
    try:
        info = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise InvalidInput(str(path), path.name, f"not a readable camera_info file ({error})") from error
    if not isinstance(info, dict):
        raise InvalidInput(str(path), info, "a mapping in camera_info form is needed")
    return from_camera_info(info, str(path))
