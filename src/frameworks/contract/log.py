"""The log of the toolkit, in the format of AWS's toolkits, which people and log parsers know."""

from __future__ import annotations

import logging
import sys

FORMAT = "%(asctime)s %(name)-12s %(levelname)-8s %(message)s"


class _StandardError(logging.Handler):
    """A handler that looks up sys.stderr for each record, because it may be replaced."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(self.format(record) + "\n")
        sys.stderr.flush()


def toolkit_log(name: str = "sagemaker-training-toolkit") -> logging.Logger:
    """Return the logger of a toolkit, which writes to stderr: `2026-11-27 01:02:03,456 <name> INFO     …`."""
    log = logging.getLogger(name)
    if not log.handlers:
        handler = _StandardError()
        handler.setFormatter(logging.Formatter(FORMAT))
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False
    return log
