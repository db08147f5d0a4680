"""Write the images of chosen classes as PNG files, with manifests, into a folder."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from scones.dataset.cifar_archive import Archive, Batch
from scones.dataset.manifests import FILENAME, PARSE_ERRORS, RECORD, Classes, Dataset, parse_dataset
from scones.errors import ArchiveError


@dataclass(frozen=True)
class Row:
    """One image. index is its row in the archive, pixels are uint8 (3072,): 1024 red, 1024 green, 1024 blue."""

    index: int
    label: int
    filename: str
    pixels: np.ndarray


def select(batch: Batch, split: str, archive: Archive, classes: Classes) -> list[Row]:
    """Return the rows of the chosen classes, in the archive's order.

    Raises:
        ArchiveError: a file name is unsafe or occurs twice, or a class has no row.
    """
    labels = {archive.class_names.index(name): index for index, name in enumerate(classes)}
    rows = [
        Row(index, labels[label], batch.filenames[index], batch.data[index])
        for index, label in enumerate(batch.labels)
        if label in labels
    ]
    if unsafe := [row.filename for row in rows if not FILENAME.fullmatch(row.filename)]:
        raise ArchiveError(f"{split} has the file name {unsafe[0]!r}: only plain names ending in .png are allowed")
    if len({row.filename for row in rows}) < len(rows):
        raise ArchiveError(f"{split} has the same file name twice: each image needs its own")
    for label, name in enumerate(classes):
        if not any(row.label == label for row in rows):
            raise ArchiveError(f"{split} has no image of the class {name}: remove it from CLASSES")
    return rows


def manifest(rows: list[Row]) -> bytes:
    """Return one line `row<TAB>label<TAB>filename` per image: LF, no header, ascending row of the archive."""
    return "".join(f"{row.index}\t{row.label}\t{row.filename}\n" for row in rows).encode()


def check_classes(archive: Archive, classes: Classes) -> None:
    if unknown := [name for name in classes if name not in archive.class_names]:
        known = ", ".join(sorted(archive.class_names))
        raise ArchiveError(f"meta has no class {unknown[0]!r}: set CLASSES to some of {known}")


def digest_of(splits: dict[str, list[Row]]) -> str:
    digest = hashlib.sha256()
    for rows in splits.values():
        digest.update(manifest(rows))
        for row in rows:
            digest.update(row.pixels.tobytes())
    return digest.hexdigest()


def write_png(row: Row, path: Path) -> None:
    Image.fromarray(np.ascontiguousarray(row.pixels.reshape(3, 32, 32).transpose(1, 2, 0))).save(path)


def write_dataset(archive: Archive, name: str, folder: Path, classes: Classes) -> Iterator[str]:
    """Write PNG files, manifests and the record, yielding each file's name. The folder appears whole or not at all."""
    check_classes(archive, classes)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".staging-") as temporary:
        unfinished = Path(temporary) / "dataset"
        unfinished.mkdir()
        yield from _write(archive, name, unfinished, classes)
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)


def _write(archive: Archive, name: str, folder: Path, classes: Classes) -> Iterator[str]:
    splits = {
        "train": select(archive.train, "train", archive, classes),
        "test": select(archive.test, "test", archive, classes),
    }
    for split, rows in splits.items():
        (folder / split).mkdir()
        for row in rows:
            write_png(row, folder / split / row.filename)
            yield row.filename
        (folder / f"{split}.lst").write_bytes(manifest(rows))
    dataset = Dataset(name, digest_of(splits), len(splits["train"]), len(splits["test"]), classes)
    (folder / RECORD).write_text(json.dumps(asdict(dataset), indent=2))


def read_dataset(folder: Path) -> Dataset | None:
    """Return the record in a folder, or None if the folder has no valid one."""
    try:
        return parse_dataset((folder / RECORD).read_bytes())
    except (FileNotFoundError, *PARSE_ERRORS):
        return None
