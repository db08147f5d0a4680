"""Mistakes of newcomers with SageMaker's API: each is refused with a line that names what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

BUCKET = "contract"
BUILT_IN = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
OF_ANOTHER_REGION = "433757028032.dkr.ecr.us-west-2.amazonaws.com/image-classification:latest"
SOURCE = {"S3DataType": "S3Prefix", "S3Uri": "s3://no-such-bucket-here/input/"}


@dataclass
class Api:
    """The clients and the requests that a mistake starts from."""

    sagemaker: Any
    runtime: Any
    jobs: Any

    def train(self, **changes: Any) -> Any:
        return self.sagemaker.create_training_job(**self.jobs.request("mistake", **changes))

    def model(self, **changes: Any) -> Any:
        role = "arn:aws:iam::000000000000:role/sagemaker"
        request = {"ModelName": "m", "ExecutionRoleArn": role, "PrimaryContainer": {"Image": BUILT_IN}}
        return self.sagemaker.create_model(**{**request, **changes})

    def configuration(self, **changes: Any) -> Any:
        variant = {"VariantName": "v", "ModelName": "no-such-model", "InitialInstanceCount": 1}
        variant |= {"InstanceType": "ml.m5.large", **changes}
        return self.sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])


@dataclass(frozen=True)
class Mistake:
    name: str
    make: Callable[[Api], Any]
    answer: tuple[str, ...]


def algorithm(image: str) -> dict[str, str]:
    return {"TrainingImage": image, "TrainingInputMode": "File"}


MISTAKES = (
    Mistake("role that is no ARN", lambda api: api.train(RoleArn="sagemaker-execution-role"), ("roleArn", "pattern")),
    Mistake(
        "role that does not exist",
        lambda api: api.train(RoleArn="arn:aws:iam::000000000000:role/no-such-role"),
        ("Could not assume role arn:aws:iam::000000000000:role/no-such-role", "ensure that the role exists"),
    ),
    Mistake(
        "bucket that does not exist",
        lambda api: api.train(InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": SOURCE}}]),
        ("no-such-bucket-here",),
    ),
    Mistake(
        "input that is no S3 URI",
        lambda api: api.train(
            InputDataConfig=[
                {"ChannelName": "train", "DataSource": {"S3DataSource": {**SOURCE, "S3Uri": "data/train"}}}
            ]
        ),
        ("s3Uri", "data/train"),
    ),
    Mistake(
        "output that is no S3 URI",
        lambda api: api.train(OutputDataConfig={"S3OutputPath": "models"}),
        ("s3OutputPath", "models"),
    ),
    Mistake(
        "image of another region",
        lambda api: api.train(AlgorithmSpecification=algorithm(OF_ANOTHER_REGION)),
        ("Invalid region us-west-2 in image URI", "Please provide an image URI in region us-east-1."),
    ),
    Mistake(
        "model's image of another region",
        lambda api: api.model(PrimaryContainer={"Image": OF_ANOTHER_REGION}),
        (f'Region of "{OF_ANOTHER_REGION}" does not match expected region of us-east-1.',),
    ),
    Mistake(
        "image that is not there",
        lambda api: api.train(AlgorithmSpecification=algorithm("my-image")),
        ("my-image",),
    ),
    Mistake(
        "instance type without ml.",
        lambda api: api.train(ResourceConfig={"InstanceType": "m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}),
        ("m5.large", "instanceType", "ml.m5.large"),
    ),
    Mistake(
        "no instance",
        lambda api: api.train(ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 0, "VolumeSizeInGB": 1}),
        ("InstanceCount of at least 1",),
    ),
    Mistake(
        "job name with an underscore",
        lambda api: api.train(TrainingJobName="my_job"),
        ("my_job", "trainingJobName", "pattern"),
    ),
    Mistake("unknown job", lambda api: api.sagemaker.describe_training_job(TrainingJobName="no-job"), ("not found",)),
    Mistake("unknown endpoint", lambda api: api.sagemaker.describe_endpoint(EndpointName="no-one"), ("no-one",)),
    Mistake(
        "unknown endpoint to invoke",
        lambda api: api.runtime.invoke_endpoint(EndpointName="no-one", Body=b""),
        ("Endpoint no-one of account 000000000000 not found.",),
    ),
    Mistake("unknown model", lambda api: api.configuration(), ("no-such-model",)),
    Mistake(
        "unknown configuration",
        lambda api: api.sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="no-such-config"),
        ("no-such-config",),
    ),
    Mistake(
        "model data that is no S3 URI",
        lambda api: api.model(PrimaryContainer={"Image": BUILT_IN, "ModelDataUrl": "model.tar.gz"}),
        ("modelDataUrl", "model.tar.gz"),
    ),
    Mistake(
        "model data that is not there",
        lambda api: api.model(PrimaryContainer={"Image": BUILT_IN, "ModelDataUrl": f"s3://{BUCKET}/no/model.tar.gz"}),
        ("Could not find model data", f"s3://{BUCKET}/no/model.tar.gz"),
    ),
    Mistake(
        "operation that is not emulated",
        lambda api: api.sagemaker.list_auto_ml_jobs(),
        ("ListAutoMLJobs",),
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_refused_by_name(mistake: Mistake, sagemaker: Any, runtime: Any, jobs: Any) -> None:
    with pytest.raises(ClientError) as refused:
        mistake.make(Api(sagemaker, runtime, jobs))
    message = refused.value.response["Error"]["Message"]
    assert "\n" not in message
    assert [part for part in mistake.answer if part not in message] == [], message
