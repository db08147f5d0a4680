"""Image decoding in threads, which run in parallel because Pillow releases the GIL while it decodes."""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache

from image_classification.data.image_sources import ImageSource
from image_classification.data.preparation import Pixels, Preparation, UnreadableImageError

BLOCK = 8  # images in one task: a small image decodes faster than a task is submitted


@cache
def threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(worker_count(), "decode")


def worker_count() -> int:
    return os.cpu_count() or 1


def decoded_or_fault(images: ImageSource, preparation: Preparation) -> Iterator[Pixels | str]:
    """Yield each image in order, or a description of its fault. Only a few blocks are decoded ahead of the caller."""

    def block(start: int) -> list[Pixels | str]:
        return [image_or_fault(images, index, preparation) for index in range(start, min(start + BLOCK, len(images)))]

    ahead: deque[Future[list[Pixels | str]]] = deque()
    for start in range(0, len(images), BLOCK):
        ahead.append(threads().submit(block, start))
        if len(ahead) > 2 * worker_count():
            yield from ahead.popleft().result()
    while ahead:
        yield from ahead.popleft().result()


def image_or_fault(images: ImageSource, index: int, preparation: Preparation) -> Pixels | str:
    try:
        pixels = preparation.decoded(images.read(index))
    except (UnreadableImageError, OSError) as error:
        return str(error)
    if not preparation.fits(pixels):
        size, needed = f"{pixels.shape[1]} x {pixels.shape[0]}", f"{preparation.width} x {preparation.height}"
        return f"it is {size} pixels, smaller than the image_shape's {needed}"
    return pixels


def decoded_images(images: ImageSource, indices: Sequence[int], preparation: Preparation) -> list[Pixels]:
    return list(threads().map(lambda index: preparation.decoded(images.read(index)), indices))
