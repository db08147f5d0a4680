"""The order in which images are trained on, and the preparation of the next batch during the current one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from image_classification.training.distributed.world import ALL, Share

Item = TypeVar("Item")


def shuffled_batches(
    images: int, size: int, generator: np.random.Generator, share: Share = ALL
) -> Iterator[npt.NDArray[np.int64]]:
    """Yield indices of images forever, every image once before any image again.

    An epoch may be shorter or longer than the data set, so a batch may hold the end of one round and the start of the
    next. Processes with the same images and seed draw the same batches of `size`, and each takes its share of them.
    """
    remaining = np.empty(0, dtype=np.int64)
    while True:
        while len(remaining) < size:
            remaining = np.concatenate([remaining, generator.permutation(images)])
        yield remaining[share.index : size : share.count]
        remaining = remaining[size:]


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield the same items, each computed in a thread while the caller uses the one before it.

    Reading and augmenting images then takes no time of its own. An error surfaces when its item is due.
    """
    with ThreadPoolExecutor(1, "ahead") as pool:
        upcoming = pool.submit(next, items)
        while True:
            item = upcoming.result()
            upcoming = pool.submit(next, items)
            yield item
