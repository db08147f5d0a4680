"""SageMaker's protocols on the wire, read from botocore's service models. Pure functions; nothing here listens."""

from sagemaker_emulator.wire.constraints import validate
from sagemaker_emulator.wire.credentials import signer_of
from sagemaker_emulator.wire.descriptions import described, present
from sagemaker_emulator.wire.event_stream import encode_event
from sagemaker_emulator.wire.messages import AwsError, Call, HttpRequest, HttpResponse
from sagemaker_emulator.wire.protocol import operation_names, output_members, parse, serialize, serialize_error

__all__ = [
    "AwsError",
    "Call",
    "HttpRequest",
    "HttpResponse",
    "described",
    "encode_event",
    "operation_names",
    "output_members",
    "parse",
    "present",
    "serialize",
    "serialize_error",
    "signer_of",
    "validate",
]
