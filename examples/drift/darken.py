"""Send dark, blurred copies of the test images through the workflow, so that the monitor finds a drift.

    python examples/drift/darken.py BUCKET [COUNT]

The copies go under `incoming/` in the bucket, where each starts an execution.
"""

from __future__ import annotations

import io
import sys
from itertools import islice
from typing import Any

import boto3
from PIL import Image, ImageEnhance, ImageFilter

BRIGHTNESS, BLUR_PX = 0.35, 1.5
COUNT = 60


def darkened(image: bytes) -> bytes:
    """Return a dark, blurred copy of an image as PNG."""
    with Image.open(io.BytesIO(image)) as opened:
        blurred = opened.convert("RGB").filter(ImageFilter.GaussianBlur(BLUR_PX))
    copy = io.BytesIO()
    ImageEnhance.Brightness(blurred).enhance(BRIGHTNESS).save(copy, "PNG")
    return copy.getvalue()


def send(s3: Any, bucket: str, count: int) -> int:
    """Put copies of so many test images under `incoming/drift/`, and return how many there were."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="test/")
    keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
    chosen = list(islice(keys, 0, None, max(1, len(keys) // count)))[:count]  # the keys begin with their class
    for key in chosen:
        copy = darkened(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        name = key.rpartition("/")[2].rpartition(".")[0]
        s3.put_object(Bucket=bucket, Key=f"incoming/drift/{name}.png", Body=copy, ContentType="image/png")
    return len(chosen)


if __name__ == "__main__":
    sent = send(boto3.client("s3"), sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else COUNT)
    print(f"{sent} dark copies are under s3://{sys.argv[1]}/incoming/drift/")
