"""The stored images of a channel, PNG or JPEG: files in a folder or records of a RecordIO file, read on demand."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from image_classification.data.recordio_format import Record, content
from image_classification.data.shared_file import SharedFile

IMAGE_LIMIT_BYTES = 1 << 28


class ImageSource(Protocol):
    """Encoded images by index. Threads may share one."""

    def __len__(self) -> int: ...

    def name(self, index: int) -> str: ...

    def read(self, index: int) -> bytes:
        """Return the encoded image. Raises OSError with a message for people."""


@dataclass(frozen=True)
class ImageFiles:
    """Images in a folder, by the relative paths that a manifest lists."""

    folder: Path
    relative: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.relative)

    def name(self, index: int) -> str:
        return self.relative[index]

    def read(self, index: int) -> bytes:
        try:
            with (self.folder / self.relative[index]).open("rb") as file:
                data = file.read(IMAGE_LIMIT_BYTES + 1)
        except FileNotFoundError as error:
            raise OSError("the manifest lists it, but the channel does not have it") from error
        except OSError as error:
            raise OSError(f"it cannot be read: {error.strerror}") from error
        if len(data) > IMAGE_LIMIT_BYTES:
            raise OSError(f"it is larger than the limit of {IMAGE_LIMIT_BYTES >> 20} MiB")
        return data


@dataclass(frozen=True)
class ImageRecords:
    """Images in a RecordIO file. `skip` counts the bytes before each image in its record, MXNet's header."""

    file: SharedFile
    records: Sequence[Record]
    names: Sequence[str]
    skip: Sequence[int] | None = None

    def __len__(self) -> int:
        return len(self.records)

    def name(self, index: int) -> str:
        return self.names[index]

    def read(self, index: int) -> bytes:
        return content(self.file, self.records[index])[self.skip[index] if self.skip else 0 :]
