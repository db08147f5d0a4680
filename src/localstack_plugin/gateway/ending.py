"""The end of LocalStack's process, within seconds of SIGTERM.

The state is saved last, so nothing is lost when the process ends before every thread has finished. Left alone, it
takes 10 s and more after use: it joins pollers and executors one after the other, and Python then frees a large heap.
"""

import logging
import os
import sys
from collections.abc import Callable
from threading import Thread
from typing import Any

from localstack.runtime import events
from localstack.runtime.current import get_current_runtime

from localstack_plugin.replacing import wrap

LOG = logging.getLogger(__name__)
CLEAN_UP_TIMEOUT_S = 3.0
"""How long LocalStack may stop its services and finish the requests in progress."""


def install() -> None:
    wrap(
        "localstack.services.lambda_.invocation.event_manager:LambdaEventManager.stop",
        wrapper=_waking_its_poller,
        why="LocalStack waits up to 2 s for the poller of each function's event queue, which it is about to delete. "
        "The queue is shut down first, which ends the poll at once.",
    )


def end_in_time(save: Callable[[], None] = lambda: None) -> None:
    """End this process once LocalStack has cleaned up, or after CLEAN_UP_TIMEOUT_S, and after a last `save`.

    The thread is no daemon: Python waits for it before it begins to free the heap.
    """
    Thread(target=_end_in_time, args=(save,), name="process-end").start()


def _end_in_time(save: Callable[[], None]) -> None:
    if not events.infra_stopped.wait(CLEAN_UP_TIMEOUT_S):
        LOG.info("not everything has stopped after %.0f s: the process ends now", CLEAN_UP_TIMEOUT_S)
    try:
        save()
    except Exception:  # the edge of a thread: the process ends in any case
        LOG.exception("the state could not be saved at the end")
    code = get_current_runtime().exit_code
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)


def _waking_its_poller(stop: Callable[[Any], None]) -> Callable[[Any], None]:
    def stop_at_once(manager: Any) -> None:
        from localstack.services.lambda_.invocation.internal_sqs_queue import get_fake_sqs_client

        poller = manager.poller
        if poller and manager.event_queue_url:
            poller.stop()
            get_fake_sqs_client().queue_manager.get_queue(manager.event_queue_url).shutdown()
        stop(manager)

    return stop_at_once
