import gc
from collections.abc import Iterator

import pytest


@pytest.fixture
def no_garbage() -> Iterator[None]:
    """Let no finalizer run during a test that reaches Python's recursion limit.

    A finalizer has no room for its own calls there: Python reports its RecursionError instead of the test's. Which test
    left the garbage is chance.
    """
    gc.collect()
    gc.disable()
    yield
    gc.enable()
