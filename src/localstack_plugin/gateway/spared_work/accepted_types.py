"""The content type of a response, chosen once for each kind of request."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from localstack_plugin.replacing import wrap

REQUESTS = 256
"""The number of combinations of serializer and headers whose type is cached."""

Choose = Callable[[Any, Mapping[str, str] | None], str]


def chosen_once(choose: Choose) -> Choose:
    @lru_cache(REQUESTS)
    def choose_for(serializer: type, accept: str | None, content_type: str | None) -> str:
        headers = {"Accept": accept, "Content-Type": content_type}
        return choose(serializer, {name: value for name, value in headers.items() if value is not None})

    def choose_mime_type(self: Any, headers: Mapping[str, str] | None) -> str:
        sent = headers or {}
        return choose_for(self.__class__, sent.get("Accept"), sent.get("Content-Type"))

    return choose_mime_type


def install() -> None:
    wrap(
        "localstack.aws.protocol.serializer:ResponseSerializer._get_mime_type",
        wrapper=chosen_once,
        why="LocalStack parses the Accept or Content-Type of every request to choose the type of its answer. Only a "
        "few different values occur, so each is parsed once.",
    )
