"""Parsing InvokeEndpoint and InvokeEndpointAsync, and the part of a request that a container receives."""

from __future__ import annotations

import msgspec
import pytest

from sagemaker_emulator.invocation.requests import NOT_EMULATED, InvokeEndpointRequest
from sagemaker_emulator.resources.async_invocation import InvokeEndpointAsyncRequest
from sagemaker_emulator.wire import AwsError

ALL = {
    "EndpointName": "scones",
    "Body": b"\x89PNG",
    "ContentType": "image/png",
    "Accept": "application/json",
    "CustomAttributes": "",
    "InferenceId": "one",
    "TargetVariant": "Blue",
    "TargetModel": "b.tar.gz",
    "TargetContainerHostname": "second",
}


def test_every_member_of_a_request_is_parsed() -> None:
    request = InvokeEndpointRequest.parse(ALL)
    assert request == InvokeEndpointRequest(
        "scones", b"\x89PNG", "image/png", "application/json", "", "one", "Blue", "b.tar.gz", "second"
    )
    outgoing = request.outgoing(60)
    assert (outgoing.target_variant, outgoing.target_model, outgoing.target_container) == ("Blue", "b.tar.gz", "second")
    assert (outgoing.body, outgoing.timeout_s) == (b"\x89PNG", 60)
    assert outgoing.headers == {
        "Content-Type": "image/png",
        "Accept": "application/json",
        "X-Amzn-SageMaker-Custom-Attributes": "",
        "X-Amzn-SageMaker-Inference-Id": "one",
    }


def test_a_container_gets_default_content_types_and_no_other_header() -> None:
    headers = InvokeEndpointRequest.parse({"EndpointName": "scones"}).outgoing(60).headers
    assert headers == {"Content-Type": "application/octet-stream", "Accept": "*/*"}


@pytest.mark.parametrize("member", NOT_EMULATED)
def test_members_that_are_not_emulated_are_refused_by_name(member: str) -> None:
    with pytest.raises(AwsError, match=f"Endpoint scones cannot be invoked with {member}: ") as error:
        InvokeEndpointRequest.parse({**ALL, member: "value"})
    assert error.value.code == "ValidationError"


def test_an_async_request_is_stored_as_the_wire_spells_it() -> None:
    wire = {
        "EndpointName": "scones",
        "ContentType": "text/csv",
        "S3OutputPathExtension": "today",
        "RequestTTLSeconds": 60,
        "InvocationTimeoutSeconds": 7,
    }
    request = msgspec.convert(wire, InvokeEndpointAsyncRequest)
    assert (request.output_path_extension, request.ttl_s, request.timeout_s) == ("today", 60, 7)
    assert msgspec.json.decode(msgspec.json.encode(request)) == wire


def test_an_async_request_waits_6_hours_and_runs_15_minutes_by_default() -> None:
    request = msgspec.convert({"EndpointName": "scones"}, InvokeEndpointAsyncRequest)
    assert (request.ttl_s, request.timeout_s) == (6 * 3600, 15 * 60)
