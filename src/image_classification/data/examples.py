"""Readers by format: a channel's images and labels from a .lst manifest, RecordIO or an augmented manifest."""

from collections.abc import Callable

from image_classification.data.augmented_manifest import read_augmented_manifest
from image_classification.data.channels import Format, InputChannel, check_channels
from image_classification.data.dataset import LabeledImages
from image_classification.data.image_sources import ImageFiles
from image_classification.data.labels import WrongLabelError, multi_hot, one_hot
from image_classification.data.lst_manifest import read_manifest
from image_classification.data.pipe_mode import spooled
from image_classification.data.recordio_images import read_recordio, recordio_file
from image_classification.data.shared_file import SharedFile
from image_classification.failure import CustomerError
from image_classification.paths import ContainerPaths

Note = Callable[[str], None]


def read_examples(paths: ContainerPaths, name: str, num_classes: int, multi_label: bool, note: Note) -> LabeledImages:
    """Read the channel `train` or `validation`. Labels are checked, images not yet decoded. Raises CustomerError."""
    channel = check_channels(paths)[name]
    if channel.format is Format.MANIFEST:
        return manifest_examples(paths, name, num_classes, multi_label)
    file = pipe_copy(paths, channel, note) if channel.piped else recordio_file(paths.channel(name), name)
    if channel.format is Format.RECORDIO:
        return LabeledImages(*read_recordio(file, name, num_classes, multi_label))
    return LabeledImages(*read_augmented_manifest(file, name, num_classes, multi_label, channel.label_format))


def manifest_examples(paths: ContainerPaths, name: str, num_classes: int, multi_label: bool) -> LabeledImages:
    entries = read_manifest(paths.channel(f"{name}_lst"), f"{name}_lst", num_classes if multi_label else 1)
    rows = [entry.labels for entry in entries]
    try:
        labels = multi_hot(rows, num_classes) if multi_label else one_hot([row[0] for row in rows], num_classes)
    except WrongLabelError as error:
        raise CustomerError(
            f"Invalid lst file in the {name}_lst channel. {entries[error.index].path}: {error}."
        ) from error
    return LabeledImages(ImageFiles(paths.channel(name), tuple(entry.path for entry in entries)), labels)


def pipe_copy(paths: ContainerPaths, channel: InputChannel, note: Note) -> SharedFile:
    folder = paths.channel(channel.name)
    note(f"The channel '{channel.name}' is in pipe input mode under {folder}.")
    file = spooled(folder.with_name(f"{channel.name}_0"), channel.name)
    size_bytes = file.size_bytes
    note(f"Different from AWS: the pipe is read only once, into a temporary file of {size_bytes:,} bytes.")
    return file
