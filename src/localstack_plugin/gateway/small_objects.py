"""S3's small objects, which the event loop may read: their contents are kept in memory."""

from urllib.parse import unquote

from localstack.constants import AWS_REGION_US_EAST_1, DEFAULT_AWS_ACCOUNT_ID

from localstack_plugin.event_loop.small_files import SMALL_BYTES


def is_small(bucket: str, key: str) -> bool:
    """Return whether there is such an object, and it is small. The key is encoded as in a URL."""
    from localstack.services.s3.models import s3_stores  # not before LocalStack has loaded its services

    owner = s3_stores[DEFAULT_AWS_ACCOUNT_ID][AWS_REGION_US_EAST_1].global_bucket_map.get(bucket)
    found = owner and s3_stores[owner][AWS_REGION_US_EAST_1].buckets.get(bucket)  # of all regions
    stored = found and found.objects.get(unquote(key))
    size_bytes = getattr(stored, "size", None)  # a delete marker has none
    return size_bytes is not None and size_bytes <= SMALL_BYTES
