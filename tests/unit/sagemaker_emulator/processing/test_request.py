"""CreateProcessingJob's request: its defaults, and what is refused."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest

from sagemaker_emulator.aws_clients.clients import S3Location
from sagemaker_emulator.processing.request import ProcessingOutput, ProcessingRequest, with_defaults
from sagemaker_emulator.wire import AwsError

S3_INPUT = {"S3Uri": "s3://bucket/in", "LocalPath": "/opt/ml/processing/in", "S3DataType": "S3Prefix"}
S3_OUTPUT = {"S3Uri": "s3://bucket/out", "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob"}
CLUSTER = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}


def parsed(input_: dict[str, Any], output: dict[str, Any], cluster: dict[str, Any] = CLUSTER) -> ProcessingRequest:
    wire = {
        "AppSpecification": {"ImageUri": "image:1"},
        "ProcessingInputs": [{"InputName": "in", **input_}],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", **output}]},
        "ProcessingResources": {"ClusterConfig": cluster},
    }
    return ProcessingRequest.parse(with_defaults(wire))


def test_a_request_has_awss_defaults() -> None:
    request = parsed({"S3Input": S3_INPUT}, {"S3Output": S3_OUTPUT})
    assert (request.max_runtime_s, request.entrypoint, request.arguments) == (86_400, (), ())
    (input_,) = request.inputs
    assert input_.local_path == PurePosixPath("/opt/ml/processing/in")
    assert (input_.channel.distribution, input_.channel.input_mode) == ("FullyReplicated", "File")
    prefix = S3Location("bucket", "out")
    assert request.outputs == (ProcessingOutput(PurePosixPath("/opt/ml/processing/out"), prefix, "EndOfJob"),)


@pytest.mark.parametrize(
    ("input_", "text"),
    [
        ({"DatasetDefinition": {}}, "ProcessingInputs 'in': S3Input is required"),
        ({"S3Input": S3_INPUT, "AppManaged": True}, "AppManaged inputs are not emulated"),
        ({"S3Input": {**S3_INPUT, "S3InputMode": "Pipe"}}, "S3InputMode Pipe is not emulated"),
        ({"S3Input": {**S3_INPUT, "S3CompressionType": "Gzip"}}, "S3CompressionType Gzip"),
        ({"S3Input": {**S3_INPUT, "LocalPath": "/opt/ml/processing"}}, "must be a path below /opt/ml/processing"),
        ({"S3Input": {**S3_INPUT, "LocalPath": "/opt/ml/processing/../x"}}, "must be a path below"),
        ({"S3Input": {**S3_INPUT, "LocalPath": "/elsewhere"}}, "not '/elsewhere'"),
        ({"S3Input": {**S3_INPUT, "S3Uri": "nowhere"}}, "'nowhere' is not an S3 URI"),
    ],
)
def test_an_input_that_is_not_emulated_is_refused(input_: dict[str, Any], text: str) -> None:
    with pytest.raises(AwsError, match=text):
        parsed(input_, {"S3Output": S3_OUTPUT})


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ({"FeatureStoreOutput": {}}, "ProcessingOutputConfig 'out': S3Output is required"),
        ({"S3Output": S3_OUTPUT, "AppManaged": True}, "AppManaged outputs are not emulated"),
        ({"S3Output": {**S3_OUTPUT, "LocalPath": "/opt/ml/output"}}, "must be a path below"),
        ({"S3Output": {**S3_OUTPUT, "S3Uri": "nowhere"}}, "'out': 'nowhere' is not an S3 URI"),
    ],
)
def test_an_output_that_is_not_emulated_is_refused(output: dict[str, Any], text: str) -> None:
    with pytest.raises(AwsError, match=text):
        parsed({"S3Input": S3_INPUT}, output)


@pytest.mark.parametrize(
    ("cluster", "text"),
    [({"InstanceType": "ml.x"}, "needs InstanceType"), ({**CLUSTER, "InstanceCount": 21}, "processing job usage")],
)
def test_a_cluster_that_is_not_emulated_is_refused(cluster: dict[str, Any], text: str) -> None:
    with pytest.raises(AwsError, match=text):
        parsed({"S3Input": S3_INPUT}, {"S3Output": S3_OUTPUT}, cluster)
