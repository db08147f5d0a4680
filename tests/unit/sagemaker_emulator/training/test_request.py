"""CreateTrainingJob's request: the values that a run gets, and the requests that are refused."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest

from sagemaker_emulator.aws_clients.clients import S3Location
from sagemaker_emulator.training.checkpoints import KeptFolder
from sagemaker_emulator.training.request import TrainingRequest
from sagemaker_emulator.wire import AwsError

ALGORITHM = {"TrainingImage": "image:1", "TrainingInputMode": "File"}
RESOURCES = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}


def wire(**changes: Any) -> dict[str, Any]:
    request = {
        "TrainingJobName": "job",
        "AlgorithmSpecification": ALGORITHM,
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
        "ResourceConfig": RESOURCES,
        "StoppingCondition": {},
        **changes,
    }
    return {name: value for name, value in request.items() if value is not None}


def channel(name: str, **members: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, **members}


def test_a_request_has_awss_defaults() -> None:
    request = TrainingRequest.parse(wire())
    assert (request.image, request.instance_type, request.instance_count) == ("image:1", "ml.m5.large", 2)
    assert request.max_runtime_s == 86_400
    assert (request.entrypoint, request.arguments, request.channels) == ((), (), ())
    assert (request.environment, request.hyperparameters, request.metrics) == ({}, {}, {})
    assert request.checkpoints is None
    assert request.artifacts.model_uri == "s3://bucket/models/job/output/model.tar.gz"


def test_channels_have_the_mode_of_the_algorithm_and_piped_ones_are_distinguished() -> None:
    channels = [channel("files", InputMode="File"), channel("pipe")]
    algorithm = {**ALGORITHM, "TrainingInputMode": "Pipe"}
    request = TrainingRequest.parse(wire(AlgorithmSpecification=algorithm, InputDataConfig=channels))
    assert [one.name for one in request.channels] == ["files", "pipe"]
    assert [one.name for one in request.piped_channels] == ["pipe"]


def test_checkpoints_are_below_opt_ml_by_default() -> None:
    request = TrainingRequest.parse(wire(CheckpointConfig={"S3Uri": "s3://bucket/points"}))
    expected = KeptFolder(S3Location("bucket", "points"), PurePosixPath("/opt/ml/checkpoints"))
    assert request.checkpoints == expected


NO_IMAGE = {"TrainingInputMode": "File", "AlgorithmName": "a"}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"AlgorithmSpecification": None}, "AlgorithmSpecification is required"),
        ({"ResourceConfig": None}, "ResourceConfig is required"),
        ({"StoppingCondition": None}, "StoppingCondition is required"),
        ({"AlgorithmSpecification": NO_IMAGE}, "AlgorithmSpecification.AlgorithmName is not emulated"),
        ({"AlgorithmSpecification": {"TrainingInputMode": "File"}}, "TrainingImage is required"),
        ({"DebugRuleConfigurations": [{}]}, "DebugRuleConfigurations is not emulated"),
        ({"ResourceConfig": {**RESOURCES, "InstanceGroups": [{}]}}, "ResourceConfig.InstanceGroups is not emulated"),
        ({"ResourceConfig": {"InstanceCount": 1}}, "needs an InstanceType and an InstanceCount of at least 1"),
        ({"ResourceConfig": {**RESOURCES, "InstanceCount": 0}}, "needs an InstanceType and an InstanceCount"),
        ({"ResourceConfig": {**RESOURCES, "InstanceCount": 21}}, "ml.m5.large for training job usage' is 20"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 28 * 86_400 + 1}}, "at most 2419200"),
        ({"StoppingCondition": {"MaxWaitTimeInSeconds": 1}}, "only be specified when EnableManagedSpotTraining"),
        ({"EnableManagedSpotTraining": True}, "must be present and be greater than or equal"),
        (
            {
                "EnableManagedSpotTraining": True,
                "StoppingCondition": {"MaxRuntimeInSeconds": 9, "MaxWaitTimeInSeconds": 8},
            },
            "must be present and be greater than or equal",
        ),
        (
            {
                "EnableManagedSpotTraining": True,
                "StoppingCondition": {"MaxRuntimeInSeconds": 9, "MaxWaitTimeInSeconds": 9},
                "ResourceConfig": {**RESOURCES, "KeepAlivePeriodInSeconds": 60},
            },
            "warm pools do not support spot instances",
        ),
        ({"InputDataConfig": [channel("a"), channel("b"), channel("a")]}, "unique .*: 'a' occurs 2 times"),
        ({"OutputDataConfig": {"S3OutputPath": "https://x"}}, "'https://x' is not an S3 URI"),
        ({"CheckpointConfig": {"S3Uri": "s3://b/c", "LocalPath": "/opt/ml/model/x"}}, "'/opt/ml/model/x' cannot be"),
        ({"CheckpointConfig": {"S3Uri": "s3://b/c", "LocalPath": "/opt/ml"}}, "'/opt/ml' cannot be kept"),
        ({"CheckpointConfig": {"S3Uri": "s3://b/c", "LocalPath": "/opt/ml/../x"}}, "cannot be kept in S3"),
        ({"CheckpointConfig": {"S3Uri": "nowhere"}}, "'nowhere' is not an S3 URI"),
    ],
)
def test_a_request_that_cannot_run_is_refused(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(AwsError, match=text):
        TrainingRequest.parse(wire(**changes))


@pytest.mark.parametrize("max_wait_s", [9, 10])
def test_a_spot_job_may_wait_as_long_as_it_runs_or_longer(max_wait_s: int) -> None:
    condition = {"MaxRuntimeInSeconds": 9, "MaxWaitTimeInSeconds": max_wait_s}
    request = TrainingRequest.parse(wire(EnableManagedSpotTraining=True, StoppingCondition=condition))
    assert request.max_runtime_s == 9


def test_the_longest_runtime_and_the_largest_cluster_are_accepted() -> None:
    resources = {**RESOURCES, "InstanceCount": 20}
    condition = {"MaxRuntimeInSeconds": 28 * 86_400}
    request = TrainingRequest.parse(wire(ResourceConfig=resources, StoppingCondition=condition))
    assert (request.instance_count, request.max_runtime_s) == (20, 2_419_200)
