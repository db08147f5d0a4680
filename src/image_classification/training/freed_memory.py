"""A setting of the C library that makes it keep freed memory for the next batch.

Every batch needs the same memory again. By default glibc returns much of it to the system after each batch, and the
kernel clears every page that it hands out again, which takes a tenth of the training time on a CPU.
"""

import ctypes

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENAS = -1, -3, -8  # parameters of mallopt(3)
NEVER_BYTES = 1 << 30


def keep_freed_memory() -> None:
    """Keep freed memory in this process, if its C library is glibc; otherwise do nothing."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    mallopt(TRIM_THRESHOLD, NEVER_BYTES)
    mallopt(MMAP_THRESHOLD, NEVER_BYTES)
    mallopt(ARENAS, 1)  # otherwise each training thread would keep memory of its own
