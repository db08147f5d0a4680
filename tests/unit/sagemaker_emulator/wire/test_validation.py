import pytest

from sagemaker_emulator.wire import AwsError, Call, validate
from sagemaker_emulator.wire.model import Value

NAME_PATTERN = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
JOB: dict[str, Value] = {
    "TrainingJobName": "job-1",
    "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
    "RoleArn": "arn:aws:iam::123456789012:role/sagemaker",
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
    "ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 5},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
}


def refusal(operation: str, values: dict[str, Value], service: str = "sagemaker") -> AwsError:
    with pytest.raises(AwsError) as caught:
        validate(Call(service, operation, values))
    return caught.value


def violation(**changes: Value) -> str:
    return refusal("CreateTrainingJob", {**JOB, **changes}).message


def test_a_legal_request_passes() -> None:
    validate(Call("sagemaker", "CreateTrainingJob", JOB))


def test_a_pattern_must_match_the_whole_value() -> None:
    assert violation(TrainingJobName="job-1\n") == (
        "1 validation error detected: Value 'job-1\n' at 'trainingJobName' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {NAME_PATTERN}"
    )


def test_a_name_of_64_characters_breaks_length_and_pattern() -> None:
    name = "a" * 64
    assert violation(TrainingJobName=name) == (
        f"2 validation errors detected: Value '{name}' at 'trainingJobName' failed to satisfy constraint: "
        f"Member must have length less than or equal to 63; Value '{name}' at 'trainingJobName' failed to satisfy "
        f"constraint: Member must satisfy regular expression pattern: {NAME_PATTERN}"
    )


def test_an_enum_names_what_is_allowed() -> None:
    image = {"TrainingImage": "image", "TrainingInputMode": "Stream"}
    assert violation(AlgorithmSpecification=image) == (
        "1 validation error detected: Value 'Stream' at 'algorithmSpecification.trainingInputMode' failed to satisfy "
        "constraint: Member must satisfy enum value set: [Pipe, File, FastFile]"
    )


def test_a_number_has_its_range() -> None:
    resources = {**JOB["ResourceConfig"], "InstanceCount": -1}
    assert violation(ResourceConfig=resources) == (
        "1 validation error detected: Value '-1' at 'resourceConfig.instanceCount' failed to satisfy constraint: "
        "Member must have value greater than or equal to 0"
    )


def test_a_missing_member_is_null() -> None:
    message = refusal("DescribeTrainingJob", {}).message
    assert message == (
        "1 validation error detected: Value null at 'trainingJobName' failed to satisfy constraint: "
        "Member must not be null"
    )


def test_list_items_count_from_one() -> None:
    message = violation(Tags=[{"Key": "a", "Value": "b"}, {"Key": "c"}])
    assert message.startswith("1 validation error detected: Value null at 'tags.2.member.value' failed")


def test_a_null_item_is_refused() -> None:
    assert "Value null at 'tags.1.member' failed" in violation(Tags=[None])


def test_a_list_of_strings_says_all_constraints_of_its_items() -> None:
    network = {"SecurityGroupIds": ["sg 1"], "Subnets": ["subnet-1"]}
    assert violation(VpcConfig=network) == (
        "1 validation error detected: Value '[sg 1]' at 'vpcConfig.securityGroupIds' failed to satisfy constraint: "
        "Member must satisfy constraint: [Member must have length less than or equal to 32, "
        "Member must have length greater than or equal to 0, "
        "Member must satisfy regular expression pattern: [-0-9a-zA-Z]+]"
    )


def test_a_map_says_the_constraints_of_its_values() -> None:
    assert violation(HyperParameters={"epochs": "9" * 2501}).endswith(
        "at 'hyperParameters' failed to satisfy constraint: Map value must satisfy constraint: "
        "[Member must have length less than or equal to 2500, Member must have length greater than or equal to 0, "
        "Member must satisfy regular expression pattern: .*]"
    )


def test_the_runtime_calls_it_a_validation_error() -> None:
    error = refusal("InvokeEndpoint", {"EndpointName": "a_b", "Body": b""}, "sagemaker-runtime")
    assert (error.code, error.status) == ("ValidationError", 400)
    assert "Value 'a_b' at 'endpointName' failed" in error.message


def test_a_payload_over_6_mb_is_refused_without_being_shown() -> None:
    error = refusal("InvokeEndpoint", {"EndpointName": "a", "Body": bytes(6291457)}, "sagemaker-runtime")
    assert error.message == (
        "1 validation error detected: Value at 'body' failed to satisfy constraint: "
        "Member must have length less than or equal to 6291456"
    )
