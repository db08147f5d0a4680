import threading
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest

from image_classification.training.batches import ahead, shuffled_batches
from image_classification.training.distributed.world import Share


def test_every_image_is_drawn_once_before_any_is_drawn_again() -> None:
    batches = list(islice(shuffled_batches(10, 4, np.random.default_rng(0)), 5))
    order = np.concatenate(batches)
    assert sorted(order[:10]) == sorted(order[10:]) == list(range(10))


def test_processes_divide_each_batch_among_them() -> None:
    draws = [shuffled_batches(10, 4, np.random.default_rng(0), Share(index, 2)).__next__ for index in (0, 1)]
    together = np.concatenate([draw() for _ in range(5) for draw in draws])
    assert sorted(together) == sorted([*range(10), *range(10)])


def test_items_computed_ahead_keep_their_order_and_their_errors() -> None:
    def numbers() -> Iterator[int]:
        yield from (1, 2)
        raise ValueError("no third")

    items = ahead(numbers())
    assert (next(items), next(items)) == (1, 2)
    with pytest.raises(ValueError, match="no third"):
        next(items)


def test_the_next_item_is_computed_while_the_caller_uses_the_one_before() -> None:
    second_begun = threading.Event()

    def numbers() -> Iterator[int]:
        yield 1
        second_begun.set()
        yield 2

    assert next(ahead(numbers())) == 1
    assert second_begun.wait(60)
