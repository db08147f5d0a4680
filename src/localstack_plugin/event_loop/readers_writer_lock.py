"""LocalStack's lock for readers and writers, whose readers may be greenlets of the event loop."""

from functools import partial

from readerwriterlock import rwlock

from localstack_plugin.event_loop.loop import is_on_loop
from localstack_plugin.event_loop.waits import in_a_thread


class ReadersWriterLock(rwlock.RWLockWrite):
    def gen_rlock(self) -> "_Reader":
        return _Reader(self)


class _Reader(rwlock.RWLockWrite._aReader):
    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Acquire the lock. On the loop, another thread waits for a writer, while others run."""
        acquire = super().acquire
        if blocking and is_on_loop():
            return acquire(blocking=False) or in_a_thread(partial(acquire, timeout=timeout))
        return acquire(blocking, timeout)
