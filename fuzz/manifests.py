"""Fuzz the readers of .lst files, RecordIO and augmented manifests with changed good files."""

import struct
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from harness import fuzz

from image_classification.data.augmented_manifest import read_augmented_manifest
from image_classification.data.image_sources import ImageRecords
from image_classification.data.labels import Labels
from image_classification.data.lst_manifest import read_manifest
from image_classification.data.recordio_images import read_recordio
from image_classification.data.shared_file import SharedFile
from image_classification.failure import CustomerError

LST, RECORDIO, AUGMENTED = b"l", b"r", b"a"  # the first byte of a seed names its reader
MAGIC = struct.pack("<I", 0xCED7230A)


def record(content: bytes, flag: int = 0) -> bytes:
    return MAGIC + struct.pack("<I", flag << 29 | len(content)) + content + bytes(-len(content) % 4)


def header(flag: int, *labels: float) -> bytes:
    return struct.pack("<IfQQ", flag, 0 if flag else labels[0], 7, 0) + struct.pack(f"<{flag}f", *labels[:flag])


SEEDS = (
    LST + b"5\t1\tone/a.png\r\n7\t0.0\tb.png\n\n",
    LST + "1\t0\t1\té.png\n2\t1\t1\tb.png\n".encode(),
    RECORDIO + record(header(0, 1) + b"image") + record(header(2, 0, 1) + b"image"),
    RECORDIO + record(header(0, 0) + b"im", 1) + record(b"ag", 2) + record(b"e", 3),
    AUGMENTED + record(b"image") + record(b"1") + record(b"image") + record(b"[0, 1]"),
    AUGMENTED + record(b"image") + record(b"[1]"),
)


def read_lst(folder: Path, data: bytes) -> None:
    (folder / "train.lst").write_bytes(data)
    for width in (1, 2):
        accepted(partial(read_manifest, folder, "train_lst", width))


def read_records(data: bytes) -> None:
    file = SharedFile.temporary([data])
    for multi_label in (False, True):
        accepted(partial(read_recordio, file, "train", 2, multi_label))


def read_augmented(data: bytes) -> None:
    file = SharedFile.temporary([data])
    for multi_label, label_format in ((False, "multi-hot"), (True, "multi-hot"), (True, "class-id")):
        accepted(partial(read_augmented_manifest, file, "train", 2, multi_label, label_format))


def accepted(read: Callable[[], object]) -> None:
    try:
        result = read()
    except CustomerError as error:
        if not str(error).startswith("Invalid "):
            raise AssertionError(f"the message does not refuse the input: {error}") from error
        return
    if isinstance(result, tuple):
        read_images(*result)


def read_images(images: ImageRecords, labels: Labels) -> None:
    assert labels.shape == (len(images), 2)
    for index in range(len(images)):
        images.read(index)
        assert images.name(index)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        readers = {LST: lambda data: read_lst(Path(name), data), RECORDIO: read_records, AUGMENTED: read_augmented}

        def attempt(data: bytes) -> None:
            for kind, read in readers.items():
                if data[:1] == kind or not data or data[:1] not in readers:
                    read(data[1:])

        open_files = len(list(Path("/proc/self/fd").iterdir()))
        fuzz("manifests", SEEDS, attempt, CustomerError)
        assert len(list(Path("/proc/self/fd").iterdir())) <= open_files + 1, "descriptors are left open"


if __name__ == "__main__":
    main()
