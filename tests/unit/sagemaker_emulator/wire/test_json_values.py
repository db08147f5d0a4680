"""Values in JSON bodies, compared with botocore's serializer and parser, and the errors of AWS's deserializer."""

import json
import math

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
IN_FORM = {"shape": "timestamp", "timestampFormat": "rfc822"}
VALUES: list[tuple[Definition, Value]] = [
    ({"shape": "string"}, "Größe 漢 \u2028"),
    ({"shape": "integer"}, -(2**31)),
    ({"shape": "integer"}, 2**31 - 1),
    ({"shape": "long"}, -(2**63)),
    ({"shape": "long"}, 2**63 - 1),
    ({"shape": "float"}, 0.25),
    ({"shape": "boolean"}, False),
    ({"shape": "blob"}, b"\x00\xff"),
    ({"shape": "timestamp"}, NOON),
    ({"shape": "iso8601"}, NOON),
    ({"shape": "rfc822"}, NOON),
    (IN_FORM, NOON),
    ({"shape": "strings"}, ["a", ""]),
    ({"shape": "map"}, {"a": "1", "é": "2"}),
    ({"shape": "map of lists"}, {"a": [1, 2], "b": []}),
    ({"shape": "structure"}, {"Name": "a", "At": NOON}),
    ({"shape": "document"}, {"any": [None, 1, {"thing": True}]}),
]


def in_body(member: Definition) -> Definition:
    return model({"Value": member}, protocol="json")


def body(definition: Definition, document: Value) -> Value:
    text = json.dumps(document).encode()
    return parsed(definition, HttpRequest("POST", "/", "", {"x-amz-target": "Small.Put"}, text))


def message_of(member: Definition, value: Value) -> str:
    with pytest.raises(AwsError) as refused:
        body(in_body(member), {"Value": value})
    assert (refused.value.code, refused.value.status) == ("SerializationException", 400)
    return refused.value.message


@pytest.mark.parametrize(
    ("member", "value"), [*VALUES, ({"shape": "double"}, math.inf), ({"shape": "float"}, -math.inf)]
)
def test_a_value_is_read_as_botocore_writes_it(member: Definition, value: Value) -> None:
    definition = in_body(member)
    assert parsed(definition, written_by_botocore(definition, {"Value": value})) == {"Value": value}


@pytest.mark.parametrize(("member", "value"), VALUES)
def test_botocore_reads_the_value_that_is_written(member: Definition, value: Value) -> None:
    definition = in_body(member)
    assert read_by_botocore(definition, serialized(definition, {"Value": value})) == {"Value": value}


@pytest.mark.parametrize(
    ("member", "value", "text"),
    [
        ({"shape": "string"}, "é", '"é"'),
        ({"shape": "string"}, "a\ud800", '"a?"'),
        ({"shape": "double"}, math.nan, '"NaN"'),
        ({"shape": "double"}, math.inf, '"Infinity"'),
        ({"shape": "double"}, -math.inf, '"-Infinity"'),
        ({"shape": "float"}, 0.0, "0.0"),
        ({"shape": "blob"}, "é", '"w6k="'),
        ({"shape": "timestamp"}, NOON, "1700000000"),
        ({"shape": "timestamp"}, NOON + 0.25, "1700000000.25"),
        (IN_FORM, NOON, '"Tue, 14 Nov 2023 22:13:20 GMT"'),
        ({"shape": "string", "timestampFormat": "iso8601"}, "text", '"text"'),
        ({"shape": "strings"}, ["a", None], '["a",null]'),
        ({"shape": "moments"}, [NOON, None], "[1700000000,null]"),
        ({"shape": "map of lists"}, {"a": None}, '{"a":null}'),
        ({"shape": "map"}, {1: "a", "b": None}, '{"1":"a","b":null}'),
        ({"shape": "structure"}, {"Name": None, "Else": 1}, "{}"),
    ],
)
def test_a_value_is_written_as_compact_json(member: Definition, value: Value, text: str) -> None:
    assert serialized(in_body(member), {"Value": value}).body.decode() == f'{{"Value":{text}}}'


@pytest.mark.parametrize(
    ("shape", "value", "expected"),
    [
        ("integer", 2.9, 2),
        ("integer", -2.9, -2),
        ("double", "Infinity", math.inf),
        ("double", "-Infinity", -math.inf),
        ("double", 7, 7.0),
        pytest.param("float", 10**400, math.inf, id="over a float's range"),
        pytest.param("float", -(10**400), -math.inf, id="under a float's range"),
        ("map", {"a": None}, {"a": None}),
        ("strings", ["a", None], ["a", None]),
        ("structure", {"Name": None, "Else": 1}, {}),
        ("timestamp", 1.5, 1.5),
        ("iso8601", 1.5, 1.5),
        ("iso8601", "1970-01-01T00:00:01Z", 1.0),
    ],
)
def test_a_value_is_read_as_leniently_as_on_aws(shape: str, value: Value, expected: Value) -> None:
    read = body(in_body({"shape": shape}), {"Value": value})["Value"]
    assert (read, type(read)) == (expected, type(expected))


def test_not_a_number_is_read() -> None:
    assert math.isnan(body(in_body({"shape": "double"}), {"Value": "NaN"})["Value"])


@pytest.mark.parametrize(
    ("shape", "value", "message"),
    [
        ("string", 1, "NUMBER_VALUE can not be converted to String"),
        ("string", False, "FALSE_VALUE can not be converted to String"),
        ("string", [], "Start of list found where not expected"),
        ("string", {}, "Start of structure or map found where not expected."),
        ("integer", "1", "STRING_VALUE can not be converted to Integer"),
        ("integer", True, "TRUE_VALUE can not be converted to Integer"),
        ("integer", -(2**31) - 1, "NUMBER_VALUE can not be converted to Integer"),
        ("long", 2**63, "NUMBER_VALUE can not be converted to Long"),
        ("float", "1", "STRING_VALUE can not be converted to Float"),
        ("double", True, "TRUE_VALUE can not be converted to Double"),
        ("boolean", "true", "STRING_VALUE can not be converted to Boolean"),
        ("blob", 1, "NUMBER_VALUE can not be converted to Blob"),
        ("blob", "%", "'%' can not be converted to a Blob: Only base64 data is allowed"),
        ("blob", "é", "'é' can not be converted to a Blob: string argument should contain only ASCII characters"),
        ("blob", True, "TRUE_VALUE can not be converted to Blob"),
        ("timestamp", "2023-11-14T22:13:20Z", "STRING_VALUE can not be converted to milliseconds since epoch"),
        ("timestamp", "1", "STRING_VALUE can not be converted to milliseconds since epoch"),
        ("timestamp", True, "TRUE_VALUE can not be converted to milliseconds since epoch"),
        ("timestamp", 1e300, "NUMBER_VALUE can not be converted to milliseconds since epoch"),
        ("iso8601", "yesterday", "STRING_VALUE can not be converted to milliseconds since epoch"),
        ("unixTimestamp", "1", "STRING_VALUE can not be converted to milliseconds since epoch"),
        ("strings", "a", "Expected list or null"),
        ("strings", {}, "Start of structure or map found where not expected."),
        ("map", 1, "Expected map or null"),
        ("map", [], "Start of list found where not expected"),
        ("structure", "a", "Expected null"),
        ("structure", [], "Start of list found where not expected"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_with_awss_message(shape: str, value: Value, message: str) -> None:
    assert message_of({"shape": shape}, value) == message


@pytest.mark.parametrize("value", ["1", "2023-11-14T22:13:20Z"])
def test_a_members_timestamp_format_overrides_its_shapes(value: str) -> None:
    assert message_of(IN_FORM, value) == "STRING_VALUE can not be converted to milliseconds since epoch"


def test_a_union_takes_one_member() -> None:
    members = {"A": {"shape": "string"}, "B": {"shape": "string"}}
    shapes = {"one of": {"type": "structure", "union": True, "members": members}}
    definition = model({"Value": {"shape": "one of"}}, protocol="json", shapes=shapes)
    assert body(definition, {"Value": {"A": "a", "B": None}}) == {"Value": {"A": "a"}}
    with pytest.raises(AwsError) as refused:
        body(definition, {"Value": {"A": "a", "B": "b"}})
    assert refused.value.message == "one of takes one of A, B, not A and B"


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"Value":NaN}', "The request body is not valid JSON: NaN is not JSON"),
        (b"{", "The request body is not valid JSON: Expecting property name enclosed in double quotes: line 1"),
        (b'{"Value":' * 400 + b"{}" + b"}" * 400, "The request body is nested too deeply"),
    ],
)
def test_a_body_that_is_not_json_is_refused(text: bytes, message: str) -> None:
    shapes = {"nested": {"type": "structure", "members": {"Value": {"shape": "nested"}}}}
    definition = model({"Value": {"shape": "nested"}}, protocol="json", shapes=shapes)
    with pytest.raises(AwsError) as refused:
        parsed(definition, HttpRequest("POST", "/", "", {"x-amz-target": "Small.Put"}, text))
    assert refused.value.code == "SerializationException"
    assert refused.value.message.startswith(message)


def test_half_a_surrogate_pair_becomes_a_question_mark_in_names_and_values() -> None:
    request = HttpRequest("POST", "/", "", {"x-amz-target": "Small.Put"}, b'{"Value":{"\\ud800":"\\udc00"}}')
    assert parsed(in_body({"shape": "map"}), request) == {"Value": {"?": "?"}}
