"""Follow what Docker does for minutes: its events in a thread, a line of progress at least every second."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, Protocol

SAY_S = 0.8


class Progress(Protocol):
    def add(self, event: dict[str, Any]) -> None:
        """Take an event of Docker's. EngineError if it is a failure."""

    @property
    def text(self) -> str:
        """Return how far it is."""


def follow(events: Iterable[dict[str, Any]], progress: Progress, say: Callable[[str], None]) -> None:
    """Give all events to `progress`, and meanwhile its text to `say`. An exception of either ends this and passes.

    If `say` raises, Docker may go on, which harms nobody: the next job finds the image.
    """
    errors: list[Exception] = []

    def read() -> None:
        try:
            for event in events:
                progress.add(event)
        except Exception as error:  # noqa: BLE001 - the edge of a thread: raised again below
            errors.append(error)

    reader = threading.Thread(target=read, name="docker events", daemon=True)
    reader.start()
    reader.join(SAY_S)
    while reader.is_alive():
        say(progress.text)
        reader.join(SAY_S)
    for error in errors:
        raise error
