"""Threads in the background."""

import threading
from collections.abc import Callable


def in_background(name: str, target: Callable[..., None], *arguments: object) -> threading.Thread:
    """Start a daemon thread. The SDK's own threads inherit this, so none of them keeps a finished command alive."""
    thread = threading.Thread(target=target, args=arguments, name=name, daemon=True)
    thread.start()
    return thread
