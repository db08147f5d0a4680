import gc
import json
import weakref

import pytest


def finalizer(frames: int) -> None:
    if frames:
        finalizer(frames - 1)


class Node:
    """An object that only the collector can free."""

    def __init__(self) -> None:
        self.itself = self
        weakref.finalize(self, finalizer, 9)


@pytest.mark.usefixtures("no_garbage")
def test_no_finalizer_runs_at_the_recursion_limit() -> None:
    usual = gc.get_threshold()
    for allocations in range(800, 1000):  # one of these collections would be at the limit
        gc.collect(0)
        gc.set_threshold(allocations)
        Node()
        with pytest.raises(RecursionError):
            json.loads("[" * 100_000)
    gc.set_threshold(*usual)
