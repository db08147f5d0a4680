"""Choose the test images to classify."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from scones.buckets import Bucket
from scones.dataset import staged

SEED = 7


@dataclass(frozen=True)
class Image:
    """An image in the bucket. label: the index of its class, None if it is unknown."""

    key: str
    label: int | None


def choose(labels: Mapping[str, int], count: int, seed: int = SEED) -> list[Image]:
    """Return up to count images from labels by key: the same number of each class, and the same images each time."""
    generator = random.Random(seed)  # noqa: S311 - a sample, not a secret
    by_label = {
        label: sorted(key for key, key_label in labels.items() if key_label == label)
        for label in sorted(set(labels.values()))
    }
    for keys in by_label.values():
        generator.shuffle(keys)
    # Deal them out in turns, one of each class, until the longest list is empty.
    turns = max((len(keys) for keys in by_label.values()), default=0)
    dealt = [Image(keys[turn], label) for turn in range(turns) for label, keys in by_label.items() if turn < len(keys)]
    return dealt[:count]


def labels_of_test_images(bucket: Bucket) -> dict[str, int]:
    """Return labels by key, for the images of the test manifest that are in the bucket."""
    present = staged.require_images(bucket, "test")
    labels = {f"test/{name}": label for name, label in staged.labels_of(bucket, "test").items()}
    return {key: label for key, label in labels.items() if key in present}
