"""The values that resources read from the requests that created them."""

from typing import Any

import pytest

from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.async_invocation import AsyncInvocation, InvokeEndpointAsyncRequest
from sagemaker_emulator.resources.endpoint_config import AsyncInference, DataCapture, EndpointConfig, ProductionVariant
from sagemaker_emulator.resources.model import Model, Row
from sagemaker_emulator.resources.model_package import ModelPackage, ModelPackageGroup


def test_an_arn_has_the_name_in_lower_case() -> None:
    arn = Arns("eu-west-1", "123456789012").of("training-job", "My-Job")
    assert arn == "arn:aws:sagemaker:eu-west-1:123456789012:training-job/my-job"


@pytest.mark.parametrize(
    ("wire", "variant"),
    [
        ({"VariantName": "a"}, ProductionVariant("a", "", 1, 1.0, None, 3600.0, None)),
        (
            {
                "VariantName": "a",
                "ModelName": "m",
                "InitialInstanceCount": 2,
                "InitialVariantWeight": 0.0,
                "InstanceType": "ml.m5.large",
                "ModelDataDownloadTimeoutInSeconds": 60,
                "ContainerStartupHealthCheckTimeoutInSeconds": 61,
            },
            ProductionVariant("a", "m", 2, 0.0, "ml.m5.large", 60, 61),
        ),
    ],
)
def test_a_variant_has_awss_defaults(wire: dict[str, Any], variant: ProductionVariant) -> None:
    config = EndpointConfig("c", "arn", {"ProductionVariants": [wire]}, 1)
    assert config.variants == (variant,)
    assert (config.data_capture, config.async_inference) == (None, None)


def test_data_capture_is_off_unless_it_is_enabled() -> None:
    wire = {"InitialSamplingPercentage": 5, "DestinationS3Uri": "s3://bucket//", "CaptureOptions": []}
    captured = EndpointConfig("c", "arn", {"DataCaptureConfig": wire}, 1).data_capture
    assert captured == DataCapture(False, 5, "s3://bucket", frozenset(), frozenset(), frozenset())


def test_the_content_types_of_capture_are_read_in_lower_case() -> None:
    headers = {"CsvContentTypes": ["Text/CSV"], "JsonContentTypes": ["Application/JSON"]}
    wire = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 5,
        "DestinationS3Uri": "s3://bucket/X/",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": headers,
    }
    captured = DataCapture.from_request(wire)
    types = frozenset({"text/csv"}), frozenset({"application/json"})
    assert captured == DataCapture(True, 5, "s3://bucket/X", frozenset({"Input", "Output"}), *types)


def test_asynchronous_inference_has_awss_defaults() -> None:
    wire = {"OutputConfig": {"S3OutputPath": "s3://bucket/out/"}}
    inference = EndpointConfig("c", "arn", {"AsyncInferenceConfig": wire}, 1).async_inference
    assert inference == AsyncInference("s3://bucket/out", None, None, None, frozenset(), 4)


def test_every_member_of_asynchronous_inference_is_read() -> None:
    notification = {
        "SuccessTopic": "good",
        "ErrorTopic": "bad",
        "IncludeInferenceResponseIn": ["ERROR_NOTIFICATION_TOPIC"],
    }
    output = {"S3OutputPath": "s3://b/X/", "S3FailurePath": "s3://b/fX/", "NotificationConfig": notification}
    wire = {"OutputConfig": output, "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 7}}
    topics = frozenset({"ERROR_NOTIFICATION_TOPIC"})
    assert AsyncInference.from_request(wire) == AsyncInference("s3://b/X", "s3://b/fX", "good", "bad", topics, 7)


def test_an_asynchronous_request_leaves_the_queue_after_its_time_to_live() -> None:
    request = InvokeEndpointAsyncRequest("scones", ttl_s=60, timeout_s=5)
    invocation = AsyncInvocation("id", "arn", "scones", 1, "inference", request, None, "s3://b/X", None, created=100)
    assert (invocation.has_expired, invocation.timeout_s) == (True, 5)


@pytest.mark.parametrize("wrap", [lambda c: {"PrimaryContainer": c}, lambda c: {"Containers": [c]}])
def test_a_models_own_container_comes_before_its_packages(wrap: Any) -> None:
    packaged = {"Image": "packaged", "ModelDataUrl": "s3://p", "Environment": {"A": "1", "B": "1"}}
    model = Model("m", "arn", wrap({"Image": "own", "Environment": {"B": "2"}}), 1, packaged)
    (container,) = model.containers
    assert container.wire == {"Image": "own", "ModelDataUrl": "s3://p", "Environment": {"A": "1", "B": "2"}}
    (alone,) = Model("m", "arn", wrap({"Image": "own"}), 1).containers
    assert (alone.name, alone.wire) == ("primary", {"Image": "own", "Environment": {}})


def test_a_package_of_a_pipeline_stands_for_all_its_containers() -> None:
    packages = {"pipeline": [{"Image": "a"}, {"Image": "b"}]}
    request = {"Containers": [{"ModelPackageName": "pipeline"}, {"Image": "c"}]}
    model = Model("m", "arn", request, 1, packages=packages)
    assert [(one.name, one.image) for one in model.containers] == [
        ("container-1", "a"),
        ("container-2", "b"),
        ("container-3", "c"),
    ]
    assert model.row is Row.SERIAL


@pytest.mark.parametrize(
    ("request_", "row"),
    [
        ({"PrimaryContainer": {}}, Row.SINGLE),
        ({"Containers": [{}]}, Row.SINGLE),
        ({"Containers": [{}, {}]}, Row.SERIAL),
        ({"Containers": [{}, {}], "InferenceExecutionConfig": {"Mode": "Serial"}}, Row.SERIAL),
        ({"Containers": [{}, {}], "InferenceExecutionConfig": {"Mode": "Direct"}}, Row.DIRECT),
        ({"Containers": [{}], "InferenceExecutionConfig": {"Mode": "Direct"}}, Row.DIRECT),
    ],
)
def test_the_execution_mode_and_the_number_of_containers_decide_on_the_row(request_: dict[str, Any], row: Row) -> None:
    assert Model("m", "arn", request_, 1).row is row


def test_a_multi_model_container_keeps_its_models_unless_told_otherwise() -> None:
    single = {"Mode": "SingleModel"}
    keeps = {"Mode": "MultiModel", "MultiModelConfig": {"ModelCacheSetting": "Enabled"}}
    drops = {"Mode": "MultiModel", "MultiModelConfig": {"ModelCacheSetting": "Disabled"}}
    containers = Model("m", "arn", {"Containers": [single, {}, {"Mode": "MultiModel"}, keeps, drops]}, 1).containers
    assert [one.is_multi_model for one in containers] == [False, False, True, True, True]
    assert [one.caches_models for one in containers] == [True, True, True, True, False]


@pytest.mark.parametrize(
    ("container", "uri"),
    [
        ({}, None),
        ({"ModelDataUrl": "s3://a"}, "s3://a"),
        ({"ModelDataSource": {"S3DataSource": {"S3Uri": "s3://b"}}}, "s3://b"),
        ({"ModelDataSource": {}}, None),
        ({"ModelDataUrl": "s3://a", "ModelDataSource": {"S3DataSource": {"S3Uri": "s3://b"}}}, "s3://a"),
    ],
)
def test_a_model_names_its_artifacts_in_either_of_two_ways(container: dict[str, Any], uri: str | None) -> None:
    assert Model("m", "arn", {"PrimaryContainer": container}, 1).containers[0].artifacts_uri == uri


@pytest.mark.parametrize(
    ("container", "is_uncompressed"),
    [
        ({"ModelDataUrl": "s3://a"}, False),
        ({"ModelDataSource": {"S3DataSource": {"S3DataType": "S3Object", "CompressionType": "Gzip"}}}, False),
        ({"ModelDataSource": {"S3DataSource": {"S3DataType": "S3Object", "CompressionType": "None"}}}, True),
        ({"ModelDataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "CompressionType": "Gzip"}}}, True),
        ({"ModelDataUrl": "s3://a", "ModelDataSource": {"S3DataSource": {"CompressionType": "None"}}}, False),
    ],
)
def test_a_model_tells_an_archive_from_uncompressed_data(container: dict[str, Any], is_uncompressed: bool) -> None:
    (definition,) = Model("m", "arn", {"PrimaryContainer": container}, 1).containers
    assert definition.has_uncompressed_data is is_uncompressed


def test_versions_of_a_group_only_grow() -> None:
    group = ModelPackageGroup("g", "arn", {}, 1)
    assert group.with_next_version().with_next_version().last_version == 2


def package(version: int | None = 1, approval: str | None = "Approved", **request: Any) -> ModelPackage:
    return ModelPackage("g/1", "arn", request, 1, 1, "g", version, approval)


@pytest.mark.parametrize(
    ("version", "approval", "allowed"),
    [(None, None, True), (1, "Approved", True), (1, "Rejected", False), (1, "PendingManualApproval", False)],
)
def test_a_version_must_be_approved_to_be_deployed(version: int | None, approval: str | None, allowed: bool) -> None:
    assert package(version, approval).may_be_deployed is allowed


def test_the_containers_of_a_package() -> None:
    assert package().containers == []
    assert package(InferenceSpecification={}).containers == []
    assert package(InferenceSpecification={"Containers": [{"Image": "i"}]}).containers == [{"Image": "i"}]


@pytest.mark.parametrize(
    ("request_", "change", "updated"),
    [
        ({"A": 1}, {}, {"A": 1}),
        ({}, {"ModelPackageName": "g/1", "ApprovalDescription": "good"}, {"ApprovalDescription": "good"}),
        ({"SourceUri": "a", "A": 1}, {"SourceUri": "b"}, {"SourceUri": "b", "A": 1}),
        ({"SourceUri": "a"}, {"SourceUri": None}, {}),
        (
            {"CustomerMetadataProperties": {"a": "1", "b": "1"}},
            {"CustomerMetadataProperties": {"b": "2", "c": "2"}, "CustomerMetadataPropertiesToRemove": ["a", "z"]},
            {"CustomerMetadataProperties": {"b": "2", "c": "2"}},
        ),
        (
            {"CustomerMetadataProperties": {"a": "1"}},
            {"CustomerMetadataProperties": {"b": "2"}},
            {"CustomerMetadataProperties": {"a": "1", "b": "2"}},
        ),
        ({"CustomerMetadataProperties": {"a": "1"}}, {"CustomerMetadataPropertiesToRemove": ["a"]}, {}),
        (
            {"AdditionalInferenceSpecifications": [{"Name": "a"}]},
            {"AdditionalInferenceSpecificationsToAdd": [{"Name": "b"}]},
            {"AdditionalInferenceSpecifications": [{"Name": "a"}, {"Name": "b"}]},
        ),
        (
            {},
            {"AdditionalInferenceSpecificationsToAdd": [{"Name": "b"}]},
            {"AdditionalInferenceSpecifications": [{"Name": "b"}]},
        ),
    ],
)
def test_an_update_of_a_package_keeps_the_members_that_it_does_not_name(
    request_: dict[str, Any], change: dict[str, Any], updated: dict[str, Any]
) -> None:
    original = package(**request_)
    assert original.updated(change, 9) == ModelPackage("g/1", "arn", updated, 1, 9, "g", 1, "Approved")
    assert original.request == request_


def test_an_update_may_change_the_approval() -> None:
    updated = package().updated({"ModelApprovalStatus": "Rejected"}, 9)
    assert (updated.approval, updated.request) == ("Rejected", {"ModelApprovalStatus": "Rejected"})
