"""Fuzz the image reader of training and serving with changed PNG and JPEG files."""

import io
import struct
import zlib

import numpy as np
from harness import fuzz
from PIL import Image

from image_classification.data.preparation import Preparation, UnreadableImageError

PREPARATIONS = (Preparation(3, 32, 32), Preparation(1, 16, 24), Preparation(3, 32, 32, resize=40))


def seeds() -> list[bytes]:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (36, 40, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    images = [encoded(noise.convert(mode), "PNG") for mode in ("1", "L", "LA", "P", "RGB", "RGBA")]
    images.append(encoded(Image.fromarray(np.full((33, 33), 0x4012, np.uint16)), "PNG"))
    images += [encoded(noise.convert(mode), "JPEG", exif=exif) for mode in ("L", "RGB", "CMYK")]
    images.append(encoded(noise, "JPEG", progressive=True, quality=30))
    images.append(encoded(noise, "PNG", exif=exif))
    return images


def encoded(image: Image.Image, image_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def checksummed(data: bytes) -> bytes:
    """Return a PNG with corrected checksums, without which the decoder would reject most changes at once."""
    repaired, place = bytearray(data), 8
    while data.startswith(b"\x89PNG") and place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        if place + 12 + length > len(data):
            break
        struct.pack_into(">I", repaired, place + 8 + length, zlib.crc32(data[place + 4 : place + 8 + length]))
        place += 12 + length
    return bytes(repaired)


def attempt(data: bytes) -> None:
    for image in (data, checksummed(data)):
        for preparation in PREPARATIONS:
            pixels = preparation.prepared(image)
            assert pixels.shape == (preparation.height, preparation.width, preparation.channels)


if __name__ == "__main__":
    fuzz("images", seeds(), attempt, UnreadableImageError)
