"""LocalStack looks up headers with less work, and finds and sets the same."""

from random import Random
from typing import Any

import pytest
from werkzeug.datastructures import EnvironHeaders, Headers

from localstack_plugin.gateway.handler_chain.header_lookups import (
    contains_at_once,
    get_at_once,
    set_new_at_once,
    update_at_once,
)

NAMES = ("Host", "host", "HOST", "X-Amz-Target", "ETag", "etag", "Content-Type", "µ-ß")

GET, CONTAINS = get_at_once(Headers.get), contains_at_once(Headers.__contains__)
SET, UPDATE = set_new_at_once(Headers.set), update_at_once(Headers.update)


def random_headers(random: Random) -> Headers:
    return Headers([(random.choice(NAMES), str(random.randrange(9))) for _ in range(random.randrange(6))])


@pytest.mark.parametrize("seed", range(200))
def test_headers_are_found_and_set_as_by_werkzeug(seed: int) -> None:
    random = Random(seed)
    ours, others, name = random_headers(random), random_headers(random), random.choice(NAMES)
    theirs = Headers(ours)
    assert GET(ours, name) == theirs.get(name)
    assert GET(ours, name, "default") == theirs.get(name, "default")
    assert GET(ours, name, 0, int) == theirs.get(name, 0, int)
    assert GET(ours, name, type=int) == theirs.get(name, type=int)
    assert CONTAINS(ours, name) == (name in theirs)
    SET(ours, name, 7)
    theirs.set(name, 7)
    assert list(ours) == list(theirs)
    UPDATE(ours, others)
    theirs.update(others)
    assert list(ours) == list(theirs)


@pytest.mark.parametrize("others", [None, {"ETag": "1", "etag": ["2", "3"]}, [("ETag", 1), ("ETag", 2)]])
def test_other_mappings_update_headers_as_by_werkzeug(others: Any) -> None:
    ours, theirs = Headers([("ETag", "0")]), Headers([("ETag", "0")])
    UPDATE(ours, others, Host="a")
    theirs.update(others, Host="a")
    assert list(ours) == list(theirs)


def test_headers_of_an_environment_are_found_there() -> None:
    headers = EnvironHeaders({"HTTP_X_AMZ_TARGET": "a", "CONTENT_TYPE": "b"})
    assert (GET(headers, "X-Amz-Target"), CONTAINS(headers, "Content-Type"), GET(headers, "Host")) == ("a", True, None)


@pytest.mark.parametrize("value", ["a\nb", "a\rb"])
def test_a_new_header_has_no_line_break(value: str) -> None:
    with pytest.raises(ValueError, match="newline"):
        SET(Headers(), "Host", value)


def test_parameters_of_a_new_header_are_written() -> None:
    headers = Headers()
    SET(headers, "Content-Disposition", "attachment", filename="a.png")
    assert list(headers) == [("Content-Disposition", "attachment; filename=a.png")]
