import pytest
from tests.unit.sagemaker_emulator.wire.small_models import model

from sagemaker_emulator.wire import AwsError, Call, validate
from sagemaker_emulator.wire.constraints import violations
from sagemaker_emulator.wire.model import Definition, ServiceModel, Value

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


def test_a_too_long_name_breaks_length_and_pattern() -> None:
    name = "a" * 64
    assert violation(TrainingJobName=name) == (
        f"2 validation errors detected: Value '{name}' at 'trainingJobName' failed to satisfy constraint: "
        f"Member must have length less than or equal to 63; Value '{name}' at 'trainingJobName' failed to satisfy "
        f"constraint: Member must satisfy regular expression pattern: {NAME_PATTERN}"
    )


def test_an_enum_error_names_the_allowed_values() -> None:
    image = {"TrainingImage": "image", "TrainingInputMode": "Stream"}
    assert violation(AlgorithmSpecification=image) == (
        "1 validation error detected: Value 'Stream' at 'algorithmSpecification.trainingInputMode' failed to satisfy "
        "constraint: Member must satisfy enum value set: [Pipe, File, FastFile]"
    )


def test_a_number_outside_its_range_is_refused() -> None:
    resources = {**JOB["ResourceConfig"], "InstanceCount": -1}
    assert violation(ResourceConfig=resources) == (
        "1 validation error detected: Value '-1' at 'resourceConfig.instanceCount' failed to satisfy constraint: "
        "Member must have value greater than or equal to 0"
    )


def test_a_missing_required_member_is_reported_as_null() -> None:
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


def test_an_error_in_a_list_names_all_constraints_of_its_items() -> None:
    network = {"SecurityGroupIds": ["sg 1"], "Subnets": ["subnet-1"]}
    assert violation(VpcConfig=network) == (
        "1 validation error detected: Value '[sg 1]' at 'vpcConfig.securityGroupIds' failed to satisfy constraint: "
        "Member must satisfy constraint: [Member must have length less than or equal to 32, "
        "Member must have length greater than or equal to 0, "
        "Member must satisfy regular expression pattern: [-0-9a-zA-Z]+]"
    )


def test_an_error_in_a_map_names_the_constraints_of_its_values() -> None:
    assert violation(HyperParameters={"epochs": "9" * 2501}).endswith(
        "at 'hyperParameters' failed to satisfy constraint: Map value must satisfy constraint: "
        "[Member must have length less than or equal to 2500, Member must have length greater than or equal to 0, "
        "Member must satisfy regular expression pattern: .*]"
    )


def test_the_runtime_names_the_error_validation_error() -> None:
    error = refusal("InvokeEndpoint", {"EndpointName": "a_b", "Body": b""}, "sagemaker-runtime")
    assert (error.code, error.status) == ("ValidationError", 400)
    assert "Value 'a_b' at 'endpointName' failed" in error.message


def test_a_payload_over_6_mb_is_refused_without_being_shown() -> None:
    error = refusal("InvokeEndpoint", {"EndpointName": "a", "Body": bytes(6291457)}, "sagemaker-runtime")
    assert error.message == (
        "1 validation error detected: Value at 'body' failed to satisfy constraint: "
        "Member must have length less than or equal to 6291456"
    )


SHORT: Definition = {"type": "string", "min": 1, "max": 3, "pattern": "[a-z]*"}
SHAPES: Definition = {
    "short": SHORT,
    "color": {"type": "string", "enum": ["red", "blue"]},
    "secret": {"type": "string", "max": 1, "sensitive": True},
    "percentage": {"type": "integer", "min": 0, "max": 100},
    "bytes": {"type": "blob", "max": 2},
    "shorts": {"type": "list", "min": 1, "max": 2, "member": {"shape": "short"}},
    "colors": {"type": "list", "member": {"shape": "color"}},
    "pairs": {"type": "map", "max": 1, "key": {"shape": "short"}, "value": {"shape": "color"}},
    "item": {"type": "structure", "required": ["Name"], "members": {"Name": {"shape": "short"}}},
    "items": {"type": "list", "member": {"shape": "item"}},
    "item by name": {"type": "map", "key": {"shape": "string"}, "value": {"shape": "item"}},
    "everything": {
        "type": "structure",
        "members": {
            "Flag": {"shape": "boolean"},
            "Bytes": {"shape": "blob"},
            "Colors": {"shape": "strings"},
            "Pairs": {"shape": "map of numbers"},
            "Lists": {"shape": "map of lists"},
        },
    },
    "two of everything": {"type": "list", "max": 1, "member": {"shape": "everything"}},
}
TOO_LONG = "Member must have length less than or equal to"
TOO_SHORT = "Member must have length greater than or equal to"
ALL_OF_SHORT = f"[{TOO_LONG} 3, {TOO_SHORT} 1, Member must satisfy regular expression pattern: [a-z]*]"
ALL_OF_COLOR = "[Member must satisfy enum value set: [red, blue]]"


def broken(shape: str, value: Value) -> list[str]:
    things = ServiceModel(model({"Value": {"shape": shape}}, shapes=SHAPES)).shape("Things")
    return violations(things, {"Value": value})


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        ("short", "a"),
        ("short", "abc"),
        ("percentage", 0),
        ("percentage", 100),
        ("bytes", b"12"),
        ("color", "blue"),
        ("shorts", ["a"]),
        ("shorts", ["a", "b"]),
        ("pairs", {"a": "red"}),
        ("items", [{"Name": "a"}]),
        ("item by name", {"any": {"Name": "a"}}),
        ("short", None),
    ],
)
def test_a_value_at_its_limits_is_legal(shape: str, value: Value) -> None:
    assert broken(shape, value) == []


@pytest.mark.parametrize(
    ("shape", "value", "shown", "constraints"),
    [
        ("short", "abcd", "Value 'abcd' at 'value'", [f"{TOO_LONG} 3"]),
        ("short", "", "Value '' at 'value'", [f"{TOO_SHORT} 1"]),
        ("percentage", 101, "Value '101' at 'value'", ["Member must have value less than or equal to 100"]),
        ("percentage", -1, "Value '-1' at 'value'", ["Member must have value greater than or equal to 0"]),
        ("secret", "xyz", "Value at 'value'", [f"{TOO_LONG} 1"]),
        ("bytes", b"123", "Value 'java.nio.HeapByteBuffer[pos=0 lim=3 cap=3]' at 'value'", [f"{TOO_LONG} 2"]),
        ("shorts", [], "Value '[]' at 'value'", [f"{TOO_SHORT} 1"]),
        ("shorts", ["a", "B"], "Value '[a, B]' at 'value'", [f"Member must satisfy constraint: {ALL_OF_SHORT}"]),
        (
            "shorts",
            ["a", None, "b"],
            "Value '[a, null, b]' at 'value'",
            [f"{TOO_LONG} 2", "Member must satisfy constraint: [Member must not be null]"],
        ),
        (
            "colors",
            ["red", "pink"],
            "Value '[red, pink]' at 'value'",
            [f"Member must satisfy constraint: {ALL_OF_COLOR}"],
        ),
        (
            "pairs",
            {"a": "red", "b": "blue"},
            "Value '{a=red, b=blue}' at 'value'",
            [f"{TOO_LONG} 1"],
        ),
        (
            "pairs",
            {"A": "pink"},
            "Value '{A=pink}' at 'value'",
            [
                f"Map keys must satisfy constraint: {ALL_OF_SHORT}",
                f"Map value must satisfy constraint: {ALL_OF_COLOR}",
            ],
        ),
        (
            "pairs",
            {"a": None},
            "Value '{a=null}' at 'value'",
            ["Map value must satisfy constraint: [Member must not be null]"],
        ),
        ("items", [None], "Value null at 'value.1.member'", ["Member must not be null"]),
        ("items", [{"Name": "a"}, {}], "Value null at 'value.2.member.name'", ["Member must not be null"]),
        ("item by name", {"a": {"Name": ""}}, "Value '' at 'value.a.member.name'", [f"{TOO_SHORT} 1"]),
        ("item by name", {"a": None}, "Value null at 'value.a.member'", ["Member must not be null"]),
    ],
)
def test_each_broken_constraint_has_awss_message(shape: str, value: Value, shown: str, constraints: list[str]) -> None:
    assert broken(shape, value) == [f"{shown} failed to satisfy constraint: {text}" for text in constraints]


def test_a_value_is_shown_as_java_prints_it() -> None:
    first = {"Flag": True, "Bytes": b"12", "Colors": ["red", "blue"], "Pairs": {"a": 1, "b": 2}, "Lists": {"a": [1, 2]}}
    (violation,) = broken("two of everything", [first, {"Flag": None}])
    assert violation.startswith(
        "Value '[everything(flag=true, bytes=java.nio.HeapByteBuffer[pos=0 lim=2 cap=2], colors=[red, blue], "
        "pairs={a=1, b=2}, lists={a=[1, 2]}), everything(flag=null)]' at 'value'"
    )


@pytest.mark.parametrize(
    ("maximum", "length", "is_matched"), [(None, 1000, True), (3, 256, True), (3, 257, False), (300, 300, True)]
)
def test_a_value_far_over_its_maximum_is_not_matched_with_the_pattern(
    maximum: int | None, length: int, is_matched: bool
) -> None:
    shape = {"type": "string", "pattern": "[a-z]*", **({"max": maximum} if maximum else {})}
    things = ServiceModel(model({"Value": {"shape": "long text"}}, shapes={"long text": shape})).shape("Things")
    texts = violations(things, {"Value": "A" * length})
    assert any("regular expression pattern" in text for text in texts) is is_matched


@pytest.mark.parametrize(
    ("member", "value", "sentence"),
    [
        (
            "RoleArn",
            "arn\0",
            "Value 'arn\0' at 'roleArn' failed to satisfy constraint: Member must satisfy regular expression pattern",
        ),
        (
            "AlgorithmSpecification",
            {"TrainingInputMode": "File", "TrainingImage": "i", "ContainerArguments": ["a\0b", "c"]},
            "Value '[a\0b, c]' at 'algorithmSpecification.containerArguments' failed to satisfy constraint: "
            "Member must satisfy constraint: [Member must satisfy regular expression pattern",
        ),
        (
            "HyperParameters",
            {"a\0": "b"},
            "Value '{a\0=b}' at 'hyperParameters' failed to satisfy constraint: "
            "Map keys must satisfy constraint: [Member must satisfy regular expression pattern",
        ),
    ],
)
def test_a_nul_is_refused_in_every_text(member: str, value: Value, sentence: str) -> None:
    assert violation(**{member: value}).startswith(f"1 validation error detected: {sentence}: [^\\x00]*")
