"""Listings of keys that boto3 asks for URL-encoded: page by page, none is left out."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.integration.s3_bucket import Bucket
from tests.integration.s3_bucket import bucket as bucket
from tests.integration.s3_bucket import s3 as s3

KEYS = ["%41", "&x", "+", "a b", "b/1", "b/2", "z", "é", "日本/1"]
LISTED = ["%41", "&x", "+", "a b", "b/", "z", "é", "日本/"]


@pytest.fixture
def odd(bucket: Bucket) -> Bucket:
    bucket.delete("old")
    for key in KEYS:
        bucket.put(key)
    return bucket


def listed(page: Any) -> list[str]:
    keys = [item["Key"] for kind in ("Contents", "Versions", "DeleteMarkers") for item in page.get(kind, [])]
    return keys + [item["Prefix"] for item in page.get("CommonPrefixes", [])]


@pytest.mark.parametrize("operation", ["list_objects_v2", "list_objects", "list_object_versions"])
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_pages_have_every_key_once(odd: Bucket, operation: str, size: int) -> None:
    pages = odd.s3.get_paginator(operation).paginate(
        Bucket=odd.name, Delimiter="/", PaginationConfig={"PageSize": size}
    )
    assert sorted(key for page in pages for key in listed(page)) == sorted(LISTED)


@pytest.mark.parametrize(
    ("start", "keys"), [("b/", ["b/1", "b/2", "z", "é", "日本/1"]), ("z", ["é", "日本/1"]), ("é", ["日本/1"])]
)
def test_a_listing_begins_after_a_key(odd: Bucket, start: str, keys: list[str]) -> None:
    page = odd.s3.list_objects_v2(Bucket=odd.name, StartAfter=start)
    assert (listed(page), page["StartAfter"]) == (keys, start)


@pytest.mark.parametrize("prefix", ["é", "a b", "%41", "日本/"])
def test_a_prefix_is_compared_as_it_is(odd: Bucket, prefix: str) -> None:
    page = odd.s3.list_objects_v2(Bucket=odd.name, Prefix=prefix)
    assert (listed(page), page["Prefix"]) == ([key for key in KEYS if key.startswith(prefix)], prefix)


def test_a_page_of_no_keys_is_empty_and_not_truncated(odd: Bucket) -> None:
    page = odd.s3.list_objects_v2(Bucket=odd.name, MaxKeys=0)
    assert (listed(page), page["KeyCount"], page["MaxKeys"], page["IsTruncated"]) == ([], 0, 0, False)


@pytest.mark.parametrize("options", [{"MaxKeys": -1}, {"ContinuationToken": "no token"}, {"EncodingType": "xml"}])
def test_a_value_that_s3_refuses_is_an_invalid_argument(odd: Bucket, options: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="InvalidArgument"):
        odd.s3.list_objects_v2(Bucket=odd.name, **options)
