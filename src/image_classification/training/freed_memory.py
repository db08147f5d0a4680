"""Memory that training keeps.

Each batch needs the same memory again. By default the C library returns much of it to the system after each, and every
page that comes back is cleared first: a tenth of the time of training on a CPU.
"""

import ctypes

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENAS = -1, -3, -8  # of mallopt(3)
NEVER_BYTES = 1 << 30


def keep_freed_memory() -> None:
    """For this process, where its C library is glibc; others are left as they are."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    mallopt(TRIM_THRESHOLD, NEVER_BYTES)
    mallopt(MMAP_THRESHOLD, NEVER_BYTES)
    mallopt(ARENAS, 1)  # threads that train must not each keep memory of their own
