"""CreateModel looks whether the data of the model exists, and answers in AWS's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
BUCKET = "contract"
GOOD = f"s3://{BUCKET}/model-data/model.tar.gz"
MISSING = f"s3://{BUCKET}/model-data/none.tar.gz"
NO_BUCKET = "s3://there-is-no-such-bucket/model.tar.gz"


def source(uri: str, data_type: str = "S3Object", compression: str = "Gzip") -> dict[str, Any]:
    location = {"S3Uri": uri, "S3DataType": data_type, "CompressionType": compression}
    return {"ModelDataSource": {"S3DataSource": location}}


def lost(uri: str) -> str:
    return f"Could not find model data at {uri}."


@pytest.fixture(scope="module", autouse=True)
def _data(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="model-data/model.tar.gz", Body=b"is not opened yet")


@pytest.mark.parametrize("members", [{"ModelDataUrl": GOOD}, source(GOOD), {}])
@pytest.mark.parametrize("wrap", [lambda one: {"PrimaryContainer": one}, lambda one: {"Containers": [one]}])
def test_a_model_whose_data_exists_is_created(
    sagemaker: Any, members: dict[str, Any], wrap: Callable[[Any], Any]
) -> None:
    sagemaker.create_model(ModelName="there", ExecutionRoleArn=ROLE, **wrap({"Image": IMAGE, **members}))
    sagemaker.delete_model(ModelName="there")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"ModelDataUrl": MISSING}, lost(MISSING)),
        ({"ModelDataUrl": NO_BUCKET}, lost(NO_BUCKET)),
        ({"ModelDataUrl": f"s3://{BUCKET}/model-data"}, lost(f"s3://{BUCKET}/model-data")),
        ({"ModelDataUrl": "s3://No_Bucket!/model.tar.gz"}, lost("s3://No_Bucket!/model.tar.gz")),
        ({"ModelDataUrl": "https://example.org/model.tar.gz"}, "not an S3 URI of the form s3://<bucket>/<key>"),
        (source(MISSING), lost(MISSING)),
        (source(NO_BUCKET, "S3Prefix", "None"), lost(NO_BUCKET)),
        (source(f"s3://{BUCKET}/none/", "S3Prefix", "None"), lost(f"s3://{BUCKET}/none/")),
        (source(f"s3://{BUCKET}/model-data/", "S3Prefix", "None"), "not emulated. Pack the files into a model.tar.gz"),
    ],
)
def test_a_model_whose_data_does_not_exist_is_refused(sagemaker: Any, members: dict[str, Any], message: str) -> None:
    container = {"Image": IMAGE, **members}
    with pytest.raises(ClientError) as refusal:
        sagemaker.create_model(ModelName="lost", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    assert refusal.value.response["Error"]["Code"] == "ValidationException"
    assert message in refusal.value.response["Error"]["Message"]
    with pytest.raises(ClientError, match='Could not find model "'):
        sagemaker.describe_model(ModelName="lost")


def test_missing_data_is_told_before_a_missing_role(sagemaker: Any) -> None:
    container = {"Image": IMAGE, "ModelDataUrl": MISSING}
    with pytest.raises(ClientError, match="Could not find model data at"):
        sagemaker.create_model(ModelName="lost", ExecutionRoleArn=f"{ROLE}-none", PrimaryContainer=container)


def test_the_data_of_a_model_package_must_exist_when_a_model_is_made_of_it(sagemaker: Any) -> None:
    specification = {
        "Containers": [{"Image": IMAGE, "ModelDataUrl": MISSING}],
        "SupportedContentTypes": ["text/plain"],
        "SupportedResponseMIMETypes": ["text/plain"],
    }
    sagemaker.create_model_package_group(ModelPackageGroupName="lost-data")
    arn = sagemaker.create_model_package(
        ModelPackageGroupName="lost-data", InferenceSpecification=specification, ModelApprovalStatus="Approved"
    )["ModelPackageArn"]
    with pytest.raises(ClientError, match="Could not find model data at"):
        sagemaker.create_model(ModelName="lost", ExecutionRoleArn=ROLE, PrimaryContainer={"ModelPackageName": arn})
