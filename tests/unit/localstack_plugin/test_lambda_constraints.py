from typing import Any

import botocore.session
import pytest
from botocore.model import StructureShape

from localstack_plugin.lambda_executor.requests.constraints import reason_to_refuse

LAMBDA = botocore.session.Session().get_service_model("lambda")


def reason(operation: str, **request: Any) -> str | None:
    shape = LAMBDA.operation_model(operation).input_shape
    assert isinstance(shape, StructureShape)
    return reason_to_refuse(operation, shape, request)


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("CreateFunction", {}),
        ("CreateFunction", {"Timeout": 1, "MemorySize": 128, "Handler": "a", "Description": ""}),
        ("CreateFunction", {"Timeout": 900, "MemorySize": 10_240, "Handler": "x" * 128, "Description": "x" * 256}),
        ("CreateFunction", {"Environment": {"Variables": {"AB": "1", "a_1": ""}}, "KMSKeyArn": ""}),
        ("CreateFunction", {"Runtime": "python3.99", "FunctionName": "a b"}),
        ("UpdateFunctionConfiguration", {"DeadLetterConfig": {"TargetArn": ""}, "Timeout": None}),
        ("Invoke", {"InvocationType": "DryRun", "LogType": "None", "Qualifier": "a b"}),
        ("PutFunctionConcurrency", {"ReservedConcurrentExecutions": 0}),
        ("GetFunction", {"FunctionName": "a b"}),
    ],
)
def test_values_within_the_limits_are_accepted(operation: str, request_: dict[str, Any]) -> None:
    assert reason(operation, **request_) is None


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        (
            "CreateFunction",
            {"Timeout": 0},
            "Value '0' at 'timeout' failed to satisfy constraint: Member must have value",
        ),
        ("CreateFunction", {"MemorySize": 127}, "Member must have value greater than or equal to 128"),
        ("CreateFunction", {"Environment": {"Variables": {"A": "x"}}}, "Value '{A=x}' at 'environment.variables'"),
        ("UpdateFunctionConfiguration", {"Timeout": 901}, "1 validation error detected: Value '901' at 'timeout'"),
        ("PutFunctionConcurrency", {"ReservedConcurrentExecutions": -1}, "greater than or equal to 0"),
        (
            "Invoke",
            {"LogType": "All"},
            "Value 'All' at 'logType' failed to satisfy constraint: Member must satisfy enum",
        ),
        (
            "CreateFunction",
            {"Timeout": 901, "MemorySize": 1},
            "2 validation errors detected: Value '1' at 'memorySize'",
        ),
    ],
)
def test_values_beyond_the_limits_are_refused(operation: str, request_: dict[str, Any], message: str) -> None:
    assert message in str(reason(operation, **request_))
