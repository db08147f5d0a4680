"""Values in paths, query strings and headers, compared with botocore's serializer and parser."""

import math
from typing import Any

import pytest
from tests.unit.sagemaker_emulator.wire.small_models import (
    model,
    parsed,
    read_by_botocore,
    serialized,
    written_by_botocore,
)

from sagemaker_emulator.wire import AwsError, HttpRequest
from sagemaker_emulator.wire.model import Definition, Value

NOON = 1_700_000_000
SCALARS = [
    ("string", "a b/c"),
    ("integer", -7),
    ("long", 2**40),
    ("float", 0.5),
    ("double", 1e-7),
    ("double", math.inf),
    ("float", -math.inf),
    ("boolean", True),
    ("boolean", False),
    ("timestamp", NOON),
    ("iso8601", NOON),
    ("rfc822", NOON),
    ("unixTimestamp", NOON),
]


def in_place(location: str, shape: str, **more: Any) -> Definition:
    uri = "/put/{value}/more" if location == "uri" else "/put"
    return model({"Value": {"shape": shape, "location": location, "locationName": "value", **more}}, uri=uri)


@pytest.mark.parametrize("location", ["uri", "querystring", "header"])
@pytest.mark.parametrize(("shape", "value"), SCALARS)
def test_a_scalar_is_read_as_botocore_writes_it(location: str, shape: str, value: Value) -> None:
    definition = in_place(location, shape)
    read = parsed(definition, written_by_botocore(definition, {"Value": value}))
    assert read == {"Value": value}
    assert type(read["Value"]) in (type(value), float)


@pytest.mark.parametrize(("shape", "value"), [*SCALARS, ("strings", ["a", "b"]), ("numbers", [1, 2])])
def test_botocore_reads_the_header_of_a_value(shape: str, value: Value) -> None:
    definition = in_place("header", shape)
    assert read_by_botocore(definition, serialized(definition, {"Value": value})) == {"Value": value}


@pytest.mark.parametrize(
    ("shape", "value", "text"),
    [
        ("boolean", True, "true"),
        ("boolean", False, "false"),
        ("blob", b"\x00\xff", "AP8="),
        ("timestamp", NOON, "Tue, 14 Nov 2023 22:13:20 GMT"),
        ("iso8601", NOON, "2023-11-14T22:13:20Z"),
        ("unixTimestamp", NOON, "1700000000"),
        ("flags", [True, False], "true, false"),
        ("strings", ["a", "b c", 'd"e', "f,g", "h\\i j"], r'a, "b c", "d\"e", "f,g", "h\\i j"'),
        ("moments", [NOON, 0], "Tue, 14 Nov 2023 22:13:20 GMT, Thu, 01 Jan 1970 00:00:00 GMT"),
        ("dates", [NOON, 0], "Tue, 14 Nov 2023 22:13:20 GMT, Thu, 01 Jan 1970 00:00:00 GMT"),
    ],
)
def test_a_header_is_written_and_read_in_the_format_of_the_protocol(shape: str, value: Value, text: str) -> None:
    definition = in_place("header", shape)
    assert serialized(definition, {"Value": value}).headers["value"] == text
    assert parsed(definition, HttpRequest("POST", "/put", "", {"value": text}, b"")) == {"Value": value}


def test_json_in_a_header_is_base64() -> None:
    definition = in_place("header", "string", jsonvalue=True)
    document = {"a": [1, "é"]}
    assert parsed(definition, written_by_botocore(definition, {"Value": document})) == {"Value": document}
    answer = serialized(definition, {"Value": document})
    assert answer.headers["value"] == "eyJhIjpbMSwiXHUwMGU5Il19"
    assert read_by_botocore(definition, answer) == {"Value": document}


def test_json_in_a_header_that_is_not_base64_is_refused() -> None:
    with pytest.raises(AwsError) as refused:
        parsed(in_place("header", "string", jsonvalue=True), HttpRequest("POST", "/put", "", {"value": "%"}, b""))
    assert refused.value.message == "'%' can not be converted to a Blob: Only base64 data is allowed"


@pytest.mark.parametrize(
    ("header", "items"),
    [
        ("a,b", ["a", "b"]),
        (" a , b c ", ["a", "b c"]),
        ('"a,b", c', ["a,b", "c"]),
        (r'"a\"b\\"', ['a"b\\']),
        ('""', [""]),
        ("a,,b", ["a", "", "b"]),
    ],
)
def test_a_list_in_a_header_is_split_at_commas_outside_quotes(header: str, items: list[str]) -> None:
    request = HttpRequest("POST", "/put", "", {"value": header}, b"")
    assert parsed(in_place("header", "strings"), request) == {"Value": items}


@pytest.mark.parametrize(
    ("shape", "query", "expected"),
    [
        ("strings", "value=a&value=b%2Cc&other=d", {"Value": ["a", "b,c"]}),
        ("numbers", "value=1&value=2", {"Value": [1, 2]}),
        ("strings", "other=d", {}),
        ("string", "value=a&other=c&value=b", {"Value": "b"}),
        ("string", "value=", {"Value": ""}),
        ("string", "", {}),
        ("map", "a=1&b=2", {"Value": {"a": "1", "b": "2"}}),
        ("map of numbers", "a=1", {"Value": {"a": 1}}),
        ("map of lists", "a=1&b=2&a=3", {"Value": {"a": [1, 3], "b": [2]}}),
        ("map", "", {}),
    ],
)
def test_parameters_of_the_query_string(shape: str, query: str, expected: dict[str, Value]) -> None:
    request = HttpRequest("POST", "/put", query, {}, b"")
    assert parsed(in_place("querystring", shape), request) == expected


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ("integer", "1.5"),
        ("integer", "2147483648"),
        ("float", "1_000"),
        ("double", "nan"),
        ("boolean", "yes"),
        ("timestamp", "yesterday"),
        ("iso8601", "Tue, 14 Nov 2023 22:13:20 GMT"),
        ("blob", "%"),
        ("numbers", "1, two"),
    ],
)
@pytest.mark.parametrize("location", ["header", "querystring"])
def test_text_that_is_not_of_the_members_type_is_refused(location: str, shape: str, text: str) -> None:
    headers, query = ({"value": text}, "") if location == "header" else ({}, f"value={text}")
    with pytest.raises(AwsError) as refused:
        parsed(in_place(location, shape), HttpRequest("POST", "/put", query, headers, b""))
    assert refused.value.code == "SerializationException"


@pytest.mark.parametrize(
    ("shape", "text", "message"),
    [
        ("integer", "ten", "'ten' is not a integer for Value"),
        ("numbers", "1, two", "'two' is not a integer for Value"),
        ("boolean", "yes", "'yes' is not a boolean for Value"),
        ("blob", "%", "'%' can not be converted to a Blob: Only base64 data is allowed"),
    ],
)
def test_a_refusal_names_the_text_and_the_member(shape: str, text: str, message: str) -> None:
    with pytest.raises(AwsError) as refused:
        parsed(in_place("header", shape), HttpRequest("POST", "/put", "", {"value": text}, b""))
    assert refused.value.message == message


@pytest.mark.parametrize("shape", ["integer", "timestamp", "boolean"])
def test_the_items_of_a_map_in_the_query_string_are_refused_by_their_place(shape: str) -> None:
    shapes = {
        "strange": {"type": "map", "key": {"shape": "string"}, "value": {"shape": shape}},
        "items": {"type": "list", "member": {"shape": shape}},
        "stranger": {"type": "map", "key": {"shape": "string"}, "value": {"shape": "items"}},
    }
    for name in ("strange", "stranger"):
        definition = model({"Value": {"shape": name, "location": "querystring"}}, shapes=shapes)
        with pytest.raises(AwsError, match=f"'x' is not a {shape} for value"):
            parsed(definition, HttpRequest("POST", "/put", "a=x", {}, b""))


def test_every_character_that_would_end_a_header_becomes_a_space() -> None:
    answer = serialized(in_place("header", "string"), {"Value": "a\r\nb\0c"})
    assert answer.headers["value"] == "a b c"
