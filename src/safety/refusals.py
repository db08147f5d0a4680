"""Refusals for the client, in a form that AWS SDKs print, and for the log, which they cannot flood."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

STATUS = 403
CODE = "AccessDenied"
JSON_CODE = "AccessDeniedException"
FORM = "application/x-www-form-urlencoded"
SIGNED_FOR = re.compile(r"Credential=[^,\s/]*/[^,\s/]*/[^,\s/]*/([^,\s/]*)/")
LOG_PERIOD_S = 60.0
LINES_PER_PERIOD = 100
SHOWN_CHARACTERS = 500
DISCONNECTED = "Refused: the client has closed the connection, so nobody waits for the answer."
"""Of a request that is not served because its connection has no owner any more. It refuses nobody."""


@dataclass(frozen=True)
class RefusalAnswer:
    """The 403 of a refused request. The connection is closed after it."""

    content_type: str
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        """The head, except Content-Length. A page must not read or keep it."""
        headers = {"Content-Type": self.content_type, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return headers | ({"x-amzn-ErrorType": JSON_CODE} if "json" in self.content_type else {})


def answer_to(headers: Sequence[tuple[str, str]], reason: str) -> RefusalAnswer:
    """Return the refusal in the protocol of the request: JSON, AWS's query protocol, or S3's XML."""
    sent = {name.lower(): value for name, value in headers}
    content_type = sent.get("content-type", "").lower()
    signed_for = SIGNED_FOR.search(sent.get("authorization", ""))
    if content_type.startswith(FORM):
        return _xml(f"<ErrorResponse><Error><Type>Sender</Type>{_error(reason)}</Error></ErrorResponse>")
    is_s3 = signed_for[1] == "s3" if signed_for else "json" not in content_type
    if is_s3 and "x-amz-target" not in sent:
        return _xml(f"<Error>{_error(reason)}</Error>")
    body = json.dumps({"__type": JSON_CODE, "message": reason})
    return RefusalAnswer("application/x-amz-json-1.1", body.encode())


def _error(reason: str) -> str:
    return f"<Code>{CODE}</Code><Message>{escape(reason)}</Message>"


def _xml(document: str) -> RefusalAnswer:
    return RefusalAnswer("text/xml", f'<?xml version="1.0" encoding="UTF-8"?>\n{document}'.encode())


class RefusalLog:
    """A log of refusals: one per source and minute, at most a hundred per minute, without control characters."""

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log, self._clock = log, clock
        self._since = clock()
        self._sources: set[tuple[str, str]] = set()

    def add(self, source: str, reason: str) -> None:
        """Log the refusal, unless the client has only disconnected. `source` is the address it came from."""
        if reason == DISCONNECTED:
            return
        now = self._clock()
        if now - self._since >= LOG_PERIOD_S:
            self._since, self._sources = now, set()
        if len(self._sources) >= LINES_PER_PERIOD or (source, reason) in self._sources:
            return
        self._sources.add((source, reason))
        self._log.warning("%s: %s", printable(source), printable(reason))


def printable(text: str) -> str:
    """The text on one line, without control characters, and cut."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:SHOWN_CHARACTERS])
