"""botocore's own protocol vectors against our parser and serializer.

They come with botocore's source distribution, not with its wheel: unpack it, and name its `tests/unit/protocols` in
BOTOCORE_PROTOCOL_VECTORS.
"""

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import HeadersDict
from botocore.model import OperationModel
from botocore.model import ServiceModel as BotocoreModel
from botocore.parsers import JSONParser, ResponseParser, RestJSONParser
from botocore.utils import parse_timestamp

from sagemaker_emulator.wire import HttpRequest, HttpResponse, json_protocol, rest_json_protocol
from sagemaker_emulator.wire.model import ServiceModel, Shape, Value

VECTORS = os.environ.get("BOTOCORE_PROTOCOL_VECTORS")
PROTOCOLS = {"json": (json_protocol, JSONParser), "rest-json": (rest_json_protocol, RestJSONParser)}
ONLY_OF_CLIENTS = {
    "RestJsonHttpPayloadTraitsWithNoBlobBody",
    "RestJsonHttpWithEmptyBlobPayload",
    "RestJsonHttpWithEmptyStructurePayload",
    "RestJsonHttpWithHeadersButNoPayload",
    "RestJsonOmitsEmptyListQueryValues",
    "RestJsonQueryParamsStringListMap",  # a server's map also has what the client put beside it
}

pytestmark = pytest.mark.skipif(not VECTORS, reason="BOTOCORE_PROTOCOL_VECTORS names no folder of vectors")


def left_out(protocol: str, direction: str) -> set[str]:
    """What botocore's own tests leave out, and what has no answer: an absent payload is an empty one to a server."""
    ignored = json.loads((Path(VECTORS or "") / "protocol-tests-ignore-list.json").read_text())
    named = ignored["protocols"].get(protocol, {}).get(direction, {}).get("cases", [])
    suites = ignored["general"].get(direction, {}).get("suites", [])
    return {*named, *suites, *ONLY_OF_CLIENTS, "HttpPrefixHeadersResponse"}


def cases(direction: str) -> Iterator[Any]:
    for protocol in PROTOCOLS if VECTORS else ():
        suites = json.loads((Path(VECTORS or "") / direction / f"{protocol}.json").read_text())
        for suite in suites:
            for case in suite["cases"]:
                if {case["id"], suite["description"]} & left_out(protocol, direction):
                    continue
                yield pytest.param(protocol, suite, case, id=f"{protocol}-{case['id']}")


def model_of(suite: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    name = case["given"]["name"]
    metadata = {"targetPrefix": "", "endpointPrefix": "vectors", **suite["metadata"]}
    return {"metadata": metadata, "operations": {name: case["given"]}, "shapes": suite["shapes"]}


def plain(shape: Shape | None, value: Value) -> Value:
    """A vector's value as our parser gives it: blobs are bytes, NaN is itself."""
    if shape is None or value is None:
        return value
    match shape.type:
        case "structure":
            return {
                k: plain(shape.members[k].shape, v) for k, v in value.items() if v is not None and k in shape.members
            }
        case "list":
            return [plain(shape.item.shape, part) for part in value]
        case "map":
            return {name: plain(shape.value.shape, part) for name, part in value.items()}
        case "blob":
            return value.encode() if isinstance(value, str) else value
        case "float" | "double":
            return str(float(value)) if not math.isfinite(float(value)) else float(value)
    return value


def request_of(case: dict[str, Any]) -> HttpRequest:
    sent = case["serialized"]
    path, _, query = sent["uri"].partition("?")
    return HttpRequest(sent.get("method", "POST"), path, query, sent.get("headers", {}), sent.get("body", "").encode())


@pytest.mark.parametrize(("protocol", "suite", "case"), [*cases("input")])
def test_requests_that_botocore_serializes_are_parsed_back(
    protocol: str, suite: dict[str, Any], case: dict[str, Any]
) -> None:
    module, _ = PROTOCOLS[protocol]
    model = ServiceModel(model_of(suite, case))
    name, values = module.parse(model, request_of(case))
    shape = model.operation(name).input
    assert name == case["given"]["name"]
    assert plain(shape, values) == plain(shape, case["params"])


@pytest.mark.parametrize(("protocol", "suite", "case"), [*cases("output")])
def test_botocore_parses_our_answers_as_the_vectors_say(
    protocol: str, suite: dict[str, Any], case: dict[str, Any]
) -> None:
    if "error" in case:
        pytest.skip("an error: see test_errors.py")
    module, parser = PROTOCOLS[protocol]
    definition = model_of(suite, case)
    operation = ServiceModel(definition).operation(case["given"]["name"])
    answer = module.serialize(operation, plain(operation.output, case["result"]), "id")
    parsed = read_by_botocore(parser(timestamp_parser=float_seconds), definition, case, answer)
    parsed.pop("ResponseMetadata", None)
    assert plain(operation.output, parsed) == plain(operation.output, case["result"])


def float_seconds(value: Value) -> float:
    return float(parse_timestamp(value).timestamp())


def read_by_botocore(
    parser: ResponseParser, definition: dict[str, Any], case: dict[str, Any], answer: HttpResponse
) -> Value:
    operation = OperationModel(case["given"], BotocoreModel(definition), case["given"]["name"])
    response = {"status_code": answer.status, "headers": HeadersDict(answer.headers), "body": answer.body}
    return parser.parse(response, operation.output_shape)
