"""The one preparation of images for training, validation and serving, so that served images look like validated ones.

Decisions that AWS leaves open: alpha is dropped, not blended, as AWS's decoder does; an EXIF orientation is applied, as
every viewer does; 16-bit gray keeps its high byte; the aspect is kept, and an image larger than the model's is
center-cropped. AWS's endpoint squashes it instead, which its own validation never does.
"""

import io
import struct
import warnings
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

Pixels = npt.NDArray[np.uint8]  # height, width, channels
FORMATS = ("PNG", "JPEG")
PIXEL_LIMIT = 40_000_000
UNREADABLE = (
    OSError,
    SyntaxError,  # Pillow raises it for a broken PNG
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    OverflowError,
    TypeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)

# PIXEL_LIMIT is below the size at which Pillow warns of a decompression bomb. Its other warnings, such as one of broken
# EXIF data, do not concern the pixels.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


class UnreadableImageError(Exception):
    """The bytes are not an image that can be used; the message says why."""


@dataclass(frozen=True)
class Preparation:
    """The shape of the model's images, and the length to which their shortest side is scaled first, if any."""

    channels: int
    height: int
    width: int
    resize: int | None = None

    def decoded(self, data: bytes) -> Pixels:
        """Return the pixels, scaled to `resize` if that is set, but not yet cropped. Raises UnreadableImageError."""
        image = decode(data, "L" if self.channels == 1 else "RGB")
        if self.resize is not None:
            image = scaled(image, self.resize / min(image.size))
        return np.asarray(image).reshape(image.height, image.width, self.channels)

    def fits(self, pixels: Pixels) -> bool:
        height, width = pixels.shape[:2]
        return bool(height >= self.height and width >= self.width)

    def prepared(self, data: bytes) -> Pixels:
        """Return the pixels that the model sees. An image that is too small is enlarged until it covers the shape."""
        pixels = self.decoded(data)
        if not self.fits(pixels):
            image = Image.fromarray(pixels.squeeze(2) if self.channels == 1 else pixels)
            image = scaled(image, max(self.height / image.height, self.width / image.width))
            pixels = np.asarray(image).reshape(image.height, image.width, self.channels)
        return self.center_crop(pixels)

    def center_crop(self, pixels: Pixels) -> Pixels:
        top, left = (pixels.shape[0] - self.height) // 2, (pixels.shape[1] - self.width) // 2
        return pixels[top : top + self.height, left : left + self.width]


def decode(data: bytes, mode: str) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > PIXEL_LIMIT:
                size = f"{image.width} x {image.height} pixels"
                raise UnreadableImageError(f"it unpacks to {size}, more than the limit of {PIXEL_LIMIT:,}")
            image.load()
            return converted(ImageOps.exif_transpose(image), mode)
    except UNREADABLE as error:
        raise UnreadableImageError(f"it is not a PNG or JPEG image that can be read ({reason(error, data)})") from error


def reason(error: Exception, data: bytes) -> str:
    """Say in words for people why the bytes could not be decoded."""
    if not data:
        return "it is empty"
    if isinstance(error, UnidentifiedImageError):
        known = data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"))
        return "it is damaged or cut off near its beginning" if known else f"it begins with {data[:8]!r}"
    return str(error) or type(error).__name__


def converted(image: Image.Image, mode: str) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit gray: Pillow's own conversion would clip it to white
        image = Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    return image if image.mode == mode else image.convert(mode)


def scaled(image: Image.Image, factor: float) -> Image.Image:
    """Scale both sides. Rounding keeps the side that determines `factor` exact.

    Raises UnreadableImageError for a very long, thin image, which would fill the memory when enlarged.
    """
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    if size[0] * size[1] > PIXEL_LIMIT:
        grown = f"{size[0]} x {size[1]} pixels"
        raise UnreadableImageError(
            f"it is {image.width} x {image.height} and would be scaled to {grown}, over the limit"
        )
    return image if size == image.size else image.resize(size, Image.Resampling.BILINEAR)
