"""The time after which a thread that computes hands Python's lock to the event loop."""

import sys

from localstack_plugin.event_loop.loop import SWITCH_INTERVAL_S
from localstack_plugin.event_loop.waits import on_the_loop


def test_a_thread_that_computes_does_not_keep_the_event_loop_waiting_for_5_ms() -> None:
    assert on_the_loop(sys.getswitchinterval) == SWITCH_INTERVAL_S < 0.005
