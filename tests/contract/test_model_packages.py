"""The model registry, as boto3 and the SageMaker SDK see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
ARN = "arn:aws:sagemaker:us-east-1:000000000000"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
SPECIFICATION = {
    "Containers": [{"Image": IMAGE, "ModelDataUrl": "s3://contract/models/packed/model.tar.gz"}],
    "SupportedContentTypes": ["text/plain"],
    "SupportedResponseMIMETypes": ["application/json"],
}

Group = Callable[..., str]


@pytest.fixture
def group(sagemaker: Any) -> Group:
    """Return a function that creates a group with a number of versions and returns its name."""

    def make(name: str, versions: int = 0, **more: Any) -> str:
        sagemaker.create_model_package_group(ModelPackageGroupName=name, **more)
        for _ in range(versions):
            version(sagemaker, name)
        return name

    return make


def version(sagemaker: Any, group: str, **more: Any) -> str:
    answer = sagemaker.create_model_package(ModelPackageGroupName=group, InferenceSpecification=SPECIFICATION, **more)
    return str(answer["ModelPackageArn"])


def refused(call: Callable[..., Any], match: str, code: str = "ValidationException", **request: Any) -> None:
    with pytest.raises(ClientError, match=match) as error:
        call(**request)
    assert error.value.response["Error"]["Code"] == code


def test_a_group_is_described_listed_and_deleted(sagemaker: Any, group: Group) -> None:
    name = group("Described-Group", ModelPackageGroupDescription="bays", Tags=[{"Key": "team", "Value": "scones"}])
    described = sagemaker.describe_model_package_group(ModelPackageGroupName=name)
    assert described["ModelPackageGroupArn"] == f"{ARN}:model-package-group/described-group"
    assert (described["ModelPackageGroupStatus"], described["ModelPackageGroupDescription"]) == ("Completed", "bays")
    by_arn = sagemaker.describe_model_package_group(ModelPackageGroupName=described["ModelPackageGroupArn"])
    assert by_arn["ModelPackageGroupName"] == name
    assert sagemaker.list_tags(ResourceArn=described["ModelPackageGroupArn"])["Tags"][0]["Value"] == "scones"
    listed = sagemaker.list_model_package_groups(NameContains="Described")["ModelPackageGroupSummaryList"]
    assert [one["ModelPackageGroupName"] for one in listed] == [name]
    sagemaker.delete_model_package_group(ModelPackageGroupName=name)
    refused(sagemaker.describe_model_package_group, "group/described-group does not exist", ModelPackageGroupName=name)


def test_a_second_group_of_the_same_name_is_refused(sagemaker: Any, group: Group) -> None:
    group("twice")
    refused(sagemaker.create_model_package_group, "Group already exists: .*/twice", ModelPackageGroupName="Twice")


def test_a_group_with_packages_cannot_be_deleted(sagemaker: Any, group: Group) -> None:
    name = group("full", versions=1)
    delete = sagemaker.delete_model_package_group
    refused(delete, "still contains Model Packages", "ConflictException", ModelPackageGroupName=name)
    sagemaker.delete_model_package(ModelPackageName=f"{ARN}:model-package/full/1")
    delete(ModelPackageGroupName=name)


def test_a_group_whose_name_begins_like_another_keeps_its_own_packages(sagemaker: Any, group: Group) -> None:
    group("bay")
    group("bay-2", versions=1)
    assert not sagemaker.list_model_packages(ModelPackageGroupName="bay")["ModelPackageSummaryList"]
    sagemaker.delete_model_package_group(ModelPackageGroupName="bay")


def test_version_numbers_grow_and_are_never_used_again(sagemaker: Any, group: Group) -> None:
    group("Counted")
    assert version(sagemaker, "Counted") == f"{ARN}:model-package/counted/1"
    second = version(sagemaker, "Counted")
    sagemaker.delete_model_package(ModelPackageName=second)
    assert version(sagemaker, "Counted").endswith("counted/3")


def test_a_repeated_client_token_creates_one_package(sagemaker: Any, group: Group) -> None:
    name = group("token")
    assert version(sagemaker, name, ClientToken="abc") == version(sagemaker, name, ClientToken="abc")
    assert version(sagemaker, name, ClientToken="def").endswith("/2")


def test_a_version_is_described_as_it_was_registered(sagemaker: Any, group: Group) -> None:
    metrics = {"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://contract/quality"}}}
    properties = {"dataset": "cifar", "seed": "7"}
    arn = version(
        sagemaker,
        group("rich"),
        ModelMetrics=metrics,
        CustomerMetadataProperties=properties,
        MetadataProperties={"CommitId": "abc"},
        SourceUri="s3://contract/source",
        ModelPackageDescription="the first",
    )
    for name in (arn, "rich/1"):
        described = sagemaker.describe_model_package(ModelPackageName=name)
        assert (described["ModelPackageGroupName"], described["ModelPackageVersion"]) == ("rich", 1)
    assert described["ModelMetrics"] == metrics
    assert described["CustomerMetadataProperties"] == properties
    assert described["InferenceSpecification"] == SPECIFICATION
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    assert described["ModelPackageStatus"] == "Completed"
    assert "LastModifiedTime" not in described
    assert "ModelPackageName" not in described


def test_an_unversioned_package_is_found_by_its_name(sagemaker: Any) -> None:
    create = sagemaker.create_model_package
    arn = create(ModelPackageName="alone", InferenceSpecification=SPECIFICATION)["ModelPackageArn"]
    assert arn == f"{ARN}:model-package/alone"
    described = sagemaker.describe_model_package(ModelPackageName="alone")
    assert described["ModelPackageName"] == "alone"
    assert "ModelApprovalStatus" not in described
    refused(
        create,
        "Model Package already exists",
        ModelPackageName="alone",
        InferenceSpecification=SPECIFICATION,
    )


def test_a_package_that_is_not_emulated_is_refused(sagemaker: Any, group: Group) -> None:
    create, name = sagemaker.create_model_package, group("strict")
    both: dict[str, Any] = {
        "ModelPackageGroupName": name,
        "ModelPackageName": "x",
        "InferenceSpecification": SPECIFICATION,
    }
    refused(create, "Cannot determine which one to use", **both)
    refused(create, "Missing ARN", InferenceSpecification=SPECIFICATION)
    refused(create, "InferenceSpecification and SourceUri", ModelPackageGroupName=name)
    missing: dict[str, Any] = {"ModelPackageGroupName": "absent", "InferenceSpecification": SPECIFICATION}
    refused(create, "group/absent does not exist", **missing)
    algorithms = {"SourceAlgorithms": [{"AlgorithmName": "someone-elses"}]}
    refused(create, "not emulated", ModelPackageName="x", SourceAlgorithmSpecification=algorithms)
    tags = [{"Key": "a", "Value": "b"}]
    refused(create, "tag the model package group", **{**missing, "ModelPackageGroupName": name}, Tags=tags)
    refused(create, "enum value set", **{**missing, "ModelApprovalStatus": "Maybe"})


def test_packages_are_listed_by_group_approval_and_type(sagemaker: Any, group: Group) -> None:
    name = group("listed", versions=3)
    sagemaker.update_model_package(ModelPackageArn=f"{ARN}:model-package/listed/2", ModelApprovalStatus="Approved")
    sagemaker.create_model_package(ModelPackageName="listed-alone", InferenceSpecification=SPECIFICATION)

    def versions(**request: Any) -> list[int | None]:
        pages = sagemaker.get_paginator("list_model_packages").paginate(**request, PaginationConfig={"PageSize": 1})
        return [one.get("ModelPackageVersion") for page in pages for one in page["ModelPackageSummaryList"]]

    assert versions(ModelPackageGroupName=name) == [1, 2, 3]
    assert versions(ModelPackageGroupName=f"{ARN}:model-package-group/listed", SortOrder="Descending") == [3, 2, 1]
    assert versions(ModelPackageGroupName=name, ModelApprovalStatus="Approved") == [2]
    assert versions(NameContains="listed") == [None]
    assert versions(NameContains="listed", ModelPackageType="Versioned") == [1, 2, 3]
    assert versions(NameContains="listed", ModelPackageType="Both", SortBy="Name") == [None, 1, 2, 3]


def test_an_update_approves_and_changes_metadata(sagemaker: Any, group: Group) -> None:
    arn = version(sagemaker, group("changed"), CustomerMetadataProperties={"keep": "1", "drop": "2"})
    answer = sagemaker.update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus="Rejected",
        ApprovalDescription="too modest",
        CustomerMetadataProperties={"new": "3"},
        CustomerMetadataPropertiesToRemove=["drop"],
        AdditionalInferenceSpecificationsToAdd=[{"Name": "small", "Containers": SPECIFICATION["Containers"]}],
    )
    assert answer["ModelPackageArn"] == arn
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    assert (described["ModelApprovalStatus"], described["ApprovalDescription"]) == ("Rejected", "too modest")
    assert described["CustomerMetadataProperties"] == {"keep": "1", "new": "3"}
    assert described["AdditionalInferenceSpecifications"][0]["Name"] == "small"
    assert described["LastModifiedTime"] > described["CreationTime"]


def test_an_update_of_a_missing_package_is_refused(sagemaker: Any) -> None:
    update = sagemaker.update_model_package
    refused(update, "does not exist", ModelPackageArn=f"{ARN}:model-package/none/1", ModelApprovalStatus="Approved")
    refused(sagemaker.delete_model_package, "does not exist", ModelPackageName="none")
    refused(sagemaker.describe_model_package, "does not exist", ModelPackageName="none/1")


def test_a_batch_describes_packages_and_names_missing_ones(sagemaker: Any, group: Group) -> None:
    there, absent = version(sagemaker, group("batch")), f"{ARN}:model-package/batch/9"
    answer = sagemaker.batch_describe_model_package(ModelPackageArnList=[there, absent])
    assert answer["ModelPackageSummaries"][there]["ModelPackageVersion"] == 1
    assert answer["BatchDescribeModelPackageErrorMap"][absent]["ErrorCode"] == "ValidationException"


def test_an_approved_package_becomes_a_model_that_serves(
    sagemaker: Any, runtime: Any, hosting: Any, group: Group
) -> None:
    hosting.model("packed", "from a package")
    arn = version(sagemaker, group("deployed"))
    model: dict[str, Any] = {
        "ModelName": "from-package",
        "ExecutionRoleArn": ROLE,
        "PrimaryContainer": {"ModelPackageName": arn, "Environment": {"EXTRA": "1"}},
    }
    refused(sagemaker.create_model, "approval status PendingManualApproval", **model)
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    sagemaker.create_model(**model)
    container = sagemaker.describe_model(ModelName="from-package")["PrimaryContainer"]
    assert container["ModelPackageName"] == arn
    hosting.config("from-package", {"VariantName": "AllTraffic", "ModelName": "from-package"})
    assert hosting.endpoint("from-package", "from-package")["EndpointStatus"] == "InService"
    answer = runtime.invoke_endpoint(EndpointName="from-package", Body=b"hello")
    assert b"from a package" in answer["Body"].read()
