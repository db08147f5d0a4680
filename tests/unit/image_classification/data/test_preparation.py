import io

import numpy as np
import pytest
from PIL import Image

from image_classification.data.augmentation import augmentation
from image_classification.data.preparation import Preparation, UnreadableImageError

SHAPE = Preparation(3, 32, 32)


def encoded(image: Image.Image, image_format: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def test_alpha_is_dropped_and_not_blended() -> None:
    assert (SHAPE.prepared(encoded(Image.new("RGBA", (32, 32), (200, 100, 50, 0)))) == (200, 100, 50)).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_mode_of_png_becomes_color(mode: str) -> None:
    assert SHAPE.prepared(encoded(Image.new("RGB", (40, 40), "white").convert(mode))).shape == (32, 32, 3)


def test_a_palette_with_transparency_is_read_without_a_warning() -> None:
    image = Image.new("P", (32, 32), 1)
    image.putpalette([0, 0, 0, 250, 10, 20])
    assert (SHAPE.prepared(encoded(image, transparency=b"\x00\x80")) == (250, 10, 20)).all()


def test_16_bit_gray_keeps_its_high_byte() -> None:
    image = Image.fromarray(np.full((32, 32), 0x4012, np.uint16))
    assert (SHAPE.prepared(encoded(image)) == 0x40).all()


def test_an_exif_orientation_is_applied() -> None:
    image, exif = Image.new("RGB", (32, 32), "black"), Image.Exif()
    image.paste("white", (0, 0, 32, 8))
    exif[0x0112] = 3  # upside down
    assert SHAPE.prepared(encoded(image, "JPEG", exif=exif))[-4:].mean() > 200


def test_a_larger_image_is_center_cropped_and_a_smaller_one_enlarged() -> None:
    image = Image.new("RGB", (64, 48), "black")
    image.paste("white", (16, 8, 48, 40))
    assert (SHAPE.prepared(encoded(image)) == 255).all()
    assert SHAPE.prepared(encoded(Image.new("RGB", (3, 200)))).shape == (32, 32, 3)


def test_resize_makes_the_shortest_side_exact() -> None:
    assert Preparation(3, 32, 32, resize=40).decoded(encoded(Image.new("RGB", (101, 67)))).shape == (40, 60, 3)


def test_one_channel_is_gray() -> None:
    assert Preparation(1, 32, 32).prepared(encoded(Image.new("RGB", (20, 33), "white"))).shape == (32, 32, 1)


@pytest.mark.parametrize("data", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0" * 9, b"GIF89a" + b"\0" * 99])
def test_bytes_that_are_not_an_image_are_refused(data: bytes) -> None:
    with pytest.raises(UnreadableImageError, match="not a PNG or JPEG image that can be read"):
        SHAPE.prepared(data)


def test_a_truncated_image_is_refused() -> None:
    data = encoded(Image.effect_noise((64, 64), 50))
    for length in range(0, len(data) - 20, 97):
        with pytest.raises(UnreadableImageError):
            SHAPE.prepared(data[:length])


def test_a_decompression_bomb_is_refused_before_it_is_decompressed() -> None:
    with pytest.raises(UnreadableImageError, match="unpacks to 9000 x 9000 pixels, more than the limit"):
        SHAPE.prepared(encoded(Image.new("1", (9000, 9000))))


@pytest.mark.parametrize("name", [None, "shift", "crop", "crop_color", "crop_color_transform"])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_augmentation_gives_the_image_shape_and_repeats_for_a_seed(name: str | None, channels: int) -> None:
    augment = augmentation(name, Preparation(channels, 32, 32))
    pixels = np.random.default_rng(0).integers(0, 256, (32 if name == "shift" else 40, 36, channels), np.uint8)
    first, again = (augment(pixels, np.random.default_rng(7)) for _ in range(2))
    assert first.shape == (32, 32, channels)
    assert first.dtype == np.uint8
    assert (first == again).all()


def test_a_very_long_thin_image_is_refused_before_it_is_enlarged() -> None:
    thread = encoded(Image.new("1", (500_000, 1)))
    assert len(thread) < 2_000
    with pytest.raises(UnreadableImageError, match="500000 x 1 and would be scaled to 16000000 x 32"):
        SHAPE.prepared(thread)
