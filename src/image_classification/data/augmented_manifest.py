"""Reader of an augmented manifest in Pipe mode: SageMaker sends two records per line, the image and its label."""

import json

from image_classification.data.channels import CLASS_ID
from image_classification.data.image_sources import ImageRecords
from image_classification.data.labels import Labels, WrongLabelError, multi_hot, multi_hot_of_ids, one_hot
from image_classification.data.recordio_format import MAGIC, BrokenRecordError, content, records
from image_classification.data.shared_file import SharedFile
from image_classification.failure import CustomerError

LABEL_LIMIT_BYTES = 1 << 20
ATTRIBUTES = 'AttributeNames must be the image and its label, for instance ["source-ref", "class"]'


def read_augmented_manifest(
    file: SharedFile, channel: str, num_classes: int, multi_label: bool, label_format: str
) -> tuple[ImageRecords, Labels]:
    """Return the images and their labels. Raises CustomerError."""
    try:
        image_and_label_records = list(records(file))
    except BrokenRecordError as error:
        raise invalid(channel, str(error)) from error
    if not image_and_label_records:
        raise invalid(channel, "it has no images")
    if len(image_and_label_records) % 2:
        count = len(image_and_label_records)
        raise invalid(channel, f"{count} records are not pairs of image and label: {ATTRIBUTES}")
    images, labels = image_and_label_records[::2], image_and_label_records[1::2]
    names = [f"line {line}" for line in range(1, len(images) + 1)]
    if content(file, images[0])[:4] == MAGIC:
        raise invalid(
            channel,
            "its first image is RecordIO: for .rec files leave RecordWrapperType unset, they are records already",
        )
    rows = [label_row(content(file, record), channel, name) for record, name in zip(labels, names, strict=True)]
    try:
        return ImageRecords(file, images, names), labels_of(rows, num_classes, multi_label, label_format)
    except WrongLabelError as error:
        raise invalid(channel, f"{names[error.index]}: {error}") from error


def labels_of(rows: list[list[float]], num_classes: int, multi_label: bool, label_format: str) -> Labels:
    if multi_label:
        return (multi_hot_of_ids if label_format == CLASS_ID else multi_hot)(rows, num_classes)
    for index, row in enumerate(rows):
        if len(row) != 1:
            raise WrongLabelError(index, f"{len(row)} labels, and multi_label is 0")
    return one_hot([row[0] for row in rows], num_classes)


def label_row(text: bytes, channel: str, name: str) -> list[float]:
    """Return the labels in a record, which is JSON: a number or a list of numbers. Raises CustomerError."""
    try:
        value = json.loads(text[:LABEL_LIMIT_BYTES])
    except (ValueError, RecursionError):
        value = None
    row = value if isinstance(value, list) else [value]
    if not all(isinstance(entry, int | float) and not isinstance(entry, bool) for entry in row):
        raise invalid(
            channel, f"{name}: the label {text[:60]!r} is neither a number nor a list of numbers: {ATTRIBUTES}"
        )
    return [float(entry) for entry in row]


def invalid(channel: str, problem: str) -> CustomerError:
    return CustomerError(f"Invalid augmented manifest in the {channel} channel. {problem}.")
