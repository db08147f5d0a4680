"""The records that endpoints capture."""

import json
from dataclasses import dataclass
from typing import Any

from pytest_aws_local.accounts import Account
from pytest_aws_local.endpoints import Endpoint
from pytest_aws_local.polling import poll

TIMEOUT_S = 90.0


@dataclass(frozen=True)
class CapturedRecords:
    """The value of the fixture `captured_records`: call it with an endpoint."""

    account: Account

    def __call__(self, endpoint: Endpoint, count: int = 1, timeout_s: float = TIMEOUT_S) -> list[dict[str, Any]]:
        """Return the records in AWS's format, oldest first, once there are at least `count`.

        Records reach S3 a few seconds after the last request. Raises TimeoutError after `timeout_s`.
        """
        seen: list[dict[str, Any]] = []

        def enough() -> list[dict[str, Any]] | None:
            seen[:] = self._read(endpoint)
            return seen if len(seen) >= count else None

        return poll(enough, timeout_s, lambda: f"{endpoint.name} has captured {len(seen)} of {count} records")

    def _read(self, endpoint: Endpoint) -> list[dict[str, Any]]:
        s3 = self.account.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=endpoint.bucket, Prefix=endpoint.captured)
        keys = sorted(item["Key"] for page in pages for item in page.get("Contents", []))
        texts = (s3.get_object(Bucket=endpoint.bucket, Key=key)["Body"].read().decode() for key in keys)
        return [json.loads(line) for text in texts for line in text.splitlines()]
