"""Inspect data: check the staged images and manifests before a training job costs money."""

from collections.abc import Iterator
from typing import Any

import boto3

SPLITS = ("train", "test")

s3 = boto3.client("s3")


class InspectDataError(Exception):
    """The base of this function's errors."""


class DataNotStaged(InspectDataError):
    """A manifest does not exist."""


class ManifestNotUnderstood(InspectDataError):
    """A manifest's lines are not row, label and file name."""


class ImagesMissing(InspectDataError):
    """A manifest names images that are not in the bucket."""


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Return the number of images in each split, and the hyperparameters that follow from the data."""
    bucket = event["bucket"]
    labels = {split: checked_labels(bucket, split) for split in SPLITS}
    hyperparameters = {"num_training_samples": len(labels["train"]), "num_classes": max(labels["train"]) + 1}
    return {
        "images": {split: len(split_labels) for split, split_labels in labels.items()},
        "hyperparameters": {name: str(value) for name, value in hyperparameters.items()},
    }


def checked_labels(bucket: str, split: str) -> list[int]:
    """Return the labels in a split's manifest, once all of its images are known to exist."""
    lines = list(labeled(f"s3://{bucket}/{split}.lst", manifest_text(bucket, f"{split}.lst")))
    names = [name for _, name in lines]
    if missing := sorted(set(names) - set(file_names(bucket, f"{split}/"))):
        raise ImagesMissing(
            f"{len(missing)} of the {len(names)} images that s3://{bucket}/{split}.lst names are not under {split}/, "
            f"first {missing[0]}: stage the images before their manifest"
        )
    return [label for label, _ in lines]


def manifest_text(bucket: str, key: str) -> str:
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket) as error:
        raise DataNotStaged(f"s3://{bucket}/{key} does not exist ({error}): run `scones stage` first") from error
    return str(body, "utf-8", "replace")


def labeled(uri: str, text: str) -> Iterator[tuple[int, str]]:
    """Yield the label and the file name of each line."""
    lines = text.splitlines()
    if not lines:
        raise ManifestNotUnderstood(f"{uri} is empty; it should have one line for each image: row, label, file name")
    for number, line in enumerate(lines, 1):
        fields = line.split("\t")
        if len(fields) != 3 or not fields[1].isdecimal() or not fields[2]:
            raise ManifestNotUnderstood(
                f"{uri}, line {number}, is {line!r:.80}; it should be row, label and file name, separated by tabs"
            )
        yield int(fields[1]), fields[2]


def file_names(bucket: str, prefix: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from (item["Key"].removeprefix(prefix) for item in page.get("Contents", []))
