import json

import pytest
from botocore.eventstream import EventStreamBuffer

from sagemaker_emulator.wire import Call, encode_event, serialize

STREAM = "InvokeEndpointWithResponseStream"


def test_botocore_reads_the_parts_in_order() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(encode_event(STREAM, "PayloadPart", b"one") + encode_event(STREAM, "PayloadPart", b""))
    first, second = list(buffer)
    assert (first.payload, second.payload) == (b"one", b"")
    assert first.headers == {
        ":event-type": "PayloadPart",
        ":content-type": "application/octet-stream",
        ":message-type": "event",
    }


def test_an_exception_ends_the_stream_and_is_named() -> None:
    document = json.dumps({"Message": "gone", "ErrorCode": "ModelInvocationTimeExceeded"}).encode()
    buffer = EventStreamBuffer()
    buffer.add_data(encode_event(STREAM, "ModelStreamError", document))
    (event,) = list(buffer)
    assert event.headers[":message-type"] == "exception"
    assert event.headers[":exception-type"] == "ModelStreamError"
    assert event.headers[":content-type"] == "application/json"
    assert json.loads(event.payload)["Message"] == "gone"


@pytest.mark.parametrize(
    ("operation", "event", "message"),
    [
        (STREAM, "Sconed", f"^{STREAM} streams PayloadPart, ModelStreamError, InternalStreamFailure, not 'Sconed'$"),
        ("InvokeEndpoint", "PayloadPart", "^InvokeEndpoint does not answer with an event stream$"),
        ("InvokeEndpointAsync", "PayloadPart", "^InvokeEndpointAsync does not answer with an event stream$"),
    ],
)
def test_a_shape_that_is_not_a_stream_is_refused(operation: str, event: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encode_event(operation, event, b"")


def test_the_head_of_a_stream_has_its_type_and_no_length() -> None:
    answer = serialize(Call("sagemaker-runtime", STREAM), {"ContentType": "text/plain"}, "id")
    assert answer.headers["Content-Type"] == "application/vnd.amazon.eventstream"
    assert answer.headers["X-Amzn-SageMaker-Content-Type"] == "text/plain"
    assert "Content-Length" not in answer.headers
    assert answer.body == b""
