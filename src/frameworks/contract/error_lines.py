"""The lines of a program's output that describe its error, for FailureReason.

AWS's toolkit takes all lines from the first that names one of Python's exceptions, without repetitions. This does the
same, with two differences. Of many lines the first and the last are kept, because SageMaker cuts the text at 1024
characters and a traceback ends with what matters. And where no line names an exception, as after `sys.exit("…")`, the
last line is the message; on AWS it is empty.
"""

from __future__ import annotations

import builtins
import re
from collections import deque

HEAD_CHARACTERS = 350
TAIL_CHARACTERS = 350
TAIL_LINES = 12
LAST_BYTES = 4096  # of the output, in which the last line is looked for
STRIPPED = " :\r\n"

MORE_ERRORS = ("Invalid requirement", "ResourceExhaustedError", "OutOfRangeError", "InvalidArgumentError")
PYTHON_ERRORS = tuple(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException) and name.endswith(("Error", "Exception"))
)
ERRORS = tuple(name.encode() for name in (*PYTHON_ERRORS, *MORE_ERRORS))
LONGEST = max(map(len, ERRORS))
ENDINGS = re.compile(rb"Error|Exception|Invalid requirement")  # of the errors; a search for all of them would be slow


class ErrorLines:
    """The error lines of an output that is fed in pieces."""

    def __init__(self) -> None:
        self._rest = b""
        self._has_begun = False
        self._head: dict[str, None] = {}
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._last = b""

    def feed(self, piece: bytes) -> None:
        """Take the next bytes. Cheap as long as nothing names an exception: a script may write 100,000 lines."""
        whole, newline, self._rest = (self._rest + piece).rpartition(b"\n")
        if newline:
            self._take(whole)

    def message(self) -> str:
        """Return the error's text after the end of the output: lines that are joined as AWS's toolkit joins them."""
        if self._rest:
            self._take(self._rest)
            self._rest = b""
        if not self._has_begun:
            return _text(self._last.strip().rpartition(b"\n")[2]).strip(STRIPPED)
        head, tail = list(self._head), [line for line in self._tail if line not in self._head]
        omitted = ["…"] if len(self._tail) == TAIL_LINES else []
        while sum(map(len, tail)) > TAIL_CHARACTERS and len(tail) > 1:
            tail.pop(0)
            omitted = ["…"]
        return "\n ".join(head + omitted + [line[-TAIL_CHARACTERS:] for line in tail])

    def _take(self, lines: bytes) -> None:
        self._last = (self._last + b"\n" + lines)[-LAST_BYTES:] if not lines.strip() else lines[-LAST_BYTES:]
        if self._has_begun:
            self._collect(lines)
        elif (position := _error_in(lines)) is not None:
            self._has_begun = True
            self._collect(lines[lines.rfind(b"\n", 0, position) + 1 :])

    def _collect(self, lines: bytes) -> None:
        for line in lines.splitlines():
            text = _text(line).strip(STRIPPED)
            if not text:
                continue
            if not self._tail and sum(map(len, self._head)) + len(text) <= HEAD_CHARACTERS:
                self._head[text] = None
            elif text not in self._head and text not in self._tail:
                self._tail.append(text)


def _error_in(lines: bytes) -> int | None:
    """Return where the name of the first error ends."""
    for ending in ENDINGS.finditer(lines):
        if lines[max(0, ending.end() - LONGEST) : ending.end()].endswith(ERRORS):
            return ending.end()
    return None


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")
