"""AWS's own buckets, from which SDKs and examples read: the local cloud has no copy, and its refusal says so."""

import functools
import re
from collections.abc import Callable
from typing import Any

from localstack.aws.api.s3 import NoSuchBucket

from localstack_plugin.replacing import wrap

AWS_OWN = re.compile(r"jumpstart-(private-)?cache-.+|sagemaker-(sample-(files|data-.+)|example-files-.+)")


def install() -> None:
    wrap(
        "localstack.services.s3.provider:S3Provider._get_cross_account_bucket",
        wrapper=naming_aws_own,
        why="LocalStack refuses AWS's own buckets, such as those of JumpStart and of SageMaker's sample data, like any "
        "that does not exist. Here the message says whose they are, and what to do.",
    )


def naming_aws_own(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def get_bucket(provider: Any, context: Any, bucket_name: str, **options: Any) -> Any:
        try:
            return original(provider, context, bucket_name, **options)
        except NoSuchBucket as error:
            if not AWS_OWN.fullmatch(bucket_name):
                raise
            raise NoSuchBucket(
                f"The specified bucket does not exist: {bucket_name} is AWS's own, and the local cloud has no copy. "
                "Create it here, and upload the objects that you need",
                BucketName=bucket_name,
            ) from error

    return get_bucket
