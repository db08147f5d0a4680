"""Errors of SageMaker as Step Functions names and words them."""

from collections.abc import Set

from botocore.exceptions import ClientError


def error_name(error: ClientError, modeled_codes: Set[str]) -> str:
    """Return the name by which a Catch can match the error.

    AWS names it after the class of the SDK for Java 1, which has one for each modeled error and one for all others.
    """
    code: str = error.response["Error"]["Code"]
    if code not in modeled_codes:
        return "SageMaker.AmazonSageMakerException"
    return f"SageMaker.{code.removesuffix('Exception')}Exception"


def error_cause(error: ClientError) -> str:
    metadata = error.response["ResponseMetadata"]
    details = [
        "Service: AmazonSageMaker",
        f"Status Code: {metadata['HTTPStatusCode']}",
        f"Error Code: {error.response['Error']['Code']}",
        f"Request ID: {metadata.get('RequestId')}",
        "Proxy: null",
    ]
    return f"{error.response['Error']['Message']} ({'; '.join(details)})"
