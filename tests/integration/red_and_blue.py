"""The data set of the tests' color model: mostly red or mostly blue pictures, with manifests."""

import io
import random

import boto3
from PIL import Image

TRAIN_IMAGES, TEST_IMAGES = 12, 8
SPLITS = {"test": TEST_IMAGES, "train": TRAIN_IMAGES}


def picture(label: int, generator: random.Random) -> bytes:
    strong, weak = generator.randrange(150, 256), generator.randrange(100)
    body = io.BytesIO()
    Image.new("RGB", (8, 8), (weak, 50, strong) if label else (strong, 50, weak)).save(body, "PNG")
    return body.getvalue()


def put_images(bucket: str) -> None:
    s3, generator = boto3.client("s3"), random.Random(5)
    for split, count in SPLITS.items():
        for index in range(count):
            s3.put_object(Bucket=bucket, Key=f"{split}/{index}.png", Body=picture(index % 2, generator))


def put_manifest(bucket: str, split: str, labels: list[int] | None = None) -> None:
    """Upload a manifest. Without `labels`, red is 0 and blue is 1."""
    labels = [index % 2 for index in range(SPLITS[split])] if labels is None else labels
    lines = "".join(f"{index}\t{label}\t{index}.png\n" for index, label in enumerate(labels))
    boto3.client("s3").put_object(Bucket=bucket, Key=f"{split}.lst", Body=lines.encode())
