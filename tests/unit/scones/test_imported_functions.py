"""How an import writes functions: what is sent where, and how long it waits."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scones.buckets import Bucket
from scones.errors import ImportedFileError
from scones.importing.code import Package
from scones.importing.functions import DIRECT_BYTES_MAX, FunctionPlan, FunctionWriter, LayerPlan
from scones.importing.model import Code, FunctionSettings

ROLE = "arn:aws:iam::000000000000:role/functions"


@dataclass
class Lambda:
    """Answers from a script, and keeps what it was asked for. `states` are those of the function, in order."""

    exists: bool = False
    states: list[dict[str, str]] = field(default_factory=lambda: [{"State": "Active"}])
    refusals: list[str] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def get_function_configuration(self, FunctionName: str) -> dict[str, str]:  # noqa: N803 - boto3's names
        if not self.exists:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetFunctionConfiguration")
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def create_function(self, **request: Any) -> None:
        if self.refusals:
            raise ClientError({"Error": {"Code": "InvalidParameterValueException", "Message": self.refusals.pop()}}, "")
        self.calls.append(("create", request))
        self.exists = True

    def update_function_code(self, **request: Any) -> None:
        self.calls.append(("code", request))

    def update_function_configuration(self, **request: Any) -> None:
        self.calls.append(("configuration", request))

    def publish_layer_version(self, **request: Any) -> dict[str, str]:
        self.calls.append(("layer", request))
        return {"LayerVersionArn": f"arn:{request['LayerName']}:1"}


class S3:
    def __init__(self) -> None:
        self.puts: list[dict[str, Any]] = []

    def put_object(self, **request: Any) -> None:
        self.puts.append(request)

    def __getattr__(self, name: str) -> Any:
        return lambda **_: {"TagSet": []}


def plan(data: bytes = b"zip", layers: tuple[str, ...] = ()) -> FunctionPlan:
    code = Package(data, {"app": "def lambda_handler(event, context): pass"})
    return FunctionPlan("f", Code("f", Path("f")), code, FunctionSettings(), layers)


def writer(client: Lambda, s3: S3 | None = None) -> FunctionWriter:
    boto3_client: Any = client
    bucket: Any = Bucket(s3 or SimpleNamespace(), "code", "000000000000", "us-east-1")
    return FunctionWriter(boto3_client, bucket)


def test_a_new_function_is_created_with_its_handler_role_and_layers() -> None:
    client = Lambda()
    own = writer(client)
    own.publish_layer(LayerPlan("sdk", b"zip", frozenset({"sagemaker"})))
    assert own.write(plan(layers=("sdk", "elsewhere")), ROLE)
    (_, request) = client.calls[-1]
    assert (request["Handler"], request["Role"], request["Layers"]) == ("app.lambda_handler", ROLE, ["arn:sdk:1"])
    assert request["Code"] == {"ZipFile": b"zip"}


def test_an_existing_function_gets_the_new_code_and_configuration() -> None:
    client = Lambda(exists=True, states=[{}, {"LastUpdateStatus": "InProgress"}, {"LastUpdateStatus": "Successful"}])
    assert not writer(client).write(plan(), ROLE)
    assert [name for name, _ in client.calls] == ["code", "configuration"]


def test_code_that_is_too_large_for_a_request_goes_through_the_bucket_of_code() -> None:
    client, s3 = Lambda(), S3()
    writer(client, s3).write(plan(bytes(DIRECT_BYTES_MAX + 1)), ROLE)
    (put,) = s3.puts
    assert put["ExpectedBucketOwner"] == "000000000000"
    assert client.calls[-1][1]["Code"] == {"S3Bucket": "code", "S3Key": put["Key"]}


def test_a_function_that_lambda_cannot_create_is_an_error_with_the_reason() -> None:
    client = Lambda(states=[{"State": "Failed", "StateReason": "no such runtime"}])
    with pytest.raises(ImportedFileError, match="no such runtime"):
        writer(client).write(plan(), ROLE)


def test_an_error_that_is_not_about_a_new_role_is_raised_at_once() -> None:
    with pytest.raises(ClientError, match="too many"):
        writer(Lambda(refusals=["too many"])).write(plan(), ROLE)


def test_code_without_a_handler_names_its_file() -> None:
    empty = FunctionPlan("f", Code("f", Path("notes.py")), Package(b"", {}), FunctionSettings())
    with pytest.raises(ImportedFileError, match=r"notes\.py has no lambda_handler"):
        writer(Lambda()).write(empty, ROLE)
