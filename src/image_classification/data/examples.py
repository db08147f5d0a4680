"""A channel's labelled images, whatever it is read from: files with a manifest, RecordIO or an augmented manifest."""

from collections.abc import Callable

from image_classification.data.augmented_manifest import read_augmented_manifest
from image_classification.data.channels import Format, InputChannel, check_channels
from image_classification.data.dataset import LabelledImages
from image_classification.data.image_sources import ImageFiles
from image_classification.data.labels import WrongLabelError, multi_hot, one_hot
from image_classification.data.lst_manifest import read_manifest
from image_classification.data.pipe_mode import spooled
from image_classification.data.recordio_images import read_recordio, recordio_file
from image_classification.data.shared_file import StoredFile
from image_classification.failure import CustomerError
from image_classification.paths import ContainerPaths

Note = Callable[[str], None]


def read_examples(paths: ContainerPaths, name: str, num_classes: int, multi_label: bool, note: Note) -> LabelledImages:
    """The examples of the channel `train` or `validation`; their labels are checked, their images not yet read."""
    channel = check_channels(paths)[name]
    if channel.format is Format.MANIFEST:
        return manifest_examples(paths, name, num_classes, multi_label)
    file = piped(paths, channel, note) if channel.piped else recordio_file(paths.channel(name), name)
    if channel.format is Format.RECORDIO:
        return LabelledImages(*read_recordio(file, name, num_classes, multi_label))
    return LabelledImages(*read_augmented_manifest(file, name, num_classes, multi_label, channel.label_format))


def manifest_examples(paths: ContainerPaths, name: str, num_classes: int, multi_label: bool) -> LabelledImages:
    entries = read_manifest(paths.channel(f"{name}_lst"), f"{name}_lst", num_classes if multi_label else 1)
    rows = [entry.labels for entry in entries]
    try:
        labels = multi_hot(rows, num_classes) if multi_label else one_hot([row[0] for row in rows], num_classes)
    except WrongLabelError as error:
        raise CustomerError(
            f"Invalid lst file in the {name}_lst channel. {entries[error.index].path}: {error}."
        ) from error
    return LabelledImages(ImageFiles(paths.channel(name), tuple(entry.path for entry in entries)), labels)


def piped(paths: ContainerPaths, channel: InputChannel, note: Note) -> StoredFile:
    folder = paths.channel(channel.name)
    note(f"The channel '{channel.name}' is in pipe input mode under {folder}.")
    file = spooled(folder.with_name(f"{channel.name}_0"), channel.name)
    size_bytes = file.size_bytes
    note(f"Different from AWS: the pipe is read once, {size_bytes:,} bytes into a temporary file, not in every epoch.")
    return file
