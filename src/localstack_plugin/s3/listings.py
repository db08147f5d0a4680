"""Listings whose keys are URL-encoded, which is what boto3 and the AWS CLI ask for, and the values that S3 refuses.

LocalStack encodes each key before it compares it with a marker or a token that is not encoded. So pages of keys with
spaces, `&` or letters that are not ASCII left out objects. Here the keys are encoded after they were selected.
Source: docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html.
"""

import binascii
import functools
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from localstack.aws.api import RequestContext

from localstack_plugin.replacing import wrap
from localstack_plugin.s3.invalid_arguments import refuse

Operation = Callable[..., Any]
LARGEST: Final = 2**31 - 1
FIELDS: Final = ("Prefix", "Delimiter", "StartAfter", "Marker", "NextMarker", "KeyMarker", "NextKeyMarker")
LISTS: Final = {
    "Contents": "Key",
    "Versions": "Key",
    "DeleteMarkers": "Key",
    "Uploads": "Key",
    "CommonPrefixes": "Prefix",
}


def install() -> None:
    wrap(
        "localstack.services.s3.provider:S3Provider.list_objects",
        "localstack.services.s3.provider:S3Provider.list_objects_v2",
        "localstack.services.s3.provider:S3Provider.list_object_versions",
        "localstack.services.s3.provider:S3Provider.list_multipart_uploads",
        wrapper=encoding_last,
        why="LocalStack compares URL-encoded keys with markers that are not encoded: pages of keys with spaces or "
        "letters that are not ASCII leave out objects. Keys are encoded after they were selected. A page of no keys is "
        "empty, and a value that S3 refuses is refused.",
    )


def encoding_last(original: Operation) -> Operation:
    @functools.wraps(original)
    def list_keys(provider: Any, context: RequestContext, bucket: str, **options: Any) -> Any:
        encoding = options.pop("encoding_type", None)
        check(encoding, options)
        most = next((name for name in ("max_keys", "max_uploads") if options.get(name) == 0), None)
        response = original(provider, context, bucket, **({**options, most: 1} if most else options))
        if most:
            response = without_keys(response)
        return encoded(response) if encoding else response

    return list_keys


def check(encoding: str | None, options: dict[str, Any]) -> None:
    if encoding not in (None, "", "url"):
        refuse("Invalid Encoding Method specified in Request", "encoding-type", encoding)
    for name, argument in (("max_keys", "maxKeys"), ("max_uploads", "maxUploads")):
        if not 0 <= (options.get(name) or 0) <= LARGEST:
            message = f"Argument {argument} must be an integer between 0 and {LARGEST}"
            refuse(message, name.replace("_", "-"), options[name])
    if token := options.get("continuation_token"):
        try:
            urlsafe_b64decode(token.encode()).decode()
        except (binascii.Error, UnicodeError):
            refuse("The continuation token provided is incorrect", "continuation-token", None)


def without_keys(response: Any) -> Any:
    """Return the answer to a request for no keys: it is never truncated."""
    kept = {name: value for name, value in response.items() if name not in LISTS and not name.startswith("Next")}
    counts = {name: 0 for name in ("MaxKeys", "MaxUploads", "KeyCount") if name in kept}
    return {**kept, **counts, "IsTruncated": False}


def encoded(response: Any) -> Any:
    texts = {name: quote(response[name]) for name in FIELDS if response.get(name)}
    lists = {
        name: [{**item, field: quote(item[field])} for item in response[name]]
        for name, field in LISTS.items()
        if name in response
    }
    return {**response, **texts, **lists, "EncodingType": "url"}
