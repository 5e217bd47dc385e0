# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures as parcels for the link, and back."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import CompressedImage, Image

from wayscout.link.outbox import Item
from wayscout_nodes.common import convert

THUMBNAIL, PICTURE, COLOUR = "thumbnail", "picture", "colour"
_THUMBNAIL_QUALITY = 70


def parcel(kind: str, message: Image, quality: int, time: float) -> Item:
    """Pack a picture: as JPEG of that quality, or losslessly (PNG) where it is 0.

    Raises:
        InvalidInput: when the message is no mono8 or rgb8 picture.
    """
    picture = np.asarray(convert.image(message, ["mono8", "rgb8"], kind))
    data = _jpeg(picture, quality) if quality else _png(picture)
    return Item(_key(kind, message), kind, len(data), (message.header, message.encoding, data), time)


def thumbnail(message: Image, width: int, time: float) -> Item:
    """Pack a small version of a picture."""
    picture = np.asarray(convert.image(message, ["mono8", "rgb8"], THUMBNAIL))
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    data = _jpeg(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), _THUMBNAIL_QUALITY)
    return Item(
        _key(THUMBNAIL, message), THUMBNAIL, len(data), (message.header, message.encoding, data), time
    )


def unpack(item: Item) -> Image | CompressedImage:
    """Return what the receiver gets: a thumbnail stays compressed, a picture is a picture again."""
    header, encoding, data = item.content
    if item.kind == THUMBNAIL:
        small = CompressedImage(header=header, format="jpeg")
        small.data.frombytes(data)
        return small
    colour = encoding == "rgb8"
    raw = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR if colour else cv2.IMREAD_GRAYSCALE)
    picture = np.asarray(cv2.cvtColor(raw, cv2.COLOR_BGR2RGB) if colour else raw)
    message = convert.to_image(picture, encoding, header.frame_id, 0.0)
    message.header = header
    return message


def _jpeg(picture: npt.NDArray[np.generic], quality: int) -> bytes:
    return _encoded(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])


def _png(picture: npt.NDArray[np.generic]) -> bytes:
    return _encoded(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])  # noise hardly compresses: be quick


def _encoded(form: str, picture: npt.NDArray[np.generic], options: list[int]) -> bytes:
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR) if picture.ndim == 3 else picture
    return bytes(cv2.imencode(form, bgr, options)[1])


def _key(kind: str, message: Image) -> tuple[str, int, int]:
    return kind, int(message.header.stamp.sec), int(message.header.stamp.nanosec)
