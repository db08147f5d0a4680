"""The response that output_fn may return."""

from __future__ import annotations

from typing import Any

from frameworks.inference.messages import body_of, with_charset


class Response:
    """A body, its type and its status, as far as Flask's response has them."""

    def __init__(
        self,
        response: Any = None,
        accept: str | None = None,
        status: int = 200,
        headers: Any = None,
        mimetype: str | None = None,
    ) -> None:
        self.response, self.status_code, self.headers = response, status, headers
        self.content_type = with_charset(mimetype or accept or "application/json")

    def get_data(self) -> bytes:
        return b"" if self.response is None else body_of(self.response)
