"""The files that a ResultWriter writes to S3, and the items that an ItemReader makes of a listing."""

import json
from collections.abc import Sequence
from typing import Any

from botocore.client import BaseClient

from localstack_plugin.stepfunctions.distributed_map.child_workflows import Child

STATUSES = ("FAILED", "PENDING", "SUCCEEDED")


def item_from(listed: dict[str, Any]) -> dict[str, Any]:
    """Return the item that a child workflow gets for an object of ListObjectsV2."""
    return {
        "Etag": listed["ETag"],
        "Key": listed["Key"],
        "LastModified": int(listed["LastModified"].timestamp()),
        "Size": listed["Size"],
        "StorageClass": listed["StorageClass"],
    }


def put_results(s3: BaseClient, bucket: str, prefix: str, map_run_arn: str, children: Sequence[Child]) -> str:
    """Write a file for each status that occurs, and the manifest that names them; return the manifest's key."""
    folder = folder_of(prefix, map_run_arn)
    files = {status: _put_file(s3, bucket, folder, status, children) for status in STATUSES}
    manifest = {"DestinationBucket": bucket, "MapRunArn": map_run_arn, "ResultFiles": files}
    key = f"{folder}/manifest.json"
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(manifest).encode())
    return key


def folder_of(prefix: str, map_run_arn: str) -> str:
    separator = "/" if prefix and not prefix.endswith("/") else ""
    return f"{prefix}{separator}{map_run_arn.split(':')[-1]}"


def _put_file(s3: BaseClient, bucket: str, folder: str, status: str, children: Sequence[Child]) -> list[dict[str, Any]]:
    chosen = [child for child in children if child["Status"] == status]
    if not chosen:
        return []
    key, body = f"{folder}/{status}_0.json", json.dumps(chosen).encode()
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    return [{"Key": key, "Size": len(body)}]
