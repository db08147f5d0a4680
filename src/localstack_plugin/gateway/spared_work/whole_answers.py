"""Responses of one part, which are written and finished in one turn of the server's event loop."""

from rolo.serving.twisted import HeaderPreservingWSGIResponse

from localstack_plugin.replacing import replace


class WholeAnswer(HeaderPreservingWSGIResponse):
    """A response whose first part has all bytes of its Content-Length: it is written when it is finished.

    So the worker thread does not wait for the event loop. The parts of a stream are written as they come, as before.
    """

    _whole: bytes | None = None

    def write(self, data: bytes) -> None:
        if self.started or self._whole is not None or self._content_length() != len(data):
            super().write(data)
        else:
            self._whole = data

    def _sendResponseHeaders(self) -> None:  # noqa: N802 - twisted's name
        super()._sendResponseHeaders()
        if self._whole is not None:
            self.request.write(self._whole)

    def _content_length(self) -> int | None:
        lengths = [value for name, value in self.headers if name.lower() == "content-length"]
        return int(lengths[0]) if len(lengths) == 1 and lengths[0].isdecimal() else None


def install() -> None:
    replace(
        "rolo.serving.twisted:HeaderPreservingWSGIResponse",
        by=WholeAnswer,
        why="LocalStack's server blocks a worker thread for every part of an answer until the event loop has written "
        "it. An answer of one part is written and finished in one turn of the loop.",
    )
