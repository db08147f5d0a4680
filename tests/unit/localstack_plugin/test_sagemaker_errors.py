import pytest
from botocore.exceptions import ClientError

from localstack_plugin.stepfunctions.sagemaker_errors import error_cause, error_name


def client_error(code: str) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": "It is in use."},
            "ResponseMetadata": {
                "HTTPStatusCode": 400,
                "RequestId": "1-2-3",
            },
        },
        "CreateTrainingJob",
    )


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("ResourceInUse", "SageMaker.ResourceInUseException"),
        ("ConflictException", "SageMaker.ConflictException"),
        ("ValidationException", "SageMaker.AmazonSageMakerException"),
    ],
)
def test_an_error_is_named_after_the_class_of_the_java_sdk(code: str, name: str) -> None:
    assert error_name(client_error(code), {"ResourceInUse", "ConflictException"}) == name


def test_the_cause_is_worded_as_the_java_sdk_words_it() -> None:
    assert error_cause(client_error("ResourceInUse")) == (
        "It is in use. (Service: AmazonSageMaker; Status Code: 400; Error Code: ResourceInUse; "
        "Request ID: 1-2-3; Proxy: null)"
    )
