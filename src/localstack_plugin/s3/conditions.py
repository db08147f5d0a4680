"""Conditional deletes and copies, which S3 has since September and October 2025.

Source: docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html and conditional-writes.html.
"""

import functools
from collections.abc import Callable
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.api.s3 import Error, NoSuchKey, PreconditionFailed
from localstack.aws.api.s3 import NotImplemented as NotImplementedException
from localstack.services.s3.exceptions import MalformedXML
from localstack.services.s3.models import S3DeleteMarker
from localstack.services.s3.provider import verify_object_equality_precondition_write

from localstack_plugin.replacing import wrap

Operation = Callable[..., Any]
MOST_DELETED = 1000
FAILED = "At least one of the pre-conditions you specified did not hold"


def install() -> None:
    wrap(
        "localstack.services.s3.provider:S3Provider.delete_object",
        wrapper=deleting_one,
        why="LocalStack has no conditional deletes. Here If-Match is compared with the object's ETag; `*` requires "
        "that the object exists.",
    )
    wrap(
        "localstack.services.s3.provider:S3Provider.delete_objects",
        wrapper=deleting_several,
        why="LocalStack ignores the ETags of DeleteObjects, and deletes any number of objects. An object whose ETag "
        "differs is kept and named in Errors. More than 1,000 objects are refused.",
    )
    wrap(
        "localstack.services.s3.provider:S3Provider.copy_object",
        wrapper=copying,
        why="LocalStack ignores If-Match and If-None-Match of CopyObject. Here they are checked like those of "
        "PutObject.",
    )


def deleting_one(original: Operation) -> Operation:
    @functools.wraps(original)
    def delete_object(
        provider: Any, context: RequestContext, bucket: str, key: str, if_match: str | None = None, **options: Any
    ) -> Any:
        if if_match:
            _, s3_bucket = provider._get_cross_account_bucket(context, bucket)
            judge_deletion(s3_bucket, key, if_match)
        return original(provider, context, bucket, key, **options)

    return delete_object


def judge_deletion(s3_bucket: Any, key: str, etag: str) -> None:
    """Raise NoSuchKey or PreconditionFailed unless the current version may be deleted."""
    current = s3_bucket.objects.get(key)
    if current is None:
        raise NoSuchKey("The specified key does not exist.", Key=key)
    if isinstance(current, S3DeleteMarker) or (etag != "*" and current.etag != etag.strip('"')):
        raise PreconditionFailed(FAILED, Condition="If-Match")


def deleting_several(original: Operation) -> Operation:
    @functools.wraps(original)
    def delete_objects(provider: Any, context: RequestContext, bucket: str, delete: Any, **options: Any) -> Any:
        if len(delete.get("Objects") or ()) > MOST_DELETED:
            raise MalformedXML()
        _, s3_bucket = provider._get_cross_account_bucket(context, bucket)
        kept: list[Any] = []
        errors: list[Error] = []
        for item in delete.get("Objects") or ():
            if error := error_of(s3_bucket, item):
                errors.append(error)
            else:
                kept.append(item)
        if not errors:
            return original(provider, context, bucket, delete, **options)
        output = original(provider, context, bucket, {**delete, "Objects": kept}, **options) if kept else {}
        return {**output, "Errors": [*output.get("Errors", []), *errors]}

    return delete_objects


def error_of(s3_bucket: Any, item: Any) -> Error | None:
    if not item.get("ETag"):
        return None
    try:
        judge_deletion(s3_bucket, item["Key"], item["ETag"])
    except (NoSuchKey, PreconditionFailed) as error:
        return Error(Key=item["Key"], Code=type(error).__name__, Message=str(error))
    return None


def copying(original: Operation) -> Operation:
    @functools.wraps(original)
    def copy_object(provider: Any, context: RequestContext, request: Any) -> Any:
        # LocalStack's model of the operation is older than its conditions
        headers = context.request.headers
        if_match, if_none_match = headers.get("If-Match"), headers.get("If-None-Match")
        if if_match or if_none_match:
            refuse_unsupported(if_match, if_none_match)
            _, s3_bucket = provider._get_cross_account_bucket(context, request["Bucket"])
            judge_copy(s3_bucket, request["Key"], if_match)
        return original(provider, context, request)

    return copy_object


def refuse_unsupported(if_match: str | None, if_none_match: str | None) -> None:
    """Refuse what S3 has no conditional write for: both conditions, and other values than it compares."""
    if (if_match and if_none_match) or if_match == "*" or if_none_match not in {None, "*"}:
        raise NotImplementedException(
            "A header you provided implies functionality that is not implemented",
            Header="If-Match" if if_match else "If-None-Match",
        )


def judge_copy(s3_bucket: Any, key: str, if_match: str | None) -> None:
    if if_match:
        verify_object_equality_precondition_write(s3_bucket, key, if_match)
        return
    current = s3_bucket.objects.get(key)
    if current is not None and not isinstance(current, S3DeleteMarker):
        raise PreconditionFailed(FAILED, Condition="If-None-Match")
