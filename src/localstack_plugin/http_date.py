"""The date in the headers of answers."""

import time
from email.utils import formatdate
from functools import lru_cache


def http_date() -> str:
    """Return the present time in HTTP's form (RFC 9110, 5.6.7), which is written once in a second."""
    return _written(int(time.time()))


@lru_cache(1)
def _written(second: int) -> str:
    return formatdate(second, usegmt=True)
