"""S3's small objects, whose contents are in memory: the event loop may read them."""

from urllib.parse import unquote

from localstack.constants import AWS_REGION_US_EAST_1, DEFAULT_AWS_ACCOUNT_ID

from localstack_plugin.event_loop.small_files import SMALL_BYTES


def is_small(bucket: str, key: str) -> bool:
    """Return whether there is such an object, and it is small. The key is encoded as in a URL."""
    from localstack.services.s3.models import s3_stores  # not before LocalStack has loaded its services

    owner = s3_stores[DEFAULT_AWS_ACCOUNT_ID][AWS_REGION_US_EAST_1].global_bucket_map.get(bucket)
    found = owner and s3_stores[owner][AWS_REGION_US_EAST_1].buckets.get(bucket)  # of all regions
    size_bytes = getattr(found and found.objects.get(unquote(key)), "size", None)  # not of a delete marker
    return size_bytes is not None and size_bytes <= SMALL_BYTES
