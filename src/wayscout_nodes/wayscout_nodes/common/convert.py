# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Between ROS messages and the brain's types; everything that comes in is checked here."""

from __future__ import annotations

import array
import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, PoseStamped, Quaternion, Transform, TransformStamped, Vector3
from geometry_msgs.msg import Pose as PoseMsg
from nav_msgs.msg import Odometry, Path
from sensor_msgs.msg import CameraInfo, Image
from wayscout_interfaces.msg import TerrainTile

from wayscout.camera import Camera
from wayscout.errors import InvalidInput
from wayscout.geometry import Pose
from wayscout.grid import Grid

_ENCODINGS = {
    "mono8": (np.uint8, 1),
    "rgb8": (np.uint8, 3),
    "bgr8": (np.uint8, 3),
    "mono16": (np.uint16, 1),
    "16UC1": (np.uint16, 1),
    "32FC1": (np.float32, 1),
}


def seconds(stamp: Time) -> float:
    """Return a stamp as seconds; exact to well under a microsecond for centuries of simulated time."""
    return float(stamp.sec) + 1e-9 * float(stamp.nanosec)


def to_stamp(time: float) -> Time:
    """Return seconds as a stamp, rounded to nanoseconds."""
    nanoseconds = round(time * 1e9)
    return Time(sec=nanoseconds // 1_000_000_000, nanosec=nanoseconds % 1_000_000_000)


def to_point(xyz: Sequence[float] | npt.NDArray[np.float64]) -> Point:
    return Point(x=float(xyz[0]), y=float(xyz[1]), z=float(xyz[2]) if len(xyz) > 2 else 0.0)


def point(message: Point, field: str) -> npt.NDArray[np.float64]:
    """Return a (3,) float64 point; raises InvalidInput when a coordinate is not finite."""
    xyz = np.array([message.x, message.y, message.z])
    if not np.all(np.isfinite(xyz)):
        raise InvalidInput(field, xyz.tolist(), "finite coordinates [m] are needed")
    return xyz


def to_pose(pose: Pose) -> PoseMsg:
    message = PoseMsg()
    p, q = message.position, message.orientation
    p.x, p.y, p.z = (float(v) for v in pose.position)
    q.x, q.y, q.z, q.w = (float(v) for v in pose.quaternion)
    return message


def pose(message: PoseMsg, field: str) -> Pose:
    """Return a pose; raises InvalidInput naming the field when it is not finite or not a rotation."""
    return _pose(message.position, message.orientation, field)


def rates(message: Odometry) -> npt.NDArray[np.float64]:
    """Return odometry's (3,) angular rates [rad/s] in the body; whoever takes them does without NaN."""
    angular = message.twist.twist.angular
    return np.array([angular.x, angular.y, angular.z])


def transform(message: Transform, field: str) -> Pose:
    """Return a transform as the pose of its child; raises InvalidInput as `pose` does."""
    return _pose(message.translation, message.rotation, field)


def _pose(p: Point | Vector3, q: Quaternion, field: str) -> Pose:
    try:
        return Pose(np.array([p.x, p.y, p.z]), np.array([q.x, q.y, q.z, q.w]))
    except InvalidInput as error:
        raise InvalidInput(f"{field}.{error.field}", error.value, error.wanted) from None


def to_transform(parent: str, child: str, time: float, pose: Pose) -> TransformStamped:
    message = TransformStamped()
    message.header.frame_id = parent
    message.header.stamp = to_stamp(time)
    message.child_frame_id = child
    t, q = message.transform.translation, message.transform.rotation
    t.x, t.y, t.z = (float(v) for v in pose.position)
    q.x, q.y, q.z, q.w = (float(v) for v in pose.quaternion)
    return message


def to_image(picture: npt.NDArray[np.generic], encoding: str, frame: str, time: float) -> Image:
    """Return an Image message with one copy of the pixels."""
    message = Image(encoding=encoding, height=picture.shape[0], width=picture.shape[1], is_bigendian=0)
    message.header.frame_id = frame
    message.header.stamp = to_stamp(time)
    kind, channels = _ENCODINGS[encoding]
    contiguous = np.ascontiguousarray(picture, dtype=kind)
    message.step = picture.shape[1] * channels * contiguous.itemsize
    message.data = to_array("B", contiguous)
    return message


def image(message: Image, encodings: Iterable[str], field: str) -> npt.NDArray[np.generic]:
    """Return the pixels, (h, w) or (h, w, 3), as a view where rows are packed.

    Raises:
        InvalidInput: naming the field when size, encoding or length are wrong.
    """
    wanted = list(encodings)
    if message.encoding not in wanted:
        raise InvalidInput(f"{field}.encoding", message.encoding, f"one of {wanted} is needed")
    if message.width == 0 or message.height == 0:
        raise InvalidInput(
            f"{field} size", (message.width, message.height), "a picture with pixels is needed"
        )
    kind, channels = _ENCODINGS[message.encoding]
    row = message.width * channels * np.dtype(kind).itemsize
    if message.step < row or len(message.data) < message.step * message.height:
        raise InvalidInput(
            f"{field}.data length", len(message.data), f"{message.step} x {message.height} is needed"
        )
    raw = np.frombuffer(message.data, dtype=np.uint8, count=message.step * message.height)
    packed = np.ascontiguousarray(raw.reshape(message.height, message.step)[:, :row]).view(kind)
    return packed.reshape(message.height, message.width, channels) if channels > 1 else packed


def to_camera_info(camera: Camera, frame: str, time: float) -> CameraInfo:
    message = CameraInfo(width=camera.width, height=camera.height, distortion_model=camera.model)
    message.header.frame_id = frame
    message.header.stamp = to_stamp(time)
    message.k = camera.matrix.reshape(-1)
    message.d = camera.distortion.tolist()
    message.r = np.eye(3).reshape(-1)
    message.p = np.hstack([camera.matrix, np.zeros((3, 1))]).reshape(-1)
    return message


def camera(message: CameraInfo, field: str) -> Camera:
    """Return the camera of a CameraInfo; raises InvalidInput naming the field."""
    try:
        return Camera(
            int(message.width),
            int(message.height),
            np.asarray(message.k, dtype=np.float64),
            np.asarray(message.d, dtype=np.float64),
            message.distortion_model or "plumb_bob",
        )
    except InvalidInput as error:
        raise InvalidInput(f"{field}: {error.field}", error.value, error.wanted) from None


def to_tile(
    grid: Grid, tile_row: int, tile_col: int, version: int, units: dict[str, str], time: float
) -> TerrainTile:
    """Return a grid as a terrain tile; `units` names the unit of each layer."""
    message = TerrainTile(version=version, tile_row=tile_row, tile_col=tile_col, resolution=grid.resolution)
    message.header.frame_id = grid.frame
    message.header.stamp = to_stamp(time)
    message.origin = to_point((*grid.origin, 0.0))
    message.rows, message.cols = grid.shape
    message.layers = list(grid.layers)
    message.units = [units.get(name, "1") for name in grid.layers]
    message.data = to_array("f", np.concatenate([layer.reshape(-1) for layer in grid.layers.values()]))
    return message


def tile(message: TerrainTile, field: str) -> Grid:
    """Return a terrain tile as a grid; raises InvalidInput naming the field."""
    count = message.rows * message.cols
    if len(message.data) != count * len(message.layers):
        raise InvalidInput(
            f"{field}.data length", len(message.data), f"{len(message.layers)} layers of {count}"
        )
    if not math.isfinite(message.resolution) or message.resolution <= 0.0:
        raise InvalidInput(f"{field}.resolution", message.resolution, "a positive cell size [m] is needed")
    origin = point(message.origin, f"{field}.origin")
    data = np.frombuffer(message.data, dtype=np.float32).reshape(
        len(message.layers), message.rows, message.cols
    )
    layers = {name: data[i].copy() for i, name in enumerate(message.layers)}
    shape = (int(message.rows), int(message.cols))
    return Grid(message.resolution, (origin[0], origin[1]), shape, message.header.frame_id or "map", layers)


def to_path(xyz: npt.NDArray[np.float64], headings: npt.NDArray[np.float64], frame: str, time: float) -> Path:
    """Return an (n, 3) line with (n,) headings [rad] as a Path."""
    path = Path()
    path.header.frame_id = frame
    path.header.stamp = to_stamp(time)
    for position, heading in zip(xyz, headings, strict=True):
        stamped = PoseStamped(header=path.header)
        stamped.pose = to_pose(Pose.from_euler(*(float(v) for v in position), yaw=float(heading)))
        path.poses.append(stamped)
    return path


def path(message: Path, field: str) -> npt.NDArray[np.float64]:
    """Return the (n, 3) positions of a Path; raises InvalidInput when empty or not finite."""
    if not message.poses:
        raise InvalidInput(f"{field}.poses", [], "at least one pose is needed")
    xyz = np.array([[p.pose.position.x, p.pose.position.y, p.pose.position.z] for p in message.poses])
    if not np.all(np.isfinite(xyz)):
        worst = int(np.argmin(np.isfinite(xyz).all(axis=1)))
        raise InvalidInput(
            f"{field}.poses[{worst}]", xyz[worst].tolist(), "finite coordinates [m] are needed"
        )
    return xyz


def to_array(code: str, data: npt.NDArray[np.generic]) -> array.array[int] | array.array[float]:
    """Return numpy data as array.array, which message fields take a hundred times faster than bytes."""
    result: array.array[int] | array.array[float] = array.array(code)
    result.frombytes(np.ascontiguousarray(data).reshape(-1).view(np.uint8))
    return result
