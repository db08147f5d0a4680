"""Values of JSON answers are written with less work, and the same."""

from types import SimpleNamespace
from typing import Any

import pytest

from localstack_plugin.gateway.handler_chain.plain_values import plainly


@pytest.mark.parametrize(("type_name", "converted"), [("string", False), ("boolean", False), ("blob", True)])
def test_texts_numbers_and_booleans_are_written_as_they_are(type_name: str, converted: bool) -> None:
    calls, body = list[Any](), dict[str, Any]()
    plainly(lambda *arguments: calls.append(arguments))(None, body, 1, SimpleNamespace(type_name=type_name), "key", "")
    assert (body, bool(calls)) == ({} if converted else {"key": 1}, converted)
