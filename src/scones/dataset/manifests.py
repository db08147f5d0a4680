"""The record of a staged data set, and its manifests, as they are written and parsed."""

import json
import re
from dataclasses import dataclass

SPLITS = ("train", "test")
RECORD = "dataset.json"
MANIFESTS = tuple(f"{split}.lst" for split in SPLITS)
# The classes of records that were written before classes could be chosen.
FIRST_CLASSES = ("bicycle", "motorcycle")
# The errors of parsing a file that the application did not write.
PARSE_ERRORS = (ValueError, TypeError, KeyError)
FILENAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}\.png")

Classes = tuple[str, ...]
"""Class names. A name's index is that of its probability in the endpoint's answer."""


@dataclass(frozen=True)
class Dataset:
    """The record of a staged data set.

    digest identifies images, labels and file names, whichever archive they are from.
    """

    name: str
    digest: str
    train_images: int
    test_images: int
    classes: Classes


def class_name(index: int | None, classes: Classes) -> str:
    return classes[index] if index is not None and index < len(classes) else "unknown"


def parse_manifest(text: bytes) -> dict[str, int]:
    """Return labels by file name.

    Raises:
        ValueError: the text is not a manifest that the application wrote.
    """
    fields = [line.split("\t") for line in text.decode().splitlines()]
    labels = {filename: int(label) for _, label, filename in fields}
    if not all(FILENAME.fullmatch(filename) for filename in labels):
        raise ValueError("it has a file name that is not a plain one ending in .png")
    return labels


def parse_dataset(text: bytes) -> Dataset:
    """Parse a record.

    Raises:
        ValueError, TypeError, KeyError: the text is not a record that the application wrote.
    """
    fields = json.loads(text)
    counts = int(fields["train_images"]), int(fields["test_images"])
    classes = tuple(str(name) for name in fields.get("classes", FIRST_CLASSES))
    return Dataset(str(fields["name"]), str(fields["digest"]), *counts, classes)
