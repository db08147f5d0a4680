"""Images as they are stored, PNG or JPEG, each read when it is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from image_classification.data.recordio_format import Record, content
from image_classification.data.shared_file import StoredFile

ENCODED_LIMIT_BYTES = 1 << 28


class EncodedImages(Protocol):
    """May be read from several threads at once."""

    def __len__(self) -> int: ...

    def name(self, index: int) -> str: ...

    def read(self, index: int) -> bytes:
        """Raises OSError, whose text is for people."""


@dataclass(frozen=True)
class ImageFiles:
    folder: Path
    relative: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.relative)

    def name(self, index: int) -> str:
        return self.relative[index]

    def read(self, index: int) -> bytes:
        try:
            with (self.folder / self.relative[index]).open("rb") as file:
                data = file.read(ENCODED_LIMIT_BYTES + 1)
        except FileNotFoundError as error:
            raise OSError("the manifest lists it, but the channel does not have it") from error
        except OSError as error:
            raise OSError(f"it cannot be read: {error.strerror}") from error
        if len(data) > ENCODED_LIMIT_BYTES:
            raise OSError(f"it is larger than the limit of {ENCODED_LIMIT_BYTES >> 20} MiB")
        return data


@dataclass(frozen=True)
class ImageRecords:
    """Images in a RecordIO file. `skip` is what stands before each image in its record: MXNet's header, or nothing."""

    file: StoredFile
    records: Sequence[Record]
    names: Sequence[str]
    skip: Sequence[int] | None = None

    def __len__(self) -> int:
        return len(self.records)

    def name(self, index: int) -> str:
        return self.names[index]

    def read(self, index: int) -> bytes:
        return content(self.file, self.records[index])[self.skip[index] if self.skip else 0 :]
