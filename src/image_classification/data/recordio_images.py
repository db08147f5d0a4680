"""Reader of a `.rec` file of images as MXNet's im2rec packs them, with the labels in the header of each record."""

from pathlib import Path

from image_classification.data.image_sources import ImageRecords
from image_classification.data.labels import Labels, WrongLabelError, multi_hot, one_hot
from image_classification.data.recordio_format import BrokenRecordError, ImageHeader, Record, image_header, records
from image_classification.data.shared_file import SharedFile
from image_classification.failure import CustomerError


def recordio_file(folder: Path, channel: str) -> SharedFile:
    """Open the only `.rec` file of a channel; an index file beside it is ignored. Raises CustomerError."""
    files = sorted(path for path in folder.rglob("*.rec") if path.is_file())
    if len(files) != 1:
        raise invalid(channel, f"Expected one file that ends in .rec, found {len(files)}")
    try:
        return SharedFile.opened(files[0])
    except OSError as error:
        raise invalid(channel, f"{files[0].name} cannot be read: {error.strerror}") from error


def read_recordio(file: SharedFile, channel: str, num_classes: int, multi_label: bool) -> tuple[ImageRecords, Labels]:
    """Return the images and their labels. Raises CustomerError."""
    try:
        image_records = list(records(file))
    except BrokenRecordError as error:
        raise invalid(channel, str(error)) from error
    if not image_records:
        raise invalid(channel, "It has no records")
    headers = [header_of(file, record, number, channel) for number, record in enumerate(image_records)]
    names = [f"record {number} (id {header.id})" for number, header in enumerate(headers)]
    try:
        labels = labels_of(headers, num_classes, multi_label)
    except WrongLabelError as error:
        raise invalid(channel, f"{names[error.index]}: {error}") from error
    return ImageRecords(file, image_records, names, [header.size for header in headers]), labels


def header_of(file: SharedFile, record: Record, number: int, channel: str) -> ImageHeader:
    try:
        return image_header(file, record)
    except BrokenRecordError as error:
        raise invalid(channel, f"record {number}: {error}") from error


def labels_of(headers: list[ImageHeader], num_classes: int, multi_label: bool) -> Labels:
    if multi_label:
        return multi_hot([header.labels for header in headers], num_classes)
    for index, header in enumerate(headers):
        if len(header.labels) != 1:
            raise WrongLabelError(index, f"{len(header.labels)} labels, and multi_label is 0")
    return one_hot([header.labels[0] for header in headers], num_classes)


def invalid(channel: str, problem: str) -> CustomerError:
    return CustomerError(f"Invalid RecordIO file in the {channel} channel. {problem}.")
