from sagemaker_emulator.wire.descriptions import described


def test_a_description_repeats_the_request_and_adds_what_was_computed() -> None:
    request = {"ModelName": "m", "ExecutionRoleArn": "role", "Tags": [{"Key": "a", "Value": "b"}]}
    computed = {"ModelArn": "arn", "ExecutionRoleArn": "other", "CreationTime": None}
    assert described("DescribeModel", request, computed) == {
        "ModelName": "m",
        "ExecutionRoleArn": "other",
        "ModelArn": "arn",
    }
