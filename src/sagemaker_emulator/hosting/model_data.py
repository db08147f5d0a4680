"""The look at a model's data that CreateModel takes before it accepts the model.

The words are AWS's, from messages that users of CreateModel have published (for example aws/sagemaker-python-sdk#608).
Whether the role may read the data is S3's decision: LocalStack enforces no policies, another S3 may.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from sagemaker_emulator.aws_clients.clients import S3Location, is_callers_fault
from sagemaker_emulator.errors import validation
from sagemaker_emulator.resources.container_definition import ContainerDefinition
from sagemaker_emulator.resources.model import Model

NOT_FOUND = 404


def require_model_data(s3: Any, model: Model, region: str) -> None:
    """Raise ValidationException if S3 does not have the model's data or does not give it.

    An S3 that cannot answer says nothing about the data: its error is raised as it is, and the request ends in a 500,
    which SDKs send again.
    """
    for container in model.containers:
        _require_data_of(s3, container, model, region)


def _require_data_of(s3: Any, container: ContainerDefinition, model: Model, region: str) -> None:
    uri = container.artifacts_uri
    if uri is None:
        _refuse_missing_prefix(container)
        return
    try:
        exists = _exists(s3, S3Location.parse(uri), container.has_uncompressed_data or container.is_multi_model)
    except ValueError as error:
        raise validation(f"The model data {error}. URLs of other schemes are not emulated.") from error
    except ParamValidationError:  # no bucket can have such a name
        exists = False
    except ClientError as error:
        if not is_callers_fault(error):
            raise
        raise validation(_not_accessible(uri, model.role_arn, region)) from error
    if not exists:
        raise validation(f"Could not find model data at {uri}.")
    if container.has_uncompressed_data and not container.is_multi_model:
        raise validation(
            f"The uncompressed model data at {uri} cannot be served: S3DataType S3Prefix and CompressionType None are "
            "not emulated. Pack the files into a model.tar.gz, and name it with S3DataType S3Object and "
            "CompressionType Gzip, or in ModelDataUrl."
        )


def _refuse_missing_prefix(container: ContainerDefinition) -> None:
    if container.is_multi_model:
        raise validation("A container with the Mode MultiModel needs a ModelDataUrl: the prefix of its models.")


def _exists(s3: Any, location: S3Location, is_prefix: bool) -> bool:
    try:
        if is_prefix:
            return bool(s3.list_objects_v2(Bucket=location.bucket, Prefix=location.key, MaxKeys=1).get("Contents"))
        s3.head_object(Bucket=location.bucket, Key=location.key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == NOT_FOUND:
            return False
        raise
    return True


def _not_accessible(uri: str, role_arn: str, region: str) -> str:
    return (
        f'Could not access model data at {uri}. Please ensure that the role "{role_arn}" exists and that its trust '
        'relationship policy allows the action "sts:AssumeRole" for the service principal "sagemaker.amazonaws.com". '
        f'Also ensure that the role has "s3:GetObject" permissions and that the object is located in {region}. '
        "If your Model uses multiple models or uncompressed models, please ensure that the role has "
        '"s3:ListBucket" permission.'
    )
