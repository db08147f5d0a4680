"""The places of members in requests and answers of rest-json."""

import json
from typing import Any

import pytest
from tests.unit.sagemaker_emulator.wire.small_models import (
    model,
    parsed,
    read_by_botocore,
    serialized,
    written_by_botocore,
)

from sagemaker_emulator.wire import AwsError, HttpRequest, rest_json_protocol
from sagemaker_emulator.wire.model import Definition, ServiceModel, Value

EVERYWHERE = model(
    {
        "Prefixed": {"shape": "map", "location": "headers", "locationName": "X-Meta-"},
        "Label": {"shape": "string", "location": "uri", "locationName": "label"},
        "Rest": {"shape": "string", "location": "uri", "locationName": "rest"},
        "Query": {"shape": "integer", "location": "querystring", "locationName": "q"},
        "Header": {"shape": "string", "location": "header", "locationName": "X-Header"},
        "Text": {"shape": "string", "locationName": "text"},
        "Number": {"shape": "integer"},
    },
    uri="/a.b/{label}/c/{rest+}",
)
VALUES: dict[str, Value] = {
    "Label": "one two/%",
    "Rest": "x/y z",
    "Query": 3,
    "Header": "h",
    "Prefixed": {"color": "red"},
    "Text": "t",
    "Number": 4,
}


def payload_of(shape: str, **more: Any) -> Definition:
    members = {
        "Value": {"shape": shape, **more},
        "Header": {"shape": "string", "location": "header", "locationName": "X-Header"},
        "Status": {"shape": "integer", "location": "statusCode"},
    }
    return model(members, payload="Value")


def request(path: str = "/put", body: bytes = b"", **headers: str) -> HttpRequest:
    return HttpRequest("POST", path, "", headers, body)


def test_every_member_is_read_from_its_place() -> None:
    assert parsed(EVERYWHERE, written_by_botocore(EVERYWHERE, VALUES)) == VALUES


def test_members_that_are_not_sent_are_left_out() -> None:
    assert parsed(EVERYWHERE, request("/a.b/l/c/r")) == {"Label": "l", "Rest": "r", "Prefixed": {}}


@pytest.mark.parametrize(
    "path", ["/a.b//c/r", "/a.b/l/c/", "/a.b/l/m/c/r", "/a-b/l/c/r", "/a.b/l/d/r", "/x/a.b/l/c/r", "/a.b/l/c"]
)
def test_a_path_that_fits_no_template_is_an_unknown_operation(path: str) -> None:
    with pytest.raises(AwsError) as refused:
        parsed(EVERYWHERE, request(path))
    assert (refused.value.code, refused.value.status) == ("UnknownOperationException", 404)
    assert refused.value.message == f"POST {path} is no operation"


def test_a_greedy_label_matches_only_paths_that_no_longer_template_matches() -> None:
    definition = model({"Rest": {"shape": "string", "location": "uri", "locationName": "rest"}}, uri="/a/{rest+}?x=1")
    longer = {"name": "Longer", "http": {"method": "POST", "requestUri": "/a/{rest+}/versions"}}
    other = {"name": "Other", "http": {"method": "GET", "requestUri": "/a/{rest+}/versions/of/old"}}
    definition["operations"] |= {"Longer": longer, "Other": other}
    service = ServiceModel(definition)
    assert rest_json_protocol.parse(service, request("/a/b/versions")) == ("Longer", {})
    assert rest_json_protocol.parse(service, request("/a/b/c")) == ("Put", {"Rest": "b/c"})
    assert rest_json_protocol.parse(service, HttpRequest("GET", "/a/b/versions/of/old", "", {}, b""))[0] == "Other"


@pytest.mark.parametrize(
    ("shape", "value", "content_type"),
    [
        ("blob", b"\x00\xff", "application/octet-stream"),
        ("string", "é", "text/plain"),
        ("structure", {"Name": "é"}, "application/json"),
    ],
)
def test_a_payload_is_the_whole_body(shape: str, value: Value, content_type: str) -> None:
    definition = payload_of(shape)
    sent = written_by_botocore(definition, {"Value": value, "Header": "h"})
    assert parsed(definition, sent) == {"Value": value, "Header": "h"}
    answer = serialized(definition, {"Value": value, "Header": "h"})
    assert (answer.status, answer.headers["Content-Type"], answer.headers["X-Header"]) == (200, content_type, "h")
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert parsed(definition, request(body=answer.body))["Value"] == value


def test_a_payload_of_text_may_be_broken_utf8() -> None:
    assert parsed(payload_of("string"), request(body=b"a\xff")) == {"Value": "a\ufffd"}


@pytest.mark.parametrize(
    ("shape", "expected"), [("blob", {"Value": b""}), ("string", {"Value": ""}), ("structure", {})]
)
def test_an_empty_body_is_an_empty_payload(shape: str, expected: dict[str, Value]) -> None:
    assert parsed(payload_of(shape), request()) == expected


@pytest.mark.parametrize(("shape", "body"), [("blob", b""), ("string", b""), ("structure", b"{}")])
@pytest.mark.parametrize("output", [{}, {"Value": None}])
def test_an_answer_without_its_payload_has_an_empty_one(shape: str, body: bytes, output: dict[str, Value]) -> None:
    answer = serialized(payload_of(shape), output)
    assert (answer.body, answer.headers["Content-Length"]) == (body, str(len(body)))
    assert "X-Header" not in answer.headers


def test_text_in_a_payload_of_bytes_is_utf8() -> None:
    assert serialized(payload_of("blob"), {"Value": "é"}).body == "é".encode()


def test_a_member_may_choose_the_status() -> None:
    definition = payload_of("structure")
    answer = serialized(definition, {"Status": 202, "Value": {"Name": "a"}})
    assert answer.status == 202
    assert read_by_botocore(definition, answer) == {"Status": 202, "Value": {"Name": "a"}}


def test_an_answer_without_a_payload_is_a_document_with_headers() -> None:
    answer = serialized(EVERYWHERE, VALUES)
    assert json.loads(answer.body) == {"text": "t", "Number": 4}
    assert (answer.headers["X-Header"], answer.headers["X-Meta-color"]) == ("h", "red")
    assert (answer.headers["Content-Type"], answer.headers["x-amzn-RequestId"]) == ("application/json", "the-id")


def test_an_operation_without_shapes_has_an_empty_request_and_answer() -> None:
    definition = model({})
    definition["operations"]["Put"].pop("input")
    definition["operations"]["Put"].pop("output")
    assert parsed(definition, request(body=b"{")) == {}
    answer = serialized(definition, {"Any": 1})
    assert (answer.status, answer.body, answer.headers) == (
        200,
        b"",
        {"x-amzn-RequestId": "the-id", "Content-Length": "0"},
    )


def test_a_request_whose_members_are_all_located_has_no_body_to_read() -> None:
    definition = model({"Header": {"shape": "string", "location": "header", "locationName": "X-Header"}})
    assert parsed(definition, HttpRequest("POST", "/put", "", {"X-Header": "h"}, b"no JSON")) == {"Header": "h"}


def test_an_error_has_its_code_in_a_header() -> None:
    answer = rest_json_protocol.serialize_error(ServiceModel(model({})), AwsError("Gone", "Because."), "the-id")
    assert answer.headers == {
        "x-amzn-RequestId": "the-id",
        "x-amzn-ErrorType": "Gone",
        "Content-Type": "application/json",
        "Content-Length": str(len(answer.body)),
    }
    assert (answer.status, json.loads(answer.body)) == (400, {"message": "Because."})
