"""The violations that an analyzer left in its output, for analyzers that leave no exit message."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from sagemaker_emulator.aws_clients.clients import S3Location
from sagemaker_emulator.jobs.input_objects import MISSING_CODES

NAMES = ("constraint_violations.json", "constraints_violations.json")  # the guide has both
MAX_BYTES = 4 << 20


def has_violations(s3: Any, folder_uri: str) -> bool:
    """Return whether a document in the output lists violations. A missing or unreadable document lists none."""
    folder = S3Location.parse(folder_uri)
    return any(_lists_violations(s3, folder.joined(name)) for name in NAMES)


def _lists_violations(s3: Any, location: S3Location) -> bool:
    try:
        body = s3.get_object(Bucket=location.bucket, Key=location.key)["Body"].read(MAX_BYTES)
        document = json.loads(body)
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING_CODES:
            return False
        raise
    except ValueError:
        return False
    return isinstance(document, dict) and bool(document.get("violations"))
